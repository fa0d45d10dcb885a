//! Deflate (RFC 1951) for filtered rows. Filtered imagery has few and short repetitions, so a general compressor spends most
//! of its time on a vain search. This one looks once at the beginning of each pixel, and rates a repetition by the bits that it
//! saves at the prices of the previous block. The rating makes one look nearly as good as many.
//!
//! Each call writes a piece of a stream that ends at a byte boundary, so separately made pieces can be joined.

use super::block::{BitWriter, Block, Codes, store};
use super::codes::{
    DISTANCES, Frequencies, LITERALS, LONGEST_MATCH, PrefixCode, Sequence, WINDOW, count_bytes, distance_symbol,
    length_symbol,
};

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

/// A repetition, or none. It is small enough to be passed in registers, which is noticeably faster.
#[derive(Clone, Copy, Default)]
struct Match {
    start: u32,
    length: u32,
    distance: u32,
    /// Bits saved; not above zero without a repetition.
    gain: i32,
}

/// A place to search.
#[derive(Clone, Copy)]
struct Place {
    position: usize,
    /// The earliest position at which a repetition may begin.
    anchor: usize,
    /// The end of the waiting repetition, which a better one must pass; zero if there is none.
    waiting_end: usize,
}

/// Records places and finds those with the same bytes. Each place has at least eight bytes.
trait Search {
    /// Records a place.
    fn enter(&mut self, data: &[u8], position: usize);

    /// Records a place and finds the repetition that saves most.
    fn look(&mut self, data: &[u8], place: Place, prices: &Prices) -> Match;
}

/// The last place with the same eight bytes, and the last with the same six.
#[derive(Default)]
struct Pairs {
    /// The low 16 bits of places, by hash, so both tables stay in the fastest cache. A comparison of the bytes excludes wrong
    /// places.
    eight: Vec<u16>,
    six: Vec<u16>,
}

/// All places with the same four bytes, the last first.
#[derive(Default)]
struct Chains {
    /// Places plus one, by hash.
    heads: Vec<u32>,
    /// The previous place of each place, plus one.
    before: Vec<u32>,
    /// The distance to the row above, which is examined first: its repetitions do not end with the row.
    row: usize,
}

/// The price of every symbol in bits: the length of its code in the previous block, which differs little from the next.
struct Prices {
    literal: [u8; 256],
    length: [u8; LITERALS - 257],
    distance: [u8; DISTANCES],
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

impl Match {
    const fn is_some(&self) -> bool {
        self.gain > 0
    }

    /// The position after it.
    const fn end(&self) -> usize {
        self.start as usize + self.length as usize
    }
}

impl Pairs {
    /// Forgets every place.
    fn clear(&mut self) {
        self.eight.clear();
        self.eight.resize(1 << PAIR_BITS, 0);
        self.six.clear();
        self.six.resize(1 << PAIR_BITS, 0);
    }
}

impl Search for Pairs {
    #[inline]
    fn enter(&mut self, data: &[u8], position: usize) {
        let word = load(data, position);
        self.eight[hash(word, PAIR_BITS)] = position as u16;
        self.six[hash(word << 16, PAIR_BITS)] = position as u16;
    }

    #[inline]
    fn look(&mut self, data: &[u8], place: Place, prices: &Prices) -> Match {
        let Place { position, .. } = place;
        let word = load(data, position);
        let back = |entry: &mut u16| {
            let distance = (position as u16).wrapping_sub(*entry);
            *entry = position as u16;
            position.saturating_sub(distance.into())
        };
        let eight = back(&mut self.eight[hash(word, PAIR_BITS)]);
        let six = back(&mut self.six[hash(word << 16, PAIR_BITS)]);
        let (eight_differ, six_differ) = (load(data, eight) ^ word, load(data, six) ^ word);
        if eight_differ != 0 && six_differ << 16 != 0 {
            return Match::default();
        }
        // The nearer one costs less unless it is shorter.
        let from = if eight_differ == 0 && six_differ != 0 { eight } else { six };
        place.repetition(data, from, prices)
    }
}

impl Chains {
    /// Forgets every place. Rows have `row` bytes.
    fn clear(&mut self, row: usize) {
        self.row = row;
        self.heads.clear();
        self.heads.resize(1 << CHAIN_BITS, 0);
        self.before.clear();
        self.before.resize(WINDOW, 0);
    }

    fn link(&mut self, data: &[u8], position: usize) -> usize {
        let head = &mut self.heads[hash(load(data, position) << 32, CHAIN_BITS)];
        let before = std::mem::replace(head, position as u32 + 1);
        self.before[position % WINDOW] = before;
        before as usize
    }
}

impl Search for Chains {
    fn enter(&mut self, data: &[u8], position: usize) {
        self.link(data, position);
    }

