//! Threads of a read that have no block of their own, and may help with the block of another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of idle threads of a read, which its workers share. A helper is a new thread: an idle one has ended, or was not
/// started.
#[derive(Debug, Clone, Default)]
pub struct IdleThreads(Option<Arc<AtomicUsize>>);

/// No idle threads.
pub(crate) static NONE: IdleThreads = IdleThreads(None);

/// Idle threads that are taken, until this is dropped.
pub(crate) struct Helpers<'i> {
    idle: &'i IdleThreads,
    /// Their number.
    pub count: usize,
}

impl IdleThreads {
    /// So many idle threads.
    pub(crate) fn new(count: usize) -> Self {
        Self(Some(Arc::new(AtomicUsize::new(count))))
    }

    /// Adds idle threads.
    pub(crate) fn add(&self, count: usize) {
        if let Some(idle) = &self.0 {
            idle.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Takes all idle threads, but at most `most`.
    pub(crate) fn take(&self, most: usize) -> Helpers<'_> {
        let taken = self.0.as_ref().and_then(|idle| {
            let before = idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| Some(count - count.min(most)));
            before.ok().map(|count| count.min(most))
        });
        Helpers { idle: self, count: taken.unwrap_or_default() }
    }
}

impl Drop for Helpers<'_> {
    fn drop(&mut self) {
        self.idle.add(self.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_taken_once_and_come_back() {
        let idle = IdleThreads::new(1);
        idle.add(2);
        let first = idle.take(2);
        assert_eq!((first.count, idle.take(9).count, idle.take(0).count), (2, 1, 0));
        drop(first);
        assert_eq!(idle.clone().take(9).count, 3);
        assert_eq!(NONE.take(9).count, 0);
    }
}
