//! The cleanup pass, decoded: the reverse of `cleanup`, which describes the quads.

use super::codewords::EXTENDED;
use super::lookup::{CONTEXT, Pair, Quad};
use super::readers::{BackwardPlain, Events, ForwardPlain, MelReader};
use super::samples::{Sample, Samples};
use crate::error::{Error, Result};
use crate::simd::{Pairs, Work, with_widest};

/// Decodes the cleanup pass of a block; keeps its buffers.
#[derive(Default)]
pub(super) struct CleanupDecoder {
    magnitudes: ForwardPlain,
    quads: BackwardPlain,
    line: Line,
}

/// A line of quads. The number of quads is even: a last one may be beyond the block.
#[derive(Default)]
struct Line {
    /// The exponents of the row above the line, with one sample before it and one after it.
    above: Vec<u8>,
    /// For each quad, the bits of its context that come from above, as [`Quad::find`] takes them.
    contexts: Vec<u16>,
    /// For each quad, κ less one if it has several significant samples.
    predicted: Vec<u16>,
    /// [`Quad::samples`].
    quads: Vec<u16>,
    /// `u`.
    u: Vec<u16>,
    /// For each quad, the bits of its samples, a byte each; and their sums up to each sample.
    lengths: Vec<u32>,
    sums: Vec<u32>,
}

/// Four bytes of 1.
const EACH: u32 = 0x0101_0101;

/// The bounds of Scup (T.814 §7.1.1).
const SUFFIX: std::ops::RangeInclusive<usize> = 2..=4079;

impl CleanupDecoder {
    /// Decodes a segment; returns the largest bound of an exponent. If it is above `most`, the samples have no meaning. The
    /// magnitudes are in units of plane `plane`.
    ///
    /// # Errors
    /// [`Error::Malformed`] for lengths that cannot be.
    pub(super) fn decode<M: Sample>(
        &mut self,
        segment: &[u8],
        (plane, most): (u32, u32),
        samples: &mut Samples<M>,
    ) -> Result<u32> {
        let Some([before, last]) = segment.last_chunk() else {
            return Err(Error::malformed("code-block: bytes of a cleanup pass:")
                .found(segment.len())
                .allowed("at least 2"));
        };
        let suffix = usize::from(*last) << 4 | usize::from(before & 0xF);
        let allowed = *SUFFIX.start()..=segment.len().min(*SUFFIX.end());
        if !allowed.contains(&suffix) {
            let error = Error::malformed("code-block: bytes of codewords in a cleanup pass:").found(suffix);
            return Err(error.allowed(format!("{} to {}", allowed.start(), allowed.end())));
        }
        let (magnitudes, shared) = segment.split_at(segment.len() - suffix);
        let shared = &shared[..suffix - 1];
        self.magnitudes.read_magnitudes(magnitudes);
        self.quads.read_vlc(shared);
        self.line.start(samples.quads());
        let codewords = Codewords::new(&self.quads, MelReader::new(shared));
        let (magnitudes, line) = (&self.magnitudes, &mut self.line);
        Ok(with_widest(Pass { codewords, magnitudes, line, samples, plane, most }))
    }
}

impl Line {
    fn start(&mut self, quads: usize) {
        let quads = quads.next_multiple_of(2);
        self.above.clear();
        self.above.resize(2 * quads + 2, 0);
        self.lengths.resize(quads, 0);
        self.sums.resize(quads, 0);
        for values in [&mut self.contexts, &mut self.predicted, &mut self.quads, &mut self.u] {
            values.resize(quads, 0);
        }
    }

    /// Finds what the quads of a line take from the row above.
    #[inline(always)]
    fn look_up(&mut self) {
        // Two samples, one in each byte: the one before the quad and its left one, the right one and the one after the quad.
        let (before, after) = (self.above.as_chunks().0, self.above[2..].as_chunks().0);
        let both =
            before.iter().zip(after).map(|(before, after)| [u16::from_le_bytes(*before), u16::from_le_bytes(*after)]);
        for ((context, predicted), [before, after]) in self.contexts.iter_mut().zip(&mut self.predicted).zip(both) {
            *context = u16::from(before != 0) << CONTEXT | u16::from(after != 0) << (CONTEXT + 2);
            let largest = (before & 0xFF).max(before >> 8).max(after & 0xFF).max(after >> 8);
            *predicted = largest.max(2) - 2;
        }
    }

    /// Computes the lengths of all samples; returns the largest bound of an exponent. Bytes overflow if it is above 63.
    #[inline(always)]
    fn add_up(&mut self) -> u32 {
        let mut largest = 0;
        let quads = self.quads.iter().zip(&self.u).zip(&self.predicted);
        for ((lengths, sums), ((quad, u), predicted)) in self.lengths.iter_mut().zip(&mut self.sums).zip(quads) {
            let (rho, known) = (u32::from(quad & 0xF), u32::from(quad >> 4 & 0xF));
            let has_several = u32::from(rho & rho.wrapping_sub(1) != 0);
            let bound = u32::from(*u) + 1 + (u32::from(*predicted) & 0u32.wrapping_sub(has_several));
            largest = largest.max(bound);
            *lengths = spread(rho).wrapping_mul(bound).wrapping_sub(spread(known));
            *sums = lengths.wrapping_mul(EACH);
        }
        largest
    }
}

