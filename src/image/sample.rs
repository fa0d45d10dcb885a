//! Sample types and band interleaves.

use crate::error::{Error, Result};

/// The type of one sample. Complex samples are two floats, real part first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum SampleType {
    UInt8,
    Int8,
    UInt16,
    Int16,
    UInt32,
    Int32,
    UInt64,
    Int64,
    Float16,
    Float32,
    Float64,
    Complex64,
    Complex128,
}

/// The order of samples in a block's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interleave {
    /// All samples of a band before the next band: `(bands, rows, columns)`.
    Band,
    /// One row of each band in turn: `(rows, bands, columns)`.
    Row,
    /// All bands of a pixel together: `(rows, columns, bands)`.
    Pixel,
}

impl SampleType {
    /// Every sample type.
    pub const ALL: [Self; 13] = [
        Self::UInt8,
        Self::Int8,
        Self::UInt16,
        Self::Int16,
        Self::UInt32,
        Self::Int32,
        Self::UInt64,
        Self::Int64,
        Self::Float16,
        Self::Float32,
        Self::Float64,
        Self::Complex64,
        Self::Complex128,
    ];

    /// Bytes of one sample.
    pub const fn bytes(self) -> usize {
        match self {
            Self::UInt8 | Self::Int8 => 1,
            Self::UInt16 | Self::Int16 | Self::Float16 => 2,
            Self::UInt32 | Self::Int32 | Self::Float32 => 4,
            Self::UInt64 | Self::Int64 | Self::Float64 | Self::Complex64 => 8,
            Self::Complex128 => 16,
        }
    }

    /// Bytes of the unit that changes between byte orders: half a sample for complex types.
    pub(crate) const fn swap_unit(self) -> usize {
        if self.is_complex() { self.bytes() / 2 } else { self.bytes() }
    }

    /// Bits of one sample.
    pub const fn bits(self) -> u32 {
        self.bytes() as u32 * 8
    }

    /// True for signed and unsigned integers.
    pub const fn is_integer(self) -> bool {
        !self.is_float() && !self.is_complex()
    }

    /// True for signed integers.
    pub const fn is_signed_integer(self) -> bool {
        matches!(self, Self::Int8 | Self::Int16 | Self::Int32 | Self::Int64)
    }

    /// True for real floating-point types.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::Float16 | Self::Float32 | Self::Float64)
    }

    /// True for complex types.
    pub const fn is_complex(self) -> bool {
        matches!(self, Self::Complex64 | Self::Complex128)
    }

    /// The NumPy name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UInt8 => "uint8",
            Self::Int8 => "int8",
            Self::UInt16 => "uint16",
            Self::Int16 => "int16",
            Self::UInt32 => "uint32",
            Self::Int32 => "int32",
            Self::UInt64 => "uint64",
            Self::Int64 => "int64",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex64 => "complex64",
            Self::Complex128 => "complex128",
        }
    }

    /// The type with the NumPy name `name`.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|sample| sample.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|sample| sample.name()).collect();
            Error::usage("no pixel type for dtype").found(name).allowed(known.join(" "))
        })
    }

    /// Writes `value` as this type in native byte order to `out` (of [`Self::bytes`] bytes). Values out of range saturate;
    /// the imaginary part of a complex sample is zero.
    pub fn write_value(self, value: f64, out: &mut [u8]) {
        match self {
            Self::UInt8 => out.copy_from_slice(&(value as u8).to_ne_bytes()),
            Self::Int8 => out.copy_from_slice(&(value as i8).to_ne_bytes()),
            Self::UInt16 => out.copy_from_slice(&(value as u16).to_ne_bytes()),
            Self::Int16 => out.copy_from_slice(&(value as i16).to_ne_bytes()),
            Self::UInt32 => out.copy_from_slice(&(value as u32).to_ne_bytes()),
            Self::Int32 => out.copy_from_slice(&(value as i32).to_ne_bytes()),
            Self::UInt64 => out.copy_from_slice(&(value as u64).to_ne_bytes()),
            Self::Int64 => out.copy_from_slice(&(value as i64).to_ne_bytes()),
            Self::Float16 => out.copy_from_slice(&half_from_f32(value as f32).to_ne_bytes()),
            Self::Float32 => out.copy_from_slice(&(value as f32).to_ne_bytes()),
            Self::Float64 => out.copy_from_slice(&value.to_ne_bytes()),
            Self::Complex64 => {
                out[..4].copy_from_slice(&(value as f32).to_ne_bytes());
                out[4..].fill(0);
            }
            Self::Complex128 => {
                out[..8].copy_from_slice(&value.to_ne_bytes());
                out[8..].fill(0);
            }
        }
    }

    /// The sample in `bytes`, in native order, as the nearest float; the real part of a complex sample.
    ///
    /// # Panics
    /// If there are fewer bytes than the sample needs.
    pub fn read_value(self, bytes: &[u8]) -> f64 {
        macro_rules! number {
            ($number:ty) => {
                <$number>::from_ne_bytes(*bytes.first_chunk().expect("at least the bytes of a sample"))
            };
        }
        match self {
            Self::UInt8 => f64::from(number!(u8)),
            Self::Int8 => f64::from(number!(i8)),
            Self::UInt16 => f64::from(number!(u16)),
            Self::Int16 => f64::from(number!(i16)),
            Self::UInt32 => f64::from(number!(u32)),
            Self::Int32 => f64::from(number!(i32)),
            Self::UInt64 => number!(u64) as f64,
            Self::Int64 => number!(i64) as f64,
            Self::Float16 => f64::from(half_to_f32(number!(u16))),
            Self::Float32 | Self::Complex64 => f64::from(number!(f32)),
            Self::Float64 | Self::Complex128 => number!(f64),
        }
    }
}

