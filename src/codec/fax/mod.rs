//! CCITT codes of bilevel images: modified Huffman (TIFF 6.0 §10), T.4 in one and two dimensions and T.6 (§11). Decoding
//! only.
//!
//! White is 0 and black is 1 whatever the photometric interpretation, as in every other reader. The extension to
//! uncompressed mode is not implemented.

mod lines;

use std::any::Any;
use std::sync::Arc;

use super::{BlockDecoder, BlockShape, Codec, CodecParams, PixelCoding, Scratch};
use crate::error::{Error, Result};
use lines::{Line, Lines};

/// The codec.
pub(crate) static CODEC: Codec =
    Codec { name: "fax", lossless: true, predicts: false, params: |_| vec![Arc::new(Params::default())] };

/// The parameters of the CCITT codes (TIFF 6.0 §10, §11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Params {
    /// Modified Huffman (2), T.4 (3) or T.6 (4).
    pub group: u8,
    /// `T4Options`: bit 0 two-dimensional, bit 2 fill bits before end of line.
    pub t4_options: u32,
    /// True if bytes store their least significant bit first.
    pub reversed_bits: bool,
}

/// Decodes the blocks of an image.
struct Fax {
    params: Params,
    pixels: PixelCoding,
}

/// Modified Huffman code: lines begin at byte boundaries, without marks between them.
const MODIFIED_HUFFMAN: u8 = 2;

/// T.4 code: a mark precedes each line.
pub(crate) const T4: u8 = 3;

/// T.6 code: each line is coded relative to the previous one, without marks between them.
const T6: u8 = 4;

/// `T4Options` bit 0: lines may be coded relative to the previous one.
pub(crate) const TWO_DIMENSIONAL: u32 = 1;

impl CodecParams for Params {
    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        Box::new(Fax { params: *self, pixels: *pixels })
    }

    fn decodes_like(&self, other: &dyn CodecParams) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Fax {
    /// Decodes rows until one fails; returns their number.
    fn rows(&self, shape: BlockShape, data: &[u8], out: &mut [u8]) -> (u32, Result<()>) {
        let (pixels, params) = (&self.pixels, self.params);
        if (pixels.samples, pixels.bits, pixels.sample.bytes()) != (1, 1, 1) {
            let error = Error::unsupported("pixel of a CCITT block");
            let error = error.found(format!("{} samples of {} bits", pixels.samples, pixels.bits));
            return (0, Err(error.allowed("1 sample of 1 bit")));
        }
        if shape.columns == 0 {
            return (shape.rows, Ok(()));
        }
        let reverse = |byte: u8| if params.reversed_bits { byte.reverse_bits() } else { byte };
        let mut lines = Lines::new(data.iter().map(|byte| reverse(*byte)), shape.columns);
        let mut rows = out.chunks_exact_mut(shape.columns as usize);
        while rows.len() > 0 {
            let row = shape.rows - rows.len() as u32;
            let changes = match line(&mut lines, params).map_err(|error| error.field(format!("in row {row}"))) {
                Ok(Line::Changes(changes)) => changes,
                // The rows after the end mark are white.
                Ok(Line::End) => {
                    rows.for_each(|row| row.fill(0));
                    break;
                }
                Err(error) => return (row, Err(error)),
            };
            if let Some(row) = rows.next() {
                paint(changes, row);
            }
        }
        (shape.rows, Ok(()))
    }
}

impl BlockDecoder for Fax {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], _: &mut Scratch) -> Result<()> {
        self.rows(shape, data, out).1
    }

    fn decode_rows(&self, shape: BlockShape, data: &[u8], out: &mut [u8], _: &mut Scratch) -> u32 {
        self.rows(shape, data, out).0
    }
}

/// Reads the next line by the rules of its group.
fn line<I: Iterator<Item = u8>>(lines: &mut Lines<I>, options: Params) -> Result<Line<'_>> {
    match options.group {
        T6 => lines.two_dimensional(),
        MODIFIED_HUFFMAN => {
            lines.align();
            lines.one_dimensional()
        }
        _ => {
            let two_dimensional = options.t4_options & TWO_DIMENSIONAL != 0;
            match lines.end_of_line(two_dimensional)? {
                lines::Next::End => Ok(Line::End),
                lines::Next::OneDimensional => lines.one_dimensional(),
                lines::Next::TwoDimensional => lines.two_dimensional(),
            }
        }
    }
}

/// Fills a row: white up to the first change, black up to the second, and so on.
fn paint(changes: &[u32], row: &mut [u8]) {
    row.fill(0);
    let end = row.len();
    for run in changes.chunks(2) {
        let last = run.get(1).map_or(end, |last| *last as usize);
        row[run[0] as usize..last].fill(1);
    }
}

#[cfg(test)]
mod tests;
