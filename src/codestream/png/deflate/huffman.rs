//! Prefix codes: lengths from frequencies, canonical codes, and their description in a block's header
//! (RFC 1951 §3.2.2, §3.2.7).

/// A code of up to `N` symbols.
#[derive(Clone)]
pub(super) struct Code<const N: usize> {
    /// Bits of each symbol's code; zero for symbols that do not occur.
    pub(super) lengths: [u8; N],
    /// The code of each symbol, its first bit the least significant.
    pub(super) codes: [u16; N],
}

impl<const N: usize> Code<N> {
    /// The best code for `frequencies` with no code longer than `limit` bits (by the usual repair of an optimal code, which
    /// is within a hair of the optimum). At least two symbols get a code, as some decoders demand.
    pub(super) fn from_frequencies(frequencies: &[u32; N], limit: u8) -> Self {
        let mut sorted: Vec<(u32, u16)> =
            (0..N as u16).filter(|s| frequencies[*s as usize] > 0).map(|s| (frequencies[s as usize], s)).collect();
        for symbol in 0..2 {
            if sorted.len() < 2 && frequencies[symbol as usize] == 0 {
                sorted.push((1, symbol));
            }
        }
        sorted.sort_unstable();
        let counts = limited(&depths(&sorted), limit);
        let mut lengths = [0; N];
        // The rarest symbols come first and get the longest codes.
        let mut rest = sorted.iter();
        for bits in (1..=limit).rev() {
            for (_, symbol) in rest.by_ref().take(counts[bits as usize] as usize) {
                lengths[*symbol as usize] = bits;
            }
        }
        Self::from_lengths(lengths)
    }

    /// The canonical code of these lengths.
    pub(super) fn from_lengths(lengths: [u8; N]) -> Self {
        let mut next = [0u32; 17];
        let mut counts = [0u32; 16];
        lengths.iter().filter(|bits| **bits > 0).for_each(|bits| counts[*bits as usize] += 1);
        for bits in 1..16 {
            next[bits + 1] = (next[bits] + counts[bits]) << 1;
        }
        let mut codes = [0; N];
        for (code, bits) in codes.iter_mut().zip(lengths).filter(|(_, bits)| *bits > 0) {
            *code = (next[bits as usize] as u16).reverse_bits() >> (16 - bits);
            next[bits as usize] += 1;
        }
        Self { lengths, codes }
    }

    /// Bits that symbols of these frequencies take.
    pub(super) fn cost(&self, frequencies: &[u32; N]) -> u64 {
        self.lengths.iter().zip(frequencies).map(|(bits, n)| u64::from(*bits) * u64::from(*n)).sum()
    }
}

/// The number of symbols of each depth in an optimal tree, for frequencies in ascending order (Moffat and Katajainen).
fn depths(sorted: &[(u32, u16)]) -> Vec<u32> {
    let n = sorted.len();
    // The weights of inner nodes in the order in which they are made, which is ascending, then their parents.
    let mut inner: Vec<u64> = Vec::with_capacity(n);
    let mut parent = vec![0; n];
    let (mut leaf, mut node) = (0, 0);
    for made in 0..n - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            if leaf < n && (node >= made || u64::from(sorted[leaf].0) <= inner[node]) {
                weight += u64::from(sorted[leaf].0);
                leaf += 1;
            } else {
                weight += inner[node];
                parent[node] = made;
                node += 1;
            }
        }
        inner.push(weight);
    }
    // From the root down: the inner nodes of a depth decide how many nodes the next depth has; the rest are leaves.
    let mut depth = vec![0u32; n];
    for node in (0..n - 2).rev() {
        depth[node] = depth[parent[node]] + 1;
    }
    let deepest = depth[..n - 1].iter().max().map_or(1, |deepest| deepest + 1) as usize;
    let mut inner_at = vec![0u32; deepest + 1];
    depth[..n - 1].iter().for_each(|depth| inner_at[*depth as usize] += 1);
    let mut counts = vec![0; deepest + 1];
    for bits in 1..=deepest {
        counts[bits] = 2 * inner_at[bits - 1] - inner_at[bits];
    }
    counts
}

