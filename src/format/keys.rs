//! The format that a metadata key belongs to, and what a writer does with a key that its format does not have.

use super::registry::FORMATS;
use super::{Format, FormatNames, Warning, WarningKind};
use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// How keys begin that belong to each format which embeds codestreams of JPEG 2000.
const OF_CODESTREAMS: &str = "J2K_";

/// True for a metadata key that another format than the one called `own` recognises as its own. Formats of one family have the
/// same keys; they share the media type.
pub(crate) fn is_key_of_another(own: &FormatNames, key: &str) -> bool {
    let is_own = |format: &&dyn Format| format.names().media_type == own.media_type;
    if key.starts_with(OF_CODESTREAMS) {
        return !FORMATS.iter().any(|format| is_own(format) && format.owns_key(key));
    }
    owner(key).is_some_and(|owner| !is_own(&owner))
}

/// Handles a key of `metadata` that the format called `own` does not have. A key of another format, and one that was copied
/// from a file, are left out with a warning. Any other key is an error, which suggests `near` or else states what is `known`.
///
/// # Errors
/// [`Error::Usage`] for a chosen key that no format has.
pub(crate) fn unknown_key(
    own: &FormatNames,
    (metadata, key): (&Metadata, &str),
    near: Option<&str>,
    known: &str,
    warnings: &mut Vec<Warning>,
) -> Result<()> {
    if is_key_of_another(own, key) || !metadata.is_chosen(key) {
        let message = format!("is not a key of {} and is left out", own.name);
        warnings.push(Warning::new(WarningKind::Metadata, key, message));
        return Ok(());
    }
    let allowed = match near {
        Some(near) => format!("a known key; did you mean {near}?"),
        None => known.to_owned(),
    };
    Err(Error::usage(format!("metadata key of {}:", own.name)).found(format!("{key:?}")).allowed(allowed))
}

/// The format with this spelling of keys. The spelling of NITF, capitals, covers keys of the formats after it.
fn owner(key: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().rev().find(|format| format.owns_key(key)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::by_name;

    fn names(name: &str) -> &'static FormatNames {
        by_name(name).unwrap().names()
    }

    #[test]
    fn a_key_of_the_same_family_is_not_of_another_format() {
        for name in ["nitf", "nsif"] {
            assert!(!is_key_of_another(names(name), "TGTID") && is_key_of_another(names(name), "256"));
            assert!(is_key_of_another(names(name), "PNG_GAMMA") && !is_key_of_another(names(name), "J2K_BITS"));
        }
        assert!(!is_key_of_another(names("jp2"), "J2K_BITS") && is_key_of_another(names("png"), "J2K_BITS"));
        assert!(is_key_of_another(names("tiff"), "TGTID") && !is_key_of_another(names("tiff"), "GeoModelType"));
        assert!(!is_key_of_another(names("tiff"), "256") && !is_key_of_another(names("png"), "PNG_GAMMA"));
    }

    #[test]
    fn a_key_of_another_format_is_a_warning_and_a_misspelt_one_an_error_with_the_nearest_name() {
        let mut warnings = Vec::new();
        let mut handle = |name: &str, key: &str, near| {
            let metadata: Metadata = [(key, 1)].into_iter().collect();
            unknown_key(names(name), (&metadata, key), near, "a key", &mut warnings)
        };
        for (name, key) in [("tiff", "TGTID"), ("png", "256"), ("nitf", "TileWidth"), ("jpeg", "GeoModelType")] {
            handle(name, key, None).unwrap();
        }
        let error = |result: Result<()>| result.unwrap_err().to_string();
        let text = error(handle("png", "PNG_GAMA", Some("PNG_GAMMA")));
        assert_eq!(text, r#"metadata key of png: got "PNG_GAMA", expected a known key; did you mean PNG_GAMMA?"#);
        assert_eq!(error(handle("nitf", "Title", None)), r#"metadata key of nitf: got "Title", expected a key"#);
        assert_eq!(warnings.len(), 4);
    }

    #[test]
    fn a_key_that_was_copied_from_a_file_is_a_warning() {
        let read: Metadata = [("Odd", 1)].into_iter().collect();
        let mut copy = read.read_from("nitf", "", Vec::new());
        let mut warnings = Vec::new();
        unknown_key(names("nitf"), (&copy, "Odd"), None, "a key", &mut warnings).unwrap();
        assert_eq!(warnings.len(), 1);
        copy.set("Odd", 2);
        assert!(unknown_key(names("nitf"), (&copy, "Odd"), None, "a key", &mut warnings).is_err());
    }
}
