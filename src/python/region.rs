//! The region of a read, from Python's arguments, and the read itself.

use std::sync::Arc;

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use super::array::OutputArray;
use super::asset::Session;
use super::control::{call_progress, detached};
use super::value;
use super::warnings::warn_of_file;
use crate::error::Error;
use crate::format::{Warning, WarningKind};
use crate::image::{self, Gaps, ImageLayout, ImageProvider, PartialImage};
use crate::pipeline::{Concurrency, ReadRequest, read_region};

/// A Python integer. Integers beyond 64 bits are clamped: as an index they are out of range anyway.
pub(super) fn index(object: &Bound<'_, PyAny>) -> PyResult<i64> {
    object.extract().or_else(|error: PyErr| {
        if !error.is_instance_of::<PyOverflowError>(object.py()) {
            return Err(error);
        }
        Ok(if object.lt(0)? { i64::MIN } else { i64::MAX })
    })
}

/// The image at the resolution level in an argument, and the number of the level.
///
/// # Errors
/// `OutOfRangeError` for a level that the image lacks.
pub(super) fn at_level(
    image: Arc<dyn ImageProvider>,
    object: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Arc<dyn ImageProvider>, u32)> {
    let wanted = object.map_or(Ok(0), index)?;
    let Ok(level) = u32::try_from(wanted) else {
        let allowed = format!("0 to {}", image.levels().len());
        return Err(Error::out_of_range("resolution level").found(wanted).allowed(allowed).into());
    };
    Ok((image::at_level(image, level)?, level))
}

/// The argument `bands`: one, several, or all of `count`.
///
/// # Errors
/// `OptionError` for an empty list, `OutOfRangeError` for a band that does not exist.
pub(super) fn bands(object: Option<&Bound<'_, PyAny>>, count: u32) -> PyResult<Vec<u32>> {
    let Some(object) = object else { return Ok((0..count).collect()) };
    let wanted: Vec<i64> = match object.try_iter() {
        Ok(items) => items.map(|item| index(&item?)).collect::<PyResult<_>>()?,
        Err(_) => vec![index(object)?],
    };
    if wanted.is_empty() {
        return Err(Error::usage("bands").found("none").allowed("at least one").into());
    }
    let band = |wanted: &i64| {
        let band = u32::try_from(*wanted).ok().filter(|band| *band < count);
        band.ok_or_else(|| Error::out_of_range("band").found(wanted).allowed(format!("0 to {}", count - 1)))
    };
    Ok(wanted.iter().map(band).collect::<Result<_, _>>()?)
}

/// The argument `fill_value` as one sample, or the image's pad value.
///
/// # Errors
/// `OptionError` for a value that a sample cannot hold.
pub(super) fn fill(object: Option<&Bound<'_, PyAny>>, layout: &ImageLayout) -> PyResult<Vec<u8>> {
    let Some(object) = object else { return Ok(layout.pad_bytes()) };
    Ok(layout.fill_bytes(value::pad_value(object, "fill_value")?)?)
}

/// Reads a region into a new array of (bands, rows, columns), or into `out`, with the GIL released. A session that reads in part
/// gets a warning in place of an error if pixels are missing.
///
/// # Errors
/// `LimitError` if the file is too small for so many new pixels, before anything is allocated; any error of decoding.
pub(super) fn read<'py>(
    py: Python<'py>,
    provider: &Arc<dyn ImageProvider>,
    request: &ReadRequest,
    out: Option<&Bound<'py, PyAny>>,
    session: &Session,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let concurrency = Concurrency::resolve(threads.or(session.threads))?;
    let (path, whole) = (provider.path(), provider.layout().grid.window());
    if out.is_none() {
        let limits = session.limits();
        let checked = limits.check_pixels("image", request.bytes(&**provider), provider.file_bytes());
        checked.map_err(|error| error.in_file(path))?;
    }
    let gaps = session.partial.then(|| Arc::new(Gaps::new(request.fill.clone())));
    let in_part = gaps.as_ref().map(|gaps| PartialImage::new(Arc::clone(provider), gaps));
    let image = in_part.as_ref().map_or(&**provider, |image| image as &dyn ImageProvider);
    let shape = [request.bands.len(), request.window.height as usize, request.window.width as usize];
    let sample = provider.layout().sample;
    let mut output = match out {
        None => OutputArray::new(py, shape, sample)?,
        Some(out) => OutputArray::given(out, shape, sample)?,
    };
    let bytes = output.bytes_mut()?;
    if !bytes.is_empty() {
        let report = session.progress.as_ref().map(|callback| |done, total| call_progress(callback, done, total));
        let report = report.as_ref().map(|report| report as _);
        detached(py, report, |control| read_region(image, request, bytes, concurrency, control))?;
    }
    let damage = gaps.and_then(|gaps| gaps.take_message(whole));
    let damage = damage.map(|message| Warning::new(WarningKind::File, "pixels", message));
    warn_of_file(py, path, damage.as_slice())?;
    output.finish()
}
