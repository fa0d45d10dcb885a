//! Documents structures: a Markdown table of the fields, from the rows that also define reading and writing.

use std::fmt::Write;

use super::expression::Expression;
use super::table::{Charset, Check, Field, Item, Kind, Missing, Structure};

/// The fields of a structure as a Markdown table. Groups have rows of their own, and their content is indented below them.
pub fn document(structure: &Structure) -> String {
    let mut table = "| field | bytes | holds | values | default | note |\n|---|---|---|---|---|---|\n".to_owned();
    rows(&structure.items, 0, &mut table);
    table
}

fn rows(items: &[Item], depth: usize, table: &mut String) {
    let indent = "· ".repeat(depth);
    for item in items {
        let (head, items) = match item {
            Item::Field(field) => {
                let size = if field.size.is_rest() { "the rest".to_owned() } else { code(&field.size) };
                // Fields of groups that the source names only once have that name as their note.
                let note = if *field.note == *field.name { "" } else { &field.note };
                let cells = [size, holds(field), values(field), default(field), plain(note)].join(" | ");
                let _ = writeln!(table, "| {indent}{} | {cells} |", field.name);
                continue;
            }
            Item::Repeat { count, name, items, .. } => (format!("*{} times* {name}", code(count)), items),
            Item::When { condition, items } => (format!("*if* {}", code(condition)), items),
        };
        let _ = writeln!(table, "| {indent}{head} | | | | | |");
        rows(items, depth + 1, table);
    }
}

/// A constant as a number, any other expression as code.
fn code(expression: &Expression) -> String {
    let text = plain(&expression.to_string());
    if expression.constant().is_some() { text } else { format!("`{text}`") }
}

/// The character set and kind.
fn holds(field: &Field) -> String {
    let kind = match field.kind {
        Kind::Text if field.number == Some(Kind::Integer) => ", integer or text",
        Kind::Text if field.number.is_some() => ", number or text",
        Kind::Text | Kind::Bytes => "",
        Kind::Integer => ", integer",
        Kind::Real => ", number",
        Kind::DateTime => ", time",
        Kind::Date => ", date",
        Kind::Unsigned => "unsigned integer",
        Kind::Signed => "signed integer",
        Kind::Float => "IEEE 754 number",
    };
    match (field.charset, field.kind) {
        (Charset::Binary, Kind::Bytes) => "bytes".to_owned(),
        (Charset::Binary, _) => kind.to_owned(),
        (Charset::BcsNPositive, Kind::Integer) => field.charset.standard_name().to_owned(),
        (charset, _) => format!("{}{kind}", charset.standard_name()),
    }
}

fn values(field: &Field) -> String {
    let check = match &field.check {
        Check::None => String::new(),
        Check::Values(values) => {
            let values: Vec<_> =
                values.iter().map(|value| if value.trim().is_empty() { "blank" } else { value }).collect();
            values.join(", ")
        }
        Check::Range(low, high) => format!("{low} to {high}"),
    };
    let form = field.picture.as_ref().map(|picture| format!("as `{picture}`")).unwrap_or_default();
    let blank = if field.nullable { "or blank" } else { "" };
    let parts: Vec<_> = [check.as_str(), &form, blank].into_iter().filter(|part| !part.is_empty()).collect();
    plain(&parts.join(" "))
}

/// The value written if the field is not given.
fn default(field: &Field) -> String {
    match &field.missing {
        Missing::Error => "*required*".to_owned(),
        Missing::Default(text) if !text.trim().is_empty() => format!("`{}`", text.trim()),
        _ => String::new(),
    }
}

/// Text in a cell: the table uses bars as separators.
fn plain(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_a_table_is_a_row_of_the_page() {
        let table = "structure X Title\nfield N 2 N+ range 0 9 default 00  # how | many\nrepeat N as G\nfield A (N + 1) EA values B \" \"
when N > 1\nfield R 8 A real nullable format +00.0000 required\nend\nend\nfield W 4 A as int\nfield D remaining BIN";
        let page = document(&Structure::load(table).unwrap()[0]);
        let rows: Vec<_> = page.lines().skip(2).collect();
        let expected = [
            "| N | 2 | BCS-N positive integer | 0 to 9 | `00` | how \\| many |",
            "| *`N` times* G | | | | | |",
            "| · A | `(N + 1)` | ECS-A | B, blank |  |  |",
            "| · *if* `N > 1` | | | | | |",
            "| · · R | 8 | BCS-A, number | as `+00.0000` or blank | *required* |  |",
            "| W | 4 | BCS-A, integer or text |  |  |  |",
            "| D | the rest | bytes |  |  |  |",
        ];
        assert_eq!(rows, expected);
    }
}
