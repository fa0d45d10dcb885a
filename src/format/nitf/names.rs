//! Stores titles and descriptions of assets in the identifiers of segments, and reads them back.
//!
//! An identifier such as IID1 holds ten characters and no punctuation. A title that fits is the identifier. A longer title is
//! kept whole in the text field beside it, and its shortened form is the identifier: a reader recognises the title by this.

use super::version::text;
use crate::schema::{FieldData, Record};

/// The fields of a kind of segment that name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameFields {
    pub(super) identifier: &'static str,
    pub(super) text: &'static str,
    pub(super) has_comments: bool,
    /// Characters of the identifier and of the text.
    pub(super) lengths: (usize, usize),
}

pub(super) const IMAGE: NameFields =
    NameFields { identifier: "IID1", text: "IID2", has_comments: true, lengths: (10, 80) };
pub(super) const GRAPHIC: NameFields =
    NameFields { identifier: "SID", text: "SNAME", has_comments: false, lengths: (10, 20) };

/// The identifier, the text field beside it, and the text that remains for a comment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    identifier: String,
    text: String,
    comment: String,
    /// Characters of an identifier.
    short: usize,
}

impl NameFields {
    /// Reads the fields of a subheader by their names of NITF 2.1 or 2.0.
    pub(super) fn read(self, record: &Record) -> Names {
        Names {
            identifier: text(record, self.identifier).to_owned(),
            text: text(record, self.text).to_owned(),
            comment: comment(record),
            short: self.lengths.0,
        }
    }
}

impl Names {
    /// The title and the description.
    pub(super) fn into_title(self) -> (String, String) {
        if self.has_title() { (self.text, self.comment) } else { (self.identifier, self.text) }
    }

    /// True if the text is the title and the identifier its shortened form.
    pub(super) fn has_title(&self) -> bool {
        !self.text.is_empty() && (self.identifier == identifier(&self.text, self.short) || self.identifier.is_empty())
    }
}

/// The comments of an image, joined.
fn comment(header: &Record) -> String {
    let lines = header.group("ICOM").iter().filter_map(|comment| comment.get("ICOM"));
    let text: String =
        lines.filter_map(|line| if let FieldData::Text(text) = line { Some(text.as_str()) } else { None }).collect();
    text.trim_end().to_owned()
}

/// Letters, digits, blanks and underscores of a text, at most `short` of them; other characters become underscores.
pub(super) fn identifier(text: &str, short: usize) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == ' ' { c } else { '_' };
    let cut: String = text.trim().chars().map(allowed).take(short).collect();
    if cut.trim().is_empty() { "UNTITLED".chars().take(short).collect() } else { cut.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_letters_and_no_more_than_fit() {
        assert_eq!(identifier("Overview 11 of 12", 10), "Overview 1");
        assert_eq!(identifier("a-b", 10), "a_b");
        assert_eq!(identifier(" ", 7), "UNTITLE");
    }

    #[test]
    fn a_text_is_the_title_if_the_identifier_is_a_form_of_it() {
        let read = |identifier: &str, text: &str, comment: &str| {
            let record: Record = [("IID1", identifier), ("IID2", text)].into_iter().collect();
            let names = Names { comment: comment.to_owned(), ..IMAGE.read(&record) };
            names.into_title()
        };
        assert_eq!(read("a_b", "a-b", "c"), ("a-b".to_owned(), "c".to_owned()));
        assert_eq!(read("scene", "from the air", "c"), ("scene".to_owned(), "from the air".to_owned()));
        assert_eq!(read("scene", "scene", "scene of a crime"), ("scene".to_owned(), "scene of a crime".to_owned()));
    }
}
