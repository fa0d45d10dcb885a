//! Titles and descriptions that an image brings along from a file of another format, made to fit.

use std::borrow::Cow;

/// A text that an image has besides its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// The title.
    Title,
    /// The description.
    Description,
}

/// A text that was changed to fit a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedText {
    /// The text, which the format can hold.
    pub text: String,
    /// What was changed, for a warning.
    pub changes: String,
}

impl TextField {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
        }
    }
}

impl FittedText {
    /// The text without NUL; `None` if it has none.
    pub(crate) fn without_nul(text: &str) -> Option<Self> {
        text.contains('\0').then(|| Self { text: text.replace('\0', ""), changes: "NUL is left out".to_owned() })
    }

    /// The first `most` bytes of the text, to the end of a character; `None` if it is not longer.
    pub(crate) fn within_bytes(text: &str, most: usize) -> Option<Self> {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end))?;
        let changes = format!("it is cut from {} to {end} bytes", text.len());
        (text.len() > most).then(|| Self { text: text[..end].to_owned(), changes })
    }

    /// The text with `?` for each character that is not allowed, cut to `most` characters; `None` if that is the text itself.
    /// Line ends and tabs become spaces.
    pub(crate) fn of_characters(text: &str, is_allowed: impl Fn(char) -> bool, most: usize) -> Option<Self> {
        let mut changes: Vec<Cow<'static, str>> = Vec::new();
        let is_space = |c: char| matches!(c, '\r' | '\n' | '\t');
        let mut spaced = Cow::Borrowed(text);
        if text.contains(is_space) {
            spaced = text.replace("\r\n", " ").replace(is_space, " ").into();
            changes.push("line ends and tabs are spaces".into());
        }
        let spaced = spaced.trim();
        let foreign = spaced.chars().filter(|c| !is_allowed(*c)).count();
        if foreign > 0 {
            changes.push(format!("? stands for {foreign} characters that the format does not have").into());
        }
        let count = spaced.chars().count();
        if count > most {
            changes.push(format!("it is cut from {count} to {most} characters").into());
        }
        let fitted = spaced.chars().take(most).map(|c| if is_allowed(c) { c } else { '?' });
        let fitted = || fitted.collect::<String>().trim_end().to_owned();
        (!changes.is_empty()).then(|| Self { text: fitted(), changes: changes.join("; ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_stays() {
        assert_eq!(FittedText::without_nul("a\nb"), None);
        assert_eq!(FittedText::within_bytes("äb", 3), None);
        assert_eq!(FittedText::of_characters("a b", |c| c.is_ascii(), 3), None);
    }

    #[test]
    fn each_change_is_named() {
        let fitted = FittedText::of_characters("ImageJ=1.5\r\nunit=\u{b5}m\tmin=→\n", |c| c <= '\u{ff}', 18).unwrap();
        assert_eq!(fitted.text, "ImageJ=1.5 unit=\u{b5}m");
        assert!(["spaces", "? stands for 1 ", "cut from 24 to 18"].iter().all(|part| fitted.changes.contains(part)));
        assert_eq!(FittedText::without_nul("a\0b").unwrap().text, "ab");
        assert_eq!(FittedText::within_bytes("aäb", 2).unwrap().text, "a");
    }
}
