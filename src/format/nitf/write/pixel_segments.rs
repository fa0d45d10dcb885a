//! The segments of an image that is being written: the places of its pieces, and the mask table, which is known only at the
//! end.

use std::sync::Arc;

use super::super::mask::{ABSENT, MaskTable};
use super::super::pixels::Mode;
use super::pixel_encoder::{PixelEncoder, PixelReceipt};
use super::pixel_places::PixelPlaces;
use super::plan::{ImagePlan, MaskPlan};
use crate::codec::Encoded;
use crate::error::Result;
use crate::format::{Finding, OpenImage};
use crate::image::BlockIndex;
use crate::io::ByteSink;
use crate::pipeline::{BlockPlaces, BlockPlan, BlocksEnd, Placement};

/// An uncompressed image that was begun.
pub(super) struct PixelSegments {
    key: String,
    places: Arc<PixelPlaces>,
    mask: Option<MaskPlan>,
    pad: Vec<u8>,
    /// The first byte of the image data of each part, mask table included.
    data: Vec<u64>,
    /// For each part and record of its mask table, whether the block holds pad pixels; empty if the table does not list them.
    pads: Vec<Vec<bool>>,
    excess: bool,
}

impl PixelSegments {
    /// The segments of a plan, whose image data begin at `data`, and the image that is opened for their blocks.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn new(
        plan: ImagePlan,
        key: &str,
        data: Vec<u64>,
        sink: &mut dyn ByteSink,
    ) -> Result<(Self, OpenImage)> {
        let notes_pads = plan.mask.as_ref().is_some_and(|mask| mask.pad.is_some());
        let records = |part| vec![false; plan.offsets.record_count(part) as usize];
        let pads = if notes_pads { plan.offsets.parts().iter().map(records).collect() } else { Vec::new() };
        let starts = plan.offsets.parts().iter().zip(&data).map(|(part, data)| data + plan.table_bytes(part)).collect();
        let encoder = PixelEncoder::new(&plan.storage, plan.work, &plan.pad, notes_pads);
        let allows_absent = plan.mask.as_ref().is_some_and(|mask| mask.blocks);
        let ImagePlan { storage, work, offsets, mask, pad, .. } = plan;
        let places = Arc::new(PixelPlaces { storage, work, offsets, starts });
        let placement = sink.positioned()?.map(|target| Placement { places: Arc::clone(&places) as _, target });
        let blocks = BlockPlan { grid: work.grid(), encoder: Arc::new(encoder), placement };
        let segments = Self { key: key.to_owned(), places, mask, pad, data, pads, excess: false };
        Ok((segments, OpenImage { blocks, coding: None, allows_absent }))
    }

    /// Takes a block: its receipt, and its pieces unless they are at their places already.
    ///
    /// # Errors
    /// If the sink fails, and for a block of another image.
    pub(super) fn append(&mut self, block: &Encoded, sink: &mut dyn ByteSink) -> Result<()> {
        let at = block.at();
        if block.is_absent() {
            return Ok(());
        }
        let PixelReceipt { excess, pads } = block.receipt()?;
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

    /// Fills what no block covers, and writes the mask tables. Returns a finding if a rule is broken.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn finish(mut self, end: &BlocksEnd, sink: &mut dyn ByteSink) -> Result<Option<Finding>> {
        let places = Arc::clone(&self.places);
        places.fill_rest(&self.pad, sink)?;
        for block in places.blocks_with_rest() {
            (0..self.records_of_block()).for_each(|band| self.note_pads(block, band));
        }
        for (number, part) in places.offsets.parts().iter().enumerate() {
            let Some(mask) = &self.mask else { break };
            let mut records = mask.blocks.then(|| places.offsets.records(part));
            for at in end.missing.iter().filter(|at| places.offsets.part_of(at.row) == number) {
                for band in 0..self.records_of_block() {
                    if let Some(records) = &mut records {
                        records[places.offsets.record(*at, band)] = ABSENT;
                    }
                }
            }
            let (data, start) = (self.data[number], places.starts[number]);
            let table = MaskTable { data_offset: start - data, blocks: records, pad: mask.pad };
            let pads = self.pads.get(number).map(Vec::as_slice);
            sink.patch(data, &table.write(pads, places.storage.block_bytes()))?;
        }
        Ok(self.excess.then(|| Finding {
            clause: "2500C Table A-3",
            place: format!("ABPP of {}", self.key),
            value: format!("{:02}", places.storage.actual_bits),
            rule: "at least the bits of every sample".into(),
        }))
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
