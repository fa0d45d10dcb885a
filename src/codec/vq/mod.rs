//! Vector quantisation (MIL-STD-188-199): the code of each small rectangle of pixels selects a pattern. Decoding only, of one band
//! of 8 bits.

use std::any::Any;
use std::sync::Arc;

use super::{BlockDecoder, BlockShape, Codec, CodecParams, PixelCoding, Scratch};
use crate::error::{Error, Result};

/// The codec.
pub(crate) static CODEC: Codec =
    Codec { name: "vq", lossless: false, predicts: false, params: |_| vec![Arc::new(Params::default())] };

/// The most bits of a code.
const MOST_CODE_BITS: u32 = 16;

/// The parameters of vector quantisation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Params {
    /// The patterns.
    pub codebook: Arc<Codebook>,
}

/// The patterns of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Codebook {
    columns: u32,
    rows: u32,
    code_bits: u32,
    /// The pixels of each pattern, row by row.
    pixels: Vec<u8>,
}

impl Codebook {
    /// A codebook of patterns of this size. `rows` has, for each row of a pattern, that row of every pattern.
    ///
    /// # Errors
    /// [`Error::Malformed`] for patterns without pixels, rows of different lengths, and codes of other than 1 to 16 bits.
    pub(crate) fn new(columns: u32, rows: &[Vec<u8>], code_bits: u32) -> Result<Self> {
        let wrong = |what: &'static str| Error::malformed(what);
        if !(1..=MOST_CODE_BITS).contains(&code_bits) {
            return Err(wrong("bits of a vector quantisation code")
                .found(code_bits)
                .allowed(format!("1 to {MOST_CODE_BITS}")));
        }
        let length = rows.first().map_or(0, Vec::len);
        let width = columns as usize;
        if width == 0 || length == 0 || !length.is_multiple_of(width) || rows.iter().any(|row| row.len() != length) {
            return Err(wrong("tables of vector quantisation").found(format!("{} of {length} values", rows.len())));
        }
        let mut pixels = Vec::with_capacity(length * rows.len());
        for first in (0..length).step_by(width) {
            for row in rows {
                pixels.extend_from_slice(&row[first..first + width]);
            }
        }
        Ok(Self { columns, rows: rows.len() as u32, code_bits, pixels })
    }

    /// Columns and rows of a pattern.
    pub(crate) fn kernel(&self) -> (u32, u32) {
        (self.columns, self.rows)
    }

    /// Stored bytes of a block whose sides are multiples of those of a pattern.
    pub(crate) fn block_bytes(&self, shape: BlockShape) -> u64 {
        let codes = u64::from(shape.columns / self.columns) * u64::from(shape.rows / self.rows);
        (codes * u64::from(self.code_bits)).div_ceil(8)
    }

    /// The pattern of a code.
    fn pattern(&self, code: u32) -> Option<&[u8]> {
        let length = (self.columns * self.rows) as usize;
        self.pixels.get(code as usize * length..)?.get(..length)
    }

    /// The code at this position in `data`.
    fn code(&self, data: &[u8], position: u64) -> Option<u32> {
        let bit = position * u64::from(self.code_bits);
        let (first, end) = ((bit / 8) as usize, (bit + u64::from(self.code_bits)).div_ceil(8) as usize);
        let held = data.get(first..end)?.iter().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
        let surplus = 8 * (end - first) as u32 - (bit % 8) as u32 - self.code_bits;
        Some(held >> surplus & ((1 << self.code_bits) - 1))
    }
}

impl Default for Codebook {
    /// A pattern of one pixel for each value of it.
    fn default() -> Self {
        Self { columns: 1, rows: 1, code_bits: 8, pixels: (0..=u8::MAX).collect() }
    }
}

impl CodecParams for Params {
    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        Box::new(Patterns { codebook: Arc::clone(&self.codebook), pixels: *pixels })
    }

    fn decodes_like(&self, other: &dyn CodecParams) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Decodes the blocks of an image.
struct Patterns {
    codebook: Arc<Codebook>,
    pixels: PixelCoding,
}

