//! The inverse wavelet transform (T.800 Annex F.3) of a part of a resolution: the reverse of `dwt`, which has the filters.

use super::dwt::{Coefficient, Plane, lift_columns, lift_row};
use super::geometry::Rect;

/// Samples on each side of a part that its filters reach.
pub(crate) const fn reach<T: Coefficient>() -> u32 {
    T::STEPS as u32
}

/// The coefficients of a rectangle of a resolution: those of the next lower resolution, and HL, LH and HH.
pub(crate) struct Halves<T> {
    /// LL.
    pub low: Plane<T>,
    /// HL, LH, HH.
    pub bands: [Plane<T>; 3],
}

/// The parts of the four bands of a level that a rectangle of the resolution consists of: LL, HL, LH, HH.
pub(crate) fn halves(rect: Rect) -> [Rect; 4] {
    let low = |edge: u32| edge.div_ceil(2);
    let high = |edge: u32| edge / 2;
    let side =
        |x: fn(u32) -> u32, y: fn(u32) -> u32| Rect { x0: x(rect.x0), y0: y(rect.y0), x1: x(rect.x1), y1: y(rect.y1) };
    [side(low, low), side(high, low), side(low, high), side(high, high)]
}

/// The samples of a rectangle, as if the signal was extended at its edges. The high-pass and low-pass coefficients must have
/// been multiplied by 1 / K and K.
pub(crate) fn inverse<T: Coefficient>(halves: &Halves<T>, rect: Rect) -> Plane<T> {
    let (width, height) = (rect.width() as usize, rect.height() as usize);
    let (odd_x, odd_y) = (rect.x0 as usize % 2, rect.y0 as usize % 2);
    let mut samples = vec![T::default(); width * height];
    let mut scratch = (Vec::new(), Vec::new());
    let [hl, lh, hh] = &halves.bands;
    for time in 0..=height + T::STEPS {
        if let Some(row) = samples[(time * width).min(width * height)..].get_mut(..width).filter(|row| !row.is_empty())
        {
            let (lows, highs) = if (time + odd_y).is_multiple_of(2) { (&halves.low, hl) } else { (lh, hh) };
            horizontal(lows.row(time / 2), highs.row(time / 2), odd_x, row, &mut scratch);
        }
        if height == 1 {
            if odd_y == 1 && time == 0 {
                for sample in &mut samples {
                    *sample = sample.halved();
                }
            }
            continue;
        }
        for (number, step) in (0..T::STEPS).rev().enumerate() {
            // A step reads the row below.
            if let Some(y) = time.checked_sub(number + 1) {
                lift_columns(&mut samples, (width, height), y, (step, odd_y), T::undo);
            }
        }
    }
    Plane { width, samples }
}

/// Makes a row of its halves. `odd` is 1 if the row begins at an odd position.
fn horizontal<T: Coefficient>(
    lows: &[T],
    highs: &[T],
    odd: usize,
    row: &mut [T],
    (low_row, high_row): &mut (Vec<T>, Vec<T>),
) {
    if let [sample] = row {
        *sample = if odd == 1 { highs[0].halved() } else { lows[0] };
        return;
    }
    for (from, to) in [(lows, &mut *low_row), (highs, &mut *high_row)] {
        to.clear();
        to.extend_from_slice(from);
    }
    for step in (0..T::STEPS).rev() {
        lift_row(step, odd, low_row, high_row, T::undo);
    }
    let (first, second) = if odd == 1 { (high_row, low_row) } else { (low_row, high_row) };
    let (pairs, last) = row.as_chunks_mut::<2>();
    for ((pair, first), second) in pairs.iter_mut().zip(first.iter()).zip(second.iter()) {
        *pair = [*first, *second];
    }
    if let ([last], Some(first)) = (last, first.last()) {
        *last = *first;
    }
}
