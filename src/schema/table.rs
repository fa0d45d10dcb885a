//! A structure as defined in a table: its fields, and the characters they may hold.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::expression::Expression;
use super::picture::Picture;

/// A structure: its fields and groups in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// Its name: a TRE tag, a subheader.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The document it comes from.
    pub source: String,
    /// Fields and groups.
    pub(crate) items: Vec<Item>,
    /// True if every record that is read is written back unchanged, provided that no field hides another of the same name.
    pub(super) faithful: bool,
}

/// A field, or fields that are repeated or conditional.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// A field.
    Field(Field),
    /// Fields that occur once for each turn.
    Repeat {
        /// Number of turns.
        count: Expression,
        /// The name of the group in a [`super::Record`].
        name: Arc<str>,
        /// The repeated items.
        items: Vec<Item>,
        /// True if the name occurs before in the same record.
        again: bool,
        /// True if an expression refers to the group.
        seen: bool,
    },
    /// Fields that occur only if a condition holds.
    When {
        /// The condition.
        condition: Expression,
        /// The conditional items.
        items: Vec<Item>,
    },
}

/// A field of a structure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// Its name in the standard.
    pub name: Arc<str>,
    /// Its size in bytes.
    pub size: Expression,
    /// Its character set.
    pub charset: Charset,
    /// The meaning of its characters.
    pub kind: Kind,
    /// The number that its text is, for typed values: an integer or a decimal number. The standard allows words too, such as
    /// `N/A`, so the field is read, checked and written as text.
    pub number: Option<Kind>,
    /// The check of its values.
    pub check: Check,
    /// True if all blanks are also a legal value.
    pub nullable: bool,
    /// What is written if the field is not given.
    pub missing: Missing,
    /// The form in which a number is written.
    pub picture: Option<Picture>,
    /// Its meaning, for the documentation.
    pub note: String,
    /// True if the name occurs before in the same record, usually in a group with another condition.
    pub(super) again: bool,
    /// True if an expression of the structure refers to the field.
    pub(super) seen: bool,
}

/// What is written for a field that is not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Missing {
    /// Blanks or zeros by its kind, or an error if those are not legal.
    #[default]
    Blank,
    /// This value.
    Default(String),
    /// An error: no default makes sense.
    Error,
}

/// The meaning of a field's characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Text, left-justified, padded with blanks.
    Text,
    /// An integer, right-justified, padded with zeros.
    Integer,
    /// A decimal number.
    Real,
    /// A time: `CCYYMMDDhhmmss`, unknown pairs as hyphens.
    DateTime,
    /// A date: CCYYMMDD, or blanks.
    Date,
    /// Binary unsigned integer.
    Unsigned,
    /// Binary signed integer, two's complement.
    Signed,
    /// Binary IEEE 754 number of four or eight bytes.
    Float,
    /// Bytes without inner structure.
    Bytes,
}

/// The check of a value, in addition to its characters.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Check {
    /// Any value.
    #[default]
    None,
    /// One of these values, ignoring padding.
    Values(Vec<String>),
    /// A number in this range, both ends included.
    Range(f64, f64),
}

/// The characters that a field may hold, or binary: the character sets of the NITF family (Joint BIIF Profile §4.6.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Charset {
    /// 20–7E.
    BcsA,
    /// Digits, `+ - . /`.
    BcsN,
    /// Digits.
    BcsNPositive,
    /// 20–7E and A0–FF, one byte each.
    EcsA,
    /// ECS-A with line feed, form feed and carriage return.
    Ecs,
    /// UTF-8.
    Utf8,
    /// Big-endian binary: unsigned, signed, floating-point or plain bytes, depending on the field's kind.
    Binary,
}

impl Structure {
    /// A structure whose fields know whether other items refer to them.
    pub(super) fn new(name: String, title: String, source: String, mut items: Vec<Item>) -> Self {
        let mut seen = HashSet::new();
        expressions(&items, &mut |expression| expression.names(|name| seen.extend([name.to_owned()])));
        mark(&mut items, &seen, &mut HashSet::new());
        let faithful = is_faithful(&items);
        Self { name, title, source, items, faithful }
    }

    /// True if the structure has a field or group of that name outside repeated groups.
    pub(crate) fn has(&self, name: &str) -> bool {
        has(&self.items, name)
    }

    /// The fewest bytes of an instance of the structure: those of the fields outside groups that have a constant size.
    pub(crate) fn least_size(&self) -> usize {
        let sizes = self.items.iter().filter_map(|item| match item {
            Item::Field(field) => field.size.constant().and_then(|size| usize::try_from(size).ok()),
            Item::Repeat { .. } | Item::When { .. } => None,
        });
        sizes.sum()
    }

    /// The fields in order, including those in groups.
    pub(crate) fn fields(&self) -> Vec<&Field> {
        let mut fields = Vec::new();
        collect(&self.items, &mut fields);
        fields
    }
}

