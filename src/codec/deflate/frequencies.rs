//! The frequencies of a block's symbols.

use super::sequence::Sequence;
use super::symbols::{DISTANCES, END_OF_BLOCK, LITERALS, distance_symbol, length_symbol};

/// The frequency of each symbol of a block.
pub(super) struct Frequencies {
    pub(super) literals: [u32; LITERALS],
    pub(super) distances: [u32; DISTANCES],
    /// Total extra bits of lengths and distances.
    pub(super) extra_bits: u64,
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
