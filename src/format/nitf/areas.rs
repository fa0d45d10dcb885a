//! The areas of TREs in headers and subheaders (2500C Tables; 2500A for labels).

use crate::schema::Record;

/// An area: its name, the field of its length, the field of its overflow index, and its largest length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) name: &'static str,
    pub(super) length: &'static str,
    pub(super) index: &'static str,
    pub(super) most: usize,
}

/// The areas of a kind of header, the one for new TREs last. Labels are only read.
pub(super) const HEADER: &[Area] = &[area("UDHD", "UDHDL", "UDHOFL", 99_999), area("XHD", "XHDL", "XHDLOFL", 99_999)];
pub(super) const IMAGE: &[Area] = &[area("UDID", "UDIDL", "UDOFL", 99_999), area("IXSHD", "IXSHDL", "IXSOFL", 99_999)];
pub(super) const GRAPHIC: &[Area] = &[area("SXSHD", "SXSHDL", "SXSOFL", 9741)];
pub(super) const LABEL: &[Area] = &[area("LXSHD", "LXSHDL", "LXSOFL", 99_999)];
pub(super) const TEXT: &[Area] = &[area("TXSHD", "TXSHDL", "TXSOFL", 9717)];

/// All areas.
pub(super) fn all() -> impl Iterator<Item = &'static Area> {
    [HEADER, IMAGE, GRAPHIC, LABEL, TEXT].into_iter().flatten()
}

/// True if the field `name` is an area.
pub(super) fn is_area(name: &str) -> bool {
    all().any(|area| area.name == name)
}

impl Area {
    /// The ordinal in a header of the segment that takes the overflow of the area; 0 for none.
    pub(super) fn overflow_in(&self, header: &Record) -> i128 {
        header.int(self.index).unwrap_or(0)
    }
}

const fn area(name: &'static str, length: &'static str, index: &'static str, most: usize) -> Area {
    Area { name, length, index, most }
}
