//! Parses a JPEG stream into its frame and scans, and writes a normalised stream with only the segments that a decoder needs.
//!
//! Decoders continue with zeros if entropy-coded data end early, so a damaged image would look like a complete one. The data of
//! an only sequential scan therefore get ones appended, which no Huffman table has as a code (§C.2): a decoder that needs them
//! fails. Other streams are checked by [`super::walk`], and the decoders of this crate notice the end themselves. A stream that ends without an end marker is complete if its scans are.

use memchr::memchr;

use super::markers::{
    APP0, APP14, DHT, DNL, DQT, DRI, EOI, FrameHeader, Process, RST0, RST7, SOI, SOS, ScanHeader, adobe_transform,
    is_frame, stands_alone,
};
use super::segments::{Segment, next_segment, start, truncated, write_segment};
use super::tables::put_standard_huffman_tables;
use super::walk;
use crate::error::{Error, Result};

/// The contents of a stream.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) frame: FrameHeader,
    pub(super) scans: Vec<ScanHeader>,
    /// The colour transform in Adobe's segment.
    pub(super) adobe_transform: Option<u8>,
    /// Offset in the normalised stream of the number of rows.
    rows_at: usize,
    /// Restart markers in the last scan, and the restart interval there.
    restarts: (u64, u16),
    /// True if the data continue below the rows.
    is_cropped: bool,
}

/// Ones after the data of an only scan: more than a code and its further bits.
const ONES: [u8; 16] = [0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0];

impl Stream {
    /// Parses `data` and writes an equivalent normalised stream to `out`. It begins with the tables of the abbreviated stream
    /// `tables`, and has no application segments and no bytes between segments. Components are numbered from 1, and an only
    /// component is not subsampled. A sequential stream of 8 bits without Huffman tables, such as a frame of Motion JPEG, gets
    /// those of Annex K.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Unsupported`] for its segments. Scans that end early are left to [`Self::check_whole`].
    pub(super) fn normalise(data: &[u8], tables: Option<&[u8]>, out: &mut Vec<u8>) -> Result<Self> {
        out.clear();
        out.reserve(data.len());
        out.extend_from_slice(&[0xFF, SOI]);
        let has_codes = tables.map_or(Ok(false), |tables| copy_tables(tables, out))?;
        let mut parser = Parser { has_codes, ..Parser::default() };
        let mut at = start(data)?;
        let mut guard_at = 0;
        while let Some(segment) = next_segment(data, at)? {
            at = segment.end;
            match segment.marker {
                EOI => break,
                SOS => {
                    parser.scan(&segment, out)?;
                    let (end, restarts) = scan_end(data, at);
                    parser.restarts = (restarts, parser.restart_interval);
                    out.extend_from_slice(&data[at..end]);
                    (at, guard_at) = (end, out.len());
                }
                _ => parser.segment(&segment, out)?,
            }
        }
        let mut frame = parser.frame.ok_or_else(|| Error::malformed("JPEG stream: no frame").at(0))?;
        // The scans of the normalised stream name components by their position.
        for (number, part) in (1..).zip(&mut frame.components) {
            part.id = number;
        }
        if parser.scans.is_empty() {
            return Err(truncated(data.len() as u64));
        }
        if parser.scans.len() == 1 && frame.process != Process::Progressive && !frame.has_own_decoder() {
            out.splice(guard_at..guard_at, ONES);
        }
        out.extend_from_slice(&[0xFF, EOI]);
        Ok(Self {
            frame,
            scans: parser.scans,
            adobe_transform: parser.adobe,
            rows_at: parser.rows_at,
            restarts: parser.restarts,
            is_cropped: false,
        })
    }

    /// Checks that the scans of the normalised stream `plain` are whole, as far as a decoder does not notice it: an only
    /// sequential scan is guarded by the ones after it.
    ///
    /// # Errors
    /// [`Error::Malformed`] with what is there and what is missing.
    pub(super) fn check_whole(&self, plain: &[u8]) -> Result<()> {
        self.check_restarts()?;
        // The fast decoder does not report errors of an image of two components.
        let is_guarded = self.scans.len() == 1 && self.frame.process != Process::Progressive;
        if self.frame.has_own_decoder() || is_guarded && self.frame.components.len() != 2 {
            return Ok(());
        }
        walk::check(&self.frame, plain)
    }

    /// Leaves the damaged last scans out of the normalised stream `plain` of a progressive image. False if the scans before do
    /// not show all of the image.
    pub(super) fn drop_last_scans(&self, plain: &mut Vec<u8>) -> bool {
        let is_progressive = self.frame.process == Process::Progressive;
        let Some(end) = is_progressive.then(|| walk::whole_scans(&self.frame, plain)).flatten() else { return false };
        plain.truncate(end);
        plain.extend_from_slice(&[0xFF, EOI]);
        true
    }

    /// Leaves out the rows from `rows` on, also in the normalised stream `plain`.
    pub(super) fn crop(&mut self, rows: u16, plain: &mut [u8]) {
        (self.frame.rows, self.is_cropped) = (rows, true);
        plain[self.rows_at..self.rows_at + 2].copy_from_slice(&rows.to_be_bytes());
    }

