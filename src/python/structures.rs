//! The tables of NITF as functions, for `StructureRegistry`.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::value;
use crate::format::nitf;
use crate::schema::{Structure, document};

/// The identifiers of all tables.
#[pyfunction(name = "_structure_ids")]
pub(super) fn structure_ids() -> Vec<String> {
    nitf::table_ids()
}

/// The title, the source, the names of the fields in order, and the rows as Markdown of a table.
#[pyfunction(name = "_structure_facts")]
#[pyo3(signature = (id, /))]
pub(super) fn structure_facts(id: &str) -> PyResult<(&'static str, &'static str, Vec<String>, String)> {
    let table = table(id)?;
    let names = table.fields().iter().map(|field| field.name.to_string()).collect();
    Ok((&table.title, &table.source, names, document(table)))
}

/// The fields of a table in bytes.
#[pyfunction(name = "_structure_decode")]
#[pyo3(signature = (id, data, /))]
pub(super) fn structure_decode<'py>(py: Python<'py>, id: &str, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    value::to_python(py, &nitf::decode_table(table(id)?, data)?)
}

/// The bytes of a table with these fields.
#[pyfunction(name = "_structure_encode")]
#[pyo3(signature = (id, fields, strict, /))]
pub(super) fn structure_encode<'py>(
    py: Python<'py>,
    id: &str,
    fields: &Bound<'py, PyAny>,
    strict: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let fields = value::from_python(fields, id)?;
    Ok(PyBytes::new(py, &nitf::encode_table(table(id)?, &fields, strict)?))
}

/// The table with this identifier. An unknown one is a `KeyError`.
fn table(id: &str) -> PyResult<&'static Structure> {
    nitf::table(id).map_err(|error| PyKeyError::new_err(error.to_string()))
}
