//! From samples to components and back (T.800 Annex G): the level shift and the transforms of the first three components.

use super::dwt::{Coefficient, Plane};
use crate::error::{Error, Result};
use crate::image::SampleType;
use crate::simd;

/// A type of coefficients that samples are converted to.
pub(crate) trait Component: Coefficient {
    /// Converts a sample, less the level shift.
    fn of(sample: i64, shift: i64) -> Self;

    /// Transforms red, green and blue in place: the reversible transform (G.2) for integers, the irreversible one (G.3) for
    /// floats.
    fn transform(planes: &mut [Plane<Self>; 3]);

    /// Undoes [`Component::transform`].
    fn restore(planes: &mut [Plane<Self>; 3]);

    /// The nearest samples in a range, after `shift` was added.
    fn samples(plane: Plane<Self>, shift: i64, range: (i64, i64)) -> Samples;

    /// The squared norms of the transform's synthesis: how much an error of each component counts in the image.
    const NORMS: [f64; 3];
}

/// The samples of a component.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Samples {
    /// Of at most 31 bits.
    Narrow(Vec<i32>),
    /// Of more bits.
    Wide(Vec<i64>),
}

/// The most bits, colour transform included, of samples whose coefficients fit into 32 bits.
pub(crate) const NARROW_BITS: u32 = 26;

/// The most bits of samples that are decoded to 32 bits.
pub(crate) const NARROW_SAMPLE_BITS: u32 = 31;

/// The level shift that makes samples symmetric about zero (G.1).
pub(crate) fn level_shift(sample: SampleType, bits: u32) -> i64 {
    if sample.is_signed_integer() { 0 } else { 1 << (bits - 1) }
}

/// The planes of a tile's samples, less `shift`: `bytes` holds them band after band in native byte order.
pub(crate) fn planes<T: Component>(
    bytes: &[u8],
    sample: SampleType,
    width: usize,
    bands: usize,
    shift: i64,
) -> Vec<Plane<T>> {
    let plane = |bytes: &[u8]| {
        let samples = match sample {
            SampleType::UInt8 => bytes.iter().map(|byte| T::of(i64::from(*byte), shift)).collect(),
            SampleType::Int8 => bytes.iter().map(|byte| T::of(i64::from(*byte as i8), shift)).collect(),
            SampleType::UInt16 => convert(bytes, |bytes| T::of(u16::from_ne_bytes(bytes).into(), shift)),
            SampleType::Int16 => convert(bytes, |bytes| T::of(i16::from_ne_bytes(bytes).into(), shift)),
            SampleType::UInt32 => convert(bytes, |bytes| T::of(u32::from_ne_bytes(bytes).into(), shift)),
            SampleType::Int32 => convert(bytes, |bytes| T::of(i32::from_ne_bytes(bytes).into(), shift)),
            // The caller has checked that samples have at most 38 bits.
            _ => convert(bytes, |bytes| T::of(i64::from_ne_bytes(bytes), shift)),
        };
        Plane { width, samples }
    };
    bytes.chunks_exact((bytes.len() / bands).max(1)).map(plane).collect()
}

/// The least and the largest sample.
pub(crate) fn range(is_signed: bool, bits: u32) -> (i64, i64) {
    if is_signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

/// Checks that samples need no more than `bits`.
///
/// # Errors
/// [`Error::Usage`] with the first sample that does.
pub(crate) fn check(bytes: &[u8], sample: SampleType, bits: u32) -> Result<()> {
    if bits >= sample.bits() {
        return Ok(());
    }
    let (low, high) = range(sample.is_signed_integer(), bits);
    let mut values = planes::<i64>(bytes, sample, 1, 1, 0).into_iter().flat_map(|plane| plane.samples);
    match values.find(|value| !(low..=high).contains(value)) {
        Some(value) => Err(Error::usage("sample of a JPEG 2000 image:")
            .found(value)
            .allowed(format!("{low} to {high} ({bits} bits)"))),
        None => Ok(()),
    }
}

fn convert<const N: usize, T>(bytes: &[u8], one: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|bytes| one(*bytes)).collect()
}

/// Passes the three samples at each place to `one` and stores what it returns.
fn each<T: Copy>(planes: &mut [Plane<T>; 3], one: impl Fn(T, T, T) -> [T; 3]) {
    let [first, second, third] = planes;
    let rest = second.samples.iter_mut().zip(&mut third.samples);
    for (a, (b, c)) in first.samples.iter_mut().zip(rest) {
        [*a, *b, *c] = one(*a, *b, *c);
    }
}

macro_rules! reversible {
    ($($type:ty: $samples:ident),+) => {$(
        impl Component for $type {
            fn of(sample: i64, shift: i64) -> Self {
                (sample - shift) as Self
            }

            fn transform(planes: &mut [Plane<Self>; 3]) {
                each(planes, |r, g, b| [(r + 2 * g + b) >> 2, b - g, r - g]);
            }

            fn restore(planes: &mut [Plane<Self>; 3]) {
                each(planes, |y, u, v| {
                    let g = y.wrapping_sub(u.wrapping_add(v) >> 2);
                    [v.wrapping_add(g), g, u.wrapping_add(g)]
                });
            }

            fn samples(plane: Plane<Self>, shift: i64, range: (i64, i64)) -> Samples {
                $samples(plane.samples, shift, range)
            }

            const NORMS: [f64; 3] = [3.0, 0.6875, 0.6875];
        }
    )+};
}

reversible!(i32: shifted, i64: shifted_long);

