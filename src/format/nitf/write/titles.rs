//! Puts titles and descriptions of assets into the fields of their segments.

use super::super::names::{IMAGE, NameFields, Names, identifier};
use super::given::Given;
use super::origin::is_extended;
use crate::error::{Error, Result};
use crate::format::{FittedText, TextField, Warning, WarningKind, WriteContext};
use crate::schema::Record;

/// Characters of a comment of an image (ICOM), and how many comments there may be.
const COMMENT: usize = 80;
const COMMENTS: usize = 9;

/// Puts title and description into the fields of `record`. They replace what was copied there, but not what the caller has chosen.
///
/// # Errors
/// [`Error::Usage`] for a title or description that is too long. One without any field becomes a warning.
pub(super) fn fill(
    fields: NameFields,
    record: &mut Record,
    given: &Given,
    (title, description, key): (&str, &str, &str),
    context: &mut WriteContext<'_, '_>,
) -> Result<()> {
    let (short, long) = fields.lengths;
    let stated = fields.read(record).into_title();
    if !stated.0.is_empty() && (title.trim(), description.trim()) == (stated.0.as_str(), stated.1.as_str()) {
        return Ok(());
    }
    let (mut title, mut description) = (title.trim(), description.trim());
    if given.is_copy() && title.is_empty() && description.is_empty() {
        return Ok(());
    }
    let stood = given.original.as_ref().map(|original| fields.read(original));
    // The comments of a copy are the description only if they were read as such. They stay if the description is unchanged.
    let comments_are_ours = stood.as_ref().is_some_and(Names::has_title);
    let is_kept = comments_are_ours && description.is_empty();
    let stood = stood.map(Names::into_title);
    if let Some((old_title, old_description)) = &stood {
        if (title.is_empty() || title == old_title) && (description.is_empty() || description == old_description) {
            return Ok(());
        }
        title = if title.is_empty() { old_title } else { title };
        description = if description.is_empty() { old_description } else { description };
    }
    let is_free = |name: &str| !given.is_chosen(name);
    let comments_are_free =
        fields.has_comments && is_free("ICOM") && (comments_are_ours || given.get("ICOM").is_none());
    let text_is_free = is_free(fields.text);
    let mut lost = |what: &str| {
        let message = format!("the {what} is left out: every field for it holds another value");
        context.warnings.push(Warning::new(WarningKind::Metadata, key, message));
    };
    // If the text beside the identifier is the title, the description goes to the comments.
    let mut text_is_title = is_kept;
    if is_free(fields.identifier) {
        let name = identifier(if title.is_empty() { key } else { title }, short);
        let is_whole = title.is_empty() || name == title;
        let is_clear = description.chars().count() <= long && identifier(description, short) != name;
        text_is_title |= !is_whole || (!description.is_empty() && !is_clear && comments_are_free);
        if text_is_title && text_is_free {
            record.set(fields.text, checked("title:", if title.is_empty() { &name } else { title }, long)?);
        } else if !is_whole {
            lost("title");
        }
        record.set(fields.identifier, name);
    } else {
        text_is_title &= text_is_free;
        if !title.is_empty() && title != stated.0 {
            lost("title");
        }
    }
    if is_kept {
        return Ok(());
    }
    if comments_are_ours && comments_are_free {
        record.remove("ICOM");
    }
    if text_is_free && !text_is_title {
        record.remove(fields.text);
    }
    if description.is_empty() {
        return Ok(());
    }
    if text_is_free && !text_is_title {
        record.set(fields.text, checked("description:", description, long)?);
    } else if comments_are_free {
        record.set("ICOM", comment_lines(checked("description:", description, COMMENT * COMMENTS)?));
    } else {
        lost("description");
    }
    Ok(())
}

/// A title or description of an image as the subheader can hold it (ECS-A, 2500C §5.1.7); `None` if it holds the text as it is.
pub(in super::super) fn fitted_text(field: TextField, text: &str) -> Option<FittedText> {
    let most = match field {
        TextField::Title => IMAGE.lengths.1,
        TextField::Description => COMMENT * COMMENTS,
    };
    FittedText::of_characters(text, is_extended, most)
}

fn checked<'t>(what: &'static str, text: &'t str, most: usize) -> Result<&'t str> {
    let count = text.chars().count();
    if count > most {
        return Err(Error::usage(what)
            .found(format!("{count} characters, {text:?}"))
            .allowed(format!("at most {most} characters")));
    }
    Ok(text)
}

/// Splits a text into comments.
fn comment_lines(text: &str) -> Vec<Record> {
    let characters: Vec<char> = text.chars().collect();
    let lines = characters.chunks(COMMENT).map(|line| line.iter().collect::<String>());
    lines.map(|line| [("ICOM", line)].into_iter().collect()).collect()
}
