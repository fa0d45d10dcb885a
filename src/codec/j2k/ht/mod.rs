//! The block coder of Part 15 (ITU-T T.814): a cleanup pass, and below it one pass of propagation and one of refinement.
//!
//! `cleanup`, with `line`, and `refinement` go through the samples; `codewords` (from the table in `rows`) and `streams` make bits of what they
//! find. In reverse: `readers` and `lookup`, `cleanup_decoder` and `refinement_decoder`; `block_decoder` runs them.

mod block_decoder;
mod cleanup;
mod cleanup_decoder;
mod codewords;
mod line;
mod lookup;
mod readers;
mod refinement;
mod refinement_decoder;
mod rows;
mod samples;
mod streams;

pub(crate) use self::block_decoder::{HtDecoder, HtShape};
use self::cleanup::Cleanup;
use self::refinement::Refinement;
pub(crate) use self::samples::Sample;
use super::part1::{BlockSamples, CodedBlock, Coefficient, Pass};
use crate::simd::{Work, with_widest};

/// Codes blocks; keeps its buffers, and nothing else, from block to block.
#[derive(Default)]
pub(crate) struct HtCoder {
    cleanup: Cleanup,
    refinement: Refinement,
}

/// The work on a block.
struct Encoding<'a, 's, T> {
    coder: &'a mut HtCoder,
    samples: &'a BlockSamples<'s, T>,
    passes: Passes,
}

impl<T: Coefficient> Work for Encoding<'_, '_, T> {
    type Output = CodedBlock;

    #[inline(always)]
    fn run(self) -> CodedBlock {
        self.coder.code(self.samples, self.passes)
    }
}

/// The passes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passes {
    /// A cleanup pass of all planes that are coded.
    Cleanup,
    /// A cleanup pass of all planes but the lowest, and two passes of that. A reader can do without the last ones.
    Three {
        /// Propagation does not use the stripe below.
        causal: bool,
    },
}

impl Passes {
    /// The planes from that of the cleanup pass to the lowest.
    fn planes(self) -> u32 {
        if self == Self::Cleanup { 1 } else { 2 }
    }
}

impl HtCoder {
    /// Codes a block. No sample is left if the cleanup pass has none: the block then has no passes.
    pub(crate) fn encode<T: Coefficient>(&mut self, samples: &BlockSamples<'_, T>, passes: Passes) -> CodedBlock {
        with_widest(Encoding { coder: self, samples, passes })
    }

    #[inline(always)]
    fn code<T: Coefficient>(&mut self, samples: &BlockSamples<'_, T>, passes: Passes) -> CodedBlock {
        let lowest = samples.fraction();
        let shift = lowest + passes.planes() - 1;
        let largest = samples.magnitudes();
        if largest >> shift == 0 {
            return CodedBlock::default();
        }
        let mut bytes = Vec::new();
        self.cleanup.encode(samples, shift, u64::BITS - (largest >> shift).leading_zeros(), &mut bytes);
        let mut coded = vec![Pass { length: bytes.len() as u32, distortion: 0.0, terminated: true }];
        if let Passes::Three { causal } = passes {
            self.refine(samples, causal, &mut coded, &mut bytes);
        }
        let bits = u64::BITS - (largest >> lowest).leading_zeros();
        CodedBlock { bits, planes: passes.planes(), passes: coded, bytes }
    }

    /// Adds the passes below the cleanup pass, and sets what each lowers the error by.
    #[inline(always)]
    fn refine<T: Coefficient>(
        &mut self,
        samples: &BlockSamples<'_, T>,
        causal: bool,
        passes: &mut Vec<Pass>,
        bytes: &mut Vec<u8>,
    ) {
        let added = self.refinement.encode(samples, samples.fraction(), causal, bytes);
        let [cleanup, propagation, refinement] = self.distortions(samples);
        passes[0].distortion = cleanup;
        if added.propagated + added.refined == 0 {
            return;
        }
        let length = passes[0].length + added.propagated as u32;
        passes.push(Pass { length, distortion: propagation, terminated: false });
        passes.push(Pass { length: length + added.refined as u32, distortion: refinement, terminated: true });
    }

    /// The decrease of the squared error by each pass, in units of the squared lowest plane. A reader takes a sample for the
    /// middle of the values that its bits leave.
    #[inline(always)]
    fn distortions<T: Coefficient>(&self, samples: &BlockSamples<'_, T>) -> [f64; 3] {
        let (lowest, unit) = (samples.fraction(), (-f64::from(samples.fraction())).exp2() as f32);
        let mut sums = [0.0; 3];
        for y in 0..samples.height() {
            let mut row = [0f32; 3];
            for (sample, is_propagated) in samples.row(y).iter().zip(self.refinement.propagated(y)) {
                let magnitude = sample.magnitude();
                let (whole, value) = (magnitude >> lowest, magnitude as f32 * unit);
                let coarse = value - ((whole & !1) + 1) as f32;
                let fine = value - whole as f32 - 0.5;
                let is_coded = f32::from(u8::from(whole > 1));
                row[0] += is_coded * (value * value - coarse * coarse);
                row[1] += f32::from(u8::from(is_propagated)) * (value * value - fine * fine);
                row[2] += is_coded * (coarse * coarse - fine * fine);
            }
            sums.iter_mut().zip(row).for_each(|(sum, row)| *sum += f64::from(row));
        }
        sums
    }
}

#[cfg(test)]
mod tests;