/// Coefficients of 32 bits are those of samples of fewer bits.
fn shifted(mut samples: Vec<i32>, shift: i64, (low, high): (i64, i64)) -> Samples {
    simd::shift_and_clamp(&mut samples, shift as i32, low as i32, high as i32);
    Samples::Narrow(samples)
}

fn shifted_long(mut samples: Vec<i64>, shift: i64, (low, high): (i64, i64)) -> Samples {
    let sample = |sample: i64| sample.wrapping_add(shift).clamp(low, high);
    if is_narrow((low, high)) {
        return Samples::Narrow(samples.into_iter().map(|value| sample(value) as i32).collect());
    }
    for value in &mut samples {
        *value = sample(*value);
    }
    Samples::Wide(samples)
}

/// True if 32 bits hold the samples of a range.
fn is_narrow((low, high): (i64, i64)) -> bool {
    i32::try_from(low).is_ok() && i32::try_from(high).is_ok()
}

macro_rules! irreversible {
    ($($type:ty: $cb_of_g:literal, $cr_of_g:literal, $samples:ident),+) => {$(
        impl Component for $type {
            fn of(sample: i64, shift: i64) -> Self {
                (sample - shift) as Self
            }

            fn transform(planes: &mut [Plane<Self>; 3]) {
                each(planes, |r, g, b| {
                    let y = 0.299 * r + 0.587 * g + 0.114 * b;
                    [y, (b - y) * (0.5 / (1.0 - 0.114)), (r - y) * (0.5 / (1.0 - 0.299))]
                });
            }

            fn restore(planes: &mut [Plane<Self>; 3]) {
                each(planes, |y, cb, cr| {
                    let (r, b) = (y + 1.402 * cr, y + 1.772 * cb);
                    [r, y - $cb_of_g * cb - $cr_of_g * cr, b]
                });
            }

            fn samples(plane: Plane<Self>, shift: i64, range: (i64, i64)) -> Samples {
                $samples(&plane.samples, shift, range)
            }

            const NORMS: [f64; 3] = [3.0, 3.2584, 2.4755];
        }
    )+};
}

irreversible!(f32: 0.344_136, 0.714_136, rounded, f64: 0.344_136_286_201_022, 0.714_136_286_201_022, rounded_long);

fn rounded(samples: &[f32], shift: i64, (low, high): (i64, i64)) -> Samples {
    let (shift, low, high) = (shift as i32, low as i32, high as i32);
    let sample = |sample: &f32| (sample.round_ties_even() as i32).saturating_add(shift).clamp(low, high);
    Samples::Narrow(samples.iter().map(sample).collect())
}

fn rounded_long(samples: &[f64], shift: i64, (low, high): (i64, i64)) -> Samples {
    let sample = |sample: &f64| (sample.round_ties_even() as i64).saturating_add(shift).clamp(low, high);
    if is_narrow((low, high)) {
        return Samples::Narrow(samples.iter().map(|value| sample(value) as i32).collect());
    }
    Samples::Wide(samples.iter().map(sample).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsigned_samples_are_centred_and_signed_ones_kept() {
        let found = planes::<i32>(&[0, 128, 255], SampleType::UInt8, 3, 1, level_shift(SampleType::UInt8, 8));
        assert_eq!(found[0].samples, [-128, 0, 127]);
        assert_eq!(
            planes::<i32>(&[0x80, 0, 0x7F], SampleType::Int8, 3, 1, level_shift(SampleType::Int8, 8))[0].samples,
            [-128, 0, 127]
        );
        let bytes: Vec<u8> = [0u16, 4095].iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        assert_eq!(
            planes::<i64>(&bytes, SampleType::UInt16, 1, 2, level_shift(SampleType::UInt16, 12))[1].samples,
            [2047]
        );
    }

    #[test]
    fn the_transforms_can_be_reversed() {
        for [r, g, b] in [[-128, 127, -128], [127, -128, 127], [5, -9, 33], [-1, -1, -1]] {
            let mut planes = [r, g, b].map(|sample| Plane { width: 1, samples: vec![sample] });
            i32::transform(&mut planes);
            i32::restore(&mut planes);
            assert_eq!(planes.map(|plane| plane.samples[0]), [r, g, b]);
            let mut planes = [r, g, b].map(|sample| Plane { width: 1, samples: vec![sample as f32] });
            f32::transform(&mut planes);
            f32::restore(&mut planes);
            let samples = planes.map(|plane| f32::samples(plane, 128, (0, 255)));
            assert_eq!(samples, [r, g, b].map(|sample| Samples::Narrow(vec![sample + 128])));
        }
        for [r, g, b] in [[0, (1 << 38) - 1, 5], [(1 << 38) - 1, 0, 1 << 37], [1 << 37; 3]] {
            let of = |sample: i64| Plane { width: 1, samples: vec![f64::of(sample, 1 << 37)] };
            let mut planes = [r, g, b].map(of);
            f64::transform(&mut planes);
            f64::restore(&mut planes);
            let samples = planes.map(|plane| f64::samples(plane, 1 << 37, range(false, 38)));
            assert_eq!(samples, [r, g, b].map(|sample| Samples::Wide(vec![sample])));
        }
    }

    #[test]
    fn grey_has_no_colour() {
        let mut planes = [100.0, 100.0, 100.0].map(|sample| Plane { width: 1, samples: vec![sample] });
        f32::transform(&mut planes);
        let [y, cb, cr] = planes.map(|plane: Plane<f32>| plane.samples[0]);
        assert!((y - 100.0).abs() < 1e-3 && cb.abs() < 1e-3 && cr.abs() < 1e-3);
    }
}
