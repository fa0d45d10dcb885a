//! Coded blocks of an image segment, which differ in length. They are appended as they arrive; the mask table records where they
//! begin.

use std::collections::BTreeMap;

use super::super::mask::{ABSENT, MaskTable};
use super::super::pixels::{Mode, Storage};
use super::image_data::{Finished, ImageData, MaskPlan, block_record, check_length};
use super::sample_notes::{SampleReceipt, excess_finding};
use crate::codec::Encoded;
use crate::error::Result;
use crate::io::{ByteSink, Spool};
use crate::pipeline::BlocksEnd;

/// The blocks of a segment.
pub(super) struct CodedBlocks {
    key: String,
    storage: Storage,
    mask: Option<MaskPlan>,
    /// COMRAT, of compressed blocks.
    rate: Option<&'static str>,
    /// Bytes that the first stored block gets after its first two, the marker that begins it.
    first: Option<Vec<u8>>,
    /// Bytes that each piece gets there: tables, which the file that it is copied from stores once. `None` for blocks that are encoded.
    tables: Option<Vec<u8>>,
    /// The first byte of the mask table, and of the blocks.
    data: u64,
    start: u64,
    /// For each record of the mask table, the offset of the block after `start`.
    offsets: Vec<u32>,
    /// For each record, whether the block holds pad pixels; empty if the table does not list them.
    pads: Vec<bool>,
    excess: bool,
    /// In mode S, the blocks of all bands but the first, which follow the last block of the first.
    later: Option<Later>,
}

/// Blocks that are written after others: their ranges in the spool, by the number of their record.
struct Later {
    spool: Spool,
    ranges: BTreeMap<usize, (u64, u64)>,
}

impl CodedBlocks {
    /// The blocks of the segment whose data begin at `data`, with the mask table if any. Compressed blocks have a COMRAT, and bytes
    /// that the first stored block gets after its first two, the marker that begins it.
    pub(super) fn new(
        key: &str,
        storage: Storage,
        mask: Option<MaskPlan>,
        compressed: Option<(&'static str, Vec<u8>)>,
        data: u64,
    ) -> Self {
        let records = storage.stored_blocks();
        let (mut start, mut offsets, mut pads) = (data, Vec::new(), Vec::new());
        if let Some(mask) = &mask {
            start += mask.table_bytes(records);
            offsets = vec![ABSENT; records as usize];
            if mask.pads {
                pads = vec![false; records as usize];
            }
        }
        let is_banded = storage.mode == Mode::Sequential && storage.bands > 1;
        let later = is_banded.then(|| Later { spool: Spool::new(), ranges: BTreeMap::new() });
        let key = key.to_owned();
        let (rate, first) = compressed.unzip();
        let tables = None;
        Self { key, storage, mask, rate, first, tables, data, start, offsets, pads, excess: false, later }
    }

    /// The same blocks, copied from another file whose tables each of them gets.
    #[must_use]
    pub(super) fn with_tables(self, tables: Option<Vec<u8>>) -> Self {
        Self { tables, ..self }
    }

    fn write(&mut self, piece: &[u8], sink: &mut dyn ByteSink) -> Result<()> {
        let first = self.first.take().unwrap_or_default();
        let tables = self.tables.as_deref().unwrap_or_default();
        let (marker, rest) = piece.split_at_checked(2).unwrap_or((piece, &[]));
        [marker, &first, tables, rest].into_iter().filter(|part| !part.is_empty()).try_for_each(|part| sink.write(part))
    }

    /// Records the block that begins at the end of the sink.
    fn record(&mut self, number: usize, sink: &dyn ByteSink) -> Result<()> {
        let Some(record) = self.offsets.get_mut(number) else { return Ok(()) };
        *record = block_record(sink.position() - self.start)?;
        Ok(())
    }
}

impl ImageData for CodedBlocks {
    fn append(&mut self, block: &Encoded, sink: &mut dyn ByteSink) -> Result<()> {
        if block.is_absent() {
            return Ok(());
        }
        let is_copied = self.tables.is_some();
        let SampleReceipt { excess, pads } = if is_copied { SampleReceipt::default() } else { block.receipt()? };
        self.excess |= excess;
        let grid = self.storage.grid;
        let (position, count) = (grid.position(block.at()) as usize, grid.count() as usize);
        for (band, has_pads) in pads.into_iter().enumerate() {
            if let Some(pad) = self.pads.get_mut(band * count + position) {
                *pad = has_pads;
            }
        }
        for (number, piece) in block.pieces().enumerate() {
            match &mut self.later {
                Some(Later { spool, ranges }) if number > 0 => {
                    ranges.insert(number * count + position, spool.append(piece)?);
                }
                _ => {
                    if number == 0 {
                        self.record(position, sink)?;
                    }
                    self.write(piece, sink)?;
                }
            }
        }
        check_length(sink.position() - self.data)
    }

    fn finish(
        mut self: Box<Self>,
        _: &BlocksEnd,
        sink: &mut dyn ByteSink,
        poll: &dyn Fn() -> Result<()>,
    ) -> Result<Finished> {
        if let Some(Later { mut spool, ranges }) = self.later.take() {
            for (number, range) in ranges {
                poll()?;
                self.record(number, sink)?;
                spool.copy(range, &mut |bytes| sink.write(bytes))?;
                check_length(sink.position() - self.data)?;
            }
        }
        if let Some(mask) = &self.mask {
            let lists_blocks = mask.blocks || self.offsets.contains(&ABSENT);
            if lists_blocks && !mask.blocks {
                // All blocks were expected, and the table has no room to list them.
                let table = MaskPlan { blocks: true, ..*mask }.table_bytes(self.storage.stored_blocks());
                sink.move_tail(self.start, self.data + table, poll)?;
                self.start = self.data + table;
            }
            let blocks = lists_blocks.then(|| std::mem::take(&mut self.offsets));
            let table = MaskTable { data_offset: self.start - self.data, blocks, pad: mask.pad };
            let pads = mask.pads.then_some(self.pads.as_slice());
            sink.patch(self.data, &table.write(pads, self.storage.block_bytes()))?;
        }
        let finding = self.excess.then(|| excess_finding(&self.key, &self.storage));
        Ok(Finished { lengths: vec![sink.position() - self.data], rate: self.rate.map(str::to_owned), finding })
    }
}
