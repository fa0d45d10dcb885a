//! `IO.open`: a reader or a writer, for a path, a stream, or a list of them.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use super::asset::Session;
use super::control::detached;
use super::writer::DatasetWriter;
use super::{layout, reader, region, stream};
use crate::dataset;
use crate::error::Error;
use crate::format::{by_extension, by_name};
use crate::io::{Durability, sink_at};
use crate::pipeline::Concurrency;

/// Opens files: `IO.open`.
#[pyclass(frozen, module = "aws.osml.io")]
pub(super) struct IO;

enum Target<'py> {
    Path(PathBuf),
    Stream(Bound<'py, PyAny>),
}

#[pymethods]
impl IO {
    /// Opens files for reading (`mode="r"`, a `DatasetReader`) or writing (`"w"`, a `DatasetWriter`).
    ///
    /// `paths` is a path (`str`, `bytes` or path-like), a binary stream, or a list of one; several paths are reserved for R-sets. `format` names the format.
    /// By default a reader uses the first bytes and then the extension, and a writer uses the extension. Writing to a stream
    /// requires `format`. A stream is read or written from its current position and is not closed.
    ///
    /// `threads` is the number of threads (default: `OSML_IO_THREADS`, else the number of cores).
    /// `progress(done_blocks, total_blocks)` is called on the calling thread; returning `False` cancels with a
    /// `CancelledError`. `max_bytes` limits the memory of one read, and replaces the limits that stop decompression bombs.
    ///
    /// `cache_bytes` limits the decoded blocks that the images of a file keep together for later reads of windows (default:
    /// 64 MiB; 0 keeps none). Reads of a whole image keep nothing. Closing the reader frees the blocks. Writing ignores it.
    ///
    /// `strict` makes departures from the format's standard errors: a `FormatError` when reading, an `OptionError` when
    /// writing. Otherwise they are warnings (`ConformanceWarning`, `FileWarning`).
    ///
    /// `partial` reads what a damaged file still has: missing pixels get the `fill_value` of the read, or else the nodata or pad
    /// value, or else 0. A `FileWarning` names them. Without it, missing pixels are a `FormatError`.
    ///
    /// With `durable=False` a writer does not wait until a file is on the medium (`fsync`). The file still appears as a whole or
    /// not at all, but a crash of the system soon afterwards may lose its content. Readers and streams ignore it.
    ///
    /// Raises `OptionError` (a `ValueError`) for a wrong mode, format or extension, `FormatError` for a file that breaks
    /// its standard, `UnsupportedError` for an unsupported file or request, and system errors such as `FileNotFoundError`.
    #[staticmethod]
    #[pyo3(signature = (paths, mode="r", format=None, *, threads=None, progress=None, max_bytes=None, cache_bytes=None, strict=false, durable=true, partial=false))]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the Python method")]
    fn open<'py>(
        py: Python<'py>,
        paths: &Bound<'py, PyAny>,
        mode: &str,
        format: Option<String>,
        threads: Option<&Bound<'py, PyAny>>,
        progress: Option<Py<PyAny>>,
        max_bytes: Option<&Bound<'py, PyAny>>,
        cache_bytes: Option<&Bound<'py, PyAny>>,
        strict: bool,
        durable: bool,
        partial: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        if !matches!(mode, "r" | "w") {
            return Err(Error::usage("mode").found(format!("{mode:?}")).allowed("\"r\" or \"w\"").into());
        }
        let target = single(targets(paths)?)?;
        let threads = Some(Concurrency::resolve(layout::threads(threads)?)?.threads());
        if mode == "w" {
            let writer = create(py, target, format.as_deref(), threads, durable)?.strict(strict);
            return Ok(Bound::new(py, DatasetWriter::new(py, writer, progress)?)?.into_any());
        }
        let max_bytes = max_bytes.map(|bytes| byte_count(bytes, "max_bytes", 1)).transpose()?;
        let cache_bytes = cache_bytes.map(|bytes| byte_count(bytes, "cache_bytes", 0)).transpose()?;
        let session = Session { format, threads, max_bytes, cache_bytes, progress, strict, partial, path: None };
        let reader = match target {
            Target::Path(path) => reader::open_path(py, path, session)?,
            Target::Stream(object) => reader::open_source(py, stream::source(&object)?, session)?,
        };
        Ok(Bound::new(py, reader)?.into_any())
    }
}

