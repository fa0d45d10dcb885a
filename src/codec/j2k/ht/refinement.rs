//! The passes below the cleanup pass (T.814 §7.4, §7.5): the bits of one more plane, of samples beside significant ones
//! (propagation), and of significant ones (refinement).
//!
//! Both go through stripes of four rows, column by column. A byte has the four samples of a column of a stripe, the uppermost in
//! bit 0.

use super::streams::{BackwardBits, ForwardBits};
use crate::codec::j2k::part1::{BlockSamples, Coefficient};

/// Codes the passes of a block; keeps its buffers.
#[derive(Default)]
pub(super) struct Refinement {
    propagated: ForwardBits,
    refined: BackwardBits,
    /// The columns of all stripes, with a border of one stripe and one column.
    columns: Vec<Column>,
    stride: usize,
    /// The stripe below does not count in the propagation pass.
    causal: bool,
}

/// Four samples, the uppermost in bit 0.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    /// Significant in the cleanup pass.
    cleanup: u8,
    /// Significant in the cleanup pass or in the propagation.
    significant: u8,
    /// The bits of the plane.
    bits: u8,
    /// Below zero.
    negative: u8,
}

/// What the two passes of a block add.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Refined {
    /// Bytes of the propagation; those of the refinement follow. Both passes are left out if there are none.
    pub propagated: usize,
    /// Bytes of the refinement.
    pub refined: usize,
}

/// Rows of a stripe, and columns of a group.
const STRIPE: usize = 4;

impl Refinement {
    /// Appends the second segment of a block: bit `shift` of the samples, if the cleanup pass coded those above it. If `causal`,
    /// propagation does not use the stripe below.
    #[inline(always)]
    pub(super) fn encode<T: Coefficient>(
        &mut self,
        block: &BlockSamples<'_, T>,
        shift: u32,
        causal: bool,
        out: &mut Vec<u8>,
    ) -> Refined {
        self.causal = causal;
        self.fill(block, shift);
        self.propagated.restart();
        self.refined.restart();
        for stripe in 1..=block.height().div_ceil(STRIPE) {
            // Rows below the block are not samples.
            let inside = 0xF >> (STRIPE - (block.height() - (stripe - 1) * STRIPE).min(STRIPE));
            for x in (0..block.width()).step_by(STRIPE) {
                let columns = stripe * self.stride + x + 1..stripe * self.stride + 1 + block.width().min(x + STRIPE);
                self.propagate(columns.clone(), inside);
                self.refine(columns);
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

    /// True for the samples of a row that became significant in the propagation pass.
    #[inline(always)]
    pub(super) fn propagated(&self, y: usize) -> impl Iterator<Item = bool> {
        let columns = &self.columns[(y / STRIPE + 1) * self.stride + 1..];
        columns.iter().map(move |column| (column.significant ^ column.cleanup) >> (y % STRIPE) & 1 == 1)
    }

    #[inline(always)]
    fn fill<T: Coefficient>(&mut self, block: &BlockSamples<'_, T>, shift: u32) {
        self.stride = block.width() + 2;
        self.columns.clear();
        self.columns.resize(self.stride * (block.height().div_ceil(STRIPE) + 2), Column::default());
        for y in 0..block.height() {
            let columns = &mut self.columns[(y / STRIPE + 1) * self.stride + 1..];
            let row = (y % STRIPE) as u32;
            for (column, sample) in columns.iter_mut().zip(block.row(y)) {
                let magnitude = sample.magnitude() >> shift;
                column.cleanup |= u8::from(magnitude > 1) << row;
                column.bits |= (magnitude as u8 & 1) << row;
                column.negative |= u8::from(sample.is_negative()) << row;
                column.significant = column.cleanup;
            }
        }
    }

    /// The samples of a column that are significant, or beside one that is in the rows before and after.
    #[inline(always)]
    fn dilated(&self, at: usize) -> u8 {
        let own = self.columns[at].significant;
        let above = self.columns[at - self.stride].significant >> 3;
        let below = if self.causal { 0 } else { self.columns[at + self.stride].significant << 3 };
        own | own << 1 | own >> 1 | above | below
    }

    /// The bits of a group, and then the signs of its samples that become significant.
    #[inline(always)]
    fn propagate(&mut self, columns: std::ops::Range<usize>, inside: u8) {
        let (mut bits, mut count, mut signs, mut new) = (0u64, 0, 0u64, 0);
        for at in columns {
            let Column { mut significant, bits: plane, negative, .. } = self.columns[at];
            let mut beside = (self.dilated(at - 1) | self.dilated(at) | self.dilated(at + 1)) & !significant & inside;
            while beside > 0 {
                let row = beside.trailing_zeros();
                beside &= beside - 1;
                if plane >> row & 1 == 1 {
                    bits |= 1 << count;
                    signs |= u64::from(negative >> row & 1) << new;
                    new += 1;
                    significant |= 1 << row;
                    beside |= 2 << row & !significant & inside;
                }
                count += 1;
            }
            self.columns[at].significant = significant;
        }
        self.propagated.put(bits, count);
        self.propagated.put(signs, new);
    }

    #[inline(always)]
    fn refine(&mut self, columns: std::ops::Range<usize>) {
        let (mut bits, mut count) = (0u64, 0);
        for Column { cleanup, bits: plane, .. } in &self.columns[columns] {
            let mut left = *cleanup;
            while left > 0 {
                bits |= u64::from(plane >> left.trailing_zeros() & 1) << count;
                count += 1;
                left &= left - 1;
            }
        }
        self.refined.put(bits, count);
    }
}
