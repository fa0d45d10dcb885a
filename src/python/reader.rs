//! `DatasetReader`: a file opened for reading.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyIterator, PyList, PyString, PyTuple};

use super::asset::data::classed;
use super::asset::{AssetProvider, OpenDataset, Session};
use super::control::detached;
use super::image_provider::ImageAssetProvider;
use super::metadata::MetadataProvider;
use super::warnings::warn_of_file;
use super::{pixel_type, region};
use crate::asset::AssetType;
use crate::dataset::{self, RsetPaths};
use crate::error::Error;
use crate::format::OpenOptions;
use crate::io::ByteSource;

/// A file opened for reading: its metadata, and its assets by key. Opening reads the headers; pixels are read on demand.
///
/// A context manager and an iterable of keys. It can be pickled if it was opened from a path. Its images stay usable after
/// it is closed.
#[pyclass(frozen, module = "aws.osml.io")]
pub(super) struct DatasetReader {
    dataset: Mutex<Option<Arc<OpenDataset>>>,
    metadata: PyOnceLock<Py<MetadataProvider>>,
}

impl DatasetReader {
    pub(super) fn new(dataset: OpenDataset) -> Self {
        Self { dataset: Mutex::new(Some(Arc::new(dataset))), metadata: PyOnceLock::new() }
    }

    pub(super) fn dataset(&self) -> PyResult<Arc<OpenDataset>> {
        let dataset = self.dataset.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(dataset.ok_or_else(|| Error::usage("the reader is closed"))?)
    }

    /// The keys of all assets except the segments of a divided image. Iteration therefore yields each pixel once.
    fn keys(&self) -> PyResult<Vec<String>> {
        let dataset = self.dataset()?;
        let whole = dataset.reader.assets().iter().filter(|asset| !asset.is_part());
        Ok(whole.map(|asset| asset.key.clone()).collect())
    }
}

#[pymethods]
impl DatasetReader {
    /// Metadata of the file as a whole.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, MetadataProvider>> {
        let dataset = self.dataset()?;
        let made = || MetadataProvider::of_file(py, Arc::clone(dataset.reader.metadata()));
        Ok(self.metadata.get_or_try_init(py, made)?.bind(py).clone())
    }

    /// The name of the format: `tiff`, `png`, `jpeg` …
    #[getter]
    fn format(&self) -> PyResult<&'static str> {
        Ok(self.dataset()?.reader.format().name())
    }

    /// The keys of the assets in file order: all of them, or those of one type (an `AssetType` or its name), or those with at
    /// least one of the `roles`. A divided image is listed as a whole; its segments are listed only if `roles` contains
    /// `segment`.
    #[pyo3(signature = (asset_type=None, roles=None))]
    fn get_asset_keys(
        &self,
        asset_type: Option<&Bound<'_, PyAny>>,
        roles: Option<Vec<String>>,
    ) -> PyResult<Vec<String>> {
        let kind = asset_type.map(pixel_type::asset_type_from_python).transpose()?;
        let dataset = self.dataset()?;
        let wanted = dataset.reader.assets().iter().filter(move |asset| {
            kind.is_none_or(|kind| kind == asset.kind)
                && roles.as_ref().map_or(!asset.is_part(), |roles| asset.roles.iter().any(|role| roles.contains(role)))
        });
        Ok(wanted.map(|asset| asset.key.clone()).collect())
    }

    /// True if an asset has this key.
    fn has_asset(&self, key: &str) -> PyResult<bool> {
        Ok(self.dataset()?.reader.assets().iter().any(|asset| asset.key == key))
    }

    /// The asset with this key.
    ///
    /// Raises `AssetNotFoundError` (a `KeyError`) that lists the existing keys, and `TypeError` for a key that is not a `str`.
    fn get_asset<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, AssetProvider>> {
        let dataset = self.dataset()?;
        let key = key
            .extract::<String>()
            .map_err(|_| no_key("key", key, "the key of an asset, a str such as \"image:0\""))?;
        asset(py, &dataset, dataset.reader.position(&key)?)
    }

    /// The image with this key or with this number among the images (`image:N`), or the default image.
    #[pyo3(name = "_image", signature = (key=None, /))]
    fn image<'py>(&self, py: Python<'py>, key: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, ImageAssetProvider>> {
        let dataset = self.dataset()?;
        let reader = &dataset.reader;
        let position = match key {
            None => reader.default_image()?,
            Some(key) => reader.position(&image_key(key)?)?,
        };
        ImageAssetProvider::open(py, &dataset, position)
    }

    /// Frees the decoded blocks that were kept for later reads, and releases the file as soon as none of its images needs it.
    fn close(&self) {
        let dataset = self.dataset.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(dataset) = dataset {
            dataset.reader.close_cache();
        }
    }

    fn __enter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        slf.get().dataset().map(|_| slf.clone())
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.keys()?)?.try_iter()
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.keys()?.len())
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        key.extract::<String>().map_or(Ok(false), |key| self.has_asset(&key))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, AssetProvider>> {
        self.get_asset(py, key)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        match slf.get().dataset()?.reopen_arguments(py) {
            Some(arguments) => Ok((py.import("aws.osml.io._io")?.getattr("_open_reader")?, arguments?)),
            None => Err(PyTypeError::new_err("cannot pickle a reader of a stream")),
        }
    }

    fn __repr__(&self) -> String {
        let Ok(dataset) = self.dataset() else { return "<DatasetReader, closed>".to_owned() };
        let path = dataset.session.paths.first().map(|path| format!("{:?}, ", path.display().to_string()));
        let (format, count) = (dataset.reader.format().name(), dataset.reader.assets().len());
        format!("<DatasetReader {}{format}, {count} assets>", path.unwrap_or_default())
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        // A closed reader has no assets to list; a notebook then shows its `repr`.
        if slf.get().dataset().is_err() {
            return Ok(None);
        }
        slf.py().import("aws.osml.io._html")?.call_method1("describe_reader", (slf,)).map(Some)
    }
}

