//! Writes records as bytes: formats and checks values, fills defaults, and derives counts and sizes from the items that they
//! count.

use std::cell::Cell;

use super::expression::{Expression, Scope};
use super::load::MAX_SIZE;
use super::record::{Entry, FieldData, Record};
use super::table::{Charset, Field, Item, Missing, Structure};
use super::value::{describe, encode, encode_missing, length};
use crate::error::{Error, Result, nearest};

/// Writes a record as the bytes of a structure. Fields that are not given get their default. A field that counts the turns of a
/// group or the bytes of another field gets the right value if it is not given. A value that was read and has not changed is
/// written as it occurs in the file.
///
/// # Errors
/// [`Error::Usage`] with structure, field and value: for a value that does not fit its field, contains characters outside the
/// field's set, or fails its check; for an unknown name (with the nearest known one); for a count that differs from the turns
/// given; for a required field that is not given.
pub fn write(structure: &Structure, record: &Record) -> Result<Vec<u8>> {
    Writer::run(structure, record, false)
}

/// As [`write()`], but also rejects a value, unless it is blank, for a field whose condition does not hold.
///
/// # Errors
/// As [`write()`].
pub fn write_whole(structure: &Structure, record: &Record) -> Result<Vec<u8>> {
    Writer::run(structure, record, true)
}

/// The enclosing records, and the turn within the group.
type Outer<'a> = (Option<&'a Scope<'a>>, usize);

struct Writer<'a> {
    structure: &'a Structure,
    out: Vec<u8>,
    /// True if every given value must have a place.
    whole: bool,
}

/// The values given for a record; lookups mostly follow their order.
struct Given<'a> {
    record: &'a Record,
    next: Cell<usize>,
    used: Cell<usize>,
    /// The positions of the values that were used, among the first ones.
    places: Cell<u128>,
}

impl<'a> Given<'a> {
    fn new(record: &'a Record) -> Self {
        Self { record, next: Cell::new(0), used: Cell::new(0), places: Cell::new(0) }
    }

    fn take(&self, name: &str) -> Option<&'a Entry> {
        let place = self.record.position(name, self.next.get())?;
        self.next.set(place + 1);
        self.used.set(self.used.get() + 1);
        self.places.set(self.places.get() | 1u128.checked_shl(place as u32).unwrap_or(0));
        Some(self.record.entry(place))
    }

    /// A value that was not used and is not blank.
    fn left(&self) -> Option<(&str, &FieldData)> {
        let asked = |place: usize| 1u128.checked_shl(place as u32).is_none_or(|bit| self.places.get() & bit != 0);
        let mut left = self.record.iter().enumerate().filter(|(place, _)| !asked(*place)).map(|(_, entry)| entry);
        left.find(|(_, data)| match data {
            FieldData::Text(text) => !text.trim().is_empty(),
            FieldData::Bytes(bytes) => !bytes.is_empty(),
            FieldData::Group(turns) => !turns.is_empty(),
            _ => true,
        })
    }

    /// True if some values were not used.
    fn is_partly_used(&self) -> bool {
        self.used.get() < self.record.len()
    }
}

impl<'a> Writer<'a> {
    fn run(structure: &'a Structure, record: &Record, whole: bool) -> Result<Vec<u8>> {
        let mut writer = Self { structure, out: Vec::new(), whole };
        let given = Given::new(record);
        let outcome = writer.items(&structure.items, &given, &mut Record::new(), (None, 0));
        writer.checked(outcome, &structure.items, &given, "")?;
        Ok(writer.out)
    }

    /// The outcome of writing a record. An unknown name of a given value is reported first; if `whole`, a value without a place
    /// is an error too.
    fn checked(&self, outcome: Result<()>, items: &[Item], given: &Given<'_>, group: &str) -> Result<()> {
        if outcome.is_ok() && !given.is_partly_used() {
            return Ok(());
        }
        // A misspelt name is the cause; a missing value is its consequence.
        self.unknown(items, given.record, group)?;
        outcome?;
        match given.left().filter(|_| self.whole) {
            None => Ok(()),
            Some((name, data)) => {
                let condition = condition(items, name).map(ToString::to_string).unwrap_or_default();
                Err(self.wrong(name, data).allowed(format!("a value only if {condition}")))
            }
        }
    }

