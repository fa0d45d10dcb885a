//! The number of threads, and the caller's means to watch and stop the work.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The environment variable that sets the number of threads if no argument does.
const THREADS_VARIABLE: &str = "OSML_IO_THREADS";

/// The cores that this process may use. Determined once, because Linux reads the files of control groups for it, which takes
/// as long as reading a small image.
static CORES: OnceLock<usize> = OnceLock::new();

/// The interval between checks for a signal, and the longest time between calls of [`Control::poll`].
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The number of threads for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency(usize);

/// The caller's progress report and cancellation while a call runs. Used on the calling thread only.
#[derive(Default)]
pub struct Control<'a> {
    poll: Option<&'a dyn Fn() -> Result<()>>,
    progress: Option<&'a dyn Fn(u64, u64) -> Result<bool>>,
    polled: Cell<Option<Instant>>,
}

impl Concurrency {
    /// The calling thread alone.
    pub(crate) const SINGLE: Self = Self(1);

    /// The argument if given, else `OSML_IO_THREADS`, else the number of available cores.
    ///
    /// # Errors
    /// [`Error::Usage`] if the argument is zero or the variable is not a positive integer.
    pub fn resolve(argument: Option<usize>) -> Result<Self> {
        if let Some(threads) = argument {
            return Self::new(threads).ok_or_else(|| Error::usage("threads:").found(threads).allowed("1 or more"));
        }
        match std::env::var(THREADS_VARIABLE) {
            Ok(text) if !text.trim().is_empty() => text.trim().parse().ok().and_then(Self::new).ok_or_else(|| {
                Error::usage("environment variable").field(THREADS_VARIABLE).found(text).allowed("1 or more")
            }),
            _ => {
                Ok(Self(*CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))))
            }
        }
    }

    /// A number of threads, at most 1024; `None` if it is zero.
    pub fn new(threads: usize) -> Option<Self> {
        (threads > 0).then_some(Self(threads.min(1024)))
    }

    /// The number of threads.
    pub const fn threads(self) -> usize {
        self.0
    }

    /// Reduces the number of threads to the number of jobs, but not below one.
    #[must_use]
    pub(crate) fn at_most(self, jobs: u64) -> Self {
        Self(self.0.min(usize::try_from(jobs).unwrap_or(usize::MAX)).max(1))
    }
}

impl<'a> Control<'a> {
    /// Calls `poll` at intervals; it returns an error to stop the work (a signal). Calls `progress` with the number of blocks
    /// done and the total; it returns false to stop the work.
    pub fn new(
        poll: Option<&'a dyn Fn() -> Result<()>>,
        progress: Option<&'a dyn Fn(u64, u64) -> Result<bool>>,
    ) -> Self {
        Self { poll, progress, ..Self::default() }
    }

    /// The same checks for signals, with another progress report.
    pub(crate) fn with_progress<'b>(&self, progress: &'b dyn Fn(u64, u64) -> Result<bool>) -> Control<'b>
    where
        'a: 'b,
    {
        Control::new(self.poll, Some(progress))
    }

    /// Checks for a signal, unless the last check was recent.
    ///
    /// # Errors
    /// The error of the caller's function, to stop the work.
    pub(crate) fn poll(&self) -> Result<()> {
        let Some(poll) = self.poll else { return Ok(()) };
        let now = Instant::now();
        if self.polled.get().is_some_and(|last| now.duration_since(last) < POLL_INTERVAL) {
            return Ok(());
        }
        self.polled.set(Some(now));
        poll()
    }

    /// Reports progress.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if the caller's function returned false, or the error that it returned.
    pub(crate) fn progress(&self, done: u64, total: u64) -> Result<()> {
        match self.progress.map(|progress| progress(done, total)) {
            None | Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => Err(Error::Cancelled),
            Some(Err(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_wins_and_zero_is_refused() {
        assert_eq!(Concurrency::resolve(Some(3)).unwrap().threads(), 3);
        assert!(Concurrency::resolve(Some(0)).is_err());
        assert_eq!(Concurrency::resolve(Some(8)).unwrap().at_most(2).threads(), 2);
        assert_eq!(Concurrency::resolve(Some(8)).unwrap().at_most(0).threads(), 1);
    }
}