/// Moves symbols that lie deeper than `limit` up, and others down until the code is complete again.
fn limited(depths: &[u32], limit: u8) -> [u32; 16] {
    let limit = limit as usize;
    let mut counts = [0; 16];
    for (bits, count) in depths.iter().enumerate() {
        counts[bits.min(limit)] += count;
    }
    let full = 1u64 << limit;
    let mut used: u64 = (1..=limit).map(|bits| u64::from(counts[bits]) << (limit - bits)).sum();
    while used > full {
        // A leaf becomes an inner node with itself and one of the deepest leaves below, which frees one place.
        counts[limit] -= 1;
        if let Some(bits) = (1..limit).rev().find(|bits| counts[*bits] > 0) {
            counts[bits] -= 1;
            counts[bits + 1] += 2;
        }
        used -= 1;
    }
    counts
}

/// A run in the description of code lengths: symbol (0–18), extra bits and their number.
pub(super) type Run = (u8, u8, u8);

/// Describes code lengths by runs (RFC 1951 §3.2.7).
pub(super) fn runs(lengths: &[u8]) -> Vec<Run> {
    let mut out = Vec::with_capacity(lengths.len());
    let mut rest = lengths;
    while let [first, ..] = rest {
        let mut count = rest.iter().take_while(|bits| *bits == first).count();
        rest = &rest[count..];
        if *first > 0 {
            out.push((*first, 0, 0));
            count -= 1;
        }
        while count > 0 {
            let (take, run) = match (first, count) {
                (0, 11..) => (count.min(138), (18, count.min(138) as u8 - 11, 7)),
                (0, 3..) => (count, (17, count as u8 - 3, 3)),
                (1.., 3..) => (count.min(6), (16, count.min(6) as u8 - 3, 2)),
                _ => (1, (*first, 0, 0)),
            };
            out.push(run);
            count -= take;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kraft(lengths: &[u8]) -> u64 {
        lengths.iter().filter(|bits| **bits > 0).map(|bits| 1u64 << (15 - bits)).sum()
    }

    #[test]
    fn a_skewed_distribution_is_limited_and_complete() {
        let mut frequencies = [0u32; 40];
        let (mut a, mut b) = (1, 1);
        for frequency in &mut frequencies {
            *frequency = a;
            (a, b) = (b, a + b);
        }
        for limit in [7, 14] {
            let code = Code::from_frequencies(&frequencies, limit);
            assert_eq!(kraft(&code.lengths), 1 << 15);
            assert_eq!(code.lengths.iter().max(), Some(&limit));
            assert!(code.lengths.windows(2).all(|two| two[0] >= two[1]), "rarer symbols have longer codes");
        }
    }

    #[test]
    fn a_single_symbol_gets_a_complete_code() {
        let mut frequencies = [0u32; 30];
        assert_eq!(kraft(&Code::from_frequencies(&frequencies, 15).lengths), 1 << 15);
        frequencies[7] = 9;
        let code = Code::from_frequencies(&frequencies, 15);
        assert_eq!((code.lengths[0], code.lengths[7]), (1, 1));
    }

    proptest! {
        #[test]
        fn the_code_is_complete_and_not_longer_than_the_entropy_by_a_bit(
            frequencies in proptest::array::uniform32(0u32..1000)
        ) {
            let code = Code::from_frequencies(&frequencies, 14);
            prop_assert_eq!(kraft(&code.lengths), 1 << 15);
            let total: f64 = frequencies.iter().map(|n| f64::from(*n)).sum();
            let entropy: f64 =
                frequencies.iter().filter(|n| **n > 0).map(|n| f64::from(*n) * (total / f64::from(*n)).log2()).sum();
            prop_assert!(code.cost(&frequencies) as f64 <= entropy + total + 1.0);
        }

        #[test]
        fn runs_describe_the_lengths(lengths in proptest::collection::vec(prop_oneof![Just(0u8), Just(5), 0u8..15], 1..400)) {
            let mut out = Vec::new();
            for (symbol, extra, _) in runs(&lengths) {
                match symbol {
                    16 => out.extend(std::iter::repeat_n(*out.last().unwrap(), extra as usize + 3)),
                    17 => out.extend(std::iter::repeat_n(0, extra as usize + 3)),
                    18 => out.extend(std::iter::repeat_n(0, extra as usize + 11)),
                    _ => out.push(symbol),
                }
            }
            prop_assert_eq!(out, lengths);
        }
    }
}
