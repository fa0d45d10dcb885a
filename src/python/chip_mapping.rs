//! The arithmetic of `ChipMapping`, for numbers and NumPy arrays.

use numpy::{PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyFloat;

use super::array::numpy;
use super::control::detached;
use super::value;
use crate::error::Error;
use crate::format::nitf::chip::{Bilinear, ChipPoints, Points};

type Array<'py> = Bound<'py, PyArrayDyn<f64>>;

/// Rows and columns: numbers, or arrays of one shape.
type Pair<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// A point as (row, column).
type Point = (f64, f64);

/// Points in a chip and in the full image, the scale, and rows and columns of the full image.
type Mapping = ((Point, Point, Point, Point), (Point, Point, Point, Point), f64, Option<u32>, Option<u32>);

/// The rows and columns in the full image of points in the chip of a `ChipMapping`; numbers for numbers, else arrays.
#[pyfunction(name = "_nitf_to_full")]
#[pyo3(signature = (mapping, row, col, /))]
pub(super) fn to_full<'py>(
    mapping: &Bound<'py, PyAny>,
    row: &Bound<'py, PyAny>,
    col: &Bound<'py, PyAny>,
) -> PyResult<Pair<'py>> {
    mapped(mapping, row, col, Bilinear::to_full)
}

/// The rows and columns in the chip of points in the full image; the inverse of `_nitf_to_full`.
#[pyfunction(name = "_nitf_from_full")]
#[pyo3(signature = (mapping, row, col, /))]
pub(super) fn from_full<'py>(
    mapping: &Bound<'py, PyAny>,
    row: &Bound<'py, PyAny>,
    col: &Bound<'py, PyAny>,
) -> PyResult<Pair<'py>> {
    mapped(mapping, row, col, Bilinear::from_full)
}

/// ((scale, offset) of rows, (scale, offset) of columns) of a `ChipMapping`.
#[pyfunction(name = "_nitf_scales_and_offsets")]
#[pyo3(signature = (mapping, /))]
pub(super) fn scales_and_offsets(mapping: &Bound<'_, PyAny>) -> PyResult<((f64, f64), (f64, f64))> {
    let found = bilinear(mapping)?.scales_and_offsets().map(Into::into);
    let subject = "ICHIPB: the chip is turned or bent against the full image, expected only scales and offsets";
    found.ok_or_else(|| Error::usage(subject).into())
}

/// The arguments of the `ChipMapping` of an ICHIPB, which is given as a dict of fields or as bytes.
#[pyfunction(name = "_nitf_ichipb")]
#[pyo3(signature = (body, /))]
pub(super) fn ichipb(body: &Bound<'_, PyAny>) -> PyResult<Mapping> {
    let found = ChipPoints::read(&value::from_python(body, "ICHIPB")?)?;
    Ok((found.chip.into(), found.full.into(), found.scale, found.full_rows, found.full_columns))
}

/// Applies `map` to copies of rows and columns.
fn mapped<'py>(
    mapping: &Bound<'py, PyAny>,
    row: &Bound<'py, PyAny>,
    col: &Bound<'py, PyAny>,
    map: fn(&Bilinear, &mut [f64], &mut [f64]),
) -> PyResult<Pair<'py>> {
    let (rows, columns, single) = arrays(row, col)?;
    let bilinear = bilinear(mapping)?;
    {
        let (mut rows, mut columns) = (rows.try_readwrite()?, columns.try_readwrite()?);
        let (rows, columns) = (rows.as_slice_mut()?, columns.as_slice_mut()?);
        detached(row.py(), None, |_| {
            map(&bilinear, rows, columns);
            Ok(())
        })?;
    }
    if single {
        let number = |array: Array<'py>| -> PyResult<_> { array.call_method0("item") };
        return Ok((number(rows)?, number(columns)?));
    }
    Ok((rows.into_any(), columns.into_any()))
}

/// Rows and columns as new contiguous arrays of their common shape; true if both are numbers.
fn arrays<'py>(row: &Bound<'py, PyAny>, col: &Bound<'py, PyAny>) -> PyResult<(Array<'py>, Array<'py>, bool)> {
    let py = row.py();
    let numpy = numpy(py)?;
    let of_floats = |object: &Bound<'py, PyAny>| numpy.call_method1("asarray", (object, py.get_type::<PyFloat>()));
    let (rows, columns) = (of_floats(row)?, of_floats(col)?);
    let is_number =
        |array: &Bound<'py, PyAny>| -> PyResult<bool> { Ok(array.getattr("ndim")?.extract::<usize>()? == 0) };
    let single = is_number(&rows)? && is_number(&columns)?;
    let common = numpy.call_method1("broadcast_arrays", (rows, columns)).map_err(|error| {
        if !error.is_instance_of::<PyValueError>(py) {
            return error;
        }
        Error::usage(format!("rows and columns do not fit together: {}", error.value(py))).into()
    })?;
    let copy = |at: usize| -> PyResult<Array<'py>> {
        Ok(common.get_item(at)?.call_method0("copy")?.cast_into::<PyArrayDyn<f64>>()?)
    };
    Ok((copy(0)?, copy(1)?, single))
}

/// The mapping of the points of a `ChipMapping`.
fn bilinear(mapping: &Bound<'_, PyAny>) -> PyResult<Bilinear> {
    let (chip, full) = (mapping.getattr("chip")?, mapping.getattr("full")?);
    let scale = mapping.getattr("scale_factor")?.extract()?;
    let found = Bilinear::new(&points(&chip)?, &points(&full)?, scale);
    found.ok_or_else(|| {
        let found = format!("{chip} in the chip, {full} in the full image");
        Error::usage("ICHIPB points:").found(found).allowed("quadrilaterals").into()
    })
}

/// Four points from any iterables of numbers.
fn points(object: &Bound<'_, PyAny>) -> PyResult<Points> {
    let point = |point: PyResult<Bound<'_, PyAny>>| -> PyResult<(f64, f64)> {
        let numbers: Vec<f64> = point?.try_iter()?.map(|number| number?.extract()).collect::<PyResult<_>>()?;
        <[f64; 2]>::try_from(numbers).map(Into::into).map_err(|_| wrong(object))
    };
    let points: Vec<_> = object.try_iter()?.map(point).collect::<PyResult<_>>()?;
    points.try_into().map_err(|_| wrong(object))
}

fn wrong(points: &Bound<'_, PyAny>) -> PyErr {
    Error::usage("ICHIPB points:").found(points).allowed("four of (row, column)").into()
}
