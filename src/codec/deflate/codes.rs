//! The alphabets of Deflate, literals with lengths and distances (RFC 1951 §3.2.5), the frequencies of their symbols in data, and
//! prefix codes for them.

/// Symbols of the first alphabet: literals, the end of a block and lengths.
pub(super) const LITERALS: usize = 286;

/// Symbols of the second alphabet: distances.
pub(super) const DISTANCES: usize = 30;

/// The end of a block.
pub(super) const END_OF_BLOCK: usize = 256;

/// Bytes of the longest match.
pub(super) const LONGEST_MATCH: usize = 258;

/// The farthest distance.
pub(super) const WINDOW: usize = 1 << 15;

/// The symbol of a length or distance, and the extra bits that select one of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol {
    pub(super) number: u16,
    pub(super) extra_bits: u8,
    pub(super) extra: u16,
}

/// Literals, then a match: `length` bytes that repeat those `distance` bytes before. A length of zero is not a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) literals: u32,
    pub(super) length: u16,
    pub(super) distance: u16,
}

/// The frequency of each symbol of a block.
pub(super) struct Frequencies {
    pub(super) literals: [u32; LITERALS],
    pub(super) distances: [u32; DISTANCES],
    /// Total extra bits of lengths and distances.
    pub(super) extra_bits: u64,
}

/// The code of a symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// The code; its first bit is the least significant.
    pub(super) bits: u16,
    /// The length in bits; zero for a symbol that does not occur.
    pub(super) length: u8,
}

/// The prefix code of `N` symbols: lengths from frequencies, and canonical codes from lengths (RFC 1951 §3.2.2).
#[derive(Debug, Clone)]
pub(super) struct PrefixCode<const N: usize>(pub(super) [Code; N]);

/// The symbol of a length of 3 to 258 bytes.
#[inline]
pub(super) const fn length_symbol(length: usize) -> Symbol {
    LENGTH_SYMBOLS[length]
}

/// The symbol of a distance of 1 to 32 768 bytes.
#[inline]
pub(super) fn distance_symbol(distance: usize) -> Symbol {
    let before = distance - 1;
    if before < 4 {
        return Symbol { number: before as u16, extra_bits: 0, extra: 0 };
    }
    let extra_bits = before.ilog2() - 1;
    let symbol = 2 * extra_bits as usize + (before >> extra_bits);
    Symbol { number: symbol as u16, extra_bits: extra_bits as u8, extra: (before & ((1 << extra_bits) - 1)) as u16 }
}

impl Frequencies {
    /// The frequencies of `data` as literals only.
    pub(super) fn of_literals(data: &[u8]) -> Self {
        let mut bytes = [0; 256];
        count_bytes(data, &mut bytes);
        Self::of_bytes(&bytes)
    }

    /// The frequencies of `data` divided into `sequences`.
    pub(super) fn of_sequences(data: &[u8], sequences: &[Sequence]) -> Self {
        let (mut bytes, mut at) = ([0; 256], 0);
        for sequence in sequences {
            count_bytes(&data[at..at + sequence.literals as usize], &mut bytes);
            at += sequence.literals as usize + usize::from(sequence.length);
        }
        let mut frequencies = Self::of_bytes(&bytes);
        for sequence in sequences.iter().filter(|sequence| sequence.length > 0) {
            frequencies.add_match(sequence.length.into(), sequence.distance.into());
        }
        frequencies
    }

    /// The frequency of each byte as a literal.
    pub(super) fn bytes(&self) -> &[u32; 256] {
        self.literals.first_chunk().expect("the first symbols are the bytes")
    }

    /// Replaces literals with a match.
    #[inline]
    pub(super) fn replace(&mut self, literals: &[u8], distance: usize) {
        for byte in literals {
            self.literals[usize::from(*byte)] -= 1;
        }
        self.add_match(literals.len(), distance);
    }

    fn of_bytes(bytes: &[u32; 256]) -> Self {
        let mut literals = [0; LITERALS];
        literals[..256].copy_from_slice(bytes);
        literals[END_OF_BLOCK] = 1;
        Self { literals, distances: [0; DISTANCES], extra_bits: 0 }
    }

    fn add_match(&mut self, length: usize, distance: usize) {
        let (length, distance) = (length_symbol(length), distance_symbol(distance));
        self.literals[usize::from(length.number)] += 1;
        self.distances[usize::from(distance.number)] += 1;
        self.extra_bits += u64::from(length.extra_bits + distance.extra_bits);
    }
}

/// Adds the frequency of each byte. Long data are counted in four tables, so equal neighbours do not wait for each other.
pub(super) fn count_bytes(data: &[u8], counts: &mut [u32; 256]) {
    if data.len() < 1024 {
        return data.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    }
    let mut tables = [[0u32; 256]; 4];
    let (eights, rest) = data.as_chunks::<8>();
    for eight in eights {
        for (i, byte) in eight.iter().enumerate() {
            tables[i % 4][usize::from(*byte)] += 1;
        }
    }
    for byte in rest {
        tables[0][usize::from(*byte)] += 1;
    }
    for (byte, count) in counts.iter_mut().enumerate() {
        *count += tables.iter().map(|table| table[byte]).sum::<u32>();
    }
}

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

const LENGTH_SYMBOLS: [Symbol; LONGEST_MATCH + 1] = {
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

/// Bits of the longest code in Deflate.
pub(super) const LONGEST: u8 = 15;

/// Number of possible lengths, including zero.
const LENGTHS: usize = LONGEST as usize + 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn symbols_are_those_of_the_standard() {
        let symbol = |(number, extra_bits, extra)| Symbol { number, extra_bits, extra };
        let short = [(3, (257, 0, 0)), (10, (264, 0, 0)), (11, (265, 1, 0)), (12, (265, 1, 1)), (18, (268, 1, 1))];
        let long = [(130, (280, 4, 15)), (131, (281, 5, 0)), (257, (284, 5, 30)), (258, (285, 0, 0))];
        for (length, expected) in short.into_iter().chain(long) {
            assert_eq!(length_symbol(length), symbol(expected), "{length}");
        }
        let distances = [(1, (0, 0, 0)), (4, (3, 0, 0)), (5, (4, 1, 0)), (6, (4, 1, 1)), (768, (18, 8, 255))];
        for (distance, expected) in distances.into_iter().chain([(32_768, (29, 13, 8191))]) {
            assert_eq!(distance_symbol(distance), symbol(expected), "{distance}");
        }
    }

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
