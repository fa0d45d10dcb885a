//! Writing a stream: bands of rows, each filtered and compressed by itself, joined to one zlib stream (RFC 1950).
//!
//! The piece of a band ends at a byte boundary and does not refer to earlier data, so several workers can make pieces. The
//! checksum of the stream is combined from the checksums of its pieces.

use std::sync::Arc;

use super::filter::{Filtering, filter_rows};
use super::header::{ColorType, Header};
use crate::codec::deflate::pixels::{Deflater, Effort, Pixels};
use crate::codec::{BlockPixels, Borrow, Encoded, Gathering, ImageEncoder, Pieces, Receipt, Scratch};
use crate::codestream::{Codestream, StreamEnd};
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, Interleave, Padding};
use crate::io::ByteOrder;
use crate::simd;

/// The compression effort for a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Compression {
    /// Fast for imagery; repetitive data gets a thorough search.
    Fast,
    /// A thorough search in every band.
    Small,
}

/// The zlib stream of an image. The container divides it into chunks, one for each band.
pub(crate) struct PngStream {
    bands: Arc<BandEncoder>,
    /// Adler-32 of the bands so far.
    adler: u32,
}

/// The checksums of a band.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BandReceipt {
    /// CRC-32 of the chunk type IDAT and the band's piece.
    pub(crate) crc: u32,
    /// Adler-32 of the band's filtered rows.
    pub(crate) adler: u32,
}

/// Filters and compresses bands.
struct BandEncoder {
    header: Header,
    grid: BlockGrid,
    compression: Compression,
    /// Palette entries, if the samples are indices.
    palette: Option<usize>,
    gathering: Gathering,
}

/// The buffers of a worker.
#[derive(Default)]
struct Coder {
    deflater: Deflater,
    filtered: Vec<u8>,
    big_endian: Vec<u8>,
    compressed: Vec<u8>,
}

impl PngStream {
    /// The stream of an image with this header and layout; `palette` is the number of entries, if the samples are indices.
    ///
    /// # Errors
    /// Does not fail for a layout that has a header.
    pub(crate) fn new(
        header: Header,
        layout: &ImageLayout,
        palette: Option<usize>,
        compression: Compression,
    ) -> Result<Self> {
        let gathering = Gathering {
            interleave: Interleave::Pixel,
            padding: Padding::Crop,
            absent: Some(layout.pad_bytes()),
            borrow: Borrow::Block(Interleave::Pixel),
        };
        let bands = BandEncoder { header, grid: grid(&header)?, compression, palette, gathering };
        Ok(Self { bands: Arc::new(bands), adler: 1 })
    }
}

impl Codestream for PngStream {
    fn grid(&self) -> BlockGrid {
        self.bands.grid
    }

    /// Empty: the header of the zlib stream belongs to the first band's piece, and so to its chunk.
    fn header(&self) -> Vec<u8> {
        Vec::new()
    }

    fn encoder(&self) -> Arc<dyn ImageEncoder> {
        Arc::clone(&self.bands) as _
    }

    fn take(&mut self, block: &Encoded) -> Result<()> {
        let BandReceipt { adler, .. } = block.receipt()?;
        let rows = self.bands.grid.block_window(block.at()).height;
        self.adler = adler_combine(self.adler, adler, u64::from(rows) * (self.bands.header.row_bytes() + 1));
        Ok(())
    }

    /// The checksum, which belongs to the last band's chunk.
    fn end(&self) -> StreamEnd {
        StreamEnd { trailer: self.adler.to_be_bytes().to_vec(), patches: Vec::new() }
    }
}

impl Receipt for BandReceipt {
    fn write(&self, out: &mut Vec<u8>) {
        (u64::from(self.crc) << 32 | u64::from(self.adler)).write(out);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        u64::read(bytes).map(|both| Self { crc: (both >> 32) as u32, adler: both as u32 })
    }
}

impl ImageEncoder for BandEncoder {
    fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    fn identity(&self) -> String {
        let Self { header, grid, compression, palette, gathering } = self;
        format!("PNG {header:?} {grid:?} {compression:?} {palette:?} {gathering:?}")
    }

