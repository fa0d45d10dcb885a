//! Converts metadata values to the values of fields, by the types of a tag.

use super::field::{Field, FieldType, FieldValue};
use super::tags::{self, Tag};
use crate::error::{Error, Result};
use crate::metadata::Value;

/// The field of `tag` for the value under the metadata key `key`; `None` for an empty value. A copied tag keeps the type
/// `stored` if the value still fits. Otherwise a tag of the table gets one of its types, and any other tag the smallest of
/// SHORT, LONG, LONG8 (SLONG, SLONG8 with a negative number), DOUBLE, ASCII or UNDEFINED that holds the value.
///
/// A fraction without a value (72/0, 0/0), which files hold, is legal only if the value was `read`.
///
/// # Errors
/// [`Error::Usage`] if no type of the tag holds the value.
pub(super) fn field(
    tag: u16,
    key: &str,
    value: &Value,
    stored: Option<FieldType>,
    read: bool,
) -> Result<Option<Field>> {
    let row = tags::by_number(tag);
    let kinds = row.map_or_else(|| inferred(value), |row| row.kinds);
    for kind in stored.iter().chain(kinds) {
        match convert(value, *kind, row).filter(|value| read || !value.has_zero_denominator()) {
            Some(value) if value.is_empty() => return Ok(None),
            Some(value) => return Ok(Some(Field { tag, kind: *kind, value })),
            None => {}
        }
    }
    Err(wrong(tag, key, value))
}

/// True if the metadata value of a field that was read, with its type, determines the field: text that is not UTF-8, and
/// fractions that are not in lowest terms, are lost in it.
pub(super) fn is_determined(field: &Field) -> bool {
    match &field.value {
        FieldValue::Text(_) | FieldValue::Rationals(_) => {
            let row = tags::by_number(field.tag);
            convert(&field.value.to_metadata(), field.kind, row).is_some_and(|value| value == field.value)
        }
        FieldValue::Directory(_) => false,
        _ => true,
    }
}

/// The unsigned numbers of a value given for a tag: numbers, numbers as text, or named values.
///
/// # Errors
/// [`Error::Usage`] for any other value.
pub(super) fn unsigned(tag: u16, key: &str, value: &Value) -> Result<Vec<u64>> {
    let numbers = integers(value, tags::by_number(tag));
    let numbers = numbers.and_then(|numbers| numbers.into_iter().map(|n| u64::try_from(n).ok()).collect());
    numbers.ok_or_else(|| wrong(tag, key, value))
}

/// True if both values mean the same for a tag.
pub(super) fn same(tag: u16, a: &Value, b: &Value) -> bool {
    let row = tags::by_number(tag);
    if let (Some(a), Some(b)) = (integers(a, row), integers(b, row)) {
        return a == b;
    }
    match (a.to_floats(), b.to_floats()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// The error for a value that the tag cannot have.
pub(super) fn wrong(tag: u16, key: &str, value: &Value) -> Error {
    let row = tags::by_number(tag);
    let name = if key == tag.to_string() { tags::describe(tag) } else { key.to_owned() };
    let error = Error::usage("metadata value of").field(name).found(value);
    match row {
        Some(row) if !row.values.is_empty() => error.allowed(row.value_names()),
        Some(row) => error.allowed(row.kinds.iter().map(|kind| what(*kind)).collect::<Vec<_>>().join(", ")),
        None => error.allowed("numbers, text or bytes"),
    }
}

impl FieldValue {
    fn is_empty(&self) -> bool {
        // Text counts its NUL, so it is never empty.
        self.count() == 0
    }

    fn has_zero_denominator(&self) -> bool {
        matches!(self, Self::Rationals(values) if values.iter().any(|(_, denominator)| *denominator == 0))
    }
}

/// Types for a tag that is not in the table.
fn inferred(value: &Value) -> &'static [FieldType] {
    use FieldType as T;
    match value {
        Value::Text(_) => &[T::Ascii],
        Value::Bytes(_) => &[T::Undefined],
        Value::List(values) if matches!(values.first(), Some(Value::Text(_))) => &[T::Ascii],
        Value::Int(_) | Value::Bool(_) | Value::Float(_) | Value::List(_) => {
            &[T::Short, T::Long, T::Long8, T::SLong, T::SLong8, T::Double]
        }
        _ => &[],
    }
}

fn convert(value: &Value, kind: FieldType, row: Option<&Tag>) -> Option<FieldValue> {
    use FieldType as T;
    // A private tag distinguishes the types that Python does: 1.0 is not a SHORT.
    let integers = || integers(value, row).filter(|_| row.is_some() || !has_floats(value));
    match kind {
        T::Byte | T::Short | T::Long | T::Ifd | T::Long8 | T::Ifd8 => {
            let largest = u64::MAX >> (64 - 8 * kind.bytes());
            let fits = |n: i128| u64::try_from(n).ok().filter(|n| *n <= largest);
            integers()?.into_iter().map(fits).collect::<Option<_>>().map(FieldValue::Unsigned)
        }
        T::SByte | T::SShort | T::SLong | T::SLong8 => {
            let largest = i64::MAX >> (64 - 8 * kind.bytes());
            let fits = |n: i128| i64::try_from(n).ok().filter(|n| (-largest - 1..=largest).contains(n));
            integers()?.into_iter().map(fits).collect::<Option<_>>().map(FieldValue::Signed)
        }
        T::Float => floats(value)
            .filter(|values| values.iter().all(|v| v.is_nan() || f64::from(*v as f32).to_bits() == v.to_bits()))
            .map(FieldValue::Floats),
        T::Double => floats(value).map(FieldValue::Floats),
        T::Rational | T::SRational => {
            let fraction = |v: &f64| fraction(*v, kind == T::SRational);
            floats(value)?.iter().map(fraction).collect::<Option<_>>().map(FieldValue::Rationals)
        }
        T::Ascii => text(value, row.is_some()).map(FieldValue::Text),
        T::Undefined => match value {
            Value::Bytes(bytes) => Some(FieldValue::Bytes(bytes.clone())),
            Value::Text(text) if row.is_some() => Some(FieldValue::Bytes(text.clone().into_bytes())),
            _ => integers()?.into_iter().map(|n| u8::try_from(n).ok()).collect::<Option<_>>().map(FieldValue::Bytes),
        },
    }
}

fn integers(value: &Value, row: Option<&Tag>) -> Option<Vec<i128>> {
    match value {
        Value::List(values) => {
            let nested: Option<Vec<_>> = values.iter().map(|value| integers(value, row)).collect();
            nested.map(|values| values.concat())
        }
        Value::Bytes(bytes) => Some(bytes.iter().map(|byte| i128::from(*byte)).collect()),
        // Text is a number only for a known tag: its types then decide.
        Value::Text(text) => {
            let row = row?;
            if let Some(number) = row.value_number(text) {
                return Some(vec![number.into()]);
            }
            let integral = |n: f64| (n.fract() == 0.0 && n.abs() < 1e15).then_some(n as i128);
            let several = || value.to_floats().filter(|v| v.len() > 1)?.into_iter().map(integral).collect();
            value.to_int().map(|number| vec![number]).or_else(several)
        }
        other => other.to_int().map(|number| vec![number]),
    }
}

fn floats(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::Bool(_) | Value::Bytes(_) => None,
        other => other.to_floats(),
    }
}

