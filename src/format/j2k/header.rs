//! The boxes of a file that describe its image (T.800 I.5, I.7), and where its codestream lies.

use std::ops::Range;

use crate::codestream::j2k::{BoxHeader, CODESTREAM, SIGNATURE, is_codestream, no_codestream, read_boxes};
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind};
use crate::io::{ByteSource, Lookahead};
use crate::limits::Limits;

/// What a file states of its image outside of the codestream. All but the place of the codestream is empty for a codestream
/// without boxes.
#[derive(Debug, Default)]
pub(super) struct FileHeader {
    /// The codestream.
    pub(super) codestream: Range<u64>,
    /// The brand (I.5.2).
    pub(super) brand: Option<[u8; 4]>,
    /// Rows, columns and components by `ihdr`.
    pub(super) size: Option<(u32, u32, u16)>,
    /// The colour of the image by the first `colr` that is understood.
    pub(super) color: Option<Color>,
    /// `pclr`: the table of each column.
    pub(super) palette: Vec<Vec<u32>>,
    /// `cmap`: for each channel its component, its mapping type, and its column of the palette.
    pub(super) mapping: Vec<(u16, u8, u8)>,
    /// `cdef`: channel, type, association.
    pub(super) channels: Vec<[u16; 3]>,
    /// `resc` and `resd`: samples per metre, vertically and horizontally.
    pub(super) capture: Option<(f64, f64)>,
    pub(super) display: Option<(f64, f64)>,
    /// The contents of `xml ` boxes, also of those inside of associations.
    pub(super) xml: Vec<Vec<u8>>,
    /// The identifier and the content of `uuid` boxes.
    pub(super) uuids: Vec<([u8; 16], Vec<u8>)>,
}

/// A colour specification (I.5.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Color {
    /// `EnumCS`.
    Enumerated(u32),
    /// An ICC profile.
    Profile(Vec<u8>),
}

/// Bytes read at once.
const STEP: u64 = 4096;

/// How deep boxes may be nested.
const DEEPEST: usize = 8;

/// The boxes of a file that is read.
struct Boxes<'a, 's> {
    ahead: &'a mut Lookahead<'s>,
    limits: &'a Limits,
    warnings: &'a mut Vec<Warning>,
    header: FileHeader,
    bytes: u64,
}

impl FileHeader {
    /// Reads the boxes of a file, but not its codestream. A box that cannot be read gives a warning.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the codestream is missing, [`Error::Limit`] for boxes that are too large, and the errors of the
    /// source.
    pub(super) fn read(source: &dyn ByteSource, limits: &Limits, warnings: &mut Vec<Warning>) -> Result<Self> {
        let mut ahead = Lookahead::new(source, STEP, STEP)?;
        let size = ahead.size();
        if is_codestream(ahead.up_to(0, 4)?) {
            return Ok(Self { codestream: 0..size, ..Self::default() });
        }
        if !ahead.up_to(0, SIGNATURE.len() as u64)?.starts_with(SIGNATURE) {
            return Err(Error::malformed("JP2 file: it does not begin with the signature box").at(0));
        }
        let mut boxes = Boxes { ahead: &mut ahead, limits, warnings, header: Self::default(), bytes: 0 };
        boxes.read_all(0..size, 0)?;
        if boxes.header.codestream.is_empty() {
            return Err(no_codestream());
        }
        Ok(boxes.header)
    }
}

