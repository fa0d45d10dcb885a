//! The writer's options in an image's metadata: tags by number or name, `Geo…` names, and hints that are not tags.
//!
//! Keys, in the order in which they are tried:
//!
//! - a decimal number from 1 to 65535: the tag of that number;
//! - `Geo…`: a name of `geo`, an error if it is unknown;
//! - the name of a tag (case ignored), or a hint: `CompressionLevel`, `Quality` (also `JPEGQuality`), `MaxZError`,
//!   `Statistics`, `Layout`;
//! - anything else is handled by `unknown_key`, as in every format.
//!
//! Different values under a tag's name and its number are an error. If the metadata is a copy of a TIFF's and the caller has
//! chosen only one of the two, that one wins.
//!
//! Only what the caller has chosen is validated. A value that was read is written as it was read, or left out with a warning.

use std::collections::{BTreeMap, HashMap};

use super::field::{Field, FieldType};
use super::{NAMES, dates, geo, origin, tags, values};
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind, is_key_of_another, refuse_chosen, unknown_key};
use crate::metadata::{Metadata, Value};

/// The hint for compression effort.
const LEVEL: &str = "CompressionLevel";
/// The names of the hint for the quality of lossy compression.
const QUALITIES: [&str; 2] = ["Quality", "JPEGQuality"];
/// The hint for the largest error of a sample in LERC.
pub(super) const MAX_ERROR: &str = "MaxZError";
/// The hint for statistics of the bands.
pub(super) const STATISTICS: &str = "Statistics";
/// The hint for the order of the file, and its only value.
pub(super) const LAYOUT: &str = "Layout";
pub(super) const COG: &str = "COG";

/// A tag's value with the key it was given under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    /// The metadata key.
    pub(super) key: &'a str,
    /// The value.
    pub(super) value: &'a Value,
}

/// Metadata sorted by its subject.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    /// Tags by number.
    pub(super) tags: BTreeMap<u16, Given<'a>>,
    /// `Geo…` names.
    geo: Vec<(&'a str, &'a Value)>,
    /// Compression effort.
    pub(super) level: Option<Given<'a>>,
    /// Quality of lossy compression.
    pub(super) quality: Option<Given<'a>>,
    /// The largest error of a sample.
    pub(super) max_error: Option<Given<'a>>,
    /// True if the statistics of the bands are to be stored.
    pub(super) statistics: bool,
    /// True if the file is to be a COG.
    pub(super) is_cog: bool,
    /// The metadata with its origin. A copy of a TIFF's may describe that image rather than this one.
    metadata: Metadata,
    /// The types of tags in the directory that the metadata was read from.
    pub(super) types: HashMap<u16, FieldType>,
}

impl<'a> Options<'a> {
    /// Sorts the metadata of an image.
    ///
    /// # Errors
    /// [`Error::Usage`] for unknown keys, null values, and a name and a number that contradict each other.
    pub(super) fn new(metadata: &'a Metadata, warnings: &mut Vec<Warning>) -> Result<Self> {
        let types = origin::stored_types(metadata);
        let mut options = Self { metadata: origin::with_origin(metadata), types, ..Self::default() };
        for (key, value) in metadata.iter() {
            options.add(Given { key, value }, warnings)?;
        }
        Ok(options)
    }

