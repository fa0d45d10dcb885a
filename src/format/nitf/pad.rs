//! The pad pixel of a masked image: its code in the mask table, and its value as a sample.

use super::ic::Ic;
use super::mask::pad_code;
use super::pixels::sample_type;
use crate::error::{Error, Result};
use crate::image::{PadValue, SampleType};
use crate::io::ByteSource;
use crate::metadata::Value;
use crate::schema::Record;

/// The metadata key of the pad pixel code, which is a field of the mask table and not of a header.
pub(super) const PAD_CODE: &str = "TPXCD";

/// The pad value for a pad pixel code that a caller gives.
///
/// # Errors
/// [`Error::Usage`] if it is not a number.
pub(super) fn stated_pad(value: &Value) -> Result<PadValue> {
    let found = match value {
        Value::Int(value) => Some(PadValue::Int(*value)),
        Value::Float(value) => Some(PadValue::Float(*value)),
        Value::Text(text) => PadValue::parse(text),
        _ => None,
    };
    found.ok_or_else(|| Error::usage("value of").field(PAD_CODE).found(value).allowed("a number"))
}

/// The pad pixel code as a value of the image's samples; if the code is longer than a sample, its low bits. `None` for complex
/// samples.
pub(super) fn pad_value(code: u64, bits: u32, sample: SampleType) -> Option<PadValue> {
    let unused = 64 - bits.min(sample.bits()).clamp(1, 64);
    Some(match sample {
        SampleType::Float32 => PadValue::Float(f64::from(f32::from_bits(code as u32))),
        SampleType::Float64 => PadValue::Float(f64::from_bits(code)),
        sample if sample.is_complex() => return None,
        sample if sample.is_signed_integer() => PadValue::Int(i128::from(((code << unused) as i64) >> unused)),
        _ => PadValue::Int(i128::from(code << unused >> unused)),
    })
}

/// The pad value of an image segment, and its code with the length in bits; `None` for an image without a code.
pub(super) fn pad_of(
    source: &dyn ByteSource,
    header: &Record,
    (data, length): (u64, u64),
) -> Option<(PadValue, (u64, u32))> {
    Ic::from_code(header.text("IC")?).filter(|ic| ic.is_masked)?;
    let (code, bits) = pad_code(source, data, length)?;
    let sample = sample_type(header.text("PVTYPE")?, u32::try_from(header.int("NBPP")?).ok()?).ok()?;
    Some((pad_value(code, bits, sample)?, (code, bits)))
}
