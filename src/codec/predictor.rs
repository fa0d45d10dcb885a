//! Predictors (TIFF 6.0 §14, Adobe TIFF Technical Note 3) on whole blocks. Prediction restarts at each row.

use super::{BlockShape, PixelCoding};
use crate::error::{Error, Result};
use crate::image::SampleType;
use crate::simd;

/// Differencing of neighbouring samples (TIFF 6.0 §14, Adobe TIFF Technical Note 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Predictor {
    /// None.
    #[default]
    None,
    /// Each sample minus the previous one of the same band in the row, modulo its width.
    Horizontal,
    /// Floating-point bytes grouped by significance, then byte differences.
    FloatingPoint,
}

impl Predictor {
    /// The predictors for these pixels; the first compresses best.
    pub(crate) fn suiting(pixels: &PixelCoding) -> impl Iterator<Item = Self> {
        let best = match pixels.sample {
            sample if pixels.bits != sample.bits() => None,
            sample if sample.is_integer() => Some(Self::Horizontal),
            sample if sample.is_float() => Some(Self::FloatingPoint),
            _ => None,
        };
        best.into_iter().chain([Self::None])
    }
}

/// Replaces samples with differences, in place; `row` is a buffer for one row.
///
/// # Errors
/// [`Error::Unsupported`] for a sample type that the predictor does not support.
pub(super) fn apply(
    predictor: Predictor,
    pixels: &PixelCoding,
    shape: BlockShape,
    samples: &mut [u8],
    row: &mut Vec<u8>,
) -> Result<()> {
    let stride = pixels.samples as usize;
    match predictor {
        Predictor::None => {}
        Predictor::Horizontal if !pixels.sample.is_integer() => {
            return Err(mismatch(predictor, pixels, "integers"));
        }
        Predictor::Horizontal => {
            for samples in rows(pixels, shape, samples) {
                simd::difference(samples, pixels.sample.bytes(), stride);
            }
        }
        Predictor::FloatingPoint => {
            let bytes = float_bytes(predictor, pixels)?;
            row.resize(pixels.row_bytes(shape.columns), 0);
            for samples in rows(pixels, shape, samples) {
                simd::split_planes(samples, bytes, row);
                simd::difference(row, 1, stride);
                samples.copy_from_slice(row);
            }
        }
    }
    Ok(())
}

/// The reverse of [`apply`]. It also reads horizontal differences of floats and of complex samples: some writers treat the
/// bits of such a sample as one unsigned number.
///
/// # Errors
/// [`Error::Unsupported`] for a sample type that the predictor does not support.
pub(super) fn restore(
    predictor: Predictor,
    pixels: &PixelCoding,
    shape: BlockShape,
    samples: &mut [u8],
    row: &mut Vec<u8>,
) -> Result<()> {
    let stride = pixels.samples as usize;
    match predictor {
        Predictor::None => {}
        Predictor::Horizontal if pixels.sample.bytes() > 8 => {
            return Err(mismatch(predictor, pixels, "samples of at most 64 bits"));
        }
        Predictor::Horizontal => {
            for samples in rows(pixels, shape, samples) {
                simd::accumulate(samples, pixels.sample.bytes(), stride);
            }
        }
        Predictor::FloatingPoint => {
            let bytes = float_bytes(predictor, pixels)?;
            row.resize(pixels.row_bytes(shape.columns), 0);
            for samples in rows(pixels, shape, samples) {
                simd::accumulate(samples, 1, stride);
                row.copy_from_slice(samples);
                simd::join_planes(row, bytes, samples);
            }
        }
    }
    Ok(())
}

