//! Sorts the metadata that a caller gives for a file or segment: header fields, comments, TREs, and the rest.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::super::areas;
use super::super::fields::{bytes_of, to_record};
use super::super::layouts::{header, tre_layouts};
use super::super::pad::PAD_CODE;
use super::super::tre::{Tre, TreBody, follows_layout, parse_sound_tres};
use super::super::values::FAMILY;
use super::super::{J2K_PREFIX, NITF};
use super::field_sets::LOCATIONS;
use super::location::stated_location;
use super::origin::{modernised, original_of, original_or_guess, with_origin};
use crate::error::{Error, Result, nearest};
use crate::format::{Finding, Format, J2K_HINTS, Warning, WarningKind, WriteContext, unknown_key};
use crate::metadata::{Metadata, Value};
use crate::schema::{FieldData, Item, Record, Structure, read};

/// Sorted metadata.
pub(super) struct Given {
    /// Fields of the header or subheader, as given.
    pub(super) fields: Record,
    /// TREs in order, each with the area it was copied from, if any.
    pub(super) tres: Vec<(Tre, Option<String>)>,
    /// The fields as metadata, whose origin knows which of them were copied.
    stated: Metadata,
    /// The header that the metadata is a copy of.
    pub(super) original: Option<Record>,
    /// The pad pixel code.
    pub(super) pad: Option<Value>,
    /// True if the pad pixel code was given, and not just copied from a file with one in its mask table.
    pub(super) has_chosen_pad: bool,
}

/// The meaning of a metadata key.
enum Key {
    Field,
    /// A comment by its number.
    Comment(usize),
    /// An area of TREs that could not be read and is kept as bytes.
    Area,
    Tre,
    /// A hint for another part of the writer, or for a codec.
    Hint,
    Unknown(Option<String>),
    /// A field of another kind of header, by its title.
    Elsewhere(String),
}

/// Every kind of header.
const HEADERS: [&str; 6] = ["HEADER", "IMAGE", "GRAPHIC", "TEXT", "DATA", "RESERVED"];

