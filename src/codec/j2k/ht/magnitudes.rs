//! The samples of a line of quads from the stream of magnitudes and signs (T.814 §7.3.8).

use super::readers::ForwardPlain;
use super::samples::Sample;
use crate::simd;

/// A line of pairs of quads, and where its samples go.
pub(super) struct LineOf<'l, M> {
    pub magnitudes: &'l ForwardPlain,
    /// The first bit.
    pub position: usize,
    /// [`super::lookup::Quad::samples`].
    pub quads: &'l [[u16; 2]],
    /// The bits of the four samples of each quad, a byte each.
    pub lengths: &'l [[u32; 2]],
    /// The bits up to the end of each sample of its quad, a byte each.
    pub sums: &'l [[u32; 2]],
    /// A bound of the bits of a sample, at most 57.
    pub longest: u32,
    pub plane: u32,
    pub rows: [&'l mut [[M; 4]]; 2],
    /// The exponents of the lower row.
    pub exponents: &'l mut [[u8; 4]],
}

impl<M: Sample> LineOf<'_, M> {
    /// Decodes all pairs; returns the bit after them.
    #[inline(always)]
    pub(super) fn decode(mut self) -> usize {
        let plane = self.plane;
        for n in 0..self.quads.len() {
            let [a, b] = [self.quad(n, 0), self.quad(n, 1)];
            let sample = |(value, one): (u64, u64)| M::of(value, one, plane);
            let exponent = |(value, one): (u64, u64)| (u64::BITS - (value | one).leading_zeros()) as u8;
            self.rows[0][n] = [a[0], a[2], b[0], b[2]].map(sample);
            self.rows[1][n] = [a[1], a[3], b[1], b[3]].map(sample);
            self.exponents[n] = [a[1], a[3], b[1], b[3]].map(exponent);
        }
        self.position
    }

    /// Reads the samples of a quad: the magnitude less one above the sign, and 1 if the sample is significant.
    #[inline(always)]
    fn quad(&mut self, pair: usize, n: usize) -> [(u64, u64); 4] {
        let (quad, lengths, sums) =
            (u64::from(self.quads[pair][n]), self.lengths[pair][n], self.sums[pair][n]);
        let start = self.position;
        self.position += (sums >> 24) as usize;
        [0, 1, 2, 3].map(|n| {
            let byte = |bytes: u32| bytes >> (8 * n) & 0xFF;
            let bits = self.magnitudes.word(start + byte(sums << 8) as usize);
            let length = byte(lengths);
            (bits & !u64::MAX.wrapping_shl(length) | (quad >> (8 + n) & 1).wrapping_shl(length), quad >> n & 1)
        })
    }
}

impl LineOf<'_, u32> {
    /// As [`LineOf::decode`], with vectors if the processor has them.
    #[inline(always)]
    pub(super) fn decode_narrow(self) -> usize {
        if self.longest > simd::LONGEST {
            return self.decode();
        }
        let Self { magnitudes, position, quads, lengths, sums, plane, .. } = self;
        let [upper, lower] = self.rows;
        let rows = [&mut *upper, &mut *lower];
        let pairs =
            simd::Pairs { bits: magnitudes.bytes(), position, quads, lengths, sums, plane, rows, exponents: self.exponents };
        simd::decode_pairs(pairs)
    }
}
