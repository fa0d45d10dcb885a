//! An encoder for imagery: Huffman codes made for each segment, and matches only where images have them.
//!
//! After a predictor, imagery is noise around zero. Searching such bytes for what stood anywhere before, as general
//! encoders do, takes most of their time and finds little. What there is to find are mostly runs (flat areas) and bytes
//! that are those of the row above (edges, blocks of an earlier lossy compression). Only these two places are looked at,
//! and a match is taken only where it costs fewer bits than its bytes do as literals.

use std::ops::Range;

use super::huffman::LONGEST;
use super::symbols::{
    Bits, BlockCodes, DISTANCES, END, LITERALS, LONGEST_MATCH, WINDOW, distance_symbol, length_symbol,
};
use crate::simd;

/// How the bytes of a block lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrangement {
    /// Bytes of a row.
    pub(super) row: usize,
    /// Bytes from a number to the next one.
    pub(super) number: usize,
}

/// Buffers kept from block to block.
#[derive(Default)]
pub(super) struct Buffers {
    sequences: Vec<Sequence>,
    repeats: [Repeats; 2],
}

/// Appends a zlib stream of `bytes` to `out`.
pub(super) fn compress(bytes: &[u8], arrangement: Arrangement, out: &mut Vec<u8>, buffers: &mut Buffers) {
    let distances = [arrangement.number, arrangement.row].map(|distance| if distance <= WINDOW { distance } else { 1 });
    let mut bits = Bits::new(out);
    bits.reserve(16);
    bits.put(HEADER, 16);
    let mut start = 0;
    loop {
        let end = if bytes.len() - start < SEGMENT * 3 / 2 { bytes.len() } else { start + SEGMENT };
        let mut counts = Counts::of(&bytes[start..end]);
        find_matches(bytes, start..end, distances, &mut counts, buffers);
        let last = end == bytes.len();
        write_block(&bytes[start..end], last, &mut counts, &buffers.sequences, &mut bits);
        start = end;
        if last {
            break;
        }
    }
    let mut sum = libdeflater::Adler32::new();
    sum.update(bytes);
    bits.finish(sum.sum());
}

/// Deflate with a window of 32 KiB, and the check bits of that (RFC 1950 §2.2).
const HEADER: u64 = 0x0178;

/// Bytes coded with the same Huffman codes: long enough to pay for their description, short enough to follow the image.
const SEGMENT: usize = 64 << 10;

/// Literals and the match after them; the last sequence of a segment has none.
#[derive(Debug, Clone, Copy)]
struct Sequence {
    literals: u32,
    length: u16,
    distance: u16,
}

/// How often each symbol occurs in a segment.
struct Counts {
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
    /// Extra bits of lengths and distances.
    extra_bits: usize,
}

impl Counts {
    /// All bytes as literals. Four tables, because a processor waits where one count is raised twice in a row.
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
        Self { literals, distances: [0; DISTANCES], extra_bits: 0 }
    }

    /// What each byte costs as a literal, in sixteenths of a bit; at least one bit, as Huffman codes have it.
    fn costs(&self) -> [u32; 256] {
        let total = log2(self.literals[..256].iter().sum());
        std::array::from_fn(|byte| total.saturating_sub(log2(self.literals[byte])).max(16))
    }

    /// Literals become a match.
    fn replace(&mut self, literals: &[u8], distance: usize) {
        for byte in literals {
            self.literals[usize::from(*byte)] -= 1;
        }
        let (length, distance) = (length_symbol(literals.len()), distance_symbol(distance));
        self.literals[usize::from(length.number)] += 1;
        self.distances[usize::from(distance.number)] += 1;
        self.extra_bits += usize::from(length.extra_bits + distance.extra_bits);
    }
}

/// The logarithm in sixteenths, between powers of two along a line.
fn log2(value: u32) -> u32 {
    let value = value.max(1);
    let whole = value.ilog2();
    whole << 4 | ((u64::from(value) << 4) >> whole) as u32 & 15
}

/// Where a segment repeats what stands a distance before: one bit per byte, and two words without any at the end.
#[derive(Default)]
struct Repeats(Vec<u64>);

