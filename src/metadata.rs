//! Ordered key-value metadata in which a key may repeat, as the fields, tags and TREs of a file are.

use std::sync::Arc;

/// A metadata value: what a tag, a header field or a text chunk holds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer; every 64-bit tag value fits.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes without a meaning of their own here.
    Bytes(Vec<u8>),
    /// Several values, e.g. a tag with count > 1.
    List(Vec<Value>),
    /// Named values, e.g. the fields of a TRE.
    Map(Vec<(Arc<str>, Value)>),
}

/// Entries in the order in which they were set or stand in the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    entries: Vec<(String, Value)>,
    raw: Vec<u8>,
}

impl Metadata {
    /// Empty metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Every value under `key`, in order.
    pub fn get_all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Value> {
        self.entries.iter().filter(move |(name, _)| name == key).map(|(_, value)| value)
    }

    /// Replaces every value under `key` by one, at the place of the first.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let key = key.into();
        let Some(place) = self.entries.iter().position(|(name, _)| *name == key) else {
            self.entries.push((key, value.into()));
            return;
        };
        self.entries[place].1 = value.into();
        let mut position = 0;
        self.entries.retain(|(name, _)| {
            let keep = position <= place || *name != key;
            position += 1;
            keep
        });
    }

    /// Adds a value without touching others of the same key.
    pub fn append(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.entries.push((key.into(), value.into()));
    }

    /// Removes every value under `key`; true where there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(name, _)| name != key);
        self.entries.len() != before
    }

    /// These entries, and those of `other` under keys that have none here.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        merged.entries.extend(other.entries.iter().filter(|(key, _)| self.get(key).is_none()).cloned());
        merged
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Number of entries, repeated keys counted each.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True where there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The header bytes the entries were read from; empty for metadata made in memory.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The same entries with the header bytes they were read from.
    #[must_use]
    pub fn with_raw(mut self, raw: Vec<u8>) -> Self {
        self.raw = raw;
        self
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { entries, raw: Vec::new() }
    }
}

impl Value {
    /// The value as an integer: an integer, an integral float, or decimal text.
    pub fn to_int(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Bool(value) => Some(i128::from(*value)),
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 1e30 => Some(*value as i128),
            Self::Text(text) => text.trim().parse().ok(),
            Self::List(values) if values.len() == 1 => values[0].to_int(),
            _ => None,
        }
    }

    /// The value as a number: a number or decimal text.
    pub fn to_float(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
            Self::List(values) if values.len() == 1 => values[0].to_float(),
            _ => None,
        }
    }

    /// The value as numbers: one number, a list of them, or text such as `[0.5, 0.5, 0]` or `0.5 0.5 0`.
    pub fn to_floats(&self) -> Option<Vec<f64>> {
        match self {
            Self::List(values) => values.iter().map(Self::to_float).collect(),
            Self::Text(text) => {
                let inner = text.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
                let parts = inner.split([',', ' ', ';']).map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| part.parse().ok()).collect()
            }
            other => other.to_float().map(|value| vec![value]),
        }
    }

    /// The value as text where it is text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("None"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bytes(bytes) => write!(f, "<{} bytes>", bytes.len()),
            Self::List(values) => {
                f.write_str("[")?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => write!(f, "<{} fields>", entries.len()),
        }
    }
}

macro_rules! value_from {
    ($($from:ty => $variant:ident as $as:ty),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(<$as>::from(value))
            }
        })*
    };
}
value_from! {
    bool => Bool as bool, i32 => Int as i128, i64 => Int as i128, i128 => Int as i128, u8 => Int as i128,
    u16 => Int as i128, u32 => Int as i128, u64 => Int as i128, f64 => Float as f64,
    String => Text as String, &str => Text as String, Vec<u8> => Bytes as Vec<u8>, Vec<Value> => List as Vec<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_replaces_all_and_keeps_the_first_place() {
        let mut metadata: Metadata = [("A", 1), ("B", 2), ("A", 3)].into_iter().collect();
        assert_eq!(metadata.get_all("A").count(), 2);
        metadata.set("A", 9);
        let entries: Vec<_> = metadata.iter().map(|(key, value)| (key, value.to_int())).collect();
        assert_eq!(entries, [("A", Some(9)), ("B", Some(2))]);
    }

    #[test]
    fn numbers_are_read_from_text_as_the_specification_writes_them() {
        assert_eq!(Value::from("[0.5, 0.5, 0.0]").to_floats(), Some(vec![0.5, 0.5, 0.0]));
        assert_eq!(Value::from("256").to_int(), Some(256));
        assert_eq!(Value::from("many").to_floats(), None);
    }
}
