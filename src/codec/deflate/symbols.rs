//! The alphabets of Deflate: literals with lengths, and distances (RFC 1951 §3.2.5). What a search finds, as symbols and their
//! frequencies.

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

/// The symbol of a length of 3 to 258 bytes.
#[inline]
pub(super) const fn length_symbol(length: usize) -> Symbol {
    LENGTHS[length]
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

#[cfg(test)]
mod tests {
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
}
