//! The alphabets of Deflate: literals with lengths, and distances (RFC 1951 §3.2.5).

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
