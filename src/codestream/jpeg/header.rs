//! The header of a stream: its bytes before the data of the first scan.

use crate::codec::jpeg::ColorModel;
use crate::codec::jpeg::markers::{
    APP0, APP14, COM, DHT, DQT, DRI, EOI, FrameHeader, Process, SOF0, SOI, SOS, ScanHeader, adobe_transform, is_frame,
};
use crate::codec::jpeg::quality_of;
use crate::codec::jpeg::segments::{Segment, next_segment, start, truncated, write_segment};
use crate::codestream::StreamHeader;
use crate::error::{Error, Result};
use crate::io::ByteSource;
use crate::limits::Limits;

/// Signatures of application segments.
pub(crate) const JFIF: &[u8] = b"JFIF\0";
pub(crate) const EXIF: &[u8] = b"Exif\0\0";
pub(crate) const ICC: &[u8] = b"ICC_PROFILE\0";

/// Bytes read at first; most headers are shorter.
const FIRST_READ: u64 = 16 << 10;

/// The parsed header of a file.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) frame: FrameHeader,
    pub(crate) scan: ScanHeader,
    pub(crate) restart_interval: u16,
    /// The unit, and the pixels per unit across and down.
    pub(crate) density: Option<(u8, u16, u16)>,
    pub(crate) adobe_transform: Option<u8>,
    pub(crate) exif: Vec<Vec<u8>>,
    /// Chunks of an ICC profile, in file order.
    pub(crate) icc: Vec<Vec<u8>>,
    pub(crate) comments: Vec<Vec<u8>>,
    /// Other application segments: number and payload.
    pub(crate) others: Vec<(u8, Vec<u8>)>,
    /// The quality that matches the tables, if there is one.
    pub(crate) quality: Option<u8>,
    /// The segments that a decoder needs, except frame and scan header.
    pub(crate) tables: Vec<u8>,
    /// The payload of the scan header.
    pub(crate) scan_payload: Vec<u8>,
    /// The bytes up to the first scan's data.
    pub(crate) raw: Vec<u8>,
}

impl StreamHeader for Header {}

