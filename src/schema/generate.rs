//! Test values: for any structure, records that satisfy every rule of its table.

use std::collections::HashMap;

use proptest::prelude::*;

use super::expression::{Expression, Scope};
use super::record::{FieldData, Record};
use super::table::{Charset, Check, Field, Item, Kind, Structure, expressions};

/// Records of a structure with every field given, in the form that reading returns.
pub(crate) fn records(structure: &Structure) -> impl Strategy<Value = Record> {
    any::<u64>().prop_map(|seed| record(structure, seed))
}

/// The record determined by a seed.
pub(crate) fn record(structure: &Structure, seed: u64) -> Record {
    let mut generator = Generator { hints: hints(structure), state: seed | 1 };
    let mut record = Record::new();
    generator.items(&structure.items, &mut record, (None, 0));
    record
}

/// How the structure uses a field.
#[derive(Default)]
struct Hint {
    /// Constants that the field is compared with.
    constants: Vec<String>,
    /// True if it counts turns or bytes: its value is then small.
    counts: bool,
    /// The number subtracted from it to get a size.
    fixed: i128,
}

fn hints(structure: &Structure) -> HashMap<String, Hint> {
    let mut hints: HashMap<String, Hint> = HashMap::new();
    expressions(&structure.items, &mut |expression| {
        expression.comparisons(|name, constant| hints.entry(name.to_owned()).or_default().constants.push(constant));
    });
    let mut counts = |expression: &Expression| {
        expression.names(|name| hints.entry(name.to_owned()).or_default().counts = true);
        if let Some((name, fixed)) = expression.linear() {
            hints.entry(name.to_owned()).or_default().fixed = fixed;
        }
    };
    sizes(&structure.items, &mut counts);
    hints
}

fn sizes(items: &[Item], see: &mut impl FnMut(&Expression)) {
    for item in items {
        match item {
            Item::Field(field) => see(&field.size),
            Item::Repeat { count, items, .. } => {
                see(count);
                sizes(items, see);
            }
            Item::When { items, .. } => sizes(items, see),
        }
    }
}

struct Generator {
    hints: HashMap<String, Hint>,
    state: u64,
}

