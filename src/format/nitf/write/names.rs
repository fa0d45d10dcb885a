//! Titles and descriptions of assets in the identifiers of segments, and back.
//!
//! An identifier such as IID1 holds ten characters and no punctuation. A title that fits is the identifier; a longer one is
//! kept whole in the field for text beside it, and the identifier is a shortened form of it, by which a reader knows that the
//! text is the title.

use crate::error::{Error, Result};

/// The identifier, the text field beside it, and what is left for a comment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Names {
    pub(in super::super) identifier: String,
    pub(in super::super) text: String,
    pub(in super::super) comment: String,
}

impl Names {
    /// The names for a title and description; `key` is the identifier where there is no title. The identifier has at most
    /// `short` characters, the text `long`.
    ///
    /// # Errors
    /// [`Error::Usage`] where a title or description is longer than the text field: nothing is cut.
    pub(super) fn new(title: &str, description: &str, key: &str, (short, long): (usize, usize)) -> Result<Self> {
        let (title, description) = (title.trim(), description.trim());
        let fits = title.chars().count() <= short && identifier(title, short) == title;
        let check = |text: &str, what: &'static str| {
            if text.chars().count() <= long {
                return Ok(text.to_owned());
            }
            Err(Error::usage(what).found(format!("{text:?}")).allowed(format!("{long} characters")))
        };
        if title.is_empty() || fits {
            let name = if title.is_empty() { identifier(key, short) } else { title.to_owned() };
            return Ok(Self { identifier: name, text: check(description, "description:")?, comment: String::new() });
        }
        Ok(Self {
            identifier: identifier(title, short),
            text: check(title, "title:")?,
            comment: description.to_owned(),
        })
    }

    /// Title and description of what stands in a file.
    pub(in super::super) fn read(self, short: usize) -> (String, String) {
        let is_title = !self.text.is_empty()
            && self.text != self.identifier
            && (self.identifier == identifier(&self.text, short) || self.identifier.is_empty());
        if is_title { (self.text, self.comment) } else { (self.identifier, self.text) }
    }
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
    fn titles_and_descriptions_are_read_back() {
        let cases = [
            ("scene 7", "from the air"),
            ("", ""),
            ("Synthetic RGB Image", "UTM-referenced test image"),
            ("Overview 1", "2x reduced"),
            ("a-b", ""),
            ("Ünïcode: a title", "x"),
        ];
        for (title, description) in cases {
            let names = Names::new(title, description, "image:0", (10, 80)).unwrap();
            assert!(!names.identifier.is_empty() && names.identifier.len() <= 10, "{names:?}");
            let title = if title.is_empty() { "image_0" } else { title };
            assert_eq!(names.read(10), (title.to_owned(), description.to_owned()));
        }
        assert!(Names::new(&"x".repeat(81), "", "k", (10, 80)).is_err());
    }
}
