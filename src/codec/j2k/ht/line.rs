//! A line of quads: all that does not depend on a codeword. The loops have no dependency from one turn to the next, so the compiler
//! makes vectors of them.

use super::streams::ForwardBits;
use crate::codec::j2k::part1::{BlockSamples, Coefficient};

/// The bits of the largest magnitude whose samples fit into 32 bits, two of them into what a stream takes at once.
pub(super) const NARROW: u32 = 27;

/// A line of quads, and the exponents of the line above.
#[derive(Default)]
pub(super) struct Line {
    width: usize,
    /// The rows of samples if magnitudes have up to [`NARROW`] bits: the sign, and above it the magnitude less one.
    rows: [Vec<u32>; 2],
    /// The exponents of the samples of each quad. One quad of zeros is before them, and one after them.
    exponents: Vec<[u8; 4]>,
    above: Vec<[u8; 4]>,
    /// The quads, an even number. One without samples may be the last.
    quads: Vec<Quad>,
    /// The samples of each quad whose highest bit the codeword states.
    known: Vec<u8>,
    /// The bits that are stored of the samples of each quad.
    lengths: Vec<[u8; 4]>,
    /// These bits for each column.
    columns: Vec<u64>,
}

/// What is known of a quad before its codeword: the place of the codeword in the lowest bits, `u`, and `U`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quad(u32);

/// The lowest bit of each byte.
const EACH: u32 = 0x0101_0101;

impl Quad {
    const U: u32 = 16;
    const BOUND: u32 = 24;

    /// Context, ρ and ε, as the tables of codewords have them.
    #[inline(always)]
    pub(super) fn index(self) -> usize {
        (self.0 & 0x7FF) as usize
    }

    #[inline(always)]
    pub(super) fn u(self) -> u32 {
        self.0 >> Self::U & 0xFF
    }

    /// True if no sample around it that precedes it is significant: an event states whether it has any.
    #[inline(always)]
    pub(super) fn is_alone(self) -> bool {
        self.0 & 0x700 == 0
    }

    #[inline(always)]
    pub(super) fn rho(self) -> u32 {
        self.0 >> 4 & 0xF
    }

    #[inline(always)]
    fn bound(self) -> u32 {
        self.0 >> Self::BOUND
    }

    /// A quad of the first line, from its exponents and those of the quad to its left.
    #[inline(always)]
    fn of_first(exponents: u32, left: u32) -> Self {
        let left = significant(left);
        Self::new(left >> 1 | left & 1, 1, exponents)
    }

    /// A quad of another line, from its exponents, those of the quad to its left, and those of the three quads above.
    #[inline(always)]
    fn of_other(exponents: u32, left: u32, above: [u32; 3]) -> Self {
        // The samples below.
        let [before, own, next, after] = [above[0] >> 24, above[1] >> 8 & 0xFF, above[1] >> 24, above[2] >> 8 & 0xFF];
        let [is_left, is_beside, is_right] =
            [before | own, left >> 16, next | after].map(|exponents| u32::from(exponents != 0));
        let largest = before.max(own).max(next.max(after));
        let rho = significant(exponents);
        let predicted = if rho & rho.wrapping_sub(1) == 0 { 1 } else { largest.max(2) - 1 };
        Self::new(is_left | is_beside << 1 | is_right << 2, predicted, exponents)
    }

    #[inline(always)]
    fn new(context: u32, predicted: u32, exponents: u32) -> Self {
        let [a, b, c, d] = [exponents & 0xFF, exponents >> 8 & 0xFF, exponents >> 16 & 0xFF, exponents >> 24];
        let bound = predicted.max(a.max(b).max(c.max(d)));
        let u = bound - predicted;
        let is_other = nonzero_bytes(exponents ^ bound.wrapping_mul(EACH));
        let epsilon = if u > 0 { packed(is_other ^ EACH) } else { 0 };
        let index = context << 8 | significant(exponents) << 4 | epsilon;
        Self(index | u << Self::U | bound << Self::BOUND)
    }

    /// The bits that are stored of each sample.
    #[inline(always)]
    fn lengths(self, known: u8) -> u32 {
        spread(self.rho()).wrapping_mul(self.bound()).wrapping_sub(spread(known.into()))
    }
}

