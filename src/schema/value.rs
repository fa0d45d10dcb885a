//! Converts values to the bytes of their fields: formatted, padded, checked.

use std::borrow::Cow;

use super::date;
use super::picture::Picture;
use super::record::FieldData;
use super::record::number::integer;
use super::table::{Charset, Check, Field, Kind};

/// Appends the `size` bytes of a field. Returns false, without appending, if the value does not fit, contains characters
/// outside the field's set, or fails the check. A `kept` value of the right length is written unchanged.
pub(super) fn encode(field: &Field, data: &FieldData, size: usize, kept: bool, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let done = match field.charset {
        Charset::Binary => encode_binary(field, data, size, out),
        _ => encode_text(field, data, size, kept, out),
    };
    if done.is_none() {
        out.truncate(start);
    }
    done.is_some()
}

/// Appends the content of a field that is not given. False if that is not a legal value.
pub(super) fn encode_missing(field: &Field, size: usize, out: &mut Vec<u8>) -> bool {
    let (filler, legal) = match field.kind {
        _ if field.charset == Charset::Binary => (0, true),
        Kind::DateTime => (b'-', true),
        Kind::Integer | Kind::Real if !field.nullable => {
            if let Some(zero) = field.picture.as_ref().and_then(|picture| picture.format(0.0)) {
                out.extend_from_slice(zero.as_bytes());
                return satisfies(field, &zero);
            }
            (b'0', satisfies(field, "0"))
        }
        _ => (b' ', may_be_blank(field)),
    };
    out.resize(out.len() + size, filler);
    legal
}

/// The legal content of a field, for messages.
pub(super) fn describe(field: &Field, size: usize) -> String {
    let unit = if field.charset == Charset::Binary { "bytes" } else { "characters" };
    let kind = match field.kind {
        Kind::Text | Kind::Bytes => String::new(),
        Kind::Integer | Kind::Unsigned | Kind::Signed => ", an integer".to_owned(),
        Kind::Real | Kind::Float => ", a number".to_owned(),
        Kind::DateTime => ", a time as CCYYMMDDhhmmss or ISO 8601".to_owned(),
        Kind::Date => ", a date as CCYYMMDD or ISO 8601".to_owned(),
    };
    let check = match &field.check {
        Check::None => String::new(),
        Check::Values(values) => format!(", one of {}", values.join(" ")),
        Check::Range(low, high) => format!(", {low} to {high}"),
    };
    let form = field.picture.as_ref().map(|picture| format!(", as {picture}")).unwrap_or_default();
    format!("{size} {} {unit}{kind}{check}{form}", field.charset.standard_name())
}

/// The length in bytes of text or bytes given for a field.
pub(super) fn length(field: &Field, data: &FieldData) -> Option<i128> {
    match data {
        FieldData::Text(text) => field.charset.encode(text).map(|bytes| bytes.len() as i128),
        FieldData::Bytes(bytes) => Some(bytes.len() as i128),
        _ => None,
    }
}

fn encode_text(field: &Field, data: &FieldData, size: usize, kept: bool, out: &mut Vec<u8>) -> Option<()> {
    if let FieldData::Bytes(bytes) = data {
        // Invalid UTF-8 is read as bytes.
        let whole = bytes.len() == size && (kept || std::str::from_utf8(bytes).is_ok());
        return (field.charset == Charset::Utf8 && whole).then(|| out.extend_from_slice(bytes));
    }
    if let (FieldData::Text(text), true) = (data, kept) {
        let bytes = field.charset.encode(text)?;
        if bytes.len() == size {
            out.extend_from_slice(&bytes);
            return Some(());
        }
    }
    let text = format(field, data, size)?;
    let bytes = field.charset.encode(&text)?;
    let start = out.len();
    pad(&bytes, size, field.kind, out)?;
    let padded = &out[start..];
    let blank = padded.iter().all(|byte| *byte == b' ');
    // Some values are listed with their padding zeros.
    let good = blank && may_be_blank(field)
        || !blank && (holds(field, padded, &text) || holds(field, padded, &field.charset.decode(padded)));
    good.then_some(())
}

/// The text of a value before padding.
fn format<'a>(field: &Field, data: &'a FieldData, size: usize) -> Option<Cow<'a, str>> {
    Some(match (data, field.kind) {
        (FieldData::Text(text), Kind::DateTime | Kind::Date) => dated(field, text)?,
        (FieldData::Int(value), Kind::DateTime | Kind::Date) => dated(field, &value.to_string())?.into_owned().into(),
        (FieldData::Text(text), _) => match (&field.picture, number(text)) {
            // A number that does not fill its field is converted to the field's form.
            (Some(picture), Some(value)) if text.len() < size => shown(picture, value)?.into(),
            _ => text.as_str().into(),
        },
        (FieldData::Int(_) | FieldData::Float(_), _) => match (&field.picture, data, field.kind) {
            (Some(picture), ..) => shown(picture, data.to_float()?)?.into(),
            (None, FieldData::Float(value), Kind::Real | Kind::Text) => decimal(*value, size)?.into(),
            _ => data.to_int()?.to_string().into(),
        },
        _ => return None,
    })
}