impl Given {
    /// Sorts metadata for the structure called `structure`.
    ///
    /// # Errors
    /// [`Error::Usage`] for wrong values and for unknown keys, as [`unknown_key`].
    pub(super) fn new(
        structure: &'static Structure,
        metadata: &Metadata,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<Self> {
        let stated = metadata;
        let modern = modernised(structure, metadata, context);
        let metadata = modern.as_ref().unwrap_or(metadata);
        let stored = original_of(structure, metadata);
        let mut places = stored.as_ref().map(places_of_tres).unwrap_or_default();
        let mut given = Self {
            fields: Record::new(),
            tres: Vec::new(),
            stated: Metadata::new(),
            original: None,
            pad: None,
            has_chosen_pad: metadata.is_chosen(PAD_CODE),
        };
        let mut comments = Vec::new();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (key, value) in metadata.iter() {
            if *value == Value::Null {
                let error = Error::usage("metadata value of").field(key).found("None");
                return Err(error.allowed("a value; to omit the field, leave out the key"));
            }
            match classify(structure, key, value) {
                Key::Field if key == "ICOM" && value.as_text().is_some() => {
                    given.stated.append(key, vec![value.clone()]);
                }
                Key::Field if LOCATIONS.contains(&key) => given.stated.append(key, stated_location(key, value)?),
                Key::Field => given.stated.append(key, value.clone()),
                Key::Comment(number) => comments.push((number, value.clone())),
                Key::Area => {
                    let body = TreBody::Bytes(tre_bytes(key, value)?);
                    given.tres.push((Tre { tag: String::new(), body }, Some(key.to_owned())));
                }
                Key::Tre => {
                    for value in several(value) {
                        let ordinal = seen.entry(key).or_default();
                        let place = places.remove(&(key.to_owned(), *ordinal));
                        *ordinal += 1;
                        given.add_tre(key, value, place, context)?;
                    }
                }
                Key::Hint if key == PAD_CODE => given.pad = Some(value.clone()),
                Key::Hint => {}
                Key::Elsewhere(title) => {
                    let message = format!("is a field of the {title}, and is left out here");
                    context.warnings.push(Warning::new(WarningKind::Metadata, key, message));
                }
                // The formats of JPEG 2000 have further keys that begin like the hints.
                Key::Unknown(None) if key.starts_with(J2K_PREFIX) => {
                    let message = "is not a hint for JPEG 2000 and is left out";
                    context.warnings.push(Warning::new(WarningKind::Metadata, key, message));
                }
                Key::Unknown(near) => {
                    let known = format!(
                        "a field of the {}, or the tag of a TRE; a tag without a layout takes bytes",
                        structure.title.to_lowercase()
                    );
                    unknown_key(NITF.names(), (stated, key), near.as_deref(), &known, context.warnings)?;
                }
            }
        }
        given.add_comments(comments)?;
        given.fields = to_record(&structure.items, given.stated.iter())?;
        if let Some(original) = &stored {
            given.fields.keep(original);
        }
        given.original = stored.or_else(|| original_or_guess(structure, metadata, &given.fields));
        given.stated = with_origin(given.stated, &given.fields, given.original.as_ref());
        Ok(given)
    }

    /// Adds comments that were given by their numbers.
    fn add_comments(&mut self, mut comments: Vec<(usize, Value)>) -> Result<()> {
        comments.sort_by_key(|(number, _)| *number);
        let Some((number, value)) = comments.first() else { return Ok(()) };
        if self.stated.get("ICOM").is_some() {
            let error = Error::usage("comment beside the list of comments,").field(format!("ICOM{number}"));
            return Err(error.found(value).allowed("either ICOM (a list) or ICOM1 to ICOM9"));
        }
        self.stated.append("ICOM", comments.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
        Ok(())
    }

    /// Adds a TRE; `place` is the area and the body it was copied from.
    pub(super) fn add_tre(
        &mut self,
        tag: &str,
        value: &Value,
        place: Option<(String, TreBody)>,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<()> {
        let mut body = body_of(tag, value)?;
        // An unchanged TRE is written as it was, even if it breaks a rule of its layout.
        if let (TreBody::Fields(fields), Some((_, TreBody::Fields(old)))) = (&mut body, &place) {
            fields.keep(old);
        }
        let copied = place.as_ref().is_some_and(|(_, old)| *old == body);
        if let (TreBody::Bytes(bytes), false) = (&body, copied)
            && !follows_layout(tag, bytes)?
        {
            context.report(Finding {
                clause: "STDI-0002",
                place: tag.to_owned(),
                value: format!("{} bytes", bytes.len()),
                rule: "a body that follows the layout of its tag".into(),
            })?;
        }
        self.tres.push((Tre { tag: tag.to_owned(), body }, place.map(|(area, _)| area)));
        Ok(())
    }

    /// A field as it was given.
    pub(super) fn get(&self, name: &str) -> Option<&FieldData> {
        self.fields.get(name)
    }

    /// True if a field was given, and not just copied from a file with the rest.
    pub(super) fn is_chosen(&self, name: &str) -> bool {
        self.stated.is_chosen(name)
    }

    /// True if the metadata are a copy of a file's header.
    pub(super) fn is_copy(&self) -> bool {
        self.stated.is_copy_of(FAMILY)
    }

    /// Reports what breaks a rule. Content that was copied unchanged is the fault of its file, and is reported only to a strict
    /// caller. A chosen value that its field cannot have is refused.
    ///
    /// # Errors
    /// [`Error::Usage`] for the first refused value.
    pub(super) fn report(
        &self,
        findings: Vec<Finding>,
        refused: &[&str],
        context: &mut WriteContext<'_, '_>,
    ) -> Result<()> {
        for finding in findings {
            let field = finding.place.split(' ').next().unwrap_or_default();
            let chosen = self.is_chosen(field);
            if refused.contains(&field) && chosen {
                return Err(finding.into_usage());
            }
            if context.strict || chosen || !self.is_copy() {
                context.report(finding)?;
            }
        }
        Ok(())
    }

    /// Refuses chosen values of computed fields that differ from the computed ones. `written` is the header as it is written.
    ///
    /// # Errors
    /// [`Error::Usage`] for the first such value.
    pub(super) fn check_computed(&self, structure: &Structure, names: &[&str], written: &[u8]) -> Result<()> {
        let mut chosen = names.iter().filter(|name| self.is_chosen(name)).peekable();
        if chosen.peek().is_none() {
            return Ok(());
        }
        let (record, _) = read(structure, written)?;
        for name in chosen {
            if let Some(stated) = self.get(name) {
                check_stated(name, stated, record.get(name))?;
            }
        }
        Ok(())
    }
}

/// The names of fields and groups on the outer level of a structure.
fn names_of(structure: &'static Structure) -> &'static HashSet<&'static str> {
    type Names = HashMap<&'static str, &'static HashSet<&'static str>>;
    static NAMES: LazyLock<Mutex<Names>> = LazyLock::new(Mutex::default);
    let mut all = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(structure.name.as_str()).or_insert_with(|| {
        let mut names = HashSet::new();
        collect(&structure.items, &mut names);
        // Leaked once for each of the few kinds of headers.
        Box::leak(Box::new(names))
    })
}

fn collect(items: &'static [Item], names: &mut HashSet<&'static str>) {
    for item in items {
        match item {
            Item::Field(field) => {
                names.insert(&field.name);
            }
            Item::Repeat { name, .. } => {
                names.insert(name);
            }
            Item::When { items, .. } => collect(items, names),
        }
    }
}

fn classify(structure: &'static Structure, key: &str, value: &Value) -> Key {
    if areas::is_area(key) || key == "TRE_OVERFLOW" {
        return Key::Area;
    }
    let names = names_of(structure);
    if names.contains(key) {
        return Key::Field;
    }
    if names.contains("ICOM")
        && let Some(number @ 1..=9) = key.strip_prefix("ICOM").and_then(|digits| digits.parse().ok())
        && key.len() == 5
    {
        return Key::Comment(number);
    }
    if names.contains("ICOM") && key.strip_prefix("ICOM").is_some_and(|rest| rest.parse::<u32>().is_ok()) {
        return Key::Unknown(Some("ICOM1 to ICOM9".to_owned()));
    }
    if J2K_HINTS.contains(&key) || key == PAD_CODE {
        return Key::Hint;
    }
    if key.starts_with(J2K_PREFIX) {
        return Key::Unknown(nearest(key, J2K_HINTS).map(str::to_owned));
    }
    let near = nearest(key, names.iter().copied()).filter(|name| name.len().abs_diff(key.len()) <= 1);
    let tag = (1..=6).contains(&key.len()) && key.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
    let capitals = key.len() == 6 && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let misspelt = || near.is_some_and(|near| is_one_edit(key, near));
    match value {
        _ if tre_layouts(key).is_ok_and(|layouts| !layouts.is_empty()) => Key::Tre,
        Value::Bytes(_) if tag => Key::Tre,
        // The writer reports a mapping for a tag without a layout, and a value that is not a TRE.
        Value::Text(_) | Value::Map(_) | Value::List(_) if capitals && !misspelt() => {
            other_header(key).map_or(Key::Tre, Key::Elsewhere)
        }
        _ => other_header(key).map_or_else(|| Key::Unknown(near.map(str::to_owned)), Key::Elsewhere),
    }
}

/// The title of the kind of header that has a field of this name, if any.
fn other_header(key: &str) -> Option<String> {
    let found = HEADERS.into_iter().map(structure).find(|structure| names_of(structure).contains(key));
    found.map(|structure| structure.title.to_lowercase())
}

/// The TREs under a key: one, or those of a list.
fn several(value: &Value) -> &[Value] {
    let is_body = |value: &Value| matches!(value, Value::Map(_) | Value::Bytes(_) | Value::Text(_));
    match value {
        Value::List(values) if !values.is_empty() && values.iter().all(is_body) => values,
        value => std::slice::from_ref(value),
    }
}

/// True for two names that differ by one letter added, left out or changed, or by two letters swapped.
fn is_one_edit(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let same = short.bytes().zip(long.bytes()).take_while(|(x, y)| x == y).count();
    let (rest, other) = (&short.as_bytes()[same..], &long.as_bytes()[same..]);
    match other.len() - rest.len() {
        0 => {
            let swapped =
                matches!((rest, other), ([a, b, ..], [c, d, ..]) if a == d && b == c) && rest[2..] == other[2..];
            rest.get(1..) == other.get(1..) || swapped
        }
        1 => rest == &other[1..],
        _ => false,
    }
}

/// The body of a TRE as it was given: fields as a mapping, or the bytes.
fn body_of(tag: &str, value: &Value) -> Result<TreBody> {
    match value {
        Value::Map(entries) => {
            let items = tre_layouts(tag)?.first().map_or(&[][..], |layout| &layout.items);
            Ok(TreBody::Fields(to_record(items, entries.iter().map(|(name, value)| (&**name, value)))?))
        }
        _ => Ok(TreBody::Bytes(tre_bytes(tag, value)?)),
    }
}

fn tre_bytes(key: &str, value: &Value) -> Result<Vec<u8>> {
    bytes_of(value).ok_or_else(|| {
        Error::usage("TRE")
            .field(key)
            .found(value)
            .allowed("a mapping of fields, bytes, or text of one byte per character; for several TREs, a list of these")
    })
}

/// Checks a value given for a computed field.
///
/// # Errors
/// [`Error::Usage`] if it differs from the computed value.
pub(super) fn check_stated(name: &str, stated: &FieldData, actual: Option<&FieldData>) -> Result<()> {
    let same = match (stated, actual, stated.to_int(), actual.and_then(FieldData::to_int)) {
        (_, _, Some(stated), Some(actual)) => stated == actual,
        (FieldData::Text(stated), Some(FieldData::Text(actual)), ..) => stated.trim() == actual.trim(),
        (_, None, stated, _) => stated == Some(0),
        _ => false,
    };
    if same {
        return Ok(());
    }
    let allowed = match actual {
        Some(actual) => format!("{actual}, the computed value, or no such key"),
        None => "no such key, as the header does not have this field".to_owned(),
    };
    Err(Error::usage("value of").field(name).found(stated).allowed(allowed))
}

/// The area and the body of each TRE of a header, by its tag and the number of TREs of that tag before it.
fn places_of_tres(original: &Record) -> HashMap<(String, usize), (String, TreBody)> {
    let mut places = HashMap::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for area in areas::all() {
        let Some(FieldData::Bytes(bytes)) = original.get(area.name) else { continue };
        for tre in parse_sound_tres(bytes).0 {
            let ordinal = seen.entry(tre.tag.clone()).or_default();
            places.insert((tre.tag, *ordinal), (area.name.to_owned(), tre.body));
            *ordinal += 1;
        }
    }
    places
}

/// The header structure called `name`.
pub(super) fn structure(name: &str) -> &'static Structure {
    header(name).expect("every kind of segment has a table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_is_one_letter() {
        assert!(is_one_edit("IMOD", "IMODE") && is_one_edit("COMRTT", "COMRAT") && is_one_edit("IIMODE", "IMODE"));
        assert!(!is_one_edit("IMODE", "IC") && !is_one_edit("ABCDEF", "COMRAT"));
        assert!(is_one_edit("FTITEL", "FTITLE") && !is_one_edit("ABCDEF", "BADCFE"));
    }

    #[test]
    fn keys_are_fields_comments_tres_or_unknown() {
        let image = structure("IMAGE");
        let text = || Value::from("x");
        assert!(matches!(classify(image, "IC", &text()), Key::Field));
        assert!(matches!(classify(image, "BAND_INFO", &text()), Key::Field));
        assert!(matches!(classify(image, "ICOM3", &text()), Key::Comment(3)));
        assert!(!matches!(classify(image, "ICOM10", &text()), Key::Comment(_)));
        assert!(!matches!(classify(image, "ICOM03", &text()), Key::Comment(_)));
        assert!(matches!(classify(image, "J2K_QUALITY_LAYERS", &text()), Key::Hint));
        assert!(matches!(classify(image, "ICHIPB", &text()), Key::Tre));
        assert!(matches!(classify(image, "ACFTA", &text()), Key::Tre));
        assert!(matches!(classify(image, "XQZW01", &text()), Key::Tre));
        assert!(matches!(classify(image, "A", &Value::from(vec![1])), Key::Tre));
        for key in ["IMOD", "COMRTT", "Title", "FOO", "GeoPixelScale", "259"] {
            assert!(matches!(classify(image, key, &text()), Key::Unknown(_)), "{key}");
        }
        for key in ["NUMI", "FTITLE"] {
            assert!(matches!(classify(image, key, &text()), Key::Elsewhere(_)), "{key}");
        }
    }
}
