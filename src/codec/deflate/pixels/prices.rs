//! The prices of symbols: the lengths of their codes in the previous block, which differs little from the next.

use crate::codec::deflate::block::Codes;
use crate::codec::deflate::prefix_code::PrefixCode;
use crate::codec::deflate::symbols::{DISTANCES, LITERALS, distance_symbol, length_symbol};

/// The price of every symbol in bits.
pub(super) struct Prices {
    literal: [u8; 256],
    length: [u8; LITERALS - 257],
    distance: [u8; DISTANCES],
}

impl Prices {
    /// The prices before the first block: code lengths of bytes with these frequencies, and typical ones for repetitions.
    pub(super) fn guess(frequencies: &[u32; 256]) -> Self {
        let lengths = PrefixCode::from_frequencies(frequencies, UNUSED_LITERAL).lengths();
        Self { literal: lengths.map(used_literal), length: [7; LITERALS - 257], distance: [6; DISTANCES] }
    }

    /// The prices of a block with these codes.
    pub(super) fn of(codes: &Codes) -> Self {
        let literal = codes.literal.lengths();
        Self {
            literal: std::array::from_fn(|i| used_literal(literal[i])),
            length: std::array::from_fn(|i| used(literal[257 + i], UNUSED_LENGTH)),
            distance: codes.distance.lengths().map(|bits| used(bits, UNUSED_DISTANCE)),
        }
    }

    /// Bits saved if `repeated` is coded as a repetition at `distance`; negative if that costs more than its literals.
    #[inline]
    pub(super) fn gain(&self, repeated: &[u8], distance: usize) -> i32 {
        let length = length_symbol(repeated.len());
        let distance = distance_symbol(distance);
        let codes = self.length[usize::from(length.number) - 257] + self.distance[usize::from(distance.number)];
        let price = u32::from(codes + length.extra_bits + distance.extra_bits);
        // Long repetitions pay whatever their bytes cost, so the price of later bytes is not looked up.
        let (first, rest) = repeated.split_at(repeated.len().min(LOOKED_AT));
        let saved = first.iter().map(|byte| u32::from(self.literal[*byte as usize])).sum::<u32>() + rest.len() as u32;
        saved as i32 - price as i32
    }
}

fn used_literal(bits: u8) -> u8 {
    used(bits, UNUSED_LITERAL)
}

fn used(bits: u8, otherwise: u8) -> u8 {
    if bits == 0 { otherwise } else { bits }
}

/// Prices of symbols that the previous block did not use.
const UNUSED_LITERAL: u8 = 12;
const UNUSED_LENGTH: u8 = 11;
const UNUSED_DISTANCE: u8 = 9;

/// Bytes of a repetition whose price is looked up.
const LOOKED_AT: usize = 16;
