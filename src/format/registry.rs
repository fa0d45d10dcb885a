//! The registry of formats. It finds a format by its name, a path's extension, or a file's first bytes.

use super::{Format, FormatNames, j2k, jpeg, nitf, png, tiff};
use crate::error::{Error, Result};

/// Every format, in the order in which first bytes are tried.
pub static FORMATS: &[&dyn Format] =
    &[&nitf::NITF, &nitf::NSIF, &tiff::Tiff, &png::Png, &jpeg::Jpeg, &j2k::JP2, &j2k::J2K];

/// The format with this name; case is ignored.
///
/// # Errors
/// [`Error::Usage`] for an unknown name.
pub fn by_name(name: &str) -> Result<&'static dyn Format> {
    let wanted = name.to_ascii_lowercase();
    let is_wanted =
        |format: &&&dyn Format| format.names().name == wanted || format.names().aliases.contains(&wanted.as_str());
    if let Some(format) = FORMATS.iter().find(is_wanted) {
        return Ok(*format);
    }
    Err(Error::usage("unknown format").found(name).allowed(names()))
}

/// The format of a path, by its extension. The suffix `.rN` of an R-set is ignored.
///
/// # Errors
/// [`Error::Usage`] for an unknown extension.
pub fn by_extension(path: &std::path::Path) -> Result<&'static dyn Format> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let base = match name.rsplit_once(".r") {
        Some((base, level)) if !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => name.as_str(),
    };
    let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
    if let Some(format) = FORMATS.iter().find(|format| format.names().extensions.contains(&extension)) {
        return Ok(*format);
    }
    let known: Vec<_> =
        FORMATS.iter().flat_map(|format| format.names().extensions).map(|name| format!(".{name}")).collect();
    Err(Error::usage("unknown file extension (pass `format`):").found(name).allowed(known.join(" ")))
}

/// The format whose files begin with these bytes.
pub fn by_magic(first: &[u8]) -> Option<&'static dyn Format> {
    FORMATS.iter().find(|format| format.matches(first)).copied()
}

/// How keys begin that belong to each format which embeds such a codestream.
const OF_CODESTREAMS: &str = "J2K_";

/// True for a metadata key that another format than the one called `own` recognises as its own. Formats of one family have the
/// same keys; they share the media type.
pub(crate) fn is_key_of_another(own: &FormatNames, key: &str) -> bool {
    let owns = |is_own: bool| {
        FORMATS.iter().any(|format| (format.names().media_type == own.media_type) == is_own && format.owns_key(key))
    };
    owns(false) && !(key.starts_with(OF_CODESTREAMS) && owns(true))
}

/// The format of the family that the origin of metadata names.
pub(crate) fn family(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().find(|format| format.name() == name).copied()
}

fn names() -> String {
    FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_of_a_key_names_the_formats_that_have_it() {
        let owners = |key: &str| -> Vec<_> {
            FORMATS.iter().filter(|format| format.owns_key(key)).map(|format| format.name()).collect()
        };
        assert_eq!(owners("ICHIPB"), ["nitf", "nsif"]);
        assert_eq!(owners("J2K_Layers"), ["nitf", "nsif", "jp2", "j2k"]);
        assert_eq!(owners("PNG_TEXT_Title"), ["png"]);
        assert_eq!(owners("JPEG_APP1 x"), ["jpeg"]);
        assert_eq!(owners("GeoModelType"), ["tiff"]);
        assert!(owners("256").contains(&"tiff") && owners("Compression").is_empty() && owners("").is_empty());
    }

    #[test]
    fn a_key_of_the_same_family_is_not_of_another_format() {
        let names = |name: &str| by_name(name).unwrap().names();
        for name in ["nitf", "nsif"] {
            assert!(!is_key_of_another(names(name), "TGTID") && is_key_of_another(names(name), "256"));
            assert!(is_key_of_another(names(name), "PNG_GAMMA") && !is_key_of_another(names(name), "J2K_LAYERS"));
        }
        assert!(is_key_of_another(names("png"), "J2K_LAYERS") && !is_key_of_another(names("jp2"), "J2K_LAYERS"));
        assert!(is_key_of_another(names("tiff"), "TGTID") && !is_key_of_another(names("tiff"), "GeoModelType"));
    }
}
