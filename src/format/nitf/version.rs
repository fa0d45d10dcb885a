//! The versions of the format, which the first nine bytes identify, and their tables.

use std::sync::LazyLock;

use super::kind::Kind;
use super::layouts::header;
use crate::schema::{Record, Structure};

/// A version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Version {
    /// NITF 1.1 (`NITF01.10`), read like 2.0.
    Nitf11,
    /// NITF 2.0 (`NITF02.00`, MIL-STD-2500A).
    Nitf20,
    /// NITF 2.1 (`NITF02.10`, MIL-STD-2500C).
    Nitf21,
    /// NSIF 1.0 (`NSIF01.00`; the Joint BIIF Profile writes `NSIF01.01`).
    Nsif10,
}

/// The tables of NITF 2.0.
static HEADERS20: LazyLock<Vec<Structure>> = LazyLock::new(|| {
    Structure::load(include_str!("layouts/headers20.txt")).expect("the tables of the crate are tested to load")
});

/// The version of the file that begins with these bytes; `None` if it is not NITF or NSIF of a known version.
pub(super) fn is_nitf(first: &[u8]) -> Option<Version> {
    match first.get(..9)? {
        b"NITF01.10" => Some(Version::Nitf11),
        b"NITF02.00" => Some(Version::Nitf20),
        b"NITF02.10" => Some(Version::Nitf21),
        b"NSIF01.00" | b"NSIF01.01" => Some(Version::Nsif10),
        _ => None,
    }
}

impl Version {
    /// The first bytes of every version.
    pub(super) const MAGIC: [&'static str; 5] = ["NITF01.10", "NITF02.00", "NITF02.10", "NSIF01.00", "NSIF01.01"];

    /// True for NITF 2.0 and before.
    pub(super) fn is_20(self) -> bool {
        matches!(self, Self::Nitf11 | Self::Nitf20)
    }

    /// The table of the file header.
    pub(super) fn file_header(self) -> &'static Structure {
        self.table("HEADER", "HEADER20")
    }

    /// The table of the subheaders of a kind of segment.
    pub(super) fn subheader(self, kind: Kind) -> &'static Structure {
        match kind {
            Kind::Image => self.table("IMAGE", "IMAGE20"),
            Kind::Graphic => self.table("GRAPHIC", "SYMBOL20"),
            // NITF 2.1 has no labels; the space for their number is reserved there.
            Kind::Label => self.table("LABEL20", "LABEL20"),
            Kind::Text => self.table("TEXT", "TEXT20"),
            Kind::Data => self.table("DATA", "DATA20"),
            Kind::Reserved => self.table("RESERVED", "RESERVED20"),
        }
    }

    /// The table of this version for what 2.1 calls `name`; `None` if the version has no such structure.
    pub(super) fn of(self, name: &str) -> Option<&'static Structure> {
        match name {
            "HEADER" => Some(self.file_header()),
            "IMAGE" => Some(self.subheader(Kind::Image)),
            "GRAPHIC" => Some(self.subheader(Kind::Graphic)),
            "TEXT" => Some(self.subheader(Kind::Text)),
            "DATA" => Some(self.subheader(Kind::Data)),
            "RESERVED" => Some(self.subheader(Kind::Reserved)),
            _ => None,
        }
    }

    fn table(self, name: &str, name20: &str) -> &'static Structure {
        let found = if self.is_20() || name == name20 {
            HEADERS20.iter().find(|structure| structure.name == name20)
        } else {
            header(name)
        };
        found.expect("every header has a table")
    }
}

/// The text of a field by its name in NITF 2.1, or by its name in NITF 2.0; empty if there is neither.
pub(super) fn text<'r>(record: &'r Record, name: &str) -> &'r str {
    let old = match name {
        "IID1" => "IID",
        "IID2" => "ITITLE",
        "DESID" => "DESTAG",
        "RESID" => "RESTAG",
        same => same,
    };
    record.text(name).or_else(|| record.text(old)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_name_the_version() {
        for magic in Version::MAGIC {
            let version = is_nitf(format!("{magic}03BF01").as_bytes()).unwrap();
            assert_eq!(version.is_20(), magic < "NITF02.10", "{magic}");
        }
        for first in [&b""[..], b"NITF02.1", b"NITF02.20", b"NSIF02.00", b"nitf02.10", b"II*\0\x10\0\0\0\0\0"] {
            assert_eq!(is_nitf(first), None);
        }
    }

    #[test]
    fn every_kind_has_a_table_in_every_version_with_the_sizes_of_the_documents() {
        let size = |structure: &Structure| {
            let bytes = [b"NITF02.00".as_slice(), &[b'0'; 2000]].concat();
            crate::schema::read(structure, &bytes).unwrap().1
        };
        let v20 = Version::Nitf20;
        assert_eq!(size(v20.file_header()), 388);
        let sizes = Kind::ALL.map(|kind| size(v20.subheader(kind)));
        // Zeros are not a code of IC: the image has a COMRAT, but no band and no IGEOLO.
        assert_eq!(sizes, [426 + 4, 258, 212, 282, 200, 200]);
        for kind in Kind::ALL {
            let _ = Version::Nsif10.subheader(kind);
        }
    }

    #[test]
    fn fields_are_found_by_the_names_of_either_version() {
        let old: Record = [("IID", "A "), ("DESTAG", "B")].into_iter().collect();
        let new: Record = [("IID1", "C "), ("TEXTID", "D")].into_iter().collect();
        assert_eq!([text(&old, "IID1"), text(&old, "DESID"), text(&old, "IID2")], ["A", "B", ""]);
        assert_eq!([text(&new, "IID1"), text(&new, "TEXTID")], ["C", "D"]);
    }
}
