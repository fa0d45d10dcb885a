//! The progress of several images as one count.

use std::cell::Cell;

use crate::error::Result;
use crate::pipeline::Control;

/// The blocks of all images of a conversion. Each image reports its own blocks from 0.
pub(super) struct Stages {
    /// The blocks of each image in the order in which they are written.
    weights: Vec<u64>,
    /// The number of images that have begun.
    begun: Cell<usize>,
    /// Blocks reported so far.
    done: Cell<u64>,
}

impl Stages {
    /// Images with so many blocks.
    pub(super) fn new(weights: Vec<u64>) -> Self {
        Self { weights, begun: Cell::new(0), done: Cell::new(0) }
    }

    fn total(&self) -> u64 {
        self.weights.iter().sum()
    }

    /// Reports `done` of `total` blocks of the current image. An image begins with none done.
    ///
    /// # Errors
    /// As [`Control::progress`].
    pub(super) fn report(&self, control: &Control<'_>, done: u64, total: u64) -> Result<bool> {
        if done == 0 {
            self.begun.set((self.begun.get() + 1).min(self.weights.len()));
        }
        let current = self.begun.get().max(1) - 1;
        let before: u64 = self.weights[..current].iter().sum();
        let weight = self.weights.get(current).copied().unwrap_or(0);
        let share = u128::from(weight) * u128::from(done.min(total)) / u128::from(total.max(1));
        let reached = (before + share as u64).max(self.done.get());
        self.done.set(reached);
        control.progress(reached, self.total()).map(|()| true)
    }

    /// Reports that everything is done, unless it was reported.
    ///
    /// # Errors
    /// As [`Control::progress`].
    pub(super) fn complete(&self, control: &Control<'_>) -> Result<()> {
        let total = self.total();
        if self.done.get() < total { control.progress(total, total) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn images_are_counted_together_and_the_count_never_falls() {
        let seen = Mutex::new(Vec::new());
        let note = |done, total| {
            seen.lock().unwrap().push((done, total));
            Ok(true)
        };
        let control = Control::new(None, Some(&note));
        let stages = Stages::new(vec![10, 4]);
        for (done, total) in [(0, 100), (50, 100), (100, 100), (0, 2), (1, 2)] {
            stages.report(&control, done, total).unwrap();
        }
        stages.complete(&control).unwrap();
        assert_eq!(*seen.lock().unwrap(), [(0, 14), (5, 14), (10, 14), (10, 14), (12, 14), (14, 14)]);
    }
}
