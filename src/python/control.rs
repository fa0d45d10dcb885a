//! Work without the GIL: the one place that releases it, lets Ctrl-C through and reports progress.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::errors::raised;
use crate::error::{Error, Result};
use crate::pipeline::Control;

/// Work shorter than this does not check for signals. Otherwise many short calls in many threads would queue for the GIL.
const SHORT: Duration = Duration::from_millis(40);

/// Runs `work` with the GIL released. The main thread checks for Ctrl-C and other signals every 50 ms. An exception of a
/// signal handler ends the work and is raised here. `progress` is called on this thread, detached.
pub(super) fn detached<T: Send>(
    py: Python<'_>,
    progress: Option<&(dyn Fn(u64, u64) -> Result<bool> + Sync)>,
    work: impl FnOnce(&Control<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let result = py.detach(|| {
        let started = Instant::now();
        let poll = || {
            if started.elapsed() < SHORT {
                return Ok(());
            }
            #[allow(clippy::redundant_closure_for_method_calls, reason = "the method itself is not general enough")]
            Python::attach(|py| py.check_signals()).map_err(|error| raised("signal handler", error))
        };
        let control = Control::new(Some(&poll), progress.map(|progress| progress as _));
        // A panic is a defect. It must not unwind into the interpreter.
        catch_unwind(AssertUnwindSafe(|| work(&control))).unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            Err(Error::Panic(text.or_else(|| payload.downcast_ref().cloned()).unwrap_or_default()))
        })
    });
    result.map_err(PyErr::from)
}

/// Calls a Python function with the number of blocks done and the total. False if it returned `False`.
pub(super) fn call_progress(callback: &Py<PyAny>, done: u64, total: u64) -> Result<bool> {
    Python::attach(|py| {
        let answer = callback.bind(py).call1((done, total)).map_err(|error| raised("progress", error))?;
        // Only `False` itself cancels; `None` and other values do not.
        Ok(answer.extract::<bool>().unwrap_or(true))
    })
}
