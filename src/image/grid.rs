//! Windows and block grids: the mapping between pixels and blocks.

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

/// The position of a block in a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct BlockIndex {
    /// Row of blocks, from the top.
    pub row: u32,
    /// Column of blocks, from the left.
    pub column: u32,
}

/// An image cut into blocks of one size. Blocks at the right and bottom may extend past the edge.
///
/// A grid may be that of a reduced resolution. Its blocks are those of full resolution, with each edge
/// divided by a power of two and rounded up, as in T.800. Block sizes may then differ by a pixel, and small blocks may be
/// empty. Pixels are counted from the first one of the image at the resolution of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockGrid {
    x: Axis,
    y: Axis,
    reduction: u8,
}

/// One axis of an image on its reference grid, cut into blocks of one size: where blocks begin and end at every resolution
/// (T.800 B.2 to B.5). Neither the image nor the first block needs to begin at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Axis {
    /// Where the image begins.
    origin: u32,
    /// Pixels of the image.
    length: u32,
    /// Where the first block begins: at or before the start of the image, by less than one block.
    first: u32,
    /// Pixels of a block.
    block: u32,
    /// Pixels of the reference grid from one pixel of the image to the next (T.800 B.2: `XRsiz`, `YRsiz`).
    step: u32,
}

/// The most reductions of a grid: beyond this, every image is a single pixel.
const MAX_REDUCTION: u8 = 32;

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

    /// True if the rectangle is empty.
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Number of pixels.
    pub const fn pixels(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The intersection of both rectangles; empty if they do not overlap.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = self.right().min(other.right()).saturating_sub(x);
        let height = self.bottom().min(other.bottom()).saturating_sub(y);
        Self { x, y, width, height }
    }

    /// The rectangle of this one and `next`, if `next` continues it to the right or below.
    pub(crate) fn joined(self, next: Self) -> Option<Self> {
        self.joined_across(next).or_else(|| self.joined_down(next))
    }

    /// The rectangle of this one and `next`, if `next` continues it to the right.
    pub(crate) fn joined_across(self, next: Self) -> Option<Self> {
        let is_beside = (self.y, self.height, self.right()) == (next.y, next.height, next.x);
        is_beside.then(|| Self { width: self.width + next.width, ..self })
    }

    /// The rectangle of this one and `next`, if `next` continues it below.
    pub(crate) fn joined_down(self, next: Self) -> Option<Self> {
        let is_below = (self.x, self.width, self.bottom()) == (next.x, next.width, next.y);
        is_below.then(|| Self { height: self.height + next.height, ..self })
    }

    /// The rectangle in parts of up to `rows` rows, from the top.
    pub(crate) fn strips(self, rows: u32) -> impl Iterator<Item = Self> + Clone {
        (self.y..self.bottom()).step_by(rows.max(1) as usize).map(move |y| Self {
            y,
            height: rows.min(self.bottom() - y),
            ..self
        })
    }

    /// The part inside an image of `columns` × `rows` of a rectangle (x, y, width, height), which may extend outside on all
    /// sides. `None` if they do not overlap.
    pub fn clipped([x, y, width, height]: [i64; 4], columns: u32, rows: u32) -> Option<Self> {
        let inside = |start: i64, length: i64, size: u32| {
            let (first, end) = (start.max(0), start.saturating_add(length).min(size.into()));
            // Both lie between 0 and `size`.
            (first < end).then(|| (first as u32, (end - first) as u32))
        };
        let ((x, width), (y, height)) = (inside(x, width, columns)?, inside(y, height, rows)?);
        Some(Self { x, y, width, height })
    }

    /// The same rectangle with the origin at `(x, y)`, which must lie at or before its top left corner in both axes.
    #[must_use]
    pub(crate) const fn relative_to(&self, x: u32, y: u32) -> Self {
        Self { x: self.x - x, y: self.y - y, width: self.width, height: self.height }
    }
}

impl BlockGrid {
    /// The grid of an image of `columns` × `rows` cut into blocks of `block_columns` × `block_rows`.
    ///
    /// # Errors
    /// [`Error::Usage`] if any of the four is zero.
    pub fn new(columns: u32, rows: u32, block_columns: u32, block_rows: u32) -> Result<Self> {
        if columns == 0 || rows == 0 {
            return Err(Error::usage("image without pixels:").found(format!("{columns} columns, {rows} rows")));
        }
        if block_columns == 0 || block_rows == 0 {
            return Err(Error::usage("block without pixels:").found(format!("{block_columns} × {block_rows}")));
        }
        Ok(Self { x: Axis::new(columns, block_columns), y: Axis::new(rows, block_rows), reduction: 0 })
    }