/// Converts floats of 24 bits (Technical Note 3: sign, 7 bits of exponent, 16 of mantissa) to 32 bits. `stored` is altered.
///
/// # Errors
/// [`Error::Unsupported`] for [`Predictor::Horizontal`].
pub(super) fn restore_float24(
    predictor: Predictor,
    pixels: &PixelCoding,
    shape: BlockShape,
    stored: &mut [u8],
    out: &mut [u8],
) -> Result<()> {
    let columns = (shape.columns * pixels.samples) as usize;
    let stride = pixels.samples as usize;
    if predictor == Predictor::Horizontal {
        return Err(Error::unsupported("predictor 2 for floats of 24 bits"));
    }
    let rows =
        stored.chunks_exact_mut((columns * 3).max(1)).zip(out.chunks_exact_mut(pixels.row_bytes(shape.columns).max(1)));
    for (stored, out) in rows {
        let planes = predictor == Predictor::FloatingPoint;
        if planes {
            simd::accumulate(stored, 1, stride);
        }
        for (column, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let at = if planes {
                [column, column + columns, column + 2 * columns]
            } else if pixels.byte_order == crate::io::ByteOrder::Big {
                [column * 3, column * 3 + 1, column * 3 + 2]
            } else {
                [column * 3 + 2, column * 3 + 1, column * 3]
            };
            let bits = at.iter().fold(0, |bits, at| bits << 8 | u32::from(stored[*at]));
            *out = f32::to_ne_bytes(float24(bits));
        }
    }
    Ok(())
}

/// Bytes of the units in the file's byte order: a differenced complex sample is one unit.
pub(super) fn number_bytes(predictor: Predictor, pixels: &PixelCoding) -> usize {
    match predictor {
        Predictor::Horizontal => pixels.sample.bytes(),
        _ => pixels.sample.swap_unit(),
    }
}

fn rows<'a>(pixels: &PixelCoding, shape: BlockShape, samples: &'a mut [u8]) -> std::slice::ChunksExactMut<'a, u8> {
    samples.chunks_exact_mut(pixels.row_bytes(shape.columns).max(1))
}

fn float_bytes(predictor: Predictor, pixels: &PixelCoding) -> Result<usize> {
    match pixels.sample {
        SampleType::Float16 | SampleType::Float32 | SampleType::Float64 => Ok(pixels.sample.bytes()),
        _ => Err(mismatch(predictor, pixels, "float16, float32 or float64")),
    }
}

fn mismatch(predictor: Predictor, pixels: &PixelCoding, allowed: &str) -> Error {
    let predictor = if predictor == Predictor::Horizontal { 2 } else { 3 };
    Error::unsupported(format!("sample type for predictor {predictor}")).found(pixels.sample).allowed(allowed)
}