fn has_floats(value: &Value) -> bool {
    match value {
        Value::Float(_) => true,
        Value::List(values) => values.iter().any(has_floats),
        _ => false,
    }
}

/// Text as the bytes of an ASCII field; NULs separate several texts. A known tag also takes numbers as text.
fn text(value: &Value, known: bool) -> Option<Vec<u8>> {
    match value {
        Value::Text(text) => Some(text.strip_suffix('\0').unwrap_or(text).as_bytes().to_vec()),
        Value::Bytes(bytes) => Some(bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec()),
        Value::Int(_) | Value::Float(_) if known => Some(value.to_string().into_bytes()),
        Value::List(values) if !values.is_empty() => {
            let texts: Option<Vec<_>> = values.iter().map(|value| value.as_text().map(str::as_bytes)).collect();
            texts.map(|texts| texts.join(&0))
        }
        _ => None,
    }
}

/// The fraction nearest to a number, by its continued fraction; exact if a fraction with 32-bit terms is. The denominator is
/// zero if the number is not finite.
fn fraction(value: f64, signed: bool) -> Option<(i64, i64)> {
    if value.is_nan() {
        return Some((0, 0));
    }
    if value.is_infinite() && (signed || value > 0.0) {
        return Some((value.signum() as i64, 0));
    }
    let largest = if signed { f64::from(i32::MAX) } else { f64::from(u32::MAX) };
    if !value.is_finite() || value.abs() > largest || (value < 0.0 && !signed) {
        return None;
    }
    let sign = if value < 0.0 { -1 } else { 1 };
    let target = value.abs();
    let (mut before, mut best) = ((0.0, 1.0), (1.0, 0.0));
    let mut rest = target;
    loop {
        let whole = rest.floor();
        let next = (whole * best.0 + before.0, whole * best.1 + before.1);
        if next.0 > largest || next.1 > largest {
            break;
        }
        (before, best) = (best, next);
        if (best.0 / best.1).to_bits() == target.to_bits() || rest.fract() == 0.0 {
            break;
        }
        rest = 1.0 / (rest - whole);
    }
    Some((sign * best.0 as i64, best.1 as i64))
}

