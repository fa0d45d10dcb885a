//! `IO.open`: a reader or a writer, for a path, a stream, or a list of them.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use super::asset::Session;
use super::control::detached;
use super::remote::RemotePath;
use super::writer::DatasetWriter;
use super::{layout, reader, region, set_roles, stream};
use crate::dataset::{RsetPaths, RsetWriter, by_level, by_stated_level};
use crate::error::Error;
use crate::format::{by_extension, by_name};
use crate::io::{ByteSource, Durability, FileSource, sink_at};
use crate::pipeline::Concurrency;

/// Opens files: `IO.open`.
#[pyclass(frozen, module = "aws.osml.io")]
pub(super) struct IO;

/// A place to read or write a file.
pub(super) enum Target<'py> {
    Path(PathBuf),
    Remote(RemotePath<'py>),
    Stream(Bound<'py, PyAny>),
}

#[pymethods]
impl IO {
    /// Opens files for reading (`mode="r"`, a `DatasetReader`) or writing (`"w"`, a `DatasetWriter`).
    ///
    /// `paths` is a path (`str`, `bytes` or path-like), a binary stream, or a list of them. A list of several is an R-set: the
    /// first path is the base, and each other one has the suffix `.rN` of its level. All files have one format. With `rset=True`
    /// a reader also opens the levels that exist beside a base (`scene.ntf.r1`, `scene.ntf.r2` …), and a writer removes those
    /// that the new set lacks, as it does for a list. `format` names the format. By default a reader uses the first bytes and then the extension, and a writer uses the extension. Writing to a stream
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
    /// `roles` is a list of roles for each path or stream of an R-set: `["data"]` for the base, which comes first, and
    /// `["overview:1"]` … for the levels. Streams and paths without the suffix of a level need it; an empty list is the level of its
    /// position.
    ///
    /// `provider_threads` is the number of threads that may call `get_block` and `has_block` of a Python object at once, for all
    /// images of a writer: see `DatasetWriter.add_asset`.
    ///
    /// `filesystem` is an object whose method `open(path, mode)` opens the paths, such as a file system of fsspec. A writer hands it
    /// the complete file when it is closed; with an error before, nothing is opened. `rset=True` requires local paths.
    ///
    /// Raises `OptionError` (a `ValueError`) for a wrong mode, format or extension, `FormatError` for a file that breaks
    /// its standard, `UnsupportedError` for an unsupported file or request, and system errors such as `FileNotFoundError`.
    #[staticmethod]
    #[pyo3(signature = (paths, mode="r", format=None, *, threads=None, progress=None, max_bytes=None, cache_bytes=None, strict=false, durable=true, partial=false, rset=false, roles=None, filesystem=None, provider_threads=None))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools, reason = "arguments of the Python method")]
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
        rset: bool,
        roles: Option<&Bound<'py, PyAny>>,
        filesystem: Option<&Bound<'py, PyAny>>,
        provider_threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if !matches!(mode, "r" | "w") {
            return Err(Error::usage("mode").found(format!("{mode:?}")).allowed("\"r\" or \"w\"").into());
        }
        let targets = in_order(on_filesystem(targets(paths)?, filesystem)?, roles)?;
        let threads = Some(Concurrency::resolve(layout::threads(threads)?)?.threads());
        let provider_threads = layout::provider_threads(provider_threads)?.unwrap_or(1);
        if mode == "w" {
            let writer = create(py, targets, format.as_deref(), (threads, durable, rset))?.strict(strict);
            return Ok(Bound::new(py, DatasetWriter::new(py, writer, progress, provider_threads)?)?.into_any());
        }
        let max_bytes = max_bytes.map(|bytes| byte_count(bytes, "max_bytes", 1)).transpose()?;
        let cache_bytes = cache_bytes.map(|bytes| byte_count(bytes, "cache_bytes", 0)).transpose()?;
        let paths = Vec::new();
        let session = Session { paths, format, threads, max_bytes, cache_bytes, progress, strict, partial };
        let reader = match (set_of_paths(&targets), rset) {
            (Some(paths), true) => reader::open_found(py, only(&paths)?, session)?,
            (Some(paths), false) => reader::open_paths(py, paths, session)?,
            (None, true) => return Err(no_base()),
            (None, false) => reader::open_sources(py, sources(py, targets)?, session)?,
        };
        Ok(Bound::new(py, reader)?.into_any())
    }
}

/// Begins a file, or the files of an R-set. A set of paths replaces the former one.
///
/// # Errors
/// `OptionError` for an unknown format, and for a stream without one.
pub(super) fn create(
    py: Python<'_>,
    targets: Vec<Target<'_>>,
    format: Option<&str>,
    (threads, durable, rset): (Option<usize>, bool, bool),
) -> PyResult<RsetWriter> {
    let concurrency = Concurrency::resolve(threads)?;
    let durability = if durable { Durability::Synced } else { Durability::Cached };
    let paths = set_of_paths(&targets);
    if rset && paths.is_none() {
        return Err(no_base());
    }
    if let Some(paths) = paths.filter(|paths| rset || paths.len() > 1) {
        let paths = RsetPaths::new(paths)?;
        return detached(py, None, |_| RsetWriter::create(&paths, format, concurrency, durability));
    }
    let named = format.map(by_name).transpose()?;
    let format = match (named, &targets[0]) {
        (Some(format), _) => format,
        (None, Target::Path(path) | Target::Remote(RemotePath { path, .. })) => by_extension(path)?,
        (None, Target::Stream(_)) => return Err(Error::usage("writing to a stream requires `format`").into()),
    };
    let mut sinks = Vec::new();
    for target in targets {
        sinks.push(match target {
            Target::Remote(remote) => remote.sink()?,
            Target::Path(path) => py.detach(|| sink_at(&path, durability))?,
            Target::Stream(object) => stream::sink(&object)?,
        });
    }
    detached(py, None, |_| RsetWriter::to_sinks(sinks, Vec::new(), format, concurrency))
}

