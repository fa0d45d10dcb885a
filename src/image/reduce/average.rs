//! Averages of rows, for every type of sample.

use super::real::{Half, Real, counts as is_counted, parts};
use super::{Boxes, fill};
use crate::image::sample::SampleType;

/// An integer of `N` bytes. `Column` holds the sum of a column of samples, `Sum` that of all.
trait Whole<const N: usize>: Copy + PartialEq {
    type Column: Copy + Default + std::ops::AddAssign + From<Self> + Into<Self::Sum>;
    type Sum: Quotient<Self>;

    fn read(bytes: [u8; N]) -> Self;
    fn bytes(self) -> [u8; N];
    /// The value itself if `valid`, otherwise zero.
    fn only(self, valid: bool) -> Self;
}

/// A sum of integers.
trait Quotient<T>: Copy + std::iter::Sum {
    /// The quotient, rounded half up.
    fn over(self, count: u32) -> T;
}

impl Boxes<'_> {
    /// Makes one row of averages from several.
    pub(super) fn average(self, sample: SampleType, rows: &[&[u8]], out: &mut [u8]) {
        match sample {
            SampleType::UInt8 => self.whole::<1, u8>(rows, out),
            SampleType::Int8 => self.whole::<1, i8>(rows, out),
            SampleType::UInt16 => self.whole::<2, u16>(rows, out),
            SampleType::Int16 => self.whole::<2, i16>(rows, out),
            SampleType::UInt32 => self.whole::<4, u32>(rows, out),
            SampleType::Int32 => self.whole::<4, i32>(rows, out),
            SampleType::UInt64 => self.whole::<8, u64>(rows, out),
            SampleType::Int64 => self.whole::<8, i64>(rows, out),
            SampleType::Float16 => self.real::<2, Half, 1>(rows, out),
            SampleType::Float32 => self.real::<4, f32, 1>(rows, out),
            SampleType::Float64 => self.real::<8, f64, 1>(rows, out),
            SampleType::Complex64 => self.real::<4, f32, 2>(rows, out),
            SampleType::Complex128 => self.real::<8, f64, 2>(rows, out),
        }
    }

    fn whole<const N: usize, T: Whole<N>>(self, rows: &[&[u8]], out: &mut [u8]) {
        if !self.valid.is_empty() {
            let nodata = self.nodata.map(|nodata| T::read(nodata.as_chunks::<N>().0[0]));
            let is_valid = |y: usize, x: usize, sample| self.has(y, x) && Some(sample) != nodata;
            return self.valid_only::<N, T>(rows, nodata.unwrap_or(T::read([0; N])), is_valid, out);
        }
        let Some(nodata) = self.nodata else {
            let mut sums = vec![T::Column::default(); rows[0].len() / N];
            for row in rows {
                let samples = row.as_chunks::<N>().0;
                sums.iter_mut().zip(samples).for_each(|(sum, sample)| *sum += T::read(*sample).into());
            }
            for (target, sums) in out.as_chunks_mut::<N>().0.iter_mut().zip(sums.chunks(self.factor)) {
                let count = (sums.len() * rows.len()) as u32;
                *target = sums.iter().map(|sum| (*sum).into()).sum::<T::Sum>().over(count).bytes();
            }
            return;
        };
        let nodata = T::read(nodata.as_chunks::<N>().0[0]);
        self.valid_only::<N, T>(rows, nodata, |_, _, sample| sample != nodata, out);
    }

    /// Averages the samples for which `is_valid` (row, column, sample) is true; `fill` where there is none.
    fn valid_only<const N: usize, T: Whole<N>>(
        self,
        rows: &[&[u8]],
        fill: T,
        is_valid: impl Fn(usize, usize, T) -> bool,
        out: &mut [u8],
    ) {
        let columns = rows[0].len() / N;
        let mut sums = vec![T::Column::default(); columns];
        let mut counts = vec![0u32; columns];
        for (y, row) in rows.iter().enumerate() {
            let samples = row.as_chunks::<N>().0;
            for (x, ((sum, count), sample)) in sums.iter_mut().zip(&mut counts).zip(samples).enumerate() {
                let sample = T::read(*sample);
                let valid = is_valid(y, x, sample);
                *sum += sample.only(valid).into();
                *count += u32::from(valid);
            }
        }
        let groups = sums.chunks(self.factor).zip(counts.chunks(self.factor));
        for (target, (sums, counts)) in out.as_chunks_mut::<N>().0.iter_mut().zip(groups) {
            let count: u32 = counts.iter().sum();
            let sum: T::Sum = sums.iter().map(|sum| (*sum).into()).sum();
            *target = if count == 0 { fill.bytes() } else { sum.over(count).bytes() };
        }
    }

    /// Samples of `PARTS` numbers each; a complex sample has two.
    fn real<const N: usize, T: Real<N>, const PARTS: usize>(self, rows: &[&[u8]], out: &mut [u8]) {
        let columns = rows[0].len() / N / PARTS;
        let parts = parts::<N, T, PARTS>;
        let nodata = self.nodata.map(parts);
        let is_valid = |row: usize, column: usize, sample| is_counted(sample, nodata) && self.has(row, column);
        let lanes = LANES / PARTS;
        let mut sums = vec![[0.0; PARTS]; columns];
        let mut counts = vec![0u32; columns];
        for (column, (sums, count)) in sums.iter_mut().zip(&mut counts).enumerate() {
            let sample = |row: usize| parts(&rows[row][column * N * PARTS..][..N * PARTS]);
            *count = (0..rows.len()).map(|row| u32::from(is_valid(row, column, sample(row)))).sum();
            for (part, sum) in sums.iter_mut().enumerate() {
                let value = |row: usize| {
                    let sample = sample(row);
                    if is_valid(row, column, sample) { sample[part] } else { 0.0 }
                };
                *sum = total(rows.len(), lanes, &value);
            }
        }
        let groups = sums.chunks(self.factor).zip(counts.chunks(self.factor));
        for (target, (sums, counts)) in out.chunks_exact_mut(N * PARTS).zip(groups) {
            let count: u32 = counts.iter().sum();
            if count == 0 {
                fill(self.nodata, target);
                continue;
            }
            for (part, target) in target.as_chunks_mut::<N>().0.iter_mut().enumerate() {
                *target = T::bytes(total(sums.len(), lanes, &|at| sums[at][part]) / f64::from(count));
            }
        }
    }
}

