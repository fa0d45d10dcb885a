//! Parses tables: lines of text to [`Structure`]s.

use std::sync::Arc;

use super::expression::Expression;
use super::picture::Picture;
use super::table::{Charset, Check, Field, Item, Kind, Missing, Structure};
use crate::error::{Error, Result};

impl Structure {
    /// Parses every structure of a table.
    ///
    /// # Errors
    /// [`Error::Usage`] with the invalid line.
    pub(crate) fn load(text: &str) -> Result<Vec<Self>> {
        let mut loader = Loader { structures: Vec::new(), open: Vec::new() };
        for (number, line) in expand(text).map_err(|reason| Error::usage("structure table").found(reason))? {
            let (line, note) = split_note(&line);
            if !line.is_empty() {
                loader
                    .line(line, note)
                    .map_err(|reason| Error::usage("structure table").field(format!("line {number}")).found(reason))?;
            }
        }
        loader.finish().map_err(|reason| Error::usage("structure table").found(reason))
    }
}

/// The most bytes of a field: more than any length of a header can state.
pub(super) const MAX_SIZE: i128 = 99_999_999;

/// The most turns of a group with a constant count.
const MAX_TURNS: i128 = 100_000;

/// The greatest nesting depth of groups.
const MAX_DEPTH: usize = 32;

struct Loader {
    structures: Vec<Draft>,
    /// Groups not yet closed, outermost first.
    open: Vec<Group>,
}

/// A structure whose rows are not yet complete.
struct Draft {
    name: String,
    title: String,
    source: String,
    items: Vec<Item>,
}

enum Group {
    Repeat(Expression, Arc<str>, Vec<Item>),
    When(Expression, Vec<Item>),
}

impl Loader {
    fn line(&mut self, line: &str, note: &str) -> std::result::Result<(), String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "structure" => {
                self.all_closed()?;
                let (name, title) = match rest.strip_prefix('"') {
                    Some(quoted) => quoted.split_once('"').ok_or_else(|| "missing closing quote".to_owned())?,
                    None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
                };
                let (name, title) = (name.trim().to_owned(), title.trim().to_owned());
                self.structures.push(Draft { name, title, source: String::new(), items: Vec::new() });
            }
            "source" => rest.clone_into(&mut self.structure()?.source),
            "field" => {
                let field = parse_field(rest, note)?;
                self.push(Item::Field(field))?;
            }
            "repeat" => {
                let (count, name) =
                    rest.rsplit_once(" as ").ok_or_else(|| "expected repeat COUNT as NAME".to_owned())?;
                let count = Expression::parse(count)?;
                if count.constant().is_some_and(|count| count > MAX_TURNS) {
                    return Err(format!("a group has at most {MAX_TURNS} turns"));
                }
                self.open(Group::Repeat(count, name.trim().into(), Vec::new()))?;
            }
            "when" => self.open(Group::When(Expression::parse(rest)?, Vec::new()))?,
            "end" => {
                let item = match self.open.pop().ok_or_else(|| "end without repeat or when".to_owned())? {
                    Group::Repeat(count, name, items) => Item::Repeat { count, name, items, again: false, seen: false },
                    Group::When(condition, items) => Item::When { condition, items },
                };
                self.push(item)?;
            }
            other => return Err(format!("unknown row {other:?}")),
        }
        Ok(())
    }

    fn open(&mut self, group: Group) -> std::result::Result<(), String> {
        if self.open.len() == MAX_DEPTH {
            return Err(format!("groups nested more than {MAX_DEPTH} deep"));
        }
        self.structure()?;
        self.open.push(group);
        Ok(())
    }

    fn push(&mut self, item: Item) -> std::result::Result<(), String> {
        match self.open.last_mut() {
            Some(Group::Repeat(_, _, items) | Group::When(_, items)) => items.push(item),
            None => self.structure()?.items.push(item),
        }
        Ok(())
    }

    fn structure(&mut self) -> std::result::Result<&mut Draft, String> {
        self.structures.last_mut().ok_or_else(|| "a row before the first structure".to_owned())
    }

    fn all_closed(&self) -> std::result::Result<(), String> {
        if self.open.is_empty() { Ok(()) } else { Err("repeat or when without end".to_owned()) }
    }

    fn finish(self) -> std::result::Result<Vec<Structure>, String> {
        self.all_closed()?;
        let drafts = self.structures.into_iter();
        Ok(drafts.map(|draft| Structure::new(draft.name, draft.title, draft.source, draft.items)).collect())
    }
}

