//! Reads a subheader as far as possible. Oddities become notes.

use super::capacity::MAX_HEADER;
use super::kind::Kind;
use super::version::Version;
use crate::error::{Error, Result};
use crate::io::Lookahead;
use crate::schema::{FieldData, Item, Kind as FieldKind, Record, Structure, read};

/// A subheader.
pub(super) struct Subheader {
    pub(super) record: Record,
    /// The bytes of its fields.
    pub(super) raw: Vec<u8>,
    /// Bytes from the beginning of the subheader to the data of the segment.
    pub(super) length: u64,
    /// Its oddities.
    pub(super) notes: Vec<String>,
}

/// The most bytes by which fields may exceed the length that the file header states for a subheader.
const MAX_EXCESS: u64 = 4096;

/// Reads the subheader at `offset`, which is `length` bytes long if that is known.
///
/// # Errors
/// [`Error::Malformed`] with the field and its offset in the file if the subheader cannot be read.
pub(super) fn read_subheader(
    file: &mut Lookahead<'_>,
    version: Version,
    kind: Kind,
    offset: u64,
    length: Option<u64>,
) -> Result<Subheader> {
    let structure = version.subheader(kind);
    let mut notes = Vec::new();
    let mut length = length;
    let bytes = match length {
        Some(length) => file.get(offset, length.min(MAX_HEADER))?,
        None => file.up_to(offset, MAX_HEADER)?,
    };
    let (record, raw) = match read(structure, bytes) {
        Ok((record, used)) => (record, bytes[..used].to_vec()),
        Err(error) => {
            let error = shifted(error, offset);
            let recovered =
                length.and_then(|length| recover(file, kind, structure, (offset, length), &error, &mut notes));
            let (record, raw) = recovered.ok_or(error)?;
            // Fields that reach beyond the length prove it wrong: the data cannot begin before the fields end.
            length = length.map(|length| length.max(raw.len() as u64));
            (record, raw)
        }
    };
    if !raw.starts_with(kind.marker()) {
        let found = String::from_utf8_lossy(raw.get(..2).unwrap_or_default());
        notes
            .push(format!("begins with {found:?}, not {:?}, at byte {offset}", String::from_utf8_lossy(kind.marker())));
    }
    let used = raw.len() as u64;
    let length = length.unwrap_or(used);
    if length > used {
        notes.push(format!(
            "has {length} bytes by the file header, {used} by its fields; the data begin after {length}"
        ));
    }
    Ok(Subheader { record, raw, length, notes })
}

/// Turns the offset of an error about bytes that begin at `offset` into an offset in the file.
pub(super) fn shifted(mut error: Error, offset: u64) -> Error {
    if let Error::Malformed(detail) = &mut error {
        detail.offset = Some(detail.offset.unwrap_or(0).saturating_add(offset));
    }
    error
}

/// Reads the fields of a structure that precede one of them.
pub(super) fn read_before(structure: &Structure, field: &str, bytes: &[u8]) -> Option<(Record, usize)> {
    let is_field = |item: &Item| matches!(item, Item::Field(item) if *item.name == *field);
    let end = structure.items.iter().position(is_field)?;
    let mut before = structure.clone();
    before.items.truncate(end);
    read(&before, bytes).ok()
}

/// A note on integer fields that hold blanks, signs or other digits.
pub(super) fn odd_numbers(structure: &Structure, record: &Record) -> Option<String> {
    let mut odd = Vec::new();
    collect_odd(record, &mut odd);
    if odd.is_empty() {
        return None;
    }
    let integers: Vec<_> = structure.fields().into_iter().filter(|field| field.kind == FieldKind::Integer).collect();
    odd.retain(|(name, _)| integers.iter().any(|field| *field.name == **name));
    let first: Vec<_> = odd.iter().take(4).map(|(name, text)| format!("{name} {text:?}")).collect();
    let more = if odd.len() > first.len() { " …" } else { "" };
    (!odd.is_empty()).then(|| format!("has numbers with blanks, signs or other digits: {}{more}", first.join(", ")))
}

fn collect_odd<'r>(record: &'r Record, odd: &mut Vec<(&'r str, &'r str)>) {
    for (name, data) in record.iter() {
        match data {
            FieldData::Text(text) => {
                let digit = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_digit());
                let plain = digit(text.bytes().next()) && digit(text.bytes().next_back());
                // Latin-1 has further digits, which no reader accepts in a number.
                let other = !text.is_ascii() && text.chars().all(char::is_numeric);
                if other || (!plain && text.trim().parse::<i128>().is_ok()) {
                    odd.push((name, text));
                }
            }
            FieldData::Group(records) => records.iter().for_each(|record| collect_odd(record, odd)),
            _ => {}
        }
    }
}

/// The fields of a subheader that exceed its length, or those before an area of TREs that cannot be read.
fn recover(
    file: &mut Lookahead<'_>,
    kind: Kind,
    structure: &Structure,
    (offset, length): (u64, u64),
    error: &Error,
    notes: &mut Vec<String>,
) -> Option<(Record, Vec<u8>)> {
    let bytes = file.up_to(offset, length.saturating_add(MAX_EXCESS).min(MAX_HEADER)).ok()?;
    if let Ok((record, used)) = read(structure, bytes) {
        notes.push(format!("has {length} bytes by the file header, {used} by its fields; the data begin after {used}"));
        return Some((record, bytes[..used].to_vec()));
    }
    let bytes = bytes.get(..usize::try_from(length).ok()?)?;
    kind.areas().iter().rev().find_map(|area| {
        let field = area.length;
        let (record, _) = read_before(structure, field, bytes)?;
        notes.push(format!("has extensions that cannot be read, from {field} on: {error}"));
        Some((record, bytes.to_vec()))
    })
}
