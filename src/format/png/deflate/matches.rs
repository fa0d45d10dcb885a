//! Repetitions within the last 32 KiB (RFC 1951 §3.2.5): one finder that costs little where there are none, and one that
//! looks thoroughly.

/// Literals, then a repetition: `length` bytes that stood `distance` bytes before. A length of zero is no repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) literals: u32,
    pub(super) length: u16,
    pub(super) distance: u16,
}

/// Finds repetitions; keeps its tables from band to band.
#[derive(Default)]
pub(super) struct Finder {
    /// The last position of each hash, plus one.
    heads: Vec<u32>,
    /// The position, plus one, before each position that had the same hash.
    chain: Vec<u32>,
}

/// What literals and repetitions cost, in sixteenths of a bit.
#[derive(Clone, Copy)]
pub(super) struct Prices {
    literal: u32,
}

#[derive(Clone, Copy, Default)]
struct Match {
    start: usize,
    length: usize,
    distance: usize,
    gain: i64,
}

impl Prices {
    /// The price of a literal is its entropy among all bytes.
    pub(super) fn of(histogram: &[u32; 256]) -> Self {
        let total = histogram.iter().map(|n| u64::from(*n)).sum::<u64>().max(1) as f64;
        let used = histogram.iter().filter(|n| **n > 0).map(|n| f64::from(*n));
        let bits: f64 = used.map(|n| n * (total / n).log2()).sum::<f64>() / total;
        Self { literal: ((bits * 16.0) as u32).max(LEAST_LITERAL) }
    }

    /// What a repetition saves over literals; negative where it costs more.
    fn gain(self, length: usize, distance: usize) -> i64 {
        let price = REPETITION + 16 * distance.ilog2();
        (length as u64 * u64::from(self.literal)) as i64 - i64::from(price)
    }
}

impl Finder {
    /// Cuts `data` into sequences with little effort: one candidate per position, and fewer positions where nothing was
    /// found for long.
    pub(super) fn quick(&mut self, data: &[u8], prices: Prices, out: &mut Vec<Sequence>) {
        self.heads.clear();
        self.heads.resize(1 << QUICK_BITS, 0);
        let heads = &mut self.heads[..1 << QUICK_BITS];
        let (mut position, mut anchor, mut misses) = (0, 0, 0usize);
        while position + 8 <= data.len() {
            let word = load(data, position);
            let hash = ((word << 16).wrapping_mul(QUICK_HASH) >> (64 - QUICK_BITS)) as usize;
            let candidate = std::mem::replace(&mut heads[hash], position as u32 + 1) as usize;
            if candidate > 0 && position < candidate + WINDOW && (load(data, candidate - 1) ^ word) << 16 == 0 {
                let found = extend(data, position, candidate - 1, anchor, prices);
                if found.gain > 0 {
                    push(out, found.start - anchor, found.length, found.distance);
                    position = found.start + found.length;
                    anchor = position;
                    misses = 0;
                    continue;
                }
            }
            misses += 1;
            position += 1 + (misses >> 6).min(MOST_SKIPPED);
        }
        push(out, data.len() - anchor, 0, 0);
    }

    /// Cuts `data` into sequences by looking at many candidates, and one position ahead.
    pub(super) fn thorough(&mut self, data: &[u8], prices: Prices, out: &mut Vec<Sequence>) {
        self.heads.clear();
        self.heads.resize(1 << THOROUGH_BITS, 0);
        self.chain.clear();
        self.chain.resize(WINDOW, 0);
        let (mut position, mut anchor, mut inserted) = (0, 0, 0);
        let mut waiting = Match::default();
        while position + 8 <= data.len() {
            self.insert(data, &mut inserted, position);
            let candidates = if waiting.length >= GOOD_LENGTH { CANDIDATES / 4 } else { CANDIDATES };
            let found = self.best(data, position, candidates, prices);
            if waiting.gain > 0 && found.gain <= waiting.gain + i64::from(prices.literal) {
                push(out, waiting.start - anchor, waiting.length, waiting.distance);
                position = waiting.start + waiting.length;
                anchor = position;
                waiting = Match::default();
                self.insert(data, &mut inserted, position.min(data.len() - 8));
                continue;
            }
            waiting = found;
            if waiting.length >= ENOUGH {
                push(out, waiting.start - anchor, waiting.length, waiting.distance);
                position = waiting.start + waiting.length;
                anchor = position;
                waiting = Match::default();
                continue;
            }
            position += 1;
        }
        if waiting.gain > 0 {
            push(out, waiting.start - anchor, waiting.length, waiting.distance);
            anchor = waiting.start + waiting.length;
        }
        push(out, data.len() - anchor, 0, 0);
    }

