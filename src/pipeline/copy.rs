//! Copying stored blocks from file to file without decoding them: as pieces of bytes, or as blocks of another image.

use std::ops::Range;

use super::concurrency::Control;
use super::write::{BlockPlan, BlockSink, BlocksEnd};
use crate::codec::Encoded;
use crate::error::Result;
use crate::image::{BlockStore, StoredBlock};

/// Most bytes of a piece, and of one read.
const PIECE: u64 = 4 << 20;

/// A piece of a block that has not been read yet.
struct Planned {
    block: StoredBlock,
    range: Range<u64>,
}

/// A copy in progress.
struct Copying<'a, 'c> {
    store: &'a dyn BlockStore,
    control: &'a Control<'c>,
    /// Pieces to be read together, and their number of bytes.
    waiting: Vec<Planned>,
    bytes: u64,
    done: u64,
    total: u64,
}

/// Passes the stored bytes of every block of a store to `take`, plane by plane and in order. A large block is passed in pieces;
/// small blocks are read together. An absent block is one piece without bytes.
///
/// # Errors
/// The errors of the store and its source, the first error of `take`, and the errors of the caller's control.
pub(crate) fn copy_blocks(
    store: &dyn BlockStore,
    control: &Control<'_>,
    take: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    store.source().check_unchanged()?;
    let mut total = 0;
    for block in store.blocks() {
        total += store.range(block)?.map_or(1, |range| pieces(&range));
    }
    control.progress(0, total)?;
    let mut copying = Copying { store, control, waiting: Vec::new(), bytes: 0, done: 0, total };
    for block in store.blocks() {
        for piece in planned(store, block)? {
            let bytes = piece.range.end - piece.range.start;
            if copying.bytes + bytes > PIECE {
                copying.flush(take)?;
            }
            copying.bytes += bytes;
            copying.waiting.push(piece);
        }
    }
    copying.flush(take)
}

/// Appends the stored blocks of an image to another one, which takes them. Small blocks are read together.
///
/// # Errors
/// The errors of the store, its source and the sink, and the errors of the caller's control.
pub(crate) fn append_stored(
    store: &dyn BlockStore,
    plan: &BlockPlan,
    sink: &mut dyn BlockSink,
    control: &Control<'_>,
) -> Result<BlocksEnd> {
    store.source().check_unchanged()?;
    let (total, planes) = (plan.grid.count(), store.planes());
    control.progress(0, total)?;
    let mut next = 0;
    while next < total {
        control.poll()?;
        let (first, mut bytes, mut ranges) = (next, 0, Vec::new());
        while next < total && (next == first || bytes < PIECE) {
            let at = plan.grid.at(next);
            for plane in 0..planes {
                let block = StoredBlock { at, plane };
                let range = store.range(block)?;
                range.iter().try_for_each(|range| store.check_inside(block, range))?;
                bytes += range.as_ref().map_or(0, |range| range.end - range.start);
                ranges.push(range);
            }
            next += 1;
        }
        let read = read_all(store, &ranges)?;
        let mut pieces = ranges.iter().zip(&read);
        for number in first..next {
            let mut block = Encoded::absent(plan.grid.at(number));
            let planes: Vec<_> = pieces.by_ref().take(planes as usize).collect();
            // A block without any plane is absent. A missing plane of another block is an empty piece.
            if planes.iter().any(|(range, _)| range.is_some()) {
                for (_, bytes) in planes {
                    block.piece(|out| {
                        out.extend_from_slice(bytes);
                        Ok(())
                    })?;
                }
                if let Some(placement) = &plan.placement {
                    placement.place(&mut block)?;
                }
            }
            sink.append(&block)?;
            control.progress(number + 1, total)?;
        }
    }
    Ok(BlocksEnd { copied: total, ..BlocksEnd::default() })
}

/// The bytes of each range; none for an absent one.
fn read_all(store: &dyn BlockStore, ranges: &[Option<Range<u64>>]) -> Result<Vec<Vec<u8>>> {
    let mut read = vec![Vec::new(); ranges.len()];
    let (places, present): (Vec<usize>, Vec<Range<u64>>) =
        ranges.iter().enumerate().filter_map(|(place, range)| Some((place, range.clone()?))).unzip();
    store.source().read_ranges(&present, &mut |n, bytes| {
        read[places[n]].extend_from_slice(bytes);
        Ok(())
    })?;
    Ok(read)
}

/// The number of pieces of a block.
fn pieces(range: &Range<u64>) -> u64 {
    (range.end - range.start).div_ceil(PIECE).max(1)
}

fn planned(store: &dyn BlockStore, block: StoredBlock) -> Result<impl Iterator<Item = Planned>> {
    let range = store.range(block)?;
    let range = range.unwrap_or(0..0);
    store.check_inside(block, &range)?;
    Ok((0..pieces(&range)).map(move |piece| {
        let start = range.start + piece * PIECE;
        Planned { block, range: start..range.end.min(start + PIECE) }
    }))
}

impl Copying<'_, '_> {
    /// Reads the waiting pieces and passes them on in order.
    fn flush(&mut self, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Some(first) = self.waiting.first() else { return Ok(()) };
        self.control.poll()?;
        let ranges: Vec<_> = self.waiting.iter().map(|piece| piece.range.clone()).collect();
        let mut read = vec![Vec::new(); ranges.len()];
        let mut keep = |n: usize, bytes: &[u8]| {
            read[n].extend_from_slice(bytes);
            Ok(())
        };
        let result = self.store.source().read_ranges(&ranges, &mut keep);
        result.map_err(|error| error.segment(self.store.name(first.block)))?;
        self.waiting.clear();
        for bytes in &read {
            take(bytes)?;
            self.done += 1;
            self.control.progress(self.done, self.total)?;
        }
        self.bytes = 0;
        Ok(())
    }
}
