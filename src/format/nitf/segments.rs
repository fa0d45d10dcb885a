//! The segments of a file: where each one's subheader and data lie, by the lengths in the file header.

use super::layouts::header;
use crate::error::{Error, Result};
use crate::format::Warning;
use crate::io::ByteSource;
use crate::schema::{FieldData, Record, Structure, read};

/// The kinds of segments in the order in which they stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Image,
    Graphic,
    Text,
    Data,
    Reserved,
}

/// A segment: its subheader read, its data where it lies.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) kind: Kind,
    /// Ordinal among its kind, from 0.
    pub(super) ordinal: usize,
    pub(super) subheader: Record,
    /// The bytes the subheader was read from.
    pub(super) raw: Vec<u8>,
    pub(super) data: u64,
    pub(super) data_length: u64,
}

/// The file header and its segments.
#[derive(Debug, Clone)]
pub(super) struct Segments {
    pub(super) header: Record,
    pub(super) raw: Vec<u8>,
    pub(super) list: Vec<Segment>,
    pub(super) warnings: Vec<Warning>,
}

/// The most bytes a file header has (HL has six digits).
const MAX_HEADER: u64 = 999_999;

/// Bytes read at first: most headers are shorter.
const FIRST_READ: u64 = 4096;

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::Image, Self::Graphic, Self::Text, Self::Data, Self::Reserved];

    /// The structure of the subheader, the group of lengths in the file header, and the names of the two lengths there.
    fn names(self) -> [&'static str; 4] {
        match self {
            Self::Image => ["IMAGE", "IMAGE_SEGMENTS", "LISH", "LI"],
            Self::Graphic => ["GRAPHIC", "GRAPHIC_SEGMENTS", "LSSH", "LS"],
            Self::Text => ["TEXT", "TEXT_SEGMENTS", "LTSH", "LT"],
            Self::Data => ["DATA", "DATA_SEGMENTS", "LDSH", "LD"],
            Self::Reserved => ["RESERVED", "RESERVED_SEGMENTS", "LRESH", "LRE"],
        }
    }

    /// The structure of the subheader.
    pub(super) fn structure(self) -> &'static Structure {
        header(self.names()[0]).expect("every kind of segment has a table")
    }

    /// The name in keys and messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Graphic => "graphic",
            Self::Text => "text",
            Self::Data => "data",
            Self::Reserved => "reserved",
        }
    }
}

impl Segments {
    /// Reads the file header and every subheader; no data.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the file header cannot be read. A subheader that cannot be read is a warning, and its
    /// segment is left out: the others stay usable.
    pub(super) fn open(source: &dyn ByteSource) -> Result<Self> {
        let (header, raw) = read_header(source)?;
        let mut offset = raw.len() as u64;
        let mut out = Self { header, raw, list: Vec::new(), warnings: Vec::new() };
        for kind in Kind::ALL {
            let [_, group, subheader_length, data_length] = kind.names();
            let Some(FieldData::Group(lengths)) = out.header.get(group).cloned() else { continue };
            for (ordinal, lengths) in lengths.iter().enumerate() {
                let length = |name: &str| lengths.int(name).and_then(|value| u64::try_from(value).ok());
                let (Some(first), Some(second)) = (length(subheader_length), length(data_length)) else {
                    return Err(Error::malformed("length of a segment is no number")
                        .segment(format!("{} {ordinal}", kind.name())));
                };
                let data = offset.saturating_add(first);
                match read_subheader(source, kind, ordinal, offset, first) {
                    Ok((subheader, raw)) => {
                        out.list.push(Segment { kind, ordinal, subheader, raw, data, data_length: second });
                    }
                    Err(error) => out.warn(kind, ordinal, &error),
                }
                offset = data.saturating_add(second);
            }
        }
        Ok(out)
    }

    fn warn(&mut self, kind: Kind, ordinal: usize, error: &Error) {
        self.warnings
            .push(Warning::new(format!("{}:{ordinal}", kind.name()), format!("the segment cannot be read: {error}")));
    }
}

impl Segment {
    /// The segment's key in a dataset.
    pub(super) fn key(&self) -> String {
        format!("{}:{}", self.kind.name(), self.ordinal)
    }
}

fn read_header(source: &dyn ByteSource) -> Result<(Record, Vec<u8>)> {
    let structure = header("HEADER").expect("the file header has a table");
    let mut length = FIRST_READ.min(source.size());
    loop {
        let bytes = source.read_range(0, length)?;
        match read(structure, &bytes) {
            Ok((record, size)) => return Ok((record, bytes[..size].to_vec())),
            Err(error) if length >= source.size().min(MAX_HEADER) => return Err(error),
            // The header may be longer than what was read.
            Err(_) => length = (length * 8).min(source.size()).min(MAX_HEADER),
        }
    }
}

fn read_subheader(
    source: &dyn ByteSource,
    kind: Kind,
    ordinal: usize,
    offset: u64,
    length: u64,
) -> Result<(Record, Vec<u8>)> {
    let place = |error: Error| error.segment(format!("{} segment {ordinal}", kind.name()));
    let bytes = source.read_range(offset, length.min(MAX_HEADER)).map_err(place)?;
    let (record, size) = read(kind.structure(), &bytes).map_err(place)?;
    Ok((record, bytes[..size].to_vec()))
}
