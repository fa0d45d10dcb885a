//! By how much a pass lowers the error of a block (T.800 J.14.4), from counts of bits.
//!
//! A decoder sets a sample whose bits it knows down to plane p to the middle of the values that they leave. Let the value of
//! a sample be v, and 4^p the unit of the squared error. The pass lowers it
//! - by 0.75 + 3f, with f = v / 2^p - 1, if the sample becomes significant,
//! - by g - 0.25 if it is refined by a bit 1, and by (1 - g) - 0.25 if by a bit 0, with g the fraction of v / 2^p.
//!
//! All are linear in the bits below plane p. So sums over samples are counts of ones in each plane. Three planes are enough;
//! the rest of a fraction is half of the lowest place on average.

use super::planes::{BELOW, Planes};

/// The planes from which the distortion of a pass is counted.
pub(super) struct Lower<'a> {
    planes: [&'a [u64]; BELOW],
}

impl<'a> Lower<'a> {
    /// The planes below `plane`.
    #[inline(always)]
    pub(super) fn new(planes: &'a Planes, plane: usize) -> Self {
        Self { planes: std::array::from_fn(|k| planes.counted(plane + BELOW - 1 - k)) }
    }
}

/// Counts of samples that a pass coded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Distortion {
    /// Samples that became significant.
    new: u32,
    /// The sum of the fractions f, in eighths.
    new_eighths: u32,
    /// Samples that were refined by a bit 1, and by a bit 0.
    refined: [u32; 2],
    /// The sum of the fractions g and 1 - g, in eighths.
    refined_eighths: u32,
}

impl Distortion {
    /// Counts samples of the word `at` that become significant.
    #[inline(always)]
    pub(super) fn significant(&mut self, samples: u64, lower: &Lower<'_>, at: usize) {
        self.new += samples.count_ones();
        for (k, plane) in lower.planes.iter().enumerate() {
            self.new_eighths += (samples & plane[at]).count_ones() << (BELOW - 1 - k);
        }
    }

    /// Counts samples of the word `at` that are refined by `bits`.
    #[inline(always)]
    pub(super) fn refined(&mut self, samples: u64, bits: u64, lower: &Lower<'_>, at: usize) {
        let ones = (samples & bits).count_ones();
        self.refined[0] += ones;
        self.refined[1] += samples.count_ones() - ones;
        for (k, plane) in lower.planes.iter().enumerate() {
            self.refined_eighths += (samples & !(plane[at] ^ bits)).count_ones() << (BELOW - 1 - k);
        }
    }

    /// The decrease in units of the squared step. `exact` coefficients are integers, and are known after plane 0. If they are
    /// not, the lowest of `fraction` bits below plane 0 has a further half of its place.
    pub(super) fn decrease(&self, plane: usize, exact: bool, fraction: u32) -> f64 {
        let [ones, zeros] = self.refined.map(f64::from);
        let new = f64::from(self.new);
        if exact && plane == 0 {
            return new + zeros;
        }
        let eighth = 0.125;
        let complete = plane + if exact { 0 } else { fraction as usize + 1 } <= BELOW;
        let rest = if complete { zeros * eighth } else { (ones + zeros) * eighth / 2.0 };
        let new_rest = if complete { 0.0 } else { new * eighth / 2.0 };
        let significant = 0.75 * new + 3.0 * (f64::from(self.new_eighths) * eighth + new_rest);
        let refined = f64::from(self.refined_eighths) * eighth + rest - 0.25 * (ones + zeros);
        (significant + refined) * 4f64.powi(plane as i32)
    }
}
