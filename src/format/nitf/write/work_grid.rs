//! The grid in which pixels are gathered: the blocks of the file, cut into bands of rows if they are large.

use super::super::pixels::Storage;
use crate::error::Result;
use crate::image::{BlockGrid, BlockIndex};

/// Bytes that are gathered at once: enough for one efficient write, few enough for the processor's cache.
const PIECE: u64 = 1 << 20;

/// Up to this size, a block whose height has no useful divisor is gathered whole.
const WHOLE: u64 = 16 << 20;

/// The pieces of blocks that are gathered and encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct WorkGrid(BlockGrid);

impl WorkGrid {
    /// Blocks, cut into bands of rows if they are large.
    ///
    /// # Errors
    /// Never for a checked storage.
    pub(super) fn pieces(storage: &Storage) -> Result<Self> {
        let grid = storage.grid;
        let row = u64::from(grid.block_columns()) * u64::from(storage.bands) * storage.sample.bytes() as u64;
        let wanted = (PIECE / row.max(1)).clamp(1, u64::from(grid.block_rows())) as u32;
        // Every piece begins at a byte boundary.
        let aligned = storage.aligned_rows();
        let rows = if grid.down() == 1 {
            (wanted / aligned * aligned).max(aligned)
        } else {
            let is_good = |rows: &u32| grid.block_rows().is_multiple_of(*rows) && rows.is_multiple_of(aligned);
            let divisor = (1..=wanted.max(aligned)).rev().find(is_good).unwrap_or(grid.block_rows());
            let small = row.saturating_mul(grid.block_rows().into()) <= WHOLE;
            if divisor < wanted / 4 && small { grid.block_rows() } else { divisor }
        };
        let rows = rows.min(grid.block_rows());
        Ok(Self(BlockGrid::new(grid.columns(), grid.rows(), grid.block_columns(), rows)?))
    }

    /// Whole blocks.
    pub(super) fn blocks(storage: &Storage) -> Self {
        Self(storage.grid)
    }

    /// The grid.
    pub(super) fn grid(self) -> BlockGrid {
        self.0
    }

    /// The block of the file that holds the piece `at`, and the piece's first row in it.
    pub(super) fn stored_block(self, storage: &Storage, at: BlockIndex) -> (BlockIndex, u32) {
        let y = at.row * self.0.block_rows();
        let row = y / storage.grid.block_rows();
        (BlockIndex { row, column: at.column }, y - row * storage.grid.block_rows())
    }

    /// Rows of a piece that the file has; the piece begins at row `within` of its block. The last piece of a block may be cut.
    pub(super) fn taken_rows(self, storage: &Storage, within: u32) -> u32 {
        self.0.block_rows().min(storage.grid.block_rows() - within)
    }
}
