//! An encoder for imagery: Huffman codes made for each segment, and matches only where images have them.
//!
//! After a predictor, imagery is noise around zero. Searching such bytes for what stood anywhere before, as general
//! encoders do, takes most of their time and finds little; what there is to find are runs of one value (flat areas), and
//! bytes that are those of the row above (edges, blocks of an earlier lossy compression). Only these two places are
//! looked at, and a match is taken where it costs fewer bits than its bytes as literals do.

use super::huffman::{Code, LONGEST, codes};
use crate::simd;

/// Buffers kept from block to block.
#[derive(Default)]
pub(super) struct Buffers {
    sequences: Vec<Sequence>,
    repeats: [Repeats; 2],
}

/// Literals and the match after them.
#[derive(Debug, Clone, Copy)]
struct Sequence {
    literals: u32,
    length: u16,
    distance: u16,
}

/// Bytes coded with the same Huffman codes: long enough to pay for their description, short enough to follow the image.
const SEGMENT: usize = 32 << 10;

/// Appends a zlib stream of `bytes`, whose rows are `row` bytes apart and whose equal neighbours are `near` bytes apart.
pub(super) fn compress(bytes: &[u8], near: usize, row: usize, out: &mut Vec<u8>, buffers: &mut Buffers) {
    let mut bits = Bits::new(bytes.len(), out);
    // Deflate with a window of 32 KiB, and the check bits of that (RFC 1950 §2.2).
    bits.put(0x0178, 16);
    let mut start = 0;
    loop {
        let end = if bytes.len() - start < SEGMENT * 3 / 2 { bytes.len() } else { start + SEGMENT };
        let last = end == bytes.len();
        let mut counts = Counts::of(&bytes[start..end]);
        find(bytes, start..end, [near, row], &mut counts, buffers);
        bits.put(u64::from(last), 1);
        segment(&bytes[start..end], &mut counts, &buffers.sequences, &mut bits);
        start = end;
        if last {
            break;
        }
    }
    let mut sum = libdeflater::Adler32::new();
    sum.update(bytes);
    bits.finish(sum.sum());
}

/// How often each symbol occurs in a segment.
struct Counts {
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
}

/// Literals, the end of a block, and lengths.
const LITERALS: usize = 286;
const DISTANCES: usize = 30;
const END: usize = 256;

impl Counts {
    /// All bytes as literals. Four tables, because a processor waits where one count is raised twice in a row.
    #[inline(never)]
    fn of(bytes: &[u8]) -> Self {
        let mut tables = [[0u32; 256]; 4];
        let (fours, rest) = bytes.as_chunks::<4>();
        for four in fours {
            for (table, byte) in tables.iter_mut().zip(four) {
                table[usize::from(*byte)] += 1;
            }
        }
        for byte in rest {
            tables[0][usize::from(*byte)] += 1;
        }
        let mut literals = [0; LITERALS];
        for (byte, count) in literals[..256].iter_mut().enumerate() {
            *count = tables.iter().map(|table| table[byte]).sum();
        }
        literals[END] = 1;
        Self { literals, distances: [0; DISTANCES] }
    }

    /// What each byte costs as a literal, in sixteenths of a bit; at least one bit, as Huffman codes have it.
    fn costs(&self) -> [u32; 256] {
        let total = log2(self.literals[..256].iter().sum());
        std::array::from_fn(|byte| total.saturating_sub(log2(self.literals[byte])).max(16))
    }
}

/// The logarithm in sixteenths, rounded down between powers of two along a line.
fn log2(value: u32) -> u32 {
    let value = value.max(1);
    let whole = value.ilog2();
    let fraction = (u64::from(value) << 4 >> whole) as u32 & 15;
    whole << 4 | fraction
}

/// Where a segment repeats what stands a distance before: one bit per byte, and two words of zeros at the end.
#[derive(Default)]
struct Repeats(Vec<u64>);

impl Repeats {
    fn find(&mut self, bytes: &[u8], range: std::ops::Range<usize>, distance: usize) {
        self.0.clear();
        let mut at = range.start;
        while at < range.end {
            let bits = match (at.checked_sub(distance), bytes.get(at..at + STEP)) {
                (Some(before), Some(here)) if at + STEP <= range.end => simd::equal_bytes(
                    here.try_into().expect("64 bytes"),
                    bytes[before..before + STEP].try_into().expect("64 bytes"),
                ),
                _ => (at.max(distance)..range.end.min(at + STEP))
                    .filter(|i| bytes[*i] == bytes[*i - distance])
                    .fold(0, |bits, i| bits | 1 << (i - at)),
            };
            self.0.push(bits);
            at += STEP;
        }
        self.0.extend([0; 2]);
    }

    /// The bytes of a word that begin at least four repeated ones.
    fn starts(&self, word: usize) -> u64 {
        let (bits, next) = (self.0[word], self.0[word + 1]);
        let twice = bits & (bits >> 1 | next << 63);
        let next = next & next >> 1;
        twice & (twice >> 2 | next << 62)
    }