/// The pass over all lines.
struct Pass<'p, M> {
    codewords: Codewords<'p>,
    magnitudes: &'p ForwardPlain,
    line: &'p mut Line,
    samples: &'p mut Samples<M>,
    plane: u32,
    most: u32,
}

impl<M: Sample> Work for Pass<'_, M> {
    type Output = u32;

    /// Returns the largest exponent, and stops if it is too large.
    #[inline(always)]
    fn run(self) -> u32 {
        let Self { mut codewords, magnitudes, line, samples, plane, most } = self;
        let quads = samples.quads();
        let (mut position, mut largest) = (0, 0);
        for (y, rows) in samples.lines().enumerate() {
            // Above the first line are zeros.
            line.look_up();
            if y == 0 {
                codewords.line::<true>(quads, line);
            } else {
                codewords.line::<false>(quads, line);
            }
            let bound = line.add_up();
            largest = bound.max(largest);
            if bound > most {
                break;
            }
            let pairs = Pairs {
                bits: magnitudes.bytes(),
                position,
                quads: line.quads.as_chunks().0,
                lengths: line.lengths.as_chunks().0,
                sums: line.sums.as_chunks().0,
                plane,
                rows: rows.map(|row| row.as_chunks_mut().0),
                exponents: line.above[1..].as_chunks_mut().0,
            };
            position = M::decode(pairs, bound);
        }
        largest
    }
}

/// What MEL and VLC stream state of the quads.
struct Codewords<'b> {
    vlc: Vlc<'b>,
    mel: MelReader<'b>,
}

/// The stream of codewords. A copy of it, and of the run of events, stays in registers for a line.
#[derive(Clone, Copy)]
struct Vlc<'b> {
    stream: &'b BackwardPlain,
    /// The next bits. The lowest six bits of `count` are their number.
    bits: u64,
    count: u32,
    /// The byte that follows them.
    next: usize,
}

impl<'b> Codewords<'b> {
    fn new(stream: &'b BackwardPlain, mel: MelReader<'b>) -> Self {
        Self { vlc: Vlc { stream, bits: 0, count: 0, next: 0 }, mel }
    }

    /// Reads the quads of a line.
    #[inline(always)]
    fn line<const FIRST: bool>(&mut self, count: usize, line: &mut Line) {
        let (mut vlc, mut events) = (self.vlc, Events::of(&mut self.mel));
        let mut left = Quad::default();
        let pairs = line.quads.as_chunks_mut::<2>().0.iter_mut().zip(line.u.as_chunks_mut::<2>().0);
        for (n, ((quads, u), contexts)) in pairs.zip(line.contexts.as_chunks::<2>().0).enumerate() {
            vlc.refill();
            let first = vlc.quad::<FIRST>(contexts[0], left, &mut events);
            let has_second = 2 * n + 1 < count;
            let second = if has_second { vlc.quad::<FIRST>(contexts[1], first, &mut events) } else { Quad::default() };
            left = second;
            *quads = [first.samples(), second.samples()];
            let mut mode = first.mode(second);
            if FIRST && mode == Pair::BOTH && events.next(true) {
                mode = Pair::LARGE;
            }
            let (left_u, right_u) = vlc.pair::<FIRST>(mode);
            *u = [left_u as u16, right_u as u16];
        }
        events.end();
        self.vlc = vlc;
    }
}

impl Vlc<'_> {
    /// Takes bytes. A pair of quads has at most 38 bits.
    #[inline(always)]
    fn refill(&mut self) {
        let count = self.count & 0x3F;
        self.bits |= self.stream.bytes_at(self.next) << count;
        self.next += (63 - count as usize) / 8;
        self.count = count | 0b11_1000;
    }

    /// Skips as many bits as the lowest six bits of `length` state. The others do not matter, so that no instruction removes
    /// them.
    #[inline(always)]
    fn skip(&mut self, length: u32) {
        self.bits = self.bits.wrapping_shr(length);
        self.count = self.count.wrapping_sub(length);
    }

    /// Reads the codeword of a quad, whose left neighbour is known.
    #[inline(always)]
    fn quad<const FIRST: bool>(&mut self, above: u16, left: Quad, events: &mut Events<'_, '_>) -> Quad {
        let context = u32::from(above) | left.context();
        let found = Quad::find(usize::from(!FIRST), context, self.bits);
        let happened = events.next(context == 0);
        let quad = found.only_if(context != 0 || happened);
        self.skip(quad.length());
        quad
    }

    /// Reads the `u` of a pair of quads.
    #[inline(always)]
    fn pair<const FIRST: bool>(&mut self, mode: u32) -> (u32, u32) {
        let pair = Pair::find(usize::from(!FIRST), mode, self.bits);
        let (left, right) = pair.values(self.bits);
        self.skip(pair.length());
        let extended = EXTENDED + if mode == Pair::LARGE { 2 } else { 0 };
        if left.max(right) < extended {
            return (left, right);
        }
        let left = self.extend(left, extended);
        (left, self.extend(right, extended))
    }

    /// Adds the extension of a `u` of at least `extended`.
    fn extend(&mut self, u: u32, extended: u32) -> u32 {
        if u < extended {
            return u;
        }
        let extension = self.bits as u32 & 0xF;
        self.skip(4);
        u + 4 * extension
    }
}

/// Four bits as four bytes of 0 or 1.
#[inline(always)]
fn spread(bits: u32) -> u32 {
    bits.wrapping_mul(0x0020_4081) & EACH
}
