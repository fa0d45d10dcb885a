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
    /// The bounds of the exponents, at most 63.
    pub bounds: &'l [[u8; 2]],
    pub plane: u32,
    pub rows: [&'l mut [[M; 4]]; 2],
    /// The exponents of the lower row.
    pub exponents: &'l mut [[u8; 4]],
}

/// Four bytes of 1.
const EACH: u32 = 0x0101_0101;

impl<M: Sample> LineOf<'_, M> {
    /// Decodes all pairs; returns the bit after them.
    #[inline(always)]
    pub(super) fn decode(mut self) -> usize {
        for n in 0..self.quads.len() {
            self.pair(n);
        }
        self.position
    }

    /// Decodes a pair.
    #[inline(always)]
    fn pair(&mut self, n: usize) {
        let [quads, bounds] = [self.quads[n].map(u32::from), self.bounds[n].map(u32::from)];
        let [a, b] = [0, 1].map(|n| self.quad(quads[n], bounds[n]));
        let plane = self.plane;
        let sample = |(value, one): (u64, u64)| M::of(value, one, plane);
        let exponent = |(value, one): (u64, u64)| (u64::BITS - (value | one).leading_zeros()) as u8;
        self.rows[0][n] = [a[0], a[2], b[0], b[2]].map(sample);
        self.rows[1][n] = [a[1], a[3], b[1], b[3]].map(sample);
        self.exponents[n] = [a[1], a[3], b[1], b[3]].map(exponent);
    }

    /// Reads the samples of a quad: the magnitude less one above the sign, and 1 if the sample is significant.
    #[inline(always)]
    fn quad(&mut self, quad: u32, bound: u32) -> [(u64, u64); 4] {
        let significant = spread(quad & 0xF);
        let lengths = significant.wrapping_mul(bound).wrapping_sub(spread(quad >> 4 & 0xF));
        let before = lengths.wrapping_mul(EACH << 8);
        let start = self.position;
        self.position += (lengths.wrapping_mul(EACH) >> 24) as usize;
        [0, 1, 2, 3].map(|n| {
            let byte = |bytes: u32| bytes >> (8 * n) & 0xFF;
            let bits = self.magnitudes.word(start + byte(before) as usize);
            let length = byte(lengths);
            let value = bits & !u64::MAX.wrapping_shl(length) | u64::from(quad >> (8 + n) & 1).wrapping_shl(length);
            (value, byte(significant).into())
        })
    }
}

impl LineOf<'_, u32> {
    /// As [`LineOf::decode`], with vectors if the processor has them.
    #[inline(always)]
    pub(super) fn decode_narrow(mut self) -> usize {
        let mut done = 0;
        while done < self.quads.len() {
            let [upper, lower] = &mut self.rows;
            let pairs = simd::Pairs {
                bits: self.magnitudes.bytes(),
                position: self.position,
                quads: &self.quads[done..],
                bounds: &self.bounds[done..],
                plane: self.plane,
                rows: [&mut upper[done..], &mut lower[done..]],
                exponents: &mut self.exponents[done..],
            };
            let (narrow, position) = simd::narrow_pairs(pairs);
            (done, self.position) = (done + narrow, position);
            // One with longer samples, or all of them if there are no vectors.
            if done < self.quads.len() {
                self.pair(done);
                done += 1;
            }
        }
        self.position
    }
}

/// Four bits as four bytes of 0 or 1.
#[inline(always)]
fn spread(bits: u32) -> u32 {
    bits.wrapping_mul(0x0020_4081) & EACH
}
