//! Codewords of quads and of pairs of `u`, in tables for the decoder: from the next bits of the VLC stream to what they stand for.

use super::codewords::{PREFIXES, Prefix};
use super::rows::{FIRST, OTHER};

/// What a codeword states of a quad.
///
/// The lowest six bits are the length of the codeword; bits 6 and 7 are set if `u` is not 0. Bits 8 to 10 are what the quad adds to
/// the context of its right neighbour. From bit 16 on, of four bits each, are ρ, `ε_k` and `ε_1`. So no field is shifted before the
/// next look-up, for which all others wait.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Quad(u32);

/// The place of the context in the index of a quad, and the bits of the longest codeword.
pub(super) const CONTEXT: u32 = 8;
const LONGEST: u32 = 7;

impl Quad {
    /// The quad of a codeword of the first line (0) or of others (1), in the context `context >> CONTEXT`. The lowest seven of
    /// `bits` begin with it.
    #[inline(always)]
    pub(super) fn find(table: usize, context: u32, bits: u64) -> Self {
        let table = &QUADS[table];
        table[context as usize & (table.len() - 1) | bits as usize & ((1 << LONGEST) - 1)]
    }

    /// The quad, or one without samples.
    #[inline(always)]
    pub(super) fn only_if(self, is_coded: bool) -> Self {
        // Not a choice, which the next look-up would wait for longer.
        Self(self.0 & 0u32.wrapping_sub(is_coded.into()))
    }

    /// A word whose lowest six bits are the number of bits of the codeword.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0
    }

    /// What the quad adds to the context of the one to its right, as [`Quad::find`] takes it.
    #[inline(always)]
    pub(super) fn context(self) -> u32 {
        self.0 & 7 << CONTEXT
    }

    /// The mode of a pair of this quad and the one to its right: which of them have a `u` that is not 0.
    #[inline(always)]
    pub(super) fn mode(self, right: Self) -> u32 {
        self.0 & Pair::LEFT | right.0 & Pair::RIGHT
    }

    /// ρ, the significant samples, in the lowest four bits; then `ε_k`, those whose highest bit the codeword states; then `ε_1`,
    /// these bits.
    #[inline(always)]
    pub(super) fn samples(self) -> u16 {
        (self.0 >> 16 & 0xFFF) as u16
    }
}

/// What the prefixes of a pair of quads state of their `u`.
///
/// The lowest six bits are the number of bits of prefixes and suffixes. In four bits each follow the lengths of the prefixes, of the first
/// and of the second suffix, and the `u` without their suffixes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pair(u32);

impl Pair {
    /// The left or the right quad has a `u` that is not 0.
    const LEFT: u32 = 1 << 6;
    const RIGHT: u32 = 2 << 6;

    /// Both quads have one.
    pub(super) const BOTH: u32 = Self::LEFT | Self::RIGHT;

    /// Both quads of a pair of the first line have a `u` above 2.
    pub(super) const LARGE: u32 = 4 << 6;

    /// The prefixes at the beginning of the lowest six of `bits`, in the first line (0) or in others (1). `mode` is [`Quad::mode`]
    /// or [`Pair::LARGE`].
    #[inline(always)]
    pub(super) fn find(table: usize, mode: u32, bits: u64) -> Self {
        let table = &PAIRS[table];
        table[mode as usize & (table.len() - 1) | bits as usize & 0x3F]
    }

    /// A word whose lowest six bits are the number of bits of prefixes and suffixes.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0
    }

    /// Both `u` from the bits of prefixes and suffixes.
    #[inline(always)]
    pub(super) fn values(self, bits: u64) -> (u32, u32) {
        let field = |at: u32| self.0 >> at & 0xF;
        let value = |bits: u64, length: u32| bits as u32 & ((1 << length) - 1);
        let bits = bits >> field(6);
        (field(18) + value(bits, field(10)), field(22) + value(bits >> field(10), field(14)))
    }
}

static QUADS: [[Quad; 2048]; 2] = [quads(&FIRST, true), quads(&OTHER, false)];

