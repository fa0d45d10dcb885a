//! Rows and columns in the common coordinate system as text (2500C §5.3.3).

use crate::error::{Error, Result};
use crate::metadata::Value;
use crate::schema::FieldData;

/// Row and column from ten characters `RRRRRCCCCC`.
///
/// # Errors
/// [`Error::Usage`] for any other value of the field `name`.
pub(super) fn parse_location(name: &str, data: &FieldData) -> Result<(i64, i64)> {
    let wrong = || {
        let error = Error::usage("value of").field(name).found(data);
        error.allowed("RRRRRCCCCC, each 00000 to 99999 or -9999 to -0001")
    };
    let FieldData::Text(text) = data else { return Err(wrong()) };
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i64>().ok());
    match (text.len(), part(0..5), part(5..10)) {
        (10, Some(row), Some(column)) => Ok((row, column)),
        _ => Err(wrong()),
    }
}

/// Row and column as ten characters.
pub(super) fn format_location(row: i64, column: i64) -> String {
    format!("{row:05}{column:05}")
}

/// Row and column as text, from text or a pair of numbers.
///
/// # Errors
/// [`Error::Usage`] for a list of anything else.
pub(super) fn stated_location(key: &str, value: &Value) -> Result<Value> {
    let Value::List(numbers) = value else { return Ok(value.clone()) };
    let wrong = || {
        let error = Error::usage("value of").field(key).found(value);
        error.allowed("RRRRRCCCCC or (row, column), each -9999 to 99999")
    };
    let within =
        |value: &Value| value.to_int().filter(|number| (-9999..=99_999).contains(number)).map(|number| number as i64);
    match numbers.as_slice() {
        [row, column] => {
            let (row, column) = within(row).zip(within(column)).ok_or_else(wrong)?;
            Ok(Value::from(format_location(row, column)))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_have_signs_in_their_first_character() {
        for (row, column, text) in [(0, 0, "0000000000"), (12, -7, "00012-0007"), (99_999, -9999, "99999-9999")] {
            assert_eq!(format_location(row, column), text);
            assert_eq!(parse_location("ILOC", &text.into()).unwrap(), (row, column));
        }
        assert!(parse_location("ILOC", &"1 2".into()).is_err());
    }
}
