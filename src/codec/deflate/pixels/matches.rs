//! Division of data into literals and repetitions (RFC 1951 §3.2.5). A repetition is taken if it saves bits and the next place
//! does not have a better one.

use super::prices::Prices;
use super::search::{Chains, Match, Pairs, Place, Search};
use crate::codec::deflate::sequence::Sequence;

/// The effort of the search for repetitions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Effort {
    /// About one look at each pixel, for imagery.
    #[default]
    Quick,
    /// Many looks at each byte, for repetitive data.
    Thorough,
}

/// The positions of pixels, which begin after the filter type of each row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pixels {
    /// Bytes of a filtered row, including its filter type.
    pub(crate) row: usize,
    /// Bytes of a pixel.
    pub(crate) size: usize,
}

/// Divides data into sequences; keeps its tables between pieces of data.
#[derive(Default)]
pub(super) struct Finder {
    pairs: Pairs,
    chains: Chains,
    effort: Effort,
    state: State,
}

/// The progress through the data.
#[derive(Clone, Copy, Default)]
struct State {
    places: Places,
    /// Where the next sequence begins.
    anchor: usize,
    /// A repetition that is replaced if the next place has a better one.
    waiting: Match,
}

/// The places that are looked at.
#[derive(Clone, Copy, Default)]
struct Places {
    next: usize,
    row_end: usize,
    row: usize,
    step: usize,
}

impl Pixels {
    /// Bytes from one place to the next. Pixels of one byte share a place in pairs, which loses next to nothing. Pixels of 4 and
    /// 8 bytes have a place at each half, because repetitions are often shorter than two pixels.
    const fn step(self) -> usize {
        match self.size {
            1 | 4 => 2,
            8 => 4,
            size => size,
        }
    }
}

impl Finder {
    /// Begins new data, which cannot repeat earlier data.
    pub(super) fn begin(&mut self, effort: Effort, pixels: Pixels) {
        self.effort = effort;
        let places = match effort {
            Effort::Quick => {
                self.pairs.clear();
                Places { next: 1, row_end: pixels.row, row: pixels.row, step: pixels.step() }
            }
            Effort::Thorough => {
                self.chains.clear(pixels.row);
                Places { next: 0, row_end: usize::MAX, row: 0, step: 1 }
            }
        };
        self.state = State { places, anchor: 0, waiting: Match::default() };
    }

    /// Appends sequences of about `symbols` symbols to `out`; returns the number of bytes of `data` that they cover. The last
    /// call reaches the end of the data.
    pub(super) fn find(&mut self, data: &[u8], prices: &Prices, symbols: usize, out: &mut Vec<Sequence>) -> usize {
        let start = self.state.anchor;
        let state = self.state;
        self.state = match self.effort {
            Effort::Quick => state.run(&mut self.pairs, data, prices, symbols, out),
            Effort::Thorough => state.run(&mut self.chains, data, prices, symbols, out),
        };
        self.state.anchor - start
    }
}

impl State {
    #[inline]
    fn run(
        mut self,
        search: &mut impl Search,
        data: &[u8],
        prices: &Prices,
        symbols: usize,
        out: &mut Vec<Sequence>,
    ) -> Self {
        let mut room = symbols as isize;
        while room > 0 && self.places.next + 8 <= data.len() {
            let waiting = self.waiting;
            let place = Place { position: self.places.next, anchor: self.anchor, waiting_end: waiting.end() };
            let found = search.look(data, place, prices);
            if waiting.is_some() && found.gain <= waiting.gain + BETTER {
                room -= self.take(waiting, search, data, out);
                continue;
            }
            self.places.advance();
            if found.is_some() {
                self.waiting = found;
                if found.length >= ENOUGH {
                    room -= self.take(found, search, data, out);
                }
            } else if self.places.next > self.anchor + MOST_LITERALS {
                // A block can end only after a sequence.
                push(out, MOST_LITERALS, 0, 0);
                self.anchor += MOST_LITERALS;
                room -= MOST_LITERALS as isize;
            }
        }
        if room > 0 {
            if self.waiting.is_some() {
                self.take(self.waiting, search, data, out);
            }
            push(out, data.len() - self.anchor, 0, 0);
            self.anchor = data.len();
        }
        self
    }

    /// Appends a repetition as a sequence; returns its number of symbols.
    #[inline]
    fn take(&mut self, found: Match, search: &mut impl Search, data: &[u8], out: &mut Vec<Sequence>) -> isize {
        let literals = found.start as usize - self.anchor;
        push(out, literals, found.length, found.distance);
        self.anchor = found.end();
        self.waiting = Match::default();
        while self.places.next < self.anchor {
            if self.places.next + 8 <= data.len() {
                search.enter(data, self.places.next);
            }
            self.places.advance();
        }
        literals as isize + 1
    }
}

impl Places {
    #[inline]
    fn advance(&mut self) {
        self.next += self.step;
        if self.next >= self.row_end {
            self.next = self.row_end + 1;
            self.row_end += self.row;
        }
    }
}

/// Adds a sequence, unless it would be empty.
#[inline]
fn push(out: &mut Vec<Sequence>, literals: usize, length: u32, distance: u32) {
    if literals > 0 || length > 0 {
        out.push(Sequence { literals: literals as u32, length: length as u16, distance: distance as u16 });
    }
}

/// Most literals of a sequence, except the last one.
const MOST_LITERALS: usize = 4096;

/// Length of a repetition that is taken without a look at the next place.
const ENOUGH: u32 = 16;

/// Bits that a repetition must save over the one before it.
const BETTER: i32 = 4;
