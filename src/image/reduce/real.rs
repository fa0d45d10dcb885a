//! Samples as real numbers, for means that are not exact.

use crate::image::sample::{half_from_f32, half_to_f32};

/// A number of `N` bytes.
pub(super) trait Real<const N: usize> {
    /// The number in native byte order.
    fn read(bytes: [u8; N]) -> f64;

    /// The bytes of the nearest number: of two integers the greater, and the last integer of the type beyond it.
    fn bytes(value: f64) -> [u8; N];
}

/// A half-precision number.
pub(super) struct Half;

/// Calls a method with the type of a sample: bytes of a number, its type, and the numbers of a sample (a complex one has two).
macro_rules! by_sample {
    ($sample:expr, $this:ident.$method:ident($($argument:expr),*)) => {
        match $sample {
            SampleType::UInt8 => $this.$method::<1, u8, 1>($($argument),*),
            SampleType::Int8 => $this.$method::<1, i8, 1>($($argument),*),
            SampleType::UInt16 => $this.$method::<2, u16, 1>($($argument),*),
            SampleType::Int16 => $this.$method::<2, i16, 1>($($argument),*),
            SampleType::UInt32 => $this.$method::<4, u32, 1>($($argument),*),
            SampleType::Int32 => $this.$method::<4, i32, 1>($($argument),*),
            SampleType::UInt64 => $this.$method::<8, u64, 1>($($argument),*),
            SampleType::Int64 => $this.$method::<8, i64, 1>($($argument),*),
            SampleType::Float16 => $this.$method::<2, Half, 1>($($argument),*),
            SampleType::Float32 => $this.$method::<4, f32, 1>($($argument),*),
            SampleType::Float64 => $this.$method::<8, f64, 1>($($argument),*),
            SampleType::Complex64 => $this.$method::<4, f32, 2>($($argument),*),
            SampleType::Complex128 => $this.$method::<8, f64, 2>($($argument),*),
        }
    };
}
pub(super) use by_sample;

/// The numbers of a sample.
pub(super) fn parts<const N: usize, T: Real<N>, const PARTS: usize>(sample: &[u8]) -> [f64; PARTS] {
    let numbers = sample.as_chunks::<N>().0;
    std::array::from_fn(|part| T::read(numbers[part]))
}

/// True if a sample with these numbers is not nodata. Any NaN is nodata if nodata is NaN.
pub(super) fn counts<const PARTS: usize>(sample: [f64; PARTS], nodata: Option<[f64; PARTS]>) -> bool {
    match nodata {
        None => true,
        Some(nodata) if nodata[0].is_nan() => !sample.iter().any(|part| part.is_nan()),
        Some(nodata) => sample != nodata,
    }
}

macro_rules! integers {
    ($($type:ty, $bytes:literal;)*) => {
        $(impl Real<$bytes> for $type {
            #[allow(clippy::cast_lossless, reason = "integers of 64 bits lose bits")]
            fn read(bytes: [u8; $bytes]) -> f64 {
                Self::from_ne_bytes(bytes) as f64
            }

            #[allow(clippy::cast_possible_truncation, reason = "the cast saturates")]
            fn bytes(value: f64) -> [u8; $bytes] {
                ((value + 0.5).floor() as Self).to_ne_bytes()
            }
        })*
    };
}
integers! { u8, 1; i8, 1; u16, 2; i16, 2; u32, 4; i32, 4; u64, 8; i64, 8; }

impl Real<2> for Half {
    fn read(bytes: [u8; 2]) -> f64 {
        half_to_f32(u16::from_ne_bytes(bytes)).into()
    }

    fn bytes(value: f64) -> [u8; 2] {
        let near = value as f32;
        // Rounded to odd first, so only the second rounding takes effect.
        let once = if f64::from(near) == value || !near.is_finite() {
            near
        } else {
            let below = if f64::from(near).abs() > value.abs() { near.to_bits() - 1 } else { near.to_bits() };
            f32::from_bits(below | 1)
        };
        half_from_f32(once).to_ne_bytes()
    }
}

impl Real<4> for f32 {
    fn read(bytes: [u8; 4]) -> f64 {
        Self::from_ne_bytes(bytes).into()
    }

    fn bytes(value: f64) -> [u8; 4] {
        (value as Self).to_ne_bytes()
    }
}

impl Real<8> for f64 {
    fn read(bytes: [u8; 8]) -> f64 {
        Self::from_ne_bytes(bytes)
    }

    fn bytes(value: f64) -> [u8; 8] {
        value.to_ne_bytes()
    }
}
