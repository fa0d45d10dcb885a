//! Converts samples whose stored form has no sample type to samples that have one.

use super::ycbcr::DataUnits;
use crate::codec::{BlockDecoder, BlockShape, PixelCoding, Scratch};
use crate::error::Result;

/// The conversion of the samples that a codec returns.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Conversion {
    /// They are the image's samples.
    None,
    /// Luminance and chrominance in data units become red, green, blue.
    YCbCr(DataUnits),
    /// Pairs of 16-bit integers become complex numbers of 32-bit floats.
    ComplexInt,
}

/// A decoder of stored bytes with reversed bits.
struct Reversed(Box<dyn BlockDecoder>);

/// A decoder with a conversion of its samples.
struct Converted {
    decoder: Box<dyn BlockDecoder>,
    pixels: PixelCoding,
    /// Columns of pixels in a block.
    columns: usize,
    conversion: Conversion,
}

/// The buffer that [`Reversed`] keeps from block to block.
#[derive(Default)]
struct ReversedBytes(Vec<u8>);

/// The buffer that [`Converted`] keeps from block to block.
#[derive(Default)]
struct Unconverted(Vec<u8>);

/// A decoder of blocks whose stored bytes have their bits in reverse order.
pub(super) fn reversed(decoder: Box<dyn BlockDecoder>) -> Box<dyn BlockDecoder> {
    Box::new(Reversed(decoder))
}

impl Conversion {
    /// A decoder that also converts. Blocks are `columns` pixels wide, and `decoder` writes `pixels`.
    pub(super) fn after(
        &self,
        decoder: Box<dyn BlockDecoder>,
        pixels: PixelCoding,
        columns: usize,
    ) -> Box<dyn BlockDecoder> {
        if *self == Self::None {
            return decoder;
        }
        Box::new(Converted { decoder, pixels, columns, conversion: self.clone() })
    }
}

impl BlockDecoder for Reversed {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        let ReversedBytes(mut reversed) = std::mem::take(scratch.state());
        reversed.clear();
        reversed.extend(data.iter().map(|byte| byte.reverse_bits()));
        let decoded = self.0.decode(shape, &reversed, out, scratch);
        *scratch.state() = ReversedBytes(reversed);
        decoded
    }
}

impl BlockDecoder for Converted {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        let Unconverted(mut samples) = std::mem::take(scratch.state());
        samples.resize(self.pixels.block_bytes(shape), 0);
        self.decoder.decode(shape, data, &mut samples, scratch)?;
        self.conversion.apply(&samples, self.columns, out);
        *scratch.state() = Unconverted(samples);
        Ok(())
    }
}

impl Conversion {
    /// Converts a block whose rows have `columns` pixels; `out` has the size of the result, all in native byte order.
    pub(super) fn apply(&self, decoded: &[u8], columns: usize, out: &mut [u8]) {
        match self {
            Self::None => out.copy_from_slice(decoded),
            Self::YCbCr(units) => units.to_rgb(decoded, columns, out),
            Self::ComplexInt => {
                for (from, to) in decoded.as_chunks::<2>().0.iter().zip(out.as_chunks_mut::<4>().0) {
                    *to = f32::from(i16::from_ne_bytes(*from)).to_ne_bytes();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complex_integers_become_floats() {
        let decoded: Vec<u8> = [-3i16, 7].iter().flat_map(|value| value.to_ne_bytes()).collect();
        let mut out = [0; 8];
        Conversion::ComplexInt.apply(&decoded, 1, &mut out);
        assert_eq!(out[..4], (-3f32).to_ne_bytes());
        assert_eq!(out[4..], 7f32.to_ne_bytes());
    }
}
