//! The names of TIFF tags and of their values, for `aws.osml.io.tiff`.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use crate::format::tiff::tags;

/// The number, the name and the named values of a tag. `name` is a tag name (case ignored) or a decimal number.
///
/// Raises `KeyError` with the nearest name for an unknown tag.
#[pyfunction(name = "_tiff_tag")]
#[pyo3(signature = (name, /))]
pub(super) fn tiff_tag(name: &str) -> PyResult<(u16, &'static str, NamedValues)> {
    let number = name.parse().ok();
    if let Some(tag) = number.map_or_else(|| tags::by_name(name), tags::by_number) {
        return Ok((tag.number, tag.name, tag.values.to_vec()));
    }
    let hint = tags::nearest_name(name).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Err(PyKeyError::new_err(format!("unknown TIFF tag {name:?}{hint}")))
}

/// Every tag of the table: number, name and named values.
#[pyfunction(name = "_tiff_tags")]
pub(super) fn tiff_tags() -> Vec<(u16, &'static str, NamedValues)> {
    tags::TAGS.iter().map(|tag| (tag.number, tag.name, tag.values.to_vec())).collect()
}

/// The named values of a tag.
type NamedValues = Vec<(u64, &'static str)>;
