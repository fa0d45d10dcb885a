//! Converts fields to typed values: numbers as numbers, text without padding.

use super::fields::{bytes_of, to_record};
use super::layouts::{des_layout, tre_layout, tre_layouts};
use super::tre::write_tre_fields;
use crate::error::{Error, Result};
use crate::metadata::Value;
use crate::schema::{Field, FieldData, Item, Kind, Record, Structure, read, write};

/// The fields of a record by the kinds of its structure. An integer field is [`Value::Int`], a real one [`Value::Float`], and
/// one that is blank or hyphens is [`Value::Null`]. Text has no padding, and groups are lists of maps, or of values if a group
/// consists of one field with the name of the group. If a number cannot be
/// parsed it stays text, so that nothing of the file is lost.
pub fn typed(structure: &Structure, record: &Record) -> Value {
    map(&structure.items, record)
}

/// The typed fields of a TRE, from its bytes or from its fields as metadata hold them.
///
/// # Errors
/// [`Error::Usage`] for a tag without a layout and for wrong values; [`Error::Malformed`] for bytes that do not follow the
/// layout.
pub fn typed_tre(tag: &str, value: &Value) -> Result<Value> {
    let none = || Error::usage("no layout for the TRE").found(tag);
    let given = match value {
        Value::Map(entries) => {
            let items = tre_layouts(tag)?.first().map(|layout| layout.items.as_slice()).ok_or_else(none)?;
            let record = to_record(items, entries.iter().map(|(name, value)| (&**name, value)))?;
            // Missing fields have their defaults.
            write_tre_fields(tag, &record)?
        }
        value => stored_fields(tag, value)?,
    };
    let layout = tre_layout(tag, given.len())?.ok_or_else(none)?;
    Ok(typed(layout, &read(layout, &given)?.0))
}

/// The typed fields of a user-defined subheader; `name` is the DESID, or `DESID.DESVER`.
///
/// # Errors
/// As [`typed_tre`].
pub fn typed_des(name: &str, value: &Value) -> Result<Value> {
    let (id, version) = name.rsplit_once('.').unwrap_or((name, "1"));
    let version = version.parse().unwrap_or(1);
    let none = || Error::usage("no layout for the user-defined subheader of").found(id);
    let given = match value {
        Value::Map(entries) => {
            let layout = des_layout(id, version, usize::MAX)?.ok_or_else(none)?;
            write(layout, &to_record(&layout.items, entries.iter().map(|(name, value)| (&**name, value)))?)?
        }
        value => stored_fields(name, value)?,
    };
    let layout = des_layout(id, version, given.len())?.ok_or_else(none)?;
    Ok(typed(layout, &read(layout, &given)?.0))
}

fn stored_fields(name: &str, value: &Value) -> Result<Vec<u8>> {
    let wrong = || Error::usage("fields of").field(name).found(value).allowed("a mapping or bytes");
    bytes_of(value).ok_or_else(wrong)
}

fn map(items: &[Item], record: &Record) -> Value {
    let entries = record.iter().map(|(name, data)| {
        let value = match (data, find(items, name)) {
            (FieldData::Group(turns), Some(Item::Repeat { items, .. })) => list(name, turns, items),
            (data, Some(Item::Field(field))) => value(data, field.number.unwrap_or(field.kind)),
            (data, _) => value(data, Kind::Text),
        };
        (name.into(), value)
    });
    Value::Map(entries.collect())
}

/// The records of a group. Records of one field, which has the name of the group, are the values of that field.
fn list(name: &str, turns: &[Record], items: &[Item]) -> Value {
    let is_plain = matches!(items, [Item::Field(field)] if *field.name == *name);
    let turns = turns.iter().map(|turn| map(items, turn));
    let plain = |turn: Value| match turn {
        Value::Map(fields) if is_plain => fields.into_iter().next().map_or(Value::Null, |(_, value)| value),
        turn => turn,
    };
    Value::List(turns.map(plain).collect())
}

