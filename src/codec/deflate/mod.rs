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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{BlockDecoder, BlockEncoder, Scratch};
    use crate::image::SampleType;

    fn noise(seed: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(seed), |state| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)))
            .map(|state| state >> 16)
    }

    fn encoded(spec: &BlockSpec, raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Deflate.encode(spec, &mut raw.to_vec(), &mut out, &mut Scratch::default()).unwrap();
        out
    }

    /// Sizes with no level and at level 6.
    fn sizes(spec: &BlockSpec, raw: &[u8]) -> (usize, usize) {
        (encoded(spec, raw).len(), encoded(&BlockSpec { level: Some(6), ..spec.clone() }, raw).len())
    }

    #[test]
    fn imagery_without_a_level_is_about_as_small_as_at_level_6() {
        let spec = BlockSpec { predictor: Predictor::Horizontal, ..BlockSpec::new(256, 256, 3, SampleType::UInt8) };
        let mut noise = noise(1);
        let raw: Vec<u8> = (0..spec.block_bytes() as u32)
            .map(|i| (i / 768 / 2 + i % 768 / 9 + noise.by_ref().take(3).map(|die| die % 7).sum::<u32>()) as u8)
            .collect();
        let (chosen, full) = sizes(&spec, &raw);
        assert!(chosen * 100 <= full * 103, "{chosen} {full}");
    }

    #[test]
    fn thematic_and_smooth_data_without_a_level_are_not_larger_than_at_level_6() {
        let spec = BlockSpec { predictor: Predictor::Horizontal, ..BlockSpec::new(256, 256, 1, SampleType::UInt8) };
        let (columns, rows) = (|i: u32| i % 256, |i: u32| i / 256);
        let classes = |i: u32| (columns(i) / 37 * 5 + (rows(i) + columns(i) / 5) / 29) % 12;
        let disc = |i: u32| u32::from(columns(i).abs_diff(120).pow(2) + rows(i).abs_diff(99).pow(2) < 8000) * 255;
        let images: [&dyn Fn(u32) -> u32; 4] = [&classes, &disc, &|_| 9, &|i| (columns(i) + 3 * rows(i)) / 4];
        for (number, image) in images.iter().enumerate() {
            let raw: Vec<u8> = (0..256 * 256).map(|i| image(i) as u8).collect();
            let (chosen, full) = sizes(&spec, &raw);
            assert!(chosen <= full, "image {number}: {chosen} {full}");
        }
    }

    #[test]
    fn higher_levels_are_smaller_and_levels_out_of_range_are_errors() {
        let raw: Vec<u8> = noise(2).map(|value| (value % 5 * value % 11) as u8).take(40_000).collect();
        let spec = |level| BlockSpec { level: Some(level), ..BlockSpec::new(200, 200, 1, SampleType::UInt8) };
        let sizes = [0, 1, 6, 12].map(|level| encoded(&spec(level), &raw).len());
        assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
        for level in [-1, 13] {
            let error =
                Deflate.encode(&spec(level), &mut raw.clone(), &mut Vec::new(), &mut Scratch::default()).unwrap_err();
            assert_eq!(error.to_string(), format!("level of Deflate: {level} (allowed: 0 to 12)"));
        }
    }

    #[test]
    fn a_damaged_stream_and_a_short_one_are_malformed() {
        let spec = BlockSpec::new(50, 50, 1, SampleType::UInt8);
        let stored = encoded(&spec, &noise(3).map(|value| value as u8).take(2500).collect::<Vec<_>>());
        let decode = |spec: &BlockSpec, data: &[u8]| {
            Deflate
                .decode(spec, data, &mut vec![0; spec.block_bytes()], &mut Scratch::default())
                .unwrap_err()
                .to_string()
        };
        let mut damaged = stored.clone();
        damaged[1300] ^= 0x10;
        assert!(decode(&spec, &damaged).starts_with("malformed zlib stream: "));
        let taller = BlockSpec { rows: 51, ..spec };
        assert_eq!(decode(&taller, &stored), "malformed Deflate block: 2500 bytes (allowed: 2550 bytes)");
    }
}
