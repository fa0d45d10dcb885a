//! Bytes to records.

use super::charset::Charset;
use super::expression::{Expression, Scope};
use super::record::{FieldData, Record};
use super::table::{Field, Item, Kind, Structure};
use crate::error::{Error, Result};

/// The most turns of repeated groups one structure may have in all; more would be an allocation by a lie.
const MAX_TURNS: u64 = 1 << 20;

/// Reads a structure from the beginning of `bytes`; gives its record and the number of bytes it took. Values are not
/// checked beside what reading needs, so that what other writers got wrong can still be read.
///
/// # Errors
/// [`Error::Malformed`] with the field and its offset where the bytes end early or a count or size is no number.
pub fn read(structure: &Structure, bytes: &[u8]) -> Result<(Record, usize)> {
    let mut reader = Reader { name: &structure.name, bytes, offset: 0, turns: 0 };
    let record = reader.items(&structure.items, Record::new(), &[])?;
    Ok((record, reader.offset))
}

struct Reader<'a> {
    name: &'a str,
    bytes: &'a [u8],
    offset: usize,
    turns: u64,
}

impl Reader<'_> {
    /// Reads `items` into `record`; `outer` are the records around it.
    fn items(&mut self, items: &[Item], mut record: Record, outer: &[&Record]) -> Result<Record> {
        for item in items {
            match item {
                Item::Field(field) => {
                    let data = self.field(field, &record, outer)?;
                    record.set(field.name.clone(), data);
                }
                Item::When { condition, items } => {
                    let holds = self.evaluate(condition, &record, outer, Expression::holds)?;
                    if holds {
                        record = self.items(items, record, outer)?;
                    }
                }
                Item::Repeat { count, name, items } => {
                    let turns = self.evaluate(count, &record, outer, Expression::number)?;
                    let turns = self.check_turns(turns, count)?;
                    let mut group = Vec::new();
                    for _ in 0..turns {
                        let around: Vec<&Record> = outer.iter().copied().chain([&record]).collect();
                        group.push(self.items(items, Record::new(), &around)?);
                    }
                    record.set(name.clone(), group);
                }
            }
        }
        Ok(record)
    }

    fn field(&mut self, field: &Field, record: &Record, outer: &[&Record]) -> Result<FieldData> {
        let size = self.evaluate(&field.size, record, outer, Expression::number)?;
        let start = self.offset;
        let taken =
            usize::try_from(size).ok().and_then(|size| start.checked_add(size)).filter(|end| *end <= self.bytes.len());
        let Some(end) = taken else {
            return Err(self.malformed("ends before").field(&field.name).found(format!("{size} bytes needed")));
        };
        self.offset = end;
        Ok(decode(field, &self.bytes[start..end]))
    }

    fn check_turns(&mut self, turns: i128, count: &Expression) -> Result<u64> {
        // Some counts are computed and may come out negative for none.
        let turns = u64::try_from(turns.max(0)).unwrap_or(u64::MAX);
        self.turns = self.turns.saturating_add(turns);
        if self.turns > MAX_TURNS {
            return Err(self.malformed("repeats too often by").field(count).found(turns).allowed(MAX_TURNS));
        }
        Ok(turns)
    }

    fn evaluate<T>(
        &self,
        expression: &Expression,
        record: &Record,
        outer: &[&Record],
        how: impl Fn(&Expression, Scope<'_>) -> std::result::Result<T, String>,
    ) -> Result<T> {
        let records: Vec<&Record> = outer.iter().copied().chain([record]).collect();
        let remaining = (self.bytes.len() - self.offset) as u64;
        how(expression, Scope { records: &records, remaining })
            .map_err(|reason| self.malformed("cannot evaluate").field(expression).found(reason))
    }

    fn malformed(&self, what: &str) -> Error {
        Error::malformed(format!("{} {what}", self.name)).at(self.offset as u64)
    }
}

/// The value of a field's bytes. A binary field of a size no number has is bytes.
fn decode(field: &Field, bytes: &[u8]) -> FieldData {
    let unsigned = || bytes.iter().fold(0i128, |value, byte| (value << 8) | i128::from(*byte));
    match (field.charset, field.kind, bytes.len()) {
        (Charset::Binary, Kind::Unsigned, 1..=8) => FieldData::Int(unsigned()),
        (Charset::Binary, Kind::Signed, size @ 1..=8) => {
            let shift = 128 - 8 * size as u32;
            FieldData::Int((unsigned() << shift) >> shift)
        }
        (Charset::Binary, Kind::Float, 4) => FieldData::Float(f64::from(f32::from_bits(unsigned() as u32))),
        (Charset::Binary, Kind::Float, 8) => FieldData::Float(f64::from_bits(unsigned() as u64)),
        (Charset::Binary, ..) => FieldData::Bytes(bytes.to_vec()),
        (charset, ..) => FieldData::Text(charset.decode(bytes)),
    }
}
