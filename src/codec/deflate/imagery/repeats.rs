//! The bytes of a segment that repeat those at one distance before.

use std::ops::Range;

use crate::codec::deflate::codes::LONGEST_MATCH;
use crate::simd;

/// The bytes of a segment that repeat those at one distance before: one bit per byte, then two words of zeros.
#[derive(Default)]
pub(super) struct Repeats(Vec<u64>);

impl Repeats {
    pub(super) fn find(&mut self, bytes: &[u8], range: Range<usize>, distance: usize) {
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

    /// The bytes of a word at which at least [`SHORTEST`] repeated bytes begin.
    #[inline]
    pub(super) fn starts(&self, word: usize) -> u64 {
        let pairs = |bits: u64, next: u64| bits & (bits >> 1 | next << 63);
        let [this, next, after] = [self.0[word], self.0[word + 1], 0];
        let (this, next) = (pairs(this, next), pairs(next, after));
        this & (this >> 2 | next << 62)
    }

    /// The number of repeated bytes from byte `at` of the segment.
    #[inline]
    pub(super) fn length(&self, at: usize) -> usize {
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

/// Bytes per word of [`Repeats`].
pub(super) const STEP: usize = u64::BITS as usize;

/// Bytes of the shortest match. Deflate also has matches of three bytes, which rarely pay.
pub(super) const SHORTEST: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

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
