//! The data of an image while they are written. One sequence writes every image: subheaders with space for what is known of the
//! data, then blocks or copied bytes, then what is known only at the end: lengths, mask tables, COMRAT.

use super::super::capacity::{MAX_IMAGE_BYTES, MAX_OFFSET};
use super::super::mask::{ABSENT, MaskTable};
use super::coded_rate::CodedRate;
use crate::codec::Encoded;
use crate::codestream::{Codestream, PieceOrder};
use crate::error::{Error, Result};
use crate::format::{Finding, no_image};
use crate::io::ByteSink;
use crate::pipeline::BlocksEnd;

/// The bytes that follow a subheader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Space {
    /// Reserved when the subheader is written.
    pub(super) reserved: u64,
    /// Appended later, as far as this number is known.
    pub(super) appended: u64,
}

/// The data of an image that was begun.
pub(super) trait ImageData: Send {
    /// Takes a block: its receipt, and its pieces unless they are at their places already.
    ///
    /// # Errors
    /// If the sink fails, for a block of another image, and for more bytes than the fields can state.
    fn append(&mut self, block: &Encoded, sink: &mut dyn ByteSink) -> Result<()>;

    /// Writes what is known only after the last block. `poll` is called before long steps.
    ///
    /// # Errors
    /// If the sink or `poll` fails.
    fn finish(
        self: Box<Self>,
        end: &BlocksEnd,
        sink: &mut dyn ByteSink,
        poll: &dyn Fn() -> Result<()>,
    ) -> Result<Finished>;
}

/// What is known after the last block.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// LI of each segment.
    pub(super) lengths: Vec<u64>,
    /// COMRAT of the segments, if the coding has one.
    pub(super) rate: Option<String>,
    /// A rule that is broken.
    pub(super) finding: Option<Finding>,
}

/// The content of the mask table of an image.
pub(super) struct MaskPlan {
    /// The pad pixel code and its length in bits.
    pub(super) pad: Option<(u64, u32)>,
    /// True if blocks that hold the pad pixel code are listed.
    pub(super) pads: bool,
    /// True if absent blocks are listed.
    pub(super) blocks: bool,
}

/// Stored bytes that are copied.
pub(super) struct Copied {
    /// The first byte of the data.
    pub(super) start: u64,
    /// COMRAT, if the subheader does not have it yet.
    pub(super) rate: Option<String>,
}

/// The data of a segment that are one codestream, perhaps after a mask table.
pub(super) struct StreamData {
    stream: Box<dyn Codestream>,
    order: PieceOrder,
    /// The first byte of the segment's data, and of the stream.
    data: u64,
    start: u64,
    rate: CodedRate,
    mask: Option<MaskPlan>,
    /// The offset of each block after `start`, if there is a mask table.
    offsets: Vec<u32>,
}

impl Space {
    /// Bytes in all, as far as they are known.
    pub(super) fn bytes(self) -> u64 {
        self.reserved.saturating_add(self.appended)
    }
}

impl MaskPlan {
    /// Bytes of a table with `records` records.
    pub(super) fn table_bytes(&self, records: u64) -> u64 {
        let code_bits = self.pad.map_or(0, |(_, bits)| bits);
        MaskTable::bytes(records, self.blocks, self.pads, code_bits)
    }
}

impl ImageData for Copied {
    fn append(&mut self, _: &Encoded, _: &mut dyn ByteSink) -> Result<()> {
        Err(no_image())
    }

    fn finish(self: Box<Self>, _: &BlocksEnd, sink: &mut dyn ByteSink, _: &dyn Fn() -> Result<()>) -> Result<Finished> {
        let length = sink.position() - self.start;
        check_length(length)?;
        Ok(Finished { lengths: vec![length], rate: self.rate, finding: None })
    }
}

impl StreamData {
    /// Begins the stream at the end of the sink. The segment's data begin at `data`, with the mask table if any.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn new(
        stream: Box<dyn Codestream>,
        rate: CodedRate,
        mask: Option<MaskPlan>,
        data: u64,
        sink: &mut dyn ByteSink,
    ) -> Result<Self> {
        let start = sink.position();
        sink.write(&stream.header())?;
        let order = PieceOrder::of(&*stream);
        Ok(Self { stream, order, data, start, rate, mask, offsets: Vec::new() })
    }

    fn write(&mut self, block: &Encoded, sink: &mut dyn ByteSink) -> Result<()> {
        self.stream.take(block)?;
        self.order.append(block, sink)?;
        check_length(sink.position() - self.data + self.order.spooled())
    }
}

impl ImageData for StreamData {
    fn append(&mut self, block: &Encoded, sink: &mut dyn ByteSink) -> Result<()> {
        if self.mask.is_some() {
            let offset = if block.is_absent() { ABSENT } else { block_record(sink.position() - self.start)? };
            self.offsets.push(offset);
        }
        match self.stream.absent_block(block.at()).filter(|_| block.is_absent()) {
            Some(stored) => self.write(&stored, sink),
            None => self.write(block, sink),
        }
    }

    fn finish(
        mut self: Box<Self>,
        _: &BlocksEnd,
        sink: &mut dyn ByteSink,
        poll: &dyn Fn() -> Result<()>,
    ) -> Result<Finished> {
        self.order.finish(sink, poll)?;
        let end = self.stream.end();
        sink.write(&end.trailer)?;
        end.patches.iter().try_for_each(|(offset, bytes)| sink.patch(self.start + offset, bytes))?;
        if let Some(mask) = &self.mask {
            let table = MaskTable { data_offset: self.start - self.data, blocks: Some(self.offsets), pad: mask.pad };
            sink.patch(self.data, &table.write(None, 0))?;
        }
        let length = sink.position() - self.data;
        check_length(length)?;
        let rate = Some(self.rate.of(sink.position() - self.start));
        Ok(Finished { lengths: vec![length], rate, finding: None })
    }
}

/// The record of a block in the mask table, for its offset after the first byte of blocks.
///
/// # Errors
/// [`Error::Usage`] if a record cannot state the offset.
pub(super) fn block_record(offset: u64) -> Result<u32> {
    u32::try_from(offset).ok().filter(|offset| u64::from(*offset) <= MAX_OFFSET).ok_or_else(|| {
        let error = Error::usage("offset of a block in the mask table:").found(offset);
        error.allowed(format!("at most {MAX_OFFSET}; write the image without a mask table"))
    })
}

/// Checks the bytes of a segment's data against LI.
///
/// # Errors
/// [`Error::Usage`] if LI cannot state them.
pub(super) fn check_length(bytes: u64) -> Result<()> {
    if bytes <= MAX_IMAGE_BYTES {
        return Ok(());
    }
    Err(Error::usage("bytes of image data,").field("LI").found(bytes).allowed(format!("at most {MAX_IMAGE_BYTES}")))
}
