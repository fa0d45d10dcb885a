//! Converts metadata values to values of fields.

use crate::error::{Error, Result};
use crate::metadata::Value;
use crate::schema::{FieldData, Item, Kind, Record};

/// The values of a structure's fields. For a group of one field, a list of single values becomes records of that field:
/// comments and coefficients need not be mappings.
///
/// # Errors
/// [`Error::Usage`] for a list of single values if the group has several fields.
pub(super) fn to_record<'a>(items: &[Item], entries: impl Iterator<Item = (&'a str, &'a Value)>) -> Result<Record> {
    let mut record = Record::new();
    for (name, value) in entries {
        record.set(name, to_field(items, name, value)?);
    }
    Ok(record)
}

/// Stored fields that metadata hold as bytes, or as text of one byte per character. `None` for other values.
pub(super) fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Text(text) => text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
        _ => None,
    }
}

fn to_field(items: &[Item], name: &str, value: &Value) -> Result<FieldData> {
    let group = group(items, name);
    let wrong = |allowed: &'static str| Err(Error::usage("value of").field(name).found(value).allowed(allowed));
    match (value, group) {
        (Value::List(_) | Value::Map(_), _) | (_, []) => {}
        (_, [Item::Field(_)]) => return wrong("a list of values"),
        _ => return wrong("a list of mappings"),
    }
    Ok(match value {
        // Bytes may come as a list of numbers.
        Value::List(values) if group.is_empty() => match values.iter().map(byte).collect::<Option<Vec<u8>>>() {
            Some(bytes) if is_bytes(items, name) => FieldData::from(bytes),
            _ => return wrong("one value"),
        },
        Value::Text(text) => FieldData::from(text.as_str()),
        Value::Int(value) => FieldData::from(*value),
        Value::Bool(value) => FieldData::from(i128::from(*value)),
        Value::Float(value) => FieldData::from(*value),
        Value::Bytes(bytes) => FieldData::from(bytes.clone()),
        // A mapping's field that is None is blank.
        Value::Null => FieldData::from(""),
        Value::List(values) => {
            let turns: Result<Vec<Record>> = values.iter().map(|value| turn(group, name, value)).collect();
            FieldData::from(turns?)
        }
        // A mapping is a group that occurs once.
        Value::Map(_) => FieldData::from(vec![turn(group, name, value)?]),
    })
}

fn byte(value: &Value) -> Option<u8> {
    if let Value::Int(value) = value { u8::try_from(*value).ok() } else { None }
}

/// True for a field of plain bytes.
fn is_bytes(items: &[Item], name: &str) -> bool {
    items.iter().any(|item| match item {
        Item::Field(field) => *field.name == *name && field.kind == Kind::Bytes,
        Item::When { items, .. } => is_bytes(items, name),
        Item::Repeat { .. } => false,
    })
}

/// One turn of a group.
fn turn(items: &[Item], name: &str, value: &Value) -> Result<Record> {
    match (value, items) {
        (Value::Map(entries), _) => to_record(items, entries.iter().map(|(name, value)| (&**name, value))),
        (value, [Item::Field(field)]) => to_record(items, std::iter::once((&*field.name, value))),
        _ => Err(Error::usage("value of").field(name).found(value).allowed("a list of mappings")),
    }
}

/// The items of the group called `name`; empty if `items` lack it.
fn group<'i>(items: &'i [Item], name: &str) -> &'i [Item] {
    let found = items.iter().find_map(|item| match item {
        Item::Repeat { name: group, items, .. } if **group == *name => Some(items.as_slice()),
        Item::When { items, .. } => Some(self::group(items, name)).filter(|items| !items.is_empty()),
        _ => None,
    });
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Structure;

    #[test]
    fn lists_of_values_become_records_of_the_groups_only_field() {
        let table = "structure X\nfield N 1 N+\nwhen N > 0\nrepeat N as G\nfield A 1 A\nend\nend\nrepeat 1 as H\nfield B 1 A\nfield C 1 A\nend";
        let items = &Structure::load(table).unwrap()[0].items;
        let value = Value::List(vec!["a".into(), 1.into()]);
        let Ok(FieldData::Group(turns)) = to_field(items, "G", &value) else { panic!("a group") };
        assert_eq!((turns[0].text("A"), turns[1].int("A")), (Some("a"), Some(1)));
        assert!(to_field(items, "H", &value).is_err());
        assert!(
            matches!(to_field(items, "N", &Value::Map(Vec::new())), Ok(FieldData::Group(turns)) if turns.len() == 1)
        );
    }
}
