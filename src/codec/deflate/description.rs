//! The description of a block's codes: the code lengths of both alphabets, as runs with a separate code (RFC 1951 §3.2.7).

use super::bits::BitWriter;
use super::prefix_code::PrefixCode;
use super::symbols::{DISTANCES, LITERALS, Symbol};

/// The description of a pair of codes.
pub(super) struct Description {
    runs: Vec<Symbol>,
    code: PrefixCode<RUNS>,
    literals: usize,
    distances: usize,
    /// Number of listed lengths of the code of runs.
    listed: usize,
}

impl Description {
    /// Describes the codes of literals and of distances.
    pub(super) fn new(literal: &PrefixCode<LITERALS>, distance: &PrefixCode<DISTANCES>) -> Self {
        let (literal, distance) = (literal.lengths(), distance.lengths());
        let used = |lengths: &[u8], least: usize| {
            lengths.iter().rposition(|length| *length > 0).map_or(least, |last| least.max(last + 1))
        };
        let (literals, distances) = (used(&literal, 257), used(&distance, 1));
        let runs = runs(&[&literal[..literals], &distance[..distances]].concat());
        let mut frequencies = [0; RUNS];
        for run in &runs {
            frequencies[usize::from(run.number)] += 1;
        }
        let code = PrefixCode::from_frequencies(&frequencies, LONGEST_RUN_CODE);
        let listed = used(&RUN_ORDER.map(|symbol| code.0[symbol].length), 4);
        Self { runs, code, literals, distances, listed }
    }

    /// Bits that [`Self::write`] takes.
    pub(super) fn bits(&self) -> u64 {
        let run = |run: &Symbol| u64::from(self.code.0[usize::from(run.number)].length + run.extra_bits);
        14 + 3 * self.listed as u64 + self.runs.iter().map(run).sum::<u64>()
    }

    /// Writes the description, between the type and the symbols of the block.
    pub(super) fn write(&self, writer: &mut BitWriter<'_>) {
        let counts = (self.literals - 257) | (self.distances - 1) << 5 | (self.listed - 4) << 10;
        writer.put(counts as u64, 14);
        for symbol in &RUN_ORDER[..self.listed] {
            writer.put(self.code.0[*symbol].length.into(), 3);
            writer.flush();
        }
        for run in &self.runs {
            writer.put_symbol(self.code.0[usize::from(run.number)], *run);
            writer.flush();
        }
    }
}

/// Lengths 0 to 15, and three kinds of runs.
const RUNS: usize = 19;
const REPEAT: u16 = 16;
const ZEROS: u16 = 17;
const MANY_ZEROS: u16 = 18;

/// Lengths of the codes for runs have three bits.
const LONGEST_RUN_CODE: u8 = 7;

/// The order of the lengths of the code of runs.
const RUN_ORDER: [usize; RUNS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

fn runs(lengths: &[u8]) -> Vec<Symbol> {
    let mut runs = Vec::with_capacity(lengths.len());
    for same in lengths.chunk_by(|a, b| a == b) {
        let length = u16::from(same[0]);
        let mut left = same.len();
        if length > 0 {
            runs.push(Symbol { number: length, extra_bits: 0, extra: 0 });
            left -= 1;
        }
        while left > 0 {
            let (number, extra_bits, least, most) = match (length, left) {
                (_, 1..3) => (length, 0, 1, 1),
                (0, 3..11) => (ZEROS, 3, 3, 10),
                (0, _) => (MANY_ZEROS, 7, 11, 138),
                _ => (REPEAT, 2, 3, 6),
            };
            let taken = left.min(most);
            runs.push(Symbol { number, extra_bits, extra: (taken - least) as u16 });
            left -= taken;
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_stand_for_the_lengths_they_were_made_of(
            pieces in proptest::collection::vec((prop_oneof![Just(0u8), Just(5), 0u8..15], 1..150usize), 1..12),
        ) {
            let lengths: Vec<u8> =
                pieces.iter().flat_map(|(length, times)| std::iter::repeat_n(*length, *times)).collect();
            let mut back = Vec::new();
            for run in runs(&lengths) {
                let (value, times) = match run.number {
                    REPEAT => (*back.last().unwrap(), run.extra + 3),
                    ZEROS => (0, run.extra + 3),
                    MANY_ZEROS => (0, run.extra + 11),
                    length => (length as u8, 1),
                };
                prop_assert!(run.extra < 1 << run.extra_bits);
                back.extend(std::iter::repeat_n(value, times.into()));
            }
            prop_assert_eq!(back, lengths);
        }
    }
}
