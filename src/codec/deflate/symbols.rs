//! The alphabets of Deflate (RFC 1951 §3.2.5 to §3.2.7), and bits on their way to bytes.

use super::huffman::{Code, LONGEST, codes};

/// Symbols of the first alphabet: literals, the end of a block, lengths.
pub(super) const LITERALS: usize = 286;
/// Symbols of the second alphabet: distances.
pub(super) const DISTANCES: usize = 30;
/// The end of a block.
pub(super) const END: usize = 256;
/// Bytes of the longest match.
pub(super) const LONGEST_MATCH: usize = 258;
/// The farthest distance.
pub(super) const WINDOW: usize = 1 << 15;

/// The symbol of a length or distance, and what says which of those it stands for is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol {
    pub(super) number: u16,
    pub(super) extra_bits: u8,
    pub(super) extra: u16,
}

/// The symbol of a length of 3 to 258 bytes.
pub(super) const fn length_symbol(length: usize) -> Symbol {
    LENGTHS[length]
}

/// The symbol of a distance of 1 to 32 768 bytes.
pub(super) fn distance_symbol(distance: usize) -> Symbol {
    let before = distance - 1;
    if before < 4 {
        return Symbol { number: before as u16, extra_bits: 0, extra: 0 };
    }
    let extra_bits = before.ilog2() - 1;
    let symbol = 2 * extra_bits as usize + (before >> extra_bits);
    Symbol { number: symbol as u16, extra_bits: extra_bits as u8, extra: (before & ((1 << extra_bits) - 1)) as u16 }
}

const LENGTHS: [Symbol; LONGEST_MATCH + 1] = {
    let mut table = [Symbol { number: 0, extra_bits: 0, extra: 0 }; LONGEST_MATCH + 1];
    let (mut symbol, mut length) = (257, 3);
    while length < LONGEST_MATCH {
        let extra_bits = if symbol < 265 { 0 } else { (symbol - 261) / 4 };
        let mut extra = 0;
        while extra < 1 << extra_bits && length < LONGEST_MATCH {
            table[length] = Symbol { number: symbol, extra_bits: extra_bits as u8, extra };
            (length, extra) = (length + 1, extra + 1);
        }
        symbol += 1;
    }
    table[LONGEST_MATCH] = Symbol { number: 285, extra_bits: 0, extra: 0 };
    table
};

/// Bits on their way to bytes, least significant first.
pub(super) struct Bits<'a> {
    out: &'a mut Vec<u8>,
    /// Where the next byte goes; what `out` has beyond is room.
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// Appends to `out`, with no room yet.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { at: out.len(), out, held: 0, count: 0 }
    }

    /// Makes room for so many bits, and what is written ahead.
    pub(super) fn reserve(&mut self, bits: usize) {
        self.out.resize(self.at + bits / 8 + 16, 0);
    }

    /// Adds a code to the held bits. Beside the seven that a flush leaves there is room for four codes.
    #[inline]
    pub(super) fn hold(&mut self, code: Code) {
        self.held |= u64::from(code.bits) << self.count;
        self.count += u32::from(code.length);
    }

    /// Adds the code of a symbol and what it needs besides.
    #[inline]
    pub(super) fn put_symbol(&mut self, code: Code, symbol: Symbol) {
        self.hold(code);
        self.put(symbol.extra.into(), symbol.extra_bits.into());
    }

    /// Adds at most 16 bits, and writes what is complete.
    #[inline]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        self.flush();
    }

    /// Writes whole bytes; at most seven bits stay.
    #[inline]
    pub(super) fn flush(&mut self) {
        self.out[self.at..self.at + 8].copy_from_slice(&self.held.to_le_bytes());
        let bytes = self.count / 8;
        self.at += bytes as usize;
        self.held >>= bytes * 8;
        self.count %= 8;
    }

    /// Fills the last byte and adds the check sum of a zlib stream.
    pub(super) fn finish(mut self, sum: u32) {
        self.reserve(64);
        self.count = self.count.next_multiple_of(8);
        self.flush();
        self.out[self.at..self.at + 4].copy_from_slice(&sum.to_be_bytes());
        self.out.truncate(self.at + 4);
    }
}

/// The codes of a block and their description: the lengths of both alphabets' codes, in runs and codes of their own.
pub(super) struct BlockCodes {
    pub(super) literals: [Code; LITERALS],
    pub(super) distances: [Code; DISTANCES],
    runs: Vec<Run>,
    run_codes: [Code; RUNS],
}

/// A length of a code, or a run of equal ones.
struct Run {
    symbol: u8,
    extra_bits: u8,
    extra: u8,
}

/// Lengths 0 to 15, and three kinds of runs.
const RUNS: usize = 19;
const REPEAT: u8 = 16;
const ZEROS: u8 = 17;
const MANY_ZEROS: u8 = 18;

