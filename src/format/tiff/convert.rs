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
