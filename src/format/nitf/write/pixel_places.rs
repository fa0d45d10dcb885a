//! The places of the pieces of uncompressed blocks in the file, and padding for the rows that no piece covers.

use super::super::pixels::{Mode, Storage};
use super::block_offsets::BlockOffsets;
use super::pixel_encoder::pad_rows;
use super::work_grid::WorkGrid;
use crate::error::Result;
use crate::image::BlockIndex;
use crate::io::ByteSink;
use crate::pipeline::BlockPlaces;

/// The places of all pieces.
pub(super) struct PixelPlaces {
    pub(super) storage: Storage,
    pub(super) work: WorkGrid,
    pub(super) offsets: BlockOffsets,
    /// The first byte of the blocks of each part.
    pub(super) starts: Vec<u64>,
}

impl BlockPlaces for PixelPlaces {
    /// The offset of a piece; each separately stored band has its own.
    fn offset(&self, at: BlockIndex, piece: usize) -> Option<u64> {
        let storage = &self.storage;
        let (stored, within) = self.work.stored_block(storage, at);
        let band = piece as u32;
        let block = self.starts[self.offsets.part_of(stored.row)] + self.offsets.offset(stored, band)?;
        let shift = if storage.mode == Mode::Block { u64::from(band) * storage.plane_bytes() } else { 0 };
        Some(block + shift + storage.row_bits(within) / 8)
    }
}

impl PixelPlaces {
    /// The last blocks, if no piece covers their last rows because these lie below the image.
    pub(super) fn blocks_with_rest(&self) -> impl Iterator<Item = BlockIndex> {
        let row = self.storage.grid.down() - 1;
        let columns = 0..if self.rest() == 0 { 0 } else { self.storage.grid.across() };
        columns.map(move |column| BlockIndex { row, column }).filter(|at| self.offsets.offset(*at, 0).is_some())
    }

    /// Fills the rows of the last blocks that no piece covers with the pad value.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn fill_rest(&self, pad: &[u8], sink: &mut dyn ByteSink) -> Result<()> {
        let storage = &self.storage;
        if self.rest() == 0 || pad.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        // Rows that fill whole bytes, then the rest.
        let aligned = u64::from(storage.aligned_rows());
        let unit = pad_rows(storage, pad, storage.aligned_rows())?;
        let last_rows = pad_rows(storage, pad, (self.rest() % aligned) as u32)?;
        let piece_row = self.work.grid().down() - 1;
        for block in self.blocks_with_rest() {
            let piece = BlockIndex { row: piece_row, column: block.column };
            let (_, within) = self.work.stored_block(storage, piece);
            for offset in (0..storage.planes() as usize).filter_map(|band| self.offset(piece, band)) {
                let mut at = offset - storage.row_bits(within) / 8 + storage.row_bits(self.covered() as u32) / 8;
                for _ in 0..self.rest() / aligned {
                    sink.patch(at, &unit)?;
                    at += unit.len() as u64;
                }
                sink.patch(at, &last_rows)?;
            }
        }
        Ok(())
    }

    /// Rows of the last blocks that pieces cover.
    fn covered(&self) -> u64 {
        let work = self.work.grid();
        let pieces = u64::from(work.down()) * u64::from(work.block_rows());
        pieces - u64::from(self.storage.grid.down() - 1) * u64::from(self.storage.grid.block_rows())
    }

    /// Rows of the last blocks that no piece covers.
    fn rest(&self) -> u64 {
        u64::from(self.storage.grid.block_rows()).saturating_sub(self.covered())
    }
}
