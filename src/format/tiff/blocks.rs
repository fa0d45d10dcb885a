//! Blocks of pixels to tiles and strips: compressed and appended in order, or, where their sizes are known beforehand,
//! written by the workers at their places.

use super::plan::{BYTE_ORDER, WritePlan};
use crate::codec::BlockShape;
use crate::error::Result;
use crate::image::{BlockIndex, Interleave, TargetBlock};
use crate::io::{ByteSink, PositionedWrite};
use crate::pipeline::{BlockEncode, BlockSink, Encoded, Scratch};

/// Where the blocks of an image lie in the file, plane after plane, each in row-major order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct BlockPlaces {
    /// Offsets; 0 for an absent block.
    pub(super) offsets: Vec<u64>,
    /// Bytes; 0 for an absent block.
    pub(super) counts: Vec<u64>,
}

/// Encodes blocks one piece for each plane, to be appended.
pub(super) struct Compress<'a>(pub(super) &'a WritePlan);

/// Writes uncompressed blocks at their final places.
pub(super) struct WriteInPlace<'a> {
    pub(super) plan: &'a WritePlan,
    pub(super) area: DataArea,
    pub(super) target: &'a dyn PositionedWrite,
}

/// The part of the file that holds the uncompressed blocks of an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct DataArea {
    start: u64,
    /// Bytes of a plane.
    plane: u64,
    /// Bytes of a full block of one plane.
    block: u64,
}

/// Appends encoded blocks and keeps their places.
pub(super) struct Append<'a> {
    sink: &'a mut dyn ByteSink,
    planes: Vec<BlockPlaces>,
}

/// Takes blocks that are in their places.
pub(super) struct InPlace;

impl BlockEncode for Compress<'_> {
    fn encode(&self, block: &TargetBlock<'_>, out: &mut Encoded, scratch: &mut Scratch) -> Result<()> {
        let Self(plan) = self;
        if !block.gather(plan.interleave(), &plan.padding, &mut scratch.raw)? {
            return Ok(());
        }
        let shape = BlockShape { rows: plan.block_rows(block.at()), ..plan.shape };
        for plane in scratch.raw.chunks_exact_mut(plan.coding.pixels.block_bytes(shape)) {
            out.piece(|bytes| plan.encoder.encode(shape, plane, bytes, &mut scratch.codec))?;
        }
        Ok(())
    }
}

impl BlockEncode for WriteInPlace<'_> {
    fn encode(&self, block: &TargetBlock<'_>, out: &mut Encoded, scratch: &mut Scratch) -> Result<()> {
        let plan = self.plan;
        let position = plan.grid.position(block.at());
        out.set_placed();
        if plan.planes == 1 {
            if let Some(bytes) = block.borrow(Interleave::Pixel, &plan.padding) {
                return self.write(0, position, bytes);
            }
        } else if block.borrow_band(0, &plan.padding).is_some() {
            // What one band of a view is, all are.
            for band in 0..plan.planes {
                if let Some(bytes) = block.borrow_band(band, &plan.padding) {
                    self.write(band, position, bytes)?;
                }
            }
            return Ok(());
        }
        if !block.gather(plan.interleave(), &plan.padding, &mut scratch.raw)? {
            // The area was reserved as zeros, and a dense provider has no absent block.
            return Ok(());
        }
        let plane = scratch.raw.len() / plan.planes as usize;
        (0..plan.planes).zip(scratch.raw.chunks_exact(plane)).try_for_each(|(n, bytes)| self.write(n, position, bytes))
    }
}

impl WriteInPlace<'_> {
    fn write(&self, plane: u32, position: u64, bytes: &[u8]) -> Result<()> {
        self.target.write_at(self.area.offset(plane.into(), position), bytes)
    }
}

impl DataArea {
    /// The area that begins at `start`.
    pub(super) fn new(plan: &WritePlan, start: u64) -> Self {
        let pixels = &plan.coding.pixels;
        let block = pixels.block_bytes(plan.shape) as u64;
        let plane = if plan.tiled {
            plan.grid.count() * block
        } else {
            u64::from(plan.grid.rows()) * pixels.row_bytes(plan.shape.columns) as u64
        };
        Self { start, plane, block }
    }

    /// Bytes of the area.
    pub(super) fn bytes(&self, plan: &WritePlan) -> u64 {
        self.plane * u64::from(plan.planes)
    }

    /// The places of all blocks.
    pub(super) fn places(&self, plan: &WritePlan) -> BlockPlaces {
        let blocks = || (0..u64::from(plan.planes)).flat_map(|plane| (0..plan.grid.count()).map(move |at| (plane, at)));
        let row = plan.coding.pixels.row_bytes(plan.shape.columns) as u64;
        let count = |at| u64::from(plan.block_rows(plan.grid.at(at))) * row;
        BlockPlaces {
            offsets: blocks().map(|(plane, at)| self.offset(plane, at)).collect(),
            counts: blocks().map(|(_, at)| count(at)).collect(),
        }
    }

    fn offset(&self, plane: u64, position: u64) -> u64 {
        self.start + plane * self.plane + position * self.block
    }
}

impl<'a> Append<'a> {
    /// Appends the blocks of `plan` to `sink`.
    pub(super) fn new(plan: &WritePlan, sink: &'a mut dyn ByteSink) -> Self {
        Self { sink, planes: vec![BlockPlaces::default(); plan.planes as usize] }
    }

    /// The places of the blocks that were appended.
    pub(super) fn into_places(self) -> BlockPlaces {
        let mut all = BlockPlaces::default();
        for plane in self.planes {
            all.offsets.extend(plane.offsets);
            all.counts.extend(plane.counts);
        }
        all
    }
}

impl BlockSink for Append<'_> {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        let mut pieces = block.pieces();
        for plane in &mut self.planes {
            let piece = pieces.next();
            plane.offsets.push(piece.map_or(0, |_| self.sink.position()));
            plane.counts.push(piece.map_or(0, |bytes| bytes.len() as u64));
            self.sink.write(piece.unwrap_or_default())?;
        }
        Ok(())
    }
}

impl BlockSink for InPlace {
    fn append(&mut self, _block: &Encoded) -> Result<()> {
        Ok(())
    }
}

impl WritePlan {
    /// True where the size of every block is known and its bytes are those in memory.
    pub(super) fn can_write_in_place(&self) -> bool {
        self.uncompressed && (BYTE_ORDER.is_native() || self.coding.pixels.sample.swap_unit() == 1)
    }

    fn interleave(&self) -> Interleave {
        if self.planes > 1 { Interleave::Band } else { Interleave::Pixel }
    }

    /// Rows of a stored block: the last strip is cut.
    fn block_rows(&self, at: BlockIndex) -> u32 {
        if self.tiled { self.grid.block_rows() } else { self.grid.block_window(at).height }
    }
}
