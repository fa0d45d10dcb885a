//! Decodes lines of CCITT codes to the columns at which the colour changes (ITU-T T.4 §4, T.6 §2). The code tables are those
//! of the crate `fax`.

use std::convert::Infallible;

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, ByteReader};

use crate::error::{Error, Result};

/// Reads lines in order, and keeps the last one for two-dimensional codes.
pub(super) struct Lines<I: Iterator<Item = u8>> {
    bits: ByteReader<Bytes<I>>,
    columns: u32,
    /// Columns at which the colour changes, white first, never past the end of the line. An empty run stays as two changes at
    /// one column, because coders that write empty runs count them.
    reference: Vec<u32>,
    current: Vec<u32>,
}

/// A decoded line.
pub(super) enum Line<'l> {
    /// The columns at which the colour changes.
    Changes(&'l [u32]),
    /// The end mark.
    End,
}

/// What follows the mark between lines.
pub(super) enum Next {
    /// A line coded by itself.
    OneDimensional,
    /// A line coded relative to the previous one.
    TwoDimensional,
    /// The end mark: more marks between lines.
    End,
}

/// The data, followed by zeros: the lookup of a code may read more bits than the code has.
type Bytes<I> =
    std::iter::Map<std::iter::Chain<I, std::array::IntoIter<u8, 4>>, fn(u8) -> std::result::Result<u8, Infallible>>;

/// Zeros at the beginning of the mark between lines; codes of runs begin with fewer.
const MARK_ZEROS: u8 = 11;

/// Bits of the mark: its zeros and a one.
const MARK_BITS: u8 = MARK_ZEROS + 1;

impl<I: Iterator<Item = u8>> Lines<I> {
    pub(super) fn new(data: I, columns: u32) -> Self {
        let bytes: Bytes<I> = data.chain([0; 4]).map(Ok);
        let Ok(bits) = ByteReader::new(bytes);
        Self { bits, columns, reference: Vec::new(), current: Vec::new() }
    }

    /// Skips to the next byte boundary.
    pub(super) fn align(&mut self) {
        self.consume(self.bits.bits_to_byte_boundary());
    }

    /// Reads the mark between lines, if there is one. With two-dimensional codes, also reads the bit that states how the next
    /// line is coded.
    pub(super) fn end_of_line(&mut self, two_dimensional: bool) -> Result<Next> {
        let mut marks = 0;
        loop {
            let mark = self.bits.peek(MARK_ZEROS) == Some(0);
            if mark {
                // Any number of fill zeros may precede the one.
                while self.bit().ok_or_else(ends_early)? == 0 {}
                marks += 1;
            }
            // The end mark is six marks; two adjacent marks already enclose no line.
            if marks > 1 {
                return Ok(Next::End);
            }
            let one_dimensional = !two_dimensional || self.bit().ok_or_else(ends_early)? == 1;
            if !mark || self.bits.peek(MARK_ZEROS) != Some(0) {
                return Ok(if one_dimensional { Next::OneDimensional } else { Next::TwoDimensional });
            }
        }
    }

    /// Reads a line of alternating white and black runs (T.4 §4.1).
    pub(super) fn one_dimensional(&mut self) -> Result<Line<'_>> {
        self.current.clear();
        let (mut column, mut is_black) = (0, false);
        while column < self.columns {
            column = self.run(column, is_black)?;
            is_black = !is_black;
        }
        Ok(self.finish())
    }

    /// Reads a line coded relative to the previous one (T.4 §4.2, T.6 §2.2).
    pub(super) fn two_dimensional(&mut self) -> Result<Line<'_>> {
        self.current.clear();
        // The change before the first column is imaginary and outside the line.
        let (mut column, mut is_black) = (None, false);
        let mut place = 0;
        while column.is_none_or(|column| column < self.columns) {
            place = self.first_change(place, column, is_black);
            let at = column.unwrap_or(0);
            if self.bits.peek(MARK_BITS) == Some(1) {
                return Ok(Line::End);
            }
            match mode::decode(&mut self.bits).ok_or_else(no_code)? {
                Mode::Pass => column = Some(self.change(place + 1)),
                Mode::Horizontal => {
                    let middle = self.run(at, is_black)?;
                    column = Some(self.run(middle, !is_black)?);
                }
                Mode::Vertical(shift) => {
                    let next = self.change(place).checked_add_signed(shift.into());
                    let next = next.filter(|next| (at..=self.columns).contains(next)).ok_or_else(|| {
                        Error::malformed("CCITT data: change of colour outside the line").found(shift)
                    })?;
                    self.push(next);
                    is_black = !is_black;
                    column = Some(next);
                }
                // The table decodes any run of zeros as the end mark, including the zeros after the data.
                Mode::EOF => return Err(no_code()),
                Mode::Extension => return Err(Error::unsupported("CCITT data: uncompressed mode")),
            }
        }
        Ok(self.finish())
    }

    /// The index in the reference line of the first change right of `column` to the colour opposite to `is_black`.
    fn first_change(&self, mut place: usize, column: Option<u32>, is_black: bool) -> usize {
        let is_right = |change: &u32| column.is_none_or(|column| *change > column);
        place = place.min(self.reference.len());
        while place > 0 && is_right(&self.reference[place - 1]) {
            place -= 1;
        }
        while self.reference.get(place).is_some_and(|change| !is_right(change)) {
            place += 1;
        }
        // Changes to black have even indices.
        place + usize::from((place % 2 == 1) != is_black)
    }

    /// A change of the reference line; after the last one, the end of the line.
    fn change(&self, place: usize) -> u32 {
        self.reference.get(place).copied().unwrap_or(self.columns)
    }

    /// Reads a run that begins at `column` and returns the column after it.
    fn run(&mut self, column: u32, is_black: bool) -> Result<u32> {
        let mut end = column;
        loop {
            let code = if is_black { black::decode(&mut self.bits) } else { white::decode(&mut self.bits) };
            let length = code.ok_or_else(no_code)?;
            end = end.saturating_add(length.into());
            if end > self.columns {
                return Err(Error::malformed("CCITT data: run past the end of the line")
                    .found(end)
                    .allowed(self.columns));
            }
            // A longer run is several codes, and the last is below 64.
            if length < 64 {
                self.push(end);
                return Ok(end);
            }
        }
    }

    fn push(&mut self, column: u32) {
        if column < self.columns {
            self.current.push(column);
        }
    }

    fn finish(&mut self) -> Line<'_> {
        std::mem::swap(&mut self.reference, &mut self.current);
        Line::Changes(&self.reference)
    }

    fn bit(&mut self) -> Option<u16> {
        let bit = self.bits.peek(1);
        self.consume(1);
        bit
    }

    fn consume(&mut self, count: u8) {
        let Ok(()) = self.bits.consume(count);
    }
}

fn no_code() -> Error {
    Error::malformed("CCITT data: unknown code or end of data")
}

fn ends_early() -> Error {
    Error::malformed("CCITT data: ends")
}
