//! Zstandard (RFC 8878; Compression 50000 in TIFF): one frame per block.

use std::ops::RangeInclusive;
use std::sync::Arc;

use zstd::zstd_safe::{CCtx, CParameter, DCtx, InBuffer, OutBuffer, ResetDirective, compress_bound, get_error_name};

use super::bytewise::{ByteCoder, Effort, StoredRows, check_filled};
use super::{Codec, Predictor, Result};
use crate::error::Error;

/// The codec.
pub(crate) static CODEC: Codec = Codec {
    name: "zstd",
    lossless: true,
    predicts: true,
    params: |pixels| {
        Predictor::suiting(pixels).map(|predictor| Arc::new(Params { predictor, level: None }) as _).collect()
    },
};

/// The parameters of Zstandard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params {
    /// Differencing before compression.
    pub predictor: Predictor,
    /// 1 to 22, or negative for more speed; the default is [`DEFAULT_LEVEL`].
    pub level: Option<i32>,
}

/// The library's own default. On differenced imagery it gives about the size of Deflate's level 6 in a third of the time or
/// less. Level 5 is the first to give more than one percent less, at half the speed.
const DEFAULT_LEVEL: i32 = 3;

/// Contexts kept from block to block.
#[derive(Default)]
pub(super) struct State {
    compressor: Option<CCtx<'static>>,
    decompressor: Option<DCtx<'static>>,
}

impl ByteCoder for Params {
    type State = State;

    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn predictor(&self) -> Predictor {
        self.predictor
    }

    fn effort(&self) -> Option<Effort> {
        Some(Effort { name: "Zstandard", level: self.level, levels: LEVELS })
    }

    fn compress(&self, _: StoredRows, stored: &[u8], out: &mut Vec<u8>, state: &mut State) -> Result<()> {
        let level = self.level.unwrap_or(DEFAULT_LEVEL);
        let compressor = state.compressor.get_or_insert_with(CCtx::create);
        let start = out.len();
        out.resize(start + compress_bound(stored.len()), 0);
        let length = compressor
            .set_parameter(CParameter::CompressionLevel(level))
            .and_then(|_| compressor.compress2(&mut out[start..], stored))
            .map_err(|code| Error::unsupported("Zstandard block").found(get_error_name(code)))?;
        out.truncate(start + length);
        Ok(())
    }

    fn decompress(&self, data: &[u8], stored: &mut [u8], state: &mut State) -> Result<()> {
        let decompressor = state.decompressor.get_or_insert_with(DCtx::create);
        let filled = if let Ok(filled) = decompressor.decompress(&mut *stored, data) {
            filled
        } else {
            // The frame may hold more than the block; only its beginning is used.
            let (filled, result) = decompress_prefix(decompressor, data, stored);
            result.map(|()| filled)?
        };
        check_filled("Zstandard block", filled, stored.len())
    }

    fn decompress_some(&self, data: &[u8], stored: &mut [u8], state: &mut State) -> usize {
        decompress_prefix(state.decompressor.get_or_insert_with(DCtx::create), data, stored).0
    }
}

/// The levels that may be requested.
pub(crate) const LEVELS: RangeInclusive<i32> = -7..=22;

/// Decodes until `out` is full, `data` end or are damaged; returns the number of bytes filled, and the damage.
fn decompress_prefix(decompressor: &mut DCtx, data: &[u8], out: &mut [u8]) -> (usize, Result<()>) {
    let malformed = |code, at| Err(Error::malformed("Zstandard frame").found(get_error_name(code)).at(at));
    if let Err(code) = decompressor.reset(ResetDirective::SessionOnly) {
        return (0, malformed(code, 0));
    }
    let mut input = InBuffer::around(data);
    let mut output = OutBuffer::around(out);
    while output.pos() < output.capacity() {
        let before = (input.pos, output.pos());
        if let Err(code) = decompressor.decompress_stream(&mut output, &mut input) {
            return (output.pos(), malformed(code, input.pos as u64));
        }
        if (input.pos, output.pos()) == before {
            break;
        }
    }
    (output.pos(), Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{BlockShape, CodecParams, PixelCoding, Scratch};
    use crate::image::SampleType;

    #[test]
    fn levels_are_checked() {
        let pixels = PixelCoding::new(1, SampleType::UInt8);
        let encoder = |level| Params { predictor: Predictor::None, level: Some(level) }.encoder(&pixels);
        for level in [-7, 1, 22] {
            let (mut out, mut scratch) = (Vec::new(), Scratch::default());
            encoder(level).unwrap().encode(BlockShape::new(10, 10), &mut [3; 100], &mut out, &mut scratch).unwrap();
            assert!(out.len() < 100, "{level}");
        }
        let error = encoder(23).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "level of Zstandard: got 23, expected -7 to 22");
    }

    #[test]
    fn frames_without_a_size_and_frames_one_after_the_other_are_read() {
        let bytes: Vec<u8> = (0..2000u32).map(|i| ((i * i) >> 5) as u8).collect();
        let mut stored = zstd::stream::encode_all(&bytes[..1200], 3).unwrap();
        stored.extend(zstd::stream::encode_all(&bytes[1200..], 3).unwrap());
        let params = Params { predictor: Predictor::None, level: None };
        let decoder = params.decoder(&PixelCoding::new(1, SampleType::UInt8));
        let shape = BlockShape::new(2000, 1);
        let (mut out, mut scratch) = (vec![0; 2000], Scratch::default());
        decoder.decode(shape, &stored, &mut out, &mut scratch).unwrap();
        assert_eq!(out, bytes);
        // After an error, the decoder still decodes the next block.
        let error = decoder.decode(shape, &stored[..300], &mut out, &mut scratch).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error}");
        let error = decoder.decode(shape, b"no frame at all", &mut out, &mut scratch).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error}");
        decoder.decode(shape, &stored, &mut out, &mut scratch).unwrap();
        assert_eq!(out, bytes);
    }
}
