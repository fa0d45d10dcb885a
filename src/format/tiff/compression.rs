//! The compression codes of TIFF (tag 259): TIFF 6.0 §8–11, §13, §22, Supplement 2, and the codes registered since.

/// A compression code, and which codec stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compression {
    /// The value of tag 259.
    pub(super) code: u16,
    /// The name as a named value of the tag.
    pub(super) name: &'static str,
    /// The word in the API, e.g. `deflate`; codes that differ only on disk share one.
    pub(super) word: &'static str,
    /// The codec's name in `codec::CODECS`; none where the code is known but not implemented.
    pub(super) codec: Option<&'static str>,
    /// True where new files may have it. Codes that others replace are read only.
    pub(super) may_write: bool,
}

/// The code written where nothing is asked for: Adobe Deflate, a zlib stream.
pub(super) const DEFLATE: u16 = 8;
/// No compression.
pub(super) const NONE: u16 = 1;
/// JPEG (TIFF Technical Note 2).
pub(super) const JPEG: u16 = 7;

/// The code `code`.
pub(super) fn by_code(code: u64) -> Option<&'static Compression> {
    TABLE.iter().find(|row| u64::from(row.code) == code)
}

/// The code that is written for a word of the API, case ignored; for a word of which none is written, the first one.
pub(super) fn by_word(word: &str) -> Option<&'static Compression> {
    let rows = || TABLE.iter().filter(|row| row.word.eq_ignore_ascii_case(word));
    rows().find(|row| row.may_write).or_else(|| rows().next())
}

/// True for a word that the API has for TIFF, though nothing is written for it yet.
pub(super) fn is_planned(word: &str) -> bool {
    ["lerc", "webp"].iter().any(|planned| planned.eq_ignore_ascii_case(word))
}

/// The words of the API that may be written, in the order of the table.
pub(super) fn writable_words() -> String {
    TABLE.iter().filter(|row| row.may_write).map(|row| row.word).collect::<Vec<_>>().join(" ")
}

/// Codes and names, as named values of the tag.
pub(super) const NAMES: [(u64, &str); TABLE.len()] = {
    let mut names = [(0, ""); TABLE.len()];
    let mut i = 0;
    while i < TABLE.len() {
        names[i] = (TABLE[i].code as u64, TABLE[i].name);
        i += 1;
    }
    names
};

const fn row(
    code: u16,
    name: &'static str,
    word: &'static str,
    codec: Option<&'static str>,
    may_write: bool,
) -> Compression {
    Compression { code, name, word, codec, may_write }
}

const TABLE: [Compression; 22] = [
    row(NONE, "None", "none", Some("none"), true),
    row(2, "CCITTRLE", "fax", Some("fax"), false),
    row(3, "CCITTFax3", "fax", Some("fax"), false),
    row(4, "CCITTFax4", "fax", Some("fax"), false),
    row(5, "LZW", "lzw", Some("lzw"), true),
    row(6, "OldJPEG", "oldjpeg", None, false),
    row(JPEG, "JPEG", "jpeg", Some("jpeg"), true),
    row(DEFLATE, "Deflate", "deflate", Some("deflate"), true),
    row(32_766, "NeXT", "next", None, false),
    row(32_773, "PackBits", "packbits", Some("packbits"), true),
    row(32_809, "ThunderScan", "thunderscan", None, false),
    row(32_946, "OldDeflate", "deflate", Some("deflate"), false),
    row(33_003, "AperioJ2KYCbCr", "j2k", None, false),
    row(33_005, "AperioJ2KRGB", "j2k", None, false),
    row(34_676, "SGILog", "sgilog", None, false),
    row(34_712, "JPEG2000", "j2k", None, false),
    row(34_887, "LERC", "lerc", None, false),
    row(34_925, "LZMA", "lzma", None, false),
    row(50_000, "ZSTD", "zstd", Some("zstd"), true),
    row(50_001, "WebP", "webp", None, false),
    row(50_002, "JPEGXL", "jpegxl", None, false),
    row(52_546, "JPEGXLDNG", "jpegxl", None, false),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_written_as_the_code_that_is_not_obsolete() {
        assert_eq!(by_word("Deflate").map(|row| row.code), Some(8));
        assert_eq!(by_word("lerc").map(|row| (row.code, row.may_write)), Some((34_887, false)));
        assert_eq!(by_word("zip"), None);
        assert_eq!(writable_words(), "none lzw jpeg deflate packbits zstd");
    }

    #[test]
    fn codes_are_ascending_and_found() {
        assert!(TABLE.is_sorted_by_key(|row| row.code));
        assert!(TABLE.iter().all(|row| by_code(row.code.into()) == Some(row)));
    }
}
