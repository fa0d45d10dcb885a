//! Prefix codes: lengths from frequencies, and canonical codes from lengths (RFC 1951 §3.2.2).

/// The code of a symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// The code; its first bit is the least significant.
    pub(super) bits: u16,
    /// The length in bits; zero for a symbol that does not occur.
    pub(super) length: u8,
}

/// The codes of `N` symbols.
#[derive(Debug, Clone)]
pub(super) struct PrefixCode<const N: usize>(pub(super) [Code; N]);

impl<const N: usize> PrefixCode<N> {
    /// The best code for `frequencies` with at most `limit` bits per symbol (the usual repair of an optimal code, which is very
    /// near the optimum). At least two symbols get a code, as some decoders require.
    pub(super) fn from_frequencies(frequencies: &[u32; N], limit: u8) -> Self {
        // The symbol in the low bits breaks ties and reduces sorting to one comparison of words.
        let entry = |symbol: usize, frequency: u32| u64::from(frequency) << 16 | symbol as u64;
        let mut sorted: Vec<u64> = Vec::with_capacity(N);
        sorted.extend((0..N).filter(|s| frequencies[*s] > 0).map(|s| entry(s, frequencies[s])));
        for (symbol, frequency) in frequencies.iter().enumerate().take(2) {
            if sorted.len() < 2 && *frequency == 0 {
                sorted.push(entry(symbol, 1));
            }
        }
        sorted.sort_unstable();
        let counts = limited(&symbols_at_depths(&sorted), limit.into());
        // The rarest symbols come first and get the longest codes.
        let mut lengths = [0; N];
        let mut rarest = sorted.iter().map(|entry| (entry & 0xffff) as usize);
        for length in (1..=limit).rev() {
            for symbol in rarest.by_ref().take(counts[usize::from(length)] as usize) {
                lengths[symbol] = length;
            }
        }
        Self::from_lengths(&lengths)
    }

    /// The canonical code of these lengths.
    pub(super) fn from_lengths(lengths: &[u8; N]) -> Self {
        let mut counts = [0u32; LENGTHS];
        lengths.iter().filter(|length| **length > 0).for_each(|length| counts[usize::from(*length)] += 1);
        let mut next = [0u32; LENGTHS + 1];
        for length in 1..LENGTHS {
            next[length + 1] = (next[length] + counts[length]) << 1;
        }
        let mut codes = [Code::default(); N];
        for (code, length) in codes.iter_mut().zip(lengths).filter(|(_, length)| **length > 0) {
            let next = &mut next[usize::from(*length)];
            *code = Code { bits: (*next as u16).reverse_bits() >> (16 - length), length: *length };
            *next += 1;
        }
        Self(codes)
    }

    /// The length of each symbol's code in bits.
    pub(super) fn lengths(&self) -> [u8; N] {
        self.0.map(|code| code.length)
    }

    /// Bits that symbols with these frequencies take.
    pub(super) fn cost(&self, frequencies: &[u32; N]) -> u64 {
        self.0.iter().zip(frequencies).map(|(code, n)| u64::from(code.length) * u64::from(*n)).sum()
    }
}

/// Bits of the longest code in Deflate.
pub(super) const LONGEST: u8 = 15;

/// Number of possible lengths, including zero.
const LENGTHS: usize = LONGEST as usize + 1;

/// The number of symbols at each depth of an optimal tree, for entries in ascending order of their frequencies (Moffat and
/// Katajainen, "In-place calculation of minimum-redundancy codes", 1995).
fn symbols_at_depths(sorted: &[u64]) -> Vec<u32> {
    let frequency = |leaf: usize| sorted[leaf] >> 16;
    let n = sorted.len();
    // The weights of inner nodes in order of creation, which is ascending, and their parents.
    let mut inner: Vec<u64> = Vec::with_capacity(n);
    let mut parent = vec![0; n];
    let (mut leaf, mut node) = (0, 0);
    for made in 0..n - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            if leaf < n && (node >= made || frequency(leaf) <= inner[node]) {
                weight += frequency(leaf);
                leaf += 1;
            } else {
                weight += inner[node];
                parent[node] = made;
                node += 1;
            }
        }
        inner.push(weight);
    }
    // From the root down: the inner nodes of a depth determine the number of nodes of the next; the rest are leaves.
    let mut depth = vec![0u32; n];
    for node in (0..n - 2).rev() {
        depth[node] = depth[parent[node]] + 1;
    }
    let deepest = depth[..n - 1].iter().max().map_or(1, |deepest| deepest + 1) as usize;
    let mut inner_at = vec![0u32; deepest + 1];
    depth[..n - 1].iter().for_each(|depth| inner_at[*depth as usize] += 1);
    let mut counts = vec![0; deepest + 1];
    for depth in 1..=deepest {
        counts[depth] = 2 * inner_at[depth - 1] - inner_at[depth];
    }
    counts
}

