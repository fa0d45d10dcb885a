//! The samples of a code-block as bit-planes.

use super::stripes::{COLUMNS, ROWS, Stripes};
use super::transpose::{transpose_bits, transpose_bytes};

/// Planes that are kept below the one of the quantiser's step, for the distortion.
pub(super) const BELOW: usize = 3;

/// A signed integer that holds a coefficient.
pub(crate) trait Coefficient: Copy {
    /// Zero.
    const ZERO: Self;

    /// The absolute value.
    fn magnitude(self) -> u64;

    /// The low 32 bits of the absolute value without its lowest `shift` bits, which are fewer than the type has.
    fn magnitude_bits(self, shift: u32) -> u32;

    /// True below zero.
    fn is_negative(self) -> bool;
}

macro_rules! coefficient {
    ($($kind:ty)*) => {$(
        impl Coefficient for $kind {
            const ZERO: Self = 0;

            #[inline(always)]
            fn magnitude(self) -> u64 {
                u64::from(self.unsigned_abs())
            }

            #[inline(always)]
            fn magnitude_bits(self, shift: u32) -> u32 {
                (self.unsigned_abs() >> shift) as u32
            }

            #[inline(always)]
            fn is_negative(self) -> bool {
                self < 0
            }
        }
    )*};
}

coefficient! { i32 i64 }

/// The samples of a code-block in rows. The magnitude of a sample is in units of the quantiser's step × 2^-fraction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockSamples<'a, T> {
    samples: &'a [T],
    stride: usize,
    width: usize,
    height: usize,
    fraction: u32,
}

impl<'a, T: Coefficient> BlockSamples<'a, T> {
    /// A block whose rows of `width` samples begin every `stride` samples. The lowest `fraction` bits of the magnitudes are not
    /// coded; they only refine the distortion.
    ///
    /// `None` if T.800 has no such block (sides of 1 to 1024, at most 4096 samples), if `samples` do not hold it, or if
    /// `fraction` is not below 32.
    pub(crate) fn new(samples: &'a [T], stride: usize, width: usize, height: usize, fraction: u32) -> Option<Self> {
        let sides = 1..=1024;
        let legal = sides.contains(&width) && sides.contains(&height) && width * height <= 4096 && width <= stride;
        let held = legal && (height - 1).checked_mul(stride)?.checked_add(width)? <= samples.len();
        (held && fraction < 32).then_some(Self { samples, stride, width, height, fraction })
    }

    /// Columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// Number of bits that are not coded.
    pub(crate) fn fraction(&self) -> u32 {
        self.fraction
    }

    /// A row of samples.
    pub(crate) fn row(&self, row: usize) -> &'a [T] {
        &self.samples[row * self.stride..][..self.width]
    }

    /// The bits that any magnitude has.
    #[inline(always)]
    pub(crate) fn magnitudes(&self) -> u64 {
        (0..self.height).fold(0, |all, row| self.row(row).iter().fold(all, |all, v| all | v.magnitude()))
    }

    /// The samples of a word, zero outside the block.
    #[inline(always)]
    fn word(&self, stripe: usize, word: usize) -> [[T; COLUMNS]; ROWS] {
        let mut samples = [[T::ZERO; COLUMNS]; ROWS];
        for (to, row) in samples.iter_mut().zip(stripe * ROWS..self.height) {
            let from = &self.row(row)[word * COLUMNS..];
            if let Some(from) = from.first_chunk() {
                *to = *from;
            } else {
                to[..from.len()].copy_from_slice(from);
            }
        }
        samples
    }
}

/// The planes of a block. Plane 0 has the lowest bits that are coded; those below, to -[`BELOW`], are for the distortion.
#[derive(Default)]
pub(super) struct Planes {
    /// The place of the words.
    pub stripes: Stripes,
    /// Number of planes that are coded: the bit length of the largest coded magnitude.
    pub coded: usize,
    /// Bits of samples below zero.
    pub negative: Vec<u64>,
    /// Bits of the samples of the block.
    pub inside: Vec<u64>,
    /// The planes, the lowest first.
    words: Vec<u64>,
}

