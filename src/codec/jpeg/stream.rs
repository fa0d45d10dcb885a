//! Parses a JPEG stream into its frame and scans, and writes a normalised stream with only the segments that a decoder needs.

use memchr::memchr;

use super::markers::{
    APP0, APP14, DHT, DNL, DQT, DRI, EOI, FrameHeader, Process, RST0, RST7, SOI, SOS, ScanHeader, adobe_transform,
    is_frame, stands_alone,
};
use super::segments::{Segment, next_segment, start, truncated, write_segment};
use crate::error::{Error, Result};

/// The contents of a stream.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) frame: FrameHeader,
    pub(super) scans: Vec<ScanHeader>,
    /// MCUs between restart markers in the first scan; zero without markers.
    pub(super) restart_interval: u16,
    /// The colour transform in Adobe's segment.
    pub(super) adobe_transform: Option<u8>,
}

impl Stream {
    /// Parses `data` and writes an equivalent normalised stream to `out`. It begins with the tables of the abbreviated stream
    /// `tables`, and has no application segments and no bytes between segments. Components are numbered from 1, and an only
    /// component is not subsampled.
    pub(super) fn normalise(data: &[u8], tables: Option<&[u8]>, out: &mut Vec<u8>) -> Result<Self> {
        out.clear();
        out.reserve(data.len());
        out.extend_from_slice(&[0xFF, SOI]);
        if let Some(tables) = tables {
            copy_tables(tables, out)?;
        }
        let mut parser = Parser { frame: None, scans: Vec::new(), restart_interval: 0, first_interval: 0, adobe: None };
        let mut at = start(data)?;
        loop {
            let segment = next_segment(data, at)?.ok_or_else(|| truncated(data.len() as u64))?;
            at = segment.end;
            match segment.marker {
                EOI => break,
                SOS => {
                    parser.scan(&segment, out)?;
                    let (end, restarts) = scan_end(data, at).ok_or_else(|| truncated(data.len() as u64))?;
                    parser.check_restarts(restarts, end)?;
                    out.extend_from_slice(&data[at..end]);
                    at = end;
                }
                _ => parser.segment(&segment, out)?,
            }
        }
        out.extend_from_slice(&[0xFF, EOI]);
        let frame = parser.frame.ok_or_else(|| Error::malformed("JPEG stream: no frame").at(0))?;
        if parser.scans.is_empty() {
            return Err(Error::malformed("JPEG stream: no scan").at(at as u64));
        }
        let (scans, restart_interval) = (parser.scans, parser.first_interval);
        Ok(Self { frame, scans, restart_interval, adobe_transform: parser.adobe })
    }
}

struct Parser {
    frame: Option<FrameHeader>,
    scans: Vec<ScanHeader>,
    restart_interval: u16,
    first_interval: u16,
    adobe: Option<u8>,
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
                write_segment(marker, &[&frame_payload(&frame)], out);
                self.frame = Some(frame);
            }
            DQT | DHT => write_segment(segment.marker, &[segment.payload], out),
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
        let mut payload = segment.payload.to_vec();
        for (i, component) in scan.components.iter().enumerate() {
            payload[1 + 2 * i] = *component as u8 + 1;
        }
        write_segment(SOS, &[&payload], out);
        if self.scans.is_empty() {
            self.first_interval = self.restart_interval;
        }
        self.scans.push(scan);
        Ok(())
    }
}

impl Parser {
    /// Checks that a sequential scan has all its restart intervals, which `restarts` markers divide. Some encoders also end the
    /// last interval with a marker.
    fn check_restarts(&self, restarts: u64, end: usize) -> Result<()> {
        let (Some(frame), Some(scan)) = (&self.frame, self.scans.last()) else { return Ok(()) };
        let is_sequential = matches!(frame.process, Process::Baseline | Process::Extended);
        let interval = u64::from(self.restart_interval);
        if interval == 0 || !is_sequential || scan.components.len() != frame.components.len() {
            return Ok(());
        }
        let (columns, rows) = frame.mcu();
        let units =
            u64::from(u32::from(frame.columns).div_ceil(columns)) * u64::from(u32::from(frame.rows).div_ceil(rows));
        let expected = units.div_ceil(interval).saturating_sub(1);
        if (expected..=expected + 1).contains(&restarts) {
            return Ok(());
        }
        let error = Error::malformed("JPEG scan: restart markers").found(restarts).allowed(expected);
        Err(error.at(end as u64))
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

/// Copies the table segments of an abbreviated stream (§B.4).
fn copy_tables(tables: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut at = start(tables).map_err(|error| error.segment("JPEG tables"))?;
    // Some files omit the end marker although the tables are complete.
    while let Some(segment) = next_segment(tables, at)? {
        match segment.marker {
            EOI => break,
            DQT | DHT | DRI => write_segment(segment.marker, &[segment.payload], out),
            _ => {}
        }
        at = segment.end;
    }
    Ok(())
}

/// The end of the entropy-coded data that begins at `at`, the first marker that is not a restart marker, and the number of restart
/// markers before it.
fn scan_end(data: &[u8], mut at: usize) -> Option<(usize, u64)> {
    let mut restarts = 0;
    loop {
        let offset = at + memchr(0xFF, data.get(at..)?)?;
        match data.get(offset + 1)? {
            0x00 => at = offset + 2,
            RST0..=RST7 => {
                restarts += 1;
                at = offset + 2;
            }
            0xFF => at = offset + 1,
            _ => return Some((offset, restarts)),
        }
    }
}
