//! Records to bytes: values are formatted and checked, missing ones get their defaults, counts and sizes follow from what
//! they count.

use super::charset::Charset;
use super::expression::{Expression, Scope};
use super::record::{FieldData, Record};
use super::table::{Check, Field, Item, Kind, Structure};
use crate::error::{Error, Result, nearest};

/// Writes a record as the bytes of a structure. Fields that are not given get their default; a field that counts the
/// turns of a group or the bytes of another field, and is not given, gets the right value.
///
/// # Errors
/// [`Error::Usage`] that names structure, field and value: for a value that does not fit its field, has characters its set
/// does not hold, or breaks its check; for a name the structure does not have (with the nearest); for a count that differs
/// from the turns given.
pub fn write(structure: &Structure, record: &Record) -> Result<Vec<u8>> {
    let mut writer = Writer { structure, out: Vec::new() };
    writer.unknown(&structure.items, record, "")?;
    writer.items(&structure.items, record, &mut Record::new(), &[])?;
    Ok(writer.out)
}

struct Writer<'a> {
    structure: &'a Structure,
    out: Vec<u8>,
}

impl Writer<'_> {
    /// Writes `items` from `given`; `written` collects the fields as they stand in the bytes, for expressions to see.
    fn items(&mut self, items: &[Item], given: &Record, written: &mut Record, outer: &[&Record]) -> Result<()> {
        for (place, item) in items.iter().enumerate() {
            match item {
                Item::Field(field) => {
                    let implied = implied(&items[place + 1..], &field.name, given);
                    self.field(field, given, implied, written, outer)?;
                }
                Item::When { condition, items } => {
                    let remaining = u64::from(items.iter().any(|item| is_given(item, given)));
                    if self.evaluate(condition, written, outer, remaining, Expression::holds)? {
                        self.items(items, given, written, outer)?;
                    }
                }
                Item::Repeat { count, name, items } => {
                    let turns = self.evaluate(count, written, outer, 0, Expression::number)?.max(0);
                    let empty = Vec::new();
                    let group = match given.get(name) {
                        Some(FieldData::Group(group)) => group,
                        None => &empty,
                        Some(other) => return Err(self.wrong(name, other).allowed("a list of records")),
                    };
                    if turns != group.len() as i128 {
                        return Err(Error::usage(format!("{} number of records in", self.structure.name))
                            .field(name)
                            .found(group.len())
                            .allowed(format!("{turns}, as {count} says")));
                    }
                    for turn in group {
                        let around: Vec<&Record> = outer.iter().copied().chain([&*written]).collect();
                        self.items(items, turn, &mut Record::new(), &around)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        field: &Field,
        given: &Record,
        implied: Option<i128>,
        written: &mut Record,
        outer: &[&Record],
    ) -> Result<()> {
        let default = field.default.as_ref().map(|text| FieldData::Text(text.clone()));
        let data = given.get(&field.name).cloned().or(implied.map(FieldData::Int)).or(default);
        let size = if field.size.is_rest() {
            data.as_ref().and_then(|data| length(field, data)).unwrap_or(0)
        } else {
            self.evaluate(&field.size, written, outer, 0, Expression::number)?
        };
        let size = usize::try_from(size).map_err(|_| self.wrong(&field.name, &FieldData::Int(size)))?;
        let bytes = self.encode(field, data.as_ref(), size)?;
        let value = match (field.charset, data) {
            (Charset::Binary, Some(data)) => data,
            (Charset::Binary, None) => FieldData::Int(0),
            (charset, _) => FieldData::Text(charset.decode(&bytes)),
        };
        written.set(field.name.clone(), value);
        self.out.extend_from_slice(&bytes);
        Ok(())
    }

    fn encode(&self, field: &Field, data: Option<&FieldData>, size: usize) -> Result<Vec<u8>> {
        if field.charset == Charset::Binary {
            return self.encode_binary(field, data, size);
        }
        let wrong = |data: &FieldData| self.wrong(&field.name, data).allowed(describe(field, size));
        let Some(data) = data else {
            let filler = if matches!(field.kind, Kind::Integer) && !field.nullable { b'0' } else { b' ' };
            return Ok(vec![filler; size]);
        };
        let text = match (data, field.kind) {
            (FieldData::Text(text), _) => text.clone(),
            (FieldData::Int(value), _) => value.to_string(),
            (FieldData::Float(value), Kind::Real) => decimal(*value, size).ok_or_else(|| wrong(data))?,
            _ => return Err(wrong(data)),
        };
        let bytes = field.charset.encode(&text).ok_or_else(|| wrong(data))?;
        let bytes = pad(bytes, size, field.kind).ok_or_else(|| wrong(data))?;
        let blank = bytes.iter().all(|byte| *byte == b' ');
        if blank && (field.nullable || field.kind == Kind::Text) {
            return Ok(bytes);
        }
        let good = bytes.iter().all(|byte| field.charset.allows(*byte)) && satisfies(field, &bytes);
        if good { Ok(bytes) } else { Err(wrong(data)) }
    }

    fn encode_binary(&self, field: &Field, data: Option<&FieldData>, size: usize) -> Result<Vec<u8>> {
        let Some(data) = data else { return Ok(vec![0; size]) };
        let wrong = || self.wrong(&field.name, data).allowed(describe(field, size));
        match (field.kind, data) {
            (Kind::Unsigned | Kind::Signed, data) if (1..=8).contains(&size) => {
                let value = data.to_int().ok_or_else(wrong)?;
                let bits = 8 * size as u32;
                let (low, high) = match field.kind {
                    Kind::Signed => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                    _ => (0, (1i128 << bits) - 1),
                };
                if !(low..=high).contains(&value) {
                    return Err(wrong());
                }
                Ok(value.to_be_bytes()[16 - size..].to_vec())
            }
            (Kind::Float, data) if size == 4 => Ok((data.to_float().ok_or_else(wrong)? as f32).to_be_bytes().to_vec()),
            (Kind::Float, data) if size == 8 => Ok(data.to_float().ok_or_else(wrong)?.to_be_bytes().to_vec()),
            (_, FieldData::Bytes(bytes)) if bytes.len() == size => Ok(bytes.clone()),
            _ => Err(wrong()),
        }
    }

    /// An error for a name that no field or group of the structure has.
    fn unknown(&self, items: &[Item], given: &Record, group: &str) -> Result<()> {
        let names = names(items);
        for (name, data) in given.iter() {
            if !names.contains(&name) {
                let near = nearest(name, names.iter().copied()).unwrap_or("no such field");
                return Err(Error::usage(format!("{}{group} has no field", self.structure.name))
                    .field(name)
                    .allowed(near));
            }
            if let (FieldData::Group(turns), Some(inner)) = (data, group_items(items, name)) {
                for turn in turns {
                    self.unknown(inner, turn, &format!(" {name}"))?;
                }
            }
        }
        Ok(())
    }

    fn evaluate<T>(
        &self,
        expression: &Expression,
        written: &Record,
        outer: &[&Record],
        remaining: u64,
        how: impl Fn(&Expression, Scope<'_>) -> std::result::Result<T, String>,
    ) -> Result<T> {
        let records: Vec<&Record> = outer.iter().copied().chain([written]).collect();
        how(expression, Scope { records: &records, remaining }).map_err(|reason| {
            Error::usage(format!("{} cannot evaluate", self.structure.name)).field(expression).found(reason)
        })
    }

    fn wrong(&self, field: &str, data: &FieldData) -> Error {
        Error::usage(format!("{} value of", self.structure.name)).field(field).found(data)
    }
}

/// The value that later items imply for a field which only counts them: turns of a group, or bytes of a field.
fn implied(later: &[Item], name: &str, given: &Record) -> Option<i128> {
    later.iter().find_map(|item| match item {
        Item::Repeat { count, name: group, .. } if count.single_name() == Some(name) => match given.get(group) {
            Some(FieldData::Group(turns)) => Some(turns.len() as i128),
            _ => Some(0),
        },
        Item::Field(field) if field.size.single_name() == Some(name) => {
            Some(given.get(&field.name).and_then(|data| length(field, data)).unwrap_or(0))
        }
        Item::When { items, .. } => implied(items, name, given),
        _ => None,
    })
}

/// The bytes of a text or of bytes given for a field.
fn length(field: &Field, data: &FieldData) -> Option<i128> {
    match data {
        FieldData::Text(text) => field.charset.encode(text).map(|bytes| bytes.len() as i128),
        FieldData::Bytes(bytes) => Some(bytes.len() as i128),
        _ => None,
    }
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
            Item::Field(field) => names.push(field.name.as_str()),
            Item::Repeat { name, .. } => names.push(name),
            Item::When { items, .. } => names.extend(self::names(items)),
        }
    }
    names
}

fn group_items<'a>(items: &'a [Item], group: &str) -> Option<&'a [Item]> {
    items.iter().find_map(|item| match item {
        Item::Repeat { name, items, .. } if name == group => Some(items.as_slice()),
        Item::When { items, .. } => group_items(items, group),
        _ => None,
    })
}