impl Charset {
    /// The sets by their names in tables.
    const NAMES: [(&'static str, Self); 7] = [
        ("A", Self::BcsA),
        ("N", Self::BcsN),
        ("N+", Self::BcsNPositive),
        ("EA", Self::EcsA),
        ("E", Self::Ecs),
        ("U8", Self::Utf8),
        ("BIN", Self::Binary),
    ];

    /// The set with the table name `name`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// The name in the standard.
    pub(crate) const fn standard_name(self) -> &'static str {
        match self {
            Self::BcsA => "BCS-A",
            Self::BcsN => "BCS-N",
            Self::BcsNPositive => "BCS-N positive integer",
            Self::EcsA => "ECS-A",
            Self::Ecs => "ECS",
            Self::Utf8 => "UTF-8",
            Self::Binary => "binary",
        }
    }

    /// True if a field of this set may contain `byte`.
    pub(crate) const fn allows(self, byte: u8) -> bool {
        match self {
            Self::BcsA => matches!(byte, 0x20..=0x7E),
            Self::BcsN => matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'/'),
            Self::BcsNPositive => byte.is_ascii_digit(),
            Self::EcsA => matches!(byte, 0x20..=0x7E | 0xA0..=0xFF),
            Self::Ecs => matches!(byte, 0x20..=0x7E | 0xA0..=0xFF | 0x0A | 0x0C | 0x0D),
            Self::Utf8 | Self::Binary => true,
        }
    }

    /// Text as bytes of this set: one byte per character, or UTF-8. `None` if a character cannot be encoded.
    pub(super) fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        if self == Self::Utf8 || text.is_ascii() {
            return Some(Cow::Borrowed(text.as_bytes()));
        }
        text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>().map(Cow::Owned)
    }

    /// Bytes as text. Every byte maps to a character, so nothing is lost.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) if self == Self::Utf8 || text.is_ascii() => text.to_owned(),
            _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
        }
    }
}

fn has(items: &[Item], name: &str) -> bool {
    items.iter().any(|item| match item {
        Item::Field(field) => *field.name == *name,
        Item::Repeat { name: group, .. } => **group == *name,
        Item::When { items, .. } => has(items, name),
    })
}

fn collect<'a>(items: &'a [Item], fields: &mut Vec<&'a Field>) {
    for item in items {
        match item {
            Item::Field(field) => fields.push(field),
            Item::Repeat { items, .. } | Item::When { items, .. } => collect(items, fields),
        }
    }
}

/// Calls `see` with every size, count and condition.
pub(super) fn expressions<'a>(items: &'a [Item], see: &mut impl FnMut(&'a Expression)) {
    for item in items {
        match item {
            Item::Field(field) => see(&field.size),
            Item::Repeat { count: expression, items, .. } | Item::When { condition: expression, items } => {
                see(expression);
                expressions(items, see);
            }
        }
    }
}

/// Marks the fields in `seen`, and names that occur before in a record; `before` holds those of the record so far.
fn mark(items: &mut [Item], seen: &HashSet<String>, before: &mut HashSet<Arc<str>>) {
    for item in items {
        match item {
            Item::Field(field) => {
                field.seen = seen.contains(&*field.name);
                field.again = !before.insert(field.name.clone());
            }
            Item::When { items, .. } => mark(items, seen, before),
            Item::Repeat { name, items, again, seen: looked_into, .. } => {
                mark(items, seen, &mut HashSet::new());
                *again = !before.insert(name.clone());
                *looked_into = seen.contains(&**name);
            }
        }
    }
}

/// True if every expression has the same value when writing a record as when reading it. Only the bytes left can differ: when
/// writing, the rest is as long as its value, and bytes count as left if a field of the group is given.
fn is_faithful(items: &[Item]) -> bool {
    items.iter().all(|item| match item {
        Item::Field(field) if field.size.is_rest() => {
            matches!(field.kind, Kind::Text | Kind::Integer | Kind::Real | Kind::Bytes)
        }
        Item::Field(field) => !field.size.has_remaining(),
        Item::Repeat { count, items, .. } => !count.has_remaining() && is_faithful(items),
        Item::When { condition, items } if condition.is_any_left() => items.iter().all(is_unique) && is_faithful(items),
        Item::When { condition, items } => !condition.has_remaining() && is_faithful(items),
    })
}

/// True if no field of the item occurs before in the same record.
fn is_unique(item: &Item) -> bool {
    match item {
        Item::Field(field) => !field.again,
        Item::Repeat { again, .. } => !again,
        Item::When { items, .. } => items.iter().all(is_unique),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_the_characters_of_the_profile() {
        let count = |set: Charset| (0..=255u8).filter(|byte| set.allows(*byte)).count();
        assert_eq!(Charset::NAMES.map(|(_, set)| count(set)), [95, 14, 10, 191, 194, 256, 256]);
    }

    #[test]
    fn latin_text_survives_in_both_directions() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = Charset::Ecs.decode(&bytes);
        assert_eq!(Charset::Ecs.encode(&text).as_deref(), Some(bytes.as_slice()));
        assert_eq!(Charset::EcsA.encode("€"), None);
    }
}
