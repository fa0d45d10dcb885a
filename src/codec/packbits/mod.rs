//! PackBits (TIFF 6.0 §9, Compression 32773): runs and literals of at most 128 bytes. The encoder packs each row by itself;
//! the decoder accepts runs that cross rows, because some writers make them.

use std::sync::Arc;

use super::bytewise::{ByteCoder, StoredRows, check_filled};
use super::{Codec, Result};

/// The codec.
pub(crate) static CODEC: Codec =
    Codec { name: "packbits", lossless: true, predicts: false, params: |_| vec![Arc::new(Params)] };

/// `PackBits` has no parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params;

impl ByteCoder for Params {
    type State = ();

    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn compress(&self, rows: StoredRows, stored: &[u8], out: &mut Vec<u8>, (): &mut ()) -> Result<()> {
        stored.chunks(rows.bytes).for_each(|row| pack(row, out));
        Ok(())
    }

    fn decompress(&self, data: &[u8], stored: &mut [u8], (): &mut ()) -> Result<()> {
        check_filled("PackBits block", unpack(data, stored), stored.len())
    }

    fn decompress_some(&self, data: &[u8], stored: &mut [u8], (): &mut ()) -> usize {
        unpack(data, stored)
    }
}

/// The most bytes a run or a literal holds.
const LONGEST: usize = 128;

/// Two equal bytes cost the same as a run or inside a literal, which a run would break; three as a run save space.
const SHORTEST_RUN: usize = 3;

fn pack(row: &[u8], out: &mut Vec<u8>) {
    let mut literal = 0;
    let mut at = 0;
    while at < row.len() {
        let length = run_length(&row[at..]);
        if length >= SHORTEST_RUN || (length == 2 && literal == at) {
            put_literals(&row[literal..at], out);
            out.extend_from_slice(&[(257 - length) as u8, row[at]]);
            literal = at + length;
        }
        at += length;
    }
    put_literals(&row[literal..], out);
}

/// The length of the run at the beginning, at most [`LONGEST`].
fn run_length(bytes: &[u8]) -> usize {
    bytes.iter().take(LONGEST).take_while(|byte| **byte == bytes[0]).count()
}

fn put_literals(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(LONGEST) {
        out.push((chunk.len() - 1) as u8);
        out.extend_from_slice(chunk);
    }
}

/// Unpacks until `out` is full or `data` ends; returns the number of bytes filled.
fn unpack(data: &[u8], out: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while to < out.len() && from < data.len() {
        let code = usize::from(data[from]);
        from += 1;
        match code {
            0..128 => {
                let literal = &data[from..data.len().min(from + (code + 1).min(out.len() - to))];
                out[to..to + literal.len()].copy_from_slice(literal);
                (from, to) = (from + code + 1, to + literal.len());
            }
            128 => {}
            _ => {
                let length = (257 - code).min(out.len() - to);
                let Some(byte) = data.get(from) else { break };
                out[to..to + length].fill(*byte);
                (from, to) = (from + 1, to + length);
            }
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(row: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        pack(row, &mut out);
        out
    }

    #[test]
    fn the_known_example_is_packed_and_unpacked() {
        let plain = [
            0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22, 0xAA, 0xAA, 0xAA, 0xAA,
            0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
        ];
        let stored = [0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA];
        assert_eq!(packed(&plain), stored);
        let mut out = [0; 24];
        assert_eq!(unpack(&stored, &mut out), 24);
        assert_eq!(out, plain);
    }

    #[test]
    fn runs_and_literals_split_at_128_bytes() {
        assert_eq!(packed(&[7; 300]), [0x81, 7, 0x81, 7, 0xD5, 7]);
        let ramp: Vec<u8> = (0..200).collect();
        let stored = packed(&ramp);
        assert_eq!((stored.len(), stored[0], stored[129]), (202, 127, 71));
    }

    #[test]
    fn a_no_operation_is_skipped_and_a_long_run_is_cut() {
        let mut out = [0; 3];
        assert_eq!(unpack(&[0x80, 0x81, 9], &mut out), 3);
        assert_eq!(out, [9; 3]);
    }

    #[test]
    fn the_error_for_short_data_has_the_length_found() {
        let error = Params.decompress(&[0xFE, 5], &mut [0; 10], &mut ()).unwrap_err();
        assert_eq!(error.to_string(), "malformed PackBits block: got 3 bytes, expected 10 bytes");
    }
}
