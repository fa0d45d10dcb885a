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
/// been multiplied by 1 / K and K. They are changed. The samples use the memory of `samples`, whatever it holds.
pub(crate) fn inverse<T: Coefficient>(halves: &mut Halves<T>, rect: Rect, mut samples: Vec<T>) -> Plane<T> {
    let (width, height) = (rect.width() as usize, rect.height() as usize);
    let (odd_x, odd_y) = (rect.x0 as usize % 2, rect.y0 as usize % 2);
    // Every row is written before it is read.
    samples.resize(width * height, T::default());
    let Halves { low, bands: [hl, lh, hh] } = halves;
    for time in 0..=height + T::STEPS {
        if let Some(row) = samples[(time * width).min(width * height)..].get_mut(..width).filter(|row| !row.is_empty())
        {
            let (lows, highs) =
                if (time + odd_y).is_multiple_of(2) { (&mut *low, &mut *hl) } else { (&mut *lh, &mut *hh) };
            horizontal(lows.row_mut(time / 2), highs.row_mut(time / 2), odd_x, row);
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
fn horizontal<T: Coefficient>(lows: &mut [T], highs: &mut [T], odd: usize, row: &mut [T]) {
    if let [sample] = row {
        *sample = if odd == 1 { highs[0].halved() } else { lows[0] };
        return;
    }
    for step in (0..T::STEPS).rev() {
        lift_row(step, odd, lows, highs, T::undo);
    }
    let (first, second) = if odd == 1 { (highs, lows) } else { (lows, highs) };
    let (pairs, last) = row.as_chunks_mut::<2>();
    for ((pair, first), second) in pairs.iter_mut().zip(first.iter()).zip(second.iter()) {
        *pair = [*first, *second];
    }
    if let ([last], Some(first)) = (last, first.last()) {
        *last = *first;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::j2k::dwt;

    prop_compose! {
        fn rects()(x0 in 0u32..5, y0 in 0u32..5, width in 1u32..40, height in 1u32..40) -> Rect {
            Rect { x0, y0, x1: x0 + width, y1: y0 + height }
        }
    }

    /// The part of a plane at `whole`.
    fn part<T: Copy>(plane: &Plane<T>, whole: Rect, part: Rect) -> Plane<T> {
        let columns = (part.x0 - whole.x0) as usize..(part.x1 - whole.x0) as usize;
        let rows = (part.y0 - whole.y0) as usize..(part.y1 - whole.y0) as usize;
        let samples = rows.flat_map(|y| plane.row(y)[columns.clone()].to_vec()).collect();
        Plane { width: columns.len(), samples }
    }

    /// The samples of a rectangle from the coefficients of the whole, which lie at `halves(whole)`.
    fn of_part<T: Coefficient>(level: &dwt::Level<T>, whole: Rect, rect: Rect) -> Plane<T> {
        let (all, wanted) = (halves(whole), halves(rect));
        let cut = |plane: &Plane<T>, n: usize| part(plane, all[n], wanted[n]);
        let [hl, lh, hh] = &level.bands;
        let mut halves = Halves { low: cut(&level.low, 0), bands: [cut(hl, 1), cut(lh, 2), cut(hh, 3)] };
        // Memory of another size, with other samples.
        let any = level.low.samples.first().copied().unwrap_or_default();
        inverse(&mut halves, rect, vec![any; 7])
    }

    proptest! {
        #[test]
        fn the_reversible_transform_is_undone_in_every_part(
            bounds in rects(), samples in prop::collection::vec(-1000i32..1000, 1600), corner in (0u32..40, 0u32..40, 1u32..40, 1u32..40),
        ) {
            let plane = Plane { width: bounds.width() as usize, samples: samples[..bounds.area() as usize].to_vec() };
            let level = dwt::forward(plane.clone(), bounds);
            prop_assert!(of_part(&level, bounds, bounds) == plane);
            let (x, y) = (bounds.x0 + corner.0 % bounds.width(), bounds.y0 + corner.1 % bounds.height());
            let inner = Rect { x0: x, y0: y, x1: x + corner.2, y1: y + corner.3 }.intersect(&bounds);
            let reach = reach::<i32>();
            let outer = Rect {
                x0: x.saturating_sub(reach), y0: y.saturating_sub(reach), x1: inner.x1 + reach, y1: inner.y1 + reach,
            };
            let outer = outer.intersect(&bounds);
            prop_assert!(part(&of_part(&level, bounds, outer), outer, inner) == part(&plane, bounds, inner));
        }

        #[test]
        fn the_irreversible_transform_is_undone(bounds in rects(), samples in prop::collection::vec(-1000i32..1000, 1600)) {
            let samples: Vec<f32> = samples[..bounds.area() as usize].iter().map(|sample| *sample as f32).collect();
            let plane = Plane { width: bounds.width() as usize, samples };
            let mut level = dwt::forward(plane.clone(), bounds);
            let k = |length: u32| if length == 1 { 1.0 } else { f32::K as f32 };
            let (x, y) = (k(bounds.width()), k(bounds.height()));
            f32::scale(&mut level.low.samples, x * y);
            for (band, factor) in level.bands.iter_mut().zip([y / x, x / y, 1.0 / (x * y)]) {
                f32::scale(&mut band.samples, factor);
            }
            let found = of_part(&level, bounds, bounds);
            prop_assert!(found.samples.iter().zip(&plane.samples).all(|(a, b)| (a - b).abs() < 0.01));
        }
    }
}
