//! GDAL's registered tags: nodata (42113). `GDAL_METADATA` (42112) passes through as text.

use super::field::{Field, FieldValue};
use super::tags::GDAL_NODATA;
use crate::error::{Error, Result};
use crate::image::{PadValue, SampleType};
use crate::metadata::Value;

/// The nodata value of a directory; `None` if its text is not a number.
pub(super) fn nodata(fields: &[Field]) -> Option<PadValue> {
    let field = fields.iter().find(|field| field.tag == GDAL_NODATA)?;
    let FieldValue::Text(text) = &field.value else { return None };
    PadValue::parse(std::str::from_utf8(text).ok()?.trim_end_matches('\0'))
}

/// The tag's text for a metadata value: text is kept, numbers become their shortest exact text.
///
/// # Errors
/// [`Error::Usage`] if the value is not a number that a sample can hold.
pub(super) fn nodata_text(key: &str, value: &Value, sample: SampleType) -> Result<String> {
    let (text, number) = match value {
        Value::Text(text) => (text.trim().to_owned(), PadValue::parse(text)),
        Value::Int(value) => (text_of(PadValue::Int(*value)), Some(PadValue::Int(*value))),
        Value::Float(value) => (text_of(PadValue::Float(*value)), Some(PadValue::Float(*value))),
        _ => (String::new(), None),
    };
    let wrong = |allowed: String| Error::usage("nodata value").field(key).found(value).allowed(allowed);
    let number = number.ok_or_else(|| wrong("a number, nan, inf or -inf".to_owned()))?;
    if !number.fits(sample) {
        return Err(wrong(format!("a value that a sample of type {sample} can hold")));
    }
    Ok(text)
}

/// The shortest decimal text that is read back as the same value.
pub(super) fn text_of(value: PadValue) -> String {
    let plain = value.to_string();
    match value {
        PadValue::Float(number) if number.is_finite() => {
            let scientific = format!("{number:e}");
            if scientific.len() < plain.len() { scientific } else { plain }
        }
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tiff::field::FieldType;

    #[test]
    fn a_value_is_written_as_short_as_it_can_be_and_read_back() {
        let cases = [
            (PadValue::Int(-9999), "-9999"),
            (PadValue::Int(i128::from(u64::MAX)), "18446744073709551615"),
            (PadValue::Float(-9999.0), "-9999"),
            (PadValue::Float(0.1), "0.1"),
            (PadValue::Float(-3.402_823_466_385_288_6e38), "-3.4028234663852886e38"),
            (PadValue::Float(1e-300), "1e-300"),
            (PadValue::Float(f64::INFINITY), "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(text_of(value), text);
            let field =
                |text: &str| [Field { tag: GDAL_NODATA, kind: FieldType::Ascii, value: FieldValue::Text(text.into()) }];
            assert_eq!(nodata(&field(text)).map(PadValue::to_f64), Some(value.to_f64()));
        }
        assert_eq!(text_of(PadValue::Float(f64::NAN)), "nan");
    }

    #[test]
    fn a_value_must_fit_the_samples() {
        let text = |value: Value, sample| nodata_text("42113", &value, sample);
        assert_eq!(text(Value::from("-3.40282346638529e+38"), SampleType::Float32).unwrap(), "-3.40282346638529e+38");
        assert!(text(Value::from("256"), SampleType::UInt8).is_err());
        assert!(text(Value::from(f64::NAN), SampleType::Int16).is_err());
        assert!(text(Value::from("none"), SampleType::Float64).is_err());
        assert!(text(Value::from(1e300), SampleType::Float32).is_err());
    }
}
