//! The codes of IC: their meaning and what the crate supports (2500C Table A-3; 2500A Table A-3 for C0 and C2; Joint BIIF
//! Profile Table G-1).

/// A known code of IC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ic {
    /// The code as it stands in a subheader.
    pub(super) code: &'static str,
    /// Its aliases in the setting `compression`.
    words: &'static [&'static str],
    /// The algorithm that codes the pixels.
    pub(super) coding: Coding,
    /// True if a mask table precedes the blocks.
    pub(super) is_masked: bool,
    /// True if the crate can decode the pixels.
    pub(super) is_decoded: bool,
    /// True if the crate can write such images.
    pub(super) is_written: bool,
}

/// The algorithm that codes the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Uncompressed,
    /// Chosen by the user and not defined by the standard (NITF 2.0).
    UserDefined,
    /// ITU-T T.4.
    Bilevel,
    /// Adaptive recursive interpolated differential pulse code modulation (NITF 2.0).
    Aridpcm,
    /// Lossy JPEG (MIL-STD-188-198A).
    Jpeg,
    /// Lossy JPEG of an image reduced beforehand (N0106-97).
    ReducedJpeg,
    VectorQuantisation,
    /// Lossless JPEG (N0106-97).
    LosslessJpeg,
    Jpeg2000,
    /// High-throughput JPEG 2000 (ISO/IEC 15444-15).
    HighThroughput,
    /// Reserved, or defined by a profile without still images.
    Other,
}

/// No compression.
pub(super) const NC: Ic = plain("NC", &["none"], Coding::Uncompressed).supported();

/// No compression, with a mask table.
pub(super) const NM: Ic = masked("NM", Coding::Uncompressed).supported();

/// JPEG 2000.
pub(super) const C8: Ic = plain("C8", &["j2k", "lossless"], Coding::Jpeg2000).supported();

/// Every known code.
const CODES: &[Ic] = &[
    NC,
    NM,
    plain("C0", &[], Coding::UserDefined),
    plain("C1", &[], Coding::Bilevel).decoded(),
    plain("C2", &[], Coding::Aridpcm),
    plain("C3", &["jpeg"], Coding::Jpeg).supported(),
    plain("C4", &[], Coding::VectorQuantisation).decoded(),
    plain("C5", &[], Coding::LosslessJpeg).decoded(),
    plain("C6", &[], Coding::Other),
    plain("C7", &[], Coding::Other),
    C8,
    plain("C9", &[], Coding::Other),
    plain("CA", &[], Coding::Other),
    plain("CB", &[], Coding::Other),
    plain("CC", &[], Coding::Other),
    plain("CD", &["htj2k"], Coding::HighThroughput).supported(),
    plain("CE", &[], Coding::Other),
    masked("M0", Coding::UserDefined),
    masked("M1", Coding::Bilevel).decoded(),
    masked("M2", Coding::Aridpcm),
    masked("M3", Coding::Jpeg).supported(),
    masked("M4", Coding::VectorQuantisation).decoded(),
    masked("M5", Coding::LosslessJpeg).decoded(),
    masked("M6", Coding::Other),
    masked("M7", Coding::Other),
    masked("M8", Coding::Jpeg2000).supported(),
    masked("M9", Coding::Other),
    masked("MA", Coding::Other),
    masked("MB", Coding::Other),
    masked("MC", Coding::Other),
    masked("MD", Coding::HighThroughput).supported(),
    masked("ME", Coding::Other),
    plain("I1", &[], Coding::ReducedJpeg).supported(),
];

impl Ic {
    /// The Ic of a subheader's `code`; `None` if it is unknown.
    pub(super) fn from_code(code: &str) -> Option<Self> {
        CODES.iter().copied().find(|ic| ic.code == code)
    }

