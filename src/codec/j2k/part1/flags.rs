//! What a decoder knows of the samples of a block (T.800 D.3), in one word for each column of a stripe.
//!
//! A word has the significance of its four samples and of all their neighbours: three columns of six rows, row by row. So the
//! contexts of a sample come from one word. The other bits are the signs of the column's six samples.

use super::Orientation;
use super::contexts::SIGN;

/// Bits from a row of a column to the next.
pub(super) const ROW: u32 = 3;
/// Significance of the first sample. The neighbours are in the bits before and after.
const OWN: u32 = 4;
/// The sign of the first sample.
const NEGATIVE: u32 = 19;
/// The sign of the sample above the stripe.
const NEGATIVE_ABOVE: u32 = 18;

/// The words of a block, with a border on every side.
#[derive(Default)]
pub(super) struct Flags {
    words: Vec<u32>,
    /// Words from stripe to stripe.
    stride: usize,
    /// Nothing in the stripe below counts (T.800 D.7).
    causal: bool,
}

impl Flags {
    /// Begins a block of `width` columns.
    pub(super) fn start(&mut self, width: usize, stripes: usize, causal: bool) {
        self.stride = width + 2;
        self.causal = causal;
        self.words.clear();
        self.words.resize(self.stride * (stripes + 2), 0);
    }

    /// The place of the first column of a stripe.
    #[inline(always)]
    pub(super) fn first(&self, stripe: usize) -> usize {
        (stripe + 1) * self.stride + 1
    }

    /// A word.
    #[inline(always)]
    pub(super) fn get(&self, at: usize) -> u32 {
        self.words[at]
    }

    /// The words of the columns of a stripe.
    #[inline(always)]
    pub(super) fn stripe(&self, stripe: usize) -> &[u32] {
        &self.words[self.first(stripe)..][..self.stride - 2]
    }

    /// The context of a sign (T.800 Tables D.2 and D.3), and 1 if it exchanges the sign.
    #[inline(always)]
    pub(super) fn sign(&self, at: usize, row: u32) -> (u8, u32) {
        let word = self.words[at];
        let significant = word >> row & 0b010_101_010;
        let north = if row == 0 { word >> NEGATIVE_ABOVE } else { word >> (NEGATIVE + row - ROW) };
        let south = word >> (NEGATIVE + row + ROW);
        let side = |word: u32| word >> (NEGATIVE + row);
        let west_east = (side(self.words[at - 1]) & 1) << 2 | (side(self.words[at + 1]) & 1) << 4;
        let index = significant | north & 1 | west_east | (south & 1) << 6;
        let entry = SIGNS[index as usize & 0xFF];
        (entry & 0x7F, u32::from(entry >> 7))
    }

    /// Makes a sample significant, also for its neighbours.
    #[inline(always)]
    pub(super) fn add(&mut self, at: usize, row: u32, negative: u32) {
        self.words[at] |= (1 << OWN | negative << NEGATIVE) << row;
        self.words[at - 1] |= 1 << (OWN + 1) << row;
        self.words[at + 1] |= 1 << (OWN - 1) << row;
        if row == 0 && !self.causal {
            let above = at - self.stride;
            self.words[above - 1] |= 1 << 17;
            self.words[above] |= 1 << 16 | negative << (NEGATIVE + 4 * ROW);
            self.words[above + 1] |= 1 << 15;
        }
        if row == 3 * ROW {
            let below = at + self.stride;
            self.words[below - 1] |= 1 << 2;
            self.words[below] |= 1 << 1 | negative << NEGATIVE_ABOVE;
            self.words[below + 1] |= 1;
        }
    }
}

/// 1 if the sample is negative.
#[inline(always)]
pub(super) fn is_negative(word: u32, row: u32) -> u32 {
    word >> (NEGATIVE + row) & 1
}

/// The contexts of zero coding (T.800 Table D.1) in a band.
pub(super) fn zero_contexts(orientation: Orientation) -> &'static [u8; 512] {
    match orientation {
        Orientation::LL | Orientation::LH => &ZERO[0],
        Orientation::HL => &ZERO[1],
        Orientation::HH => &ZERO[2],
    }
}

/// The context in which a sample of a word is coded.
#[inline(always)]
pub(super) fn zero_context(contexts: &[u8; 512], word: u32, row: u32) -> u8 {
    contexts[(word >> row) as usize & 0o777]
}

/// The contexts of zero coding for LL and LH, HL, and HH, by the significance of three rows of three samples.
static ZERO: [[u8; 512]; 3] = {
    let mut all = [[0; 512]; 3];
    let mut index = 0;
    while index < 512 {
        let horizontal = (index >> 3 & 1) + (index >> 5 & 1);
        let vertical = (index >> 1 & 1) + (index >> 7 & 1);
        let diagonal = (index & 1) + (index >> 2 & 1) + (index >> 6 & 1) + (index >> 8 & 1);
        all[0][index] = low_pass(horizontal, vertical, diagonal);
        all[1][index] = low_pass(vertical, horizontal, diagonal);
        all[2][index] = high_pass(horizontal + vertical, diagonal);
        index += 1;
    }
    all
};

const fn low_pass(along: usize, across: usize, diagonal: usize) -> u8 {
    match (along, across, diagonal) {
        (2, _, _) => 8,
        (1, 1.., _) => 7,
        (1, 0, 1..) => 6,
        (1, 0, 0) => 5,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 2..) => 2,
        (_, _, 1) => 1,
        _ => 0,
    }
}

const fn high_pass(side: usize, diagonal: usize) -> u8 {
    match (diagonal, side) {
        (3.., _) => 8,
        (2, 1..) => 7,
        (2, 0) => 6,
        (1, 2..) => 5,
        (1, 1) => 4,
        (1, 0) => 3,
        (_, 2..) => 2,
        (_, 1) => 1,
        _ => 0,
    }
}

/// The contexts of signs, with 128 if the sign is exchanged. The odd bits of the index are the significance of the samples
/// above, to the left, to the right and below; the bit before each is its sign.
static SIGNS: [u8; 256] = {
    let mut all = [0; 256];
    let mut index = 0;
    while index < 256 {
        let horizontal = clamped(sign(index, 2) + sign(index, 4));
        let vertical = clamped(sign(index, 0) + sign(index, 6));
        let (context, exchanged) = match (horizontal, vertical) {
            (1, 1) => (4, 0),
            (1, 0) => (3, 0),
            (1, _) => (2, 0),
            (0, 1) => (1, 0),
            (0, 0) => (0, 0),
            (0, _) => (1, 0x80),
            (_, 1) => (2, 0x80),
            (_, 0) => (3, 0x80),
            _ => (4, 0x80),
        };
        all[index] = (SIGN + context) | exchanged;
        index += 1;
    }
    all
};

const fn sign(index: usize, at: usize) -> i32 {
    match index >> at & 3 {
        2 => 1,
        3 => -1,
        _ => 0,
    }
}

const fn clamped(sum: i32) -> i32 {
    if sum > 1 {
        1
    } else if sum < -1 {
        -1
    } else {
        sum
    }
}