const fn quads(rows: &[u32], is_first: bool) -> [Quad; 2048] {
    let mut table = [Quad(0); 2048];
    let mut n = 0;
    while n < rows.len() {
        let row = rows[n];
        let (context, rho, has_u, length) = (row >> 24, row >> 20 & 0xF, row >> 19 & 1, row >> 16 & 7);
        let (known, ones, bits) = (row >> 12 & 0xF, row >> 8 & 0xF, row & 0x7F);
        let right = if is_first { rho >> 1 | rho & 1 } else { (rho >> 2 | rho >> 3) << 1 & 2 };
        let modes = has_u * Pair::BOTH;
        let quad = Quad(length | modes | right << CONTEXT | rho << 16 | known << 20 | ones << 24);
        let mut next = 0;
        while next < 1 << (LONGEST - length) {
            table[(context << CONTEXT | next << length | bits) as usize] = quad;
            next += 1;
        }
        n += 1;
    }
    table
}

static PAIRS: [[Pair; 512]; 2] = [pairs(true), pairs(false)];

const fn pairs(is_first: bool) -> [Pair; 512] {
    let mut table = [Pair(0); 512];
    let mut index = 0;
    while index < table.len() as u32 {
        let bits = index % Pair::LEFT;
        table[index as usize] = pair(index - bits, bits, is_first);
        index += 1;
    }
    table
}

const fn pair(mode: u32, bits: u32, is_first: bool) -> Pair {
    let (is_large, none) = (mode == Pair::LARGE, Prefix { bits: 0, length: 0, suffix: 0, least: 0 });
    let left = if is_large || mode & Pair::LEFT != 0 { prefix(bits) } else { none };
    let rest = bits >> left.length;
    let right = if is_first && mode == Pair::BOTH && left.least > 2 {
        // A bit in place of the prefix: not both are above 2.
        Prefix { bits: 0, length: 1, suffix: 0, least: 1 + (rest & 1) }
    } else if is_large || mode & Pair::RIGHT != 0 {
        prefix(rest)
    } else {
        none
    };
    let less = if is_large { 2 } else { 0 };
    let prefixes = left.length + right.length;
    let lengths = prefixes << 6 | left.suffix << 10 | right.suffix << 14;
    let all = prefixes + left.suffix + right.suffix;
    Pair(all | lengths | (left.least + less) << 18 | (right.least + less) << 22)
}

/// The prefix that bits begin with.
const fn prefix(bits: u32) -> Prefix {
    let mut n = 0;
    while bits & ((1 << PREFIXES[n].length) - 1) != PREFIXES[n].bits {
        n += 1;
    }
    PREFIXES[n]
}

#[cfg(test)]
mod tests {
    use super::super::codewords::{CODEWORDS, Codewords};
    use super::*;

    #[test]
    fn every_codeword_leads_back_to_its_quad() {
        for (table, codewords) in CODEWORDS.iter().enumerate() {
            for (index, codeword) in codewords.iter().enumerate().filter(|(_, codeword)| codeword.length() > 0) {
                let (context, rho, epsilon) = (index as u32 >> 8, index as u32 >> 4 & 0xF, index as u32 & 0xF);
                let bits = codeword.bits() | u64::MAX << codeword.length();
                let quad = Quad::find(table, context << CONTEXT, bits);
                let samples = rho | codeword.known() << 4 | (epsilon & codeword.known()) << 8;
                assert_eq!((quad.length() & 0x3F, u32::from(quad.samples())), (codeword.length(), samples));
                assert_eq!(quad.mode(quad) == Pair::BOTH, epsilon > 0);
            }
        }
    }

    #[test]
    fn every_pair_is_found_again() {
        for (table, is_first) in [true, false].into_iter().enumerate() {
            for u in (0..=32).flat_map(|left| (0..=32).map(move |right| [left, right])) {
                let (bits, length) = Codewords::of_line(is_first).pair(u);
                let is_large = is_first && u[0] > 2 && u[1] > 2;
                let mode = u32::from(u[0] > 0) * Pair::LEFT + u32::from(u[1] > 0) * Pair::RIGHT;
                let pair = Pair::find(table, if is_large { Pair::LARGE } else { mode }, bits);
                assert_eq!((pair.values(bits), pair.length() & 0x3F), (u.into(), length), "{is_first}");
            }
        }
    }
}