    /// The value given for a tag.
    pub(super) fn get(&self, tag: u16) -> Option<Given<'a>> {
        self.tags.get(&tag).copied()
    }

    /// The number given for a tag. Of several numbers that were read the first counts, as for a reader; `None` if a value that
    /// was read is not a number.
    ///
    /// # Errors
    /// [`Error::Usage`] if a chosen value is not such a number.
    pub(super) fn number(&self, tag: u16) -> Result<Option<u64>> {
        let Some(given) = self.get(tag) else { return Ok(None) };
        let numbers = values::unsigned(tag, given.key, given.value);
        if !self.is_chosen(given) {
            return Ok(numbers.ok().and_then(|numbers| numbers.first().copied()));
        }
        match numbers?.as_slice() {
            [number] => Ok(Some(*number)),
            _ => Err(values::wrong(tag, given.key, given.value)),
        }
    }

    /// The field for the value given for a tag: as it was read, if the value was. `None` if the value is empty, or was read and
    /// cannot be written, with a warning.
    ///
    /// # Errors
    /// [`Error::Usage`] for a chosen value that the tag cannot have.
    pub(super) fn field(&self, tag: u16, given: Given<'_>, warnings: &mut Vec<Warning>) -> Result<Option<Field>> {
        let kind = self.types.get(&tag).copied();
        if given.key == tag.to_string()
            && let Some(field) = kind.and_then(|kind| origin::stored_field(&self.metadata, tag, kind))
        {
            return Ok(Some(field));
        }
        let is_chosen = self.is_chosen(given);
        // A time of a file is copied as it is.
        let dated = if is_chosen { dates::in_own_form(tag, given.value) } else { None };
        match values::field(tag, given.key, dated.as_ref().unwrap_or(given.value), kind, !is_chosen) {
            Ok(None) => warnings.push(Warning::new(WarningKind::Metadata, given.key, "is empty and is left out")),
            Err(error) => refuse_chosen(&self.metadata, given.key, error, warnings)?,
            found => return found,
        }
        Ok(None)
    }

    /// The directory that the file from which the metadata was read has inside the field of a tag, if the value is unchanged.
    pub(super) fn directory(&self, tag: u16, given: Given<'_>) -> Option<Field> {
        let is_directory = matches!(given.value, Value::Map(_)) && given.key == tag.to_string();
        if is_directory { origin::stored_field(&self.metadata, tag, FieldType::Long) } else { None }
    }

    /// The `Geo…` names.
    pub(super) fn geo_names(&self) -> Vec<geo::Name<'a>> {
        let name = |(key, value): &(&'a str, &'a Value)| geo::Name { key, value, chosen: self.metadata.is_chosen(key) };
        self.geo.iter().map(name).collect()
    }

    /// The first number that the file from which the metadata was read has under a tag.
    pub(super) fn read_number(&self, tag: u16) -> Option<u64> {
        let key = tag.to_string();
        let origin = self.metadata.origin_in(origin::FAMILY)?;
        let (_, value) = origin.iter().find(|(name, _)| *name == key)?;
        values::unsigned(tag, &key, value).ok()?.first().copied()
    }

    /// True if the file from which the metadata was read has one of `numbers` under a tag.
    pub(super) fn was_any(&self, tag: u16, numbers: &[u64]) -> bool {
        self.read_number(tag).is_some_and(|number| numbers.contains(&number))
    }

    /// True if the metadata is a copy of a TIFF's.
    pub(super) fn is_copy(&self) -> bool {
        self.metadata.is_copy_of(origin::FAMILY)
    }

    /// True if the caller has chosen the value of a tag, rather than copied it from a file with the rest.
    pub(super) fn is_chosen(&self, given: Given<'_>) -> bool {
        self.metadata.is_chosen(given.key)
    }

    /// Refuses an option that this image cannot have. A copied option may describe another image: it only gives a warning.
    /// `key` is the key of the option, or the number of its tag.
    ///
    /// # Errors
    /// `error`, unless the option was copied.
    pub(super) fn refuse(&self, key: &str, error: Error, warnings: &mut Vec<Warning>) -> Result<()> {
        let tag = key.parse().ok().or_else(|| tags::by_name(key).map(|row| row.number));
        let given = tag.and_then(|tag| self.get(tag));
        if given.map_or(!self.is_copy(), |given| self.is_chosen(given)) {
            return Err(error);
        }
        warnings.push(Warning::new(
            WarningKind::Metadata,
            key,
            format!("copied metadata does not suit this image; a default is used: {error}"),
        ));
        Ok(())
    }

    fn add(&mut self, given: Given<'a>, warnings: &mut Vec<Warning>) -> Result<()> {
        let Given { key, value } = given;
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        if *value == Value::Null {
            return Err(Error::usage("metadata value of")
                .field(key)
                .found("None")
                .allowed("a value; to omit the tag, leave out the key"));
        }
        if key.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            let number = key.parse().ok().filter(|number| *number != 0);
            let error =
                || Error::usage("metadata key is not a TIFF tag:").found(key).allowed("a number from 1 to 65535");
            self.add_tag(number.ok_or_else(error)?, given, warnings)
        } else if key.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("geo")) && !is_tre(key) {
            self.geo.push((key, value));
            Ok(())
        } else if let Some(tag) = tags::by_name(key) {
            self.add_tag(tag.number, given, warnings)
        } else if is(LEVEL) {
            self.level = Some(given);
            Ok(())
        } else if QUALITIES.into_iter().any(is) {
            self.quality = Some(given);
            Ok(())
        } else if is(MAX_ERROR) {
            self.max_error = Some(given);
            Ok(())
        } else if is(STATISTICS) {
            let error = || Error::usage("metadata value of").field(key).found(value).allowed("True or False");
            self.statistics = truth(value).ok_or_else(error)?;
            Ok(())
        } else if is(LAYOUT) {
            self.is_cog = value.as_text().is_some_and(|text| text.trim().eq_ignore_ascii_case(COG));
            let error = || Error::usage("metadata value of").field(key).found(value).allowed(COG);
            if self.is_cog { Ok(()) } else { Err(error()) }
        } else {
            let known =
                "a tag number, a tag name, a Geo name, CompressionLevel, Quality, MaxZError, Statistics or Layout";
            unknown_key(&NAMES, (&self.metadata, key), tags::nearest_name(key), known, warnings)
        }
    }

    fn add_tag(&mut self, tag: u16, given: Given<'a>, warnings: &mut Vec<Warning>) -> Result<()> {
        let Some(other) = self.tags.get(&tag).copied() else {
            self.tags.insert(tag, given);
            return Ok(());
        };
        if values::same(tag, other.value, given.value) {
            return Ok(());
        }
        match (self.is_chosen(other), self.is_chosen(given)) {
            (true, false) => {}
            (false, true) => {
                self.tags.insert(tag, given);
            }
            (false, false) => {
                warnings.push(Warning::new(
                    WarningKind::Metadata,
                    given.key,
                    "the tag occurs more than once; only its first value is written",
                ));
            }
            (true, true) => {
                return Err(Error::usage("metadata has two values of")
                    .field(tags::describe(tag))
                    .found(format!("{} under {}, {} under {}", other.value, other.key, given.value, given.key)));
            }
        }
        Ok(())
    }
}

