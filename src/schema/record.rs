//! The values of a structure: fields in order, groups as lists of records.

use std::fmt;
use std::sync::Arc;

use super::number;

/// The value of a field, or the records of a repeated group.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FieldData {
    /// Text as it stands in the file, padding included; one character a byte (Latin-1) except in UTF-8 fields.
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

/// Bytes of a value that messages show; of more they say how many.
const SHOWN: usize = 16;

/// The fields of a structure in order.
///
/// A field that was read remembers that: it is written as it stood in the file, even where it breaks a rule, until another
/// value is set in its place.
#[derive(Debug, Clone, Default)]
pub struct Record {
    entries: Vec<Entry>,
}

/// A field or group of a record.
#[derive(Debug, Clone)]
pub struct Entry {
    name: Arc<str>,
    pub(super) data: FieldData,
    /// True if the value stands so in a file.
    pub(super) kept: bool,
}

impl Record {
    /// No fields yet.
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

    /// The records of a group; `None` if there is no such group.
    pub fn group(&self, name: &str) -> &[Self] {
        match self.get(name) {
            Some(FieldData::Group(records)) => records,
            _ => &[],
        }
    }

    /// Sets a field, in its place where it is there already, else at the end.
    pub fn set(&mut self, name: impl Into<Arc<str>>, data: impl Into<FieldData>) {
        self.put(name.into(), data.into(), false);
    }

    /// Removes a field, and gives its value.
    pub fn remove(&mut self, name: &str) -> Option<FieldData> {
        let place = self.entries.iter().position(|entry| *entry.name == *name)?;
        Some(self.entries.remove(place).data)
    }

    /// The same record without some of its fields; what is left remembers where it was read.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let kept = self.entries.iter().filter(|entry| !names.contains(&&*entry.name));
        Self { entries: kept.cloned().collect() }
    }

    /// Marks every value that is the same in `original`, padding aside, as one that is written as it stands there: a copy
    /// of what was read keeps what breaks a rule, and only what was changed is checked.
    pub fn keep(&mut self, original: &Self) {
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

    /// The same record without the memory of where it was read: every value is checked when it is written.
    #[must_use]
    pub fn forgotten(&self) -> Self {
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

    /// True if there is no field.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a field that is not there yet.
    pub(super) fn push(&mut self, name: Arc<str>, data: FieldData, kept: bool) {
        self.entries.push(Entry { name, data, kept });
    }

    /// Sets a field; true where it was there already.
    pub(super) fn put(&mut self, name: Arc<str>, data: FieldData, kept: bool) -> bool {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.name == name) {
            (entry.data, entry.kept) = (data, kept);
            return true;
        }
        self.push(name, data, kept);
        false
    }

    /// Makes place for fields.
    pub(super) fn reserve(&mut self, fields: usize) {
        self.entries.reserve_exact(fields);
    }

    /// The place of a field, looked for from `from` on first: fields are mostly asked for in order.
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

/// Records are equal where their fields are.
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
