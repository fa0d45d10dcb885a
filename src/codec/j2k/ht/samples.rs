//! The samples of a block while its passes are decoded.

use crate::codec::j2k::part1::Magnitude;
use crate::simd::{self, Pairs};

/// A sample: twice its magnitude, as [`Magnitude`] describes it, and its sign in the highest bit.
pub(crate) trait Sample: Magnitude {
    /// The most planes.
    const MOST: u32 = Self::PLANES - 1;

    /// A sample from the magnitude less one, in units of a plane, above the sign. `one` is 1; if it is 0, as is the value, the
    /// sample is 0.
    fn of(value: u64, one: u64, plane: u32) -> Self;

    /// The same magnitude below zero if `is_negative` is 1.
    #[must_use]
    fn with_sign(self, is_negative: u64) -> Self;

    /// True for 0.
    fn is_zero(self) -> bool;

    /// Twice the magnitude, and whether the sample is below zero.
    fn parts(self) -> (Self, bool);

    /// Decodes a line of quads, whose samples have at most `longest` bits; returns the bit after it.
    fn decode(line: Pairs<'_, Self>, longest: u32) -> usize;
}

macro_rules! sample {
    ($($kind:ty: $decode:ident)*) => {$(
        impl Sample for $kind {
            #[inline(always)]
            fn of(value: u64, one: u64, plane: u32) -> Self {
                let (value, one) = (value as Self, one as Self);
                let double = (value | one).wrapping_add(2 * one);
                double << plane | value << Self::PLANES
            }

            #[inline(always)]
            fn with_sign(self, is_negative: u64) -> Self {
                self | (is_negative as Self) << Self::PLANES
            }

            #[inline(always)]
            fn is_zero(self) -> bool {
                self == 0
            }

            #[inline(always)]
            fn parts(self) -> (Self, bool) {
                (self & (Self::MAX >> 1), self >> Self::PLANES == 1)
            }

            #[inline(always)]
            fn decode(line: Pairs<'_, Self>, longest: u32) -> usize {
                $decode(line, longest)
            }
        }
    )*};
}

sample! { u32: decode_narrow u64: decode }

#[inline(always)]
fn decode<M: Sample>(line: Pairs<'_, M>, _: u32) -> usize {
    let plane = line.plane;
    simd::decode_pairs_plain(line, |value, one| M::of(value, one, plane))
}

#[inline(always)]
fn decode_narrow(line: Pairs<'_, u32>, longest: u32) -> usize {
    if longest > simd::LONGEST {
        return decode(line, longest);
    }
    let plane = line.plane;
    simd::decode_pairs(line, |value, one| u32::of(value, one, plane))
}

/// The samples of a block, row by row. Rows are as long as pairs of quads, and there are as many as quads have: what is beyond the
/// block has no meaning.
#[derive(Default)]
pub(super) struct Samples<M> {
    values: Vec<M>,
    width: usize,
    height: usize,
    stride: usize,
}

/// Columns of a pair of quads, and of a group of a refinement pass.
const GROUP: usize = 4;

impl<M: Sample> Samples<M> {
    /// Sets the size. The values are those of any block.
    pub(super) fn resize(&mut self, width: usize, height: usize) {
        self.stride = width.next_multiple_of(GROUP);
        (self.width, self.height) = (width, height);
        self.values.resize(self.stride * height.next_multiple_of(2), M::default());
    }

    /// Sets all samples to 0.
    pub(super) fn clear(&mut self) {
        self.values.fill(M::default());
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Quads in a line.
    pub(super) fn quads(&self) -> usize {
        self.width.div_ceil(2)
    }

    /// The two rows of each line of quads.
    pub(super) fn lines(&mut self) -> impl Iterator<Item = [&mut [M]; 2]> {
        let stride = self.stride;
        self.values.chunks_exact_mut(2 * stride).map(move |rows| rows.split_at_mut(stride).into())
    }

    /// A row in groups of four samples.
    pub(super) fn groups(&self, y: usize) -> &[[M; GROUP]] {
        self.values[y * self.stride..][..self.stride].as_chunks().0
    }

    /// The samples of a row of the block.
    pub(super) fn row(&self, y: usize) -> &[M] {
        &self.values[y * self.stride..][..self.width]
    }

    /// A sample.
    #[inline(always)]
    pub(super) fn at(&mut self, x: usize, y: usize) -> &mut M {
        &mut self.values[y * self.stride + x]
    }
}
