//! Predictors (TIFF 6.0 §14, Adobe TIFF Technical Note 3) on whole blocks. Every row starts anew.

use super::{BlockSpec, Predictor};
use crate::error::{Error, Result};
use crate::image::SampleType;
use crate::simd;

/// Replaces samples by differences, in place; `row` is room for one row.
///
/// # Errors
/// [`Error::Unsupported`] for a sample type that the predictor is not made for.
pub(super) fn apply(spec: &BlockSpec, samples: &mut [u8], row: &mut Vec<u8>) -> Result<()> {
    let stride = spec.samples as usize;
    match spec.predictor {
        Predictor::None => {}
        Predictor::Horizontal if !spec.sample.is_integer() => {
            return Err(mismatch(spec, "integers"));
        }
        Predictor::Horizontal => {
            for samples in rows(spec, samples) {
                simd::difference(samples, spec.sample.bytes(), stride);
            }
        }
        Predictor::FloatingPoint => {
            let bytes = float_bytes(spec)?;
            row.resize(spec.row_bytes(), 0);
            for samples in rows(spec, samples) {
                simd::split_planes(samples, bytes, row);
                simd::difference(row, 1, stride);
                samples.copy_from_slice(row);
            }
        }
    }
    Ok(())
}

/// The reverse of [`apply`]. Horizontal differences of floats and of complex samples are read too: some writers take the
/// bits of such a sample as one unsigned number.
///
/// # Errors
/// [`Error::Unsupported`] for a sample type that the predictor is not made for.
pub(super) fn restore(spec: &BlockSpec, samples: &mut [u8], row: &mut Vec<u8>) -> Result<()> {
    let stride = spec.samples as usize;
    match spec.predictor {
        Predictor::None => {}
        Predictor::Horizontal if spec.sample.bytes() > 8 => return Err(mismatch(spec, "samples of at most 64 bits")),
        Predictor::Horizontal => {
            for samples in rows(spec, samples) {
                simd::accumulate(samples, spec.sample.bytes(), stride);
            }
        }
        Predictor::FloatingPoint => {
            let bytes = float_bytes(spec)?;
            row.resize(spec.row_bytes(), 0);
            for samples in rows(spec, samples) {
                simd::accumulate(samples, 1, stride);
                row.copy_from_slice(samples);
                simd::join_planes(row, bytes, samples);
            }
        }
    }
    Ok(())
}

/// Floats of 24 bits (Technical Note 3) to 32: one sign bit, seven of exponent, sixteen of mantissa. `stored` is altered.
///
/// # Errors
/// [`Error::Unsupported`] for [`Predictor::Horizontal`].
pub(super) fn restore_float24(spec: &BlockSpec, stored: &mut [u8], out: &mut [u8]) -> Result<()> {
    let columns = (spec.columns * spec.samples) as usize;
    let stride = spec.samples as usize;
    if spec.predictor == Predictor::Horizontal {
        return Err(Error::unsupported("predictor 2 for floats of 24 bits"));
    }
    let rows = stored.chunks_exact_mut((columns * 3).max(1)).zip(out.chunks_exact_mut(spec.row_bytes().max(1)));
    for (stored, out) in rows {
        let planes = spec.predictor == Predictor::FloatingPoint;
        if planes {
            simd::accumulate(stored, 1, stride);
        }
        for (column, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let at = if planes {
                [column, column + columns, column + 2 * columns]
            } else if spec.byte_order == crate::io::ByteOrder::Big {
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

/// Bytes of the numbers that stand in the file's byte order: complex samples that were differenced count as one number.
pub(super) fn number_bytes(spec: &BlockSpec) -> usize {
    match spec.predictor {
        Predictor::Horizontal => spec.sample.bytes(),
        _ => spec.sample.swap_unit(),
    }
}

fn rows<'a>(spec: &BlockSpec, samples: &'a mut [u8]) -> std::slice::ChunksExactMut<'a, u8> {
    samples.chunks_exact_mut(spec.row_bytes().max(1))
}

fn float_bytes(spec: &BlockSpec) -> Result<usize> {
    match spec.sample {
        SampleType::Float16 | SampleType::Float32 | SampleType::Float64 => Ok(spec.sample.bytes()),
        _ => Err(mismatch(spec, "float16, float32, float64")),
    }
}

fn mismatch(spec: &BlockSpec, allowed: &str) -> Error {
    let predictor = if spec.predictor == Predictor::Horizontal { 2 } else { 3 };
    Error::unsupported(format!("sample type for predictor {predictor}")).found(spec.sample).allowed(allowed)
}

/// The value of a float of one sign bit, seven bits of exponent (bias 63) and sixteen of mantissa.
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