impl Patterns {
    /// Fills the row of patterns `out` with the codes from `first`.
    fn row(&self, data: &[u8], first: u64, out: &mut [u8], columns: usize) -> Result<()> {
        let book = &self.codebook;
        for (place, position) in (first..).take(columns / book.columns as usize).enumerate() {
            let ends = || Error::malformed("vector quantisation codes: end early").at(data.len() as u64);
            let code = book.code(data, position).ok_or_else(ends)?;
            let pattern = book.pattern(code).ok_or_else(|| {
                let count = book.pixels.len() / (book.columns * book.rows) as usize;
                Error::malformed("vector quantisation code").found(code).allowed(format!("less than {count}"))
            })?;
            let width = book.columns as usize;
            for (line, pixels) in out.chunks_exact_mut(columns).zip(pattern.chunks_exact(width)) {
                line[place * width..(place + 1) * width].copy_from_slice(pixels);
            }
        }
        Ok(())
    }

    /// Decodes rows of patterns until one fails; returns the number of rows of pixels.
    fn rows(&self, shape: BlockShape, data: &[u8], out: &mut [u8]) -> (u32, Result<()>) {
        let book = &self.codebook;
        if (self.pixels.samples, self.pixels.bits, self.pixels.sample.bytes()) != (1, 8, 1) {
            let found = format!("{} samples of {} bits", self.pixels.samples, self.pixels.bits);
            let error = Error::unsupported("pixel of a block with vector quantisation").found(found);
            return (0, Err(error.allowed("1 sample of 8 bits")));
        }
        if !shape.columns.is_multiple_of(book.columns) || !shape.rows.is_multiple_of(book.rows) {
            let error = Error::malformed("block of vector quantisation");
            let error = error.found(format!("{} × {}", shape.columns, shape.rows));
            return (0, Err(error.allowed(format!("a multiple of {} × {}", book.columns, book.rows))));
        }
        let (columns, across) = (shape.columns as usize, u64::from(shape.columns / book.columns));
        if columns == 0 {
            return (shape.rows, Ok(()));
        }
        for (number, band) in out.chunks_exact_mut(columns * book.rows as usize).enumerate() {
            if let Err(error) = self.row(data, number as u64 * across, band, columns) {
                return (number as u32 * book.rows, Err(error));
            }
        }
        (shape.rows, Ok(()))
    }
}

impl BlockDecoder for Patterns {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], _: &mut Scratch) -> Result<()> {
        self.rows(shape, data, out).1
    }

    fn decode_rows(&self, shape: BlockShape, data: &[u8], out: &mut [u8], _: &mut Scratch) -> u32 {
        self.rows(shape, data, out).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::SampleType;

    /// Patterns of 2 × 2 pixels whose pixels are ten times the code, and 0 to 3 more; codes of 12 bits.
    fn decoder() -> Box<dyn BlockDecoder> {
        let row = |first: u8| (0..6u8).flat_map(|code| [10 * code + first, 10 * code + first + 1]).collect();
        let codebook = Arc::new(Codebook::new(2, &[row(0), row(2)], 12).unwrap());
        Params { codebook }.decoder(&PixelCoding::new(1, SampleType::UInt8))
    }

    #[test]
    fn each_code_is_a_pattern_and_rows_of_patterns_survive_damage() {
        let (shape, data) = (BlockShape::new(4, 4), [0x00, 0x10, 0x05, 0x00, 0x30, 0x02]);
        let mut out = [0; 16];
        decoder().decode(shape, &data, &mut out, &mut Scratch::default()).unwrap();
        assert_eq!(out, [10, 11, 50, 51, 12, 13, 52, 53, 30, 31, 20, 21, 32, 33, 22, 23]);
        let rows = |data: &[u8]| decoder().decode_rows(shape, data, &mut [0; 16], &mut Scratch::default());
        assert_eq!([rows(&data), rows(&data[..5]), rows(&data[..3]), rows(&data[..2])], [4, 2, 2, 0]);
        let message = |data: &[u8], shape: BlockShape| {
            decoder().decode(shape, data, &mut [0; 16], &mut Scratch::default()).unwrap_err().to_string()
        };
        assert!(message(&data[..5], shape).contains("end early"));
        assert!(message(&[0, 0x60, 0], shape).contains("code: got 6, expected less than 6"));
        assert!(message(&data, BlockShape::new(4, 3)).contains("a multiple of 2 × 2"));
    }

    #[test]
    fn tables_that_do_not_match_are_errors() {
        for (columns, rows, bits) in
            [(0, vec![vec![1]], 8), (2, vec![vec![1; 3]], 8), (2, vec![vec![1; 2], vec![1; 4]], 8)]
        {
            assert!(Codebook::new(columns, &rows, bits).is_err());
        }
        assert!(Codebook::new(1, &[vec![1]], 17).is_err() && Codebook::new(1, &[], 8).is_err());
    }
}
