//! A structure as it stands in a table.

use super::charset::Charset;
use super::expression::Expression;

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
        name: String,
        /// What is repeated.
        items: Vec<Item>,
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
    pub name: String,
    /// Its bytes.
    pub size: Expression,
    /// Its characters.
    pub charset: Charset,
    /// What they mean.
    pub kind: Kind,
    /// What a value must satisfy.
    pub check: Check,
    /// True where all blanks are a legal value as well.
    pub nullable: bool,
    /// The value of a field that is not given; none: blanks or zeros by its kind, or an error where that is not legal.
    pub default: Option<String>,
    /// What it means, for the documentation.
    pub note: String,
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
    /// The fields in order, those in groups included.
    pub fn fields(&self) -> Vec<&Field> {
        let mut fields = Vec::new();
        collect(&self.items, &mut fields);
        fields
    }
}

fn collect<'a>(items: &'a [Item], fields: &mut Vec<&'a Field>) {
    for item in items {
        match item {
            Item::Field(field) => fields.push(field),
            Item::Repeat { items, .. } | Item::When { items, .. } => collect(items, fields),
        }
    }
}