    /// The same image and blocks at another position on the reference grid: the image begins at `image`, the first block at
    /// `blocks`, both (column, row). The positions decide which pixels a reduction keeps.
    ///
    /// # Errors
    /// [`Error::Usage`] if the first block does not contain a pixel of the image, or if the image ends beyond the reference
    /// grid.
    pub(crate) fn with_origin(self, image: (u32, u32), blocks: (u32, u32)) -> Result<Self> {
        let place = |axis: Axis, origin: u32, first: u32| {
            let inside = first <= origin && origin - first < axis.block && origin.checked_add(axis.length).is_some();
            inside.then_some(Axis { origin, first, ..axis })
        };
        match (place(self.x, image.0, blocks.0), place(self.y, image.1, blocks.1)) {
            (Some(x), Some(y)) => Ok(Self { x, y, ..self }),
            _ => Err(Error::usage("origin of an image and its blocks:")
                .found(format!("{image:?} {blocks:?}"))
                .allowed("an image that begins inside its first block and ends below 2^32")),
        }
    }

    /// The grid whose pixels are every `steps`-th of the reference grid, (columns, rows); sizes and positions up to now count
    /// pixels of the reference grid. `None` if a step is 0 or no pixel is left.
    #[must_use]
    pub(crate) fn sampled(self, steps: (u32, u32)) -> Option<Self> {
        let grid = Self { x: Axis { step: steps.0, ..self.x }, y: Axis { step: steps.1, ..self.y }, ..self };
        (steps.0 > 0 && steps.1 > 0 && grid.columns() > 0 && grid.rows() > 0).then_some(grid)
    }

    /// The grid at a resolution reduced by 2^`levels`. `None` if no pixel is left, which can happen only to an image that does
    /// not begin at 0.
    #[must_use]
    pub(crate) fn reduced(self, levels: u8) -> Option<Self> {
        let reduction = self.reduction.saturating_add(levels).min(MAX_REDUCTION);
        let grid = Self { reduction, ..self };
        (grid.columns() > 0 && grid.rows() > 0).then_some(grid)
    }

    /// The grid of a window of the image: the same blocks, cropped to the window. The blocks of a reduced grid may differ in
    /// size; the result then has blocks of the largest size.
    ///
    /// # Errors
    /// [`Error::Usage`] for an empty window.
    pub(crate) fn cropped(&self, window: Window) -> Result<Self> {
        let grid = Self::new(window.width, window.height, self.block_columns(), self.block_rows())?;
        if self.x.divisor(self.reduction) > 1 || self.y.divisor(self.reduction) > 1 {
            return Ok(grid);
        }
        let first = self.block_of(window.x, window.y);
        let place = |axis: Axis, at: u32, block: u32| (axis.origin + at, axis.first + block * axis.block);
        let (x, y) = (place(self.x, window.x, first.column), place(self.y, window.y, first.row));
        grid.with_origin((x.0, y.0), (x.1, y.1))
    }

    /// Columns of the image.
    pub const fn columns(&self) -> u32 {
        self.x.size(self.reduction)
    }

    /// Rows of the image.
    pub const fn rows(&self) -> u32 {
        self.y.size(self.reduction)
    }

    /// Columns of a block; for a reduced grid, of the widest block.
    pub const fn block_columns(&self) -> u32 {
        self.x.block_size(self.reduction)
    }

    /// Rows of a block; for a reduced grid, of the tallest block.
    pub const fn block_rows(&self) -> u32 {
        self.y.block_size(self.reduction)
    }

    /// Blocks in a row of blocks.
    pub const fn across(&self) -> u32 {
        self.x.count()
    }

    /// Rows of blocks.
    pub const fn down(&self) -> u32 {
        self.y.count()
    }

    /// Total number of blocks.
    pub const fn count(&self) -> u64 {
        self.across() as u64 * self.down() as u64
    }

    /// The whole image.
    pub const fn window(&self) -> Window {
        Window::new(0, 0, self.columns(), self.rows())
    }

    /// The image's pixels in block `at`, cropped at the right and bottom edges.
    pub fn block_window(&self, at: BlockIndex) -> Window {
        self.full_block_window(at).intersect(&self.window())
    }

    /// The rectangle of block `at`. It begins inside the image and may extend past its right and bottom edges.
    pub(crate) const fn full_block_window(&self, at: BlockIndex) -> Window {
        let (x, width) = self.x.block(at.column, self.reduction);
        let (y, height) = self.y.block(at.row, self.reduction);
        Window::new(x, y, width, height)
    }