impl std::fmt::Display for SampleType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// IEEE 754 binary16 bits of `value`, rounded to nearest even.
pub(crate) fn half_from_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let exponent = ((bits >> 23) & 0xff) as i32 - 127 + 15;
    let mantissa = bits & 0x007f_ffff;
    if (bits & 0x7fff_ffff) > 0x7f80_0000 {
        return sign | 0x7e00;
    }
    if exponent >= 31 {
        return sign | 0x7c00;
    }
    if exponent < -10 {
        return sign;
    }
    let (mantissa, shift, exponent) =
        if exponent <= 0 { (mantissa | 0x0080_0000, 14 - exponent, 0) } else { (mantissa, 13, exponent as u32) };
    let kept = mantissa >> shift;
    let rest = mantissa & ((1 << shift) - 1);
    let halfway = 1 << (shift - 1);
    let round = u32::from(rest > halfway || (rest == halfway && kept & 1 == 1));
    sign | ((exponent << 10) + kept + round) as u16
}

/// A half-precision float as a float, exact.
pub(crate) fn half_to_f32(bits: u16) -> f32 {
    let (sign, exponent, mantissa) = (u32::from(bits & 0x8000) << 16, bits >> 10 & 31, u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => return f32::from_bits(sign | (mantissa as f32 * 2f32.powi(-24)).to_bits()),
        31 => 0x7f80_0000 | mantissa << 13,
        _ => (u32::from(exponent) + 127 - 15) << 23 | mantissa << 13,
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for sample in SampleType::ALL {
            assert_eq!(SampleType::from_name(sample.name()).unwrap(), sample);
            assert_eq!(sample.bits() as usize, sample.bytes() * 8);
        }
        assert!(SampleType::from_name("float128").is_err());
    }

    #[test]
    fn samples_are_read_as_they_were_written() {
        for sample in SampleType::ALL {
            for value in [0.0, 1.0, 100.0] {
                let mut bytes = vec![0; sample.bytes()];
                sample.write_value(value, &mut bytes);
                assert_eq!(sample.read_value(&bytes), value, "{sample}");
            }
        }
        for bits in 0..=u16::MAX {
            let value = half_to_f32(bits);
            assert!(value.is_nan() || half_from_f32(value) == bits, "{bits:04x}");
        }
    }

    #[test]
    fn half_precision_rounds_to_nearest_even() {
        let cases = [(0.0, 0u16), (1.0, 0x3c00), (-2.0, 0xc000), (65504.0, 0x7bff), (65520.0, 0x7c00), (1e9, 0x7c00)];
        for (value, bits) in cases {
            assert_eq!(half_from_f32(value), bits, "{value}");
        }
        assert_eq!(half_from_f32(5.960_464_5e-8), 1);
        assert_eq!(half_from_f32(2.0f32.powi(-25)), 0);
        assert_eq!(half_from_f32(1.0 + 2.0f32.powi(-11)), 0x3c00);
        assert_eq!(half_from_f32(f32::NAN) & 0x7c00, 0x7c00);
    }

    #[test]
    fn every_half_is_read_back() {
        for bits in 0..=u16::MAX {
            let value = half_to_f32(bits);
            assert!(half_from_f32(value) == bits || value.is_nan(), "{bits:#x} {value}");
        }
    }
}
