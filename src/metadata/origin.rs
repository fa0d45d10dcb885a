//! The origin of metadata: it identifies copies, and distinguishes changed entries from copied ones.

use std::borrow::Cow;
use std::sync::Arc;

use super::value::Value;

/// Keys and values in order.
pub(super) type Entries = Vec<(String, Value)>;

/// The header that metadata was read from, and the entries as they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    family: Cow<'static, str>,
    form: Cow<'static, str>,
    raw: Vec<u8>,
    entries: Arc<Entries>,
    /// Keys among the entries that were not read: the caller set them in a mapping that has no origin of its own.
    set: Vec<String>,
    /// What the file holds under a key whose value does not determine it.
    stored: Stored,
}

/// Keys, each with the bytes that the file holds under it.
pub(crate) type Stored = Vec<(String, Vec<u8>)>;

impl Origin {
    /// The origin of `entries`, sharing them with the metadata that was read.
    pub(super) fn new(family: Cow<'static, str>, form: Cow<'static, str>, raw: Vec<u8>, entries: Arc<Entries>) -> Self {
        Self { family, form, raw, entries, set: Vec::new(), stored: Stored::new() }
    }

    /// The same origin, with what the file holds under keys whose values do not determine it.
    pub(super) fn with_stored(self, stored: Stored) -> Self {
        Self { stored, ..self }
    }

    /// The origin of a copy whose file is not known: of `entries`, those whose keys are not in `set`.
    pub(super) fn without_header(family: Cow<'static, str>, entries: Arc<Entries>, set: Vec<String>) -> Self {
        Self { set, ..Self::new(family, "".into(), Vec::new(), entries) }
    }

    /// The name of the format: `nitf`, `tiff` …
    pub fn family(&self) -> &str {
        &self.family
    }

    /// The form of the header bytes, as the format names it.
    pub fn form(&self) -> &str {
        &self.form
    }

    /// The header bytes.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The bytes that the file holds under `key`, if the value that was read does not determine them: text in another encoding,
    /// or a fraction that is not in lowest terms. The format defines their form. `None` if the value suffices.
    pub fn stored(&self, key: &str) -> Option<&[u8]> {
        self.stored.iter().find(|(name, _)| name == key).map(|(_, bytes)| bytes.as_slice())
    }

    /// Every key of [`Origin::stored`] with its bytes.
    #[cfg(feature = "python")]
    pub(crate) fn all_stored(&self) -> &Stored {
        &self.stored
    }

    /// The entries as they were read, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let read = self.entries.iter().filter(|(key, _)| !self.set.contains(key));
        read.map(|(key, value)| (key.as_str(), value))
    }

    /// True if `entries` are those that were read.
    pub(super) fn has(&self, entries: &Arc<Entries>) -> bool {
        let is_same =
            |((key, value), (other, read)): (&(String, Value), &(String, Value))| key == other && value.is_same(read);
        let are_same = || entries.len() == self.entries.len() && entries.iter().zip(&*self.entries).all(is_same);
        self.set.is_empty() && (Arc::ptr_eq(entries, &self.entries) || are_same())
    }

    /// True if the values under `key` among `entries` are those that were read under it.
    pub(super) fn has_values(&self, key: &str, entries: &Arc<Entries>) -> bool {
        if self.set.iter().any(|name| name == key) {
            return false;
        }
        if Arc::ptr_eq(entries, &self.entries) {
            return true;
        }
        let (mut now, mut read) = (values(entries, key), values(&self.entries, key));
        loop {
            match (now.next(), read.next()) {
                (None, None) => return true,
                (Some(now), Some(read)) if now.is_same(read) => {}
                _ => return false,
            }
        }
    }
}

/// Every value under `key`, in order.
pub(super) fn values<'a>(entries: &'a Entries, key: &str) -> impl Iterator<Item = &'a Value> {
    entries.iter().filter(move |(name, _)| name == key).map(|(_, value)| value)
}