    /// The block that holds pixel (`column`, `row`) of the image.
    pub const fn block_of(&self, column: u32, row: u32) -> BlockIndex {
        BlockIndex { row: self.y.block_of(row, self.reduction), column: self.x.block_of(column, self.reduction) }
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

    /// Returns `at` if the grid has this block.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it does not.
    pub fn check(&self, at: BlockIndex) -> Result<BlockIndex> {
        if at.row < self.down() && at.column < self.across() {
            return Ok(at);
        }
        Err(Error::out_of_range("block index").found(format!("({}, {})", at.row, at.column)).allowed(format!(
            "rows 0 to {}, columns 0 to {}",
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
            let first = self.block_of(inside.x, inside.y);
            let last = self.block_of(inside.right() - 1, inside.bottom() - 1);
            (first.row..last.row + 1, first.column..last.column + 1)
        };
        let Self { x, y, reduction } = *self;
        // Blocks smaller than a reduced pixel may be empty.
        let held = move |axis: Axis, at: u32| axis.divisor(reduction) == 1 || axis.block(at, reduction).1 > 0;
        rows.filter(move |row| held(y, *row)).flat_map(move |row| {
            columns.clone().filter(move |column| held(x, *column)).map(move |column| BlockIndex { row, column })
        })
    }
}

impl Axis {
    /// An axis that begins at 0.
    const fn new(length: u32, block: u32) -> Self {
        Self { origin: 0, length, first: 0, block, step: 1 }
    }

    /// Number of blocks, including those that a reduction leaves without pixels.
    const fn count(&self) -> u32 {
        (self.length as u64 + self.offset() as u64).div_ceil(self.block as u64) as u32
    }

    /// Pixels of the image reduced by 2^`reduction`.
    const fn size(&self, reduction: u8) -> u32 {
        if self.divisor(reduction) == 1 {
            return self.length;
        }
        (self.reduced(self.end(), reduction) - self.reduced(self.origin as u64, reduction)) as u32
    }

    /// Pixels of the largest block, reduced by 2^`reduction`.
    const fn block_size(&self, reduction: u8) -> u32 {
        (self.block as u64).div_ceil(self.divisor(reduction)) as u32
    }

    /// The first pixel of block `at`, relative to the first pixel of the image, and the block's length; both are reduced by
    /// 2^`reduction`. The last block may extend past the end of the image. Past the end, the first pixel saturates.
    const fn block(&self, at: u32, reduction: u8) -> (u32, u32) {
        if self.divisor(reduction) == 1 && self.offset() == 0 {
            return (at.saturating_mul(self.block), self.block);
        }
        let (start, end) = (self.edge(at as u64, reduction), self.edge(at as u64 + 1, reduction));
        (if start > u32::MAX as u64 { u32::MAX } else { start as u32 }, (end - start) as u32)
    }

    /// The block that holds pixel `at` of the image reduced by 2^`reduction`.
    const fn block_of(&self, at: u32, reduction: u8) -> u32 {
        if self.divisor(reduction) == 1 && self.offset() == 0 {
            return at / self.block;
        }
        // A pixel is the reference-grid pixel at its own position times the divisor d: ⌈e / d⌉ ≤ p ⇔ e ≤ p · d.
        let position = (self.reduced(self.origin as u64, reduction) + at as u64) * self.divisor(reduction);
        ((position - self.first as u64) / self.block as u64) as u32
    }

    /// Where block `at` begins, relative to the first pixel of the image, both reduced. T.800 (B-7): the first block begins
    /// where the image does.
    const fn edge(&self, at: u64, reduction: u8) -> u64 {
        let (edge, origin) = (self.first as u64 + at * self.block as u64, self.origin as u64);
        self.reduced(if edge < origin { origin } else { edge }, reduction) - self.reduced(origin, reduction)
    }

    /// Pixels of the first block that lie before the image.
    const fn offset(&self) -> u32 {
        self.origin - self.first
    }

    /// Where the image ends.
    const fn end(&self) -> u64 {
        self.origin as u64 + self.length as u64
    }

    /// A position on the reference grid, divided: T.800 (B-1), (B-14) and (B-15) round up.
    const fn reduced(&self, position: u64, reduction: u8) -> u64 {
        position.div_ceil(self.divisor(reduction))
    }

    /// Pixels of the reference grid from one pixel to the next at a resolution reduced by 2^`reduction`.
    const fn divisor(&self, reduction: u8) -> u64 {
        (self.step as u64) << reduction
    }
}

#[cfg(test)]
mod tests;