impl Planes {
    /// Takes the samples of a block apart. If the coefficients are not `exact`, each stands for the middle of its unit.
    #[inline(always)]
    pub(super) fn fill<T: Coefficient>(&mut self, block: &BlockSamples<'_, T>, exact: bool) {
        self.coded = (u64::BITS - (block.magnitudes() >> block.fraction).leading_zeros()) as usize;
        if self.coded == 0 {
            return;
        }
        self.lay_out(Stripes::new(block.width, block.height));
        let kept = block.fraction.min(BELOW as u32);
        let lowest = BELOW - kept as usize;
        self.words.clear();
        self.words.resize((BELOW + self.coded) * self.stripes.length(), 0);
        if !exact && lowest > 0 {
            let length = self.stripes.length();
            self.words[(lowest - 1) * length..][..length].copy_from_slice(&self.inside);
        }
        self.split(block, lowest, block.fraction - kept);
    }

    /// The words of a plane from -[`BELOW`] on, counted from 0.
    #[inline(always)]
    pub(super) fn counted(&self, number: usize) -> &[u64] {
        let length = self.stripes.length();
        &self.words[number * length..][..length]
    }

    /// The words of a coded plane.
    #[inline(always)]
    pub(super) fn plane(&self, plane: usize) -> &[u64] {
        self.counted(plane + BELOW)
    }

    fn lay_out(&mut self, stripes: Stripes) {
        if stripes == self.stripes {
            return;
        }
        self.stripes = stripes;
        for words in [&mut self.inside, &mut self.negative] {
            words.clear();
            words.resize(stripes.length(), 0);
        }
        for stripe in 0..stripes.count() {
            for word in 0..stripes.across() {
                self.inside[stripes.first(stripe) + word] = stripes.inside(stripe, word);
            }
        }
    }

    /// Writes signs and planes. The bit `shift` of a magnitude belongs to the plane `lowest`, counted from -[`BELOW`].
    #[inline(always)]
    fn split<T: Coefficient>(&mut self, block: &BlockSamples<'_, T>, lowest: usize, shift: u32) {
        let length = self.stripes.length();
        for stripe in 0..self.stripes.count() {
            for word in 0..self.stripes.across() {
                let at = self.stripes.first(stripe) + word;
                let samples = block.word(stripe, word);
                self.negative[at] = negative(&samples);
                for (group, planes) in self.words[lowest * length..].chunks_mut(8 * length).enumerate() {
                    let bits = eight_planes(&samples, shift + 8 * group as u32);
                    for (plane, bits) in planes.chunks_exact_mut(length).zip(bits) {
                        plane[at] = bits;
                    }
                }
            }
        }
    }
}

/// The bits of the samples below zero.
#[inline(always)]
fn negative<T: Coefficient>(samples: &[[T; COLUMNS]; ROWS]) -> u64 {
    let mut columns = [0u64; COLUMNS];
    for (row, samples) in samples.iter().enumerate() {
        for (column, (bits, sample)) in columns.iter_mut().zip(samples).enumerate() {
            *bits |= u64::from(sample.is_negative()) << (ROWS * column + row);
        }
    }
    columns.iter().fold(0, |word, bits| word | bits)
}

/// The bits `shift` to `shift` + 7 of the magnitudes, a word for each bit.
#[inline(always)]
fn eight_planes<T: Coefficient>(samples: &[[T; COLUMNS]; ROWS], shift: u32) -> [u64; 8] {
    let mut columns = [0u32; COLUMNS];
    for (row, samples) in samples.iter().enumerate() {
        for (bytes, sample) in columns.iter_mut().zip(samples) {
            *bytes |= (sample.magnitude_bits(shift) & 0xFF) << (8 * row);
        }
    }
    // Byte j of word i is sample 8·i + j; then bit j of byte k of word i is its bit k.
    let mut words = [0u64; 8];
    for (word, pair) in words.iter_mut().zip(columns.as_chunks::<2>().0) {
        *word = transpose_bits(u64::from(pair[0]) | u64::from(pair[1]) << 32);
    }
    transpose_bytes(&mut words);
    words
}
