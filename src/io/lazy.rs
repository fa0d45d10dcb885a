//! A value that is made on first use.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::error::Result;

/// A value that is made on first use and then kept, such as a table of a file.
pub(crate) struct Lazy<T> {
    value: OnceLock<T>,
    /// Held while the value is made, so that a second thread waits for the value and does not make it again.
    making: Mutex<()>,
}

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self { value: OnceLock::new(), making: Mutex::default() }
    }
}

impl<T> Lazy<T> {
    /// The value. Without one, `make` makes it, in one thread at a time. `make` must not ask for the same value.
    ///
    /// # Errors
    /// The error of `make`. The next call tries again.
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Result<T>) -> Result<&T> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let _one = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = make()?;
        Ok(self.value.get_or_init(|| value))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::Error;

    #[test]
    fn threads_that_ask_at_once_get_one_value() {
        let (lazy, count) = (Lazy::default(), AtomicUsize::new(0));
        let make = || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            Ok(count.fetch_add(1, Ordering::Relaxed))
        };
        let values: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| *lazy.get_or_make(make).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(values, [0; 4]);
        assert_eq!(count.into_inner(), 1);
    }

    #[test]
    fn an_error_is_not_kept() {
        let lazy = Lazy::default();
        lazy.get_or_make(|| Err(Error::usage("no value yet"))).unwrap_err();
        assert_eq!(*lazy.get_or_make(|| Ok(7)).unwrap(), 7);
        assert_eq!(*lazy.get_or_make(|| Err(Error::usage("not called"))).unwrap(), 7);
    }
}
