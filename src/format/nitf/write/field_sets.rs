//! What the fields of headers are to a writer: stated by the caller, made from what is written, or stale in a copy.

use crate::schema::Record;

/// The fields of a kind of header that a caller's values do not simply go to.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldSets {
    /// They follow from other fields and from the structure of the file; a value that was chosen must be the one that follows.
    pub(super) following: &'static [&'static str],
    /// The writer makes them from what is written and from what the caller chose for them.
    pub(super) made: &'static [&'static str],
    /// They hold TREs, which are put there apart.
    pub(super) areas: &'static [&'static str],
}

pub(super) const HEADER: FieldSets = FieldSets {
    following: &["FL", "HL", "NUMI", "NUMS", "NUMX", "NUMT", "NUMDES", "NUMRES", "UDHDL", "UDHOFL", "XHDL", "XHDLOFL"],
    made: &[
        "FHDR",
        "FVER",
        "CLEVEL",
        "FDT",
        "IMAGE_SEGMENTS",
        "GRAPHIC_SEGMENTS",
        "TEXT_SEGMENTS",
        "DATA_SEGMENTS",
        "RESERVED_SEGMENTS",
    ],
    areas: &["UDHD", "XHD"],
};

pub(super) const IMAGE: FieldSets = FieldSets {
    following: &["IM", "NICOM", "UDIDL", "UDOFL", "IXSHDL", "IXSOFL"],
    made: &[
        "NROWS",
        "NCOLS",
        "PVTYPE",
        "NBPP",
        "ABPP",
        "NBANDS",
        "XBANDS",
        "BAND_INFO",
        "NBPR",
        "NBPC",
        "NPPBH",
        "NPPBV",
    ],
    areas: &["UDID", "IXSHD"],
};

pub(super) const GRAPHIC: FieldSets =
    FieldSets { following: &["SY", "SXSHDL", "SXSOFL"], made: &[], areas: &["SXSHD"] };

pub(super) const TEXT: FieldSets = FieldSets { following: &["TE", "TXSHDL", "TXSOFL"], made: &[], areas: &["TXSHD"] };

pub(super) const DATA: FieldSets =
    FieldSets { following: &["DE", "DESSHL", "DESOFLW", "DESITEM"], made: &[], areas: &[] };

/// A segment of overflow that belongs to nothing keeps the index it stood with.
pub(super) const ORPHAN_DATA: FieldSets = FieldSets { following: &["DE", "DESSHL"], made: &[], areas: &[] };

pub(super) const RESERVED: FieldSets = FieldSets { following: &["RE", "RESSHL"], made: &[], areas: &[] };

/// Fields of an image that follow from its pixels; a value that was chosen must be the one that follows.
pub(super) const IMAGE_FACTS: [&str; 8] = ["NROWS", "NCOLS", "PVTYPE", "NBANDS", "XBANDS", "NBPR", "NBPC", "NBPP"];

/// Fields of an image whose rule says what their value may be, not how it goes with other fields: a chosen value is refused.
pub(super) const IMAGE_REFUSED: [&str; 2] = ["IID1", "IMAG"];

/// Fields that are stale in the metadata of another image or file.
pub(super) const STALE: [&str; 38] = [
    "FHDR", "FVER", "FL", "HL", "NUMI", "NUMS", "NUMX", "NUMT", "NUMDES", "NUMRES", "UDHDL", "UDHOFL", "XHDL",
    "XHDLOFL", "IM", "NROWS", "NCOLS", "PVTYPE", "NBPP", "ABPP", "NBANDS", "XBANDS", "NBPR", "NBPC", "NPPBH", "NPPBV",
    "NICOM", "UDIDL", "UDOFL", "IXSHDL", "IXSOFL", "IREP", "IMODE", "IDLVL", "IALVL", "ILOC", "DESSHL", "RESSHL",
];

/// Fields that hold a row and a column.
pub(super) const LOCATIONS: [&str; 4] = ["ILOC", "SLOC", "SBND1", "SBND2"];

impl FieldSets {
    /// The caller's fields that go to the header as they are.
    pub(super) fn stated(&self, fields: &Record) -> Record {
        fields.without(self.following).without(self.made).without(self.areas)
    }
}
