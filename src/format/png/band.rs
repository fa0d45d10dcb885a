//! Bands of rows: each is filtered and compressed by itself, and all are joined to one zlib stream (RFC 1950) in IDAT chunks.
//!
//! A band's piece of the stream ends at a byte boundary and refers to nothing before it, so that pieces can be made by
//! several workers; the checksum of the whole stream is combined from theirs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::chunk::{self, Kind};
use super::filter::{Filtering, filter_rows};
use super::header::{ColorType, Header};
use crate::codec::deflate::pixels::{Deflater, Effort, Pixels};
use crate::error::{Error, Result};
use crate::image::{BlockGrid, ImageLayout, Interleave, Padding, TargetBlock};
use crate::io::{ByteOrder, ByteSink};
use crate::pipeline::{BlockEncode, BlockSink, Encoded, Scratch};
use crate::simd;

/// How hard a file is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Compression {
    /// Fast for imagery; data that repeats is looked at more closely.
    Fast,
    /// Every band looked at closely.
    Small,
}

/// Filters and compresses bands.
pub(super) struct BandEncoder {
    header: Header,
    compression: Compression,
    /// Palette entries, where the samples are indices.
    palette: Option<usize>,
    pad: Vec<u8>,
    bands: u32,
    absent: AtomicBool,
    spare: Mutex<Vec<Coder>>,
}

/// The state of a worker.
#[derive(Default)]
struct Coder {
    deflater: Deflater,
    filtered: Vec<u8>,
    big_endian: Vec<u8>,
    compressed: Vec<u8>,
}

/// Appends bands to a file.
pub(super) struct BandSink<'a> {
    sink: &'a mut dyn ByteSink,
    header: Header,
    grid: BlockGrid,
    adler: u32,
}

/// The bands of an image: full rows, enough that joining costs little, few enough that memory is bounded.
///
/// # Errors
/// None for a layout that has a header.
pub(super) fn grid(header: &Header) -> Result<BlockGrid> {
    let row = header.row_bytes() + 1;
    // The first row of a band cannot use the row above, so that very wide images get more than the usual bytes.
    let rows = (BAND_BYTES / row).max(LEAST_ROWS.min(MOST_BYTES / row)).max(1);
    BlockGrid::new(header.columns, header.rows, header.columns, rows.min(header.rows.into()) as u32)
}

impl BandEncoder {
    pub(super) fn new(header: Header, layout: &ImageLayout, palette: Option<usize>, compression: Compression) -> Self {
        Self {
            header,
            compression,
            palette,
            pad: layout.pad_bytes(),
            bands: grid(&header).map_or(1, |grid| grid.down()),
            absent: AtomicBool::new(false),
            spare: Mutex::default(),
        }
    }

    /// True where a block of the image was absent and has been filled.
    pub(super) fn met_absent(&self) -> bool {
        self.absent.load(Ordering::Relaxed)
    }

    /// Compresses the rows of `raw` to `out`; gives the checksum of the filtered rows.
    fn compress(&self, coder: &mut Coder, raw: &[u8], last: bool, out: &mut Vec<u8>) -> u32 {
        let usual = if self.header.color == ColorType::Palette { Filtering::None } else { Filtering::Adaptive };
        let small = self.compression == Compression::Small;
        let start = out.len();
        let mut attempt = |filtering, effort, out: &mut Vec<u8>| {
            coder.compress(&self.header, raw, filtering, effort, last);
            let better = out.len() == start || coder.compressed.len() < out.len() - start;
            if better {
                out.truncate(start);
                out.extend_from_slice(&coder.compressed);
            }
            better.then(|| (filtering, libdeflater::adler32(&coder.filtered)))
        };
        let repeats = |least: usize, out: &Vec<u8>| small || (out.len() - start) * least < raw.len();
        let mut best = attempt(usual, Effort::Quick, out);
        if usual != Filtering::None && repeats(REPEATS, out) {
            best = attempt(Filtering::None, Effort::Quick, out).or(best);
        }
        if let Some((filtering, _)) = best.filter(|_| repeats(REPEATS_MUCH, out)) {
            best = attempt(filtering, Effort::Thorough, out).or(best);
        }
        best.map_or(1, |(_, adler)| adler)
    }

    fn check_palette(&self, raw: &[u8]) -> Result<()> {
        let Some(entries) = self.palette else { return Ok(()) };
        match raw.iter().max() {
            Some(largest) if *largest as usize >= entries => Err(Error::usage("sample is no index of PNG_PALETTE")
                .found(largest)
                .allowed(format!("0–{}", entries - 1))),
            _ => Ok(()),
        }
    }
}

