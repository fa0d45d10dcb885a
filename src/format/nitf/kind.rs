//! The kinds of segments.

use super::areas::{self, Area};

/// The kinds of segments, in file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Image,
    /// Graphics; symbols in NITF 2.0.
    Graphic,
    /// Labels, only in NITF 2.0.
    Label,
    Text,
    Data,
    Reserved,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [Self::Image, Self::Graphic, Self::Label, Self::Text, Self::Data, Self::Reserved];

    /// The group of lengths in the file header, and the names of its two length fields.
    pub(super) fn names(self) -> [&'static str; 3] {
        match self {
            Self::Image => ["IMAGE_SEGMENTS", "LISH", "LI"],
            Self::Graphic => ["GRAPHIC_SEGMENTS", "LSSH", "LS"],
            Self::Label => ["LABEL_SEGMENTS", "LLSH", "LL"],
            Self::Text => ["TEXT_SEGMENTS", "LTSH", "LT"],
            Self::Data => ["DATA_SEGMENTS", "LDSH", "LD"],
            Self::Reserved => ["RESERVED_SEGMENTS", "LRESH", "LRE"],
        }
    }

    /// The first two bytes of a subheader.
    pub(super) fn marker(self) -> &'static [u8; 2] {
        match self {
            Self::Image => b"IM",
            Self::Graphic => b"SY",
            Self::Label => b"LA",
            Self::Text => b"TE",
            Self::Data => b"DE",
            Self::Reserved => b"RE",
        }
    }

    /// The name in keys and messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Graphic => "graphic",
            Self::Label => "label",
            Self::Text => "text",
            Self::Data => "data",
            Self::Reserved => "reserved",
        }
    }

    /// The areas of TREs in the subheader.
    pub(super) fn areas(self) -> &'static [Area] {
        match self {
            Self::Image => areas::IMAGE,
            Self::Graphic => areas::GRAPHIC,
            Self::Label => areas::LABEL,
            Self::Text => areas::TEXT,
            Self::Data | Self::Reserved => &[],
        }
    }
}
