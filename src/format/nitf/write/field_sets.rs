//! The role of header fields in writing: given by the caller, computed from the content, or stale in a copy.

use super::super::areas::{self, Area};
use crate::schema::Record;

/// The fields of a kind of header that do not simply take a caller's values.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldSets {
    /// Computed from other fields and from the structure of the file; a chosen value must be the computed one.
    pub(super) following: &'static [&'static str],
    /// Made by the writer from the content and from the caller's choice.
    pub(super) made: &'static [&'static str],
    /// Areas of TREs, which are filled separately.
    pub(super) areas: &'static [Area],
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
    areas: areas::HEADER,
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
    areas: areas::IMAGE,
};

pub(super) const GRAPHIC: FieldSets =
    FieldSets { following: &["SY", "SXSHDL", "SXSOFL"], made: &[], areas: areas::GRAPHIC };

pub(super) const TEXT: FieldSets = FieldSets { following: &["TE", "TXSHDL", "TXSOFL"], made: &[], areas: areas::TEXT };

pub(super) const DATA: FieldSets =
    FieldSets { following: &["DE", "DESSHL", "DESOFLW", "DESITEM"], made: &[], areas: &[] };

/// An overflow segment that belongs to nothing keeps its index.
pub(super) const ORPHAN_DATA: FieldSets = FieldSets { following: &["DE", "DESSHL"], made: &[], areas: &[] };

pub(super) const RESERVED: FieldSets = FieldSets { following: &["RE", "RESSHL"], made: &[], areas: &[] };

/// Fields of an image that are computed from its pixels; a chosen value must be the computed one.
pub(super) const IMAGE_FACTS: [&str; 8] = ["NROWS", "NCOLS", "PVTYPE", "NBANDS", "XBANDS", "NBPR", "NBPC", "NBPP"];

/// Fields of an image with a rule for their values alone, independent of other fields: a wrong chosen value is refused.
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
    /// The fields without areas of TREs.
    pub(super) fn without_areas(&self, fields: &Record) -> Record {
        let names: Vec<&str> = self.areas.iter().map(|area| area.name).collect();
        fields.without(&names)
    }

    /// The caller's fields that go to the header unchanged.
    pub(super) fn stated(&self, fields: &Record) -> Record {
        self.without_areas(&fields.without(self.following).without(self.made))
    }
}
