//! The registry of formats. It finds a format by its name, a path's extension, or a file's first bytes.

use super::level_suffix::level_suffix;
use super::{Format, j2k, jpeg, nitf, png, tiff};
use crate::error::{Error, Result};

/// Every format, in the order in which first bytes are tried.
pub static FORMATS: &[&dyn Format] =
    &[&nitf::NITF, &nitf::NSIF, &tiff::Tiff, &png::Png, &jpeg::Jpeg, &j2k::JP2, &j2k::J2K, &j2k::JPH, &j2k::JHC];

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
    let name = |path: &std::path::Path| {
        path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
    };
    let base = level_suffix(path).map_or_else(|| name(path), |(base, _)| name(&base));
    let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
    if let Some(format) = FORMATS.iter().find(|format| format.names().extensions.contains(&extension)) {
        return Ok(*format);
    }
    let known: Vec<_> =
        FORMATS.iter().flat_map(|format| format.names().extensions).map(|name| format!(".{name}")).collect();
    Err(Error::usage("unknown file extension (pass `format`):").found(name(path)).allowed(known.join(" ")))
}

/// The format whose files begin with these bytes.
pub fn by_magic(first: &[u8]) -> Option<&'static dyn Format> {
    FORMATS.iter().find(|format| format.matches(first)).copied()
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
        assert_eq!(owners("J2K_Layers"), ["nitf", "nsif", "jp2", "j2k", "jph", "jhc"]);
        assert_eq!(owners("PNG_TEXT_Title"), ["png"]);
        assert_eq!(owners("JPEG_APP1 x"), ["jpeg"]);
        assert_eq!(owners("GeoModelType"), ["tiff"]);
        assert_eq!((owners("Compression"), owners("MODEL")), (vec!["tiff"], vec!["nitf", "nsif"]));
        assert!(owners("256").contains(&"tiff") && owners("Title").is_empty() && owners("").is_empty());
    }
}
