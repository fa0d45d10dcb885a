//! Deflate (Adobe TIFF Technical Note 2, Compression 8 and 32946): one zlib stream (RFC 1950, RFC 1951) per block.

mod choose;
mod huffman;
mod imagery;
mod symbols;

use libdeflater::{CompressionLvl, Compressor, DecompressionError, Decompressor};

use self::choose::Method;
use self::imagery::Arrangement;
use super::bytewise::{ByteCoder, Coders, check_filled};
use super::{BlockSpec, Predictor, Result};
use crate::error::Error;

/// The Deflate codec. Levels are those of zlib, 1 to 9, and 0 (stored) and 10 to 12 (slower and smaller). With no level the
/// way is chosen block by block: about the size of level 6 in less time.
#[derive(Debug)]
pub struct Deflate;

/// Coders kept from block to block; each compressor holds up to a megabyte of tables.
#[derive(Default)]
pub(crate) struct State {
    compressors: Vec<(i32, Compressor)>,
    decompressor: Option<Decompressor>,
    imagery: imagery::Buffers,
    trial: Vec<u8>,
}

impl ByteCoder for Deflate {
    fn compress(&self, spec: &BlockSpec, stored: &[u8], out: &mut Vec<u8>, coders: &mut Coders) -> Result<()> {
        let state = &mut coders.deflate;
        let method = match spec.level {
            Some(level) => Method::Level(level),
            None => choose::method(stored, arrangement(spec), is_in_planes(spec), state)?,
        };
        match method {
            Method::Level(level) => state.compress(level, stored, out),
            Method::Imagery => {
                imagery::compress(stored, arrangement(spec), out, &mut state.imagery);
                Ok(())
            }
        }
    }

    fn decompress(&self, _: &BlockSpec, data: &[u8], stored: &mut [u8], coders: &mut Coders) -> Result<()> {
        let decompressor = coders.deflate.decompressor.get_or_insert_with(Decompressor::new);
        let filled = match decompressor.zlib_decompress(data, stored) {
            Ok(filled) => filled,
            Err(DecompressionError::InsufficientSpace) => inflate_prefix(data, stored)?,
            Err(DecompressionError::BadData) => {
                return Err(Error::malformed("zlib stream").found(format!("{} bytes that do not decode", data.len())));
            }
        };
        check_filled("Deflate block", filled, stored.len())
    }
}

fn is_in_planes(spec: &BlockSpec) -> bool {
    spec.predictor == Predictor::FloatingPoint
}

fn arrangement(spec: &BlockSpec) -> Arrangement {
    let number = if is_in_planes(spec) { 1 } else { spec.sample.bytes() };
    Arrangement { row: spec.stored_row_bytes().max(1), number }
}

impl State {
    fn compress(&mut self, level: i32, stored: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let compressor = self.compressor(level)?;
        let start = out.len();
        out.resize(start + compressor.zlib_compress_bound(stored.len()), 0);
        let length =
            compressor.zlib_compress(stored, &mut out[start..]).expect("the bound leaves room for any content");
        out.truncate(start + length);
        Ok(())
    }

    fn compressor(&mut self, level: i32) -> Result<&mut Compressor> {
        let known = self.compressors.iter().position(|(known, _)| *known == level);
        let index = if let Some(index) = known {
            index
        } else {
            let checked = CompressionLvl::new(level)
                .map_err(|_| Error::usage("level of Deflate").found(level).allowed("0 to 12"))?;
            self.compressors.push((level, Compressor::new(checked)));
            self.compressors.len() - 1
        };
        Ok(&mut self.compressors[index].1)
    }
}

/// Decodes the beginning of a stream that holds more than `out`, and says how many bytes were filled.
fn inflate_prefix(data: &[u8], out: &mut [u8]) -> Result<usize> {
    let mut decompressor = fdeflate::Decompressor::new();
    let (mut from, mut to) = (0, 0);
    while to < out.len() && !decompressor.is_done() {
        let (consumed, produced) = decompressor
            .read(&data[from..], out, to, true)
            .map_err(|error| Error::malformed("zlib stream").found(format!("{error:?}")).at(from as u64))?;
        if consumed == 0 && produced == 0 {
            break;
        }
        from += consumed;
        to += produced;
    }
    Ok(to)
}
