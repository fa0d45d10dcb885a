//! The block decoder: the codeword segments of a code-block to quantised coefficients (T.800 D.1 to D.7).

use std::ops::Range;

use super::contexts::{RUN, UNIFORM};
use super::flags::{self, Flags, ROW, ROWS};
use super::mq_decoder::{Contexts, MqDecoder, RawBits, Source};
use super::unstuffing::Number;
use super::{Orientation, Style};
use crate::error::{Error, Result};
use crate::simd::{Work, with_widest};

/// An unsigned integer that holds twice the magnitude of a coefficient.
///
/// The bit below the last decoded plane is set: the coefficient stands for the middle of what it can be (r = 0.5 in E-6). For
/// plane 0 this is the lowest bit.
pub(crate) trait Magnitude: Copy + Default + Send + 'static {
    /// The most planes.
    const PLANES: u32;

    /// The magnitude of a sample that becomes significant in a plane.
    fn first(plane: u32) -> Self;

    /// Adds the bit of a plane.
    fn refine(&mut self, bit: u32, plane: u32);
}

/// The codeword segments of a block, with the passes in each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'b> {
    /// Number of passes.
    pub passes: u32,
    /// The bytes.
    pub bytes: &'b [u8],
}

/// A block that is decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockShape {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The band.
    pub orientation: Orientation,
    /// Planes with bits.
    pub planes: u32,
}

/// Decodes blocks. The last one is kept.
#[derive(Default)]
pub(crate) struct BlockDecoder<M> {
    state: State<M>,
    number: Number,
}

#[derive(Default)]
struct State<M> {
    flags: Flags,
    /// Four for each column of a stripe.
    magnitudes: Vec<[M; 4]>,
    width: usize,
    height: usize,
    contexts: Contexts,
}

/// The kinds of passes in their order in a plane (T.800 D.1).
const PROPAGATION: u32 = 0;
const REFINEMENT: u32 = 1;

impl<M: Magnitude> BlockDecoder<M> {
    /// Decodes a block from its segments. The caller has checked the number of planes and of passes.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a segmentation symbol is missing.
    pub(crate) fn decode<'b>(
        &mut self,
        shape: BlockShape,
        style: Style,
        segments: impl Iterator<Item = Segment<'b>>,
    ) -> Result<()> {
        self.state.start(shape, style);
        let mut done = 0;
        for segment in segments {
            self.number.read(segment.bytes);
            let passes = done..done + segment.passes;
            done = passes.end;
            let Self { state, number } = self;
            if !with_widest(Passes { state, number, shape, style, numbers: passes }) {
                return Err(Error::malformed("code-block: segmentation symbol is missing"));
            }
        }
        Ok(())
    }

    /// The magnitudes of a row of the block in some columns, doubled, each with whether it is negative.
    pub(crate) fn row(&self, y: usize, columns: Range<usize>) -> impl Iterator<Item = (M, bool)> {
        let State { flags, magnitudes, width, .. } = &self.state;
        let (stripe, row) = (y / 4, y % 4);
        let magnitudes = &magnitudes[stripe * width..][columns.clone()];
        let words = &flags.stripe(stripe)[columns];
        magnitudes
            .iter()
            .zip(words)
            .map(move |(four, word)| (four[row], flags::is_negative(*word, ROW * row as u32) == 1))
    }
}

/// The passes of a segment.
struct Passes<'s, M> {
    state: &'s mut State<M>,
    number: &'s Number,
    shape: BlockShape,
    style: Style,
    numbers: Range<u32>,
}

impl<M: Magnitude> Work for Passes<'_, M> {
    type Output = bool;

    /// False if a segmentation symbol is missing.
    #[inline(always)]
    fn run(self) -> bool {
        let Self { state, number, shape, style, numbers } = self;
        if style.is_raw(numbers.start) {
            let mut source = RawBits::new(number);
            return state.passes(&mut source, shape, style, numbers);
        }
        let mut source = MqDecoder::new(number);
        state.passes(&mut source, shape, style, numbers)
    }
}

/// The plane and the kind of a pass.
fn place(number: u32, planes: u32) -> (u32, u32) {
    (planes - 1 - number.div_ceil(3), (number + 2) % 3)
}

impl<M: Magnitude> State<M> {
    fn start(&mut self, shape: BlockShape, style: Style) {
        (self.width, self.height) = (shape.width, shape.height);
        let stripes = shape.height.div_ceil(4);
        self.flags.start(shape.width, stripes, style.vertical_causal);
        self.magnitudes.clear();
        self.magnitudes.resize(shape.width * stripes, [M::default(); 4]);
        self.contexts = Contexts::default();
    }

