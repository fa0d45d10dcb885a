//! The compression codes of TIFF (tag 259): TIFF 6.0 §8–11, §13, §22, Supplement 2, and the codes registered since.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::codec::jpeg::ColorModel;
use crate::codec::{
    Codec, CodecParams, Predictor, deflate, fax, jpeg, jxl, lerc, lzma, lzw, packbits, raw, webp, zstd,
};
use crate::codestream::j2k;

/// A compression code and its codec.
pub(super) struct Compression {
    /// The value of tag 259.
    pub(super) code: u16,
    /// The name as a named value of the tag.
    pub(super) name: &'static str,
    /// The name in the API, e.g. `deflate`; codes that differ only on disk share it.
    pub(super) word: &'static str,
    /// The codec; `None` if the code is known but not implemented.
    pub(super) coder: Option<Coder>,
    /// True if new files may use the code. Obsolete codes are only read.
    pub(super) may_write: bool,
}

/// A codec as TIFF uses it.
pub(super) struct Coder {
    /// The codec.
    pub(super) codec: &'static Codec,
    /// The levels of effort, if the codec has any.
    pub(super) levels: Option<RangeInclusive<i32>>,
    /// Makes the codec's parameters from the fields of a directory.
    pub(super) params: Params,
}

/// The parameters of block coding in a directory or a request, besides the compression code.
#[derive(Debug, Clone, Default)]
pub(super) struct CodingFields {
    pub(super) predictor: Predictor,
    pub(super) level: Option<i32>,
    pub(super) quality: Option<u8>,
    pub(super) color: ColorModel,
    pub(super) tables: Option<Arc<[u8]>>,
    pub(super) fax: fax::Params,
    pub(super) lerc: lerc::Params,
    pub(super) j2k: j2k::BlockParams,
}

/// The default code of new files: Adobe Deflate, a zlib stream.
pub(super) const DEFLATE: u16 = 8;
/// No compression.
pub(super) const NONE: u16 = 1;
/// JPEG (TIFF 6.0 §22), which Technical Note 2 replaced.
pub(super) const OLD_JPEG: u16 = 6;
/// JPEG (TIFF Technical Note 2).
pub(super) const JPEG: u16 = 7;
/// JPEG 2000 of luminance and chrominance (Aperio).
pub(super) const APERIO_YCBCR: u16 = 33_003;
/// LERC (Esri).
pub(super) const LERC: u16 = 34_887;
/// WebP (GDAL).
pub(super) const WEBP: u16 = 50_001;

impl Compression {
    /// True if the compression has a lossy form that a quality sets.
    pub(super) fn takes_quality(&self) -> bool {
        matches!(self.code, JPEG | WEBP)
    }
}

/// The compression with this code.
pub(super) fn by_code(code: u64) -> Option<&'static Compression> {
    TABLE.iter().find(|row| u64::from(row.code) == code)
}

/// The code that is written for a name of the API; case is ignored. If none is written, the first code with that name.
pub(super) fn by_word(word: &str) -> Option<&'static Compression> {
    let rows = || TABLE.iter().filter(|row| row.word.eq_ignore_ascii_case(word));
    rows().find(|row| row.may_write).or_else(|| rows().next())
}

/// The names of the API that can be written, in the order of the table.
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

type Params = fn(&CodingFields) -> Arc<dyn CodecParams>;

impl Coder {
    const fn new(codec: &'static Codec, params: Params) -> Self {
        Self { codec, levels: None, params }
    }

    const fn with_levels(self, levels: RangeInclusive<i32>) -> Self {
        Self { levels: Some(levels), ..self }
    }
}

/// A code that is written and read.
const fn written(code: u16, name: &'static str, word: &'static str, coder: Coder) -> Compression {
    Compression { code, name, word, coder: Some(coder), may_write: true }
}

/// A code that is only read.
const fn read(code: u16, name: &'static str, word: &'static str, coder: Coder) -> Compression {
    Compression { code, name, word, coder: Some(coder), may_write: false }
}