    fn encode<'p>(
        &self,
        at: BlockIndex,
        pixels: BlockPixels<'p>,
        out: &mut Encoded,
        scratch: &mut Scratch,
    ) -> Result<Pieces<'p>> {
        let mut raw = pixels.bytes().ok_or_else(|| Error::usage("PNG block: bands are in separate buffers"))?;
        self.check_palette(raw)?;
        let coder: &mut Coder = scratch.state();
        let mut swapped = std::mem::take(&mut coder.big_endian);
        if self.header.depth == 16 && !ByteOrder::Big.is_native() {
            swapped.clear();
            swapped.extend_from_slice(raw);
            simd::swap_bytes(&mut swapped, 2);
            raw = &swapped;
        }
        let (first, last) = (at.row == 0, at.row + 1 == self.grid.down());
        let mut receipt = BandReceipt { crc: 0, adler: 1 };
        out.piece(|bytes| {
            if first {
                bytes.extend_from_slice(&ZLIB_HEADER);
            }
            receipt.adler = self.compress(coder, raw, last, bytes);
            receipt.crc = chunk_crc(bytes);
            Ok(())
        })?;
        out.set_receipt(&receipt);
        coder.big_endian = swapped;
        Ok(Pieces::Appended)
    }
}

impl BandEncoder {
    /// Compresses the rows of `raw` to `out`; returns the checksum of the filtered rows.
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
            Some(largest) if *largest as usize >= entries => Err(Error::usage("sample as index into PNG_PALETTE")
                .found(largest)
                .allowed(format!("0 to {}", entries - 1))),
            _ => Ok(()),
        }
    }
}

impl Coder {
    /// Puts the filtered rows of `raw` in `filtered`, and their compressed form in `compressed`.
    fn compress(&mut self, header: &Header, raw: &[u8], filtering: Filtering, effort: Effort, last: bool) {
        let (row, pixel) = (header.row_bytes() as usize, header.pixel_bytes());
        self.filtered.clear();
        filter_rows(filtering, raw, row, pixel, &mut self.filtered);
        self.compressed.clear();
        let pixels = Pixels { row: row + 1, size: pixel };
        self.deflater.compress(&self.filtered, pixels, effort, last, &mut self.compressed);
    }
}

/// The bands of an image: enough full rows that joining costs little, few enough that memory is bounded.
fn grid(header: &Header) -> Result<BlockGrid> {
    let row = header.row_bytes() + 1;
    // The first row of a band cannot use the row above, so very wide images get larger bands.
    let rows = (BAND_BYTES / row).max(LEAST_ROWS.min(MOST_BYTES / row)).max(1);
    BlockGrid::new(header.columns, header.rows, header.columns, rows.min(header.rows.into()) as u32)
}

/// The checksum of an IDAT chunk with this data.
fn chunk_crc(data: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(b"IDAT");
    hasher.update(data);
    hasher.finalize()
}

/// Adler-32 of two adjacent pieces, from that of each and the length of the second.
fn adler_combine(first: u32, second: u32, length: u64) -> u32 {
    let (a1, b1) = (u64::from(first & 0xffff), u64::from(first >> 16));
    let (a2, b2) = (u64::from(second & 0xffff), u64::from(second >> 16));
    // The second sum began at one instead of at the first sum; each byte has added the difference to the sum of sums.
    let a = (a1 + a2 + ADLER - 1) % ADLER;
    let b = (b1 + b2 + (length % ADLER) * (a1 + ADLER - 1)) % ADLER;
    (b << 16 | a) as u32
}

/// Deflate with a window of 32 KiB, the fastest compression level (RFC 1950 §2.2).
const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];

/// The modulus of Adler-32.
const ADLER: u64 = 65_521;

/// Target bytes of a band.
const BAND_BYTES: u64 = 1 << 20;

/// Least rows of a band, even if that makes it larger.
const LEAST_ROWS: u64 = 16;

/// Most bytes of a band, unless a single row has more.
const MOST_BYTES: u64 = 4 << 20;

/// A band that shrinks by more than this factor is repetitive: masks, classes, drawings. Filters may hide the repetition.
const REPEATS: usize = 10;

/// A band that shrinks by more than this factor gets a thorough search, which then takes little time.
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