impl Repeats {
    fn find(&mut self, bytes: &[u8], range: Range<usize>, distance: usize) {
        self.0.clear();
        for at in range.clone().step_by(STEP) {
            let whole = at >= distance && at + STEP <= range.end;
            self.0.push(if whole {
                let [here, before] = [at, at - distance].map(|at| bytes[at..].first_chunk().expect("64 bytes"));
                simd::equal_bytes(here, before)
            } else {
                let known = at.max(distance)..range.end.min(at + STEP);
                known.filter(|i| bytes[*i] == bytes[*i - distance]).fold(0, |bits, i| bits | 1 << (i - at))
            });
        }
        self.0.extend([0; 2]);
    }

    /// The bytes of a word that begin at least [`SHORTEST`] repeated ones.
    fn starts(&self, word: usize) -> u64 {
        let pairs = |bits: u64, next: u64| bits & (bits >> 1 | next << 63);
        let [this, next, after] = [self.0[word], self.0[word + 1], 0];
        let (this, next) = (pairs(this, next), pairs(next, after));
        this & (this >> 2 | next << 62)
    }

    /// How many repeated bytes there are from byte `at` of the segment on.
    fn length(&self, at: usize) -> usize {
        let (mut word, bit) = (at / STEP, at % STEP);
        let mut length = (self.0[word] >> bit).trailing_ones() as usize;
        let mut whole = bit + length == STEP;
        while whole && length < LONGEST_MATCH {
            word += 1;
            let more = self.0[word].trailing_ones() as usize;
            length += more;
            whole = more == STEP;
        }
        length.min(LONGEST_MATCH)
    }
}

/// Bytes whose repeats stand in one word.
const STEP: usize = u64::BITS as usize;

/// Finds the matches of a range of `bytes`, and corrects the counts from literals to what is left of them.
fn find_matches(bytes: &[u8], range: Range<usize>, distances: [usize; 2], counts: &mut Counts, buffers: &mut Buffers) {
    let costs = counts.costs();
    let prices = distances.map(|distance| MATCH_COST + 16 * u32::from(distance_symbol(distance).extra_bits));
    let Buffers { sequences, repeats } = buffers;
    sequences.clear();
    for (repeats, distance) in repeats.iter_mut().zip(distances) {
        repeats.find(bytes, range.clone(), distance);
    }
    let segment = &bytes[range];
    // Bytes that need not be looked at any more, and bytes that are part of a sequence.
    let (mut seen, mut taken) = (0, 0);
    for (word, first) in (0..segment.len()).step_by(STEP).enumerate() {
        let starts = repeats[0].starts(word) | repeats[1].starts(word);
        while seen < first + STEP {
            let ahead = starts >> (seen.max(first) - first) << (seen.max(first) - first);
            if ahead == 0 {
                break;
            }
            let at = first + ahead.trailing_zeros() as usize;
            seen = at + 1;
            let (mut best, mut gain) = (None, 0);
            for ((repeats, distance), price) in repeats.iter().zip(distances).zip(prices) {
                let length = repeats.length(at);
                let literals: u32 =
                    segment[at..at + length.min(ENOUGH)].iter().map(|byte| costs[usize::from(*byte)]).sum();
                let saved = literals.saturating_sub(price) + 16 * length.saturating_sub(ENOUGH) as u32;
                if length >= SHORTEST && saved > gain {
                    (best, gain) = (Some((length, distance)), saved);
                }
            }
            if let Some((length, distance)) = best {
                counts.replace(&segment[at..at + length], distance);
                let literals = (at - taken) as u32;
                sequences.push(Sequence { literals, length: length as u16, distance: distance as u16 });
                (seen, taken) = (at + length, at + length);
            }
        }
    }
    sequences.push(Sequence { literals: (segment.len() - taken) as u32, length: 0, distance: 0 });
}

/// Bytes of the shortest match that is looked for. Deflate has matches of three bytes, which rarely pay.
const SHORTEST: usize = 4;
/// So many literals always cost more than a match; further ones are counted as one bit each.
const ENOUGH: usize = 32;
/// What a length and a distance cost without their extra bits, in sixteenths of a bit: what they come to on imagery.
const MATCH_COST: u32 = 8 * 16;

