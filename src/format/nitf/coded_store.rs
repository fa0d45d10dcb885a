//! The coded blocks of an image segment, which one codec decodes. The kinds of coding differ in where the blocks lie and in what
//! the codec must know: an indexer finds both when pixels are first read.

use std::ops::Range;
use std::sync::Arc;

use super::mask::ABSENT;
use super::pixels::Storage;
use super::store::{SegmentBlocks, SegmentCodec, SegmentData, SegmentStore};
use crate::codec::{BlockDecoder, BlockShape, Coding, Scratch};
use crate::error::{Error, Result};
use crate::image::{PadValue, Piece, StoredBlock, StoredImage, Window};
use crate::io::Lazy;
use crate::limits::Limits;

/// Finds the blocks of a segment.
pub(super) trait BlockIndexer: Send + Sync + 'static {
    /// The place of each block, and their coding.
    ///
    /// # Errors
    /// Errors of the source, and of what the blocks need in order to be decoded.
    fn index(&self, blocks: &SegmentBlocks) -> Result<Index>;
}

/// The places of the blocks, and how they are coded.
pub(super) struct Index {
    /// What blocks are called in messages.
    what: &'static str,
    /// For each plane, the range of each block; `None` if the block is absent.
    ranges: Vec<Option<Range<u64>>>,
    coding: Coding,
    decoder: Box<dyn BlockDecoder>,
}

/// Blocks, with what their indexer found.
struct CodedBlocks<I> {
    indexer: I,
    index: Lazy<Index>,
}

/// The image of a segment. Each block is decoded as a whole.
///
/// # Errors
/// [`Error::Usage`] for an impossible layout.
pub(super) fn image(
    data: SegmentData,
    limits: Limits,
    storage: Storage,
    pad: PadValue,
    indexer: impl BlockIndexer,
) -> Result<StoredImage> {
    let shown = storage.layout(pad, u64::MAX)?;
    let blocks = SegmentBlocks::new(data, limits, storage, &shown);
    let store = SegmentStore { blocks, codec: CodedBlocks { indexer, index: Lazy::default() } };
    Ok(StoredImage::new(Arc::new(store), shown, limits))
}

/// The range of each recorded block: up to the next one. Offsets past the end give empty ranges.
pub(super) fn recorded(offsets: &[u32], body: &Range<u64>) -> Vec<Option<Range<u64>>> {
    let mut starts: Vec<u32> = offsets.iter().copied().filter(|offset| *offset != ABSENT).collect();
    starts.sort_unstable();
    let range = |offset: &u32| {
        let next = starts.get(starts.partition_point(|start| start <= offset));
        let end = next.map_or(body.end, |next| body.start.saturating_add(u64::from(*next)).min(body.end));
        let start = body.start.saturating_add(u64::from(*offset)).min(end);
        (*offset != ABSENT).then_some(start..end)
    };
    offsets.iter().map(range).collect()
}

impl Index {
    /// The index of blocks of this coding. `ranges` has, for each plane, the range of each block; `what` names them in messages.
    pub(super) fn new(what: &'static str, ranges: Vec<Option<Range<u64>>>, coding: Coding) -> Self {
        Self { what, ranges, decoder: coding.decoder(), coding }
    }
}

impl<I: BlockIndexer> CodedBlocks<I> {
    fn index(&self, blocks: &SegmentBlocks) -> Result<&Index> {
        self.index.get_or_make(|| {
            let count = blocks.storage.grid.count().saturating_mul(blocks.storage.planes().into());
            let bytes = count.saturating_mul(size_of::<Range<u64>>() as u64);
            blocks.limits.check_metadata("index of blocks", bytes)?;
            self.indexer.index(blocks)
        })
    }
}

impl<I: BlockIndexer> SegmentCodec for CodedBlocks<I> {
    fn locate(&self, blocks: &SegmentBlocks, block: StoredBlock) -> Result<Range<u64>> {
        let (index, grid) = (self.index(blocks)?, blocks.storage.grid);
        let place = u64::from(block.plane) * grid.count() + grid.position(block.at);
        match index.ranges.get(place as usize) {
            Some(Some(range)) if !range.is_empty() => Ok(range.clone()),
            Some(Some(range)) => {
                let error = Error::malformed("offset of block in the mask table: past the end of the image data");
                Err(error.segment(blocks.name(block)).at(range.start))
            }
            _ => {
                let found = index.ranges.iter().flatten().count();
                let error = Error::malformed(format!("{} of the image:", index.what)).found(found);
                Err(error.allowed(index.ranges.len()).segment(blocks.name(block)))
            }
        }
    }

    fn coding(&self, blocks: &SegmentBlocks) -> Option<&Coding> {
        self.index(blocks).ok().map(|index| &index.coding)
    }

    fn piece(&self, storage: &Storage, block: Range<u64>, _: Window) -> Piece {
        Piece::of_rows(block, storage.grid.block_columns(), 0..storage.grid.block_rows())
    }

    fn decode(
        &self,
        blocks: &SegmentBlocks,
        _: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()> {
        let grid = blocks.storage.grid;
        let shape = BlockShape::new(grid.block_columns(), grid.block_rows());
        self.index(blocks)?.decoder.decode(shape, stored, out, scratch)?;
        blocks.storage.stored_samples().shift_down(out);
        Ok(())
    }

    fn decode_rows(
        &self,
        blocks: &SegmentBlocks,
        _: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> u32 {
        let Ok(index) = self.index(blocks) else { return 0 };
        let grid = blocks.storage.grid;
        let rows =
            index.decoder.decode_rows(BlockShape::new(grid.block_columns(), grid.block_rows()), stored, out, scratch);
        blocks.storage.stored_samples().shift_down(out);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_block_ends_where_the_next_one_begins() {
        let ranges = recorded(&[40, ABSENT, 0, 40, 200], &(1000..1100));
        let found: Vec<_> = ranges.into_iter().flatten().collect();
        assert_eq!(found, [1040..1100, 1000..1040, 1040..1100, 1100..1100]);
    }
}
