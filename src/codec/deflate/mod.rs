//! Deflate (Adobe TIFF Technical Note 2, Compression 8 and 32946): one zlib stream (RFC 1950, RFC 1951) per block.

mod block;
mod choose;
mod codes;
mod imagery;
pub(crate) mod pixels;

use std::ops::RangeInclusive;
use std::sync::Arc;

use libdeflater::{CompressionLvl, Compressor, DecompressionError, Decompressor};

use self::choose::Method;
use self::imagery::Arrangement;
use super::bytewise::{ByteCoder, Effort, StoredRows, check_filled};
use super::{Codec, Predictor, Result};
use crate::error::Error;

/// The codec.
pub(crate) static CODEC: Codec = Codec {
    name: "deflate",
    lossless: true,
    predicts: true,
    params: |pixels| {
        Predictor::suiting(pixels).map(|predictor| Arc::new(Params { predictor, level: None }) as _).collect()
    },
};

/// The parameters of Deflate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params {
    /// Differencing before compression.
    pub predictor: Predictor,
    /// The level: 1 to 9 as in zlib, 0 (stored), or 10 to 12 (slower and smaller). `None` selects the method for each block and
    /// gives about the size of level 6 in less time.
    pub level: Option<i32>,
}

/// The levels that may be requested.
pub(crate) const LEVELS: RangeInclusive<i32> = 0..=12;

/// Coders that are kept from block to block; each compressor holds up to a megabyte of tables.
#[derive(Default)]
pub(super) struct State {
    compressors: Vec<(i32, Compressor)>,
    decompressor: Option<Decompressor>,
    imagery: imagery::Finder,
    trial: Vec<u8>,
}

/// Bytes that are decoded at once from a stream that may be damaged.
const STEP: usize = 1024;

impl ByteCoder for Params {
    type State = State;

    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn predictor(&self) -> Predictor {
        self.predictor
    }

    fn effort(&self) -> Option<Effort> {
        Some(Effort { name: "Deflate", level: self.level, levels: LEVELS })
    }

    fn compress(&self, rows: StoredRows, stored: &[u8], out: &mut Vec<u8>, state: &mut State) -> Result<()> {
        // The floating-point predictor groups bytes of the same significance.
        let is_in_planes = self.predictor == Predictor::FloatingPoint;
        let arrangement = Arrangement { row: rows.bytes, number: if is_in_planes { 1 } else { rows.sample } };
        let method = match self.level {
            Some(level) => Method::Level(level),
            None => choose::method(stored, arrangement, is_in_planes, state)?,
        };
        match method {
            Method::Level(level) => state.compress(level, stored, out),
            Method::Imagery => {
                imagery::compress(stored, arrangement, out, &mut state.imagery);
                Ok(())
            }
        }
    }

    fn decompress(&self, data: &[u8], stored: &mut [u8], state: &mut State) -> Result<()> {
        let decompressor = state.decompressor.get_or_insert_with(Decompressor::new);
        let filled = match decompressor.zlib_decompress(data, stored) {
            Ok(filled) => filled,
            Err(DecompressionError::InsufficientSpace) => {
                let (filled, result) = inflate(fdeflate::Decompressor::new(), data, stored, stored.len());
                result.map(|()| filled)?
            }
            Err(DecompressionError::BadData) => {
                return Err(Error::malformed("zlib stream").found(format!("{} bytes that do not decode", data.len())));
            }
        };
        check_filled("Deflate block", filled, stored.len())
    }