/// The value of a float of one sign bit, 7 bits of exponent (bias 63) and 16 of mantissa.
fn float24(bits: u32) -> f32 {
    let sign = (bits & 0x0080_0000) << 8;
    let exponent = bits >> 16 & 0x7f;
    let mantissa = (bits & 0xffff) << 7;
    match exponent {
        0 => f32::from_bits(sign | ((bits & 0xffff) as f32 * 2f32.powi(-62 - 16)).to_bits()),
        0x7f => f32::from_bits(sign | 0x7f80_0000 | mantissa),
        _ => f32::from_bits(sign | (exponent + 127 - 63) << 23 | mantissa),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::ByteOrder;

    /// A predictor, and rows of pixels for it.
    struct Case {
        predictor: Predictor,
        pixels: PixelCoding,
        shape: BlockShape,
    }

    impl Case {
        fn new(sample: SampleType, columns: u32, samples: u32, predictor: Predictor) -> Self {
            Self { predictor, pixels: PixelCoding::new(samples, sample), shape: BlockShape::new(columns, 1) }
        }

        fn apply(&self, samples: &mut [u8]) -> Result<()> {
            apply(self.predictor, &self.pixels, self.shape, samples, &mut Vec::new())
        }

        fn restore(&self, samples: &mut [u8]) -> Result<()> {
            restore(self.predictor, &self.pixels, self.shape, samples, &mut Vec::new())
        }
    }

    #[test]
    fn floats_are_differences_of_planes() {
        let case = Case::new(SampleType::Float32, 3, 1, Predictor::FloatingPoint);
        let samples: Vec<u8> = [1.0f32, 2.0, 3.5].iter().flat_map(|value| value.to_ne_bytes()).collect();
        let mut stored = samples.clone();
        case.apply(&mut stored).unwrap();
        assert_eq!(stored, [0x3F, 0x01, 0x00, 0x40, 0x80, 0x60, 0xA0, 0, 0, 0, 0, 0]);
        case.restore(&mut stored).unwrap();
        assert_eq!(stored, samples);
    }

    #[test]
    fn every_row_and_every_band_is_for_itself() {
        let mut case = Case::new(SampleType::UInt8, 2, 3, Predictor::Horizontal);
        case.shape.rows = 2;
        let mut stored = [10, 20, 30, 11, 19, 30, 100, 0, 5, 90, 1, 5];
        case.apply(&mut stored).unwrap();
        assert_eq!(stored, [10, 20, 30, 1, 255, 0, 100, 0, 5, 246, 1, 0]);
    }

    #[test]
    fn differences_of_floats_are_read_as_those_of_numbers_but_not_written() {
        let floats = Case::new(SampleType::Float32, 2, 1, Predictor::Horizontal);
        let [first, second] = [1.0f32, 1.5].map(f32::to_bits);
        let mut stored: Vec<u8> = [first, second - first].iter().flat_map(|bits| bits.to_ne_bytes()).collect();
        floats.restore(&mut stored).unwrap();
        assert_eq!(stored[4..], 1.5f32.to_ne_bytes());

        let error = floats.apply(&mut stored).unwrap_err();
        assert_eq!(error.to_string(), "unsupported sample type for predictor 2: got float32, expected integers");
    }

    #[test]
    fn complex_samples_are_differenced_as_one_number() {
        let complex = Case::new(SampleType::Complex64, 2, 1, Predictor::Horizontal);
        assert_eq!(number_bytes(complex.predictor, &complex.pixels), 8);
        assert_eq!(number_bytes(Predictor::None, &complex.pixels), 4);
        let mut stored: Vec<u8> = [u64::MAX, 2].iter().flat_map(|number| number.to_ne_bytes()).collect();
        complex.restore(&mut stored).unwrap();
        assert_eq!(stored[8..], 1u64.to_ne_bytes());
        for sample in [SampleType::Complex128, SampleType::UInt16] {
            let refused = Case::new(
                sample,
                1,
                1,
                if sample.is_complex() { Predictor::Horizontal } else { Predictor::FloatingPoint },
            );
            assert!(matches!(
                refused.restore(&mut vec![0; refused.pixels.block_bytes(refused.shape)]),
                Err(Error::Unsupported(_))
            ));
        }
    }

    #[test]
    fn floats_of_24_bits_are_widened_exactly() {
        let cases = [
            (0x3F_0000, 1.0),
            (0xBF_8000, -1.5),
            (0x00_0000, 0.0),
            (0x00_0001, 2f32.powi(-78)),
            (0x80_8000, -(2f32.powi(-63))),
            (0x7E_FFFF, (2.0 - 2f32.powi(-16)) * 2f32.powi(63)),
            (0x7F_0000, f32::INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(float24(bits), value, "{bits:06x}");
        }
        assert!(float24(0x7F_0001).is_nan());
    }

    #[test]
    fn floats_of_24_bits_stand_in_the_order_of_the_file_or_in_planes() {
        let floats = PixelCoding::new(1, SampleType::Float32);
        let expected: Vec<u8> = [1.0f32, -1.5].iter().flat_map(|value| value.to_ne_bytes()).collect();
        let orders = [
            (ByteOrder::Big, Predictor::None, [0x3F, 0, 0, 0xBF, 0x80, 0]),
            (ByteOrder::Little, Predictor::None, [0, 0, 0x3F, 0, 0x80, 0xBF]),
            (ByteOrder::Little, Predictor::FloatingPoint, [0x3F, 0x80, 0x41, 0x80, 0x80, 0]),
        ];
        for (byte_order, predictor, mut stored) in orders {
            let pixels = PixelCoding { bits: 24, byte_order, ..floats };
            let mut out = [0; 8];
            restore_float24(predictor, &pixels, BlockShape::new(2, 1), &mut stored, &mut out).unwrap();
            assert_eq!(out[..], expected, "{byte_order:?} {predictor:?}");
        }
    }
}