/// The key of an image from the argument `asset`: a key, or the number of an image.
fn image_key(object: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(key) = object.extract::<String>() {
        return Ok(key);
    }
    let number = region::index(object);
    let allowed = "the key of an image, such as \"image:0\", or its number";
    Ok(format!("image:{}", number.map_err(|_| no_key("asset", object, allowed))?))
}

/// The error for an object that cannot be the key of an asset.
fn no_key(name: &str, object: &Bound<'_, PyAny>, allowed: &str) -> PyErr {
    let found = object.repr().map(|text| text.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!("{name}: got {found}, expected {allowed}"))
}

/// The asset at `position`, as an object of the class for its type.
pub(super) fn asset<'py>(
    py: Python<'py>,
    dataset: &Arc<OpenDataset>,
    position: usize,
) -> PyResult<Bound<'py, AssetProvider>> {
    let info = &dataset.reader.assets()[position];
    if info.kind == AssetType::Image {
        return Ok(ImageAssetProvider::open(py, dataset, position)?.into_super());
    }
    classed(py, AssetProvider::of_file(dataset, position))
}

/// Opens the file at a path, or the files of an R-set.
///
/// # Errors
/// `OptionError` for paths that are not those of a set; the errors of opening the files.
pub(super) fn open_paths(py: Python<'_>, paths: Vec<PathBuf>, session: Session) -> PyResult<DatasetReader> {
    // Of a single path, the suffix does not matter.
    let paths = RsetPaths::new(paths)?;
    let opened = |format: Option<&str>, options: &OpenOptions| {
        dataset::DatasetReader::open_rset(&paths, format, options).map(|reader| (reader, paths.all().to_vec()))
    };
    open_with(py, session, opened)
}

/// Opens the file at a path, and the files of an R-set that exist beside it.
///
/// # Errors
/// As [`open_paths`].
pub(super) fn open_found(py: Python<'_>, base: &Path, session: Session) -> PyResult<DatasetReader> {
    let opened = |format: Option<&str>, options: &OpenOptions| {
        let (reader, paths) = dataset::DatasetReader::find_rset(base, format, options)?;
        Ok((reader, paths.all().to_vec()))
    };
    open_with(py, session, opened)
}

/// Opens a file, or the files of an R-set, from sources.
///
/// # Errors
/// The errors of opening the files.
pub(super) fn open_sources(
    py: Python<'_>,
    sources: Vec<Arc<dyn ByteSource>>,
    session: Session,
) -> PyResult<DatasetReader> {
    let opened = |format: Option<&str>, options: &OpenOptions| {
        Ok((dataset::DatasetReader::from_sources(sources, format, options)?, Vec::new()))
    };
    open_with(py, session, opened)
}

/// Opens files for reading by a function that also returns their paths, if they have paths that can be opened again.
fn open_with(
    py: Python<'_>,
    session: Session,
    open: impl FnOnce(Option<&str>, &OpenOptions) -> crate::Result<(dataset::DatasetReader, Vec<PathBuf>)> + Send,
) -> PyResult<DatasetReader> {
    let default = OpenOptions::default();
    let cache_bytes = session.cache_bytes.unwrap_or(default.cache_bytes);
    let options =
        OpenOptions { limits: session.limits(), strict: session.strict, cache_bytes, partial: session.partial };
    let format = session.format.clone();
    let (reader, paths) = detached(py, None, |_| open(format.as_deref(), &options))?;
    warn_of_file(py, reader.source().path(), reader.warnings())?;
    // Absolute, because a process with another working folder may unpickle it.
    let paths = paths.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)).collect();
    Ok(DatasetReader::new(OpenDataset { reader, session: Session { paths, ..session } }))
}

/// Opens files when their reader is unpickled.
#[pyfunction(name = "_open_reader")]
#[pyo3(signature = (paths, format, threads, max_bytes, cache_bytes, partial, /))]
pub(super) fn open_reader(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    format: Option<String>,
    threads: Option<usize>,
    max_bytes: Option<u64>,
    cache_bytes: Option<u64>,
    partial: bool,
) -> PyResult<DatasetReader> {
    open_paths(py, paths, Session { format, threads, max_bytes, cache_bytes, partial, ..Default::default() })
}

/// The arguments of [`open_reader`].
type ReopenArguments = (Vec<PathBuf>, Option<String>, Option<usize>, Option<u64>, Option<u64>, bool);

/// Opens an image when it is unpickled.
#[pyfunction(name = "_open_image")]
#[pyo3(signature = (arguments, key, /))]
pub(super) fn open_image<'py>(
    arguments: ReopenArguments,
    key: &str,
    py: Python<'py>,
) -> PyResult<Bound<'py, AssetProvider>> {
    let (paths, format, threads, max_bytes, cache_bytes, partial) = arguments;
    open_reader(py, paths, format, threads, max_bytes, cache_bytes, partial)?
        .get_asset(py, PyString::new(py, key).as_any())
}