impl Boxes<'_, '_> {
    fn read_all(&mut self, range: Range<u64>, depth: usize) -> Result<()> {
        for found in read_boxes(self.ahead, range, self.limits)? {
            match &found.kind {
                // Further codestreams of a JPX file are other images.
                kind if *kind == CODESTREAM && depth == 0 && self.header.codestream.is_empty() => {
                    self.header.codestream = found.content;
                }
                b"jp2h" | b"res " | b"asoc" if depth < DEEPEST => self.read_all(found.content, depth + 1)?,
                b"ftyp" | b"ihdr" | b"colr" | b"pclr" | b"cmap" | b"cdef" | b"resc" | b"resd" | b"xml " | b"uuid" => {
                    let content = self.content(&found)?;
                    if self.header.take(found.kind, content).is_none() {
                        let name = String::from_utf8_lossy(&found.kind).trim_end().to_owned();
                        let message = format!(
                            "the box {name} at byte {} breaks the standard and is ignored",
                            found.content.start
                        );
                        self.warnings.push(Warning::new(WarningKind::File, "image:0", message));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn content(&mut self, found: &BoxHeader) -> Result<Vec<u8>> {
        let Range { start, end } = found.content;
        self.bytes = self.bytes.saturating_add(end - start);
        self.limits.check_metadata("boxes of the file", self.bytes)?;
        Ok(self.ahead.get(start, end - start)?.to_vec())
    }
}

impl FileHeader {
    /// Takes the content of a box; `None` if it breaks the standard.
    fn take(&mut self, kind: [u8; 4], content: Vec<u8>) -> Option<()> {
        match &kind {
            b"ftyp" => self.brand = Some(*content.first_chunk()?),
            b"ihdr" => self.size = Some((u32_at(&content, 0)?, u32_at(&content, 4)?, u16_at(&content, 8)?)),
            b"colr" => {
                let color = match content.first()? {
                    1 => Some(Color::Enumerated(u32_at(&content, 3)?)),
                    2 => Some(Color::Profile(content.get(3..)?.to_vec())),
                    // I.5.3.3: readers ignore methods that they do not know.
                    _ => None,
                };
                self.color = self.color.take().or(color);
            }
            b"pclr" => self.palette = palette(&content)?,
            b"cmap" => {
                let entries = content.chunks_exact(4);
                self.mapping =
                    entries.map(|entry| (u16::from_be_bytes([entry[0], entry[1]]), entry[2], entry[3])).collect();
            }
            b"cdef" => {
                let values: Vec<u16> =
                    content.get(2..)?.as_chunks().0.iter().map(|two| u16::from_be_bytes(*two)).collect();
                self.channels = values.as_chunks().0.to_vec();
            }
            b"resc" => self.capture = Some(resolution(&content)?),
            b"resd" => self.display = Some(resolution(&content)?),
            b"xml " => self.xml.push(content),
            _ => self.uuids.push((*content.first_chunk()?, content[16..].to_vec())),
        }
        Some(())
    }
}

/// The tables of a palette (I.5.3.4): as many as the palette has columns.
fn palette(content: &[u8]) -> Option<Vec<Vec<u32>>> {
    let (entries, columns) = (usize::from(u16_at(content, 0)?), usize::from(*content.get(2)?));
    let depths = content.get(3..3 + columns)?;
    let mut values = &content[3 + columns..];
    let mut tables = vec![Vec::with_capacity(entries); columns];
    for _ in 0..entries {
        for (table, depth) in tables.iter_mut().zip(depths) {
            let (value, rest) = values.split_at_checked((usize::from(depth & 0x7F) + 1).div_ceil(8))?;
            table.push(value.iter().fold(0u32, |value, byte| value << 8 | u32::from(*byte)));
            values = rest;
        }
    }
    (entries > 0 && columns > 0).then_some(tables)
}

/// Samples per metre, vertically and horizontally (I.5.3.7).
fn resolution(content: &[u8]) -> Option<(f64, f64)> {
    let value = |at: usize, exponent: usize| -> Option<f64> {
        let (over, under) = (f64::from(u16_at(content, at)?), f64::from(u16_at(content, at + 2)?));
        let power = i32::from(*content.get(exponent)? as i8);
        Some(over / under * 10f64.powi(power)).filter(|value| value.is_finite())
    };
    Some((value(0, 8)?, value(4, 9)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::MemorySource;

    fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], &kind, content].concat()
    }

    fn read(boxes: &[Vec<u8>]) -> (Result<FileHeader>, Vec<Warning>) {
        let mut warnings = Vec::new();
        let source = MemorySource([SIGNATURE.to_vec(), boxes.concat()].concat());
        (FileHeader::read(&source, &Limits::default(), &mut warnings), warnings)
    }

    #[test]
    fn boxes_are_read_in_any_order_and_with_any_length() {
        let ihdr = boxed(*b"ihdr", &[0, 0, 0, 3, 0, 0, 0, 4, 0, 1, 7, 7, 0, 0]);
        let colr = boxed(*b"colr", &[1, 0, 0, 0, 0, 0, 17]);
        let long = [&1u32.to_be_bytes()[..], b"xml ", &19u64.to_be_bytes(), b"<a>"].concat();
        let last = [&[0; 4][..], b"jp2c", &[1, 2, 3]].concat();
        let (header, warnings) = read(&[long, boxed(*b"jp2h", &[colr, ihdr].concat()), last]);
        let header = header.unwrap();
        assert_eq!((header.size, header.color), (Some((3, 4, 1)), Some(Color::Enumerated(17))));
        assert_eq!((header.xml, warnings.len()), (vec![b"<a>".to_vec()], 0));
        assert_eq!(header.codestream.end - header.codestream.start, 3);
    }

    #[test]
    fn a_palette_has_a_table_for_each_column() {
        let content = [&[0, 2, 2, 7, 11][..], &[1, 0x0F, 0xFF, 2, 0, 5]].concat();
        assert_eq!(palette(&content), Some(vec![vec![1, 2], vec![0xFFF, 5]]));
        assert_eq!(palette(&content[..10]), None);
    }

    #[test]
    fn a_box_that_cannot_be_read_is_a_warning_and_no_codestream_an_error() {
        let (header, warnings) = read(&[boxed(*b"pclr", &[0]), boxed(*b"jp2c", &[1])]);
        assert!(header.is_ok() && warnings.len() == 1);
        assert!(read(&[boxed(*b"jp2h", &[])]).0.is_err());
        assert!(read(&[[&7u32.to_be_bytes()[..], b"jp2c"].concat()]).0.is_err());
    }

    #[test]
    fn a_resolution_is_a_fraction_times_a_power_of_ten() {
        assert_eq!(resolution(&[0, 3, 0, 2, 0, 1, 0, 4, 2, 0xFF]), Some((150.0, 0.025)));
        assert_eq!(resolution(&[0, 3, 0, 0, 0, 1, 0, 4, 2, 0]), None);
    }
}