impl Generator {
    fn items(&mut self, items: &[Item], record: &mut Record, (outer, turn): (Option<&Scope<'_>>, usize)) {
        for item in items {
            let scope = |remaining| Scope { record, outer, remaining, turn };
            match item {
                Item::Field(field) => {
                    let size = if field.size.is_rest() {
                        i128::from(self.below(20))
                    } else {
                        field.size.number(&scope(0)).unwrap_or_else(|reason| panic!("{}: {reason}", field.name))
                    };
                    let value = self.value(field, usize::try_from(size).expect("sizes are not negative"));
                    record.set(field.name.clone(), value);
                }
                Item::When { condition, items } => {
                    let remaining = self.below(2);
                    let holds = condition.holds(&scope(remaining));
                    if holds.unwrap_or_else(|reason| panic!("{condition}: {reason}")) {
                        self.items(items, record, (outer, turn));
                    }
                }
                Item::Repeat { count, name, items, .. } => {
                    let turns = count.number(&scope(0)).unwrap_or_else(|reason| panic!("{count}: {reason}"));
                    let mut group = Vec::new();
                    for place in 0..turns {
                        let mut inner = Record::new();
                        let around = Scope { record, outer, remaining: 0, turn };
                        self.items(items, &mut inner, (Some(&around), place as usize));
                        group.push(inner);
                    }
                    record.set(name.clone(), group);
                }
            }
        }
    }

    fn value(&mut self, field: &Field, size: usize) -> FieldData {
        let hint = self.hints.remove(&*field.name).unwrap_or_default();
        let value = self.hinted(field, size, &hint);
        self.hints.insert(field.name.to_string(), hint);
        value
    }

    fn hinted(&mut self, field: &Field, size: usize, hint: &Hint) -> FieldData {
        if field.charset == Charset::Binary {
            return self.binary(field, size, hint);
        }
        let constant = self.pick(&hint.constants).filter(|text| text.len() <= size && self.one_in(2));
        let text = match constant {
            Some(text) => padded(field, &text, size),
            None if hint.counts => self.count(field, size, hint),
            None => self.text(field, size, hint),
        };
        FieldData::Text(if keeps(field, &text) { text } else { self.text(field, size, hint) })
    }

    /// A small number, suitable as a count.
    fn count(&mut self, field: &Field, size: usize, hint: &Hint) -> String {
        let least = if let Check::Range(low, _) = field.check { (low as i128).max(0) } else { 0 };
        let mut count = least.max(hint.fixed) + i128::from(self.below(4));
        if hint.fixed > 0 && least == 0 && self.one_in(3) {
            count = 0;
        }
        padded(field, &count.to_string(), size)
    }

    fn text(&mut self, field: &Field, size: usize, hint: &Hint) -> String {
        if field.nullable && !hint.counts && hint.constants.is_empty() && self.one_in(8) {
            return " ".repeat(size);
        }
        match (&field.check, field.kind) {
            (Check::Values(values), _) => padded(field, &self.pick(values).expect("values are not empty"), size),
            (Check::Range(low, high), kind) => self.number(field, kind, (*low, *high), size),
            (_, Kind::DateTime) => self.datetime(),
            (_, Kind::Date) if self.one_in(4) => " ".repeat(8),
            (_, Kind::Date) => self.day(),
            (_, kind @ (Kind::Integer | Kind::Real)) => {
                let most = 10f64.powi(size.min(15) as i32) - 1.0;
                let positive = field.charset == Charset::BcsNPositive || hint.counts;
                let least = if positive { 0.0 } else { -(most / 10.0).floor() };
                self.number(field, kind, (least, most), size)
            }
            _ => self.characters(field.charset, size),
        }
    }

    fn number(&mut self, field: &Field, kind: Kind, (low, high): (f64, f64), size: usize) -> String {
        let value = low + (high - low) * (self.below(1 << 32) as f64 / (1u64 << 32) as f64);
        if let Some(picture) = &field.picture {
            let whole = picture.format(value).or_else(|| picture.format(value.round()));
            return whole.or_else(|| picture.format(low)).unwrap_or_else(|| picture.format(1.0).expect("one fits"));
        }
        let decimals = if kind == Kind::Integer { 0 } else { size.min(4) / 2 };
        let text = format!("{:.decimals$}", if kind == Kind::Integer { value.round() } else { value });
        let text = if text.len() > size { format!("{value:.0}") } else { text };
        padded(field, &text, size)
    }

    fn characters(&mut self, charset: Charset, size: usize) -> String {
        let mut text = String::new();
        while text.len() < size && charset == Charset::Utf8 {
            text.push(if size - text.len() > 1 && self.one_in(4) { 'é' } else { 'u' });
        }
        let allowed: Vec<u8> = (0..=255).filter(|byte| charset.allows(*byte)).collect();
        while charset != Charset::Utf8 && text.chars().count() < size {
            text.push(char::from(allowed[self.below(allowed.len() as u64) as usize]));
        }
        text
    }

    fn datetime(&mut self) -> String {
        let time = format!("{:02}{:02}{:02}", self.below(24), self.below(60), self.below(60));
        let mut text = self.day() + &time;
        if self.one_in(3) {
            let known = 2 * self.below(7) as usize;
            text.replace_range(known.., &"-".repeat(14 - known));
        }
        text
    }

    fn day(&mut self) -> String {
        format!("{:04}{:02}{:02}", 1990 + self.below(99), 1 + self.below(12), 1 + self.below(28))
    }

    fn binary(&mut self, field: &Field, size: usize, hint: &Hint) -> FieldData {
        let bits = 8 * size.min(8) as u32;
        match field.kind {
            Kind::Unsigned if (1..=8).contains(&size) && hint.counts => FieldData::Int(i128::from(1 + self.below(3))),
            Kind::Unsigned if (1..=8).contains(&size) => FieldData::Int(i128::from(self.next() >> (64 - bits))),
            Kind::Signed if (1..=8).contains(&size) => FieldData::Int(i128::from(self.next() as i64 >> (64 - bits))),
            Kind::Float if size == 4 => FieldData::Float(f64::from(self.below(9999) as f32 / 8.0 - 100.0)),
            Kind::Float if size == 8 => FieldData::Float(self.below(1 << 40) as f64 / 7.0),
            _ => FieldData::Bytes((0..size).map(|_| self.next() as u8).collect()),
        }
    }

    fn pick(&mut self, choices: &[String]) -> Option<String> {
        (!choices.is_empty()).then(|| choices[self.below(choices.len() as u64) as usize].clone())
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Text as it appears in its field: the writer pads it.
fn padded(field: &Field, text: &str, size: usize) -> String {
    let mut bytes = Vec::new();
    let data = FieldData::Text(text.to_owned());
    if super::value::encode(field, &data, size, false, &mut bytes) {
        field.charset.decode(&bytes)
    } else {
        text.to_owned()
    }
}

fn keeps(field: &Field, text: &str) -> bool {
    let size = field.charset.encode(text).map_or(0, |bytes| bytes.len());
    super::value::encode(field, &FieldData::Text(text.to_owned()), size, false, &mut Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{read, write};

    const TABLE: &str = "
structure DEMO
field COUNT 2 N+
repeat COUNT as POINT
  field LENGTH 2 N+
  field NAME LENGTH U8
  field MASK 1 BIN uint
  when bit(MASK, 0)
    field ANGLE 8 A real range -90 90 format +00.0000
  end
end
field KIND 1 A values A B
when KIND == \"B\"
  repeat COUNT as WEIGHT
    field WEIGHT same(POINT, LENGTH) A
  end
end
when remaining > 0
  field WHEN 14 N datetime
  field REST remaining EA
end
";

    proptest! {
        #[test]
        fn generated_records_are_written_and_read_back(record in records(&Structure::load(TABLE).unwrap()[0])) {
            let structure = &Structure::load(TABLE).unwrap()[0];
            let bytes = write(structure, &record).unwrap();
            prop_assert_eq!(read(structure, &bytes).unwrap(), (record, bytes.len()));
        }
    }
}
