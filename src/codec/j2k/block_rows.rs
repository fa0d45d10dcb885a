//! The code-blocks of bands, decoded row of blocks by row of blocks (T.800 B.7): the coefficients of a row lie together, so several
//! threads write them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::block_style::BlockStyle;
use super::coefficients::Reconstructed;
use super::geometry::{Orientation, Rect};
use super::ht::{HtDecoder, HtShape, Sample};
use super::packet_reader::ReadBlock;
use super::part1::{BlockDecoder, BlockShape, Segment};
use super::tile_reader::{ReadComponent, ReadTile};
use crate::error::{Error, Result};
use crate::image::IdleThreads;

/// The decoders of a thread, and the bytes of a block.
#[derive(Default)]
pub(super) struct Decoders<M> {
    part1: BlockDecoder<M>,
    high_throughput: HtDecoder<M>,
    bytes: Vec<u8>,
}

/// A row of the code-blocks of a band.
pub(super) struct BlockRow<'r, T> {
    band: BandPart<'r>,
    /// The blocks that the part of the band needs, each with its place in the band.
    blocks: Vec<(&'r ReadBlock, Rect)>,
    /// The rows of the part that they fill, as the part has columns.
    rows: Range<u32>,
    /// The coefficients of these rows.
    samples: &'r mut [T],
}

/// A rectangle of a band that is decoded.
#[derive(Clone, Copy)]
pub(super) struct BandPart<'r> {
    /// The tile.
    pub tile: &'r ReadTile<'r>,
    /// The component.
    pub component: &'r ReadComponent,
    /// The resolution, and the number of the band in it.
    pub band: (usize, usize),
    /// The rectangle.
    pub part: Rect,
    /// What the coefficients are multiplied by.
    pub scale: f64,
}

/// Blocks whose decoding takes about as long as ten thread starts.
const BLOCKS_OF_A_THREAD: usize = 4;

impl<'r> BandPart<'r> {
    /// The rows of code-blocks of the part, whose coefficients are `samples`. The blocks cover them.
    pub(super) fn rows<T>(self, samples: &'r mut [T]) -> Vec<BlockRow<'r, T>> {
        let Self { tile, component, band: (resolution, number), part, .. } = self;
        let mut by_row: BTreeMap<(u32, u32), Vec<(&'r ReadBlock, Rect)>> = BTreeMap::new();
        for precinct in &tile.precincts[component.precincts(resolution)] {
            let band = &precinct.bands[number];
            for (place, block) in band.blocks.iter().enumerate() {
                let rect = band.array.block(place);
                let inside = rect.intersect(&part);
                if !inside.is_empty() {
                    by_row.entry((inside.y0, inside.y1)).or_default().push((block, rect));
                }
            }
        }
        let mut rest = samples;
        let row = |((y0, y1), blocks)| {
            let length = (y1 - y0) as usize * part.width() as usize;
            let (samples, others) = std::mem::take(&mut rest).split_at_mut(length);
            rest = others;
            BlockRow { band: self, blocks, rows: y0..y1, samples }
        };
        by_row.into_iter().map(row).collect()
    }

    fn orientation(&self) -> Orientation {
        self.component.samples.resolutions[self.band.0].bands[self.band.1].orientation
    }
}

/// Decodes rows of code-blocks, with the help of idle threads.
///
/// # Errors
/// The error of the first row that has one: [`Error::Malformed`] for code-blocks that break the standard, [`Error::Unsupported`]
/// for coefficients with too many bits.
pub(super) fn decode<T: Reconstructed>(
    rows: Vec<BlockRow<'_, T>>,
    decoders: &mut Decoders<T::Magnitude>,
    idle: &IdleThreads,
) -> Result<()>
where
    BlockDecoder<T::Magnitude>: Default,
{
    let blocks: usize = rows.iter().map(|row| row.blocks.len()).sum();
    let helpers = idle.take((blocks / BLOCKS_OF_A_THREAD).min(rows.len()).saturating_sub(1));
    if helpers.count == 0 {
        return rows.into_iter().try_for_each(|row| row.decode(decoders));
    }
    let queue = Mutex::new(rows.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    // Rows are taken in order, so that of the first error is taken before any other one fails.
    let work = |decoders: &mut Decoders<T::Magnitude>| {
        while let Some((number, row)) = next() {
            row.decode(decoders).map_err(|error| (number, error))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..helpers.count).map(|_| scope.spawn(|| work(&mut Decoders::default()))).collect();
        let own = work(decoders);
        let others = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err((0, Error::Panic("decoder of code-blocks".to_owned()))))
        });
        let errors = std::iter::once(own).chain(others).filter_map(std::result::Result::err);
        errors.min_by_key(|(number, _)| *number).map_or(Ok(()), |(_, error)| Err(error))
    })
}

