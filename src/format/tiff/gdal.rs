//! GDAL's registered tags: nodata (42113), and statistics of bands in `GDAL_METADATA` (42112), which otherwise passes through as
//! text.

use super::field::{Field, FieldType, FieldValue};
use super::tags::{GDAL_METADATA, GDAL_NODATA};
use crate::error::{Error, Result};
use crate::image::{PadValue, SampleType};
use crate::metadata::Value;
use crate::pipeline::BandStatistics;

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

/// Sets the items of statistics in the `GDAL_METADATA` among `fields`. Other items stay; text that is not a document of GDAL's is
/// replaced.
pub(super) fn set_statistics(fields: &mut Vec<Field>, bands: &[BandStatistics]) {
    let place = fields.iter().position(|field| field.tag == GDAL_METADATA);
    let old = match place.map(|place| fields.swap_remove(place).value) {
        Some(FieldValue::Text(text)) => String::from_utf8_lossy(&text).into_owned(),
        _ => String::new(),
    };
    let mut xml =
        without_statistics(old.rsplit_once(END).map_or("<GDALMetadata>", |(items, _)| items)).trim_end().to_owned();
    for (sample, band) in bands.iter().enumerate().filter(|(_, band)| band.count > 0) {
        let numbers = [band.maximum, band.mean(), band.minimum, band.deviation()];
        for (name, number) in ["MAXIMUM", "MEAN", "MINIMUM", "STDDEV"].iter().zip(numbers) {
            let text = text_of(PadValue::Float(number));
            let item =
                ["\n  <Item name=\"", STATISTICS, name, "\" sample=\"", &sample.to_string(), "\">", &text, "</Item>"];
            xml.extend(item);
        }
    }
    let value = FieldValue::Text(format!("{xml}\n{END}\n").into_bytes());
    fields.push(Field { tag: GDAL_METADATA, kind: FieldType::Ascii, value });
}

/// The document with these further items at its end.
pub(super) fn with_items(xml: &str, items: &str) -> String {
    let begun = xml.rsplit_once(END).map_or("<GDALMetadata>", |(begun, _)| begun);
    format!("{}{items}\n{END}\n", begun.trim_end())
}

/// A document whose items of bands are those of `bands`, in this order; other items stay.
pub(super) fn of_bands(xml: &str, bands: &[u32]) -> String {
    let Some((head, rest)) = xml.split_once("<Item") else { return xml.to_owned() };
    let Some((items, _)) = rest.rsplit_once(END) else { return xml.to_owned() };
    let (mut others, mut of_bands) = (String::new(), vec![String::new(); bands.len()]);
    for item in items.split("<Item") {
        let item = item.trim_end();
        let attributes = item.split('>').next().unwrap_or_default();
        let sample = attributes.split_once("sample=\"").and_then(|(_, rest)| rest.split('"').next());
        let Some(sample) = sample else {
            others.extend(["\n  <Item", item]);
            continue;
        };
        let chosen = bands.iter().enumerate().filter(|(_, band)| sample.parse() == Ok(**band));
        for (place, _) in chosen {
            let renamed = item.replacen(&format!("sample=\"{sample}\""), &format!("sample=\"{place}\""), 1);
            of_bands[place].extend(["\n  <Item", &*renamed]);
        }
    }
    format!("{}{others}{}\n{END}\n", head.trim_end(), of_bands.concat())
}

/// The end of a document of GDAL's, and the beginning of the names of statistics.
const END: &str = "</GDALMetadata>";
const STATISTICS: &str = "STATISTICS_";

/// The document without items of statistics.
fn without_statistics(xml: &str) -> String {
    let mut parts = xml.split("<Item");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for item in parts {
        let attributes = item.split('>').next().unwrap_or_default();
        if attributes.contains(&format!("name=\"{STATISTICS}")) {
            let end = if attributes.ends_with('/') { ">" } else { "</Item>" };
            kept += item.split_once(end).map_or("", |(_, rest)| rest.trim_start());
        } else {
            kept += "<Item";
            kept += item;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn statistics_replace_those_of_a_copy_and_leave_other_items() {
        let xml = "<GDALMetadata>\n  <Item name=\"A\">1</Item>\n  <Item name=\"STATISTICS_MEAN\" sample=\"0\">7</Item>\n  \
                   <Item name=\"STATISTICS_X\"/>\n  <Item name=\"B\" sample=\"0\">2</Item>\n</GDALMetadata>\n";
        let band = BandStatistics { minimum: 1.0, maximum: 4.0, sum: 10.0, squares: 9.0, count: 4 };
        for old in [xml, ""] {
            let value = FieldValue::Text(old.into());
            let mut fields = vec![Field { tag: GDAL_METADATA, kind: FieldType::Ascii, value }];
            set_statistics(&mut fields, &[band, BandStatistics::default()]);
            let [Field { value: FieldValue::Text(text), .. }] = &fields[..] else { panic!("{fields:?}") };
            let kept = if old.is_empty() {
                ""
            } else {
                "  <Item name=\"A\">1</Item>\n  <Item name=\"B\" sample=\"0\">2</Item>\n"
            };
            let items = [("MAXIMUM", "4"), ("MEAN", "2.5"), ("MINIMUM", "1"), ("STDDEV", "1.5")];
            let items =
                items.map(|(name, text)| format!("  <Item name=\"STATISTICS_{name}\" sample=\"0\">{text}</Item>\n"));
            assert_eq!(
                String::from_utf8_lossy(text),
                format!("<GDALMetadata>\n{kept}{}</GDALMetadata>\n", items.concat())
            );
        }
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
