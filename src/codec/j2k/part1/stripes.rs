//! The scan of a code-block (T.800 D.1) in words: stripes of four rows, cut into words of 16 columns.
//!
//! Bit 4·column + row of a word is a sample, so the bits of a stripe's words, least significant first, are in scan order. A
//! plane of a block is a row of such words, stripe after stripe, with a zero word after each stripe and a zero stripe at
//! both ends. So the neighbours of every word exist.

/// The first row of each column.
pub(super) const TOP: u64 = 0x1111_1111_1111_1111;
/// The fourth row of each column.
pub(super) const BOTTOM: u64 = TOP << 3;
/// Columns in a word.
pub(super) const COLUMNS: usize = 16;
/// Rows in a stripe.
pub(super) const ROWS: usize = 4;

/// Where the words of a block are.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stripes {
    /// Samples in a row.
    pub width: usize,
    /// Rows of samples.
    pub height: usize,
    /// The distance from a word to the one below.
    pub stride: usize,
}

impl Stripes {
    /// The words of a block of `width` × `height` samples.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, stride: width.div_ceil(COLUMNS) + 1 }
    }

    /// Number of stripes.
    pub(super) fn count(self) -> usize {
        self.height.div_ceil(ROWS)
    }

    /// Number of words of a stripe.
    pub(super) fn across(self) -> usize {
        self.stride - 1
    }

    /// The index of the first word of a stripe.
    pub(super) fn first(self, stripe: usize) -> usize {
        (stripe + 1) * self.stride + 1
    }

    /// Number of words of a plane, with the zero words around it.
    pub(super) fn length(self) -> usize {
        self.first(self.count()) + self.stride
    }

    /// The indices of the words with samples, in scan order.
    pub(super) fn words(self) -> impl Iterator<Item = usize> {
        (0..self.count()).flat_map(move |stripe| self.first(stripe)..self.first(stripe) + self.across())
    }

    /// The bits of a word that stand for samples of the block.
    pub(super) fn inside(self, stripe: usize, word: usize) -> u64 {
        let columns = (self.width - word * COLUMNS).min(COLUMNS);
        let rows = (self.height - stripe * ROWS).min(ROWS);
        let column = (1 << rows) - 1;
        (TOP * column) & (u64::MAX >> (64 - ROWS * columns))
    }
}

/// For each sample the one above; `north` is the word of the stripe above.
#[inline(always)]
pub(super) fn above(word: u64, north: u64) -> u64 {
    word << 1 & !TOP | north >> 3 & TOP
}

/// For each sample the one below; `south` is the word of the stripe below.
#[inline(always)]
pub(super) fn below(word: u64, south: u64) -> u64 {
    word >> 1 & !BOTTOM | south << 3 & BOTTOM
}

/// For each sample the one to its left; `west` is the word before.
#[inline(always)]
pub(super) fn left(word: u64, west: u64) -> u64 {
    word << 4 | west >> 60
}

/// For each sample the one to its right; `east` is the word after.
#[inline(always)]
pub(super) fn right(word: u64, east: u64) -> u64 {
    word >> 4 | east << 60
}