/// 1 in each byte that is not zero. Bytes are below 128.
#[inline(always)]
fn nonzero_bytes(bytes: u32) -> u32 {
    bytes.wrapping_add(0x7F * EACH) >> 7 & EACH
}

/// ρ of a quad.
#[inline(always)]
fn significant(exponents: u32) -> u32 {
    packed(nonzero_bytes(exponents))
}

/// Four bytes of 0 or 1 as four bits.
#[inline(always)]
fn packed(bytes: u32) -> u32 {
    bytes.wrapping_mul(0x0102_0408) >> 24 & 0xF
}

/// Four bits as four bytes of 0 or 1.
#[inline(always)]
fn spread(bits: u32) -> u32 {
    bits.wrapping_mul(0x0020_4081) & EACH
}

impl Line {
    /// Begins a block.
    #[inline(always)]
    pub(super) fn restart(&mut self, width: usize) {
        self.width = width;
        let quads = width.div_ceil(2).next_multiple_of(2);
        for row in &mut self.rows {
            row.clear();
            row.resize(2 * quads, 0);
        }
        for exponents in [&mut self.exponents, &mut self.above] {
            exponents.clear();
            exponents.resize(quads + 2, [0; 4]);
        }
        self.quads.clear();
        self.quads.resize(quads, Quad::default());
        self.known.resize(quads, 0);
        self.lengths.resize(quads, [0; 4]);
        self.columns.resize(2 * quads, 0);
    }

    /// The number of quads.
    #[inline(always)]
    pub(super) fn count(&self) -> usize {
        self.width.div_ceil(2)
    }

    /// The quads, and for each of them the samples whose highest bit the codeword states, which the caller sets.
    #[inline(always)]
    pub(super) fn quads(&mut self) -> (&[Quad], &mut [u8]) {
        (&self.quads, &mut self.known)
    }

    /// Takes two rows of a block, from row `y`, without their lowest `shift` bits. If `is_narrow`, no magnitude has more than
    /// [`NARROW`] bits after that.
    #[inline(always)]
    pub(super) fn fill<T: Coefficient>(&mut self, block: &BlockSamples<'_, T>, y: usize, shift: u32, is_narrow: bool) {
        if y > 0 {
            std::mem::swap(&mut self.exponents, &mut self.above);
        }
        let upper = block.row(y);
        let lower = if y + 1 < block.height() { block.row(y + 1) } else { &[] };
        let exponents = self.exponents[1..].as_flattened_mut();
        let columns = exponents.as_chunks_mut().0.iter_mut();
        if !is_narrow {
            let lower = lower.iter().map(|sample| exponent(*sample, shift)).chain(std::iter::repeat(0));
            let upper = upper.iter().map(|sample| exponent(*sample, shift));
            columns.zip(upper.zip(lower)).for_each(|(column, (upper, lower))| *column = [upper, lower]);
        } else if lower.is_empty() {
            for ((column, sample), value) in columns.zip(upper).zip(&mut self.rows[0]) {
                let (exponent, found) = narrow(*sample, shift);
                (*column, *value) = ((exponent as u16).to_le_bytes(), found);
            }
        } else {
            let [upper_values, lower_values] = &mut self.rows;
            let values = upper_values.iter_mut().zip(lower_values);
            for ((column, samples), values) in columns.zip(upper.iter().zip(lower)).zip(values) {
                let [upper, lower] = [narrow(*samples.0, shift), narrow(*samples.1, shift)];
                *column = ((upper.0 | lower.0 << 8) as u16).to_le_bytes();
                (*values.0, *values.1) = (upper.1, lower.1);
            }
        }
    }

    /// Finds the contexts and bounds of the quads.
    #[inline(always)]
    pub(super) fn classify(&mut self, is_first: bool) {
        let count = self.count();
        let word = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
        let left = &self.exponents[..count];
        let own = self.exponents[1..].iter().zip(left);
        let quads = self.quads.iter_mut().zip(own);
        if is_first {
            quads.for_each(|(quad, (own, left))| *quad = Quad::of_first(word(own), word(left)));
        } else {
            let above = &self.above[..count + 2];
            let above = above.iter().zip(&above[1..]).zip(&above[2..]);
            for ((quad, (own, left)), ((before, at), after)) in quads.zip(above) {
                *quad = Quad::of_other(word(own), word(left), [word(before), word(at), word(after)]);
            }
        }
    }

