//! A structure as it stands in a table.

use std::collections::HashSet;
use std::sync::Arc;

use super::charset::Charset;
use super::expression::Expression;
use super::picture::Picture;

/// A structure: its fields and groups in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// Its name: a TRE tag, a subheader.
    pub name: String,
    /// What it is.
    pub title: String,
    /// The document it comes from.
    pub source: String,
    /// Fields and groups.
    pub items: Vec<Item>,
    /// True if whatever is read is written back the same, as long as no field hides one of the same name.
    pub(super) faithful: bool,
}

/// A field, or fields that are repeated or conditional.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A field.
    Field(Field),
    /// Fields that stand there once for each turn.
    Repeat {
        /// Number of turns.
        count: Expression,
        /// The name of the group in a [`super::Record`].
        name: Arc<str>,
        /// What is repeated.
        items: Vec<Item>,
        /// True if the name stands before in the same record.
        again: bool,
        /// True if an expression looks into the group.
        seen: bool,
    },
    /// Fields that stand there only where a condition holds.
    When {
        /// The condition.
        condition: Expression,
        /// What is conditional.
        items: Vec<Item>,
    },
}

/// A field of a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name in the standard.
    pub name: Arc<str>,
    /// Its bytes.
    pub size: Expression,
    /// Its characters.
    pub charset: Charset,
    /// What they mean.
    pub kind: Kind,
    /// What a value must satisfy.
    pub check: Check,
    /// True if all blanks are a legal value as well.
    pub nullable: bool,
    /// The value of a field that is not given; none: blanks or zeros by its kind, or an error where that is not legal.
    pub default: Option<String>,
    /// The form in which a number is written.
    pub picture: Option<Picture>,
    /// What it means, for the documentation.
    pub note: String,
    /// True if the name stands before in the same record: in a group with another condition, mostly.
    pub(super) again: bool,
    /// True if an expression of the structure looks at the field.
    pub(super) seen: bool,
}

/// What the characters of a field mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
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

/// What a value must satisfy beside its characters.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Check {
    /// Nothing.
    #[default]
    None,
    /// One of these, padding aside.
    Values(Vec<String>),
    /// A number from … to …, both included.
    Range(f64, f64),
}

impl Structure {
    /// A structure whose fields know what others use of them.
    pub(super) fn new(name: String, title: String, source: String, mut items: Vec<Item>) -> Self {
        let mut seen = HashSet::new();
        expressions(&items, &mut |expression| expression.names(|name| seen.extend([name.to_owned()])));
        mark(&mut items, &seen, &mut HashSet::new());
        let faithful = is_faithful(&items);
        Self { name, title, source, items, faithful }
    }

    /// True if the structure has a field or group of that name, outside of repeated groups.
    pub fn has(&self, name: &str) -> bool {
        has(&self.items, name)
    }

    /// The bytes every instance of the structure has at the least: those of the fields that stand in no group and have a
    /// constant size.
    pub fn least_size(&self) -> usize {
        let sizes = self.items.iter().filter_map(|item| match item {
            Item::Field(field) => field.size.constant().and_then(|size| usize::try_from(size).ok()),
            Item::Repeat { .. } | Item::When { .. } => None,
        });
        sizes.sum()
    }

    /// The fields in order, those in groups included.
    pub fn fields(&self) -> Vec<&Field> {
        let mut fields = Vec::new();
        collect(&self.items, &mut fields);
        fields
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

/// Marks the fields in `seen`, and names that stand in a record before; `before` are those of the record so far.
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

/// True if every expression has the same value on writing what was read as on reading it. Only the bytes left have not:
/// on writing, the rest is as long as its value, and bytes are left where a field of the group is given.
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

/// True if no field of the item stands before in the same record.
fn is_unique(item: &Item) -> bool {
    match item {
        Item::Field(field) => !field.again,
        Item::Repeat { again, .. } => !again,
        Item::When { items, .. } => items.iter().all(is_unique),
    }
}
