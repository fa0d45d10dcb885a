//! Deflate (RFC 1951) for filtered rows. Filtered imagery repeats little and shortly, so a general compressor spends most of
//! its time searching in vain. Here repetitions are looked for where pixels begin, once each, and taken by what they save at
//! the prices of the block before: that is what makes one look nearly as good as many.
//!
//! Each call makes a piece of a stream that ends at a byte boundary, so that pieces made apart can be joined.

mod bits;
mod huffman;
mod matches;
mod prices;
mod search;
mod symbols;

pub(super) use matches::{Effort, Pixels};

use bits::BitWriter;
use huffman::{Code, Run, runs};
use matches::{Finder, Sequence};
use prices::Prices;
use symbols::{DISTANCES, END_OF_BLOCK, LITERALS, distance_symbol, fixed, length_symbol};

/// Compresses; keeps its buffers from one call to the next.
#[derive(Default)]
pub(super) struct Deflater {
    finder: Finder,
    sequences: Vec<Sequence>,
}

impl Deflater {
    /// Appends `data`, filtered rows, compressed to `out`: blocks that end at a byte boundary. The last piece of a stream
    /// says so; any other ends with an empty stored block.
    pub(super) fn compress(&mut self, data: &[u8], pixels: Pixels, effort: Effort, last: bool, out: &mut Vec<u8>) {
        let mut histogram = [0; 256];
        count_literals(&data[..data.len().min(FIRST_BLOCK_SYMBOLS)], &mut histogram);
        let mut prices = Prices::guess(&histogram);
        let mut writer = BitWriter::new(out);
        self.finder.begin(effort, pixels);
        let (mut rest, mut symbols) = (data, FIRST_BLOCK_SYMBOLS);
        loop {
            self.sequences.clear();
            let bytes = self.finder.find(data, &prices, symbols, &mut self.sequences);
            let (raw, later) = rest.split_at(bytes);
            let block = Block::new(raw, &self.sequences);
            block.write(last && later.is_empty(), &mut writer);
            if later.is_empty() {
                break;
            }
            prices = Prices::of(&block.literal, &block.distance);
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

/// Sequences that share a pair of codes.
struct Block<'a> {
    data: &'a [u8],
    sequences: &'a [Sequence],
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
    literal: Code<LITERALS>,
    distance: Code<DISTANCES>,
    /// Bits that follow the symbols of lengths and distances.
    extra: u64,
}

impl<'a> Block<'a> {
    fn new(data: &'a [u8], sequences: &'a [Sequence]) -> Self {
        let (mut literals, mut distances, mut extra) = ([0; LITERALS], [0; DISTANCES], 0);
        let mut bytes = [0; 256];
        let mut at = 0;
        for sequence in sequences {
            count_literals(&data[at..at + sequence.literals as usize], &mut bytes);
            at += sequence.literals as usize + sequence.length as usize;
            if sequence.length > 0 {
                let (length, distance) = (length_symbol(sequence.length), distance_symbol(sequence.distance));
                literals[length.0] += 1;
                distances[distance.0] += 1;
                extra += u64::from(length.2 + distance.2);
            }
        }
        literals[..256].copy_from_slice(&bytes);
        literals[END_OF_BLOCK] = 1;
        let literal = Code::from_frequencies(&literals, LONGEST_LITERAL_CODE);
        let distance = Code::from_frequencies(&distances, LONGEST_CODE);
        Self { data, sequences, literals, distances, literal, distance, extra }
    }

    /// Writes the block in the form that takes the fewest bits.
    fn write(&self, last: bool, writer: &mut BitWriter<'_>) {
        let Self { literal, distance, .. } = self;
        let header = Header::new(literal, distance);
        let dynamic = header.bits() + literal.cost(&self.literals) + distance.cost(&self.distances) + self.extra;
        let (fixed_literal, fixed_distance) = fixed();
        let fixed = fixed_literal.cost(&self.literals) + fixed_distance.cost(&self.distances) + self.extra;
        let stored = (self.data.len() as u64 + 5 * (self.data.len() as u64 / u64::from(u16::MAX) + 1)) * 8;
        if stored <= dynamic.min(fixed) {
            return store(self.data, last, writer);
        }
        writer.reserve(dynamic.min(fixed) + 3);
        if fixed <= dynamic {
            writer.put(u64::from(last) | 1 << 1, 3);
            self.symbols(&fixed_literal, &fixed_distance, writer);
        } else {
            writer.put(u64::from(last) | 2 << 1, 3);
            header.write(writer);
            self.symbols(literal, distance, writer);
        }
    }

    fn symbols(&self, literal: &Code<LITERALS>, distance: &Code<DISTANCES>, writer: &mut BitWriter<'_>) {
        // Code and number of bits of a literal in one word: one look instead of two.
        let packed: [u32; 256] =
            std::array::from_fn(|i| u32::from(literal.codes[i]) | u32::from(literal.lengths[i]) << 16);
        let mut rest = self.data;
        for sequence in self.sequences {
            let (literals, later) = rest.split_at(sequence.literals as usize);
            put_literals(literals, &packed, writer);
            if sequence.length > 0 {
                let (symbol, extra, bits) = length_symbol(sequence.length);
                writer.put(literal.codes[symbol].into(), literal.lengths[symbol].into());
                writer.put(extra.into(), bits);
                let (symbol, extra, bits) = distance_symbol(sequence.distance);
                writer.put(distance.codes[symbol].into(), distance.lengths[symbol].into());
                writer.put(extra.into(), bits);
                writer.flush();
            }
            rest = &later[sequence.length as usize..];
        }
        writer.put(literal.codes[END_OF_BLOCK].into(), literal.lengths[END_OF_BLOCK].into());
        writer.flush();
    }
}

/// The description of a block's codes.
struct Header {
    runs: Vec<Run>,
    code: Code<19>,
    literals: usize,
    distances: usize,
    lengths: usize,
}

impl Header {
    fn new(literal: &Code<LITERALS>, distance: &Code<DISTANCES>) -> Self {
        let used = |lengths: &[u8], least: usize| {
            lengths.iter().rposition(|bits| *bits > 0).map_or(least, |i| (i + 1).max(least))
        };
        let (literals, distances) = (used(&literal.lengths, 257), used(&distance.lengths, 1));
        let lengths = [&literal.lengths[..literals], &distance.lengths[..distances]].concat();
        let runs = runs(&lengths);
        let mut frequencies = [0; 19];
        for (symbol, ..) in &runs {
            frequencies[*symbol as usize] += 1;
        }
        let code = Code::from_frequencies(&frequencies, 7);
        let lengths = RUN_ORDER.iter().rposition(|symbol| code.lengths[*symbol] > 0).map_or(4, |i| (i + 1).max(4));
        Self { runs, code, literals, distances, lengths }
    }

    fn bits(&self) -> u64 {
        let runs: u64 = self.runs.iter().map(|run| u64::from(self.code.lengths[run.0 as usize] + run.2)).sum();
        14 + 3 * self.lengths as u64 + runs
    }

    fn write(&self, writer: &mut BitWriter<'_>) {
        let counts = (self.literals - 257) | (self.distances - 1) << 5 | (self.lengths - 4) << 10;
        writer.put(counts as u64, 14);
        for symbol in &RUN_ORDER[..self.lengths] {
            writer.put(self.code.lengths[*symbol].into(), 3);
            writer.flush();
        }
        for (symbol, extra, bits) in &self.runs {
            writer.put(self.code.codes[*symbol as usize].into(), self.code.lengths[*symbol as usize].into());
            writer.put(u64::from(*extra), u32::from(*bits));
            writer.flush();
        }
    }
}

#[inline]
fn put_literals(literals: &[u8], packed: &[u32; 256], writer: &mut BitWriter<'_>) {
    let mut fours = literals.chunks_exact(4);
    for four in &mut fours {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| packed[four[i] as usize]);
        // Pairs are joined first, which makes the chain of shifts that depend on each other half as long.
        let (ab, ab_bits) = (u64::from(a & 0xffff) | u64::from(b & 0xffff) << (a >> 16), (a >> 16) + (b >> 16));
        let (cd, cd_bits) = (u64::from(c & 0xffff) | u64::from(d & 0xffff) << (c >> 16), (c >> 16) + (d >> 16));
        writer.put(ab | cd << ab_bits, ab_bits + cd_bits);
        writer.flush();
    }
    for literal in fours.remainder() {
        let code = packed[*literal as usize];
        writer.put(u64::from(code & 0xffff), code >> 16);
        writer.flush();
    }
}

/// Writes bytes as they are (RFC 1951 §3.2.4), in as many blocks as their length field needs.
fn store(mut data: &[u8], last: bool, writer: &mut BitWriter<'_>) {
    loop {
        let (piece, rest) = data.split_at(data.len().min(u16::MAX.into()));
        writer.reserve(64);
        writer.put(u64::from(last && rest.is_empty()), 3);
        writer.align();
        let length = piece.len() as u16;
        writer.bytes(&length.to_le_bytes());
        writer.bytes(&(!length).to_le_bytes());
        writer.bytes(piece);
        if rest.is_empty() {
            return;
        }
        data = rest;
    }
}

/// Adds the frequencies of bytes. Long runs are counted in four tables, so that equal neighbours do not wait for each other.
fn count_literals(data: &[u8], histogram: &mut [u32; 256]) {
    if data.len() < 1024 {
        return data.iter().for_each(|byte| histogram[*byte as usize] += 1);
    }
    let mut counts = [[0u32; 256]; 4];
    let mut eights = data.chunks_exact(8);
    for eight in &mut eights {
        for (i, byte) in eight.iter().enumerate() {
            counts[i % 4][*byte as usize] += 1;
        }
    }
    eights.remainder().iter().for_each(|byte| counts[0][*byte as usize] += 1);
    for (i, count) in histogram.iter_mut().enumerate() {
        *count += counts.iter().map(|table| table[i]).sum::<u32>();
    }
}

/// Four literals and seven bits that wait fit into 64.
const LONGEST_LITERAL_CODE: u8 = 14;

const LONGEST_CODE: u8 = 15;

/// The order in which the lengths of the code of runs stand (RFC 1951 §3.2.7).
const RUN_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Symbols of a block. Fewer make the codes fit better, and their descriptions weigh more.
const BLOCK_SYMBOLS: usize = 48 << 10;

/// Symbols of the first block, whose prices are guesses.
const FIRST_BLOCK_SYMBOLS: usize = 12 << 10;

#[cfg(test)]
mod tests;
