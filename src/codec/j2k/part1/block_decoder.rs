//! The block decoder: the codeword segments of a code-block to quantised coefficients (T.800 D.1 to D.7).

use std::ops::Range;

use super::contexts::{Neighbours, REFINEMENT as REFINEMENT_CONTEXT, RUN, Significance, UNIFORM};
use super::flags::{self, Flags, ROW};
use super::mq_decoder::{Contexts, MqDecoder, RawBits, Source};
use super::stripes::{BOTTOM, COLUMNS, Stripes, TOP};
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
    stripes: Stripes,
    /// Nothing in the stripe below counts (T.800 D.7).
    causal: bool,
    /// The significant samples, as a plane.
    significant: Vec<u64>,
    /// The samples that this plane's propagation has coded.
    coded: Vec<u64>,
    /// The samples that were refined.
    refined: Vec<u64>,
    flags: Flags,
    /// Four for each column of a stripe.
    magnitudes: Vec<[M; 4]>,
    contexts: Contexts,
}

/// A word of 64 samples.
#[derive(Clone, Copy)]
struct Word {
    /// Its place in a plane.
    at: usize,
    /// Its samples that are in the block.
    inside: u64,
    /// The place of its first column in the flags.
    flags: usize,
    /// The place of its first sample in the magnitudes.
    sample: usize,
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
        let State { flags, magnitudes, stripes: Stripes { width, .. }, .. } = &self.state;
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
        self.stripes = Stripes::new(shape.width, shape.height);
        self.causal = style.vertical_causal;
        for words in [&mut self.significant, &mut self.coded, &mut self.refined] {
            words.clear();
            words.resize(self.stripes.length(), 0);
        }
        let stripes = self.stripes.count();
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

    /// The words in the order of the scan.
    #[inline(always)]
    fn words(&self) -> impl Iterator<Item = Word> + use<M> {
        let stripes = self.stripes;
        let stride = self.flags.first(1) - self.flags.first(0);
        let first = self.flags.first(0);
        (0..stripes.count()).flat_map(move |stripe| {
            (0..stripes.across()).map(move |word| Word {
                at: stripes.first(stripe) + word,
                inside: stripes.inside(stripe, word),
                flags: first + stripe * stride + word * COLUMNS,
                sample: 4 * (stripe * stripes.width + word * COLUMNS),
            })
        })
    }

    /// The samples of a word that have a significant neighbour.
    #[inline(always)]
    fn reached(&self, word: Word) -> u64 {
        let (before, stride) = (&self.significant[..], self.stripes.stride);
        Neighbours::of(Significance { before, after: before, stride, causal: self.causal }, word.at).any()
    }

    #[inline(always)]
    fn propagation<S: Source>(&mut self, source: &mut S, plane: u32, zero: &[u8; 512]) {
        for word in self.words() {
            let free = word.inside & !self.significant[word.at];
            let mut left = free & self.reached(word);
            let mut coded = left;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                let flags = self.flags.get(word.flags + (bit / 4) as usize);
                if source.bit(&mut self.contexts, flags::zero_context(zero, flags, ROW * (bit % 4))) == 1 {
                    self.sign(source, word, bit, plane);
                    // Later samples have a significant neighbour now: the one below, and those of the next column.
                    let (this, east) = (1u64 << bit, 1u64 << bit << 4);
                    let later = this << 1 & !TOP | east | east << 1 & !TOP | east >> 1 & !BOTTOM;
                    left |= later & free;
                    coded |= later & free;
                }
            }
            self.coded[word.at] = coded;
        }
    }

    #[inline(always)]
    fn refinement<S: Source>(&mut self, source: &mut S, plane: u32) {
        for word in self.words() {
            let samples = self.significant[word.at] & !self.coded[word.at];
            if samples == 0 {
                continue;
            }
            let again = self.refined[word.at];
            let beside = if samples & !again == 0 { 0 } else { self.reached(word) & !again };
            self.refined[word.at] = again | samples;
            let magnitudes = self.magnitudes.as_flattened_mut();
            let mut left = samples;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                // Table D.4.
                let context = REFINEMENT_CONTEXT + (2 * (again >> bit & 1) + (beside >> bit & 1)) as u8;
                let value = source.even_bit(&mut self.contexts, context);
                magnitudes[word.sample + bit as usize].refine(value, plane);
            }
        }
    }

    #[inline(always)]
    fn cleanup<S: Source>(&mut self, source: &mut S, plane: u32, zero: &[u8; 512]) {
        for word in self.words() {
            let mut left = word.inside & !self.significant[word.at] & !self.coded[word.at];
            let is_full = word.inside & 0xF == 0xF;
            while left != 0 {
                let bit = left.trailing_zeros();
                let flags = self.flags.get(word.flags + (bit / 4) as usize);
                if flags == 0 && is_full && bit.is_multiple_of(4) {
                    let column = 0xF << bit;
                    left &= !column;
                    if source.bit(&mut self.contexts, RUN) == 0 {
                        continue;
                    }
                    let high = source.even_bit(&mut self.contexts, UNIFORM);
                    let first = bit + (high << 1 | source.even_bit(&mut self.contexts, UNIFORM));
                    self.sign(source, word, first, plane);
                    left |= column & u64::MAX << first << 1;
                    continue;
                }
                left &= left - 1;
                if source.bit(&mut self.contexts, flags::zero_context(zero, flags, ROW * (bit % 4))) == 1 {
                    self.sign(source, word, bit, plane);
                }
            }
        }
    }

    /// Decodes the sign of a sample that is significant from now on.
    #[inline(always)]
    fn sign<S: Source>(&mut self, source: &mut S, word: Word, bit: u32, plane: u32) {
        let (at, row) = (word.flags + (bit / 4) as usize, ROW * (bit % 4));
        let negative = if S::IS_RAW {
            source.bit(&mut self.contexts, UNIFORM)
        } else {
            let (context, exchanged) = self.flags.sign(at, row);
            source.even_bit(&mut self.contexts, context) ^ exchanged
        };
        self.flags.add(at, row, negative);
        self.significant[word.at] |= 1 << bit;
        self.magnitudes.as_flattened_mut()[word.sample + bit as usize] = M::first(plane);
    }
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
