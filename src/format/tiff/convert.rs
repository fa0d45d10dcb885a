//! Samples that are stored in a form no sample type has, made into ones that have a type.

use super::ycbcr::DataUnits;

/// What becomes of the samples that a codec gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Conversion {
    /// They are the image's.
    None,
    /// Luminance and chrominance in data units become red, green, blue.
    YCbCr(DataUnits),
    /// Pairs of 16-bit integers become complex numbers of 32-bit floats.
    ComplexInt,
    /// 24-bit floats, in the low bits of 32-bit integers, become 32-bit floats.
    Float24,
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
            Self::Float24 => {
                for (from, to) in decoded.as_chunks::<4>().0.iter().zip(out.as_chunks_mut::<4>().0) {
                    *to = widen(u32::from_ne_bytes(*from)).to_ne_bytes();
                }
            }
        }
    }
}

/// A float of 1 sign, 7 exponent (bias 63) and 16 mantissa bits (Adobe TIFF Technical Note 3).
fn widen(bits: u32) -> f32 {
    let sign = (bits & 0x0080_0000) << 8;
    let exponent = (bits >> 16) & 0x7f;
    let mantissa = bits & 0xffff;
    let magnitude = match exponent {
        0 => (mantissa as f32 * (-78f32).exp2()).to_bits(),
        0x7f => 0x7f80_0000 | mantissa << 7,
        _ => (exponent + 127 - 63) << 23 | mantissa << 7,
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_24_bits_keep_their_value() {
        let cases = [(0x3f_0000, 1.0), (0xbf_8000, -1.5), (0x00_0001, (-78f32).exp2()), (0x7e_ffff, 1.844_660_33e19)];
        for (bits, value) in cases {
            assert_eq!(widen(bits), value, "{bits:06x}");
        }
        assert!(widen(0x7f_0000).is_infinite() && widen(0x7f_0001).is_nan());
    }

    #[test]
    fn complex_integers_become_floats() {
        let decoded: Vec<u8> = [-3i16, 7].iter().flat_map(|value| value.to_ne_bytes()).collect();
        let mut out = [0; 8];
        Conversion::ComplexInt.apply(&decoded, 1, &mut out);
        assert_eq!(out[..4], (-3f32).to_ne_bytes());
        assert_eq!(out[4..], 7f32.to_ne_bytes());
    }
}
