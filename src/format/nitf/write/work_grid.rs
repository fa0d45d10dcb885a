//! The grid in which pixels are gathered: the blocks of the file, cut into bands of rows if they are large.

use super::super::pixels::Storage;
use crate::error::Result;
use crate::image::{BlockGrid, BlockIndex};

/// Bytes that are gathered at once: enough to write in one go, few enough to stay in the processor's cache.
const PIECE: u64 = 1 << 20;

/// Blocks whose height has no useful divisor are gathered whole up to this size.
const WHOLE: u64 = 16 << 20;

/// The grid in which pixels are gathered: the blocks, cut into bands of rows if they are large.
///
/// # Errors
/// Never for a storage that was checked.
pub(super) fn work_grid(storage: &Storage) -> Result<BlockGrid> {
    let grid = storage.grid;
    let row = u64::from(grid.block_columns()) * u64::from(storage.bands) * storage.sample.bytes() as u64;
    let wanted = (PIECE / row.max(1)).clamp(1, u64::from(grid.block_rows())) as u32;
    // Every piece begins at a whole byte.
    let aligned = storage.aligned_rows();
    let rows = if grid.down() == 1 {
        (wanted / aligned * aligned).max(aligned)
    } else {
        let is_good = |rows: &u32| grid.block_rows().is_multiple_of(*rows) && rows.is_multiple_of(aligned);
        let divisor = (1..=wanted.max(aligned)).rev().find(is_good).unwrap_or(grid.block_rows());
        let small = row.saturating_mul(grid.block_rows().into()) <= WHOLE;
        if divisor < wanted / 4 && small { grid.block_rows() } else { divisor }
    };
    BlockGrid::new(grid.columns(), grid.rows(), grid.block_columns(), rows.min(grid.block_rows()))
}

/// The block of the stored grid that holds block `at` of the work grid, and the first of its rows there.
pub(super) fn stored_block(storage: &Storage, work: BlockGrid, at: BlockIndex) -> (BlockIndex, u32) {
    let y = at.row * work.block_rows();
    let row = y / storage.grid.block_rows();
    (BlockIndex { row, column: at.column }, y - row * storage.grid.block_rows())
}