fn create(
    py: Python<'_>,
    target: Target<'_>,
    format: Option<&str>,
    threads: Option<usize>,
    durable: bool,
) -> PyResult<dataset::DatasetWriter> {
    let named = format.map(by_name).transpose()?;
    let concurrency = Concurrency::resolve(threads)?;
    let durability = if durable { Durability::Synced } else { Durability::Cached };
    let (sink, format) = match target {
        Target::Path(path) => {
            let format = named.map_or_else(|| by_extension(&path), Ok)?;
            (py.detach(|| sink_at(&path, durability))?, format)
        }
        Target::Stream(object) => {
            let format = named.ok_or_else(|| Error::usage("writing to a stream requires `format`"))?;
            (stream::sink(&object)?, format)
        }
    };
    detached(py, None, |_| dataset::DatasetWriter::to_sink(sink, format, concurrency))
}

/// The paths and streams that `paths` names.
fn targets<'py>(paths: &Bound<'py, PyAny>) -> PyResult<Vec<Target<'py>>> {
    if let Some(target) = target(paths)? {
        return Ok(vec![target]);
    }
    let wrong = |object: &Bound<'_, PyAny>| -> PyErr {
        let found = object.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        pyo3::exceptions::PyTypeError::new_err(format!(
            "paths: got {found}, expected a path, a stream, or a list of them"
        ))
    };
    // Iteration over an image or an array would read its bands.
    if paths.hasattr("get_block")? || paths.hasattr("__array__")? {
        return Err(wrong(paths));
    }
    let items = paths.try_iter().map_err(|_| wrong(paths))?;
    items
        .map(|item| {
            let item = item?;
            target(&item)?.ok_or_else(|| wrong(&item))
        })
        .collect()
}

fn target<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Target<'py>>> {
    refuse_content(object)?;
    let is_text = object.is_instance_of::<PyString>() || object.is_instance_of::<PyBytes>();
    if is_text || object.hasattr("__fspath__")? {
        // A path may be bytes, which name a file in the encoding of the file system.
        let path = object.py().import("os")?.call_method1("fsdecode", (object,))?;
        return Ok(Some(Target::Path(path.extract()?)));
    }
    let stream = object.hasattr("read")? || object.hasattr("write")?;
    Ok(stream.then(|| Target::Stream(object.clone())))
}

/// Refuses bytes that are the content of a file rather than its path.
fn refuse_content(object: &Bound<'_, PyAny>) -> PyResult<()> {
    let is_content = match object.cast::<PyBytes>() {
        Ok(bytes) => bytes.as_bytes().contains(&0) || bytes.as_bytes().len() > LONGEST_PATH,
        Err(_) => object.is_instance_of::<PyByteArray>() || object.is_instance_of::<PyMemoryView>(),
    };
    if !is_content {
        return Ok(());
    }
    let found = format!("{} of {} bytes", object.get_type().name()?, object.len()?);
    Err(Error::usage("paths:").found(found).allowed("a path; pass content as io.BytesIO(content)").into())
}

/// The limit of the length of a path on Linux. Longer bytes are the content of a file.
const LONGEST_PATH: usize = 4096;

/// The only target.
///
/// # Errors
/// `OptionError` for an empty list, and for further paths that are not files of an R-set; `UnsupportedError` for an R-set.
fn single(mut targets: Vec<Target<'_>>) -> PyResult<Target<'_>> {
    if targets.len() > 1 {
        for target in &targets[1..] {
            if let Target::Path(path) = target
                && !has_level_suffix(path)
            {
                let found = format!("{:?}", path.display().to_string());
                let allowed = "a suffix .r1, .r2 … of an R-set";
                return Err(Error::usage("path after the first:").found(found).allowed(allowed).into());
            }
        }
        return Err(Error::unsupported("R-set of files").found(format!("{} paths", targets.len())).into());
    }
    Ok(targets.pop().ok_or_else(|| Error::usage("no path"))?)
}

/// True for names such as `image.ntf.r2`.
fn has_level_suffix(path: &std::path::Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let level = extension.as_deref().and_then(|extension| extension.strip_prefix('r'));
    level.is_some_and(|level| !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The number of bytes in the argument `name`.
fn byte_count(object: &Bound<'_, PyAny>, name: &str, least: u64) -> PyResult<u64> {
    let bytes = region::index(object)?;
    let enough = u64::try_from(bytes).ok().filter(|bytes| *bytes >= least);
    let allowed = format!("an integer of {least} or more");
    Ok(enough.ok_or_else(|| Error::usage(format!("{name}:")).found(bytes).allowed(allowed))?)
}
