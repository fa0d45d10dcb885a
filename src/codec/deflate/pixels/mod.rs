//! Deflate (RFC 1951) for filtered rows. Filtered imagery has few and short repetitions, so a general compressor spends most
//! of its time on a vain search. This one looks once at the beginning of each pixel, and rates a repetition by the bits that it
//! saves at the prices of the previous block. The rating makes one look nearly as good as many.
//!
//! Each call writes a piece of a stream that ends at a byte boundary, so separately made pieces can be joined.

mod search;

use self::search::{Chains, Match, Pairs, Place, Prices, Search};
use super::block::{BitWriter, Block, store};
use super::symbols::{Frequencies, Sequence, count_bytes};

/// Compresses data; keeps its buffers between calls.
#[derive(Default)]
pub(crate) struct Deflater {
    finder: Finder,
    sequences: Vec<Sequence>,
}

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

/// Divides data into literals and repetitions (RFC 1951 §3.2.5); keeps its tables between pieces of data. A repetition is taken if
/// it saves bits and the next place does not have a better one.
#[derive(Default)]
struct Finder {
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

impl Deflater {
    /// Compresses `data`, which is filtered rows, and appends blocks that end at a byte boundary to `out`. The last piece of a
    /// stream is marked as last; any other ends with an empty stored block.
    pub(crate) fn compress(&mut self, data: &[u8], pixels: Pixels, effort: Effort, last: bool, out: &mut Vec<u8>) {
        let mut histogram = [0; 256];
        count_bytes(&data[..data.len().min(FIRST_BLOCK_SYMBOLS)], &mut histogram);
        let mut prices = Prices::guess(&histogram);
        let mut writer = BitWriter::new(out);
        self.finder.begin(effort, pixels);
        let (mut rest, mut symbols) = (data, FIRST_BLOCK_SYMBOLS);
        loop {
            self.sequences.clear();
            let bytes = self.finder.find(data, &prices, symbols, &mut self.sequences);
            let (raw, later) = rest.split_at(bytes);
            let frequencies = Frequencies::of_sequences(raw, &self.sequences);
            let block = Block::new(raw, &self.sequences, &frequencies);
            block.write_smallest(last && later.is_empty(), &mut writer);
            if later.is_empty() {
                break;
            }
            prices = Prices::of(block.codes());
            symbols = BLOCK_SYMBOLS;
            rest = later;
        }
        if last {
            writer.align();
        } else {
            store(&[], false, &mut writer);
        }
        writer.finish();
    }
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
    fn begin(&mut self, effort: Effort, pixels: Pixels) {
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
    fn find(&mut self, data: &[u8], prices: &Prices, symbols: usize, out: &mut Vec<Sequence>) -> usize {
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

/// Symbols of a block. With fewer, the codes fit better, but their descriptions cost more.
const BLOCK_SYMBOLS: usize = 48 << 10;

/// Symbols of the first block, whose prices are guesses.
const FIRST_BLOCK_SYMBOLS: usize = 12 << 10;

/// Most literals of a sequence, except the last one.
const MOST_LITERALS: usize = 4096;

/// Length of a repetition that is taken without a look at the next place.
const ENOUGH: u32 = 16;

/// Bits that a repetition must save over the one before it.
const BETTER: i32 = 4;

#[cfg(test)]
mod tests;
