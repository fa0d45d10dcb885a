//! The values of a structure: fields in order, groups as lists of records.

use std::fmt;

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

/// The fields of a structure in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    fields: Vec<(String, FieldData)>,
}

impl Record {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field or group.
    pub fn get(&self, name: &str) -> Option<&FieldData> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, data)| data)
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

    /// Sets a field, in its place where it is there already, else at the end.
    pub fn set(&mut self, name: impl Into<String>, data: impl Into<FieldData>) {
        let (name, data) = (name.into(), data.into());
        match self.fields.iter_mut().find(|(field, _)| *field == name) {
            Some((_, old)) => *old = data,
            None => self.fields.push((name, data)),
        }
    }

    /// Removes a field, and gives its value.
    pub fn remove(&mut self, name: &str) -> Option<FieldData> {
        let place = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(place).1)
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldData)> {
        self.fields.iter().map(|(name, data)| (name.as_str(), data))
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// True where there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl<N: Into<String>, D: Into<FieldData>> FromIterator<(N, D)> for Record {
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
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 1e30 => Some(*value as i128),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The value as a number.
    pub fn to_float(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
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
