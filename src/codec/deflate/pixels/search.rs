//! The search for an earlier occurrence of the bytes at a place: a quick one, cheap if there is none, and a thorough one. Both
//! rate what they find by the prices of symbols.

use crate::codec::deflate::block::Codes;
use crate::codec::deflate::prefix_code::PrefixCode;
use crate::codec::deflate::symbols::{DISTANCES, LITERALS, LONGEST_MATCH, WINDOW, distance_symbol, length_symbol};

/// A repetition, or none. It is small enough to be passed in registers, which is noticeably faster.
#[derive(Clone, Copy, Default)]
pub(super) struct Match {
    pub(super) start: u32,
    pub(super) length: u32,
    pub(super) distance: u32,
    /// Bits saved; not above zero if there is no repetition.
    pub(super) gain: i32,
}

/// A place to search.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) position: usize,
    /// The earliest position at which a repetition may begin.
    pub(super) anchor: usize,
    /// The end of the waiting repetition, which a better one must pass; zero if there is none.
    pub(super) waiting_end: usize,
}

/// Records places and finds those with the same bytes. Each place has at least eight bytes.
pub(super) trait Search {
    /// Records a place.
    fn enter(&mut self, data: &[u8], position: usize);

    /// Records a place and finds the repetition that saves most.
    fn look(&mut self, data: &[u8], place: Place, prices: &Prices) -> Match;
}

/// The last place with the same eight bytes, and the last with the same six.
#[derive(Default)]
pub(super) struct Pairs {
    /// The low 16 bits of places, by hash, so both tables stay in the fastest cache. A comparison of the bytes excludes wrong
    /// places.
    eight: Vec<u16>,
    six: Vec<u16>,
}

/// All places with the same four bytes, the last first.
#[derive(Default)]
pub(super) struct Chains {
    /// Places plus one, by hash.
    heads: Vec<u32>,
    /// The previous place of each place, plus one.
    before: Vec<u32>,
    /// The distance to the row above, which is examined first: its repetitions do not end with the row.
    row: usize,
}

/// The price of every symbol in bits: the length of its code in the previous block, which differs little from the next.
pub(super) struct Prices {
    literal: [u8; 256],
    length: [u8; LITERALS - 257],
    distance: [u8; DISTANCES],
}

impl Match {
    pub(super) const fn is_some(&self) -> bool {
        self.gain > 0
    }

    /// The position after it.
    pub(super) const fn end(&self) -> usize {
        self.start as usize + self.length as usize
    }
}

impl Pairs {
    /// Forgets every place.
    pub(super) fn clear(&mut self) {
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
    pub(super) fn clear(&mut self, row: usize) {
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
    pub(super) fn guess(frequencies: &[u32; 256]) -> Self {
        let lengths = PrefixCode::from_frequencies(frequencies, UNUSED_LITERAL).lengths();
        Self { literal: lengths.map(used_literal), length: [7; LITERALS - 257], distance: [6; DISTANCES] }
    }

    /// The prices of a block with these codes.
    pub(super) fn of(codes: &Codes) -> Self {
        let literal = codes.literal.lengths();
        Self {
            literal: std::array::from_fn(|i| used_literal(literal[i])),
            length: std::array::from_fn(|i| used(literal[257 + i], UNUSED_LENGTH)),
            distance: codes.distance.lengths().map(|bits| used(bits, UNUSED_DISTANCE)),
        }
    }

    /// Bits saved if `repeated` is coded as a repetition at `distance`; negative if that costs more than its literals.
    #[inline]
    pub(super) fn gain(&self, repeated: &[u8], distance: usize) -> i32 {
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
