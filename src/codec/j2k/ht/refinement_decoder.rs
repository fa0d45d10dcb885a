//! The passes below the cleanup pass, decoded: the reverse of `refinement`.
//!
//! A group is four columns of a stripe. Bit 4·column + row of a word is a sample, so the bits are in the order of the scan.

use super::readers::{BackwardPlain, ForwardPlain};
use super::samples::{Sample, Samples};
use crate::simd::{Work, with_widest};

/// Decodes the passes of a block; keeps its buffers.
#[derive(Default)]
pub(super) struct RefinementDecoder {
    propagated: ForwardPlain,
    refined: BackwardPlain,
    /// The significant samples of each group, with a border of one group.
    significant: Vec<u16>,
    stride: usize,
}

/// Rows of a stripe, and columns of a group.
const SIDE: usize = 4;

/// The first row of each column, and the last.
const TOP: u64 = 0x1111_1111_1111_1111;
const BOTTOM: u64 = TOP << 3;

/// The passes of a refinement segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refining {
    /// The plane that they refine.
    pub plane: u32,
    /// True if the refinement pass follows the propagation pass.
    pub has_refinement: bool,
    /// The stripe below does not count in the propagation pass.
    pub causal: bool,
}

impl RefinementDecoder {
    /// Decodes a segment into the samples of the cleanup pass.
    pub(super) fn decode<M: Sample>(&mut self, segment: &[u8], refining: Refining, samples: &mut Samples<M>) {
        self.propagated.read_propagation(segment);
        self.refined.read_refinement(segment);
        self.fill(samples);
        with_widest(Passes { decoder: self, samples, refining });
    }

    fn fill<M: Sample>(&mut self, samples: &Samples<M>) {
        let (groups, stripes) = (samples.width().div_ceil(SIDE), samples.height().div_ceil(SIDE));
        self.stride = groups + 2;
        self.significant.clear();
        self.significant.resize(self.stride * (stripes + 2), 0);
        for y in 0..samples.height() {
            let words = &mut self.significant[(y / SIDE + 1) * self.stride + 1..];
            for (word, group) in words.iter_mut().zip(samples.groups(y)) {
                for (x, sample) in group.iter().enumerate() {
                    *word |= u16::from(!sample.is_zero()) << (SIDE * x + y % SIDE);
                }
            }
        }
        // What is beyond the last column is not a sample.
        for word in self.significant.chunks_exact_mut(self.stride) {
            word[groups] &= inside(samples.width() - (groups - 1) * SIDE, SIDE);
        }
    }

    /// The samples of a group that are beside significant ones, or significant.
    #[inline(always)]
    fn beside(&self, at: usize, causal: bool) -> u64 {
        // The group in bits 4 to 19, and a column before and after it.
        let columns = |at: usize| {
            let word = |at: usize| u64::from(self.significant[at]);
            word(at - 1) >> 12 | word(at) << 4 | word(at + 1) << 20
        };
        let own = columns(at);
        let (above, below) = (columns(at - self.stride), if causal { 0 } else { columns(at + self.stride) });
        let tall = own | own << 1 & !TOP | own >> 1 & !BOTTOM | above >> 3 & TOP | below << 3 & BOTTOM;
        (tall | tall << 4 | tall >> 4) >> 4 & 0xFFFF
    }
}

/// The samples of a group with some columns and rows.
fn inside(columns: usize, rows: usize) -> u16 {
    let column = (1u64 << rows.min(SIDE)) - 1;
    let columns = (1u64 << (SIDE * columns.min(SIDE))) - 1;
    ((TOP * column) & columns) as u16
}

/// Both passes over all groups.
struct Passes<'p, M> {
    decoder: &'p mut RefinementDecoder,
    samples: &'p mut Samples<M>,
    refining: Refining,
}

impl<M: Sample> Work for Passes<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { decoder, samples, refining } = self;
        let (width, height) = (samples.width(), samples.height());
        let (mut next, mut next_refined) = (0, 0);
        for stripe in 0..height.div_ceil(SIDE) {
            for group in 0..width.div_ceil(SIDE) {
                let at = (stripe + 1) * decoder.stride + 1 + group;
                let inside = inside(width - group * SIDE, height - stripe * SIDE);
                let place = (group * SIDE, stripe * SIDE);
                // Both passes are independent but for what the cleanup pass left.
                if refining.has_refinement {
                    refine(&decoder.refined, &mut next_refined, decoder.significant[at], place, refining, samples);
                }
                let bits = decoder.propagated.word(next);
                let (new, count) = decoder.propagate(at, inside, refining.causal, bits);
                next += count as usize;
                let mut signs = bits >> count;
                next += new.count_ones() as usize;
                let mut left = new;
                while left != 0 {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    *samples.at(place.0 + bit / SIDE, place.1 + bit % SIDE) =
                        M::first(refining.plane).with_sign(signs & 1);
                    signs >>= 1;
                }
            }
        }
    }
}

impl RefinementDecoder {
    /// The samples of a group that become significant, and the number of bits that state them.
    #[inline(always)]
    fn propagate(&mut self, at: usize, inside: u16, causal: bool, bits: u64) -> (u64, u32) {
        let significant = u64::from(self.significant[at]);
        let free = u64::from(inside) & !significant;
        let mut left = self.beside(at, causal) & free;
        let (mut new, mut count) = (0, 0);
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            if bits >> count & 1 == 1 {
                // Later samples have a significant neighbour now: the one below, and those of the next column.
                let (this, east) = (1u64 << bit, 1u64 << bit << 4);
                new |= this;
                left |= (this << 1 & !TOP | east | east << 1 & !TOP | east >> 1 & !BOTTOM) & free;
            }
            count += 1;
        }
        self.significant[at] |= new as u16;
        (new, count)
    }
}

/// Takes a bit for each sample of a group that the cleanup pass coded.
#[inline(always)]
fn refine<M: Sample>(
    refined: &BackwardPlain,
    next: &mut usize,
    coded: u16,
    (x, y): (usize, usize),
    refining: Refining,
    samples: &mut Samples<M>,
) {
    let mut bits = refined.word(*next);
    *next += coded.count_ones() as usize;
    let mut left = coded;
    while left != 0 {
        let bit = left.trailing_zeros() as usize;
        left &= left - 1;
        samples.at(x + bit / SIDE, y + bit % SIDE).refine(bits as u32 & 1, refining.plane);
        bits >>= 1;
    }
}
