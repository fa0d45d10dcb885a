//! Common code of all compressions of plain bytes: samples become stored bytes (packed bits, predictor, byte order) before
//! compression, and samples again after decompression.

use std::any::Any;
use std::fmt::Debug;
use std::ops::RangeInclusive;

#[cfg(feature = "python")]
use super::DecoderNeeds;
use super::{
    BlockDecoder, BlockEncoder, BlockShape, Codec, CodecParams, PixelCoding, Predictor, Scratch, packing, predictor,
};
use crate::error::{Error, Result};
use crate::image::SampleType;
use crate::simd;

/// A compression of bytes, with its parameters, that does not know samples. This file makes a codec of it.
pub(super) trait ByteCoder: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// State kept from block to block.
    type State: Default + Send;

    /// The codec.
    fn codec(&self) -> &'static Codec;

    /// Differencing before compression.
    fn predictor(&self) -> Predictor {
        Predictor::None
    }

    /// The effort, if the parameters are a predictor and a level. The level does not matter for decoding.
    fn effort(&self) -> Option<Effort> {
        None
    }

    /// True if blocks of these parameters and of `other` decode alike.
    fn stores_like(&self, other: &Self) -> bool {
        self == other || (self.effort().is_some() && self.predictor() == other.predictor())
    }

    /// Appends the compressed form of `stored` to `out`.
    fn compress(&self, rows: StoredRows, stored: &[u8], out: &mut Vec<u8>, state: &mut Self::State) -> Result<()>;

    /// Fills `stored` from `data`, which may hold more bytes but not fewer.
    fn decompress(&self, data: &[u8], stored: &mut [u8], state: &mut Self::State) -> Result<()>;

    /// Fills `stored` as far as damaged `data` allow; returns the number of bytes filled.
    fn decompress_some(&self, data: &[u8], stored: &mut [u8], state: &mut Self::State) -> usize {
        if self.decompress(data, stored, state).is_ok() { stored.len() } else { 0 }
    }
}

/// The effort of a compression.
pub(super) struct Effort {
    /// The compression's name in messages.
    pub(super) name: &'static str,
    /// The level; `None` for the default.
    pub(super) level: Option<i32>,
    /// The levels that may be requested.
    pub(super) levels: RangeInclusive<i32>,
}

/// The layout of a block's stored bytes, for compressions that use it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredRows {
    /// Bytes of a row.
    pub(super) bytes: usize,
    /// Bytes of a sample.
    pub(super) sample: usize,
}

/// A compression of bytes for one kind of pixels.
struct Bytewise<C> {
    coder: C,
    pixels: PixelCoding,
}

impl<C: ByteCoder> CodecParams for C {
    fn codec(&self) -> &'static Codec {
        ByteCoder::codec(self)
    }

    fn encoder(&self, pixels: &PixelCoding) -> Result<Box<dyn BlockEncoder>> {
        self.effort().map_or(Ok(()), |effort| effort.check())?;
        Ok(Box::new(Bytewise { coder: self.clone(), pixels: *pixels }))
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        Box::new(Bytewise { coder: self.clone(), pixels: *pixels })
    }

    fn decodes_like(&self, other: &dyn CodecParams) -> bool {
        other.as_any().downcast_ref().is_some_and(|other| self.stores_like(other))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    #[cfg(feature = "python")]
    fn needs(&self) -> DecoderNeeds {
        let predictor = Some(self.predictor()).filter(|predictor| *predictor != Predictor::None);
        DecoderNeeds { predictor: predictor.map(|predictor| format!("{predictor:?}")), tables: None }
    }
}

impl Effort {
    /// # Errors
    /// [`Error::Usage`] for a level that may not be requested.
    fn check(&self) -> Result<()> {
        match self.level.filter(|level| !self.levels.contains(level)) {
            None => Ok(()),
            Some(level) => {
                let allowed = format!("{} to {}", self.levels.start(), self.levels.end());
                Err(Error::usage(format!("level of {}", self.name)).found(level).allowed(allowed))
            }
        }
    }
}

impl<C: ByteCoder> Bytewise<C> {
    fn is_packed(&self) -> bool {
        self.pixels.bits != self.pixels.sample.bits()
    }

    fn rows(&self, shape: BlockShape) -> StoredRows {
        StoredRows { bytes: self.pixels.stored_row_bytes(shape.columns).max(1), sample: self.pixels.sample.bytes() }
    }

    /// Converts between native byte order and that of the stored samples.
    fn to_other_order(&self, samples: &mut [u8]) {
        if !self.pixels.byte_order.is_native() {
            simd::swap_bytes(samples, predictor::number_bytes(self.coder.predictor(), &self.pixels));
        }
    }

