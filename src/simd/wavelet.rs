//! The lifting steps of wavelets (T.800 Annex F) on rows of coefficients.

use super::dispatch::widest;

widest! {
    /// Subtracts half the sum of the neighbours, rounded down.
    ///
    /// # Panics
    /// If the rows differ in length.
    pub(crate) fn predict(target: &mut [i32], before: &[i32], after: &[i32]) as predict_plain
}

widest! {
    /// Adds a quarter of the sum of the neighbours, rounded half up.
    ///
    /// # Panics
    /// If the rows differ in length.
    pub(crate) fn update(target: &mut [i32], before: &[i32], after: &[i32]) as update_plain
}

widest! {
    /// Adds half the sum of the neighbours, rounded down.
    ///
    /// # Panics
    /// If the rows differ in length.
    pub(crate) fn undo_predict(target: &mut [i32], before: &[i32], after: &[i32]) as undo_predict_plain
}

widest! {
    /// Subtracts a quarter of the sum of the neighbours, rounded half up.
    ///
    /// # Panics
    /// If the rows differ in length.
    pub(crate) fn undo_update(target: &mut [i32], before: &[i32], after: &[i32]) as undo_update_plain
}

widest! {
    /// Adds `factor` times the sum of the neighbours.
    ///
    /// # Panics
    /// If the rows differ in length.
    pub(crate) fn lift(target: &mut [f32], before: &[f32], after: &[f32], factor: f32) as lift_plain
}

widest! {
    /// Adds `shift` to samples, and limits them to a range.
    pub(crate) fn shift_and_clamp(samples: &mut [i32], shift: i32, low: i32, high: i32) as shift_and_clamp_plain
}

#[inline(always)]
fn shift_and_clamp_plain(samples: &mut [i32], shift: i32, low: i32, high: i32) {
    for sample in samples {
        *sample = sample.wrapping_add(shift).max(low).min(high);
    }
}

#[inline(always)]
fn predict_plain(target: &mut [i32], before: &[i32], after: &[i32]) {
    check(target, before, after);
    let neighbours = before.iter().zip(after);
    target.iter_mut().zip(neighbours).for_each(|(x, (a, b))| *x = x.wrapping_sub(a.wrapping_add(*b) >> 1));
}

#[inline(always)]
fn update_plain(target: &mut [i32], before: &[i32], after: &[i32]) {
    check(target, before, after);
    let neighbours = before.iter().zip(after);
    target.iter_mut().zip(neighbours).for_each(|(x, (a, b))| {
        *x = x.wrapping_add(a.wrapping_add(*b).wrapping_add(2) >> 2);
    });
}

#[inline(always)]
fn undo_predict_plain(target: &mut [i32], before: &[i32], after: &[i32]) {
    check(target, before, after);
    let neighbours = before.iter().zip(after);
    target.iter_mut().zip(neighbours).for_each(|(x, (a, b))| *x = x.wrapping_add(a.wrapping_add(*b) >> 1));
}

#[inline(always)]
fn undo_update_plain(target: &mut [i32], before: &[i32], after: &[i32]) {
    check(target, before, after);
    let neighbours = before.iter().zip(after);
    target.iter_mut().zip(neighbours).for_each(|(x, (a, b))| {
        *x = x.wrapping_sub(a.wrapping_add(*b).wrapping_add(2) >> 2);
    });
}

#[inline(always)]
fn lift_plain(target: &mut [f32], before: &[f32], after: &[f32], factor: f32) {
    check(target, before, after);
    target.iter_mut().zip(before.iter().zip(after)).for_each(|(x, (a, b))| *x += factor * (a + b));
}

#[inline(always)]
fn check<T>(target: &[T], before: &[T], after: &[T]) {
    assert!(before.len() == target.len() && after.len() == target.len(), "rows of one length");
}
