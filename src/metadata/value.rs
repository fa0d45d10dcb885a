//! Metadata values: the content of a tag, a header field or a text chunk.

use std::sync::Arc;

use crate::schema::number;

/// A metadata value: the content of a tag, a header field or a text chunk.
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
    /// Bytes without a known meaning.
    Bytes(Vec<u8>),
    /// Several values, e.g. a tag with count > 1.
    List(Vec<Value>),
    /// Named values, e.g. the fields of a TRE.
    Map(Vec<(Arc<str>, Value)>),
}

impl Value {
    /// The value as an integer: an integer, an integral float, or decimal text.
    pub fn to_int(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Bool(value) => Some(i128::from(*value)),
            Self::Float(value) => number::integral(*value),
            Self::Text(text) => number::integer(text),
            Self::List(values) if values.len() == 1 => values[0].to_int(),
            _ => None,
        }
    }

    /// The value as a number: a number or decimal text.
    pub fn to_float(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(text) => number::float(text),
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

    /// The value as text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// True for bitwise equal values: unlike with `==`, NaN equals itself, and 0.0 does not equal -0.0.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(one), Self::Float(two)) => one.to_bits() == two.to_bits(),
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is_same(two))
            }
            (Self::Map(one), Self::Map(two)) => {
                let mut pairs = one.iter().zip(two);
                one.len() == two.len() && pairs.all(|((name, one), (other, two))| name == other && one.is_same(two))
            }
            (one, two) => one == two,
        }
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
    fn numbers_are_read_from_text_as_the_specification_writes_them() {
        assert_eq!(Value::from("[0.5, 0.5, 0.0]").to_floats(), Some(vec![0.5, 0.5, 0.0]));
        assert_eq!(Value::from("256").to_int(), Some(256));
        assert_eq!(Value::from("many").to_floats(), None);
    }

    #[test]
    fn values_are_the_same_bit_by_bit() {
        let nested = |number: f64| {
            Value::List(vec![Value::Map(vec![("A".into(), number.into()), ("B".into(), "text".into())]), Value::Null])
        };
        assert!(nested(f64::NAN).is_same(&nested(f64::NAN)) && nested(f64::NAN) != nested(f64::NAN));
        assert!(!nested(0.0).is_same(&nested(-0.0)) && nested(0.0) == nested(-0.0));
        assert!(!nested(1.0).is_same(&nested(2.0)) && !Value::from(1).is_same(&Value::from(1.0)));
        assert!(!Value::List(vec![Value::Null]).is_same(&Value::List(Vec::new())));
    }
}
