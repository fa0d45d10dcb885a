//! The cleanup pass (T.814 §7.3): quads of 2 × 2 samples, line of quads by line.
//!
//! The samples of a quad are numbered by columns: above, below, then those to the right. `E` is the exponent of a sample, the
//! bit length of twice its magnitude less one; `U` is the bound of the exponents of a quad, κ what the line above predicts of
//! it, and `u` what is sent. Samples outside of the block are zero.

use super::codewords::Codewords;
use super::line::{Line, NARROW, Quad};
use super::streams::{BackwardBits, ForwardBits, MelRuns, end_mel_and_vlc};
use crate::codec::j2k::part1::{BlockSamples, Coefficient};

/// Codes the cleanup pass of a block; keeps its buffers.
#[derive(Default)]
pub(super) struct Cleanup {
    magnitudes: ForwardBits,
    quads: BackwardBits,
    runs: MelRuns,
    line: Line,
}

impl Cleanup {
    /// Appends the segment of a block. `bits` is the bit length of the largest magnitude after its lowest `shift` bits are
    /// dropped, and not zero.
    #[inline(always)]
    pub(super) fn encode<T: Coefficient>(
        &mut self,
        block: &BlockSamples<'_, T>,
        shift: u32,
        bits: u32,
        out: &mut Vec<u8>,
    ) {
        let is_narrow = bits <= NARROW;
        self.magnitudes.restart();
        self.quads.restart_vlc();
        self.runs.restart();
        self.line.restart(block.width());
        for y in (0..block.height()).step_by(2) {
            self.line.fill(block, y, shift, is_narrow);
            self.line.classify(y == 0);
            if y == 0 {
                self.put_codewords::<true>();
            } else {
                self.put_codewords::<false>();
            }
            if is_narrow {
                self.line.put_narrow(&mut self.magnitudes);
            } else {
                self.line.put_wide(block, y, shift, &mut self.magnitudes);
            }
        }
        let magnitudes = self.magnitudes.end_with_ones();
        out.reserve_exact(magnitudes.len() + self.quads.length() + self.runs.length());
        out.extend_from_slice(magnitudes);
        end_mel_and_vlc(&mut self.runs, &mut self.quads, out);
    }

    /// Stores the codewords of a line of quads, their `u` and their events.
    #[inline(always)]
    fn put_codewords<const FIRST: bool>(&mut self) {
        let codewords = Codewords::of_line(FIRST);
        let count = self.line.count();
        let (quads, known) = self.line.quads();
        // Kept apart from its place, its state is in registers.
        let mut bits = std::mem::take(&mut self.quads);
        let pairs = quads.as_chunks().0.iter().zip(known.as_chunks_mut().0);
        for (n, ([left, right], known)) in pairs.enumerate() {
            if left.is_alone() {
                self.runs.event(left.rho() != 0);
            }
            if right.is_alone() && 2 * n + 1 < count {
                self.runs.event(right.rho() != 0);
            }
            let u = [left.u(), right.u()];
            if FIRST && u[0] > 0 && u[1] > 0 {
                self.runs.event(u[0].min(u[1]) > 2);
            }
            let [first, second] = [left, right].map(|quad: &Quad| codewords.quad(quad.index()));
            *known = [first.known(), second.known()].map(|known| known as u8);
            let length = first.length() + second.length();
            let (pair, pair_length) = codewords.pair(u);
            bits.put(first.bits() | second.bits() << first.length() | pair << length, length + pair_length);
        }
        self.quads = bits;
    }
}