/// Moves symbols deeper than `limit` up, and others down until the code is complete again.
fn limited(depths: &[u32], limit: usize) -> [u32; LENGTHS] {
    let mut counts = [0; LENGTHS];
    for (depth, count) in depths.iter().enumerate() {
        counts[depth.min(limit)] += count;
    }
    let full = 1u64 << limit;
    let used: u64 = (1..=limit).map(|length| u64::from(counts[length]) << (limit - length)).sum();
    for _ in full..used {
        // A leaf becomes an inner node above itself and one of the deepest leaves, which frees one place.
        let shorter = (1..limit).rev().find(|n| counts[*n] > 0).expect("not all codes are of the longest length");
        counts[shorter] -= 1;
        counts[shorter + 1] += 2;
        counts[limit] -= 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lengths of a complete, prefix-free code.
    fn lengths_of<const N: usize>(frequencies: &[u32; N], limit: u8) -> [u8; N] {
        let code = PrefixCode::from_frequencies(frequencies, limit);
        let lengths = code.lengths();
        let taken: u32 = lengths.iter().filter(|length| **length > 0).map(|length| 1 << (16 - length)).sum();
        assert_eq!(taken, 1 << 16, "{frequencies:?}");
        for (n, a) in code.0.iter().enumerate() {
            for b in code.0[..n].iter().filter(|b| a.length > 0 && b.length > 0) {
                let shorter = u32::from(a.length.min(b.length));
                assert_ne!(a.bits << (16 - shorter), b.bits << (16 - shorter), "one code begins another");
            }
        }
        lengths
    }

    #[test]
    fn frequent_symbols_get_short_codes() {
        assert_eq!(lengths_of(&[1, 0, 5, 2, 1], 14), [3, 0, 1, 2, 3]);
        assert_eq!(lengths_of(&[3; 8], 14), [3; 8]);
    }

    #[test]
    fn one_symbol_or_none_gets_a_partner() {
        assert_eq!(lengths_of(&[0, 0, 0], 15), [1, 1, 0]);
        assert_eq!(lengths_of(&[0, 0, 7], 15), [1, 0, 1]);
        assert_eq!(lengths_of(&[7, 0, 0], 15), [1, 1, 0]);
    }

    #[test]
    fn no_code_is_longer_than_allowed() {
        let mut fibonacci = [1u32; 40];
        for n in 2..40 {
            fibonacci[n] = fibonacci[n - 1] + fibonacci[n - 2];
        }
        for limit in [15, 14, 7, 6] {
            let lengths = lengths_of(&fibonacci, limit);
            assert_eq!(lengths[0], limit);
            assert!(lengths.is_sorted_by(|a, b| a >= b), "{lengths:?}");
        }
    }

    proptest! {
        #[test]
        fn the_code_is_not_longer_than_the_entropy_by_a_bit(frequencies in proptest::array::uniform32(0u32..1000)) {
            lengths_of(&frequencies, 14);
            let total: f64 = frequencies.iter().map(|n| f64::from(*n)).sum();
            let entropy: f64 =
                frequencies.iter().filter(|n| **n > 0).map(|n| f64::from(*n) * (total / f64::from(*n)).log2()).sum();
            let cost = PrefixCode::from_frequencies(&frequencies, 14).cost(&frequencies);
            prop_assert!(cost as f64 <= entropy + total + 1.0);
        }
    }
}
