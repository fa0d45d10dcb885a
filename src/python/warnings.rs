//! The engine's warnings as Python warnings.

use std::path::Path;

use pyo3::prelude::*;

use super::errors::class;
use crate::format::{Warning, WarningKind};

/// Issues warnings through Python's filters, each with the class of its kind, at the line that called this package.
pub(super) fn warn(py: Python<'_>, warnings: &[Warning]) -> PyResult<()> {
    warn_of_file(py, None, warnings)
}

/// Issues warnings about a file that is read. The text begins with its path, which is also the attribute `filename`.
pub(super) fn warn_of_file(py: Python<'_>, path: Option<&Path>, warnings: &[Warning]) -> PyResult<()> {
    let mut level = 1;
    if !warnings.is_empty() {
        let frame_of = py.import("sys")?.getattr("_getframe")?;
        while frame_of.call1((level - 1,)).is_ok_and(|frame| is_ours(&frame)) {
            level += 1;
        }
    }
    for warning in warnings {
        let file = path.map(|path| format!("{}: ", path.display())).unwrap_or_default();
        let made =
            class(py, category(warning.kind))?.call1((format!("{file}{}: {}", warning.key, warning.message),))?;
        if let Some(path) = path {
            made.setattr("filename", path.as_os_str())?;
        }
        py.import("warnings")?.call_method1("warn", (made, py.None(), level))?;
    }
    Ok(())
}

/// True for a frame of a module of this package.
fn is_ours(frame: &Bound<'_, PyAny>) -> bool {
    let name = frame.getattr("f_globals").and_then(|globals| globals.get_item("__name__"));
    name.and_then(|name| name.extract::<String>()).is_ok_and(|name| name.starts_with("aws.osml.io."))
}

/// The Python class of a kind of warning.
fn category(kind: WarningKind) -> &'static str {
    match kind {
        WarningKind::Conformance => "ConformanceWarning",
        WarningKind::Precision => "PrecisionWarning",
        WarningKind::File => "FileWarning",
        WarningKind::Padding => "PaddingWarning",
        WarningKind::Fallback => "FallbackWarning",
        WarningKind::Metadata => "MetadataWarning",
    }
}