    /// Writes `items` from `given`. `written` collects the fields that expressions refer to, as they occur in the bytes.
    fn items(&mut self, items: &[Item], given: &Given<'_>, written: &mut Record, outer: Outer<'_>) -> Result<()> {
        for (place, item) in items.iter().enumerate() {
            match item {
                Item::Field(field) => self.field(field, given, &items[place + 1..], written, outer)?,
                Item::When { condition, items } => {
                    let remaining =
                        u64::from(condition.has_remaining() && items.iter().any(|item| is_given(item, given.record)));
                    if self.evaluate(condition, written, outer, remaining, Expression::holds)? {
                        self.items(items, given, written, outer)?;
                    }
                }
                Item::Repeat { count, name, items, seen, .. } => {
                    let turns = match count.constant() {
                        Some(turns) => turns,
                        None => self.evaluate(count, written, outer, 0, Expression::number)?,
                    };
                    let group: &[Record] = match given.take(name).map(|entry| &entry.data) {
                        Some(FieldData::Group(group)) => group,
                        None => &[],
                        Some(other) => return Err(self.wrong(name, other).allowed("a list of records")),
                    };
                    let around = Scope { record: written, outer: outer.0, remaining: 0, turn: outer.1 };
                    let turns = self.turns(name, count, turns.max(0), group, items, &around)?;
                    if *seen {
                        written.put(name.clone(), FieldData::Group(turns), false);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the turns of a group; returns the content that expressions may refer to.
    fn turns(
        &mut self,
        name: &str,
        count: &Expression,
        turns: i128,
        group: &[Record],
        items: &[Item],
        around: &Scope<'_>,
    ) -> Result<Vec<Record>> {
        // If a group of constant length is not given, every turn has its defaults.
        if group.is_empty() && count.constant().is_some() {
            let empty = Record::new();
            return (0..turns).map(|place| self.turn(name, items, &empty, (Some(around), place as usize))).collect();
        }
        if turns != group.len() as i128 {
            return Err(Error::usage(format!("{} number of records in", self.structure.name))
                .field(name)
                .found(group.len())
                .allowed(format!("{turns}, the value of {count}")));
        }
        group.iter().enumerate().map(|(place, turn)| self.turn(name, items, turn, (Some(around), place))).collect()
    }

    fn turn(&mut self, name: &str, items: &[Item], turn: &Record, outer: Outer<'_>) -> Result<Record> {
        let given = Given::new(turn);
        let mut written = Record::new();
        let outcome = self.items(items, &given, &mut written, outer);
        self.checked(outcome, items, &given, name)?;
        Ok(written)
    }

    fn field(
        &mut self,
        field: &Field,
        given: &Given<'_>,
        later: &[Item],
        written: &mut Record,
        outer: Outer<'_>,
    ) -> Result<()> {
        let entry = given.take(&field.name);
        let made = if entry.is_none() { made(field, later, given.record) } else { None };
        let data = entry.map(|entry| &entry.data).or(made.as_ref());
        let size = if let Some(size) = field.size.constant() {
            size
        } else if field.size.is_rest() {
            data.and_then(|data| length(field, data)).unwrap_or(0)
        } else {
            self.evaluate(&field.size, written, outer, 0, Expression::number)?
        };
        let size =
            if (0..=MAX_SIZE).contains(&size) { size as usize } else { return Err(self.wrong_size(field, size)) };
        let start = self.out.len();
        let kept = entry.is_some_and(|entry| entry.kept);
        match data {
            Some(data) if !encode(field, data, size, kept, &mut self.out) => {
                return Err(self.wrong(&field.name, data).allowed(describe(field, size)));
            }
            None if is_required(field) || !encode_missing(field, size, &mut self.out) => {
                let more = later.iter().filter_map(|item| match item {
                    Item::Field(other) if is_required(other) && given.record.get(&other.name).is_none() => {
                        Some(&*other.name)
                    }
                    _ => None,
                });
                let names: Vec<_> = std::iter::once(&*field.name).chain(more).collect();
                return Err(Error::usage(format!("{} lacks a value for", self.structure.name))
                    .field(names.join(", "))
                    .allowed(describe(field, size)));
            }
            _ => {}
        }
        if field.seen {
            let value = match (field.charset, data) {
                (Charset::Binary, Some(data)) => data.clone(),
                (Charset::Binary, None) => FieldData::Int(0),
                (charset, _) => FieldData::Text(charset.decode(&self.out[start..])),
            };
            written.put(field.name.clone(), value, false);
        }
        Ok(())
    }

    /// An error for a name that does not match a field or group of the structure.
    fn unknown(&self, items: &[Item], given: &Record, group: &str) -> Result<()> {
        let names = names(items);
        for (name, data) in given.iter() {
            if !names.contains(&name) {
                let near = nearest(name, names.iter().copied()).unwrap_or("a field of the structure");
                let of = [self.structure.name.as_str(), group].join(" ");
                return Err(Error::usage(format!("{} has no field", of.trim_end())).field(name).allowed(near));
            }
            if let (FieldData::Group(turns), Some(inner)) = (data, group_items(items, name)) {
                for turn in turns {
                    self.unknown(inner, turn, name)?;
                }
            }
        }
        Ok(())
    }

    fn evaluate<T>(
        &self,
        expression: &Expression,
        record: &Record,
        (outer, turn): Outer<'_>,
        remaining: u64,
        how: impl Fn(&Expression, &Scope<'_>) -> std::result::Result<T, String>,
    ) -> Result<T> {
        how(expression, &Scope { record, outer, remaining, turn }).map_err(|reason| {
            Error::usage(format!("{} cannot evaluate", self.structure.name)).field(expression).found(reason)
        })
    }

    fn wrong(&self, field: &str, data: &FieldData) -> Error {
        Error::usage(format!("{} value of", self.structure.name)).field(field).found(data)
    }

    fn wrong_size(&self, field: &Field, size: i128) -> Error {
        Error::usage(format!("{} size of", self.structure.name)).field(&field.name).found(size).allowed(&field.size)
    }
}

/// The value of a field that is not given: implied by later items, otherwise its default.
fn made(field: &Field, later: &[Item], given: &Record) -> Option<FieldData> {
    let implied = if field.seen { implied(later, &field.name, given) } else { None };
    implied.map(FieldData::Int).or_else(|| match &field.missing {
        Missing::Default(text) => Some(FieldData::Text(text.clone())),
        _ => None,
    })
}

fn is_required(field: &Field) -> bool {
    field.missing == Missing::Error
}

/// The value that later items imply for a field that only counts them: turns of a group, or bytes of a field. If several items
/// share the count, it is the largest.
fn implied(later: &[Item], name: &str, given: &Record) -> Option<i128> {
    let implies = |item: &Item| match item {
        Item::Repeat { count, name: group, .. } if count.single_name() == Some(name) => {
            Some(given.group(group).len() as i128)
        }
        Item::Repeat { name: group, items, .. } => {
            given.group(group).iter().find_map(|turn| implied(items, name, turn).filter(|size| *size > 0))
        }
        Item::Field(field) => {
            let (_, more) = field.size.linear().filter(|(of, _)| *of == name)?;
            // The count includes a part of fixed length, which is absent if the field is.
            Some(given.get(&field.name).and_then(|data| length(field, data)).map_or(0, |size| size + more))
        }
        Item::When { items, .. } => implied(items, name, given),
    };
    later.iter().filter_map(implies).max()
}

/// The innermost condition around the field or group called `name`.
fn condition<'a>(items: &'a [Item], name: &str) -> Option<&'a Expression> {
    items.iter().find_map(|item| match item {
        Item::When { condition: around, items } if names(items).contains(&name) => {
            condition(items, name).or(Some(around))
        }
        _ => None,
    })
}

fn is_given(item: &Item, given: &Record) -> bool {
    match item {
        Item::Field(field) => given.get(&field.name).is_some(),
        Item::Repeat { name, .. } => given.get(name).is_some(),
        Item::When { items, .. } => items.iter().any(|item| is_given(item, given)),
    }
}

fn names(items: &[Item]) -> Vec<&str> {
    let mut names = Vec::new();
    for item in items {
        match item {
            Item::Field(field) => names.push(&*field.name),
            Item::Repeat { name, .. } => names.push(name),
            Item::When { items, .. } => names.extend(self::names(items)),
        }
    }
    names
}

fn group_items<'a>(items: &'a [Item], group: &str) -> Option<&'a [Item]> {
    items.iter().find_map(|item| match item {
        Item::Repeat { name, items, .. } if **name == *group => Some(items.as_slice()),
        Item::When { items, .. } => group_items(items, group),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
