//! LZW (TIFF 6.0 §13, Compression 5): codes of 9 to 12 bits, most significant bit first. The width changes one code early.
//!
//! Encoder and decoder are optimised for images, whose strings are short; general libraries optimise for long strings.

mod decode;
mod encode;

use std::sync::Arc;

use weezl::LzwStatus;
use weezl::decode::Decoder as OldStyleDecoder;

use super::bytewise::{ByteCoder, StoredRows, check_filled};
use super::{Codec, Predictor, Result};
use crate::error::Error;

/// The codec.
pub(crate) static CODEC: Codec = Codec {
    name: "lzw",
    lossless: true,
    predicts: true,
    params: |pixels| Predictor::suiting(pixels).map(|predictor| Arc::new(Params { predictor }) as _).collect(),
};

/// The parameters of LZW.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params {
    /// Differencing before compression.
    pub predictor: Predictor,
}

/// Tables kept from block to block.
#[derive(Default)]
pub(super) struct State {
    encoder: encode::Strings,
    decoder: decode::Strings,
    old_style: Option<OldStyleDecoder>,
}

impl ByteCoder for Params {
    type State = State;

    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn predictor(&self) -> Predictor {
        self.predictor
    }

    fn compress(&self, _: StoredRows, stored: &[u8], out: &mut Vec<u8>, state: &mut State) -> Result<()> {
        encode::compress(stored, out, &mut state.encoder);
        Ok(())
    }

    fn decompress(&self, data: &[u8], stored: &mut [u8], state: &mut State) -> Result<()> {
        check_filled("LZW block", expand(data, stored, state)?, stored.len())
    }

    /// The bytes before the end of the data; none if a code is damaged.
    fn decompress_some(&self, data: &[u8], stored: &mut [u8], state: &mut State) -> usize {
        expand(data, stored, state).unwrap_or(0)
    }
}

/// Decodes until `out` is full or `data` ends; returns the number of bytes filled.
fn expand(data: &[u8], out: &mut [u8], state: &mut State) -> Result<usize> {
    if !is_old_style(data) {
        return decode::expand(data, out, &mut state.decoder);
    }
    let decoder = state.old_style.get_or_insert_with(|| OldStyleDecoder::new(weezl::BitOrder::Lsb, LITERAL_BITS));
    expand_old_style(decoder, data, out)
}

/// Bits of a literal.
const LITERAL_BITS: u8 = 8;
/// Clears all strings and returns to codes of [`NARROWEST`] bits.
const CLEAR: u16 = 256;
/// The end of the stream.
const END: u16 = 257;
/// The first code that stands for a string.
const FIRST: u16 = 258;
/// Bits of the first codes.
const NARROWEST: u32 = 9;
/// Bits of the last codes.
const WIDEST: u32 = 12;

/// Writers from before TIFF 6.0 store bits in reverse order and change the width only when needed. Their streams also begin
/// with a clear code, which is then the bytes 0 and 1.
fn is_old_style(data: &[u8]) -> bool {
    matches!(data, [0, second, ..] if second & 1 == 1)
}

/// Decodes until `out` is full or `data` ends; returns the number of bytes filled.
fn expand_old_style(decoder: &mut OldStyleDecoder, data: &[u8], out: &mut [u8]) -> Result<usize> {
    decoder.reset();
    let (mut from, mut to) = (0, 0);
    while to < out.len() {
        let step = decoder.decode_bytes(&data[from..], &mut out[to..]);
        from += step.consumed_in;
        to += step.consumed_out;
        match step.status {
            Ok(LzwStatus::Ok) => {}
            Ok(LzwStatus::NoProgress | LzwStatus::Done) => break,
            Err(_) => return Err(Error::malformed("LZW code").found("not yet defined").at(from as u64)),
        }
    }
    Ok(to)
}

#[cfg(test)]
mod tests;
