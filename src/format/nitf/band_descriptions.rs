//! Descriptions of bands as their subcategories (ISUBCAT; MIL-STD-2500C table A-3).

use crate::error::{Error, Result};
use crate::metadata::{Metadata, Value};

const BAND_INFO: &str = "BAND_INFO";
const FIELD: &str = "ISUBCAT";

/// The longest text of the field.
const LONGEST: usize = 6;

/// The subcategories in the metadata of an image; `None` if no band has one.
pub(super) fn of_metadata(metadata: &Metadata) -> Option<Vec<Option<String>>> {
    let Some(Value::List(records)) = metadata.get(BAND_INFO) else { return None };
    let text = |record: &Value| {
        let Value::Map(fields) = record else { return None };
        let (_, value) = fields.iter().find(|(name, _)| **name == *FIELD)?;
        value.as_text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let found: Vec<Option<String>> = records.iter().map(text).collect();
    Some(found).filter(|found| found.iter().any(Option::is_some))
}

/// The records of the bands with these descriptions; other fields of the metadata stay.
///
/// # Errors
/// [`Error::Usage`] for a text that the field cannot hold.
pub(super) fn entries(descriptions: &[Option<String>], metadata: &Metadata) -> Result<Metadata> {
    let fits = |text: &&String| text.len() <= LONGEST && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if let Some(text) = descriptions.iter().flatten().find(|text| !fits(text)) {
        let error = Error::usage("value of").field(FIELD).found(text);
        return Err(error.allowed(format!("at most {LONGEST} characters of ASCII")));
    }
    let mut records = match metadata.get(BAND_INFO) {
        Some(Value::List(records)) => records.clone(),
        _ => Vec::new(),
    };
    records.resize(descriptions.len(), Value::Map(Vec::new()));
    for (record, text) in records.iter_mut().zip(descriptions) {
        if let (Value::Map(fields), Some(text)) = (record, text) {
            fields.retain(|(name, _)| **name != *FIELD);
            fields.push((FIELD.into(), text.as_str().into()));
        }
    }
    Ok([(BAND_INFO, Value::List(records))].into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_descriptions_are_subcategories_beside_other_fields() {
        let record = |fields: &[(&str, &str)]| {
            Value::Map(fields.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
        };
        let old = Value::List(vec![record(&[("IREPBAND", "R")]), record(&[("ISUBCAT", "      ")])]);
        let metadata: Metadata = [(BAND_INFO, old)].into_iter().collect();
        assert_eq!(of_metadata(&metadata), None);
        let descriptions = [Some("red".to_owned()), None];
        let found = entries(&descriptions, &metadata).unwrap();
        let expected = vec![record(&[("IREPBAND", "R"), ("ISUBCAT", "red")]), record(&[("ISUBCAT", "      ")])];
        assert_eq!(found.get(BAND_INFO), Some(&Value::List(expected)));
        assert_eq!(of_metadata(&found).unwrap(), descriptions);
        for long in ["infrared", "grün"] {
            assert!(entries(&[Some(long.to_owned())], &Metadata::new()).unwrap_err().to_string().contains("ISUBCAT"));
        }
    }
}