/// Text is padded with blanks at the right, numbers with zeros at the left behind their sign. None where it is too long.
fn pad(mut bytes: Vec<u8>, size: usize, kind: Kind) -> Option<Vec<u8>> {
    let missing = size.checked_sub(bytes.len())?;
    let blank = bytes.iter().all(|byte| *byte == b' ');
    match kind {
        Kind::Integer | Kind::Real if !blank && missing > 0 && !bytes.ends_with(b" ") => {
            let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
            bytes.splice(sign..sign, std::iter::repeat_n(b'0', missing));
        }
        _ => bytes.extend(std::iter::repeat_n(b' ', missing)),
    }
    Some(bytes)
}

fn satisfies(field: &Field, bytes: &[u8]) -> bool {
    let text = field.charset.decode(bytes);
    let number = text.trim().parse::<f64>();
    match &field.check {
        Check::Values(values) => values.iter().any(|value| value.trim() == text.trim()),
        Check::Range(low, high) => number.is_ok_and(|number| (*low..=*high).contains(&number)),
        Check::None => field.kind != Kind::Integer || field.charset != Charset::BcsNPositive || number.is_ok(),
    }
}

/// A float in at most `size` characters, with as many decimals as fit.
fn decimal(value: f64, size: usize) -> Option<String> {
    let shortest = value.to_string();
    if !value.is_finite() {
        return None;
    }
    if shortest.len() <= size {
        return Some(shortest);
    }
    let whole = format!("{value:.0}").len();
    let decimals = size.checked_sub(whole + 1)?;
    Some(format!("{value:.decimals$}")).filter(|text| text.len() <= size)
}

fn describe(field: &Field, size: usize) -> String {
    let check = match &field.check {
        Check::None => String::new(),
        Check::Values(values) => format!(", one of {}", values.join(" ")),
        Check::Range(low, high) => format!(", {low} to {high}"),
    };
    let unit = if field.charset == Charset::Binary { "bytes" } else { "characters" };
    format!("{size} {unit} {}{check}", field.charset.standard_name())
}

#[cfg(test)]
mod tests;
