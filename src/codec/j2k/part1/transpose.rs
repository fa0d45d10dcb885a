//! Transposition of bits and bytes in words.

/// Exchanges bit j of byte i and bit i of byte j.
#[inline(always)]
pub(super) fn transpose_bits(mut word: u64) -> u64 {
    for (distance, mask) in [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0)] {
        let changed = (word ^ word >> distance) & mask;
        word ^= changed ^ changed << distance;
    }
    word
}

/// Exchanges byte j of word i and byte i of word j.
#[inline(always)]
pub(super) fn transpose_bytes(words: &mut [u64; 8]) {
    for low in [0, 2, 4, 6] {
        exchange::<1>(words, low, 0x00FF_00FF_00FF_00FF);
    }
    for low in [0, 1, 4, 5] {
        exchange::<2>(words, low, 0x0000_FFFF_0000_FFFF);
    }
    for low in [0, 1, 2, 3] {
        exchange::<4>(words, low, 0x0000_0000_FFFF_FFFF);
    }
}

/// Exchanges bytes of two words: the upper ones of each `APART` of the first, and the lower ones of the second.
#[inline(always)]
fn exchange<const APART: usize>(words: &mut [u64; 8], low: usize, mask: u64) {
    let changed = (words[low] >> (8 * APART) ^ words[low + APART]) & mask;
    words[low + APART] ^= changed;
    words[low] ^= changed << (8 * APART);
}
