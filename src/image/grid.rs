//! Windows and block grids: which block holds which pixels.

use crate::error::{Error, Result};

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Window {
    /// Left column.
    pub x: u32,
    /// Top row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// The place of a block in a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct BlockIndex {
    /// Row of blocks, from the top.
    pub row: u32,
    /// Column of blocks, from the left.
    pub column: u32,
}

/// An image cut into blocks of one size; those at the right and bottom may reach over the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockGrid {
    columns: u32,
    rows: u32,
    block_columns: u32,
    block_rows: u32,
}

impl Window {
    /// The rectangle with its top left pixel at column `x`, row `y`.
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// The column after the last.
    pub const fn right(&self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// The row after the last.
    pub const fn bottom(&self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// True where it holds no pixel.
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Number of pixels.
    pub const fn pixels(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// What both rectangles hold; empty where they do not meet.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = self.right().min(other.right()).saturating_sub(x);
        let height = self.bottom().min(other.bottom()).saturating_sub(y);
        Self { x, y, width, height }
    }

    /// The same rectangle with the origin at `(x, y)`. Both must lie at or before its top left.
    #[must_use]
    pub const fn relative_to(&self, x: u32, y: u32) -> Self {
        Self { x: self.x - x, y: self.y - y, width: self.width, height: self.height }
    }
}

impl BlockGrid {
    /// The grid of an image of `columns` × `rows` cut into blocks of `block_columns` × `block_rows`.
    ///
    /// # Errors
    /// [`Error::Usage`] where any of the four is zero.
    pub fn new(columns: u32, rows: u32, block_columns: u32, block_rows: u32) -> Result<Self> {
        if columns == 0 || rows == 0 {
            return Err(Error::usage("image without pixels:").found(format!("{columns} columns, {rows} rows")));
        }
        if block_columns == 0 || block_rows == 0 {
            return Err(Error::usage("block without pixels:").found(format!("{block_columns} × {block_rows}")));
        }
        Ok(Self { columns, rows, block_columns, block_rows })
    }

    /// Columns of the image.
    pub const fn columns(&self) -> u32 {
        self.columns
    }

    /// Rows of the image.
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// Columns of a block.
    pub const fn block_columns(&self) -> u32 {
        self.block_columns
    }

    /// Rows of a block.
    pub const fn block_rows(&self) -> u32 {
        self.block_rows
    }

    /// Blocks in a row of blocks.
    pub const fn across(&self) -> u32 {
        self.columns.div_ceil(self.block_columns)
    }

    /// Rows of blocks.
    pub const fn down(&self) -> u32 {
        self.rows.div_ceil(self.block_rows)
    }

    /// Blocks in all.
    pub const fn count(&self) -> u64 {
        self.across() as u64 * self.down() as u64
    }

    /// The whole image.
    pub const fn window(&self) -> Window {
        Window::new(0, 0, self.columns, self.rows)
    }

    /// The pixels of the image in block `at`: cropped at the right and bottom edges.
    pub fn block_window(&self, at: BlockIndex) -> Window {
        self.full_block_window(at).intersect(&self.window())
    }

    /// The rectangle of block `at`, which may reach over the edge.
    pub const fn full_block_window(&self, at: BlockIndex) -> Window {
        Window::new(
            at.column.saturating_mul(self.block_columns),
            at.row.saturating_mul(self.block_rows),
            self.block_columns,
            self.block_rows,
        )
    }

    /// The position of `at` in row-major order.
    pub const fn position(&self, at: BlockIndex) -> u64 {
        at.row as u64 * self.across() as u64 + at.column as u64
    }

    /// The block at `position` in row-major order.
    pub const fn at(&self, position: u64) -> BlockIndex {
        let across = self.across() as u64;
        BlockIndex { row: (position / across) as u32, column: (position % across) as u32 }
    }

    /// `at`, where there is such a block.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] where there is none.
    pub fn check(&self, at: BlockIndex) -> Result<BlockIndex> {
        if at.row < self.down() && at.column < self.across() {
            return Ok(at);
        }
        Err(Error::out_of_range("block index").found(format!("({}, {})", at.row, at.column)).allowed(format!(
            "rows 0–{}, columns 0–{}",
            self.down() - 1,
            self.across() - 1
        )))
    }

    /// The blocks that hold a pixel of `window`, row by row.
    pub fn blocks_of(&self, window: Window) -> impl DoubleEndedIterator<Item = BlockIndex> + Clone + use<> {
        let inside = window.intersect(&self.window());
        let (rows, columns) = if inside.is_empty() {
            (0..0, 0..0)
        } else {
            (
                inside.y / self.block_rows..(inside.bottom() - 1) / self.block_rows + 1,
                inside.x / self.block_columns..(inside.right() - 1) / self.block_columns + 1,
            )
        };
        rows.flat_map(move |row| columns.clone().map(move |column| BlockIndex { row, column }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_window_are_those_that_overlap_it() {
        let grid = BlockGrid::new(100, 50, 32, 32).unwrap();
        let blocks: Vec<_> = grid.blocks_of(Window::new(31, 31, 2, 2)).map(|at| (at.row, at.column)).collect();
        assert_eq!(blocks, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!(grid.blocks_of(grid.window()).count() as u64, grid.count());
        assert_eq!(grid.blocks_of(Window::new(100, 0, 5, 5)).count(), 0);
    }

    #[test]
    fn edge_blocks_are_cropped() {
        let grid = BlockGrid::new(100, 50, 32, 32).unwrap();
        assert_eq!(grid.block_window(BlockIndex { row: 1, column: 3 }), Window::new(96, 32, 4, 18));
        assert_eq!(grid.position(BlockIndex { row: 1, column: 3 }), 7);
        assert_eq!(grid.at(7), BlockIndex { row: 1, column: 3 });
    }
}
