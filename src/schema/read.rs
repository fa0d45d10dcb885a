//! Reads records from bytes.

use super::expression::{Expression, Scope};
use super::record::{FieldData, Record};
use super::table::{Charset, Field, Item, Kind, Structure};
use super::write::write;
use crate::error::{Error, Result};

/// The most turns of repeated groups in a structure beyond one for each of its bytes: this limits empty turns.
const EMPTY_TURNS: u64 = 100_000;

/// Reads a structure from the beginning of `bytes`; returns its record and the number of bytes read. Only values that the
/// reading depends on are checked, so files with errors of other writers can still be read.
///
/// # Errors
/// [`Error::Malformed`] with the field and its offset if the bytes end early or if a count or size is not a number.
pub fn read(structure: &Structure, bytes: &[u8]) -> Result<(Record, usize)> {
    let (record, reader) = Reader::run(structure, bytes)?;
    Ok((record, reader.offset))
}

/// The record of `bytes`, if the structure spans all of them and writing the record reproduces them.
///
/// # Errors
/// As [`read`].
pub fn read_whole(structure: &Structure, bytes: &[u8]) -> Result<Option<Record>> {
    let (record, reader) = Reader::run(structure, bytes)?;
    if reader.offset != bytes.len() {
        return Ok(None);
    }
    // Values that were read are written unchanged. So the bytes can differ only if a condition changes its meaning on writing,
    // or if a field hid another of the same name.
    let same = (structure.faithful && !reader.hidden) || write(structure, &record).is_ok_and(|again| again == bytes);
    Ok(same.then_some(record))
}

/// The most turns of a group to reserve space for: counts may be wrong.
const SMALL: u64 = 16;

/// The enclosing records, and the turn within the group.
type Outer<'a> = (Option<&'a Scope<'a>>, usize);

struct Reader<'a> {
    name: &'a str,
    bytes: &'a [u8],
    offset: usize,
    turns: u64,
    /// True if a field replaced another of the same name.
    hidden: bool,
}

impl<'a> Reader<'a> {
    fn run(structure: &'a Structure, bytes: &'a [u8]) -> Result<(Record, Self)> {
        let mut reader = Reader { name: &structure.name, bytes, offset: 0, turns: 0, hidden: false };
        let mut record = Record::new();
        reader.items(&structure.items, &mut record, (None, 0))?;
        Ok((record, reader))
    }

    /// Reads `items` into `record`; `outer` describes its surroundings.
    fn items(&mut self, items: &[Item], record: &mut Record, outer: Outer<'_>) -> Result<()> {
        record.reserve(items.len());
        for item in items {
            match item {
                Item::Field(field) => {
                    let data = self.field(field, record, outer)?;
                    self.store(record, field.again, &field.name, data);
                }
                Item::When { condition, items } => {
                    if self.evaluate(condition, record, outer, Expression::holds)? {
                        self.items(items, record, outer)?;
                    }
                }
                Item::Repeat { count, name, items, again, .. } => {
                    let turns = match count.constant() {
                        Some(turns) => turns,
                        None => self.evaluate(count, record, outer, Expression::number)?,
                    };
                    let turns = self.check_turns(turns, count)?;
                    let mut group = Vec::with_capacity(turns.min(SMALL) as usize);
                    let around = Scope { record, outer: outer.0, remaining: 0, turn: outer.1 };
                    for place in 0..turns {
                        let mut turn = Record::new();
                        self.items(items, &mut turn, (Some(&around), place as usize))?;
                        group.push(turn);
                    }
                    self.store(record, *again, name, FieldData::Group(group));
                }
            }
        }
        Ok(())
    }

    fn store(&mut self, record: &mut Record, again: bool, name: &std::sync::Arc<str>, data: FieldData) {
        if again {
            self.hidden |= record.put(name.clone(), data, true);
        } else {
            record.push(name.clone(), data, true);
        }
    }

    fn field(&mut self, field: &Field, record: &Record, outer: Outer<'_>) -> Result<FieldData> {
        let size = match field.size.constant() {
            Some(size) => size,
            None => self.evaluate(&field.size, record, outer, Expression::number)?,
        };
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
        if turns < 0 && count.single_name().is_some() {
            return Err(self.malformed("has a negative count in").field(count).found(turns));
        }
        // Some counts are computed, and a negative result means none.
        let turns = u64::try_from(turns.max(0)).unwrap_or(u64::MAX);
        self.turns = self.turns.saturating_add(turns);
        let most = self.bytes.len() as u64 + EMPTY_TURNS;
        if self.turns > most {
            return Err(self
                .malformed("has too many turns in")
                .field(count)
                .found(turns)
                .allowed(format_args!("at most {most} in all")));
        }
        Ok(turns)
    }

    fn evaluate<T>(
        &self,
        expression: &Expression,
        record: &Record,
        (outer, turn): Outer<'_>,
        how: impl Fn(&Expression, &Scope<'_>) -> std::result::Result<T, String>,
    ) -> Result<T> {
        let remaining = (self.bytes.len() - self.offset) as u64;
        how(expression, &Scope { record, outer, remaining, turn })
            .map_err(|reason| self.malformed("cannot evaluate").field(expression).found(reason))
    }

    fn malformed(&self, what: &str) -> Error {
        Error::malformed(format!("{} {what}", self.name)).at(self.offset as u64)
    }
}

/// The value of a field's bytes. Content that the field's type cannot hold without loss becomes bytes: a binary field whose
/// size does not match a number, a signalling NaN of four bytes, invalid UTF-8.
fn decode(field: &Field, bytes: &[u8]) -> FieldData {
    let unsigned = || bytes.iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
    match (field.charset, field.kind, bytes.len()) {
        (Charset::Utf8, ..) => match std::str::from_utf8(bytes) {
            Ok(text) => FieldData::Text(text.to_owned()),
            Err(_) => FieldData::Bytes(bytes.to_vec()),
        },
        (Charset::Binary, Kind::Unsigned, 1..=8) => FieldData::Int(i128::from(unsigned())),
        (Charset::Binary, Kind::Signed, size @ 1..=8) => {
            let shift = 64 - 8 * size as u32;
            FieldData::Int(i128::from(((unsigned() << shift) as i64) >> shift))
        }
        (Charset::Binary, Kind::Float, 4) => {
            let narrow = f32::from_bits(unsigned() as u32);
            let wide = f64::from(narrow);
            // Widening makes every NaN quiet.
            if (wide as f32).to_bits() == narrow.to_bits() {
                FieldData::Float(wide)
            } else {
                FieldData::Bytes(bytes.to_vec())
            }
        }
        (Charset::Binary, Kind::Float, 8) => FieldData::Float(f64::from_bits(unsigned())),
        (Charset::Binary, ..) => FieldData::Bytes(bytes.to_vec()),
        (charset, ..) => FieldData::Text(charset.decode(bytes)),
    }
}
