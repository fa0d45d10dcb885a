//! The forward wavelet transform (T.800 Annex F.4): one level of a plane becomes the next lower resolution and three bands.
//!
//! The type of the coefficients chooses the wavelet: 5-3 reversible for integers, 9-7 irreversible for floats.

use super::geometry::Rect;
use crate::simd;

/// A plane of coefficients, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Plane<T> {
    /// Columns.
    pub width: usize,
    /// The coefficients.
    pub samples: Vec<T>,
}

impl<T> Plane<T> {
    /// A row.
    pub(crate) fn row(&self, y: usize) -> &[T] {
        &self.samples[y * self.width..][..self.width]
    }

    /// A row.
    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [T] {
        &mut self.samples[y * self.width..][..self.width]
    }
}

/// A type of coefficients, with its wavelet.
pub(crate) trait Coefficient: Copy + Default + Send + Sync + 'static {
    /// Number of lifting steps. The first changes coefficients at odd positions, the next those at even ones, and so on.
    const STEPS: usize;

    /// Runs a lifting step on a row, from the rows before and after it.
    fn step(step: usize, target: &mut [Self], before: &[Self], after: &[Self]);

    /// Undoes a lifting step.
    fn undo(step: usize, target: &mut [Self], before: &[Self], after: &[Self]);

    /// K of Table F.4: low-pass coefficients are divided by it in each direction, high-pass coefficients multiplied.
    const K: f64;

    /// Multiplies coefficients by a product of powers of K.
    fn scale(row: &mut [Self], factor: f32);

    /// Twice the value: a single sample at an odd position.
    #[must_use]
    fn doubled(self) -> Self;

    /// Half the value.
    #[must_use]
    fn halved(self) -> Self;
}

/// What a lifting step does to a row, from the rows before and after it.
pub(super) type Lift<T> = fn(usize, &mut [T], &[T], &[T]);

/// One level: the plane of the next lower resolution, and the bands HL, LH and HH.
pub(crate) struct Level<T> {
    /// LL.
    pub low: Plane<T>,
    /// HL, LH, HH.
    pub bands: [Plane<T>; 3],
}

/// Transforms a plane whose samples have these bounds by one level.
pub(crate) fn forward<T: Coefficient>(mut plane: Plane<T>, bounds: Rect) -> Level<T> {
    let (width, height) = (bounds.width() as usize, bounds.height() as usize);
    let (odd_x, odd_y) = (bounds.x0 as usize % 2, bounds.y0 as usize % 2);
    vertical(&mut plane, height, odd_y);
    let low = |length: usize, odd: usize| (length + 1 - odd) / 2;
    let (low_width, low_height) = (low(width, odd_x), low(height, odd_y));
    let band = |width: usize, height: usize| Plane { width, samples: Vec::with_capacity(width * height) };
    let mut level = Level {
        low: band(low_width, low_height),
        bands: [
            band(width - low_width, low_height),
            band(low_width, height - low_height),
            band(width - low_width, height - low_height),
        ],
    };
    // A single sample is not filtered, and so not scaled.
    let k = T::K as f32;
    let factor = |length: usize, is_high: bool| match (length, is_high) {
        (1, _) => 1.0,
        (_, true) => k,
        (_, false) => 1.0 / k,
    };
    let (mut lows, mut highs) = (vec![T::default(); low_width], vec![T::default(); width - low_width]);
    for (y, row) in plane.samples.chunks_exact(width.max(1)).take(height).enumerate() {
        horizontal(row, odd_x, &mut lows, &mut highs);
        let is_high = (y + odd_y) % 2 == 1;
        let [hl, lh, hh] = &mut level.bands;
        let (left, right) = if is_high { (lh, hh) } else { (&mut level.low, hl) };
        for (row, is_right) in [(&mut lows, false), (&mut highs, true)] {
            T::scale(row, factor(width, is_right) * factor(height, is_high));
        }
        left.samples.extend_from_slice(&lows);
        right.samples.extend_from_slice(&highs);
    }
    level
}

