//! Reconstruction of coefficients from the magnitudes that block decoders return (T.800 E.1).

use super::components::Component;
use super::ht::Sample;

/// A type of coefficients that are reconstructed.
pub(crate) trait Reconstructed: Component {
    /// What the block decoders return.
    type Magnitude: Sample;

    /// The coefficient of twice a magnitude, multiplied by `scale`.
    fn of_double(magnitude: Self::Magnitude, is_negative: bool, scale: f64) -> Self;
}

impl Reconstructed for i32 {
    type Magnitude = u32;

    #[inline(always)]
    fn of_double(magnitude: u32, is_negative: bool, _: f64) -> Self {
        let value = (magnitude >> 1) as i32;
        if is_negative { -value } else { value }
    }
}

impl Reconstructed for i64 {
    type Magnitude = u64;

    #[inline(always)]
    fn of_double(magnitude: u64, is_negative: bool, _: f64) -> Self {
        let value = (magnitude >> 1) as i64;
        if is_negative { -value } else { value }
    }
}

impl Reconstructed for f32 {
    type Magnitude = u32;

    #[inline(always)]
    fn of_double(magnitude: u32, is_negative: bool, scale: f64) -> Self {
        let scale = scale as f32;
        magnitude as f32 * if is_negative { -scale } else { scale }
    }
}

impl Reconstructed for f64 {
    type Magnitude = u64;

    #[inline(always)]
    fn of_double(magnitude: u64, is_negative: bool, scale: f64) -> Self {
        magnitude as f64 * if is_negative { -scale } else { scale }
    }
}