impl<T: Reconstructed> BlockRow<'_, T>
where
    BlockDecoder<T::Magnitude>: Default,
{
    fn decode(self, decoders: &mut Decoders<T::Magnitude>) -> Result<()> {
        let Self { band, blocks, rows, samples } = self;
        let BandPart { tile, component, part, scale, .. } = band;
        let width = part.width() as usize;
        for (block, rect) in blocks {
            let columns = (rect.x0.max(part.x0) - part.x0) as usize..(rect.x1.min(part.x1) - part.x0) as usize;
            let samples = samples.chunks_exact_mut(width).map(|row| &mut row[columns.clone()]);
            // The rows in the block, and the columns.
            let ys = (rows.start - rect.y0) as usize..;
            let first = (rect.x0.max(part.x0) - rect.x0) as usize;
            let inside = first..first + columns.len();
            if block.parts.is_empty() {
                samples.for_each(|row| row.fill(T::default()));
                continue;
            }
            match decoders.decode(band, block, rect) {
                Err(Error::Malformed(_)) if !tile.is_strict => samples.for_each(|row| row.fill(T::default())),
                Err(error) => return Err(error),
                Ok(()) => match component.style {
                    BlockStyle::Part1(_) => {
                        let row = |y| decoders.part1.row(y, inside.clone());
                        ys.zip(samples).for_each(|(y, out)| put(row(y), scale, out));
                    }
                    BlockStyle::HighThroughput { .. } => {
                        let row = |y| decoders.high_throughput.row(y, inside.clone());
                        ys.zip(samples).for_each(|(y, out)| put(row(y), scale, out));
                    }
                },
            }
        }
        Ok(())
    }
}

impl<M: Sample> Decoders<M> {
    /// Decodes a block at `rect`; the decoder of its style keeps it.
    fn decode(&mut self, band: BandPart<'_>, block: &ReadBlock, rect: Rect) -> Result<()> {
        let BandPart { tile, component, band: (resolution, number), .. } = band;
        let segments = self.segments(tile, block)?;
        let (bytes, planes) = (&self.bytes, block.planes);
        let (width, height) = (rect.width() as usize, rect.height() as usize);
        let segments = segments.into_iter().map(|(passes, range)| Segment { passes, bytes: &bytes[range] });
        match component.style {
            BlockStyle::Part1(style) => {
                let shape = BlockShape { width, height, orientation: band.orientation(), planes };
                self.part1.decode(shape, style, segments)
            }
            BlockStyle::HighThroughput { causal } => {
                let of_band = component.steps[resolution][number].planes;
                self.high_throughput.decode(HtShape { width, height, of_band, planes, causal }, segments)
            }
        }
    }

    /// Gathers the segments of a block: the passes of each, and where its bytes are.
    fn segments(&mut self, tile: &ReadTile<'_>, block: &ReadBlock) -> Result<Vec<(u32, Range<usize>)>> {
        let most = M::PLANES;
        if block.planes > most {
            let error = Error::unsupported("bits of a wavelet coefficient:").found(block.planes);
            return Err(error.allowed(format!("at most {most}")));
        }
        self.bytes.clear();
        let mut segments: Vec<(u32, Range<usize>)> = Vec::new();
        for part in &block.parts {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(&tile.bytes[part.bytes.clone()]);
            match segments.last_mut() {
                Some((passes, range)) if !part.is_first => {
                    *passes += part.passes;
                    range.end = self.bytes.len();
                }
                _ => segments.push((part.passes, start..self.bytes.len())),
            }
        }
        Ok(segments)
    }
}

/// Writes the coefficients of a row of a decoded block.
fn put<T: Reconstructed>(values: impl Iterator<Item = (T::Magnitude, bool)>, scale: f64, out: &mut [T]) {
    for (sample, (magnitude, is_negative)) in out.iter_mut().zip(values) {
        *sample = T::of_double(magnitude, is_negative, scale);
    }
}