/// The values of a type, for messages.
fn what(kind: FieldType) -> String {
    use FieldType as T;
    match kind {
        T::Byte | T::Short | T::Long | T::Long8 | T::Ifd | T::Ifd8 => {
            format!("integers from 0 to {}", u64::MAX >> (64 - 8 * kind.bytes()))
        }
        T::SByte | T::SShort | T::SLong | T::SLong8 => format!("signed integers of {} bits", 8 * kind.bytes()),
        T::Rational | T::SRational | T::Float | T::Double => "numbers".to_owned(),
        T::Ascii => "text".to_owned(),
        T::Undefined => "bytes".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind_of(tag: u16, value: impl Into<Value>, stored: Option<FieldType>) -> Option<FieldType> {
        field(tag, &tag.to_string(), &value.into(), stored, false).unwrap().map(|field| field.kind)
    }

    #[test]
    fn a_private_tag_gets_the_smallest_type_that_holds_its_value() {
        use FieldType as T;
        let list = |values: &[i64]| Value::List(values.iter().map(|v| Value::from(*v)).collect());
        let cases = [
            (Value::from(7), T::Short),
            (list(&[1, 70_000]), T::Long),
            (Value::from(u64::MAX), T::Long8),
            (list(&[-1, 70_000]), T::SLong),
            (Value::from(i64::MIN), T::SLong8),
            (Value::from(1.0), T::Double),
            (Value::List(vec![Value::from(1), Value::from(0.5)]), T::Double),
            (Value::from("7"), T::Ascii),
            (Value::from(vec![0u8, 1]), T::Undefined),
        ];
        for (value, kind) in cases {
            assert_eq!(kind_of(65_000, value.clone(), None), Some(kind), "{value}");
        }
        assert_eq!(kind_of(65_000, Value::List(Vec::new()), None), None);
        assert!(field(65_000, "65000", &Value::Map(Vec::new()), None, false).is_err());
    }

    #[test]
    fn a_copied_private_tag_keeps_its_type_while_its_value_fits() {
        use FieldType as T;
        assert_eq!(kind_of(65_000, 7, Some(T::SShort)), Some(T::SShort));
        assert_eq!(kind_of(65_000, 70_000, Some(T::SShort)), Some(T::Long));
        assert_eq!(kind_of(65_000, 0.25, Some(T::Float)), Some(T::Float));
        assert_eq!(kind_of(65_000, 0.1, Some(T::Float)), Some(T::Double));
    }

    #[test]
    fn a_known_tag_gets_its_own_type_and_refuses_others() {
        assert_eq!(kind_of(282, 72.5, None), Some(FieldType::Rational));
        assert_eq!(kind_of(306, "2024:02:29 12:30:00", None), Some(FieldType::Ascii));
        assert_eq!(kind_of(274, "TopLeft", None), Some(FieldType::Short));
        let error = field(274, "274", &Value::from("Upwards"), None, false).unwrap_err().to_string();
        assert!(error.contains("Orientation (274)") && error.contains("TopLeft"), "{error}");
    }

    #[test]
    fn a_fraction_without_a_value_is_written_only_if_it_was_read() {
        let written = |value: f64, read| field(282, "282", &Value::from(value), None, read).ok().flatten();
        let fractions = |value| written(value, true).map(|field| field.value);
        assert_eq!(fractions(f64::INFINITY), Some(FieldValue::Rationals(vec![(1, 0)])));
        assert_eq!(fractions(f64::NAN), Some(FieldValue::Rationals(vec![(0, 0)])));
        assert!(written(f64::INFINITY, false).is_none() && written(f64::NEG_INFINITY, true).is_none());
    }

    #[test]
    fn text_in_utf_8_and_fractions_in_lowest_terms_are_determined_by_their_values() {
        let text = |bytes: &[u8]| Field { tag: 270, kind: FieldType::Ascii, value: FieldValue::Text(bytes.to_vec()) };
        let fraction = |n, d| Field { tag: 282, kind: FieldType::Rational, value: FieldValue::Rationals(vec![(n, d)]) };
        assert!(
            is_determined(&text("é".as_bytes())) && !is_determined(&text(b"\xe9")) && !is_determined(&text(b"a\0"))
        );
        assert!(is_determined(&fraction(72, 1)) && is_determined(&fraction(1, 0)));
        assert!(!is_determined(&fraction(720, 10)) && !is_determined(&fraction(72, 0)));
    }

    #[test]
    fn named_and_numeric_values_of_a_tag_are_compared_by_meaning() {
        assert!(same(tags::COMPRESSION, &Value::from("Deflate"), &Value::from(8)));
        assert!(same(tags::TILE_WIDTH, &Value::from("256"), &Value::from(256)));
        assert!(!same(tags::TILE_WIDTH, &Value::from("128"), &Value::from(256)));
    }

    proptest! {
        #[test]
        fn a_fraction_is_the_number_to_32_bits(numerator in 0..u32::MAX, denominator in 1..u32::MAX) {
            let value = f64::from(numerator) / f64::from(denominator);
            let (n, d) = fraction(value, false).unwrap();
            prop_assert!((n as f64 / d as f64 - value).abs() <= value * 1e-9 + 1e-9);
            prop_assert!(n <= i64::from(u32::MAX) && d <= i64::from(u32::MAX) && d > 0);
        }
    }
}