/// Lifts the columns of a plane in place; the rows stay interleaved. `odd` is 1 if the first row lies at an odd position.
fn vertical<T: Coefficient>(plane: &mut Plane<T>, height: usize, odd: usize) {
    let width = plane.width;
    if height == 1 {
        if odd == 1 {
            plane.samples.iter_mut().for_each(|sample| *sample = sample.doubled());
        }
        return;
    }
    for time in 0..height + T::STEPS {
        for step in 0..T::STEPS {
            if let Some(y) = time.checked_sub(step) {
                lift_columns(&mut plane.samples, (width, height), y, (step, odd), T::step);
            }
        }
    }
}

/// Runs a step on all columns of row `y` of a plane of some width and height if the step changes this row. `odd` is 1 if the
/// first row lies at an odd position.
///
/// If step n is called for row y − n, in the order of the steps, and y ascends, then a row is changed while its neighbours are
/// in the cache.
pub(super) fn lift_columns<T: Coefficient>(
    samples: &mut [T],
    (width, height): (usize, usize),
    y: usize,
    (step, odd): (usize, usize),
    lift: Lift<T>,
) {
    if y >= height || y % 2 != (1 + step + odd) % 2 {
        return;
    }
    let (above, rest) = samples.split_at_mut(y * width);
    let (target, below) = rest.split_at_mut(width);
    let before = y.checked_sub(1).map(|y| &above[y * width..]);
    let after = (y + 1 < height).then(|| &below[..width]);
    // A missing neighbour equals the other one: the extension is symmetric.
    if let Some((before, after)) = before.or(after).zip(after.or(before)) {
        lift(step, target, before, after);
    }
}

/// Transforms a row into its low-pass and high-pass halves. `odd` is 1 if the row begins at an odd position.
fn horizontal<T: Coefficient>(row: &[T], odd: usize, lows: &mut [T], highs: &mut [T]) {
    if let [sample] = row {
        if odd == 1 {
            highs[0] = sample.doubled();
        } else {
            lows[0] = *sample;
        }
        return;
    }
    let (even, other) = if odd == 1 { (&mut *highs, &mut *lows) } else { (&mut *lows, &mut *highs) };
    let pairs = row.chunks_exact(2);
    if let [last] = pairs.remainder() {
        even[row.len() / 2] = *last;
    }
    for ((pair, first), second) in pairs.zip(even).zip(other) {
        (*first, *second) = (pair[0], pair[1]);
    }
    for step in 0..T::STEPS {
        lift_row(step, odd, lows, highs, T::step);
    }
}

/// Runs a step on the halves of a row. `odd` is 1 if the row begins at an odd position.
pub(super) fn lift_row<T: Coefficient>(step: usize, odd: usize, lows: &mut [T], highs: &mut [T], lift: Lift<T>) {
    let (target, neighbours) = if step.is_multiple_of(2) { (highs, &*lows) } else { (lows, &*highs) };
    lift_between(step, target, neighbours, (step + odd) % 2 == 1, lift);
}

/// Runs a step on coefficients that alternate with their neighbours. `leads`: the first target precedes the first neighbour.
fn lift_between<T: Coefficient>(step: usize, target: &mut [T], neighbours: &[T], leads: bool, lift: Lift<T>) {
    let edge = |target: &mut [T], neighbour: usize| {
        lift(step, target, &neighbours[neighbour..=neighbour], &neighbours[neighbour..=neighbour]);
    };
    let first = usize::from(leads).min(target.len());
    if first == 1 {
        edge(&mut target[..1], 0);
    }
    let inner = (neighbours.len() - 1).min(target.len() - first);
    lift(step, &mut target[first..first + inner], &neighbours[..inner], &neighbours[1..=inner]);
    if target.len() > first + inner {
        edge(&mut target[first + inner..=first + inner], neighbours.len() - 1);
    }
}