/// The number of partial sums of real numbers that NumPy accumulates side by side.
const LANES: usize = 8;

/// The sum of `count` ≥ 1 values: the first, and the pairwise sum of the others.
fn total(count: usize, lanes: usize, value: &impl Fn(usize) -> f64) -> f64 {
    value(0) + pairwise(1, count, lanes, value)
}

/// A pairwise sum, whose error grows only with the logarithm of the count; short runs are summed in `lanes` side by side.
fn pairwise(from: usize, to: usize, lanes: usize, value: &impl Fn(usize) -> f64) -> f64 {
    let count = to - from;
    if count < lanes {
        return (from..to).fold(0.0, |sum, at| sum + value(at));
    }
    if count > 16 * lanes {
        let middle = from + count / 2 / lanes * lanes;
        return pairwise(from, middle, lanes, value) + pairwise(middle, to, lanes, value);
    }
    let mut sums = [0.0; LANES];
    let whole = count / lanes * lanes;
    (0..whole).for_each(|at| sums[at % lanes] += value(from + at));
    let mut width = 1;
    while width < lanes {
        (0..lanes).step_by(2 * width).for_each(|lane| sums[lane] += sums[lane + width]);
        width *= 2;
    }
    (from + whole..to).fold(sums[0], |sum, at| sum + value(at))
}

macro_rules! whole {
    ($($type:ty, $bytes:literal, $column:ty, $sum:ty;)*) => {
        $(impl Whole<$bytes> for $type {
            type Column = $column;
            type Sum = $sum;

            fn read(bytes: [u8; $bytes]) -> Self {
                Self::from_ne_bytes(bytes)
            }

            fn bytes(self) -> [u8; $bytes] {
                self.to_ne_bytes()
            }

            fn only(self, valid: bool) -> Self {
                if valid { self } else { 0 }
            }
        }

        impl Quotient<$type> for $sum {
            #[allow(clippy::cast_possible_truncation, reason = "an average of samples is a sample")]
            fn over(self, count: u32) -> $type {
                let doubled = 2 * self + Self::from(count);
                // Nearly every count is a power of two; the shift then rounds down as the division does.
                if count.is_power_of_two() {
                    (doubled >> (count.trailing_zeros() + 1)) as $type
                } else {
                    doubled.div_euclid(2 * Self::from(count)) as $type
                }
            }
        })*
    };
}
whole! {
    u8, 1, i32, i64;
    i8, 1, i32, i64;
    u16, 2, i32, i64;
    i16, 2, i32, i64;
    u32, 4, i64, i64;
    i32, 4, i64, i64;
    u64, 8, i128, i128;
    i64, 8, i128, i128;
}