    /// The Ic of a word of the setting `compression`, in any case; `None` if it is unknown.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        CODES.iter().copied().find(|ic| ic.all_words().any(|known| known.eq_ignore_ascii_case(word.trim())))
    }

    /// The code for the same coding with a mask table, or without one; `None` if the standard has none.
    pub(super) fn with_mask(self, is_masked: bool) -> Option<Self> {
        CODES.iter().copied().find(|ic| ic.coding == self.coding && ic.is_masked == is_masked)
    }

    /// The code that gives this coding, or else the nearest one, a mask table.
    pub(super) fn masked_code(self) -> &'static str {
        match self.with_mask(true) {
            Some(masked) => masked.code,
            None if self.is_jpeg() => "M3",
            None => NM.code,
        }
    }

    /// True if blocks are JPEG streams with the cosine transform.
    pub(super) fn is_jpeg(self) -> bool {
        matches!(self.coding, Coding::Jpeg | Coding::ReducedJpeg)
    }

    /// True if the stored bytes mean the same in NITF 2.0: the standards of these codings do not depend on it.
    pub(super) fn is_older_than_21(self) -> bool {
        self.is_jpeg() || matches!(self.coding, Coding::Bilevel | Coding::VectorQuantisation | Coding::LosslessJpeg)
    }

    /// The values of IMODE that images with this coding have (Joint BIIF Profile Table G-1).
    pub(super) fn modes(self) -> &'static [&'static str] {
        match self.coding {
            Coding::Jpeg2000 | Coding::HighThroughput => &["B"],
            Coding::Uncompressed => &["B", "P", "R", "S"],
            _ => &["B", "P", "S"],
        }
    }

    /// True if an image is a single block (N0106-97).
    pub(super) fn is_single_block(self) -> bool {
        self.coding == Coding::ReducedJpeg
    }

    /// True if the image is one codestream of JPEG 2000.
    pub(super) fn is_j2k(self) -> bool {
        matches!(self.coding, Coding::Jpeg2000 | Coding::HighThroughput)
    }

    /// The row of a code that the crate decodes.
    const fn decoded(self) -> Self {
        Self { is_decoded: true, ..self }
    }

    /// The row of a code that the crate decodes and writes.
    const fn supported(self) -> Self {
        Self { is_decoded: true, is_written: true, ..self }
    }

    /// True if the subheader has a COMRAT.
    pub(super) fn has_comrat(self) -> bool {
        !self.is_uncompressed()
    }

    /// True if samples are stored uncompressed.
    pub(super) fn is_uncompressed(self) -> bool {
        self.coding == Coding::Uncompressed
    }

    /// The words for the codes that can be written.
    pub(super) fn written_words() -> String {
        CODES.iter().filter(|ic| ic.is_written).flat_map(Self::all_words).collect::<Vec<_>>().join(", ")
    }

    /// The codes that can be written.
    pub(super) fn written_codes() -> String {
        CODES.iter().filter(|ic| ic.is_written).map(|ic| ic.code).collect::<Vec<_>>().join(", ")
    }

    fn all_words(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.code).chain(self.words.iter().copied())
    }
}

/// The compression that an asset reports for the IC of its subheader.
pub(super) fn reported(code: &str) -> &str {
    if code == NC.code { NC.words[0] } else { code }
}

const fn plain(code: &'static str, words: &'static [&'static str], coding: Coding) -> Ic {
    Ic { code, words, coding, is_masked: false, is_decoded: false, is_written: false }
}

const fn masked(code: &'static str, coding: Coding) -> Ic {
    Ic { is_masked: true, ..plain(code, &[], coding) }
}

#[cfg(test)]
mod tests {
    use super::super::layouts::header;
    use super::super::subheader::read_before;
    use super::*;
    use crate::schema::read;

    #[test]
    fn codes_and_words_are_unique() {
        let mut words: Vec<_> = CODES.iter().flat_map(Ic::all_words).map(str::to_ascii_lowercase).collect();
        words.sort();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn a_code_is_exact_and_a_word_is_not() {
        assert_eq!(Ic::from_code("NM"), Some(NM));
        assert_eq!((Ic::from_code("nm"), Ic::from_code("none"), Ic::from_code("CF")), (None, None, None));
        assert_eq!(Ic::from_word(" None ").map(|ic| ic.code), Some("NC"));
        assert_eq!(
            ["J2K", "m8", "htj2k", "i1"].map(|word| Ic::from_word(word).unwrap().code),
            ["C8", "M8", "CD", "I1"]
        );
        assert_eq!(Ic::from_word("zip"), None);
        assert!(Ic::written_codes().starts_with("NC, NM") && Ic::written_words().starts_with("NC, none, NM"));
    }

    #[test]
    fn masked_codes_are_those_with_an_m() {
        assert!(CODES.iter().all(|ic| ic.is_masked == ic.code.contains('M')));
    }

    #[test]
    fn the_table_of_the_subheader_has_comrat_for_the_same_codes() {
        let table = header("IMAGE").unwrap();
        let mut bytes = vec![b'0'; 2000];
        let (_, at) = read_before(table, "IC", &bytes).unwrap();
        for ic in CODES {
            bytes[at..at + 2].copy_from_slice(ic.code.as_bytes());
            let (record, _) = read(table, &bytes).unwrap();
            assert_eq!(record.get("COMRAT").is_some(), ic.has_comrat(), "{}", ic.code);
        }
    }
}