impl Coefficient for i32 {
    const STEPS: usize = 2;

    fn step(step: usize, target: &mut [Self], before: &[Self], after: &[Self]) {
        if step == 0 { simd::predict(target, before, after) } else { simd::update(target, before, after) }
    }

    fn undo(step: usize, target: &mut [Self], before: &[Self], after: &[Self]) {
        if step == 0 { simd::undo_predict(target, before, after) } else { simd::undo_update(target, before, after) }
    }

    const K: f64 = 1.0;

    fn scale(_: &mut [Self], _: f32) {}

    fn doubled(self) -> Self {
        2 * self
    }

    fn halved(self) -> Self {
        self >> 1
    }
}

/// For samples of so many bits that sums of 32-bit coefficients would overflow.
impl Coefficient for i64 {
    const STEPS: usize = 2;

    fn step(step: usize, target: &mut [Self], before: &[Self], after: &[Self]) {
        for ((x, a), b) in target.iter_mut().zip(before).zip(after) {
            if step == 0 { *x -= (a + b) >> 1 } else { *x += (a + b + 2) >> 2 }
        }
    }

    fn undo(step: usize, target: &mut [Self], before: &[Self], after: &[Self]) {
        for ((x, a), b) in target.iter_mut().zip(before).zip(after) {
            let sum = a.wrapping_add(*b);
            *x = if step == 0 { x.wrapping_add(sum >> 1) } else { x.wrapping_sub(sum.wrapping_add(2) >> 2) };
        }
    }

    const K: f64 = 1.0;

    fn scale(_: &mut [Self], _: f32) {}

    fn doubled(self) -> Self {
        2 * self
    }

    fn halved(self) -> Self {
        self >> 1
    }
}

/// The lifting parameters α, β, γ, δ (Table F.4).
const FACTORS: [f32; 4] = [-1.586_134_3, -0.052_980_12, 0.882_911_1, 0.443_506_85];

impl Coefficient for f32 {
    const STEPS: usize = 4;

    fn step(step: usize, target: &mut [Self], before: &[Self], after: &[Self]) {
        simd::lift(target, before, after, FACTORS[step]);
    }

    fn undo(step: usize, target: &mut [Self], before: &[Self], after: &[Self]) {
        simd::lift(target, before, after, -FACTORS[step]);
    }

    const K: f64 = 1.230_174_1_f32 as f64;

    fn scale(row: &mut [Self], factor: f32) {
        for sample in row {
            *sample *= factor;
        }
    }

    fn doubled(self) -> Self {
        2.0 * self
    }

    fn halved(self) -> Self {
        0.5 * self
    }
}

/// α, β, γ, δ with all digits of Table F.4.
const LONG_FACTORS: [f64; 4] =
    [-1.586_134_342_059_924, -0.052_980_118_572_961, 0.882_911_075_530_934, 0.443_506_852_043_971];

/// For samples of more bits than `f32` has.
impl Coefficient for f64 {
    const STEPS: usize = 4;

    fn step(step: usize, target: &mut [Self], before: &[Self], after: &[Self]) {
        for ((x, a), b) in target.iter_mut().zip(before).zip(after) {
            *x += LONG_FACTORS[step] * (a + b);
        }
    }

    fn undo(step: usize, target: &mut [Self], before: &[Self], after: &[Self]) {
        for ((x, a), b) in target.iter_mut().zip(before).zip(after) {
            *x -= LONG_FACTORS[step] * (a + b);
        }
    }

    const K: f64 = 1.230_174_104_914_001;

    fn scale(row: &mut [Self], factor: f32) {
        for sample in row {
            *sample *= Self::from(factor);
        }
    }

    fn doubled(self) -> Self {
        2.0 * self
    }

    fn halved(self) -> Self {
        0.5 * self
    }
}

#[cfg(test)]
mod tests;
