//! Coordinate reference systems as texts.

use pyo3::prelude::*;

use crate::image::Crs;

/// The system of a text: `"EPSG:n"`, or WKT 2 of a system without a code.
///
/// Raises `OptionError` for another text, for a damaged definition, and for a kind of system or projection that images do not have.
#[pyfunction(name = "_crs")]
#[pyo3(signature = (text, /))]
pub(super) fn crs(text: &str) -> PyResult<String> {
    Ok(Crs::from_text(text)?.to_string())
}

/// WKT 2 of the system of a text; `None` for a code whose definition is in the register alone.
#[pyfunction(name = "_crs_wkt")]
#[pyo3(signature = (text, /))]
pub(super) fn wkt(text: &str) -> PyResult<Option<String>> {
    Ok(Crs::from_text(text)?.to_wkt())
}

/// PROJJSON of the system of a text, as `_crs_wkt`.
#[pyfunction(name = "_crs_projjson")]
#[pyo3(signature = (text, /))]
pub(super) fn projjson(text: &str) -> PyResult<Option<String>> {
    Ok(Crs::from_text(text)?.to_projjson())
}

/// The system of a Python text.
///
/// # Errors
/// As [`Crs::from_text`]; `TypeError` for what is not a text.
pub(super) fn from_text(text: &Bound<'_, PyAny>) -> PyResult<Crs> {
    Ok(Crs::from_text(&text.extract::<String>()?)?)
}