/// The sources of files, the base first.
fn sources(py: Python<'_>, targets: Vec<Target<'_>>) -> PyResult<Vec<Arc<dyn ByteSource>>> {
    let source = |target| -> PyResult<Arc<dyn ByteSource>> {
        match target {
            Target::Path(path) => Ok(Arc::new(py.detach(|| FileSource::open(&path))?)),
            Target::Remote(remote) => remote.source(),
            Target::Stream(object) => stream::source(&object),
        }
    };
    targets.into_iter().map(source).collect()
}

/// The targets, with paths as those of a file system.
fn on_filesystem<'py>(targets: Vec<Target<'py>>, filesystem: Option<&Bound<'py, PyAny>>) -> PyResult<Vec<Target<'py>>> {
    let Some(filesystem) = filesystem.filter(|filesystem| !filesystem.is_none()) else { return Ok(targets) };
    let on_it = |target| match target {
        Target::Path(path) => RemotePath::new(filesystem, path).map(Target::Remote),
        target => Ok(target),
    };
    targets.into_iter().map(on_it).collect()
}

/// The targets in the order of their levels, the base first: those that `roles` state, or else those of the suffixes of the paths.
///
/// # Errors
/// `OptionError` for paths and for roles that are not those of a set.
fn in_order<'py>(targets: Vec<Target<'py>>, roles: Option<&Bound<'py, PyAny>>) -> PyResult<Vec<Target<'py>>> {
    let name = |target: &'_ Target<'_>| match target {
        Target::Path(path) | Target::Remote(RemotePath { path, .. }) => Some(path.clone()),
        Target::Stream(_) => None,
    };
    let roles = roles.filter(|roles| !roles.is_none());
    if roles.is_none() && targets.len() == 1 {
        return Ok(targets);
    }
    let names: Vec<_> = targets.iter().map(name).collect();
    let names: Vec<_> = names.iter().map(Option::as_deref).collect();
    let order = match roles {
        Some(roles) => by_stated_level(&set_roles::levels(roles, targets.len())?, &names)?,
        None => by_level(&names)?,
    };
    let mut targets: Vec<_> = targets.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|position| targets[position].take()).collect())
}

/// The local paths of targets; `None` if one is a stream or on a caller's file system.
pub(super) fn all_paths(targets: &[Target<'_>]) -> Option<Vec<PathBuf>> {
    let path = |target: &Target<'_>| match target {
        Target::Path(path) => Some(path.clone()),
        Target::Remote(_) | Target::Stream(_) => None,
    };
    targets.iter().map(path).collect()
}

/// The local paths of targets if they are those of a set by their names as well: roles may state the levels of other names.
fn set_of_paths(targets: &[Target<'_>]) -> Option<Vec<PathBuf>> {
    all_paths(targets).filter(|paths| RsetPaths::new(paths).is_ok_and(|set| set.all() == paths))
}

/// The only path, as the base of a set whose levels are to be found.
///
/// # Errors
/// `OptionError` for several paths.
fn only(paths: &[PathBuf]) -> PyResult<&PathBuf> {
    match paths {
        [base] => Ok(base),
        paths => {
            Err(Error::usage("rset:").found(format!("{} paths", paths.len())).allowed("the path of a base").into())
        }
    }
}

/// The error for a stream in the place of a base.
pub(super) fn no_base() -> PyErr {
    Error::usage("rset:").found("a stream or a filesystem").allowed("the path of a base").into()
}

/// The paths and streams that `paths` names, at least one.
pub(super) fn targets<'py>(paths: &Bound<'py, PyAny>) -> PyResult<Vec<Target<'py>>> {
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
    let items: Vec<_> = items
        .map(|item| {
            let item = item?;
            target(&item)?.ok_or_else(|| wrong(&item))
        })
        .collect::<PyResult<_>>()?;
    if items.is_empty() { Err(Error::usage("no path").into()) } else { Ok(items) }
}

fn target<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Target<'py>>> {
    if object.is_instance_of::<PyString>() {
        return Ok(Some(Target::Path(object.extract()?)));
    }
    refuse_content(object)?;
    if object.is_instance_of::<PyBytes>() || object.hasattr("__fspath__")? {
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

/// The number of bytes in the argument `name`.
fn byte_count(object: &Bound<'_, PyAny>, name: &str, least: u64) -> PyResult<u64> {
    let bytes = region::index(object)?;
    let enough = u64::try_from(bytes).ok().filter(|bytes| *bytes >= least);
    let allowed = format!("an integer of {least} or more");
    Ok(enough.ok_or_else(|| Error::usage(format!("{name}:")).found(bytes).allowed(allowed))?)
}
