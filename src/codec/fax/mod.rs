//! CCITT codes of bilevel images: modified Huffman (TIFF 6.0 §10), T.4 in one and two dimensions and T.6 (§11). Decoding
//! only.
//!
//! White is 0 and black is 1, whatever the photometric interpretation says: that is what every reader takes the codes for.
//! The extension to uncompressed mode is not implemented.

mod lines;

use super::{BlockDecoder, BlockSpec, FaxOptions, Scratch};
use crate::error::{Error, Result};
use lines::{Line, Lines};

/// The codec.
pub struct Fax;

/// Code of modified Huffman: lines begin at bytes, with nothing between them.
const MODIFIED_HUFFMAN: u8 = 2;

/// Code of T.6: every line is coded by the line before, with nothing between them.
const T6: u8 = 4;

/// `T4Options` bit 0: lines may be coded by the line before.
const TWO_DIMENSIONAL: u32 = 1;

impl BlockDecoder for Fax {
    fn decode(&self, spec: &BlockSpec, data: &[u8], out: &mut [u8], _: &mut Scratch) -> Result<()> {
        if (spec.samples, spec.bits, spec.sample.bytes()) != (1, 1, 1) {
            return Err(Error::unsupported("samples of a CCITT block:")
                .found(format!("{} of {} bits", spec.samples, spec.bits))
                .allowed("one of 1 bit"));
        }
        if spec.columns == 0 {
            return Ok(());
        }
        let reverse = |byte: u8| if spec.fax.reversed_bits { byte.reverse_bits() } else { byte };
        let mut lines = Lines::new(data.iter().map(|byte| reverse(*byte)), spec.columns);
        let mut rows = out.chunks_exact_mut(spec.columns as usize);
        while rows.len() > 0 {
            let row = spec.rows as usize - rows.len();
            let changes = match line(&mut lines, spec.fax).map_err(|error| error.field(format!("in row {row}")))? {
                Line::Changes(changes) => changes,
                // What comes after the mark of the end is white.
                Line::End => {
                    rows.for_each(|row| row.fill(0));
                    return Ok(());
                }
            };
            if let Some(row) = rows.next() {
                paint(changes, row);
            }
        }
        Ok(())
    }
}

/// Reads the next line by the rules of its group.
fn line<I: Iterator<Item = u8>>(lines: &mut Lines<I>, options: FaxOptions) -> Result<Line<'_>> {
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

/// Fills a row: white up to the first change, black up to the second …
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