    fn look(&mut self, data: &[u8], place: Place, prices: &Prices) -> Match {
        let Place { position, .. } = place;
        let word = load(data, position);
        let mut candidate = self.link(data, position);
        let mut best = Match::default();
        if self.row <= position && load(data, position - self.row) as u32 == word as u32 {
            best = place.repetition(data, position - self.row, prices);
        }
        let mut longest = 0;
        for _ in 0..LOOKS {
            if candidate == 0 || position >= candidate + WINDOW {
                break;
            }
            let from = candidate - 1;
            // A comparison of one byte excludes most candidates that are not longer.
            let longer = position + longest >= data.len() || data[from + longest] == data[position + longest];
            if longer && load(data, from) as u32 == word as u32 {
                let found = place.repetition(data, from, prices);
                longest = longest.max(found.end().saturating_sub(position));
                if found.gain > best.gain {
                    best = found;
                }
                if found.length >= LONG_ENOUGH {
                    break;
                }
            }
            candidate = self.before[from % WINDOW] as usize;
        }
        best
    }
}

impl Place {
    /// The repetition of the bytes at `from`, extended backwards by up to eight equal bytes. It may not save any bits.
    #[inline]
    fn repetition(self, data: &[u8], from: usize, prices: &Prices) -> Match {
        let Self { position, anchor, waiting_end } = self;
        let distance = position - from;
        if !(1..=WINDOW).contains(&distance) {
            return Match::default();
        }
        // A repetition that does not pass the end of the waiting one is hardly better.
        if waiting_end > position && waiting_end < data.len() && data[waiting_end] != data[waiting_end - distance] {
            return Match::default();
        }
        let reach = (position - anchor).min(from);
        let back = if from >= 8 {
            let difference = load(data, position - 8) ^ load(data, from - 8);
            reach.min(difference.leading_zeros() as usize / 8)
        } else {
            (1..=reach).take_while(|back| data[position - back] == data[from - back]).count()
        };
        let start = position - back;
        let length = (back + common(data, from, position)).min(LONGEST_MATCH);
        let gain = prices.gain(&data[start..start + length], distance);
        Match { start: start as u32, length: length as u32, distance: distance as u32, gain }
    }
}

/// The number of bytes at `late` that repeat those at `early`, up to about the longest match. The next repetition may then
/// have another, cheaper distance.
#[inline]
fn common(data: &[u8], early: usize, late: usize) -> usize {
    let mut length = 0;
    while late + length + 8 <= data.len() && length < LONGEST_MATCH {
        let difference = load(data, early + length) ^ load(data, late + length);
        if difference != 0 {
            return length + difference.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let rest = data[late + length..].iter().zip(&data[early + length..]).take(8);
    length + rest.take_while(|(a, b)| a == b).count()
}

#[inline]
fn load(data: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&data[at..at + 8]);
    u64::from_le_bytes(word)
}

/// A hash of the bytes of `word`; its lower bytes affect more bits of the hash.
#[inline]
fn hash(word: u64, bits: u32) -> usize {
    (word.wrapping_mul(0x9e37_79b1_85eb_ca87) >> (64 - bits)) as usize
}

const PAIR_BITS: u32 = 14;
const CHAIN_BITS: u32 = 15;

/// Most candidates for a place in a thorough search.
const LOOKS: usize = 64;

/// Length of a repetition that ends a thorough search.
const LONG_ENOUGH: u32 = 128;

impl Prices {
    /// The prices before the first block: code lengths of bytes with these frequencies, and typical ones for repetitions.
    fn guess(frequencies: &[u32; 256]) -> Self {
        let lengths = PrefixCode::from_frequencies(frequencies, UNUSED_LITERAL).lengths();
        Self { literal: lengths.map(used_literal), length: [7; LITERALS - 257], distance: [6; DISTANCES] }
    }

    /// The prices of a block with these codes.
    fn of(codes: &Codes) -> Self {
        let literal = codes.literal.lengths();
        Self {
            literal: std::array::from_fn(|i| used_literal(literal[i])),
            length: std::array::from_fn(|i| used(literal[257 + i], UNUSED_LENGTH)),
            distance: codes.distance.lengths().map(|bits| used(bits, UNUSED_DISTANCE)),
        }
    }

    /// Bits saved if `repeated` is coded as a repetition at `distance`; negative if that costs more than its literals.
    #[inline]
    fn gain(&self, repeated: &[u8], distance: usize) -> i32 {
        let length = length_symbol(repeated.len());
        let distance = distance_symbol(distance);
        let codes = self.length[usize::from(length.number) - 257] + self.distance[usize::from(distance.number)];
        let price = u32::from(codes + length.extra_bits + distance.extra_bits);
        // Long repetitions pay whatever their bytes cost, so the price of later bytes is not looked up.
        let (first, rest) = repeated.split_at(repeated.len().min(LOOKED_AT));
        let saved = first.iter().map(|byte| u32::from(self.literal[*byte as usize])).sum::<u32>() + rest.len() as u32;
        saved as i32 - price as i32
    }
}

fn used_literal(bits: u8) -> u8 {
    used(bits, UNUSED_LITERAL)
}

fn used(bits: u8, otherwise: u8) -> u8 {
    if bits == 0 { otherwise } else { bits }
}

/// Prices of symbols that the previous block did not use.
const UNUSED_LITERAL: u8 = 12;
const UNUSED_LENGTH: u8 = 11;
const UNUSED_DISTANCE: u8 = 9;

/// Bytes of a repetition whose price is looked up.
const LOOKED_AT: usize = 16;

#[cfg(test)]
mod tests;