/// The numbered lines, with the rows of included structures in place of the `include`.
fn expand(text: &str) -> std::result::Result<Vec<(usize, String)>, String> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some(include) = line.trim().strip_prefix("include ") else {
            lines.push((number, line.to_owned()));
            continue;
        };
        let (name, prefix) = include.trim().split_once(' ').ok_or_else(|| "expected include NAME PREFIX".to_owned())?;
        let begins = |line: &str| line.split_whitespace().take(2).eq(["structure", name]);
        let start = lines.iter().position(|(_, line)| begins(line));
        let start = start.ok_or_else(|| format!("no structure {name} before line {number}"))? + 1;
        let rows = lines[start..].iter().take_while(|(_, line)| !line.trim().starts_with("structure "));
        let rows = rows.filter(|(_, line)| !line.trim().starts_with("source "));
        let prefixed: Vec<_> =
            rows.map(|(_, line)| (number, line.replace(" _", &format!(" {}", prefix.trim())))).collect();
        lines.extend(prefixed);
    }
    Ok(lines)
}

/// `NAME SIZE CHARSET [kind | as kind] [values a b | range a b] [nullable] [default x | required]`; values with blanks are quoted.
fn parse_field(row: &str, note: &str) -> std::result::Result<Field, String> {
    let words = split_words(row)?;
    let [name, size, charset, rest @ ..] = words.as_slice() else {
        return Err("expected field NAME SIZE CHARACTERS …".to_owned());
    };
    let charset = Charset::from_name(charset).ok_or_else(|| format!("unknown character set {charset:?}"))?;
    let mut field = Field {
        name: name.as_str().into(),
        size: Expression::parse(size)?,
        charset,
        kind: default_kind(charset),
        number: None,
        check: Check::None,
        nullable: false,
        missing: Missing::Blank,
        picture: None,
        note: note.to_owned(),
        again: false,
        seen: false,
    };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "as" => {
                let kind = rest.next().and_then(|word| parse_kind(word, charset));
                let number = kind.filter(|kind| matches!(kind, Kind::Integer | Kind::Real));
                field.number = Some(number.ok_or("expected as int or as real")?);
            }
            "nullable" => field.nullable = true,
            "required" => field.missing = Missing::Error,
            "default" => field.missing = Missing::Default(rest.next().ok_or("default without value")?.clone()),
            "format" => {
                let picture = rest.next().and_then(|text| Picture::parse(text));
                field.picture = Some(picture.ok_or("expected a format such as 0000, +00.000 or +0.000000E+0")?);
            }
            "range" => {
                let mut bound = || rest.next().and_then(|word| word.parse().ok()).ok_or("expected range LOW HIGH");
                field.check = Check::Range(bound()?, bound()?);
            }
            "values" => {
                let values: Vec<_> = rest.clone().take_while(|word| !is_keyword(word)).cloned().collect();
                if let Some(skip) = values.len().checked_sub(1) {
                    rest.nth(skip);
                }
                field.check = Check::Values(values);
            }
            kind => field.kind = parse_kind(kind, charset).ok_or_else(|| format!("unknown word {kind:?}"))?,
        }
    }
    check_field(&field)?;
    Ok(field)
}

/// Rejects rows without a possible meaning.
fn check_field(field: &Field) -> std::result::Result<(), String> {
    let size = field.size.constant();
    if size.is_some_and(|size| !(0..=MAX_SIZE).contains(&size)) {
        return Err(format!("a field has at most {MAX_SIZE} bytes"));
    }
    if field.number.is_some() && field.kind != Kind::Text {
        return Err("as requires a field of text".to_owned());
    }
    let fixed = match field.kind {
        Kind::DateTime => Some(14),
        Kind::Date => Some(8),
        _ => None,
    };
    if fixed.is_some() && size != fixed {
        return Err("datetime requires 14 characters, date 8".to_owned());
    }
    let Some(picture) = &field.picture else { return Ok(()) };
    if !matches!(field.kind, Kind::Integer | Kind::Real) || size != Some(picture.len() as i128) {
        return Err(format!("format {picture} requires int or real of {} characters", picture.len()));
    }
    Ok(())
}

fn default_kind(charset: Charset) -> Kind {
    match charset {
        Charset::BcsNPositive => Kind::Integer,
        Charset::Binary => Kind::Bytes,
        _ => Kind::Text,
    }
}

