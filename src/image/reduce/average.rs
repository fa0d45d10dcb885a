//! Averages of rows, for every type of sample.

use crate::image::sample::{SampleType, half_from_f32, half_to_f32};

/// Averages of `factor` × `factor` samples that ignore samples of the value `nodata`.
#[derive(Clone, Copy)]
pub(super) struct Average<'a> {
    pub(super) factor: usize,
    pub(super) nodata: Option<&'a [u8]>,
}

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

/// A real number of `N` bytes.
trait Real<const N: usize> {
    fn read(bytes: [u8; N]) -> f64;
    fn bytes(value: f64) -> [u8; N];
}

impl Average<'_> {
    /// Makes one row from several.
    pub(super) fn row(self, sample: SampleType, rows: &[&[u8]], out: &mut [u8]) {
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
        let columns = rows[0].len() / N;
        let mut sums = vec![T::Column::default(); columns];
        let Some(nodata) = self.nodata else {
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
        let mut counts = vec![0u32; columns];
        for row in rows {
            let samples = row.as_chunks::<N>().0;
            for ((sum, count), sample) in sums.iter_mut().zip(&mut counts).zip(samples) {
                let sample = T::read(*sample);
                let valid = sample != nodata;
                *sum += sample.only(valid).into();
                *count += u32::from(valid);
            }
        }
        let groups = sums.chunks(self.factor).zip(counts.chunks(self.factor));
        for (target, (sums, counts)) in out.as_chunks_mut::<N>().0.iter_mut().zip(groups) {
            let count: u32 = counts.iter().sum();
            let sum: T::Sum = sums.iter().map(|sum| (*sum).into()).sum();
            *target = if count == 0 { nodata.bytes() } else { sum.over(count).bytes() };
        }
    }

    /// Samples of `PARTS` numbers each; a complex sample has two.
    fn real<const N: usize, T: Real<N>, const PARTS: usize>(self, rows: &[&[u8]], out: &mut [u8]) {
        let columns = rows[0].len() / N / PARTS;
        let parts = |sample: &[u8]| -> [f64; PARTS] {
            let parts = sample.as_chunks::<N>().0;
            std::array::from_fn(|part| T::read(parts[part]))
        };
        let nodata = self.nodata.map(parts);
        let is_valid = |sample: [f64; PARTS]| match nodata {
            None => true,
            Some(nodata) if nodata[0].is_nan() => !sample.iter().any(|part| part.is_nan()),
            Some(nodata) => sample != nodata,
        };
        let lanes = LANES / PARTS;
        let mut sums = vec![[0.0; PARTS]; columns];
        let mut counts = vec![0u32; columns];
        for (column, (sums, count)) in sums.iter_mut().zip(&mut counts).enumerate() {
            let sample = |row: usize| parts(&rows[row][column * N * PARTS..][..N * PARTS]);
            *count = (0..rows.len()).map(|row| u32::from(is_valid(sample(row)))).sum();
            for (part, sum) in sums.iter_mut().enumerate() {
                let value = |row: usize| {
                    let sample = sample(row);
                    if is_valid(sample) { sample[part] } else { 0.0 }
                };
                *sum = total(rows.len(), lanes, &value);
            }
        }
        let groups = sums.chunks(self.factor).zip(counts.chunks(self.factor));
        for (target, (sums, counts)) in out.chunks_exact_mut(N * PARTS).zip(groups) {
            let count: u32 = counts.iter().sum();
            if let (0, Some(nodata)) = (count, self.nodata) {
                target.copy_from_slice(nodata);
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

/// A half-precision number.
struct Half;

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

impl Real<2> for Half {
    fn read(bytes: [u8; 2]) -> f64 {
        half_to_f32(u16::from_ne_bytes(bytes)).into()
    }

    fn bytes(value: f64) -> [u8; 2] {
        let near = value as f32;
        // Rounded to odd first, so only the second rounding takes effect.
        let once = if f64::from(near) == value || !near.is_finite() {
            near
        } else {
            let below = if f64::from(near).abs() > value.abs() { near.to_bits() - 1 } else { near.to_bits() };
            f32::from_bits(below | 1)
        };
        half_from_f32(once).to_ne_bytes()
    }
}

impl Real<4> for f32 {
    fn read(bytes: [u8; 4]) -> f64 {
        Self::from_ne_bytes(bytes).into()
    }

    fn bytes(value: f64) -> [u8; 4] {
        (value as Self).to_ne_bytes()
    }
}

impl Real<8> for f64 {
    fn read(bytes: [u8; 8]) -> f64 {
        Self::from_ne_bytes(bytes)
    }

    fn bytes(value: f64) -> [u8; 8] {
        value.to_ne_bytes()
    }
}