    fn decompress_some(&self, data: &[u8], stored: &mut [u8], _: &mut State) -> usize {
        inflate_damaged(data, stored)
    }
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

/// Decodes a damaged zlib stream, whatever its checksum; returns the number of bytes filled. What a step produced before an
/// error is lost, so steps are short.
pub(crate) fn inflate_damaged(data: &[u8], out: &mut [u8]) -> usize {
    let mut decompressor = fdeflate::Decompressor::new();
    decompressor.ignore_adler32();
    inflate(decompressor, data, out, STEP).0
}

/// Decodes `step` bytes at a time until `out` is full, `data` end or are damaged; returns the number of bytes filled, and the
/// damage.
fn inflate(mut decompressor: fdeflate::Decompressor, data: &[u8], out: &mut [u8], step: usize) -> (usize, Result<()>) {
    let (mut from, mut to) = (0, 0);
    while to < out.len() && !decompressor.is_done() {
        let end = out.len().min(to + step);
        let (consumed, produced) = match decompressor.read(&data[from..], &mut out[..end], to, false) {
            Ok(done) => done,
            Err(error) => {
                return (to, Err(Error::malformed("zlib stream").found(format!("{error:?}")).at(from as u64)));
            }
        };
        if consumed == 0 && produced == 0 {
            break;
        }
        from += consumed;
        to += produced;
    }
    (to, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{BlockShape, CodecParams, PixelCoding, Scratch};
    use crate::image::SampleType;

    fn noise(seed: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(seed), |state| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)))
            .map(|state| state >> 16)
    }

    /// Blocks of `side` columns, of 8-bit samples.
    fn encoded(params: Params, (side, samples): (u32, u32), raw: &[u8]) -> Vec<u8> {
        let pixels = PixelCoding::new(samples, SampleType::UInt8);
        let shape = BlockShape::new(side, (raw.len() / pixels.row_bytes(side)) as u32);
        let mut out = Vec::new();
        params.encoder(&pixels).unwrap().encode(shape, &mut raw.to_vec(), &mut out, &mut Scratch::default()).unwrap();
        out
    }

    /// Sizes without a level and at level 6.
    fn sizes(samples: u32, raw: &[u8]) -> (usize, usize) {
        let size = |level| encoded(Params { predictor: Predictor::Horizontal, level }, (256, samples), raw).len();
        (size(None), size(Some(6)))
    }

    #[test]
    fn imagery_without_a_level_is_about_as_small_as_at_level_6() {
        let mut noise = noise(1);
        let raw: Vec<u8> = (0..256 * 256 * 3u32)
            .map(|i| (i / 768 / 2 + i % 768 / 9 + noise.by_ref().take(3).map(|die| die % 7).sum::<u32>()) as u8)
            .collect();
        let (chosen, full) = sizes(3, &raw);
        assert!(chosen * 100 <= full * 103, "{chosen} {full}");
    }

    #[test]
    fn thematic_and_smooth_data_without_a_level_are_not_larger_than_at_level_6() {
        let (columns, rows) = (|i: u32| i % 256, |i: u32| i / 256);
        let classes = |i: u32| (columns(i) / 37 * 5 + (rows(i) + columns(i) / 5) / 29) % 12;
        let disc = |i: u32| u32::from(columns(i).abs_diff(120).pow(2) + rows(i).abs_diff(99).pow(2) < 8000) * 255;
        let images: [&dyn Fn(u32) -> u32; 4] = [&classes, &disc, &|_| 9, &|i| (columns(i) + 3 * rows(i)) / 4];
        for (number, image) in images.iter().enumerate() {
            let raw: Vec<u8> = (0..256 * 256).map(|i| image(i) as u8).collect();
            let (chosen, full) = sizes(1, &raw);
            assert!(chosen <= full, "image {number}: {chosen} {full}");
        }
    }

    #[test]
    fn higher_levels_are_smaller_and_levels_out_of_range_are_errors() {
        let raw: Vec<u8> = noise(2).map(|value| (value % 5 * value % 11) as u8).take(40_000).collect();
        let params = |level| Params { predictor: Predictor::None, level: Some(level) };
        let sizes = [0, 1, 6, 12].map(|level| encoded(params(level), (200, 1), &raw).len());
        assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
        for level in [-1, 13] {
            let error = params(level).encoder(&PixelCoding::new(1, SampleType::UInt8)).map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), format!("level of Deflate: got {level}, expected 0 to 12"));
        }
    }

    #[test]
    fn a_damaged_stream_and_a_short_one_are_malformed() {
        let params = Params { predictor: Predictor::None, level: None };
        let stored = encoded(params, (50, 1), &noise(3).map(|value| value as u8).take(2500).collect::<Vec<_>>());
        let decoder = params.decoder(&PixelCoding::new(1, SampleType::UInt8));
        let decode = |rows: u32, data: &[u8]| {
            let mut out = vec![0; 50 * rows as usize];
            decoder.decode(BlockShape::new(50, rows), data, &mut out, &mut Scratch::default()).unwrap_err().to_string()
        };
        let mut damaged = stored.clone();
        damaged[1300] ^= 0x10;
        assert!(decode(50, &damaged).starts_with("malformed zlib stream: "));
        assert_eq!(decode(51, &stored), "malformed Deflate block: got 2500 bytes, expected 2550 bytes");
    }
}
