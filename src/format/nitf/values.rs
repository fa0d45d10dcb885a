//! Converts subheaders and TREs to metadata: fields under their standard names, groups as lists of maps, TREs under their tags.

use std::sync::Arc;

use super::areas::is_area;
use super::tre::{Tre, TreBody, parse_sound_tres};
use crate::format::{Warning, WarningKind};
use crate::metadata::{Metadata, Value};
use crate::schema::{FieldData, Record};

/// The family of the format in the origin of metadata. The form of header bytes is the name of their table.
pub(super) const FAMILY: &str = "nitf";

/// The metadata of a header or subheader, with the TREs of its areas and of its overflow.
pub(super) fn to_metadata(record: Record, overflow: &[u8], warnings: &mut Vec<Warning>) -> Metadata {
    // A few TREs follow the fields.
    let mut metadata = Metadata::with_capacity(record.len() + 8);
    let mut tres = Vec::new();
    let id = super::version::text(&record, "DESID").to_owned();
    let version = record.int("DESVER").unwrap_or(1);
    for (name, data) in record {
        match data {
            FieldData::Bytes(area) if is_area(&name) => tres.extend(area_tres(&name, &area, warnings)),
            // A single field that repeats is a list of its values.
            FieldData::Group(comments) if &*name == "ICOM" => {
                metadata.append(&*name, Value::List(only_field(comments, "ICOM")));
            }
            FieldData::Bytes(bytes) if &*name == "DESSHF" => {
                let fields = super::des::read_fields(&id, version, &bytes);
                metadata.append(&*name, fields.map_or(Value::Bytes(bytes), to_map));
            }
            data => metadata.append(&*name, to_value(data)),
        }
    }
    if !overflow.is_empty() {
        tres.extend(area_tres("TRE_OVERFLOW", overflow, warnings));
    }
    for tre in tres {
        let value = match tre.body {
            TreBody::Fields(record) => to_map(record),
            TreBody::Bytes(bytes) => {
                if super::tre_layout(&tre.tag, bytes.len()).is_ok_and(|layout| layout.is_some()) {
                    let message = "the TRE does not follow its layout; its bytes are kept as they are";
                    warnings.push(Warning::new(WarningKind::File, tre.tag.clone(), message));
                }
                Value::Bytes(bytes)
            }
        };
        metadata.append(tre.tag, value);
    }
    metadata
}

/// The TREs of an area. From the first wrong length on, the bytes are kept under the area's own name.
fn area_tres(name: &str, area: &[u8], warnings: &mut Vec<Warning>) -> Vec<Tre> {
    let (mut tres, wrong) = parse_sound_tres(area);
    if let Some((offset, error)) = wrong {
        let message = format!(
            "the TREs cannot be read from byte {offset} of the area on; their bytes are kept as they are: {error}"
        );
        warnings.push(Warning::new(WarningKind::File, name, message));
        tres.push(Tre { tag: name.to_owned(), body: TreBody::Bytes(area[offset..].to_vec()) });
    }
    tres
}

fn to_value(data: FieldData) -> Value {
    match data {
        FieldData::Text(text) => Value::Text(text),
        FieldData::Int(value) => Value::Int(value),
        FieldData::Float(value) => Value::Float(value),
        FieldData::Bytes(bytes) => Value::Bytes(bytes),
        FieldData::Group(records) => Value::List(records.into_iter().map(to_map).collect()),
    }
}

pub(super) fn to_map(record: Record) -> Value {
    // Collecting would reuse the memory of the record and shrink it, which costs more than a new allocation.
    let mut entries = Vec::with_capacity(record.len());
    entries.extend(record.into_iter().map(|(name, data)| entry(name, data)));
    Value::Map(entries)
}

/// The value of a field. Look-up tables, which are a group of one field, are a list of their bytes.
fn entry(name: Arc<str>, data: FieldData) -> (Arc<str>, Value) {
    let value = match data {
        FieldData::Group(tables) if &*name == "LUTS" => Value::List(only_field(tables, "LUTD")),
        data => to_value(data),
    };
    (name, value)
}

/// The values of the only field of a group.
fn only_field(turns: Vec<Record>, name: &str) -> Vec<Value> {
    turns.into_iter().filter_map(|mut turn| turn.remove(name)).map(to_value).collect()
}
