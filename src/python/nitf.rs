//! Functions of the core for `aws.osml.io.nitf`: layouts, typed fields, georeference.

use pyo3::prelude::*;

use super::{layout, value};
use crate::error::Error;
use crate::format::nitf;
use crate::image::{BlockGrid, Crs, Georeference, ImageLayout, RPC_TERMS, Rpc, SampleType, Transform};
use crate::metadata::Value;

/// Adds layouts of TREs (`kind` "tre") or of user-defined subheaders ("des") for the process, and returns their names.
#[pyfunction(name = "_nitf_register")]
#[pyo3(signature = (text, kind, /))]
pub(super) fn register(text: &str, kind: &str) -> PyResult<Vec<String>> {
    Ok(if kind == "tre" { nitf::register_tre(text)? } else { nitf::register_des(text)? })
}

/// The typed fields of a TRE or of a user-defined subheader: numbers as numbers, blank ones as `None`. `name` is the tag, or
/// the DESID with `.` and DESVER.
#[pyfunction(name = "_nitf_typed")]
#[pyo3(signature = (kind, name, fields, /))]
pub(super) fn typed<'py>(
    py: Python<'py>,
    kind: &str,
    name: &str,
    fields: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let fields = value::from_python(fields, name)?;
    let typed = if kind == "tre" { nitf::typed_tre(name, &fields)? } else { nitf::typed_des(name, &fields)? };
    value::to_python(py, &typed)
}

/// The georeference entries of an image of this size, from outer corners or a transform.
#[pyfunction(name = "_nitf_georeference")]
#[pyo3(signature = (columns, rows, corners, transform, epsg, precise, /))]
pub(super) fn georeference<'py>(
    columns: &Bound<'py, PyAny>,
    rows: &Bound<'py, PyAny>,
    corners: Option<[(f64, f64); 4]>,
    transform: Option<[f64; 6]>,
    epsg: u32,
    precise: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, columns, rows) = (columns.py(), layout::size(columns, "columns", 1)?, layout::size(rows, "rows", 1)?);
    let layout = ImageLayout::new(BlockGrid::new(columns, rows, columns, rows)?, 1, SampleType::UInt8)?;
    let place = Georeference { transform: transform.map(Transform), crs: Some(Crs::Epsg(epsg)), corners };
    let place = place.for_writing(columns, rows)?;
    // Corners that are left are not a parallelogram, which is what this function promises.
    place.corners.map(|corners| Transform::from_corners(corners, columns, rows)).transpose()?;
    let entries = nitf::geo::describe(&place, &layout, None, precise)?;
    let entries = entries.into_iter().map(|(name, value)| (name.into(), value)).collect();
    value::to_python(py, &Value::Map(entries))
}

/// Zone, whether it is in the south, easting and northing of the square metre that an MGRS reference names.
#[pyfunction(name = "_nitf_from_mgrs")]
#[pyo3(signature = (text, /))]
pub(super) fn from_mgrs(text: &str) -> PyResult<(u8, bool, f64, f64)> {
    let wrong = |_| Error::usage("MGRS reference:").found(format!("{text:?}")).allowed("zzBJKeeeeennnnn");
    let point = nitf::geo::from_mgrs(text).map_err(wrong)?;
    Ok((point.zone.number(), point.zone.is_south(), point.easting, point.northing))
}

/// The MGRS reference of the square metre that holds a point.
#[pyfunction(name = "_nitf_to_mgrs")]
#[pyo3(signature = (zone, south, easting, northing, /))]
pub(super) fn to_mgrs(zone: u8, south: bool, easting: f64, northing: f64) -> PyResult<String> {
    let zone = nitf::geo::UtmZone::new(zone, south)?;
    Ok(nitf::geo::to_mgrs(nitf::geo::Utm { zone, easting, northing })?)
}

/// Errors, offsets, scales and polynomials of a sensor model.
type Model = ([Option<f64>; 2], [f64; 5], [f64; 5], [[f64; RPC_TERMS]; 4]);

/// The sensor model in an RPC00B or RPC00A, which is given as a dict of fields or as bytes.
#[pyfunction(name = "_nitf_rpc")]
#[pyo3(signature = (tag, fields, /))]
pub(super) fn rpc(tag: &str, fields: &Bound<'_, PyAny>) -> PyResult<Model> {
    let found = nitf::read_rpc(tag, &value::from_python(fields, tag)?)?;
    Ok((found.errors, found.offsets, found.scales, found.polynomials))
}

/// The fields of an RPC00B.
#[pyfunction(name = "_nitf_rpc_fields")]
#[pyo3(signature = (errors, offsets, scales, polynomials, /))]
pub(super) fn rpc_fields(
    py: Python<'_>,
    errors: [Option<f64>; 2],
    offsets: [f64; 5],
    scales: [f64; 5],
    polynomials: [Vec<f64>; 4],
) -> PyResult<Bound<'_, PyAny>> {
    let mut model = Rpc { errors, offsets, scales, polynomials: [[0.0; RPC_TERMS]; 4] };
    let wrong = |from: Vec<f64>| Error::usage("coefficients:").found(from.len()).allowed(RPC_TERMS);
    for (to, from) in model.polynomials.iter_mut().zip(polynomials) {
        *to = from.try_into().map_err(wrong)?;
    }
    let model = model.checked()?;
    value::to_python(py, &nitf::rpc_fields(&model)?)
}
