//! Bands of rows that can be decoded separately: the rows of MCUs that begin after a restart marker, and their offsets.

use std::ops::Range;

use memchr::memchr;

use super::header::Header;
use super::scan::Markers;
use crate::codec::jpeg::markers::{Process, RST0, RST7};
use crate::error::{Detail, Error, Result};
use crate::io::ByteSource;

/// Target size of a block's pixels in bytes.
const TARGET_BYTES: u64 = 4 << 20;

/// Range of rows of a block, as far as restart markers allow.
const FEWEST_ROWS: u64 = 64;
const MOST_ROWS: u64 = 512;

/// The division of an image into bands of a whole number of steps. A step is the least number of rows of MCUs between two
/// that begin with a restart interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bands {
    /// Restart intervals in a step, and in the image.
    step_intervals: u64,
    intervals: u64,
    /// Rows of pixels in a step.
    pub(super) step_rows: u32,
    /// Steps in the image, and in a band.
    pub(super) steps: u32,
    pub(super) band_steps: u32,
    /// Adjacent steps on each side on which the chrominance of a band depends.
    pub(super) context: u32,
}

/// The offset of each step's data, after its restart marker, and the end of the scan.
#[derive(Debug)]
pub(super) struct StepIndex {
    starts: Vec<u64>,
    end: u64,
    /// Why the last step of `starts` is not whole and others are missing.
    damage: Option<Box<Detail>>,
}

impl Bands {
    /// The bands of a file; `None` unless it has one sequential scan with restart markers at the beginning of rows.
    pub(super) fn of(header: &Header) -> Option<Self> {
        let frame = &header.frame;
        let sequential = matches!(frame.process, Process::Baseline | Process::Extended);
        let interval = u64::from(header.restart_interval);
        let complete = header.scan.components.len() == frame.components.len();
        if !sequential || !complete || interval == 0 {
            return None;
        }
        let (mcu_columns, mcu_rows) = frame.mcu();
        let across = u64::from(u32::from(frame.columns).div_ceil(mcu_columns));
        let down = u64::from(u32::from(frame.rows).div_ceil(mcu_rows));
        let common = across / greatest_common_divisor(across, interval) * interval;
        let step_mcu_rows = common / across;
        if step_mcu_rows >= down {
            return None;
        }
        let step_rows = step_mcu_rows * u64::from(mcu_rows);
        let row_bytes = u64::from(frame.columns) * frame.components.len() as u64;
        let wanted = (TARGET_BYTES / row_bytes).clamp(FEWEST_ROWS, MOST_ROWS);
        Some(Self {
            step_intervals: common / interval,
            intervals: (across * down).div_ceil(interval),
            step_rows: u32::try_from(step_rows).ok()?,
            steps: down.div_ceil(step_mcu_rows) as u32,
            band_steps: (wanted / step_rows).max(1) as u32,
            // Decoders interpolate chrominance between rows, so the adjacent rows matter.
            context: u32::from(frame.components.len() > 1 && frame.sampling().1 > 1),
        })
    }

    /// The steps from which band `number` is decoded.
    pub(super) fn steps_of(&self, number: u32) -> Range<u32> {
        let first = number * self.band_steps;
        let last = (first + self.band_steps).min(self.steps);
        first.saturating_sub(self.context)..(last + self.context).min(self.steps)
    }

    /// Scans the data from `start` and records the offsets of the steps, up to the first restart marker that is missing or out of
    /// order. The scan may end with the source.
    ///
    /// # Errors
    /// The errors of the source.
    pub(super) fn index(&self, source: &dyn ByteSource, start: u64) -> Result<StepIndex> {
        let mut markers = Markers::new(source, start..source.size());
        let mut index = StepIndex { starts: vec![start], end: source.size(), damage: None };
        for interval in 1..self.intervals {
            let expected = RST0 + ((interval - 1) % 8) as u8;
            let found = markers.next_or_end()?;
            match found {
                Some((marker, offset)) if marker == expected => {
                    if interval % self.step_intervals == 0 {
                        index.starts.push(offset + 2);
                    }
                }
                Some((marker @ RST0..=RST7, offset)) => {
                    let error = Error::malformed("JPEG restart marker").found(format!("0xFF{marker:02X}"));
                    return Ok(index.ended(offset, error.allowed(format!("0xFF{expected:02X}")).at(offset)));
                }
                _ => {
                    let offset = found.map_or(source.size(), |(_, offset)| offset);
                    let error = Error::malformed("JPEG scan: ends early,").field("restart intervals").found(interval);
                    return Ok(index.ended(offset, error.allowed(self.intervals).at(offset)));
                }
            }
        }
        // Some encoders also end the last interval with a marker.
        index.end = markers.next_or_end()?.map_or(source.size(), |(_, offset)| offset);
        Ok(index)
    }
}

impl StepIndex {
    fn ended(mut self, end: u64, error: Error) -> Self {
        self.end = end;
        if let Error::Malformed(detail) = error {
            self.damage = Some(detail);
        }
        self
    }

    /// Checks that the steps up to `end` (exclusive) are whole.
    ///
    /// # Errors
    /// [`Error::Malformed`] with what is there.
    pub(super) fn check(&self, end: u32) -> Result<()> {
        match &self.damage {
            Some(detail) if end as usize >= self.starts.len() => Err(Error::Malformed(detail.clone())),
            _ => Ok(()),
        }
    }

    /// The steps that begin in the scan; the last one may be cut.
    pub(super) fn begun(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Appends the data of the steps from `first` up to `end`, with their restart markers renumbered from 0.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn read(&self, source: &dyn ByteSource, first: u32, end: u32, out: &mut Vec<u8>) -> Result<()> {
        let (range, mut at) = (self.range(first, end), out.len());
        // The index was made from the source, so the range is inside it.
        out.resize(at + (range.end - range.start) as usize, 0);
        source.read_at(range.start, &mut out[at..])?;
        let mut count = 0;
        while let Some(place) = memchr(0xFF, &out[at..]) {
            at += place + 1;
            if let Some(code @ RST0..=RST7) = out.get_mut(at) {
                *code = RST0 + count % 8;
                count = (count + 1) % 8;
            }
        }
        Ok(())
    }

    /// The bytes of the steps from `first` up to `end`, without the marker that follows.
    pub(super) fn range(&self, first: u32, end: u32) -> Range<u64> {
        if first >= end {
            return 0..0;
        }
        let stop = self.starts.get(end as usize).map_or(self.end, |next| next - 2);
        self.starts[first as usize]..stop
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