    /// Stores the magnitudes and signs of rows whose magnitudes have up to [`NARROW`] bits.
    #[inline(always)]
    pub(super) fn put_narrow(&mut self, out: &mut ForwardBits) {
        for (lengths, (quad, known)) in self.lengths.iter_mut().zip(self.quads.iter().zip(&self.known)) {
            *lengths = quad.lengths(*known).to_le_bytes();
        }
        let lengths = self.lengths.as_flattened().as_chunks().0.iter();
        let rows = self.rows[0].iter().zip(&self.rows[1]);
        for (column, (lengths, (upper, lower))) in self.columns.iter_mut().zip(lengths.zip(rows)) {
            let lengths = u16::from_le_bytes(*lengths);
            let (first, second) = (u64::from(lengths & 0xFF), u64::from(lengths >> 8));
            *column = low_bits(u64::from(*upper), first) | low_bits(u64::from(*lower), second) << first;
        }
        // Kept apart from its place, its state is in registers.
        let mut bits = std::mem::take(out);
        for ([first, second], lengths) in self.columns.as_chunks().0.iter().zip(&self.lengths) {
            let lengths = u32::from_le_bytes(*lengths);
            let sums = lengths + (lengths >> 8);
            let (in_first, in_second) = (sums & 0xFF, sums >> 16 & 0xFF);
            if in_first + in_second <= super::streams::MOST {
                bits.put(first | second << in_first, in_first + in_second);
            } else {
                bits.put(*first, in_first);
                bits.put(*second, in_second);
            }
        }
        *out = bits;
    }

    /// Stores the magnitudes and signs of two rows of a block, from row `y`, sample by sample.
    #[inline(always)]
    pub(super) fn put_wide<T: Coefficient>(
        &self,
        block: &BlockSamples<'_, T>,
        y: usize,
        shift: u32,
        out: &mut ForwardBits,
    ) {
        for (n, (quad, known)) in self.quads[..self.count()].iter().zip(&self.known).enumerate() {
            let lengths = quad.lengths(*known).to_le_bytes();
            for (place, length) in lengths.into_iter().enumerate().filter(|(_, length)| *length > 0) {
                let sample = block.row(y + place % 2)[2 * n + place / 2];
                let value = low_bits(value(sample, shift), length.into());
                let low = length.min(32);
                out.put(low_bits(value, low.into()), low.into());
                out.put(value >> (low - 1) >> 1, u32::from(length - low));
            }
        }
    }
}

#[inline(always)]
fn low_bits(value: u64, bits: u64) -> u64 {
    value & !(u64::MAX << bits)
}

/// The sign of a sample, and above it the magnitude less one.
#[inline(always)]
fn value<T: Coefficient>(sample: T, shift: u32) -> u64 {
    (sample.magnitude() >> shift).wrapping_sub(1) << 1 | u64::from(sample.is_negative())
}

/// The exponent of a sample: the bit length of twice its magnitude less one.
#[inline(always)]
fn exponent<T: Coefficient>(sample: T, shift: u32) -> u8 {
    let magnitude = sample.magnitude() >> shift;
    (u64::BITS - (2 * magnitude - magnitude.min(1)).leading_zeros()) as u8
}

/// [`exponent`] and [`value`] of a sample that has up to [`NARROW`] bits.
#[inline(always)]
fn narrow<T: Coefficient>(sample: T, shift: u32) -> (u32, u32) {
    let magnitude = sample.magnitude_bits(shift);
    let odd = 2 * magnitude - magnitude.min(1);
    // Without the bits that could round up, the exponent of a float is that of the highest bit. That of 1 is 127.
    let float = (odd & !(odd >> 8)) as i32 as f32;
    let exponent = (float.to_bits() >> 23).max(126) - 126;
    (exponent, odd & !1 | u32::from(sample.is_negative()))
}
