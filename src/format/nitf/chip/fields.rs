//! The fields of a TRE as metadata hold them, to be changed one by one.

use std::sync::Arc;

use super::super::typed::typed_tre;
use crate::error::{Error, Result};
use crate::metadata::{Metadata, Value};

/// The fields of one TRE.
pub(super) struct Fields {
    tag: &'static str,
    entries: Vec<(Arc<str>, Value)>,
}

impl Fields {
    /// The fields of the only TRE of a tag, as they stand in the metadata. If the TRE is given as bytes, fields have their
    /// types and blank ones are left out.
    ///
    /// # Errors
    /// [`Error::Usage`] if the tag repeats, and any error from reading the bytes.
    pub(super) fn of(metadata: &Metadata, tag: &'static str) -> Result<Self> {
        let mut values = metadata.get_all(tag);
        let value = values.next().ok_or_else(|| Error::usage("missing TRE").found(tag))?;
        let others = values.count();
        if others > 0 {
            let found = format!("{} of that tag, each for other lines of the image", others + 1);
            return Err(Error::usage("TRE").field(tag).found(found).allowed("1"));
        }
        let entries = match value {
            Value::Map(entries) => entries.clone(),
            value => Self::typed(tag, value)?.entries.into_iter().filter(|(_, value)| *value != Value::Null).collect(),
        };
        Ok(Self { tag, entries })
    }

    /// The fields of a TRE with their types. Missing fields have their defaults, and blank ones are null.
    ///
    /// # Errors
    /// As [`typed_tre`].
    pub(super) fn typed(tag: &'static str, value: &Value) -> Result<Self> {
        match typed_tre(tag, value)? {
            Value::Map(entries) => Ok(Self { tag, entries }),
            other => Err(Error::malformed("fields of").field(tag).found(other)),
        }
    }

    /// The value of a field; `None` if it is missing or blank.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let entry = self.entries.iter().find(|(field, _)| **field == *name);
        entry.map(|(_, value)| value).filter(|value| **value != Value::Null)
    }

    /// A field as a number.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is not a finite number.
    pub(super) fn number(&self, name: &str) -> Result<f64> {
        let number = self.get(name).and_then(Value::to_float).filter(|number| number.is_finite());
        number.ok_or_else(|| self.wrong(name, "a finite number"))
    }

    /// A field as text.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is missing.
    pub(super) fn text(&self, name: &str) -> Result<String> {
        match self.get(name) {
            Some(Value::Text(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
            None => Err(self.wrong(name, "text")),
        }
    }

    /// Sets a field at its place.
    pub(super) fn set(&mut self, name: &str, text: String) {
        match self.entries.iter_mut().find(|(field, _)| **field == *name) {
            Some((_, value)) => *value = text.into(),
            None => self.entries.push((name.into(), text.into())),
        }
    }

    /// The fields as a metadata value.
    pub(super) fn into_value(self) -> Value {
        Value::Map(self.entries)
    }

    fn wrong(&self, name: &str, allowed: &str) -> Error {
        let found = self.get(name).map_or_else(|| "nothing".to_owned(), ToString::to_string);
        Error::usage(self.tag).field(name).found(found).allowed(allowed)
    }
}
