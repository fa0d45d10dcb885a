//! Warnings that every container of JPEG 2000 codestreams gives.

use super::warning::{Warning, WarningKind};
use crate::codestream::j2k::{J2kOptions, LEVELS, most_levels};
use crate::image::BlockGrid;

/// A warning if more decompositions are chosen than the tiles of an image carry.
pub(crate) fn level_note(options: &J2kOptions, grid: &BlockGrid) -> Option<Warning> {
    let (most, size) =
        (most_levels(grid), (grid.block_columns().min(grid.columns()), grid.block_rows().min(grid.rows())));
    let levels = options.levels.filter(|levels| *levels > most)?;
    let message = format!("is {most}, not {levels}: a tile of {} × {} carries no more", size.0, size.1);
    Some(Warning::new(WarningKind::Metadata, LEVELS, message))
}
