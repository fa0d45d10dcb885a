//! The segments of an uncompressed image that is being written. All offsets are known before the first block; the mask tables
//! are known at the end.

use std::sync::Arc;

use super::super::mask::{ABSENT, MaskTable};
use super::super::pixels::{Mode, Storage};
use super::block_offsets::BlockOffsets;
use super::image_data::{Finished, ImageData, MaskPlan};
use super::pixel_encoder::{PieceGrid, PixelEncoder, pad_rows};
use super::sample_notes::{SampleReceipt, excess_finding};
use crate::codec::Encoded;
use crate::error::Result;
use crate::format::OpenImage;
use crate::image::BlockIndex;
use crate::io::ByteSink;
use crate::pipeline::{BlockPlaces, BlockPlan, BlocksEnd, Placement};

/// The offsets of all pieces.
struct PieceOffsets {
    storage: Storage,
    work: PieceGrid,
    offsets: BlockOffsets,
    /// The first byte of the blocks of each part.
    starts: Vec<u64>,
}

/// An uncompressed image that was begun.
pub(super) struct Uncompressed {
    key: String,
    places: Arc<PieceOffsets>,
    mask: Option<MaskPlan>,
    pad: Vec<u8>,
    /// The first byte of the image data of each part, mask table included.
    data: Vec<u64>,
    /// For each part and record of its mask table, whether the block holds pad pixels; empty if the table does not list them.
    pads: Vec<Vec<bool>>,
    excess: bool,
}

impl Uncompressed {
    /// The segments of an image whose data begin at `data`, and the image that is opened for their blocks. `pad` is the value of
    /// padding and of absent blocks, as a sample in native byte order.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn new(
        key: &str,
        storage: Storage,
        (offsets, work): (BlockOffsets, PieceGrid),
        mask: Option<MaskPlan>,
        pad: Vec<u8>,
        data: Vec<u64>,
        sink: &mut dyn ByteSink,
    ) -> Result<(Self, OpenImage)> {
        let notes_pads = mask.as_ref().is_some_and(|mask| mask.pad.is_some());
        let records = |part| vec![false; offsets.record_count(part) as usize];
        let pads = if notes_pads { offsets.parts().iter().map(records).collect() } else { Vec::new() };
        let table = |part| mask.as_ref().map_or(0, |mask| mask.table_bytes(offsets.record_count(part)));
        let starts = offsets.parts().iter().zip(&data).map(|(part, data)| data + table(part)).collect();
        let encoder = PixelEncoder::new(&storage, work, &pad, notes_pads);
        let allows_absent = mask.is_some();
        let places = Arc::new(PieceOffsets { storage, work, offsets, starts });
        let placement = sink.positioned()?.map(|target| Placement { places: Arc::clone(&places) as _, target });
        let blocks = BlockPlan { grid: work.grid(), encoder: Arc::new(encoder), placement };
        let segments = Self { key: key.to_owned(), places, mask, pad, data, pads, excess: false };
        Ok((segments, OpenImage { blocks, form: None, allows_absent }))
    }

    /// Records of a block in the mask table.
    fn records_of_block(&self) -> u32 {
        let storage = &self.places.storage;
        if storage.mode == Mode::Sequential { storage.bands } else { 1 }
    }

    fn note_pads(&mut self, stored: BlockIndex, band: u32) {
        let offsets = &self.places.offsets;
        if let Some(pads) = self.pads.get_mut(offsets.part_of(stored.row)) {
            pads[offsets.record(stored, band)] = true;
        }
    }
}

impl ImageData for Uncompressed {
    fn append(&mut self, block: &Encoded, sink: &mut dyn ByteSink) -> Result<()> {
        let at = block.at();
        if block.is_absent() {
            return Ok(());
        }
        let SampleReceipt { excess, pads } = block.receipt()?;
        self.excess |= excess;
        let (stored, _) = self.places.work.stored_block(&self.places.storage, at);
        for (band, _) in pads.into_iter().enumerate().filter(|(_, has_pad)| *has_pad) {
            self.note_pads(stored, band as u32);
        }
        for (number, piece) in block.pieces().enumerate() {
            if let Some(offset) = self.places.offset(at, number) {
                sink.patch(offset, piece)?;
            }
        }
        Ok(())
    }

    /// Fills what no block covers, and writes the mask tables.
    fn finish(
        mut self: Box<Self>,
        end: &BlocksEnd,
        sink: &mut dyn ByteSink,
        poll: &dyn Fn() -> Result<()>,
    ) -> Result<Finished> {
        let places = Arc::clone(&self.places);
        let PieceOffsets { storage, offsets, starts, .. } = &*places;
        places.fill_rest(&self.pad, sink)?;
        for block in places.blocks_with_rest() {
            (0..self.records_of_block()).for_each(|band| self.note_pads(block, band));
        }
        let mut lengths: Vec<u64> = (offsets.parts().iter().zip(starts).zip(&self.data))
            .map(|((part, start), data)| start - data + offsets.bytes(part))
            .collect();
        // From the last part on, so that a table that grows moves what is complete.
        for (number, part) in offsets.parts().iter().enumerate().rev() {
            let Some(mask) = &self.mask else { break };
            let (data, start) = (self.data[number], starts[number]);
            let mut missing = end.missing.iter().filter(|at| offsets.part_of(at.row) == number).peekable();
            let mut data_offset = start - data;
            let mut lists_blocks = mask.blocks;
            if !lists_blocks && missing.peek().is_some() {
                // All blocks were expected, and the table has no room to list them.
                lists_blocks = true;
                data_offset = MaskPlan { blocks: true, ..*mask }.table_bytes(offsets.record_count(part));
                sink.move_tail(start, data + data_offset, poll)?;
                lengths[number] += data_offset - (start - data);
            }
            let mut records = lists_blocks.then(|| offsets.records(part));
            for at in missing {
                for band in 0..self.records_of_block() {
                    if let Some(records) = &mut records {
                        records[offsets.record(*at, band)] = ABSENT;
                    }
                }
            }
            let table = MaskTable { data_offset, blocks: records, pad: mask.pad };
            let pads = self.pads.get(number).map(Vec::as_slice);
            sink.patch(data, &table.write(pads, storage.block_bytes()))?;
        }
        let finding = self.excess.then(|| excess_finding(&self.key, storage));
        Ok(Finished { lengths, rate: None, finding })
    }
}

impl BlockPlaces for PieceOffsets {
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

impl PieceOffsets {
    /// The last blocks, if no piece covers their last rows because these lie below the image.
    fn blocks_with_rest(&self) -> impl Iterator<Item = BlockIndex> {
        let row = self.storage.grid.down() - 1;
        let columns = 0..if self.rest() == 0 { 0 } else { self.storage.grid.across() };
        columns.map(move |column| BlockIndex { row, column }).filter(|at| self.offsets.offset(*at, 0).is_some())
    }

    /// Fills the rows of the last blocks that no piece covers with the pad value.
    ///
    /// # Errors
    /// If the sink fails.
    fn fill_rest(&self, pad: &[u8], sink: &mut dyn ByteSink) -> Result<()> {
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
