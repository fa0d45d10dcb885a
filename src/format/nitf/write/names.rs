//! Titles and descriptions of assets in the identifiers of segments, and back.
//!
//! An identifier such as IID1 holds ten characters and no punctuation. A title that fits is the identifier; a longer one is
//! kept whole in the field for text beside it, and the identifier is a shortened form of it, by which a reader knows that the
//! text is the title.

use super::given::Given;
use crate::error::{Error, Result};
use crate::format::{Warning, WriteContext};
use crate::schema::{FieldData, Record};

/// Characters of a comment of an image (ICOM), and how many comments there may be.
const COMMENT: usize = 80;
const COMMENTS: usize = 9;

/// The fields of a kind of segment that name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameFields {
    identifier: &'static str,
    text: &'static str,
    has_comments: bool,
    /// Characters of the identifier and of the text.
    lengths: (usize, usize),
}

pub(super) const IMAGE: NameFields =
    NameFields { identifier: "IID1", text: "IID2", has_comments: true, lengths: (10, 80) };
pub(super) const GRAPHIC: NameFields =
    NameFields { identifier: "SID", text: "SNAME", has_comments: false, lengths: (10, 20) };

/// The identifier, the text field beside it, and what is left for a comment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Names {
    pub(in super::super) identifier: String,
    pub(in super::super) text: String,
    pub(in super::super) comment: String,
}

impl Names {
    /// What the fields of a subheader say.
    fn stored(record: &Record, fields: NameFields) -> Self {
        let text = |name: &str| record.text(name).unwrap_or_default().to_owned();
        Self { identifier: text(fields.identifier), text: text(fields.text), comment: comment(record) }
    }

    /// Title and description of what stands in a file.
    pub(in super::super) fn read(self, short: usize) -> (String, String) {
        if self.has_title(short) { (self.text, self.comment) } else { (self.identifier, self.text) }
    }

    /// True where the text is the title, of which the identifier is a shortened form.
    fn has_title(&self, short: usize) -> bool {
        !self.text.is_empty() && (self.identifier == identifier(&self.text, short) || self.identifier.is_empty())
    }
}

impl NameFields {
    /// Puts title and description into the fields of `record` that the metadata says nothing of. Where what the metadata came
    /// with is added as it was read, title and description that are not what its fields say take their place.
    ///
    /// # Errors
    /// [`Error::Usage`] for a title or description that is too long; one that has no place at all is a warning.
    pub(super) fn fill(
        self,
        record: &mut Record,
        given: &Given,
        (title, description, key): (&str, &str, &str),
        is_as_read: bool,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<()> {
        let (short, long) = self.lengths;
        let says = Names::stored(record, self).read(short);
        if !says.0.is_empty() && (title.trim(), description.trim()) == (says.0.as_str(), says.1.as_str()) {
            return Ok(());
        }
        if given.is_copy() && !is_as_read {
            // Its fields say something, but for a blank one.
            if says.1.is_empty() && !description.trim().is_empty() && record.text(self.text).is_none_or(str::is_empty) {
                record.set(self.text, checked("description:", description.trim(), long)?);
            }
            return Ok(());
        }
        let (mut title, mut description) = (title.trim(), description.trim());
        let stood = given.original.as_ref().map(|original| Names::stored(original, self));
        // The comments of a copy are the description only where they were read as that, and stay where that is not changed.
        let comments_are_ours = stood.as_ref().is_some_and(|stood| stood.has_title(short));
        let is_kept = comments_are_ours && description.is_empty();
        let stood = stood.map(|stood| stood.read(short));
        if let Some((old_title, old_description)) = &stood {
            if (title.is_empty() || title == old_title) && (description.is_empty() || description == old_description) {
                return Ok(());
            }
            title = if title.is_empty() { old_title } else { title };
            description = if description.is_empty() { old_description } else { description };
        }
        let is_free = |name: &str| !given.is_chosen(name);
        let comments_are_free =
            self.has_comments && is_free("ICOM") && (comments_are_ours || given.get("ICOM").is_none());
        let text_is_free = is_free(self.text);
        let mut lost = |what: &str| {
            let message = format!("the {what} is left out: every field for it says something else");
            context.warnings.push(Warning::new(key, message));
        };
        // Where the text beside the identifier is the title, the description stands in comments.
        let mut text_is_title = is_kept;
        if is_free(self.identifier) {
            let name = identifier(if title.is_empty() { key } else { title }, short);
            let is_whole = title.is_empty() || name == title;
            let is_clear = description.chars().count() <= long && identifier(description, short) != name;
            text_is_title |= !is_whole || (!description.is_empty() && !is_clear && comments_are_free);
            if text_is_title && text_is_free {
                record.set(self.text, checked("title:", if title.is_empty() { &name } else { title }, long)?);
            } else if !is_whole {
                lost("title");
            }
            record.set(self.identifier, name);
        } else {
            text_is_title &= text_is_free;
        }
        if is_kept {
            return Ok(());
        }
        if comments_are_ours && comments_are_free {
            record.remove("ICOM");
        }
        if text_is_free && !text_is_title {
            record.remove(self.text);
        }
        if description.is_empty() {
            return Ok(());
        }
        if text_is_free && !text_is_title {
            record.set(self.text, checked("description:", description, long)?);
        } else if comments_are_free {
            record.set("ICOM", comment_lines(checked("description:", description, COMMENT * COMMENTS)?));
        } else {
            lost("description");
        }
        Ok(())
    }
}

fn checked<'t>(what: &'static str, text: &'t str, most: usize) -> Result<&'t str> {
    let count = text.chars().count();
    if count > most {
        return Err(Error::usage(what)
            .found(format!("{count} characters, {text:?}"))
            .allowed(format!("{most} characters")));
    }
    Ok(text)
}

/// A text in comments.
fn comment_lines(text: &str) -> Vec<Record> {
    let characters: Vec<char> = text.chars().collect();
    let lines = characters.chunks(COMMENT).map(|line| line.iter().collect::<String>());
    lines.map(|line| [("ICOM", line)].into_iter().collect()).collect()
}

/// The comments of an image, joined.
pub(in super::super) fn comment(header: &Record) -> String {
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
    fn a_text_is_the_title_where_the_identifier_is_a_form_of_it() {
        let read = |identifier: &str, text: &str, comment: &str| {
            Names { identifier: identifier.to_owned(), text: text.to_owned(), comment: comment.to_owned() }.read(10)
        };
        assert_eq!(read("a_b", "a-b", "c"), ("a-b".to_owned(), "c".to_owned()));
        assert_eq!(read("scene", "from the air", "c"), ("scene".to_owned(), "from the air".to_owned()));
        assert_eq!(read("scene", "scene", "scene of a crime"), ("scene".to_owned(), "scene of a crime".to_owned()));
    }
}
