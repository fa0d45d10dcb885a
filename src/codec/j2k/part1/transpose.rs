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
    for (apart, mask) in [(1, 0x00FF_00FF_00FF_00FF), (2, 0x0000_FFFF_0000_FFFF), (4, 0x0000_0000_FFFF_FFFF)] {
        for low in (0..8).filter(|word| word & apart == 0) {
            let changed = (words[low] >> (8 * apart) ^ words[low + apart]) & mask;
            words[low + apart] ^= changed;
            words[low] ^= changed << (8 * apart);
        }
    }
}