/// Writes a block with Huffman codes of its own (RFC 1951 §3.2.7).
fn write_block(bytes: &[u8], last: bool, counts: &mut Counts, sequences: &[Sequence], bits: &mut Bits) {
    let codes = BlockCodes::new(&mut counts.literals, &mut counts.distances);
    let used = counts.literals.iter().zip(&codes.literals).chain(counts.distances.iter().zip(&codes.distances));
    let coded_bits: usize = used.map(|(count, code)| *count as usize * usize::from(code.length)).sum();
    bits.reserve(codes.described_bits() + coded_bits + counts.extra_bits + LONGEST);

    bits.put(last.into(), 1);
    codes.describe(bits);
    let mut rest = bytes;
    for sequence in sequences {
        let (literals, after) = rest.split_at(sequence.literals as usize);
        let (fours, ones) = literals.as_chunks::<4>();
        for four in fours {
            for byte in four {
                bits.hold(codes.literals[usize::from(*byte)]);
            }
            bits.flush();
        }
        for byte in ones {
            bits.hold(codes.literals[usize::from(*byte)]);
        }
        bits.flush();
        if sequence.length > 0 {
            let length = length_symbol(sequence.length.into());
            bits.put_symbol(codes.literals[usize::from(length.number)], length);
            let distance = distance_symbol(sequence.distance.into());
            bits.put_symbol(codes.distances[usize::from(distance.number)], distance);
        }
        rest = &after[usize::from(sequence.length)..];
    }
    bits.hold(codes.literals[END]);
    bits.flush();
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8], arrangement: Arrangement) {
        let mut out = b"before".to_vec();
        compress(bytes, arrangement, &mut out, &mut Buffers::default());
        let mut back = vec![0; bytes.len()];
        let length = libdeflater::Decompressor::new().zlib_decompress(&out[6..], &mut back).unwrap();
        assert_eq!((length, &back[..]), (bytes.len(), bytes));
        assert_eq!(fdeflate::decompress_to_vec(&out[6..]).unwrap(), bytes);
    }

    #[test]
    fn blocks_of_one_value_and_of_none_are_valid_streams() {
        for length in [0, 1, 3, 4, 63, 64, 65, 258, 259, 1000, 98_303, 98_304, 200_000] {
            check(&vec![7; length], Arrangement { row: 50, number: 1 });
        }
    }

    #[test]
    fn a_row_that_repeats_costs_a_match() {
        let row: Vec<u8> = (0..255u32).map(|i| (i * 37) as u8).collect();
        let mut out = Vec::new();
        compress(&row.repeat(100), Arrangement { row: row.len(), number: 1 }, &mut out, &mut Buffers::default());
        assert!(out.len() < 800, "{}", out.len());
        check(&row.repeat(100), Arrangement { row: row.len(), number: 1 });
    }

    #[test]
    fn rows_longer_than_the_window_are_not_looked_for() {
        check(&[1, 2, 3, 4, 5, 6, 7].repeat(20_000), Arrangement { row: 70_000, number: 4 });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn every_stream_is_read_by_others(
            values in vec(any::<u8>(), 1..3000),
            (shift, times) in (0..8u32, 1..90usize),
            (row, number) in (1..700usize, 1..9usize),
        ) {
            let mut bytes: Vec<u8> = values.iter().map(|value| value >> shift).collect();
            bytes = bytes.repeat(times);
            check(&bytes, Arrangement { row, number });
        }

        #[test]
        fn repeats_are_what_they_are_named(bytes in vec(0..3u8, 1..400), distance in 1..100usize, start in 0..100usize) {
            let range = start.min(bytes.len())..bytes.len();
            let mut repeats = Repeats::default();
            repeats.find(&bytes, range.clone(), distance);
            for at in range.clone() {
                let same = (at..range.end).take_while(|i| *i >= distance && bytes[*i] == bytes[*i - distance]).count();
                let local = at - range.start;
                prop_assert_eq!(repeats.length(local), same.min(LONGEST_MATCH));
                prop_assert_eq!(repeats.starts(local / STEP) >> (local % STEP) & 1 == 1, same >= SHORTEST);
            }
        }
    }
}