fn value(data: &FieldData, kind: Kind) -> Value {
    match (data, kind) {
        (FieldData::Text(text), Kind::Integer) => number(text, data.to_int().map(Value::from)),
        (FieldData::Text(text), Kind::Real) => number(text, data.to_float().map(Value::from)),
        (FieldData::Text(text), _) => Value::from(text.trim_end()),
        (FieldData::Int(value), Kind::Real | Kind::Float) => Value::from(*value as f64),
        (FieldData::Int(value), _) => Value::from(*value),
        (FieldData::Float(value), Kind::Integer) => data.to_int().map_or(Value::from(*value), Value::from),
        (FieldData::Float(value), _) => Value::from(*value),
        (FieldData::Bytes(bytes), _) => Value::from(bytes.clone()),
        (FieldData::Group(turns), _) => Value::List(turns.iter().map(|turn| map(&[], turn)).collect()),
    }
}

fn number(text: &str, number: Option<Value>) -> Value {
    if text.bytes().all(|byte| byte == b' ') || text.bytes().all(|byte| byte == b'-') {
        return Value::Null;
    }
    number.unwrap_or_else(|| Value::from(text.trim_end()))
}

/// The field or group called `name`: the first, if several groups with different conditions have it.
fn find<'a>(items: &'a [Item], name: &str) -> Option<&'a Item> {
    items.iter().find_map(|item| match item {
        Item::Field(Field { name: known, .. }) | Item::Repeat { name: known, .. } => (**known == *name).then_some(item),
        Item::When { items, .. } => find(items, name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::read;

    fn get<'a>(value: &'a Value, name: &str) -> &'a Value {
        let Value::Map(entries) = value else { panic!("{value}") };
        &entries.iter().find(|(key, _)| **key == *name).unwrap().1
    }

    #[test]
    fn fields_have_the_types_of_their_kinds() {
        let table =
            "structure X\nfield I 4 A int nullable\nfield R 6 A real\nfield T 4 A\nfield B 2 BIN sint\nfield U 3 A int
field N 1 N+\nrepeat N as G\nfield V 2 A int nullable\nend\nfield W 3 A real";
        let structure = Structure::load(table).unwrap().remove(0);
        let (record, _) = read(&structure, b"    -01.50ab  \xFF\xFEabc207  ---").unwrap();
        let value = typed(&structure, &record);
        assert_eq!(*get(&value, "I"), Value::Null);
        assert_eq!(*get(&value, "R"), Value::Float(-1.5));
        assert_eq!(*get(&value, "T"), Value::from("ab"));
        assert_eq!(*get(&value, "B"), Value::Int(-2));
        assert_eq!(*get(&value, "U"), Value::from("abc"));
        let Value::List(group) = get(&value, "G") else { panic!("{value}") };
        assert_eq!((get(&group[0], "V"), get(&group[1], "V")), (&Value::Int(7), &Value::Null));
        assert_eq!(*get(&value, "W"), Value::Null);
    }

    #[test]
    fn offsets_of_coefficients_are_floats() {
        let layout = super::super::tre_layout("RPC00B", 1041).unwrap().unwrap();
        let body = format!("1{:040}{:040}{}", 0, 0, "+0.000000E+0".repeat(80));
        let value = typed(layout, &read(layout, body.as_bytes()).unwrap().0);
        assert_eq!(*get(&value, "LINE_OFF"), Value::Float(0.0));
        assert_eq!(*get(&value, "LINE_NUM_COEFF"), Value::List(vec![Value::Float(0.0); 20]));
    }

    #[test]
    fn text_that_is_a_number_by_the_standard_is_a_number() {
        let table = "structure X\nfield G 5 A as real\nfield W 5 A as real\nfield L 5 A as int\nfield B 5 A as int\nfield S 3 A";
        let structure = Structure::load(table).unwrap().remove(0);
        let (record, _) = read(&structure, b"012.3N/A  00042     007").unwrap();
        let value = typed(&structure, &record);
        assert_eq!((get(&value, "G"), get(&value, "W")), (&Value::Float(12.3), &Value::from("N/A")));
        assert_eq!((get(&value, "L"), get(&value, "B")), (&Value::Int(42), &Value::Null));
        assert_eq!(*get(&value, "S"), Value::from("007"), "a code stays text");
    }
}