    /// How many repeated bytes there are from byte `at` of the segment on.
    fn length(&self, at: usize) -> usize {
        let (mut word, bit) = (at / STEP, at % STEP);
        let mut length = (self.0[word] >> bit).trailing_ones() as usize;
        if length == STEP - bit {
            while length < LONGEST_MATCH {
                word += 1;
                let more = self.0[word].trailing_ones() as usize;
                length += more;
                if more < STEP {
                    break;
                }
            }
        }
        length.min(LONGEST_MATCH)
    }
}

/// Bytes whose repeats stand in one word.
const STEP: usize = u64::BITS as usize;

/// Finds the matches of a range of `bytes`, and corrects the counts from literals to what is left of them.
fn find(
    bytes: &[u8],
    range: std::ops::Range<usize>,
    distances: [usize; 2],
    counts: &mut Counts,
    buffers: &mut Buffers,
) {
    let costs = counts.costs();
    let Buffers { sequences, repeats } = buffers;
    sequences.clear();
    let distances = distances.map(|distance| if distance <= WINDOW { distance } else { 1 });
    for (repeats, distance) in repeats.iter_mut().zip(distances) {
        repeats.find(bytes, range.clone(), distance);
    }
    let prices = distances.map(|distance| MATCH_COST + 16 * u32::from(distance_symbol(distance).1));
    let segment = &bytes[range];
    // Bytes of the segment that have been looked at, and those that are part of a sequence.
    let (mut done, mut taken) = (0, 0);
    for word in 0..segment.len().div_ceil(STEP) {
        let starts = repeats[0].starts(word) | repeats[1].starts(word);
        loop {
            let ahead = starts & u64::MAX.checked_shl((done.max(word * STEP) - word * STEP) as u32).unwrap_or(0);
            if ahead == 0 {
                break;
            }
            let at = word * STEP + ahead.trailing_zeros() as usize;
            done = at + 1;
            let (mut best, mut gain) = ((0, 0), 0);
            for ((repeats, distance), price) in repeats.iter().zip(distances).zip(prices) {
                let length = repeats.length(at);
                if length >= SHORTEST {
                    let literals: u32 =
                        segment[at..at + length.min(ENOUGH)].iter().map(|byte| costs[usize::from(*byte)]).sum();
                    let saved = literals.saturating_sub(price) + (length.saturating_sub(ENOUGH) as u32) * 16;
                    if saved > gain {
                        (best, gain) = ((length, distance), saved);
                    }
                }
            }
            let (length, distance) = best;
            if length > 0 {
                for byte in &segment[at..at + length] {
                    counts.literals[usize::from(*byte)] -= 1;
                }
                counts.literals[usize::from(LENGTHS[length].0)] += 1;
                counts.distances[distance_symbol(distance).0] += 1;
                let literals = (at - taken) as u32;
                sequences.push(Sequence { literals, length: length as u16, distance: distance as u16 });
                done = at + length;
                taken = done;
            }
        }
    }
    sequences.push(Sequence { literals: (segment.len() - taken) as u32, length: 0, distance: 0 });
}

const WINDOW: usize = 1 << 15;
/// Bytes of the shortest match that is looked for; Deflate has matches of three, which rarely pay.
const SHORTEST: usize = 4;
const LONGEST_MATCH: usize = 258;
/// So many literals always cost more than a match.
const ENOUGH: usize = 32;
/// What a length and a distance cost without their extra bits, in sixteenths of a bit.
const MATCH_COST: u32 = 7 * 16;

/// Writes a block with dynamic Huffman codes (RFC 1951 §3.2.7), after its first bit.
#[inline(never)]
fn segment(bytes: &[u8], counts: &mut Counts, sequences: &[Sequence], bits: &mut Bits) {
    let (mut literal_codes, mut distance_codes) = ([Code::default(); LITERALS], [Code::default(); DISTANCES]);
    codes(&mut counts.literals, LONGEST, &mut literal_codes);
    codes(&mut counts.distances, LONGEST, &mut distance_codes);
    bits.put(2, 2);
    describe(&literal_codes, &distance_codes, bits);
    let mut rest = bytes;
    for sequence in sequences {
        let (literals, after) = rest.split_at(sequence.literals as usize);
        let (fours, last) = literals.as_chunks::<4>();
        for four in fours {
            for byte in four {
                bits.hold(literal_codes[usize::from(*byte)]);
            }
            bits.flush();
        }
        for byte in last {
            bits.hold(literal_codes[usize::from(*byte)]);
        }
        bits.flush();
        if sequence.length > 0 {
            let (symbol, extra, base) = LENGTHS[usize::from(sequence.length)];
            bits.hold(literal_codes[usize::from(symbol)]);
            bits.put(u64::from(sequence.length - base), extra.into());
            let (symbol, extra) = distance_symbol(sequence.distance.into());
            bits.hold(distance_codes[symbol]);
            bits.put(u64::from(sequence.distance - 1) & ((1 << extra) - 1), extra.into());
        }
        rest = &after[usize::from(sequence.length)..];
    }
    bits.hold(literal_codes[END]);
    bits.flush();
}