    fn check_size(&self, shape: BlockShape, length: usize) -> Result<()> {
        let needed = self.pixels.block_bytes(shape);
        if length == needed {
            return Ok(());
        }
        Err(Error::usage("buffer of a block").found(format!("{length} bytes")).allowed(format!("{needed} bytes")))
    }

    fn check_unpredicted(&self) -> Result<()> {
        if self.coder.predictor() == Predictor::None {
            return Ok(());
        }
        Err(Error::unsupported("sample size for a predictor")
            .found(format!("{} bits", self.pixels.bits))
            .allowed("8, 16, 32 or 64 bits"))
    }
}

impl<C: ByteCoder> BlockEncoder for Bytewise<C> {
    fn encode(&self, shape: BlockShape, raw: &mut [u8], out: &mut Vec<u8>, scratch: &mut Scratch) -> Result<()> {
        self.check_size(shape, raw.len())?;
        let (bytes, state) = scratch.bytes_and_state();
        if self.is_packed() {
            self.check_unpredicted()?;
            packing::pack(&self.pixels, shape, raw, bytes)?;
            return self.coder.compress(self.rows(shape), bytes, out, state);
        }
        let predictor = self.coder.predictor();
        predictor::apply(predictor, &self.pixels, shape, raw, bytes)?;
        if predictor != Predictor::FloatingPoint {
            self.to_other_order(raw);
        }
        self.coder.compress(self.rows(shape), raw, out, state)
    }
}

impl<C: ByteCoder> BlockDecoder for Bytewise<C> {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        self.check_size(shape, out.len())?;
        let (bytes, state) = scratch.bytes_and_state();
        if self.is_packed() {
            bytes.resize(self.pixels.stored_bytes(shape), 0);
            self.coder.decompress(data, bytes, state)?;
        } else {
            self.coder.decompress(data, out, state)?;
        }
        self.restore(shape, out, bytes)
    }

    fn decode_rows(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> u32 {
        let (bytes, state) = scratch.bytes_and_state();
        let filled = if self.is_packed() {
            bytes.resize(self.pixels.stored_bytes(shape), 0);
            self.coder.decompress_some(data, bytes, state)
        } else {
            self.coder.decompress_some(data, out, state)
        };
        let rows = shape.rows.min((filled / self.rows(shape).bytes) as u32);
        let part = BlockShape { rows, ..shape };
        let (out, packed) = (&mut out[..self.pixels.block_bytes(part)], self.pixels.stored_bytes(part));
        if self.is_packed() {
            bytes.truncate(packed);
        }
        if self.restore(part, out, bytes).is_ok() { rows } else { 0 }
    }
}

impl<C: ByteCoder> Bytewise<C> {
    /// Turns stored bytes into samples: packed ones of `bytes`, else those in `out`, with `bytes` as a buffer.
    fn restore(&self, shape: BlockShape, out: &mut [u8], bytes: &mut Vec<u8>) -> Result<()> {
        let (pixels, predictor) = (&self.pixels, self.coder.predictor());
        if self.is_packed() {
            if pixels.sample == SampleType::Float32 && pixels.bits == 24 {
                return predictor::restore_float24(predictor, pixels, shape, bytes, out);
            }
            self.check_unpredicted()?;
            return packing::unpack(pixels, shape, bytes, out);
        }
        if predictor != Predictor::FloatingPoint {
            self.to_other_order(out);
        }
        predictor::restore(predictor, pixels, shape, out, bytes)
    }
}

/// Checks that a block did not end early.
pub(super) fn check_filled(subject: &'static str, filled: usize, wanted: usize) -> Result<()> {
    if filled == wanted {
        return Ok(());
    }
    Err(Error::malformed(subject).found(format!("{filled} bytes")).allowed(format!("{wanted} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::raw;

    /// A coder whose blocks cannot be read without its key.
    #[derive(Debug, Clone, PartialEq)]
    struct Keyed(u8);

    impl ByteCoder for Keyed {
        type State = ();

        fn codec(&self) -> &'static Codec {
            &raw::CODEC
        }

        fn compress(&self, _: StoredRows, stored: &[u8], out: &mut Vec<u8>, (): &mut ()) -> Result<()> {
            out.extend(stored.iter().map(|byte| byte ^ self.0));
            Ok(())
        }

        fn decompress(&self, data: &[u8], stored: &mut [u8], (): &mut ()) -> Result<()> {
            stored.iter_mut().zip(data).for_each(|(to, from)| *to = from ^ self.0);
            Ok(())
        }
    }

    #[test]
    fn blocks_of_other_parameters_decode_otherwise_unless_the_coder_overrides_it() {
        assert!(Keyed(1).decodes_like(&Keyed(1)));
        assert!(!Keyed(1).decodes_like(&Keyed(2)));
        assert!(!Keyed(1).decodes_like(&raw::Params));
    }
}