fn parse_kind(word: &str, charset: Charset) -> Option<Kind> {
    let binary = charset == Charset::Binary;
    Some(match word {
        "text" if !binary => Kind::Text,
        "int" if !binary => Kind::Integer,
        "real" if !binary => Kind::Real,
        "datetime" if !binary => Kind::DateTime,
        "date" if !binary => Kind::Date,
        "uint" if binary => Kind::Unsigned,
        "sint" if binary => Kind::Signed,
        "float" if binary => Kind::Float,
        "bytes" if binary => Kind::Bytes,
        _ => return None,
    })
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "nullable"
            | "as"
            | "required"
            | "default"
            | "format"
            | "range"
            | "values"
            | "text"
            | "int"
            | "real"
            | "datetime"
            | "date"
            | "uint"
            | "sint"
            | "float"
            | "bytes"
    )
}

/// The row without the note after `  #`.
fn split_note(line: &str) -> (&str, &str) {
    if line.trim_start().starts_with('#') {
        return ("", "");
    }
    match line.find(" # ") {
        Some(place) => (line[..place].trim(), line[place + 3..].trim()),
        None => (line.trim(), ""),
    }
}

/// Words separated by blanks; quotes and parentheses keep blanks inside a word.
fn split_words(row: &str) -> std::result::Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = row.trim_start();
    while !rest.is_empty() {
        let (word, length) = if let Some(inner) = rest.strip_prefix('"') {
            let end = inner.find('"').ok_or_else(|| "missing closing quote".to_owned())?;
            (&inner[..end], end + 2)
        } else {
            let end = word_end(rest).ok_or_else(|| "missing closing parenthesis".to_owned())?;
            (&rest[..end], end)
        };
        words.push(word.to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

/// The end of a word: the first blank outside parentheses.
fn word_end(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (place, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && c.is_whitespace() {
            return Some(place);
        }
    }
    (depth == 0).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "
# A made-up structure.
structure DEMO  Demonstration
source nowhere
field COUNT 2 N+ range 0 9 default 00          # how many
repeat COUNT as POINT
  field LON (COUNT + 1) A real nullable
  when LON != \"x y\"
    field FLAG 3 A values \"A B\" C default C
  end
end
field MASK 4 BIN uint
";

    #[test]
    fn a_table_is_read_row_by_row() {
        let structures = Structure::load(TABLE).unwrap();
        assert_eq!(structures.len(), 1);
        let fields = structures[0].fields();
        assert_eq!(fields.iter().map(|field| &*field.name).collect::<Vec<_>>(), ["COUNT", "LON", "FLAG", "MASK"]);
        assert_eq!((fields[0].note.as_str(), &fields[0].missing), ("how many", &Missing::Default("00".to_owned())));
        assert_eq!(fields[0].check, Check::Range(0.0, 9.0));
        assert_eq!(fields[2].check, Check::Values(vec!["A B".to_owned(), "C".to_owned()]));
        assert_eq!((fields[1].nullable, fields[1].kind, fields[3].kind), (true, Kind::Real, Kind::Unsigned));
    }

    #[test]
    fn an_included_structure_gets_its_prefix() {
        let table = "structure S\nfield _CLAS 1 A\nwhen _CLAS == \"U\"\nfield _X 1 A\nend\nstructure T\ninclude S FS\nfield Y 1 A";
        let structures = Structure::load(table).unwrap();
        let names: Vec<_> = structures[1].fields().iter().map(|field| &*field.name).collect();
        assert_eq!(names, ["FSCLAS", "FSX", "Y"]);
        assert!(Structure::load("structure T\ninclude S FS").is_err());
    }

    #[test]
    fn wrong_rows_name_their_line() {
        for (table, line) in [
            ("field A 1 A", "line 1"),
            ("structure X\nfield A 1 Q", "line 2"),
            ("structure X\nend", "line 2"),
            ("structure X\n\nfield A 1 A colour", "line 3"),
            ("structure X\nwhen 1 ==", "line 2"),
            ("when 1\nend", "line 1"),
            ("structure X\nfield A 100000000 A", "line 2"),
            ("structure X\nrepeat 100001 as G\nend", "line 2"),
            ("structure X\nfield A 12 N datetime", "line 2"),
            ("structure X\nfield A 4 A real format 00.00", "line 2"),
            ("structure X\nfield A 4 A format 0000", "line 2"),
            ("structure X\nfield A 4 A as text", "line 2"),
            ("structure X\nfield A 4 A real as int", "line 2"),
        ] {
            assert!(Structure::load(table).unwrap_err().to_string().contains(line), "{table}");
        }
        assert!(Structure::load("structure X\nwhen 1").is_err());
        let deep = format!("structure X\n{}field A 1 A\n{}", "when 1\n".repeat(5000), "end\n".repeat(5000));
        assert!(Structure::load(&deep).is_err());
        assert!(Structure::load(&format!("structure X\nwhen {}1", "not ".repeat(5000))).is_err());
    }
}
