//! The names of TIFF tags and of their values, for `aws.osml.io.tiff`.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use crate::format::tiff::tags::{self, Tag};

/// The tag of a name (case ignored) or of a number in decimal: its number, its name, and the names of its values.
///
/// Raises `KeyError` with the nearest name for one that is not known.
#[pyfunction]
#[pyo3(signature = (name, /))]
pub(super) fn _tiff_tag(name: &str) -> PyResult<(u16, &'static str, Vec<(u64, &'static str)>)> {
    let number = name.parse().ok();
    match number.map_or_else(|| tags::by_name(name), tags::by_number) {
        Some(Tag { number, name, values, .. }) => Ok((*number, name, values.to_vec())),
        None => {
            let hint = tags::nearest_name(name).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            Err(PyKeyError::new_err(format!("no TIFF tag is called {name:?}{hint}")))
        }
    }
}