impl Header {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Unsupported`] for its content, [`Error::Limit`] for its size.
    pub(crate) fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self> {
        let mut length = FIRST_READ.min(source.size());
        let mut bytes = Vec::new();
        loop {
            // `length` is at most the size of the source, and a small multiple of what the limits allow.
            let known = bytes.len();
            bytes.resize(length as usize, 0);
            source.read_at(known as u64, &mut bytes[known..])?;
            if let Some(end) = Self::end(&bytes)? {
                bytes.truncate(end);
                limits.check_metadata("JPEG header", end as u64)?;
                return Builder::default().build(bytes);
            }
            if length == source.size() {
                return Err(truncated(length));
            }
            limits.check_metadata("JPEG header", length)?;
            length = length.saturating_mul(4).min(source.size());
        }
    }

    /// The meaning of the samples: by JFIF or Adobe's segment, or, if both are missing, by component identifiers as in libjpeg.
    pub(crate) fn color(&self) -> ColorModel {
        let identifiers = self.frame.components.iter().map(|component| component.id);
        match self.frame.components.len() {
            4 => ColorModel::Cmyk,
            3 if self.frame.process == Process::Lossless => ColorModel::Rgb,
            3 => match (self.density, self.adobe_transform) {
                (None, Some(0)) => ColorModel::Rgb,
                (None, None) if identifiers.eq(*b"RGB") => ColorModel::Rgb,
                _ => {
                    let (horizontal, vertical) = self.frame.sampling();
                    ColorModel::YCbCr { horizontal, vertical }
                }
            },
            _ => ColorModel::Independent,
        }
    }

    /// True for the baseline process (Table B.1, SOF0) with all components in one scan.
    pub(crate) fn is_baseline(&self) -> bool {
        self.frame.process == Process::Baseline && self.scan.components.len() == self.frame.components.len()
    }

    /// A stream of `rows` rows up to its scan's data, with these tables; its only application segment is Adobe's.
    pub(crate) fn stream(&self, rows: u16) -> Vec<u8> {
        let mut out = vec![0xFF, SOI];
        out.extend_from_slice(&self.tables);
        if let Some(transform) = self.adobe_transform {
            put_adobe(transform, &mut out);
        }
        let (frame, rows, columns) = (&self.frame, rows.to_be_bytes(), self.frame.columns.to_be_bytes());
        let mut payload = vec![frame.precision, rows[0], rows[1], columns[0], columns[1], frame.components.len() as u8];
        for part in &frame.components {
            payload.extend_from_slice(&[part.id, part.horizontal << 4 | part.vertical, part.table]);
        }
        // An extended frame allows everything that a baseline frame does.
        write_segment(SOF0 + 1, &[&payload], &mut out);
        write_segment(SOS, &[&self.scan_payload], &mut out);
        out
    }

    /// The header with `segments` in place of its application segments and comments. Adobe's stays, which states the colour; without
    /// a JFIF segment, which would state another one, that of `segments` is left out.
    ///
    /// # Errors
    /// None for segments of legal lengths.
    pub(crate) fn with_segments(&self, segments: &[u8]) -> Result<Vec<u8>> {
        let mut out = vec![0xFF, SOI];
        let mut at = 0;
        while let Some(segment) = next_segment(segments, at)? {
            if self.density.is_some() || segment.marker != APP0 || !segment.payload.starts_with(JFIF) {
                write_segment(segment.marker, &[segment.payload], &mut out);
            }
            at = segment.end;
        }
        if let Some(transform) = self.adobe_transform {
            put_adobe(transform, &mut out);
        }
        at = start(&self.raw)?;
        while let Some(segment) = next_segment(&self.raw, at)? {
            let is_alone = segment.end == segment.offset + 2;
            if !is_alone && segment.marker != COM && !(APP0..=APP0 + 15).contains(&segment.marker) {
                write_segment(segment.marker, &[segment.payload], &mut out);
            }
            at = segment.end;
        }
        Ok(out)
    }

    /// The offset after the first scan's header; `None` if these bytes end before it.
    fn end(bytes: &[u8]) -> Result<Option<usize>> {
        let mut at = start(bytes)?;
        while let Some(segment) = next_segment(bytes, at)? {
            match segment.marker {
                SOS => return Ok(Some(segment.end)),
                EOI => return Err(Error::malformed("JPEG file: ends before its first scan").at(at as u64)),
                _ => at = segment.end,
            }
        }
        Ok(None)
    }
}

#[derive(Default)]
struct Builder {
    frame: Option<FrameHeader>,
    restart_interval: u16,
    density: Option<(u8, u16, u16)>,
    adobe_transform: Option<u8>,
    exif: Vec<Vec<u8>>,
    icc: Vec<Vec<u8>>,
    comments: Vec<Vec<u8>>,
    others: Vec<(u8, Vec<u8>)>,
    luminance: Option<[u16; 64]>,
    tables: Vec<u8>,
}

impl Builder {
    fn build(mut self, raw: Vec<u8>) -> Result<Header> {
        let mut at = start(&raw)?;
        let scan_segment = loop {
            let segment = next_segment(&raw, at)?.ok_or_else(|| truncated(raw.len() as u64))?;
            at = segment.end;
            if segment.marker == SOS {
                break segment;
            }
            self.segment(&segment)?;
        };
        let offset = scan_segment.offset as u64;
        let frame = self.frame.ok_or_else(|| Error::malformed("JPEG scan before its frame").at(offset))?;
        let scan = ScanHeader::parse(&frame, scan_segment.payload, offset)?;
        Ok(Header {
            frame,
            scan,
            restart_interval: self.restart_interval,
            density: self.density,
            adobe_transform: self.adobe_transform,
            exif: self.exif,
            icc: self.icc,
            comments: self.comments,
            others: self.others,
            quality: self.luminance.as_ref().and_then(quality_of),
            tables: self.tables,
            scan_payload: scan_segment.payload.to_vec(),
            raw,
        })
    }

    fn segment(&mut self, segment: &Segment<'_>) -> Result<()> {
        let (offset, payload) = (segment.offset as u64, segment.payload);
        match segment.marker {
            marker if is_frame(marker) => {
                if self.frame.is_some() {
                    return Err(Error::malformed("JPEG file: second frame").at(offset));
                }
                self.frame = Some(FrameHeader::parse(marker, payload, offset)?);
            }
            DQT | DHT | DRI => {
                write_segment(segment.marker, &[payload], &mut self.tables);
                if segment.marker == DQT {
                    self.luminance = first_table(payload).or(self.luminance);
                } else if let (DRI, [high, low]) = (segment.marker, payload) {
                    self.restart_interval = u16::from_be_bytes([*high, *low]);
                }
            }
            COM => self.comments.push(payload.to_vec()),
            APP14 if adobe_transform(payload).is_some() => self.adobe_transform = adobe_transform(payload),
            marker @ APP0..=0xEF => self.application(marker - APP0, payload),
            _ => {}
        }
        Ok(())
    }

    fn application(&mut self, number: u8, payload: &[u8]) {
        let after = |prefix: &[u8]| payload.strip_prefix(prefix);
        if let (0, Some([_, _, units, x0, x1, y0, y1, ..])) = (number, after(JFIF)) {
            self.density = Some((*units, u16::from_be_bytes([*x0, *x1]), u16::from_be_bytes([*y0, *y1])));
        } else if let (1, Some(exif)) = (number, after(EXIF)) {
            self.exif.push(exif.to_vec());
        } else if let (2, Some(chunk)) = (number, after(ICC)) {
            self.icc.push(chunk.to_vec());
        } else {
            self.others.push((number, payload.to_vec()));
        }
    }
}

/// Appends Adobe's segment.
fn put_adobe(transform: u8, out: &mut Vec<u8>) {
    write_segment(APP14, &[b"Adobe\0\x64\0\0\0\0", &[transform]], out);
}

/// Quantisation table 0, if it is first in the segment and has 8 bits.
fn first_table(payload: &[u8]) -> Option<[u16; 64]> {
    let (number, values) = payload.split_first()?;
    let values = values.first_chunk::<64>()?;
    (*number == 0).then(|| values.map(u16::from))
}