/// True for the name of a tag or a hint; case is ignored.
pub(super) fn is_name(key: &str) -> bool {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    tags::by_name(key).is_some() || [LEVEL, MAX_ERROR, STATISTICS, LAYOUT].into_iter().chain(QUALITIES).any(is)
}

/// A choice between two, as a value or as text.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Int(0) => Some(false),
        Value::Int(1) => Some(true),
        Value::Text(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

/// True for the tag of a NITF extension: GEOPSB, GEOLOB … are not Geo names.
fn is_tre(key: &str) -> bool {
    key.len() <= 6 && is_key_of_another(&NAMES, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(entries: &[(&str, Value)]) -> Result<(Vec<u16>, Vec<Warning>)> {
        let metadata: Metadata = entries.iter().cloned().collect();
        let mut warnings = Vec::new();
        let options = Options::new(&metadata, &mut warnings)?;
        Ok((options.tags.keys().copied().collect(), warnings))
    }

    #[test]
    fn numbers_names_and_synonyms_are_tags() {
        let (tags, warnings) =
            keys(&[("259", 8.into()), ("tilewidth", "256".into()), ("TileHeight", "256".into())]).unwrap();
        assert_eq!((tags, warnings.len()), (vec![259, 322, 323], 0));
    }

    #[test]
    fn keys_of_other_formats_are_left_out_with_a_warning() {
        let (tags, warnings) =
            keys(&[("IC", "C8".into()), ("RPC00B", "x".into()), ("PNG_TEXT_Note", "x".into())]).unwrap();
        assert_eq!((tags.len(), warnings.len()), (0, 3));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        for key in ["Compresion", "notatag", "70000", "-1", "", "3.5", "0"] {
            let error = keys(&[(key, "1".into())]).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
        assert!(keys(&[("Compresion", "1".into())]).unwrap_err().to_string().contains("did you mean Compression?"));
        assert!(keys(&[("259", Value::Null)]).is_err());
    }

    #[test]
    fn a_name_and_its_number_must_agree_unless_the_numbers_are_a_copy() {
        let both = [("259", Value::from(5)), ("Compression", "Deflate".into())];
        assert!(keys(&both).is_err());
        assert!(keys(&[("259", 8.into()), ("Compression", "Deflate".into())]).is_ok());
        assert!(keys(&[("TileHeight", 128.into()), ("TileLength", 64.into())]).is_err());
        let mut metadata: Metadata = both.into_iter().collect();
        metadata.set("256", 100);
        metadata.set("257", 100);
        let options = Options::new(&metadata, &mut Vec::new()).unwrap();
        assert_eq!(options.tags[&259].key, "Compression");
    }

    #[test]
    fn of_a_name_and_its_number_in_a_known_copy_the_chosen_one_wins() {
        let read: Metadata = [("259", 5), ("322", 64)].into_iter().collect();
        let mut metadata = read.read_from(origin::FAMILY, "II42", Vec::new());
        let key = |metadata: &Metadata| Some(Options::new(metadata, &mut Vec::new()).ok()?.tags[&259].key.to_owned());
        metadata.set("Compression", "Deflate");
        assert_eq!(key(&metadata).as_deref(), Some("Compression"));
        metadata.set("259", 1);
        assert_eq!(key(&metadata), None, "both are chosen");
    }

    #[test]
    fn of_a_repeated_tag_that_was_read_the_first_counts() {
        let read: Metadata = [("305", "one"), ("305", "two")].into_iter().collect();
        let mut warnings = Vec::new();
        let metadata = read.read_from(origin::FAMILY, "II42", Vec::new());
        let options = Options::new(&metadata, &mut warnings).unwrap();
        assert_eq!((options.tags[&305].value, warnings.len()), (&Value::from("one"), 1));
    }

    #[test]
    fn only_a_chosen_number_is_checked() {
        let read: Metadata =
            [("317", Value::from(vec![Value::from(2), 3.into()])), ("284", "no".into())].into_iter().collect();
        let mut metadata = read.read_from(origin::FAMILY, "II42", Vec::new());
        let number = |metadata: &Metadata, tag| Options::new(metadata, &mut Vec::new())?.number(tag);
        assert_eq!((number(&metadata, 317).unwrap(), number(&metadata, 284).unwrap()), (Some(2), None));
        metadata.set("317", vec![Value::from(2), 2.into()]);
        metadata.set("284", "none");
        assert!(number(&metadata, 317).is_err() && number(&metadata, 284).is_err());
    }

    #[test]
    fn what_an_image_cannot_have_is_refused_if_it_was_chosen() {
        let read: Metadata = [("259", 5), ("322", 64)].into_iter().collect();
        let mut metadata = read.read_from(origin::FAMILY, "II42", Vec::new());
        metadata.set("TileWidth", 64);
        metadata.set("Compression", "Deflate");
        let options = Options::new(&metadata, &mut Vec::new()).unwrap();
        let refused = |key: &str| options.refuse(key, Error::usage("wrong"), &mut Vec::new()).is_err();
        assert!(refused("Compression") && refused("259") && !refused("322") && !refused("262"));
    }
}