impl BlockEncode for BandEncoder {
    fn encode(&self, block: &TargetBlock<'_>, out: &mut Encoded, scratch: &mut Scratch) -> Result<()> {
        let borrowed = block.borrow(Interleave::Pixel, &Padding::Crop);
        if borrowed.is_none() && !block.gather(Interleave::Pixel, &Padding::Crop, &mut scratch.raw)? {
            self.absent.store(true, Ordering::Relaxed);
            let samples = block.window().pixels() as usize * block.bands() as usize;
            scratch.raw.clear();
            scratch.raw.extend(self.pad.iter().copied().cycle().take(samples * self.pad.len()));
        }
        let mut coder = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let mut raw = borrowed.unwrap_or(&scratch.raw);
        self.check_palette(raw)?;
        let mut swapped = std::mem::take(&mut coder.big_endian);
        if self.header.depth == 16 && !ByteOrder::Big.is_native() {
            swapped.clear();
            swapped.extend_from_slice(raw);
            simd::swap_bytes(&mut swapped, 2);
            raw = &swapped;
        }
        let (first, last) = (block.at().row == 0, block.at().row + 1 == self.bands);
        let (mut adler, mut crc) = (1, 0);
        out.piece(|bytes| {
            if first {
                bytes.extend_from_slice(&ZLIB_HEADER);
            }
            adler = self.compress(&mut coder, raw, last, bytes);
            crc = chunk::crc(Kind::IDAT, bytes);
            Ok(())
        })?;
        out.set_facts(u64::from(crc) << 32 | u64::from(adler));
        coder.big_endian = swapped;
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(coder);
        Ok(())
    }
}

impl Coder {
    /// Leaves the filtered rows of `raw` in `filtered`, and these compressed in `compressed`.
    fn compress(&mut self, header: &Header, raw: &[u8], filtering: Filtering, effort: Effort, last: bool) {
        let (row, pixel) = (header.row_bytes() as usize, header.pixel_bytes());
        self.filtered.clear();
        filter_rows(filtering, raw, row, pixel, &mut self.filtered);
        self.compressed.clear();
        let pixels = Pixels { row: row + 1, size: pixel };
        self.deflater.compress(&self.filtered, pixels, effort, last, &mut self.compressed);
    }
}

impl<'a> BandSink<'a> {
    pub(super) fn new(sink: &'a mut dyn ByteSink, header: Header, grid: BlockGrid) -> Self {
        Self { sink, header, grid, adler: 1 }
    }
}

impl BlockSink for BandSink<'_> {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        let data = block.pieces().next().unwrap_or_default();
        let (crc, adler) = ((block.facts() >> 32) as u32, block.facts() as u32);
        let rows = self.grid.block_window(block.at()).height;
        self.adler = adler_combine(self.adler, adler, u64::from(rows) * (self.header.row_bytes() + 1));
        if block.at().row + 1 < self.grid.down() {
            return chunk::write_parts(self.sink, Kind::IDAT, &[data], crc);
        }
        let end = self.adler.to_be_bytes();
        let mut hasher = crc32fast::Hasher::new_with_initial(crc);
        hasher.update(&end);
        chunk::write_parts(self.sink, Kind::IDAT, &[data, &end], hasher.finalize())
    }
}

/// The Adler-32 of two pieces one after the other, from that of each and the length of the second.
fn adler_combine(first: u32, second: u32, length: u64) -> u32 {
    let (a1, b1) = (u64::from(first & 0xffff), u64::from(first >> 16));
    let (a2, b2) = (u64::from(second & 0xffff), u64::from(second >> 16));
    // The second sum began at one instead of at the first's; each of its bytes has added that to the sum of sums.
    let a = (a1 + a2 + ADLER - 1) % ADLER;
    let b = (b1 + b2 + (length % ADLER) * (a1 + ADLER - 1)) % ADLER;
    (b << 16 | a) as u32
}

/// Deflate with a window of 32 KiB, the fastest compression level (RFC 1950 §2.2).
const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];

/// The modulus of Adler-32.
const ADLER: u64 = 65_521;

/// Bytes of a band, roughly.
const BAND_BYTES: u64 = 1 << 20;

/// Rows of a band that are wanted even if that makes it larger.
const LEAST_ROWS: u64 = 16;

/// The most bytes of a band, unless a single row has more.
const MOST_BYTES: u64 = 4 << 20;

/// A band that shrinks to less than one part in so many repeats itself: masks, classes, drawings. Filters may hide that.
const REPEATS: usize = 10;

/// One that shrinks even more is looked at thoroughly, which then takes little time.
const REPEATS_MUCH: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn checksums_of_parts_combine(data in proptest::collection::vec(0u8..=255, 0..9000), cut in 0.0f64..1.0) {
            let (one, two) = data.split_at((cut * data.len() as f64) as usize);
            let combined = adler_combine(libdeflater::adler32(one), libdeflater::adler32(two), two.len() as u64);
            prop_assert_eq!(combined, libdeflater::adler32(&data));
        }
    }
}
