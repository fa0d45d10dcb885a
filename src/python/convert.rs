//! `convert`: the content of an open file, written to another one.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::control::{call_progress, detached};
use super::encoding::save_settings;
use super::metadata::to_metadata;
use super::open::{create, targets};
use super::reader::DatasetReader;
use super::warnings::warn;
use super::{layout, region, windows};
use crate::dataset::{self, ConvertOptions};
use crate::error::Error;
use crate::format::by_name;
use crate::metadata::Metadata;

/// Converts an open file to the file `target`. `settings` are those of `imsave`, and `format`, `asset`, `window`, `bands`,
/// `resolution_level`, `metadata`, `threads` and `durable`. Returns the members of a `ConversionReport`.
#[pyfunction(name = "_convert")]
#[pyo3(signature = (reader, target, settings, progress=None, /))]
pub(super) fn convert<'py>(
    reader: &Bound<'py, DatasetReader>,
    target: &Bound<'py, PyAny>,
    settings: &Bound<'py, PyDict>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = reader.py();
    let dataset = reader.get().dataset()?;
    let reader = &dataset.reader;
    let options = options(reader, settings)?;
    let targets = targets(target)?;
    if targets.len() > 1 {
        return Err(Error::usage("dst:").found(format!("{} paths", targets.len())).allowed("one").into());
    }
    let durable = settings.get_item("durable")?.map_or(Ok(true), |durable| durable.is_truthy())?;
    let mut writer = create(py, targets, options.format.as_deref(), (options.threads, durable, false))?;
    let progress = progress.map(|progress| progress.clone().unbind());
    let report = |done, total| progress.as_ref().map_or(Ok(true), |callback| call_progress(callback, done, total));
    let done = detached(py, Some(&report), |control| writer.convert(reader, &options, control))?;
    // Before anything is visible: a filter may make a warning an error.
    warn(py, &done.warnings)?;
    detached(py, None, |_| writer.publish())?;
    let members = PyDict::new(py);
    members.set_item("source_format", done.source_format)?;
    members.set_item("format", done.format)?;
    members.set_item("images", done.images)?;
    members.set_item("blocks", done.blocks)?;
    members.set_item("copied_blocks", done.copied_blocks)?;
    members.set_item("bytes_in", done.bytes_in)?;
    members.set_item("bytes_out", done.bytes_out)?;
    members.set_item("seconds", done.seconds)?;
    members.set_item("lost", done.lost)?;
    let texts = done.warnings.iter().map(|warning| format!("{}: {}", warning.key, warning.message));
    members.set_item("warnings", texts.collect::<Vec<_>>())?;
    Ok(members)
}

/// The usual extension of files of a format, without the dot.
///
/// Raises `OptionError` for an unknown format.
#[pyfunction(name = "_extension")]
#[pyo3(signature = (format, /))]
pub(super) fn extension(format: &str) -> PyResult<&'static str> {
    let names = by_name(format)?.names();
    Ok(names.extensions.first().copied().unwrap_or(names.name))
}

/// The options in a dict.
///
/// # Errors
/// `OptionError` and `OutOfRangeError` for wrong values, and for a window, bands or a level that the image does not have.
fn options(reader: &dataset::DatasetReader, settings: &Bound<'_, PyDict>) -> PyResult<ConvertOptions> {
    let get = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
        Ok(settings.get_item(name)?.filter(|value| !value.is_none()))
    };
    let mut options = ConvertOptions {
        format: get("format")?.map(|format| format.extract()).transpose()?,
        settings: save_settings(settings)?,
        asset: get("asset")?.map(|key| key.extract()).transpose()?,
        level: get("resolution_level")?.map_or(Ok(0), |level| resolution_level(&level))?,
        threads: layout::threads(get("threads")?.as_ref())?,
        metadata: match get("metadata")? {
            Some(entries) => Metadata::clone(&*to_metadata(&entries)?).with_origin(None),
            None => Metadata::new(),
        },
        ..ConvertOptions::default()
    };
    if let Some(bands) = get("bands")? {
        options.bands = Some(region::bands(Some(&bands), options.shape(reader)?.0)?);
    }
    if let Some(window) = get("window")? {
        let (_, rows, columns) = options.shape(reader)?;
        options.window = Some(windows::clipped(&window, columns, rows)?);
    }
    Ok(options)
}

fn resolution_level(object: &Bound<'_, PyAny>) -> PyResult<u8> {
    let level = region::index(object)?;
    let error = || Error::out_of_range("resolution level").found(level).allowed("0 or more");
    Ok(u8::try_from(level).map_err(|_| error())?)
}
