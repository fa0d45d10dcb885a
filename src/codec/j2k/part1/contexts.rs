//! Contexts (T.800 D.3.1 to D.3.3) of the 64 samples of a word, each bit of a context in a word of its own.

use super::Orientation;
use super::stripes::{BOTTOM, TOP, above, below, left, right};

/// Number of contexts.
pub(super) const COUNT: usize = 19;
/// The context of the run-length symbol (T.800 Table D.7).
pub(super) const RUN: u8 = 17;
/// The context of symbols of equal probability.
pub(super) const UNIFORM: u8 = 18;
/// The first context of refinement; the next is for samples with a significant neighbour, the one after for later planes.
pub(super) const REFINEMENT: u8 = 14;
/// The first context of signs.
pub(super) const SIGN: u8 = 9;

/// What is significant around the samples of a word when a pass reaches each of them.
pub(super) struct Neighbours {
    west: u64,
    east: u64,
    north: u64,
    south: u64,
    north_west: u64,
    north_east: u64,
    south_west: u64,
    south_east: u64,
}

/// What is significant before and after a pass, as planes.
#[derive(Clone, Copy)]
pub(super) struct Significance<'a> {
    pub before: &'a [u64],
    pub after: &'a [u64],
    pub stride: usize,
    /// Nothing in the stripe below counts (T.800 D.7).
    pub causal: bool,
}

impl Neighbours {
    /// The neighbours of the samples of word `at`. Those earlier in the scan have the state after the pass.
    #[inline(always)]
    pub(super) fn of(planes: Significance<'_>, at: usize) -> Self {
        let Significance { before, after, stride, causal } = planes;
        let south = if causal { 0 } else { u64::MAX };
        let (b, bs) = (&before[at - 1..at + 2], &before[at + stride - 1..at + stride + 2]);
        let (a, an) = (&after[at - 1..at + 2], &after[at - stride - 1..at - stride + 2]);
        Self {
            west: left(a[1], a[0]),
            east: right(b[1], b[2]),
            north: above(a[1], an[1]),
            south: below(b[1], bs[1] & south),
            north_west: left(above(a[1], an[1]), above(a[0], an[0])),
            north_east: right(above(b[1], an[1]), above(b[2], an[2])),
            south_west: left(below(a[1], bs[1] & south), below(a[0], bs[0] & south)),
            south_east: right(below(b[1], bs[1] & south), below(b[2], bs[2] & south)),
        }
    }

    /// Samples with a significant neighbour.
    #[inline(always)]
    pub(super) fn any(&self) -> u64 {
        self.north | self.south | self.outside_column()
    }

    /// Samples with a significant neighbour that is not in their column of the stripe.
    #[inline(always)]
    pub(super) fn outside(&self) -> u64 {
        self.north & TOP | self.south & BOTTOM | self.outside_column()
    }

    #[inline(always)]
    fn outside_column(&self) -> u64 {
        self.west | self.east | self.north_west | self.north_east | self.south_west | self.south_east
    }

    /// The zero-coding contexts 0 to 8 (T.800 Table D.1), the lowest bit first.
    #[inline(always)]
    pub(super) fn zero_coding(&self, orientation: Orientation) -> [u64; 4] {
        let diagonal = self.diagonal();
        match orientation {
            Orientation::LL | Orientation::LH => low_pass([self.west, self.east], [self.north, self.south], diagonal),
            Orientation::HL => low_pass([self.north, self.south], [self.west, self.east], diagonal),
            Orientation::HH => self.high_pass(diagonal),
        }
    }

    /// Where at least one, two and three diagonal neighbours are significant.
    #[inline(always)]
    fn diagonal(&self) -> [u64; 3] {
        let (one, both) = (self.north_west | self.north_east, self.north_west & self.north_east);
        let (other, others) = (self.south_west | self.south_east, self.south_west & self.south_east);
        [one | other, both | others | one & other, both & other | others & one]
    }

    #[inline(always)]
    fn high_pass(&self, [one, two, three]: [u64; 3]) -> [u64; 4] {
        let (horizontal, vertical) = (self.west | self.east, self.north | self.south);
        let side = horizontal | vertical;
        let sides = self.west & self.east | self.north & self.south | horizontal & vertical;
        // 8: three; 6 + min(sides, 1): two; 3 + min(sides, 2): one; min(sides, 2): none.
        let exactly_one = one & !two;
        let exactly_two = two & !three;
        [
            exactly_two & side | exactly_one & !(side & !sides) | side & !sides & !one,
            exactly_two | exactly_one & !side | sides & !one,
            exactly_two | exactly_one & side,
            three,
        ]
    }

    /// The sign contexts, less [`SIGN`], in three bits, and the samples whose sign the context exchanges (T.800 Tables D.2
    /// and D.3).
    #[inline(always)]
    pub(super) fn sign_coding(&self, negative: &[u64], at: usize, stride: usize) -> ([u64; 3], u64) {
        let n = &negative[at - 1..at + 2];
        let west = left(n[1], n[0]);
        let east = right(n[1], n[2]);
        let north = above(n[1], negative[at - stride]);
        let south = below(n[1], negative[at + stride]);
        let (h_positive, h_negative) = contribution([self.west, self.east], [west, east]);
        let (v_positive, v_negative) = contribution([self.north, self.south], [north, south]);
        let (horizontal, vertical) = (h_positive | h_negative, v_positive | v_negative);
        let same = h_positive & v_positive | h_negative & v_negative;
        // 4: the same; 3: horizontal only; 2: opposite; 1: vertical only.
        ([horizontal ^ vertical, horizontal & !same, same], h_negative | v_negative & !horizontal)
    }
}

/// The contexts of bands with a low-pass filter along `along`.
#[inline(always)]
fn low_pass(along: [u64; 2], across: [u64; 2], [one, two, _]: [u64; 3]) -> [u64; 4] {
    let (any, both) = (along[0] | along[1], along[0] & along[1]);
    let (side, sides) = (across[0] | across[1], across[0] & across[1]);
    let single = any & !both;
    // 8: both; 7, 6, 5: single with a side, a diagonal, neither; 4, 3: sides, a side; 2, 1: diagonals.
    [
        single & (side | !one) | !any & (side & !sides | !side & one & !two),
        single & (side | one) | !any & (side & !sides | !side & two),
        single | !any & sides,
        both,
    ]
}

/// Where two neighbours together are positive, and where they are negative (T.800 Table D.2).
#[inline(always)]
fn contribution(significant: [u64; 2], negative: [u64; 2]) -> (u64, u64) {
    let positive = [significant[0] & !negative[0], significant[1] & !negative[1]];
    let negative = [significant[0] & negative[0], significant[1] & negative[1]];
    (positive[0] & !negative[1] | positive[1] & !negative[0], negative[0] & !positive[1] | negative[1] & !positive[0])
}
