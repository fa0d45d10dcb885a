//! The cleanup pass (T.814 §7.3): quads of 2 × 2 samples, line of quads by line.
//!
//! The samples of a quad are numbered by columns: above, below, then those to the right. `E` is the exponent of a sample, the
//! bit length of twice its magnitude less one; `U` is the bound of the exponents of a quad, κ what the line above predicts of
//! it, and `u` what is sent. Samples outside of the block are zero.

use super::codewords::{CODEWORDS, Codeword, pair};
use super::streams::{BackwardBits, ForwardBits, MelRuns, end_mel_and_vlc};
use crate::codec::j2k::part1::{BlockSamples, Coefficient};

/// Codes the cleanup pass of a block; keeps its buffers.
#[derive(Default)]
pub(super) struct Cleanup {
    magnitudes: ForwardBits,
    quads: BackwardBits,
    runs: MelRuns,
    line: Line,
    /// The exponents of the row above the line, with one column before it and at least two after it.
    above: Vec<u8>,
}

/// The samples of a line of quads, in the order of the quads.
#[derive(Default)]
struct Line {
    /// The sign, and above it the magnitude less one.
    values: Vec<u64>,
    exponents: Vec<u8>,
}

/// The lowest bit of each byte.
const EACH: u32 = 0x0101_0101;

impl Cleanup {
    /// Appends the segment of a block. At least one sample is not zero after its lowest `shift` bits are dropped.
    pub(super) fn encode<T: Coefficient>(&mut self, block: &BlockSamples<'_, T>, shift: u32, out: &mut Vec<u8>) {
        self.magnitudes.restart();
        self.quads.restart_vlc();
        self.runs.restart();
        self.above.clear();
        self.above.resize(block.width().next_multiple_of(2) + 4, 0);
        for y in (0..block.height()).step_by(2) {
            self.line.fill(block, y, shift);
            if y == 0 {
                self.line::<true>(block.width());
            } else {
                self.line::<false>(block.width());
            }
            for (x, exponents) in self.line.exponents.chunks_exact(2).take(block.width()).enumerate() {
                self.above[x + 1] = exponents[1];
            }
        }
        out.extend_from_slice(self.magnitudes.end_with_ones());
        end_mel_and_vlc(&mut self.runs, &mut self.quads, out);
    }

    /// Codes a line of quads.
    fn line<const FIRST: bool>(&mut self, width: usize) {
        let table = &CODEWORDS[usize::from(!FIRST)];
        let count = width.div_ceil(2);
        let mut left = 0;
        for first in (0..count).step_by(2) {
            let (mut u, mut bits, mut length) = ([0; 2], 0, 0);
            for (quad, u) in (first..count).zip(&mut u) {
                let (codeword, quad_u) = self.quad::<FIRST>(quad, &mut left, table);
                *u = quad_u;
                bits |= codeword.bits() << length;
                length += codeword.length();
            }
            self.quads.put(bits, length);
            if FIRST && u[0] > 0 && u[1] > 0 {
                self.runs.event(u[0].min(u[1]) > 2);
            }
            let (bits, length) = pair(u, FIRST);
            self.quads.put(bits, length);
        }
    }

    /// Codes a quad but for its `u`. `left` is ρ of the quad to the left.
    #[inline(always)]
    fn quad<const FIRST: bool>(&mut self, quad: usize, left: &mut u32, table: &[Codeword; 2048]) -> (Codeword, u32) {
        let exponents = u32::from_le_bytes(self.line.exponents[4 * quad..][..4].try_into().unwrap_or_default());
        let rho = packed((exponents + 0x7F * EACH) >> 7 & EACH);
        let (context, predicted) = if FIRST {
            (*left >> 1 | *left & 1, 1)
        } else {
            let above: [u8; 4] = self.above[2 * quad..][..4].try_into().unwrap_or_default();
            let [before, own, next, after] = above;
            let context = u32::from(before | own != 0) | u32::from(*left & 0b1100 != 0) << 1;
            let largest = before.max(own).max(next.max(after));
            let is_single = rho & rho.wrapping_sub(1) == 0;
            let predicted = if is_single { 1 } else { u32::from(largest.saturating_sub(1).max(1)) };
            (context | u32::from(next | after != 0) << 2, predicted)
        };
        *left = rho;
        if context == 0 {
            self.runs.event(rho != 0);
        }
        if rho == 0 {
            return (table[(context << 8) as usize], 0);
        }
        let [a, b, c, d] = exponents.to_le_bytes();
        let bound = predicted.max(u32::from(a.max(b).max(c.max(d))));
        let u = bound - predicted;
        let is_largest = (((exponents ^ (bound * EACH)) + 0x7F * EACH) >> 7 & EACH) ^ EACH;
        let epsilon = if u > 0 { packed(is_largest) } else { 0 };
        let codeword = table[(context << 8 | rho << 4 | epsilon) as usize];
        self.put_magnitudes(quad, rho, bound, codeword.known());
        (codeword, u)
    }

    #[inline(always)]
    fn put_magnitudes(&mut self, quad: usize, rho: u32, bound: u32, known: u32) {
        let values: [u64; 4] = self.line.values[4 * quad..][..4].try_into().unwrap_or_default();
        let length = |n: u32| (rho >> n & 1) * (bound - (known >> n & 1));
        if bound <= 8 {
            let (mut bits, mut all) = (0, 0);
            for (n, value) in (0..).zip(values) {
                let length = length(n);
                bits |= (value & ((1 << length) - 1)) << all;
                all += length;
            }
            self.magnitudes.put(bits, all);
        } else {
            for (n, value) in (0..).zip(values) {
                let length = length(n);
                let low = length.min(32);
                let value = value & ((1 << length) - 1);
                self.magnitudes.put(value & ((1 << low) - 1), low);
                self.magnitudes.put(value >> low, length - low);
            }
        }
    }
}

/// Four bytes of 0 or 1 as four bits.
#[inline(always)]
fn packed(bytes: u32) -> u32 {
    bytes.wrapping_mul(0x0102_0408) >> 24 & 0xF
}

impl Line {
    /// Takes two rows of a block, from row `y`.
    fn fill<T: Coefficient>(&mut self, block: &BlockSamples<'_, T>, y: usize, shift: u32) {
        let width = block.width();
        let length = 2 * width.next_multiple_of(2);
        self.values.clear();
        self.values.resize(length, 0);
        self.exponents.clear();
        self.exponents.resize(length, 0);
        for (below, row) in (0..2).zip(y..block.height()) {
            let places = self.values.iter_mut().skip(below).step_by(2);
            let places = places.zip(self.exponents.iter_mut().skip(below).step_by(2));
            for (sample, (value, exponent)) in block.row(row).iter().zip(places) {
                let magnitude = sample.magnitude() >> shift;
                let above_sign = magnitude.wrapping_sub(1) << 1;
                *value = above_sign | u64::from(sample.is_negative());
                let length = u64::BITS - (above_sign | 1).leading_zeros();
                *exponent = if magnitude == 0 { 0 } else { length as u8 };
            }
        }
    }
}
