//! LZW (TIFF 6.0 §13, Compression 5): codes of 9 to 12 bits, most significant bit first, the width changing one code early.

use weezl::decode::{Configuration, Decoder};
use weezl::{BitOrder, LzwStatus};

use super::bytewise::{ByteCoder, Coders, check_filled};
use super::{BlockSpec, Result};
use crate::error::Error;

/// The LZW codec.
#[derive(Debug)]
pub struct Lzw;

/// Tables kept from block to block.
#[derive(Default)]
pub(crate) struct State {
    decoder: Option<Decoder>,
    old_style: Option<Decoder>,
}

impl ByteCoder for Lzw {
    fn compress(&self, _: &BlockSpec, stored: &[u8], out: &mut Vec<u8>, _: &mut Coders) -> Result<()> {
        let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8);
        encoder.into_vec(out).encode_all(stored).status.map_err(|error| Error::malformed(error.to_string()))?;
        Ok(())
    }

    fn decompress(&self, _: &BlockSpec, data: &[u8], stored: &mut [u8], coders: &mut Coders) -> Result<()> {
        let decoder = if is_old_style(data) {
            coders.lzw.old_style.get_or_insert_with(|| Decoder::new(BitOrder::Lsb, 8))
        } else {
            coders.lzw.decoder.get_or_insert_with(|| {
                Configuration::with_tiff_size_switch(BitOrder::Msb, 8).with_yield_on_full_buffer(true).build()
            })
        };
        decoder.reset();
        let filled = expand(decoder, data, stored)?;
        check_filled("LZW block", filled, stored.len())
    }
}

/// Streams of writers from before TIFF 6.0 have their bits the other way round; they too begin with a clear code, which
/// then is the bytes 0 and 1.
fn is_old_style(data: &[u8]) -> bool {
    matches!(data, [0, second, ..] if second & 1 == 1)
}

/// Decodes until `out` is full or `data` ends, and says how many bytes were filled.
fn expand(decoder: &mut Decoder, data: &[u8], out: &mut [u8]) -> Result<usize> {
    let (mut from, mut to) = (0, 0);
    while to < out.len() {
        let step = decoder.decode_bytes(&data[from..], &mut out[to..]);
        from += step.consumed_in;
        to += step.consumed_out;
        match step.status {
            Ok(LzwStatus::Ok) => {}
            Ok(LzwStatus::NoProgress | LzwStatus::Done) => break,
            Err(_) if to == out.len() => break,
            Err(_) => return Err(Error::malformed("LZW code").found("a code not in the table").at(from as u64)),
        }
    }
    Ok(to)
}
