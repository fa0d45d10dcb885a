//! Ordered entries, and the distinction between chosen and copied entries.

use std::borrow::Cow;
use std::sync::Arc;

use super::origin::{Entries, Origin, Stored, values};
use super::value::Value;

/// Entries in the order in which they were set or occur in the file, and their origin.
///
/// Metadata that was read from a file knows its [`Origin`]. Its copies know it too, even if they are changed. A copy is cheap:
/// it shares the entries until one of the two is changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    entries: Arc<Entries>,
    origin: Option<Arc<Origin>>,
}

impl Metadata {
    /// Empty metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// Empty metadata with memory for `count` entries.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { entries: Arc::new(Vec::with_capacity(count)), origin: None }
    }

    /// The entries with the header bytes `raw` that they were read from. `family` is the name of the format. `form` is a text
    /// that the format defines: the information needed to read `raw` again.
    #[must_use]
    pub fn read_from(
        self,
        family: impl Into<Cow<'static, str>>,
        form: impl Into<Cow<'static, str>>,
        raw: Vec<u8>,
    ) -> Self {
        self.read_with_stored(family, form, raw, Stored::new())
    }

    /// As [`Metadata::read_from`], with what the file holds under keys whose values do not determine it ([`Origin::stored`]).
    #[must_use]
    pub(crate) fn read_with_stored(
        mut self,
        family: impl Into<Cow<'static, str>>,
        form: impl Into<Cow<'static, str>>,
        raw: Vec<u8>,
        stored: Stored,
    ) -> Self {
        let origin = Origin::new(family.into(), form.into(), raw, Arc::clone(&self.entries));
        self.origin = Some(Arc::new(origin.with_stored(stored)));
        self
    }

    /// The same entries as a possibly changed copy of those read from `origin`; `None` for entries that were not read.
    #[must_use]
    pub fn with_origin(mut self, origin: Option<Arc<Origin>>) -> Self {
        self.origin = origin;
        self
    }

    /// The same entries as a copy of a file of the format called `family` of which no header is known. `is_read` is true for
    /// the keys that count as read; the other keys count as chosen.
    ///
    /// A format calls this where a request arrives: for a plain mapping that looks like a copy, such as a `dict` of metadata in
    /// Python, and where entries with another spelling count as unchanged. What follows asks [`Metadata::is_chosen`].
    #[must_use]
    pub(crate) fn into_copy(mut self, family: impl Into<Cow<'static, str>>, is_read: impl Fn(&str) -> bool) -> Self {
        let set = self.entries.iter().map(|(key, _)| key).filter(|key| !is_read(key)).cloned().collect();
        self.origin = Some(Arc::new(Origin::without_header(family.into(), Arc::clone(&self.entries), set)));
        self
    }

    /// The entries of a request as the format called `family` counts them. Entries read from a file of that format keep their
    /// origin. A plain mapping, such as a `dict` of metadata in Python, counts as a copy if it has all of `facts`, which nobody
    /// needs to write by hand: the keys for which `is_read` is true were read. All other entries are chosen.
    #[must_use]
    pub(crate) fn for_family(&self, family: &'static str, facts: &[&str], is_read: impl Fn(&str) -> bool) -> Self {
        if self.is_copy_of(family) {
            return self.clone();
        }
        if self.origin.is_none() && facts.iter().all(|key| self.get(key).is_some()) {
            return self.clone().into_copy(family, is_read);
        }
        self.clone().with_origin(None)
    }

    /// The first value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        values(&self.entries, key).next()
    }

    /// Every value under `key`, in order.
    pub fn get_all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Value> {
        values(&self.entries, key)
    }

    /// Replaces every value under `key` by one, at the position of the first.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let key = key.into();
        let entries = Arc::make_mut(&mut self.entries);
        let Some(place) = entries.iter().position(|(name, _)| *name == key) else {
            entries.push((key, value.into()));
            return;
        };
        entries[place].1 = value.into();
        let mut position = 0;
        entries.retain(|(name, _)| {
            let keep = position <= place || *name != key;
            position += 1;
            keep
        });
    }

    /// Adds a value; existing values of the key remain.
    pub fn append(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        Arc::make_mut(&mut self.entries).push((key.into(), value.into()));
    }

    /// Removes every value under `key`; true if there was any.
    pub fn remove(&mut self, key: &str) -> bool {
        if self.get(key).is_none() {
            return false;
        }
        Arc::make_mut(&mut self.entries).retain(|(name, _)| name != key);
        true
    }

    /// These entries, and the entries of `other` whose keys are not among them. Without an origin, the result has that of
    /// `other`.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        merged.origin = merged.origin.or_else(|| other.origin.clone());
        for (key, value) in other.iter().filter(|(key, _)| self.get(key).is_none()) {
            merged.append(key, value.clone());
        }
        merged
    }

    /// Keeps the entries for whose key `keep` returns true.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        if self.iter().any(|(key, _)| !keep(key)) {
            Arc::make_mut(&mut self.entries).retain(|(key, _)| keep(key));
        }
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Number of entries, counting repeated keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The origin of the entries, or of those that they were copied from; `None` for metadata made in memory.
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        self.origin.as_ref()
    }

    /// The origin of the entries, if it is a file of the format called `family`.
    pub(crate) fn origin_in(&self, family: &str) -> Option<&Origin> {
        self.origin.as_deref().filter(|origin| origin.family() == family)
    }

    /// True if the entries were read from a file of the format called `family`, or copied from such entries, changed or not.
    pub(crate) fn is_copy_of(&self, family: &str) -> bool {
        self.origin_in(family).is_some()
    }

    /// True if the entries equal those of their origin.
    pub fn is_unchanged(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.has(&self.entries))
    }

    /// True if `key` has a value that was not merely copied: the origin is missing, or has different values under it, or none.
    pub(crate) fn is_chosen(&self, key: &str) -> bool {
        let is_copied = |origin: &Arc<Origin>| origin.has_values(key, &self.entries);
        self.get(key).is_some() && !self.origin.as_ref().is_some_and(is_copied)
    }

    /// The bytes that a file of the format called `family` holds under `key`, if the value was read from it, is unchanged, and
    /// does not determine them ([`Origin::stored`]).
    pub(crate) fn stored(&self, family: &str, key: &str) -> Option<&[u8]> {
        self.origin_in(family).filter(|_| !self.is_chosen(key)).and_then(|origin| origin.stored(key))
    }

    /// The header bytes the entries were read from; empty for metadata made in memory.
    pub fn raw(&self) -> &[u8] {
        self.origin.as_ref().map_or(&[], |origin| origin.raw())
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries: Entries = entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { entries: Arc::new(entries), origin: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(entries: &[(&str, Value)]) -> Metadata {
        entries.iter().cloned().collect::<Metadata>().read_from("tiff", "II42", vec![1, 2])
    }

    #[test]
    fn setting_replaces_all_and_keeps_the_first_place() {
        let mut metadata: Metadata = [("A", 1), ("B", 2), ("A", 3)].into_iter().collect();
        assert_eq!(metadata.get_all("A").count(), 2);
        metadata.set("A", 9);
        let entries: Vec<_> = metadata.iter().map(|(key, value)| (key, value.to_int())).collect();
        assert_eq!(entries, [("A", Some(9)), ("B", Some(2))]);
        assert!(metadata.remove("A") && !metadata.remove("A"));
    }

    #[test]
    fn what_was_read_is_copied_and_what_was_made_is_chosen() {
        let found = read(&[("A", f64::NAN.into()), ("B", "b".into())]);
        assert!(found.is_copy_of("tiff") && !found.is_copy_of("nitf") && found.origin_in("nitf").is_none());
        assert!(found.is_unchanged() && !found.is_chosen("A") && !found.is_chosen("C"));
        assert_eq!((found.raw(), found.origin().map(|origin| origin.form())), (&[1, 2][..], Some("II42")));
        let made: Metadata = [("A", 1)].into_iter().collect();
        assert!(!made.is_copy_of("tiff") && !made.is_unchanged() && made.is_chosen("A") && !made.is_chosen("B"));
        assert!(made.raw().is_empty() && made.origin().is_none());
    }

    #[test]
    fn a_copy_shares_its_entries_until_it_is_changed_and_leaves_the_original_alone() {
        let found = read(&[("A", 1.into()), ("B", 2.into())]);
        let mut copy = found.clone();
        assert!(Arc::ptr_eq(&copy.entries, &found.entries));
        copy.set("A", 3);
        copy.append("B", 4);
        assert!(copy.is_chosen("A") && copy.is_chosen("B") && copy.is_copy_of("tiff") && !copy.is_unchanged());
        assert!(found.is_unchanged() && found.get("A") == Some(&Value::Int(1)));
        assert_eq!(copy.origin(), found.origin());
    }

    #[test]
    fn of_a_copy_without_a_header_the_keys_that_were_not_read_are_chosen() {
        let plain: Metadata = [("A", 1), ("B", 2), ("A", 3)].into_iter().collect();
        let mut copy = plain.clone().into_copy("tiff", |key| key == "A");
        assert!(copy.is_copy_of("tiff") && !copy.is_chosen("A") && copy.is_chosen("B") && !copy.is_chosen("C"));
        assert!(!copy.is_unchanged() && copy.raw().is_empty());
        assert_eq!(copy.origin().map(|origin| origin.iter().count()), Some(2));
        copy.append("A", 4);
        assert!(copy.is_chosen("A") && copy.is_chosen("B"));
        assert!(plain.into_copy("tiff", |_| true).is_unchanged());
    }

    #[test]
    fn a_plain_mapping_with_the_facts_of_a_family_is_a_copy_and_a_file_of_another_is_not() {
        let plain: Metadata = [("A", 1), ("B", 2), ("C", 3)].into_iter().collect();
        let seen = |metadata: &Metadata, facts: &[&str]| metadata.for_family("tiff", facts, |key| key != "C");
        let copy = seen(&plain, &["A", "B"]);
        assert!(!copy.is_chosen("A") && copy.is_chosen("C"));
        assert!(seen(&plain, &["A", "D"]).origin().is_none());
        let found = read(&[("A", 1.into())]);
        assert_eq!(seen(&found, &["D"]), found);
        assert!(found.for_family("png", &["A"], |_| true).is_chosen("A"));
    }

    #[test]
    fn made_entries_over_read_ones_are_chosen_and_the_others_are_not() {
        let read = read(&[("A", 1.into()), ("B", 2.into())]);
        let made: Metadata = [("B", 3), ("C", 4)].into_iter().collect();
        let merged = made.over(&read);
        assert!(!merged.is_chosen("A") && merged.is_chosen("B") && merged.is_chosen("C"));
        assert!(read.over(&made).is_copy_of("tiff"));
    }

    #[test]
    fn stored_bytes_are_those_of_an_unchanged_value() {
        let entries: Metadata = [("A", 1), ("B", 2)].into_iter().collect();
        let mut copy = entries.read_with_stored("tiff", "II42", Vec::new(), vec![("A".to_owned(), vec![7])]);
        assert_eq!((copy.stored("tiff", "A"), copy.stored("tiff", "B")), (Some(&[7][..]), None));
        assert_eq!(copy.stored("nitf", "A"), None);
        copy.set("A", 3);
        assert_eq!(copy.stored("tiff", "A"), None);
        copy.set("A", 1);
        assert_eq!(copy.stored("tiff", "A"), Some(&[7][..]));
    }

    #[derive(Debug, Clone)]
    enum Change {
        Set(usize, i64),
        Append(usize, i64),
        Remove(usize),
    }

    const KEYS: [&str; 4] = ["A", "B", "C", "D"];

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (0..KEYS.len(), 0i64..3).prop_map(|(key, value)| Change::Set(key, value)),
            (0..KEYS.len(), 0i64..3).prop_map(|(key, value)| Change::Append(key, value)),
            (0..KEYS.len()).prop_map(Change::Remove),
        ]
    }

    proptest! {
        /// After any changes to a copy, a key is chosen exactly if it has values and they differ from those read.
        #[test]
        fn a_key_is_chosen_if_its_values_are_not_those_that_were_read(
            entries in prop::collection::vec((0..KEYS.len(), 0i64..3), 0..6),
            changes in prop::collection::vec(change(), 0..6),
        ) {
            let entries: Vec<(&str, Value)> =
                entries.into_iter().map(|(key, value)| (KEYS[key], Value::from(value))).collect();
            let found = read(&entries);
            let mut copy = found.clone();
            for change in changes {
                match change {
                    Change::Set(key, value) => copy.set(KEYS[key], value),
                    Change::Append(key, value) => copy.append(KEYS[key], value),
                    Change::Remove(key) => drop(copy.remove(KEYS[key])),
                }
            }
            for key in KEYS {
                let (now, read): (Vec<_>, Vec<_>) = (copy.get_all(key).collect(), found.get_all(key).collect());
                prop_assert_eq!(copy.is_chosen(key), !now.is_empty() && now != read);
                prop_assert!(!found.is_chosen(key));
            }
            prop_assert_eq!(copy.is_unchanged(), copy.iter().eq(found.iter()));
            prop_assert!(copy.is_copy_of("tiff"));
            // An origin sent to another process is equivalent to the shared one.
            let sent: Metadata = copy.iter().map(|(key, value)| (key, value.clone())).collect();
            let sent = sent.with_origin(read(&entries).origin().cloned());
            prop_assert_eq!(&sent, &copy);
            prop_assert!(KEYS.iter().all(|key| sent.is_chosen(key) == copy.is_chosen(key)));
            prop_assert_eq!(sent.is_unchanged(), copy.is_unchanged());
        }
    }
}