    #[inline(always)]
    fn passes<S: Source>(&mut self, source: &mut S, shape: BlockShape, style: Style, passes: Range<u32>) -> bool {
        let zero = flags::zero_contexts(shape.orientation);
        let mut is_whole = true;
        for number in passes {
            let (plane, kind) = place(number, shape.planes);
            match kind {
                PROPAGATION => self.propagation(source, plane, zero),
                REFINEMENT => self.refinement(source, plane),
                _ => {
                    self.cleanup(source, plane, zero);
                    if style.segmentation {
                        let symbol = (0..4).fold(0, |symbol, _| symbol << 1 | source.bit(&mut self.contexts, UNIFORM));
                        is_whole &= symbol == 0b1010;
                    }
                }
            }
            if style.reset {
                self.contexts = Contexts::default();
            }
        }
        is_whole
    }

    /// The rows of a stripe that are in the block: a bit for each.
    #[inline(always)]
    fn rows(&self, stripe: usize) -> u32 {
        let rows = self.height - 4 * stripe;
        if rows >= 4 { ROWS } else { ROWS & ((1 << (ROW as usize * rows)) - 1) }
    }

    #[inline(always)]
    fn propagation<S: Source>(&mut self, source: &mut S, plane: u32, zero: &[u8; 512]) {
        for stripe in 0..self.height.div_ceil(4) {
            let (rows, first) = (self.rows(stripe), self.flags.first(stripe));
            for x in 0..self.width {
                let mut word = self.flags.get(first + x);
                let mut left = flags::propagated(word) & rows;
                if left == 0 {
                    continue;
                }
                while left != 0 {
                    let row = left.trailing_zeros();
                    left &= left - 1;
                    word |= flags::seen(row);
                    if source.bit(&mut self.contexts, flags::zero_context(zero, word, row)) == 1 {
                        self.sign(source, (stripe, x), &mut word, row, plane);
                        // The sample below has a significant neighbour now.
                        left |= (1 << ROW << row) & flags::insignificant(word) & rows;
                    }
                }
                self.flags.set(first + x, word);
            }
        }
    }

    #[inline(always)]
    fn refinement<S: Source>(&mut self, source: &mut S, plane: u32) {
        for stripe in 0..self.height.div_ceil(4) {
            let first = self.flags.first(stripe);
            for x in 0..self.width {
                let mut word = self.flags.get(first + x);
                let mut left = flags::refined(word);
                if left == 0 {
                    continue;
                }
                let magnitudes = &mut self.magnitudes[stripe * self.width + x];
                while left != 0 {
                    let row = left.trailing_zeros();
                    left &= left - 1;
                    let bit = source.bit(&mut self.contexts, flags::refinement(word, row));
                    magnitudes[sample(row)].refine(bit, plane);
                    word |= flags::was_refined(row);
                }
                self.flags.set(first + x, word);
            }
        }
    }

    #[inline(always)]
    fn cleanup<S: Source>(&mut self, source: &mut S, plane: u32, zero: &[u8; 512]) {
        for stripe in 0..self.height.div_ceil(4) {
            let (rows, first) = (self.rows(stripe), self.flags.first(stripe));
            for x in 0..self.width {
                let mut word = self.flags.get(first + x);
                let mut left = flags::cleaned(word) & rows;
                if word == 0 && rows == ROWS {
                    if source.bit(&mut self.contexts, RUN) == 0 {
                        continue;
                    }
                    let high = source.bit(&mut self.contexts, UNIFORM);
                    let row = ROW * (high << 1 | source.bit(&mut self.contexts, UNIFORM));
                    self.sign(source, (stripe, x), &mut word, row, plane);
                    left = ROWS << ROW << row & ROWS;
                }
                while left != 0 {
                    let row = left.trailing_zeros();
                    left &= left - 1;
                    if source.bit(&mut self.contexts, flags::zero_context(zero, word, row)) == 1 {
                        self.sign(source, (stripe, x), &mut word, row, plane);
                    }
                }
                self.flags.set(first + x, flags::without_seen(word));
            }
        }
    }

    /// Decodes the sign of a sample that is significant from now on.
    #[inline(always)]
    fn sign<S: Source>(&mut self, source: &mut S, (stripe, x): (usize, usize), word: &mut u32, row: u32, plane: u32) {
        let at = self.flags.first(stripe) + x;
        let negative = if S::IS_RAW {
            source.bit(&mut self.contexts, UNIFORM)
        } else {
            let (context, exchanged) = self.flags.sign(at, *word, row);
            source.bit(&mut self.contexts, context) ^ exchanged
        };
        self.flags.add(at, word, row, negative);
        self.magnitudes[stripe * self.width + x][sample(row)] = M::first(plane);
    }
}

/// The number of a sample in its column, from the place of its row.
#[inline(always)]
fn sample(row: u32) -> usize {
    ((row * 11) >> 5) as usize & 3
}

macro_rules! magnitude {
    ($($kind:ty)*) => {$(
        impl Magnitude for $kind {
            const PLANES: u32 = Self::BITS - 1;

            #[inline(always)]
            fn first(plane: u32) -> Self {
                3 << plane
            }

            #[inline(always)]
            fn refine(&mut self, bit: u32, plane: u32) {
                // The bit of the plane was set as the middle.
                *self = self.wrapping_add(Self::from(2 * bit).wrapping_sub(1) << plane);
            }
        }
    )*};
}

magnitude! { u32 u64 }
