//! The values of a structure: fields in order, groups as lists of records.

use std::fmt;
use std::sync::Arc;

/// The value of a field, or the records of a repeated group.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FieldData {
    /// Text as it occurs in the file, including padding; one character per byte (Latin-1) except in UTF-8 fields.
    Text(String),
    /// An integer: a binary field, or a number given for a text field.
    Int(i128),
    /// A floating-point number: a binary field, or a number given for a text field.
    Float(f64),
    /// Bytes of a field without inner structure.
    Bytes(Vec<u8>),
    /// One record for each turn of a repeated group.
    Group(Vec<Record>),
}

/// The most bytes of a value shown in a message; for longer values it states the length.
const SHOWN: usize = 16;

/// The fields of a structure in order.
///
/// A field that was read keeps its form: it is written as it occurs in the file, even if it violates a rule, until it is set to
/// another value.
#[derive(Debug, Clone, Default)]
pub struct Record {
    entries: Vec<Entry>,
}

/// A field or group of a record.
#[derive(Debug, Clone)]
pub struct Entry {
    name: Arc<str>,
    pub(super) data: FieldData,
    /// True if the value is written as it occurs in a file.
    pub(super) kept: bool,
}

impl Record {
    /// A record without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field or group.
    pub fn get(&self, name: &str) -> Option<&FieldData> {
        self.entries.iter().find(|entry| *entry.name == *name).map(|entry| &entry.data)
    }

    /// The text of a field without padding.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(FieldData::Text(text)) => Some(text.trim()),
            _ => None,
        }
    }

    /// A field as an integer.
    pub fn int(&self, name: &str) -> Option<i128> {
        self.get(name).and_then(FieldData::to_int)
    }

    /// A field as a number.
    pub fn float(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(FieldData::to_float)
    }

    /// The records of a group; empty if the group does not exist.
    pub fn group(&self, name: &str) -> &[Self] {
        match self.get(name) {
            Some(FieldData::Group(records)) => records,
            _ => &[],
        }
    }

    /// Sets a field: in its place if it exists, otherwise at the end.
    pub fn set(&mut self, name: impl Into<Arc<str>>, data: impl Into<FieldData>) {
        self.put(name.into(), data.into(), false);
    }

    /// Removes a field and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<FieldData> {
        let place = self.entries.iter().position(|entry| *entry.name == *name)?;
        Some(self.entries.remove(place).data)
    }

    /// The same record without some of its fields; the remaining fields keep their form.
    #[must_use]
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let kept = self.entries.iter().filter(|entry| !names.contains(&&*entry.name));
        Self { entries: kept.cloned().collect() }
    }

    /// Marks every value that equals the one in `original`, ignoring padding, to be written as it occurs there. So a copy keeps
    /// values that violate a rule, and only changed values are checked.
    pub(crate) fn keep(&mut self, original: &Self) {
        for entry in &mut self.entries {
            let Some(old) = original.entries.iter().find(|old| old.name == entry.name) else { continue };
            match (&mut entry.data, &old.data) {
                (FieldData::Group(turns), FieldData::Group(old)) => {
                    turns.iter_mut().zip(old).for_each(|(turn, old)| turn.keep(old));
                }
                (FieldData::Text(text), FieldData::Text(old)) if text.trim_end() == old.trim_end() => {
                    text.clone_from(old);
                    entry.kept = true;
                }
                (data, old) => entry.kept = data == old,
            }
        }
    }

    /// The same record without the forms that were read: every value is checked when it is written.
    #[must_use]
    pub(crate) fn forgotten(&self) -> Self {
        let forget = |data: &FieldData| match data {
            FieldData::Group(turns) => FieldData::Group(turns.iter().map(Self::forgotten).collect()),
            data => data.clone(),
        };
        self.iter().map(|(name, data)| (name, forget(data))).collect()
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldData)> {
        self.entries.iter().map(|entry| (&*entry.name, &entry.data))
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if the record is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a field that does not exist yet.
    pub(super) fn push(&mut self, name: Arc<str>, data: FieldData, kept: bool) {
        self.entries.push(Entry { name, data, kept });
    }

    /// Sets a field; true if it existed.
    pub(super) fn put(&mut self, name: Arc<str>, data: FieldData, kept: bool) -> bool {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.name == name) {
            (entry.data, entry.kept) = (data, kept);
            return true;
        }
        self.push(name, data, kept);
        false
    }

    /// Reserves space for fields.
    pub(super) fn reserve(&mut self, fields: usize) {
        self.entries.reserve_exact(fields);
    }

    /// The position of a field, searched from `from` first: fields are mostly requested in order.
    pub(super) fn position(&self, name: &str, from: usize) -> Option<usize> {
        let named = |entry: &Entry| *entry.name == *name;
        let behind = self.entries.get(from..)?.iter().position(named).map(|place| from + place);
        behind.or_else(|| self.entries[..from].iter().position(named))
    }

    pub(super) fn entry(&self, place: usize) -> &Entry {
        &self.entries[place]
    }
}