    /// Enters all positions before `end` that are not entered yet.
    fn insert(&mut self, data: &[u8], next: &mut usize, end: usize) {
        while *next < end {
            let hash = hash4(load(data, *next));
            self.chain[*next % WINDOW] = std::mem::replace(&mut self.heads[hash], *next as u32 + 1);
            *next += 1;
        }
    }

    /// The repetition at `position` that saves most.
    fn best(&self, data: &[u8], position: usize, candidates: usize, prices: Prices) -> Match {
        let word = load(data, position);
        let mut best = Match::default();
        let mut candidate = self.heads[hash4(word)] as usize;
        for _ in 0..candidates {
            if candidate == 0 || position >= candidate + WINDOW {
                break;
            }
            let from = candidate - 1;
            // One byte tells of most candidates that they are not longer.
            let probe = best.length;
            if position + probe < data.len()
                && data[from + probe] == data[position + probe]
                && load(data, from) as u32 == word as u32
            {
                let length = common(data, from, position);
                let gain = prices.gain(length, position - from);
                if gain > best.gain {
                    best = Match { start: position, length, distance: position - from, gain };
                    if length >= ENOUGH {
                        break;
                    }
                }
            }
            candidate = self.chain[from % WINDOW] as usize;
        }
        best
    }
}

/// The repetition at `position` of what stands at `from`, with the equal bytes before both.
fn extend(data: &[u8], position: usize, from: usize, anchor: usize, prices: Prices) -> Match {
    let distance = position - from;
    let before = data[anchor..position].iter().rev().zip(data[..from].iter().rev()).take_while(|(a, b)| a == b).count();
    let length = before + common(data, from, position);
    Match { start: position - before, length, distance, gain: prices.gain(length, distance) }
}

/// How many bytes at `late` repeat those at `early`.
fn common(data: &[u8], early: usize, late: usize) -> usize {
    let mut length = 0;
    while late + length + 8 <= data.len() {
        let difference = load(data, early + length) ^ load(data, late + length);
        if difference != 0 {
            return length + difference.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length + data[late + length..].iter().zip(&data[early + length..]).take_while(|(a, b)| a == b).count()
}

/// Adds a sequence, cut to what one can hold.
fn push(out: &mut Vec<Sequence>, mut literals: usize, mut length: usize, distance: usize) {
    while literals > MOST_LITERALS {
        out.push(Sequence { literals: MOST_LITERALS as u32, length: 0, distance: 0 });
        literals -= MOST_LITERALS;
    }
    // No piece may be shorter than the shortest repetition there is.
    while length > LONGEST {
        let piece = if length - LONGEST < SHORTEST { LONGEST - SHORTEST } else { LONGEST };
        out.push(Sequence { literals: literals as u32, length: piece as u16, distance: distance as u16 });
        literals = 0;
        length -= piece;
    }
    if literals + length > 0 {
        out.push(Sequence { literals: literals as u32, length: length as u16, distance: distance as u16 });
    }
}

#[inline]
fn load(data: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&data[at..at + 8]);
    u64::from_le_bytes(word)
}

fn hash4(word: u64) -> usize {
    ((word as u32).wrapping_mul(0x9e37_79b1) >> (32 - THOROUGH_BITS)) as usize
}

/// How far back a repetition may lie.
const WINDOW: usize = 1 << 15;

/// The shortest repetition there is.
const SHORTEST: usize = 3;

/// The longest repetition one symbol can hold.
const LONGEST: usize = 258;

/// The longest run of literals in a sequence: a block ends only between sequences.
const MOST_LITERALS: usize = 4096;

const QUICK_BITS: u32 = 14;
const QUICK_HASH: u64 = 0x9e37_79b1_85eb_ca87;
const THOROUGH_BITS: u32 = 15;

/// The most positions that are not looked at between two that are.
const MOST_SKIPPED: usize = 7;

/// How many candidates a position has.
const CANDIDATES: usize = 64;

/// A repetition that makes a better one unlikely.
const GOOD_LENGTH: usize = 32;

/// A repetition that is taken without looking further.
const ENOUGH: usize = 128;

/// The price of a repetition beside its distance: a length and a distance symbol.
const REPETITION: u32 = 16 * 9;

/// The least price of a literal, which keeps short repetitions possible in dull data.
const LEAST_LITERAL: u32 = 16;
