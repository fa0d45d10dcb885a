//! The scans of a normalised stream, with the tables and the restart interval that hold for each (ITU-T T.81 §B.2.4, §E.2.4).

use super::huffman::{Bits, CodeTables, Codes, Short};
use super::markers::{DHT, DQT, DRI, EOI, FrameHeader, SOS, ScanHeader};
use super::segments::next_segment;
use super::tables::{QuantizerSteps, read_quantizer_steps};
use crate::error::{Error, Result};

/// A scan, and what is defined for it.
pub(super) struct Scan<'s> {
    pub(super) header: ScanHeader,
    pub(super) parts: Vec<Part<'s>>,
    /// The quantiser steps of the four tables, in row-major order.
    pub(super) steps: &'s [Option<QuantizerSteps>; 4],
    /// MCUs between restart markers; zero without markers.
    pub(super) interval: u32,
    /// First and last coefficient, and the bits of successive approximation.
    pub(super) tail: [u8; 3],
    /// The stream, and the beginning of the entropy-coded data.
    data: &'s [u8],
    at: usize,
}

/// A component of a scan.
pub(super) struct Part<'s> {
    /// Its position in the frame.
    pub(super) component: usize,
    /// The codes of its DC coefficients or differences, and of its AC coefficients, if they are defined.
    pub(super) dc: Option<&'s Codes>,
    pub(super) ac: Option<&'s Codes>,
    /// Its data units across and down in an MCU. The MCU of an only component is one data unit, whatever its sampling factors
    /// (§A.2.2).
    pub(super) factors: (u32, u32),
}

/// A scan that ends early: the MCUs that are there and those that it must have.
pub(super) struct Cut {
    found: u64,
    expected: u64,
}

/// Calls `decode` for each scan of the normalised stream `plain`; it returns the end of the scan's data.
///
/// # Errors
/// [`Error::Malformed`] for a wrong scan header, and for a scan that ends early, with the MCUs that are there.
pub(super) fn each_scan(
    frame: &FrameHeader,
    plain: &[u8],
    mut decode: impl FnMut(&Scan<'_>) -> std::result::Result<usize, Cut>,
) -> Result<()> {
    let (mut tables, mut steps, mut interval) = (CodeTables::default(), [None; 4], 0);
    let (mut at, mut number) = (2, 0);
    while let Some(segment) = next_segment(plain, at)? {
        at = segment.end;
        match segment.marker {
            EOI => break,
            DHT => tables.define(segment.payload),
            DQT => read_quantizer_steps(segment.payload, &mut steps),
            DRI => interval = segment.payload.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)),
            SOS => {
                let header = ScanHeader::parse(frame, segment.payload, segment.offset as u64)?;
                let parts = parts(frame, &header, segment.payload, &tables);
                let tail = segment.payload.last_chunk().copied().unwrap_or_default();
                let scan = Scan { header, parts, steps: &steps, interval, tail, data: plain, at };
                number += 1;
                at = decode(&scan).map_err(|Cut { found, expected }| {
                    let field = format!("MCUs of scan {number}");
                    Error::malformed("JPEG scan: ends early,").field(field).found(found).allowed(expected)
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The components of a scan, with the tables that its header selects.
fn parts<'s>(frame: &FrameHeader, header: &ScanHeader, payload: &[u8], tables: &'s CodeTables) -> Vec<Part<'s>> {
    let is_alone = header.components.len() == 1;
    let part = |(place, component): (usize, &usize)| {
        let (part, selected) = (&frame.components[*component], payload[2 + 2 * place]);
        let factors = if is_alone { (1, 1) } else { (part.horizontal.into(), part.vertical.into()) };
        Part { component: *component, dc: tables.dc(selected), ac: tables.ac(selected), factors }
    };
    header.components.iter().enumerate().map(part).collect()
}

impl Scan<'_> {
    /// Calls `unit` for each MCU with its row and column, the bits, and true if a restart marker precedes it. Returns the end of
    /// the data.
    ///
    /// # Errors
    /// The number of MCUs before the one that is not there.
    pub(super) fn each_unit(
        &self,
        frame: &FrameHeader,
        mut unit: impl FnMut((u32, u32), &mut Bits<'_>, bool) -> std::result::Result<(), Short>,
    ) -> std::result::Result<usize, Cut> {
        let (across, down) = match self.header.components.as_slice() {
            [component] => frame.own_units(frame.components[*component]),
            _ => frame.units(),
        };
        let expected = u64::from(across) * u64::from(down);
        let mut bits = Bits::new(self.data, self.at);
        let (mut found, mut before_restart) = (0, self.interval);
        for row in 0..down {
            for column in 0..across {
                let restarts = self.interval > 0 && before_restart == 0;
                before_restart = if restarts { self.interval } else { before_restart }.saturating_sub(1);
                let there = if restarts { bits.restart() } else { Ok(()) };
                there
                    .and_then(|()| unit((row, column), &mut bits, restarts))
                    .map_err(|Short| Cut { found, expected })?;
                found += 1;
            }
        }
        Ok(bits.at())
    }
}