/// Writes the lengths of the two codes, themselves in runs and Huffman codes.
fn describe(literals: &[Code], distances: &[Code], bits: &mut Bits) {
    let used = |codes: &[Code], least: usize| {
        codes.iter().rposition(|code| code.length > 0).map_or(least, |last| least.max(last + 1))
    };
    let (literals, distances) = (&literals[..used(literals, 257)], &distances[..used(distances, 1)]);
    let lengths: Vec<u8> = literals.iter().chain(distances).map(|code| code.length).collect();
    let mut runs: Vec<(u8, u8, u8)> = Vec::new();
    let mut at = 0;
    while at < lengths.len() {
        let run = lengths[at..].iter().take_while(|length| **length == lengths[at]).count();
        let (symbol, extra, taken) = match (lengths[at], run) {
            (0, 11..) => (18, (run.min(138) - 11) as u8, run.min(138)),
            (0, 3..) => (17, (run - 3) as u8, run),
            (length, 4..)
                if runs.last().is_none_or(|last| last.0 != length && last.0 != 16)
                    || at == 0
                    || lengths[at - 1] != length =>
            {
                (length, 0, 1)
            }
            (length, 3..) if at > 0 && lengths[at - 1] == length => (16, (run.min(6) - 3) as u8, run.min(6)),
            (length, _) => (length, 0, 1),
        };
        runs.push((
            symbol,
            extra,
            match symbol {
                16 => 2,
                17 => 3,
                18 => 7,
                _ => 0,
            },
        ));
        at += taken;
    }
    let (mut counts, mut run_codes) = ([0; 19], [Code::default(); 19]);
    for run in &runs {
        counts[usize::from(run.0)] += 1;
    }
    codes(&mut counts, 7, &mut run_codes);
    let listed = ORDER.iter().rposition(|symbol| run_codes[*symbol].length > 0).map_or(4, |last| 4.max(last + 1));
    bits.put(literals.len() as u64 - 257, 5);
    bits.put(distances.len() as u64 - 1, 5);
    bits.put(listed as u64 - 4, 4);
    for symbol in &ORDER[..listed] {
        bits.put(run_codes[*symbol].length.into(), 3);
    }
    for (symbol, value, extra) in runs {
        bits.hold(run_codes[usize::from(symbol)]);
        bits.put(value.into(), extra.into());
    }
}

/// The order in which the lengths of the codes for code lengths stand (RFC 1951 §3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// For every length of a match its symbol, the number of extra bits, and the first length of that symbol
/// (RFC 1951 §3.2.5).
const LENGTHS: [(u16, u8, u16); LONGEST_MATCH + 1] = lengths();

const fn lengths() -> [(u16, u8, u16); LONGEST_MATCH + 1] {
    let mut table = [(0, 0, 0); LONGEST_MATCH + 1];
    let (mut symbol, mut length) = (257, 3);
    while length < LONGEST_MATCH {
        let extra = if symbol < 265 { 0 } else { (symbol - 261) / 4 };
        let base = length;
        while length < base + (1 << extra) && length < LONGEST_MATCH {
            table[length] = (symbol, extra as u8, base as u16);
            length += 1;
        }
        symbol += 1;
    }
    table[LONGEST_MATCH] = (285, 0, LONGEST_MATCH as u16);
    table
}

/// The symbol of a distance and the number of its extra bits (RFC 1951 §3.2.5).
fn distance_symbol(distance: usize) -> (usize, u8) {
    let before = distance - 1;
    if before < 4 {
        return (before, 0);
    }
    let extra = before.ilog2() - 1;
    (2 * extra as usize + (before >> extra), extra as u8)
}

/// Bits on their way to bytes, least significant first.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: usize, out: &'a mut Vec<u8>) -> Self {
        let at = out.len();
        // No byte costs more than the longest code; descriptions of codes and what is written ahead come on top.
        out.resize(at + bytes * LONGEST / 8 + (bytes / SEGMENT + 1) * 512 + 64, 0);
        Self { out, at, held: 0, count: 0 }
    }

    /// Adds a code to the held bits. The caller sees to it that 64 are enough.
    fn hold(&mut self, code: Code) {
        self.held |= u64::from(code.bits) << self.count;
        self.count += u32::from(code.length);
    }

    /// Adds at most 16 bits, and writes what is complete.
    fn put(&mut self, value: u64, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        self.flush();
    }

    /// Writes whole bytes; at most seven bits stay.
    fn flush(&mut self) {
        self.out[self.at..self.at + 8].copy_from_slice(&self.held.to_le_bytes());
        let bytes = self.count / 8;
        self.at += bytes as usize;
        self.held >>= bytes * 8;
        self.count %= 8;
    }

    /// Fills the last byte and adds the check sum.
    fn finish(mut self, sum: u32) {
        self.count = self.count.next_multiple_of(8);
        self.flush();
        self.out[self.at..self.at + 4].copy_from_slice(&sum.to_be_bytes());
        self.out.truncate(self.at + 4);
    }
}
