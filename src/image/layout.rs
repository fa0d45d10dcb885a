//! The structure of an image as one value.

use super::grid::BlockGrid;
use super::sample::{SampleType, half_from_f32};
use crate::error::{Error, Result};

/// The nodata value of a sample, exact for every sample type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PadValue {
    /// An integer.
    Int(i128),
    /// A float, which may be NaN or infinite.
    Float(f64),
}

/// Size, bands, sample type and block grid of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageLayout {
    /// Size of the image and of its blocks.
    pub grid: BlockGrid,
    /// Number of bands, at least one.
    pub bands: u32,
    /// Type of a sample in memory.
    pub sample: SampleType,
    /// Bits of a stored sample, at most those of the type; 1 to 7, 12 … occur in files.
    pub bits_per_sample: u32,
    /// Bits of a stored sample that carry information (NITF `ABPP`).
    pub actual_bits: u32,
    /// The value of samples in absent blocks and in padding.
    pub pad: PadValue,
}

impl ImageLayout {
    /// The layout of an image whose samples use all their bits, with zero as pad value.
    ///
    /// # Errors
    /// [`Error::Usage`] for an image without bands.
    pub fn new(grid: BlockGrid, bands: u32, sample: SampleType) -> Result<Self> {
        if bands == 0 {
            return Err(Error::usage("image without bands"));
        }
        let bits = sample.bits();
        Ok(Self { grid, bands, sample, bits_per_sample: bits, actual_bits: bits, pad: PadValue::ZERO })
    }

    /// Bytes of a pixel with all its bands.
    pub const fn pixel_bytes(&self) -> usize {
        self.bands as usize * self.sample.bytes()
    }

    /// Bytes of the image's pixels in memory.
    pub(crate) const fn image_bytes(&self) -> u64 {
        self.grid.window().pixels().saturating_mul(self.pixel_bytes() as u64)
    }

    /// Bytes of a full block's pixels in memory.
    pub const fn block_bytes(&self) -> u64 {
        (self.grid.block_columns() as u64 * self.grid.block_rows() as u64).saturating_mul(self.pixel_bytes() as u64)
    }

    /// The pad value as bytes of one sample in native order.
    pub(crate) fn pad_bytes(&self) -> Vec<u8> {
        self.pad.bytes(self.sample)
    }

    /// The value for pixels of absent blocks as bytes of one sample in native order.
    ///
    /// # Errors
    /// [`Error::Usage`] for a value that a sample cannot hold.
    pub fn fill_bytes(&self, fill: PadValue) -> Result<Vec<u8>> {
        if !fill.fits(self.sample) {
            return Err(Error::usage("fill_value:").found(fill).allowed(format!("a value of {}", self.sample)));
        }
        Ok(fill.bytes(self.sample))
    }
}

impl PadValue {
    /// Zero.
    pub const ZERO: Self = Self::Int(0);

    /// The value as bytes of one sample in native order; out of range it saturates.
    pub fn bytes(self, sample: SampleType) -> Vec<u8> {
        let mut out = vec![0; sample.bytes()];
        match (self, sample) {
            (Self::Int(value), SampleType::UInt64) => {
                out.copy_from_slice(&(value.clamp(0, u64::MAX.into()) as u64).to_ne_bytes());
            }
            (Self::Int(value), SampleType::Int64) => {
                out.copy_from_slice(&(value.clamp(i64::MIN.into(), i64::MAX.into()) as i64).to_ne_bytes());
            }
            (value, sample) => sample.write_value(value.to_f64(), &mut out),
        }
        out
    }

    /// The nearest float.
    pub const fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// True if a sample of this type can hold the value exactly. A float sample holds an integer in range, a float that rounds
    /// to a finite sample, and any float that is not finite.
    pub(crate) fn fits(self, sample: SampleType) -> bool {
        let (low, high): (i128, i128) = match sample {
            SampleType::UInt8 => (0, u8::MAX.into()),
            SampleType::Int8 => (i8::MIN.into(), i8::MAX.into()),
            SampleType::UInt16 => (0, u16::MAX.into()),
            SampleType::Int16 => (i16::MIN.into(), i16::MAX.into()),
            SampleType::UInt32 => (0, u32::MAX.into()),
            SampleType::Int32 => (i32::MIN.into(), i32::MAX.into()),
            SampleType::UInt64 => (0, u64::MAX.into()),
            SampleType::Int64 => (i64::MIN.into(), i64::MAX.into()),
            SampleType::Float16 => {
                let finite = half_from_f32(self.to_f64() as f32) & HALF_INFINITY != HALF_INFINITY;
                return finite || !self.to_f64().is_finite();
            }
            // The decimal text of the largest float may lie slightly above it and rounds down to it.
            SampleType::Float32 | SampleType::Complex64 => {
                return (self.to_f64() as f32).is_finite() || !self.to_f64().is_finite();
            }
            SampleType::Float64 | SampleType::Complex128 => return true,
        };
        match self {
            Self::Int(value) => (low..=high).contains(&value),
            Self::Float(value) => value.fract() == 0.0 && value.abs() < 1e30 && (low..=high).contains(&(value as i128)),
        }
    }

    /// The value as a sample of this type holds it. A float is rounded to the precision of the sample. A value that the sample
    /// cannot hold stays as it is.
    #[must_use]
    pub fn rounded(self, sample: SampleType) -> Self {
        if sample.is_integer() || !self.fits(sample) {
            return self;
        }
        Self::Float(sample.read_value(&self.bytes(sample)))
    }

    /// Parses decimal text, `nan`, `inf` and `-inf`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse().map(Self::Int).ok().or_else(|| text.parse().map(Self::Float).ok())
    }
}

impl std::fmt::Display for PadValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) if value.is_nan() => f.write_str("nan"),
            Self::Float(value) => write!(f, "{value}"),
        }
    }
}

/// The exponent bits of an infinite or NaN half-precision float.
const HALF_INFINITY: u16 = 0x7c00;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pad_value_fits_only_types_that_hold_it() {
        assert!(PadValue::Int(255).fits(SampleType::UInt8));
        assert!(!PadValue::Int(-1).fits(SampleType::UInt16));
        assert!(!PadValue::Float(0.5).fits(SampleType::Int32));
        assert!(!PadValue::Float(f64::NAN).fits(SampleType::Int32));
        assert!(PadValue::Float(f64::NAN).fits(SampleType::Float32));
        assert!(!PadValue::Float(1e300).fits(SampleType::Float32));
        assert!(PadValue::Float(-3.402_823_466_385_29e38).fits(SampleType::Float32), "it rounds to the largest float");
        assert!(PadValue::Int(65_504).fits(SampleType::Float16) && !PadValue::Int(65_520).fits(SampleType::Float16));
        assert_eq!(PadValue::Float(0.1).rounded(SampleType::Float32), PadValue::Float(f64::from(0.1f32)));
        assert_eq!(PadValue::Float(1e300).rounded(SampleType::Float32), PadValue::Float(1e300), "no sample holds it");
        assert_eq!(PadValue::Float(0.5).rounded(SampleType::UInt8), PadValue::Float(0.5));
        assert_eq!(PadValue::parse("nan").map(|value| value.fits(SampleType::Float64)), Some(true));
    }

    #[test]
    fn large_integers_are_exact() {
        let bytes = PadValue::Int(i128::from(u64::MAX)).bytes(SampleType::UInt64);
        assert_eq!(bytes, u64::MAX.to_ne_bytes());
    }
}