/// A number in the form of a field. A number that does not fit the form, such as the marker 999.9, is written as its digits
/// alone if they fill the field.
fn shown(picture: &Picture, value: f64) -> Option<String> {
    let marker = || Some(value.to_string()).filter(|text| text.len() == picture.len() && value.fract() != 0.0);
    let marker = || marker().filter(|_| picture.to_string().contains('.'));
    picture.format(value).or_else(marker)
}

fn dated<'a>(field: &Field, text: &'a str) -> Option<Cow<'a, str>> {
    // A blank date is a value; a blank time is an unknown time.
    if field.kind == Kind::Date && text.trim().is_empty() {
        return Some(text.into());
    }
    let stands = match field.kind {
        Kind::DateTime => date::is_datetime(text),
        _ => date::is_date(text),
    };
    if stands {
        return Some(text.into());
    }
    let convert = if field.kind == Kind::DateTime { date::datetime } else { date::date };
    convert(text).map(Cow::Owned)
}

fn may_be_blank(field: &Field) -> bool {
    field.nullable
        || match field.kind {
            Kind::Text => match &field.check {
                Check::Values(values) => values.iter().any(|value| value.trim().is_empty()),
                _ => true,
            },
            Kind::Date => true,
            _ => false,
        }
}

fn holds(field: &Field, bytes: &[u8], text: &str) -> bool {
    bytes.iter().all(|byte| field.charset.allows(*byte)) && satisfies(field, text)
}

/// True if a value that is not blank satisfies the kind and the check.
fn satisfies(field: &Field, text: &str) -> bool {
    let unknown = || !text.is_empty() && text.bytes().all(|byte| byte == b'-');
    match &field.check {
        Check::Values(values) => values.iter().any(|value| value.trim() == text.trim()),
        Check::Range(low, high) => number(text).map_or_else(unknown, |number| (*low..=*high).contains(&number)),
        Check::None => match field.kind {
            Kind::Integer => integer(text).is_some() || unknown(),
            Kind::Real => number(text).is_some() || unknown(),
            _ => true,
        },
    }
}

/// Text as a finite number.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let characters = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if characters { text.parse().ok().filter(|value: &f64| value.is_finite()) } else { None }
}

/// Text is padded with blanks on the right, numbers with zeros on the left after their sign. `None` if it is too long.
fn pad(bytes: &[u8], size: usize, kind: Kind, out: &mut Vec<u8>) -> Option<()> {
    let missing = size.checked_sub(bytes.len())?;
    let numeric = matches!(kind, Kind::Integer | Kind::Real) && missing > 0;
    if numeric && bytes.iter().any(|byte| *byte != b' ') && !bytes.ends_with(b" ") {
        // Hyphens, which represent an unknown number, fill the field.
        let filler = if bytes.iter().all(|byte| *byte == b'-') { b'-' } else { b'0' };
        let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        out.extend_from_slice(&bytes[..sign]);
        out.extend(std::iter::repeat_n(filler, missing));
        out.extend_from_slice(&bytes[sign..]);
    } else {
        out.extend_from_slice(bytes);
        out.extend(std::iter::repeat_n(b' ', missing));
    }
    Some(())
}

/// A float in at most `size` characters, with as many decimals as fit. An exponent is used if only zeros would be left, or if a
/// large number does not fit otherwise and loses nothing.
fn decimal(value: f64, size: usize) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let shortest = value.to_string();
    if shortest.len() <= size {
        return Some(shortest);
    }
    let whole = format!("{value:.0}").len();
    let decimals = size.checked_sub(whole + 1);
    let fixed = decimals.map(|decimals| format!("{value:.decimals$}")).filter(|text| text.len() <= size);
    // Integer digits alone, if they fit and nothing else does.
    let fixed = fixed.or_else(|| Some(format!("{value:.0}")).filter(|text| text.len() <= size));
    let digits = |text: &String| text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if fixed.as_ref().is_some_and(|text| digits(text) || value == 0.0) {
        return fixed;
    }
    let exponent = (0..17).rev().map(|decimals| format!("{value:.decimals$E}"));
    let exponent = exponent.into_iter().find(|text| text.len() <= size);
    exponent.filter(|text| value.abs() < 1.0 || text.parse() == Ok(value)).or(fixed)
}

fn encode_binary(field: &Field, data: &FieldData, size: usize, out: &mut Vec<u8>) -> Option<()> {
    match (field.kind, data) {
        (_, FieldData::Bytes(bytes)) if bytes.len() == size => out.extend_from_slice(bytes),
        (Kind::Unsigned | Kind::Signed, data) if (1..=8).contains(&size) => {
            let value = data.to_int()?;
            let bits = 8 * size as u32;
            let (low, high) = match field.kind {
                Kind::Signed => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                _ => (0, (1i128 << bits) - 1),
            };
            if !(low..=high).contains(&value) {
                return None;
            }
            out.extend_from_slice(&value.to_be_bytes()[16 - size..]);
        }
        (Kind::Float, data) if size == 4 => out.extend_from_slice(&narrow(data.to_float()?)?.to_be_bytes()),
        (Kind::Float, data) if size == 8 => out.extend_from_slice(&data.to_float()?.to_be_bytes()),
        _ => return None,
    }
    Some(())
}

/// A float of four bytes; `None` for a finite value that is too large for it.
fn narrow(value: f64) -> Option<f32> {
    let narrow = value as f32;
    (narrow.is_finite() || !value.is_finite()).then_some(narrow)
}