impl BlockCodes {
    /// The best codes for symbols that occur so often.
    pub(super) fn new(literal_counts: &mut [u32; LITERALS], distance_counts: &mut [u32; DISTANCES]) -> Self {
        let (mut literals, mut distances) = ([Code::default(); LITERALS], [Code::default(); DISTANCES]);
        codes(literal_counts, LONGEST, &mut literals);
        codes(distance_counts, LONGEST, &mut distances);
        let lengths: Vec<u8> = used(&literals, 257).iter().chain(used(&distances, 1)).map(|code| code.length).collect();
        let runs = runs(&lengths);
        let (mut counts, mut run_codes) = ([0; RUNS], [Code::default(); RUNS]);
        for run in &runs {
            counts[usize::from(run.symbol)] += 1;
        }
        codes(&mut counts, LONGEST_RUN_CODE, &mut run_codes);
        Self { literals, distances, runs, run_codes }
    }

    /// At most so many bits are written by [`Self::describe`].
    pub(super) fn described_bits(&self) -> usize {
        17 + RUNS * 3 + self.runs.len() * (LONGEST_RUN_CODE + 7)
    }

    /// Writes the type of the block and the lengths of the codes.
    pub(super) fn describe(&self, bits: &mut Bits) {
        let listed =
            RUN_ORDER.iter().rposition(|symbol| self.run_codes[*symbol].length > 0).map_or(4, |last| 4.max(last + 1));
        bits.put(DYNAMIC, 2);
        bits.put(used(&self.literals, 257).len() as u64 - 257, 5);
        bits.put(used(&self.distances, 1).len() as u64 - 1, 5);
        bits.put(listed as u64 - 4, 4);
        for symbol in &RUN_ORDER[..listed] {
            bits.put(self.run_codes[*symbol].length.into(), 3);
        }
        for run in &self.runs {
            bits.hold(self.run_codes[usize::from(run.symbol)]);
            bits.put(run.extra.into(), run.extra_bits.into());
        }
    }
}

/// A block with codes of its own.
const DYNAMIC: u64 = 2;
/// Lengths of the codes for runs have three bits.
const LONGEST_RUN_CODE: usize = 7;
/// The order in which the lengths of the codes for runs stand.
const RUN_ORDER: [usize; RUNS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The codes up to the last one that is used, and at least so many.
fn used(codes: &[Code], least: usize) -> &[Code] {
    let end = codes.iter().rposition(|code| code.length > 0).unwrap_or(0) + 1;
    &codes[..least.max(end)]
}

fn runs(lengths: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    for same in lengths.chunk_by(|a, b| a == b) {
        let length = same[0];
        let mut left = same.len();
        if length > 0 {
            runs.push(Run { symbol: length, extra_bits: 0, extra: 0 });
            left -= 1;
        }
        while left > 0 {
            let (symbol, extra_bits, least, most) = match (length, left) {
                (_, 1..3) => (length, 0, 1, 1),
                (0, 3..11) => (ZEROS, 3, 3, 10),
                (0, _) => (MANY_ZEROS, 7, 11, 138),
                _ => (REPEAT, 2, 3, 6),
            };
            let taken = left.min(most);
            runs.push(Run { symbol, extra_bits, extra: (taken - least) as u8 });
            left -= taken;
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_those_of_the_standard() {
        let symbol = |(number, extra_bits, extra)| Symbol { number, extra_bits, extra };
        let lengths = [(3, (257, 0, 0)), (10, (264, 0, 0)), (11, (265, 1, 0)), (12, (265, 1, 1)), (130, (280, 4, 15))];
        for (length, expected) in
            lengths.into_iter().chain([(131, (281, 5, 0)), (257, (284, 5, 30)), (258, (285, 0, 0))])
        {
            assert_eq!(length_symbol(length), symbol(expected), "{length}");
        }
        let distances = [(1, (0, 0, 0)), (4, (3, 0, 0)), (5, (4, 1, 0)), (6, (4, 1, 1)), (768, (18, 8, 255))];
        for (distance, expected) in distances.into_iter().chain([(32_768, (29, 13, 8191))]) {
            assert_eq!(distance_symbol(distance), symbol(expected), "{distance}");
        }
    }

    #[test]
    fn runs_stand_for_the_lengths_they_were_made_of() {
        let mut lengths = vec![0; 150];
        lengths.extend([7; 9]);
        lengths.extend([0; 2]);
        lengths.extend([3, 3, 3, 5]);
        let mut back = Vec::new();
        for run in runs(&lengths) {
            let (value, times) = match run.symbol {
                REPEAT => (*back.last().unwrap(), run.extra + 3),
                ZEROS => (0, run.extra + 3),
                MANY_ZEROS => (0, run.extra + 11),
                length => (length, 1),
            };
            back.extend(std::iter::repeat_n(value, times.into()));
        }
        assert_eq!(back, lengths);
    }
}
