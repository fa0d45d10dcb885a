//! Division of a segment into literals and matches at the distance of one number or one row.

use std::ops::Range;

use super::repeats::{Repeats, SHORTEST, STEP};
use crate::codec::deflate::codes::{Frequencies, Sequence, WINDOW, distance_symbol};

/// The layout of a block's bytes.
#[derive(Debug, Clone, Copy)]
pub(in crate::codec::deflate) struct Arrangement {
    /// Bytes of a row.
    pub(in crate::codec::deflate) row: usize,
    /// Bytes from a number to the next.
    pub(in crate::codec::deflate) number: usize,
}

/// Finds matches; keeps its buffers from block to block.
#[derive(Default)]
pub(in crate::codec::deflate) struct Finder {
    sequences: Vec<Sequence>,
    repeats: [Repeats; 2],
}

impl Finder {
    /// Divides a range of `bytes` into sequences, and updates the frequencies, which count all bytes as literals.
    pub(super) fn find(
        &mut self,
        bytes: &[u8],
        range: Range<usize>,
        arrangement: Arrangement,
        frequencies: &mut Frequencies,
    ) -> &[Sequence] {
        let distances =
            [arrangement.number, arrangement.row].map(|distance| if distance <= WINDOW { distance } else { 1 });
        for (repeats, distance) in self.repeats.iter_mut().zip(distances) {
            repeats.find(bytes, range.clone(), distance);
        }
        self.sequences.clear();
        self.choose(&bytes[range], distances, frequencies);
        &self.sequences
    }

    /// Makes matches of the repeats that save bits.
    fn choose(&mut self, segment: &[u8], distances: [usize; 2], frequencies: &mut Frequencies) {
        let Self { sequences, repeats } = self;
        let costs = literal_costs(frequencies.bytes());
        let prices = distances.map(|distance| MATCH_COST + 16 * u32::from(distance_symbol(distance).extra_bits));
        // The end of the bytes already examined, and of those already in a sequence.
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
                    frequencies.replace(&segment[at..at + length], distance);
                    let literals = (at - taken) as u32;
                    sequences.push(Sequence { literals, length: length as u16, distance: distance as u16 });
                    (seen, taken) = (at + length, at + length);
                }
            }
        }
        sequences.push(Sequence { literals: (segment.len() - taken) as u32, length: 0, distance: 0 });
    }
}

/// The cost of each byte as a literal, in sixteenths of a bit; at least one bit, as with prefix codes.
fn literal_costs(frequencies: &[u32; 256]) -> [u32; 256] {
    let total = log2(frequencies.iter().sum());
    frequencies.map(|frequency| total.saturating_sub(log2(frequency)).max(16))
}

/// The binary logarithm in sixteenths, interpolated linearly between powers of two.
fn log2(value: u32) -> u32 {
    let value = value.max(1);
    let whole = value.ilog2();
    whole << 4 | ((u64::from(value) << 4) >> whole) as u32 & 15
}

/// This many literals always cost more than a match; further literals are counted as one bit each.
const ENOUGH: usize = 32;
/// The typical cost on imagery of a length and a distance without extra bits, in sixteenths of a bit.
const MATCH_COST: u32 = 8 * 16;
