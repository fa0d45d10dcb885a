//! The table from error kinds to Python exceptions, and the passage of the caller's exceptions through the engine.
//!
//! The exception classes are written in Python (`aws/osml/io/_errors.py`) because most of them derive from two classes.

use std::fmt;
use std::path::{Path, PathBuf};

use pyo3::exceptions::{PyException, PyOSError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::error::Error;

/// An exception that passes through the engine unchanged: of a stream, a progress function or a signal handler.
#[derive(Debug)]
pub(super) struct Raised(pub(super) PyErr);

/// The class `name` of `aws.osml.io._errors`.
pub(super) fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("aws.osml.io._errors").map(Bound::unbind))?;
    Ok(module.bind(py).getattr(name)?.cast_into::<PyType>()?)
}

/// Passes the exception through the engine unchanged.
pub(super) fn raised(origin: &'static str, error: PyErr) -> Error {
    Error::external(origin, Raised(error))
}

/// The exception of a caller's provider: it becomes a `ProviderError`, unless it ends the program (`KeyboardInterrupt`,
/// `SystemExit`).
pub(super) fn provider_raised(py: Python<'_>, origin: String, error: PyErr) -> Error {
    if error.is_instance_of::<PyException>(py) {
        Error::external(origin, error)
    } else {
        Error::external(origin, Raised(error))
    }
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        Python::attach(|py| exception(py, error).unwrap_or_else(|failure| failure))
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Raised {}

/// The table.
fn exception(py: Python<'_>, error: Error) -> PyResult<PyErr> {
    let name = match &error {
        Error::Malformed(_) => "FormatError",
        Error::Unsupported(_) => "UnsupportedError",
        Error::Limit { .. } => "LimitError",
        Error::Usage(_) => "OptionError",
        Error::OutOfRange(_) => "OutOfRangeError",
        Error::AssetNotFound { .. } => "AssetNotFoundError",
        Error::Cancelled => "CancelledError",
        Error::Panic(_) => "Error",
        Error::External { .. } => "ProviderError",
        Error::Io { .. } => return system_error(py, error),
    };
    let message = error.to_string();
    let path = error.path().map(Path::to_path_buf);
    let cause = match error {
        Error::External { source, .. } => match source.downcast::<Raised>() {
            Ok(raised) => return Ok(raised.0),
            Err(source) => source.downcast::<PyErr>().ok(),
        },
        _ => None,
    };
    let exception = PyErr::from_type(class(py, name)?, message);
    if let Some(path) = path {
        exception.value(py).setattr("filename", path.into_os_string())?;
    }
    exception.set_cause(py, cause.map(|cause| *cause));
    Ok(exception)
}

/// An `OSError` with number, text and file name. Python makes it a `FileNotFoundError`, `PermissionError` … If a caller's
/// stream raised the error, that exception.
fn system_error(py: Python<'_>, error: Error) -> PyResult<PyErr> {
    let message = error.to_string();
    let Error::Io { path, source } = error else { return Ok(PyOSError::new_err(message)) };
    if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Raised>) {
        let inner = source.into_inner().and_then(|inner| inner.downcast::<Raised>().ok());
        return Ok(inner.map_or_else(|| PyOSError::new_err(message), |raised| raised.0));
    }
    let Some(number) = error_number(py, &source) else { return Ok(PyOSError::new_err(message)) };
    let text = py.import("os")?.call_method1("strerror", (number,))?;
    Ok(PyErr::from_type(py.get_type::<PyOSError>(), (number, text.unbind(), path.map(PathBuf::into_os_string))))
}

/// The system's number of the error, or the number for its kind if the error was wrapped.
fn error_number(py: Python<'_>, error: &std::io::Error) -> Option<i32> {
    use std::io::ErrorKind;
    if cfg!(unix) && error.raw_os_error().is_some() {
        return error.raw_os_error();
    }
    let name = match error.kind() {
        ErrorKind::NotFound => "ENOENT",
        ErrorKind::PermissionDenied => "EACCES",
        ErrorKind::AlreadyExists => "EEXIST",
        ErrorKind::NotADirectory => "ENOTDIR",
        ErrorKind::IsADirectory => "EISDIR",
        ErrorKind::StorageFull => "ENOSPC",
        ErrorKind::QuotaExceeded => "EDQUOT",
        ErrorKind::ReadOnlyFilesystem => "EROFS",
        ErrorKind::InvalidFilename => "ENAMETOOLONG",
        _ => return None,
    };
    py.import("errno").and_then(|module| module.getattr(name)?.extract()).ok()
}
