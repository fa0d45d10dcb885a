//! Codewords of quads and of pairs of `u` (T.814 Annex C and §7.3.6), in tables for the encoder.

use std::sync::LazyLock;

use super::rows::{FIRST, OTHER};

/// The codeword of a quad.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Codeword(u16);

impl Codeword {
    fn new(bits: u32, length: u32, known: u32) -> Self {
        Self((bits | length << 7 | known << 10) as u16)
    }

    /// The bits, the lowest first.
    #[inline(always)]
    pub(super) fn bits(self) -> u64 {
        u64::from(self.0 & 0x7F)
    }

    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        u32::from(self.0 >> 7 & 7)
    }

    /// `ε_k`: the samples whose highest bit the codeword tells.
    #[inline(always)]
    pub(super) fn known(self) -> u32 {
        u32::from(self.0 >> 10)
    }
}

/// The tables of the first line of quads, or of others.
#[derive(Clone, Copy)]
pub(super) struct Codewords {
    quads: &'static [Codeword; 2048],
    pairs: &'static [u32],
    is_first: bool,
}

impl Codewords {
    pub(super) fn of_line(is_first: bool) -> Self {
        let table = usize::from(!is_first);
        Self { quads: &CODEWORDS[table], pairs: &PAIRS[table], is_first }
    }

    /// The codeword of a quad by context, ρ and ε.
    #[inline(always)]
    pub(super) fn quad(self, index: usize) -> Codeword {
        self.quads[index % self.quads.len()]
    }

    /// The bits for the `u` of two quads, the lowest first, and their number.
    #[inline(always)]
    pub(super) fn pair(self, u: [u32; 2]) -> (u64, u32) {
        if u[0] <= LARGEST && u[1] <= LARGEST {
            let found = self.pairs[(u[0] * (LARGEST + 1) + u[1]) as usize];
            (u64::from(found & 0xFF_FFFF), found >> 24)
        } else {
            bits_of_pair(u, self.is_first)
        }
    }
}

/// The codewords by context, ρ and ε (0 if `u` is 0), for the first line of quads and for others.
pub(super) static CODEWORDS: LazyLock<[[Codeword; 2048]; 2]> = LazyLock::new(|| [table(&FIRST), table(&OTHER)]);

fn table(rows: &[u32]) -> [Codeword; 2048] {
    let mut table = [Codeword::default(); 2048];
    let mut known_bits = [0; 2048];
    for row in rows {
        let field = |shift: u32| row >> shift & 0xF;
        let (context, rho, offset, length) = (field(24), field(20), field(16) >> 3, field(16) & 7);
        let (known, ones, bits) = (field(12), field(8), row & 0xFF);
        for epsilon in 0..16 {
            let fits = if offset == 0 { epsilon == 0 } else { epsilon > 0 && epsilon & known == ones };
            let at = (context << 8 | rho << 4 | epsilon) as usize;
            // The row that tells most bits.
            if fits && epsilon & !rho == 0 && (table[at].length() == 0 || known.count_ones() > known_bits[at]) {
                table[at] = Codeword::new(bits, length, known);
                known_bits[at] = known.count_ones();
            }
        }
    }
    table
}

/// The largest `u` of the tables of pairs.
const LARGEST: u32 = 32;

/// The bits of a pair of `u`, each up to [`LARGEST`], the length above bit 24: for the first line and for others.
static PAIRS: LazyLock<[Vec<u32>; 2]> = LazyLock::new(|| {
    [true, false].map(|is_first| {
        let side = 0..=LARGEST;
        let all = side.clone().flat_map(|left| side.clone().map(move |right| [left, right]));
        all.map(|pair| bits_of_pair(pair, is_first)).map(|(bits, length)| bits as u32 | length << 24).collect()
    })
});

/// A prefix of `u` (T.814 Table 3).
#[derive(Clone, Copy)]
pub(super) struct Prefix {
    /// The bits, the lowest first, and their number.
    pub bits: u32,
    pub length: u32,
    /// Bits of the suffix.
    pub suffix: u32,
    /// The `u` whose suffix is zero.
    pub least: u32,
}

/// The prefixes by ascending `u`. No bits stand for 0.
pub(super) const PREFIXES: [Prefix; 4] = [
    Prefix { bits: 1, length: 1, suffix: 0, least: 1 },
    Prefix { bits: 2, length: 2, suffix: 0, least: 2 },
    Prefix { bits: 4, length: 3, suffix: 1, least: 3 },
    Prefix { bits: 0, length: 3, suffix: 5, least: 5 },
];

/// The least `u` that has an extension of four bits, in units of 4 beyond what the suffix states.
pub(super) const EXTENDED: u32 = 33;

/// Prefix, suffix and extension of a `u`, each with its number of bits.
fn parts(u: u32) -> [(u32, u32); 3] {
    let Some(prefix) = PREFIXES.iter().rev().find(|prefix| prefix.least <= u) else { return [(0, 0); 3] };
    let more = u.saturating_sub(EXTENDED);
    let extension = if u < EXTENDED { (0, 0) } else { (more / 4, 4) };
    [(prefix.bits, prefix.length), (u - prefix.least - more / 4 * 4, prefix.suffix), extension]
}

#[cold]
fn bits_of_pair([left, right]: [u32; 2], is_first: bool) -> (u64, u32) {
    let (mut bits, mut length) = (0, 0);
    let mut put = |(value, count): (u32, u32)| {
        bits |= u64::from(value) << length;
        length += count;
    };
    let are_two = is_first && left > 0 && right > 0;
    if are_two && left > 2 && right <= 2 {
        let [prefix, suffix, extension] = parts(left);
        [prefix, (right - 1, 1), suffix, extension].into_iter().for_each(put);
        return (bits, length);
    }
    let less = if are_two && left > 2 && right > 2 { 2 } else { 0 };
    for (left, right) in parts(left - less).into_iter().zip(parts(right - less)) {
        put(left);
        put(right);
    }
    (bits, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quad_has_a_codeword_and_none_begins_another() {
        for table in CODEWORDS.iter() {
            for context in 0..8usize {
                let mut seen: Vec<Codeword> = Vec::new();
                for rho in 0..16usize {
                    for epsilon in (0..16usize).filter(|epsilon| epsilon & !rho == 0) {
                        let found = table[context << 8 | rho << 4 | epsilon];
                        assert_eq!(found.length() == 0, context == 0 && rho == 0, "{context} {rho} {epsilon}");
                        if found.length() > 0 && !seen.contains(&found) {
                            seen.push(found);
                        }
                    }
                }
                let mut share = 0.0;
                for (n, one) in seen.iter().enumerate() {
                    share += (-f64::from(one.length())).exp2();
                    for other in &seen[..n] {
                        let mask = (1 << one.length().min(other.length())) - 1;
                        assert_ne!(one.bits() & mask, other.bits() & mask);
                    }
                }
                assert!(share <= 1.0);
            }
        }
    }

    #[test]
    fn pairs_share_what_both_have() {
        let pair = |u, is_first| Codewords::of_line(is_first).pair(u);
        assert_eq!(pair([0, 0], true), (0, 0));
        assert_eq!(pair([1, 2], false), (0b101, 3));
        // Both above 2 in the first line: two less. One of them: a bit in place of a prefix.
        assert_eq!(pair([3, 4], true), pair([1, 2], false));
        assert_eq!(pair([3, 2], true), (0b01100, 5));
        assert_eq!(pair([2, 3], true), pair([2, 3], false));
        assert_eq!(pair([40, 1], false).1, 3 + 1 + 5 + 4);
    }
}
