//! The passes below the cleanup pass (T.814 §7.4, §7.5): the bits of one more plane, of samples beside significant ones
//! (propagation), and of significant ones (refinement).

use super::streams::{BackwardBits, ForwardBits};
use crate::codec::j2k::part1::{BlockSamples, Coefficient};

/// Codes the passes of a block; keeps its buffers.
#[derive(Default)]
pub(super) struct Refinement {
    propagated: ForwardBits,
    refined: BackwardBits,
    /// For each sample, with a border of one: [`CLEANUP`] or [`PROPAGATION`] if it is significant since that pass, else 0.
    significant: Vec<u8>,
    stride: usize,
}

/// What the two passes of a block add.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Refined {
    /// Bytes of the propagation; those of the refinement follow. Both passes are left out if there are none.
    pub propagated: usize,
    /// Bytes of the refinement.
    pub refined: usize,
}

const CLEANUP: u8 = 1;
const PROPAGATION: u8 = 2;

/// Rows of a stripe, and columns of a group.
const STRIPE: usize = 4;

impl Refinement {
    /// Appends the second segment of a block: bit `shift` of the samples, if the cleanup pass coded those above it.
    pub(super) fn encode<T: Coefficient>(
        &mut self,
        block: &BlockSamples<'_, T>,
        shift: u32,
        out: &mut Vec<u8>,
    ) -> Refined {
        self.stride = block.width() + 2;
        self.significant.clear();
        self.significant.resize(self.stride * (block.height() + 2), 0);
        for y in 0..block.height() {
            let at = self.at(0, y);
            for (flag, sample) in self.significant[at..].iter_mut().zip(block.row(y)) {
                *flag = u8::from(sample.magnitude() >> (shift + 1) > 0) * CLEANUP;
            }
        }
        self.propagated.restart();
        self.refined.restart();
        for y in (0..block.height()).step_by(STRIPE) {
            let rows = y..block.height().min(y + STRIPE);
            for x in (0..block.width()).step_by(STRIPE) {
                let columns = x..block.width().min(x + STRIPE);
                self.refine(block, shift, (columns.clone(), rows.clone()));
                self.propagate(block, shift, (columns, rows.clone()));
            }
        }
        let start = out.len();
        out.extend_from_slice(self.propagated.end_with_zeros());
        let refined = self.refined.end_with_zeros();
        if out.len() == start && !refined.is_empty() {
            // A pass without bytes is not a segment.
            out.push(0);
        }
        let propagated = out.len() - start;
        out.extend(refined.iter().rev());
        Refined { propagated, refined: refined.len() }
    }

    /// True if the sample became significant in the propagation pass.
    pub(super) fn is_propagated(&self, x: usize, y: usize) -> bool {
        self.significant[self.at(x, y)] == PROPAGATION
    }

    fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * self.stride + x + 1
    }

    /// The bits of a group, and then the signs of its samples that become significant.
    fn propagate<T: Coefficient>(&mut self, block: &BlockSamples<'_, T>, shift: u32, (columns, rows): Group) {
        let (mut bits, mut count, mut signs, mut new) = (0u64, 0, 0u64, 0);
        for x in columns {
            for y in rows.clone() {
                let at = self.at(x, y);
                if self.significant[at] > 0 || !self.has_significant_neighbour(at) {
                    continue;
                }
                let sample = block.row(y)[x];
                if sample.magnitude() >> shift & 1 == 1 {
                    bits |= 1 << count;
                    signs |= u64::from(sample.is_negative()) << new;
                    new += 1;
                    self.significant[at] = PROPAGATION;
                }
                count += 1;
            }
        }
        self.propagated.put(bits, count);
        self.propagated.put(signs, new);
    }

    fn has_significant_neighbour(&self, at: usize) -> bool {
        [at - self.stride, at, at + self.stride]
            .into_iter()
            .any(|row| self.significant[row - 1..=row + 1].iter().any(|flag| *flag > 0))
    }

    fn refine<T: Coefficient>(&mut self, block: &BlockSamples<'_, T>, shift: u32, (columns, rows): Group) {
        let (mut bits, mut count) = (0u64, 0);
        for x in columns {
            for y in rows.clone() {
                if self.significant[self.at(x, y)] == CLEANUP {
                    bits |= (block.row(y)[x].magnitude() >> shift & 1) << count;
                    count += 1;
                }
            }
        }
        self.refined.put(bits, count);
    }
}

/// Columns and rows.
type Group = (std::ops::Range<usize>, std::ops::Range<usize>);