impl IntoIterator for Record {
    type Item = (Arc<str>, FieldData);
    type IntoIter = std::iter::Map<std::vec::IntoIter<Entry>, fn(Entry) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter().map(|entry| (entry.name, entry.data))
    }
}

/// Records are equal if their fields are.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<N: Into<Arc<str>>, D: Into<FieldData>> FromIterator<(N, D)> for Record {
    fn from_iter<I: IntoIterator<Item = (N, D)>>(fields: I) -> Self {
        let mut record = Self::new();
        for (name, data) in fields {
            record.set(name, data);
        }
        record
    }
}

impl FieldData {
    /// The value as an integer: an integer, an integral float, or text that holds one.
    pub fn to_int(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Float(value) => number::integral(*value),
            Self::Text(text) => number::integer(text),
            _ => None,
        }
    }

    /// The value as a number.
    pub fn to_float(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(text) => number::float(text),
            _ => None,
        }
    }
}

impl fmt::Display for FieldData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Bytes(bytes) if bytes.len() <= SHOWN => write!(f, "b'{}'", bytes.escape_ascii()),
            Self::Bytes(bytes) => write!(f, "<{} bytes>", bytes.len()),
            Self::Group(records) => write!(f, "<{} records>", records.len()),
        }
    }
}

macro_rules! data_from {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for FieldData {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}
data_from! { &str => Text, String => Text, i32 => Int, i64 => Int, u32 => Int, u64 => Int, i128 => Int, f64 => Float, Vec<u8> => Bytes }

impl From<Vec<Record>> for FieldData {
    fn from(records: Vec<Record>) -> Self {
        Self::Group(records)
    }
}

/// Numbers in values: text or floats that represent numbers.
pub(crate) mod number {
    /// Text as an integer, ignoring padding.
    pub(crate) fn integer(text: &str) -> Option<i128> {
        let text = text.trim();
        // The narrow type is several times as fast, and nearly every number fits it.
        text.parse::<i64>().map(i128::from).or_else(|_| text.parse()).ok()
    }

    /// Text as a number, ignoring padding.
    pub(crate) fn float(text: &str) -> Option<f64> {
        text.trim().parse().ok()
    }

    /// A float without a fraction as an integer.
    pub(crate) fn integral(value: f64) -> Option<i128> {
        (value.fract() == 0.0 && value.abs() < 1e30).then_some(value as i128)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn text_is_read_without_its_padding() {
            assert_eq!(integer(" 0042 "), Some(42));
            assert_eq!(integer("-170141183460469231731687303715884105728"), Some(i128::MIN));
            assert_eq!((integer("4.0"), float(" +4.50 ")), (None, Some(4.5)));
            assert_eq!((integer(""), float("")), (None, None));
        }

        #[test]
        fn floats_are_integers_without_a_fraction() {
            assert_eq!(
                [7.0, -0.0, 1e29].map(integral),
                [Some(7), Some(0), Some(99_999_999_999_999_991_433_150_857_216)]
            );
            assert_eq!([0.5, 1e31, f64::NAN, f64::INFINITY].map(integral), [None; 4]);
        }
    }
}