    /// Checks that a sequential scan has all its restart intervals, between which stand restart markers. Some encoders also end
    /// the last interval with a marker.
    fn check_restarts(&self) -> Result<()> {
        let (frame, (restarts, interval)) = (&self.frame, self.restarts);
        let is_sequential = matches!(frame.process, Process::Baseline | Process::Extended);
        let is_only = self.scans.last().is_some_and(|scan| scan.components.len() == frame.components.len());
        if interval == 0 || !is_sequential || !is_only {
            return Ok(());
        }
        let (columns, rows) = frame.mcu();
        let units =
            u64::from(u32::from(frame.columns).div_ceil(columns)) * u64::from(u32::from(frame.rows).div_ceil(rows));
        let expected = units.div_ceil(u64::from(interval)).saturating_sub(1);
        if (expected..=expected + 1).contains(&restarts) || self.is_cropped && restarts > expected {
            return Ok(());
        }
        Err(Error::malformed("JPEG scan: restart markers").found(restarts).allowed(expected))
    }
}

#[derive(Default)]
struct Parser {
    frame: Option<FrameHeader>,
    scans: Vec<ScanHeader>,
    restart_interval: u16,
    adobe: Option<u8>,
    rows_at: usize,
    restarts: (u64, u16),
    /// True after the first Huffman table.
    has_codes: bool,
}

impl Parser {
    fn segment(&mut self, segment: &Segment<'_>, out: &mut Vec<u8>) -> Result<()> {
        let offset = segment.offset as u64;
        match segment.marker {
            marker if is_frame(marker) => {
                if self.frame.is_some() {
                    return Err(Error::malformed("JPEG stream: second frame").at(offset));
                }
                let frame = FrameHeader::parse(marker, segment.payload, offset)?;
                // A marker of two bytes, the length, and the precision precede the rows.
                self.rows_at = out.len() + 5;
                write_segment(marker, &[&frame_payload(&frame)], out);
                self.frame = Some(frame);
            }
            DQT | DHT => {
                self.has_codes |= segment.marker == DHT;
                write_segment(segment.marker, &[segment.payload], out);
            }
            DRI => {
                let [high, low] = *segment.payload else {
                    return Err(Error::malformed("restart interval: length").found(segment.payload.len()).at(offset));
                };
                self.restart_interval = u16::from_be_bytes([high, low]);
                write_segment(DRI, &[segment.payload], out);
            }
            DNL => return Err(Error::unsupported("JPEG height defined after the image (DNL)").at(offset)),
            APP14 => self.adobe = adobe_transform(segment.payload).or(self.adobe),
            // Decoding does not use other application segments, comments, or markers without a payload.
            APP0.. | RST0..=RST7 => {}
            marker if stands_alone(marker) => {}
            marker => {
                return Err(Error::unsupported("JPEG marker").found(format!("0xFF{marker:02X}")).at(offset));
            }
        }
        Ok(())
    }

    fn scan(&mut self, segment: &Segment<'_>, out: &mut Vec<u8>) -> Result<()> {
        let offset = segment.offset as u64;
        let frame = self.frame.as_ref().ok_or_else(|| Error::malformed("JPEG scan before its frame").at(offset))?;
        let scan = ScanHeader::parse(frame, segment.payload, offset)?;
        let is_sequential = matches!(frame.process, Process::Baseline | Process::Extended);
        if !self.has_codes && is_sequential && frame.precision == 8 {
            put_standard_huffman_tables(out);
            self.has_codes = true;
        }
        let mut payload = segment.payload.to_vec();
        for (i, component) in scan.components.iter().enumerate() {
            payload[1 + 2 * i] = *component as u8 + 1;
        }
        write_segment(SOS, &[&payload], out);
        self.scans.push(scan);
        Ok(())
    }
}

/// The normalised frame header.
fn frame_payload(frame: &FrameHeader) -> Vec<u8> {
    let (rows, columns) = (frame.rows.to_be_bytes(), frame.columns.to_be_bytes());
    let mut out = vec![frame.precision, rows[0], rows[1], columns[0], columns[1], frame.components.len() as u8];
    let single = frame.components.len() == 1;
    for (number, part) in (1..).zip(&frame.components) {
        let factors = if single { 0x11 } else { part.horizontal << 4 | part.vertical };
        out.extend_from_slice(&[number, factors, part.table]);
    }
    out
}

/// Copies the table segments of an abbreviated stream (§B.4); true if Huffman tables are among them.
fn copy_tables(tables: &[u8], out: &mut Vec<u8>) -> Result<bool> {
    let mut has_codes = false;
    let mut at = start(tables).map_err(|error| error.segment("JPEG tables"))?;
    // Some files omit the end marker although the tables are complete.
    while let Some(segment) = next_segment(tables, at)? {
        match segment.marker {
            EOI => break,
            DQT | DHT | DRI => {
                has_codes |= segment.marker == DHT;
                write_segment(segment.marker, &[segment.payload], out);
            }
            _ => {}
        }
        at = segment.end;
    }
    Ok(has_codes)
}

/// The end of the entropy-coded data that begins at `at`, the first marker that is not a restart marker or else the end of
/// `data`, and the number of restart markers before it.
fn scan_end(data: &[u8], mut at: usize) -> (usize, u64) {
    let mut restarts = 0;
    while let Some(place) = data.get(at..).and_then(|rest| memchr(0xFF, rest)) {
        let offset = at + place;
        match data.get(offset + 1) {
            Some(0x00) => at = offset + 2,
            Some(RST0..=RST7) => {
                restarts += 1;
                at = offset + 2;
            }
            Some(0xFF) => at = offset + 1,
            _ => return (offset, restarts),
        }
    }
    (data.len(), restarts)
}