/// A code that is only known by its name.
const fn named(code: u16, name: &'static str, word: &'static str) -> Compression {
    Compression { code, name, word, coder: None, may_write: false }
}

const UNCOMPRESSED: Coder = Coder::new(&raw::CODEC, |_| Arc::new(raw::Params));
const FAX: Coder = Coder::new(&fax::CODEC, |fields| Arc::new(fields.fax));
const LZW: Coder = Coder::new(&lzw::CODEC, |fields| Arc::new(lzw::Params { predictor: fields.predictor }));
const DCT: Coder = Coder::new(&jpeg::CODEC, |fields| {
    Arc::new(jpeg::Params { color: fields.color, quality: fields.quality, tables: fields.tables.clone() })
});
const ZLIB: Coder = Coder::new(&deflate::CODEC, |fields| {
    Arc::new(deflate::Params { predictor: fields.predictor, level: fields.level })
})
.with_levels(deflate::LEVELS);
const PACK_BITS: Coder = Coder::new(&packbits::CODEC, |_| Arc::new(packbits::Params));
const ZSTANDARD: Coder =
    Coder::new(&zstd::CODEC, |fields| Arc::new(zstd::Params { predictor: fields.predictor, level: fields.level }))
        .with_levels(zstd::LEVELS);
const LZMA2: Coder =
    Coder::new(&lzma::CODEC, |fields| Arc::new(lzma::Params { predictor: fields.predictor, level: fields.level }))
        .with_levels(lzma::LEVELS);
const LIMITED_ERROR: Coder = Coder::new(&lerc::CODEC, |fields| Arc::new(fields.lerc));
const WEB_P: Coder = Coder::new(&webp::CODEC, |fields| Arc::new(webp::Params { quality: fields.quality }));
const JPEG_2000: Coder = Coder::new(&j2k::CODEC, |fields| Arc::new(fields.j2k));
const JPEG_XL: Coder = Coder::new(&jxl::CODEC, |_| Arc::new(jxl::Params));

static TABLE: &[Compression] = &[
    written(NONE, "None", "none", UNCOMPRESSED),
    read(2, "CCITTRLE", "fax", FAX),
    read(3, "CCITTFax3", "fax", FAX),
    read(4, "CCITTFax4", "fax", FAX),
    written(5, "LZW", "lzw", LZW),
    read(OLD_JPEG, "OldJPEG", "oldjpeg", DCT),
    written(JPEG, "JPEG", "jpeg", DCT),
    written(DEFLATE, "Deflate", "deflate", ZLIB),
    named(32_766, "NeXT", "next"),
    written(32_773, "PackBits", "packbits", PACK_BITS),
    named(32_809, "ThunderScan", "thunderscan"),
    read(32_946, "OldDeflate", "deflate", ZLIB),
    read(APERIO_YCBCR, "AperioJ2KYCbCr", "j2k", JPEG_2000),
    read(33_005, "AperioJ2KRGB", "j2k", JPEG_2000),
    named(34_676, "SGILog", "sgilog"),
    read(34_712, "JPEG2000", "j2k", JPEG_2000),
    written(LERC, "LERC", "lerc", LIMITED_ERROR),
    written(34_925, "LZMA", "lzma", LZMA2),
    written(50_000, "ZSTD", "zstd", ZSTANDARD),
    written(WEBP, "WebP", "webp", WEB_P),
    read(50_002, "JPEGXL", "jpegxl", JPEG_XL),
    read(52_546, "JPEGXLDNG", "jpegxl", JPEG_XL),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_written_as_the_code_that_is_not_obsolete() {
        assert_eq!(by_word("Deflate").map(|row| row.code), Some(8));
        assert_eq!(by_word("jpegxl").map(|row| (row.code, row.may_write)), Some((50_002, false)));
        assert!(by_word("zip").is_none());
        assert!(writable_words().starts_with("none lzw jpeg "));
    }

    #[test]
    fn codes_are_ascending_and_found() {
        assert!(TABLE.is_sorted_by_key(|row| row.code));
        assert!(TABLE.iter().all(|row| by_code(row.code.into()).is_some_and(|found| found.code == row.code)));
    }
}
