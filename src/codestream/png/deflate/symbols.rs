//! The symbols of lengths and distances (RFC 1951 §3.2.5) and the codes of blocks without a description (§3.2.6).

use super::huffman::Code;

/// Literals, end of block and lengths.
pub(super) const LITERALS: usize = 286;

/// Distances.
pub(super) const DISTANCES: usize = 30;

/// The symbol at the end of a block.
pub(super) const END_OF_BLOCK: usize = 256;

/// Symbol, extra bits and their number of a length.
#[inline]
pub(super) fn length_symbol(length: u16) -> (usize, u16, u32) {
    match length {
        258 => (285, 0, 0),
        3..=10 => (254 + length as usize, 0, 0),
        _ => {
            let rest = length - 3;
            let bits = rest.ilog2() - 2;
            (257 + 4 * bits as usize + (rest >> bits) as usize, rest & ((1 << bits) - 1), bits)
        }
    }
}

/// Symbol, extra bits and their number of a distance.
#[inline]
pub(super) fn distance_symbol(distance: u16) -> (usize, u16, u32) {
    let rest = distance - 1;
    if rest < 4 {
        return (rest as usize, 0, 0);
    }
    let bits = rest.ilog2() - 1;
    (2 * bits as usize + (rest >> bits) as usize, rest & ((1 << bits) - 1), bits)
}

/// The codes of blocks without a description.
pub(super) fn fixed() -> (Code<LITERALS>, Code<DISTANCES>) {
    // Two symbols that never occur belong to the code of literals.
    let lengths: [u8; 288] = std::array::from_fn(|i| match i {
        0..=143 | 280..=287 => 8,
        144..=255 => 9,
        _ => 7,
    });
    let all = Code::from_lengths(lengths);
    let literal =
        Code { lengths: std::array::from_fn(|i| all.lengths[i]), codes: std::array::from_fn(|i| all.codes[i]) };
    (literal, Code::from_lengths([5; DISTANCES]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_those_of_the_standard() {
        assert_eq!(length_symbol(3), (257, 0, 0));
        assert_eq!(length_symbol(10), (264, 0, 0));
        assert_eq!(length_symbol(11), (265, 0, 1));
        assert_eq!(length_symbol(18), (268, 1, 1));
        assert_eq!(length_symbol(130), (280, 15, 4));
        assert_eq!(length_symbol(257), (284, 30, 5));
        assert_eq!(length_symbol(258), (285, 0, 0));
        assert_eq!(distance_symbol(1), (0, 0, 0));
        assert_eq!(distance_symbol(6), (4, 1, 1));
        assert_eq!(distance_symbol(32_768), (29, 8191, 13));
    }
}
