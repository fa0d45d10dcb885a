//! The common part of all assets: names, roles, metadata, stored bytes.

pub(super) mod data;
pub(super) mod text;

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use super::control::detached;
use super::metadata::{BufferedMetadataProvider, MetadataProvider, bytes_io};
use super::pixel_type;
use crate::asset::AssetType;
use crate::dataset::DatasetReader;
use crate::limits::Limits;
use crate::metadata::Metadata;

/// A file that is open for reading, shared by its reader and its assets.
pub(super) struct OpenDataset {
    /// The engine's reader.
    pub(super) reader: DatasetReader,
    /// The arguments it was opened with.
    pub(super) session: Session,
}

/// The arguments a file was opened with. They apply to every read of it.
#[derive(Default)]
pub(super) struct Session {
    /// The absolute paths, if the files were opened from paths: one, or those of an R-set. Pickling needs them.
    pub(super) paths: Vec<PathBuf>,
    /// The argument `format`.
    pub(super) format: Option<String>,
    /// The argument `threads`.
    pub(super) threads: Option<usize>,
    /// The argument `max_bytes`.
    pub(super) max_bytes: Option<u64>,
    /// The argument `cache_bytes`.
    pub(super) cache_bytes: Option<u64>,
    /// The argument `progress`.
    pub(super) progress: Option<Py<PyAny>>,
    /// The argument `strict`.
    pub(super) strict: bool,
    /// The argument `partial`.
    pub(super) partial: bool,
}

/// An asset of a dataset: an image, a text, graphics or other data.
#[pyclass(frozen, subclass, module = "aws.osml.io")]
pub(super) struct AssetProvider {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) roles: Vec<String>,
    pub(super) media_type: String,
    pub(super) kind: AssetType,
    pub(super) metadata: AssetMetadata,
    pub(super) raw: RawAsset,
}

/// Title, description and roles of an asset, if they are given.
type Texts = (Option<String>, Option<String>, Option<Vec<String>>);

/// The metadata of an asset.
pub(super) enum AssetMetadata {
    /// Of a file; converted to a Python object on request.
    File(Arc<Metadata>, PyOnceLock<Py<MetadataProvider>>),
    /// Of an asset in memory, as given by the caller.
    Given(Py<MetadataProvider>),
}

/// The location of an asset's stored bytes.
pub(super) enum RawAsset {
    /// In a file, at this position in its list of assets.
    File(Arc<OpenDataset>, usize),
    /// In memory.
    Bytes(Vec<u8>),
    /// Text in memory: its encoded bytes, the text, and the name of the encoding.
    Text(Vec<u8>, String, String),
}

impl OpenDataset {
    /// The arguments of `_open_reader` that open the file again; `None` if it was not opened from a path.
    pub(super) fn reopen_arguments<'py>(&self, py: Python<'py>) -> Option<PyResult<Bound<'py, PyTuple>>> {
        let session = &self.session;
        if session.paths.is_empty() {
            return None;
        }
        let paths: Vec<_> = session.paths.iter().map(|path| path.as_os_str()).collect();
        let Session { format, threads, max_bytes, cache_bytes, partial, .. } = session;
        Some((paths, format, *threads, *max_bytes, *cache_bytes, *partial).into_pyobject(py))
    }
}

impl AssetProvider {
    /// The same asset with these texts.
    fn with_texts(self, (title, description, roles): Texts) -> Self {
        let title = title.unwrap_or(self.title);
        Self { title, description: description.unwrap_or(self.description), roles: roles.unwrap_or(self.roles), ..self }
    }

    /// The asset at `position` of an open file.
    pub(super) fn of_file(dataset: &Arc<OpenDataset>, position: usize) -> Self {
        let info = &dataset.reader.assets()[position];
        Self {
            key: info.key.clone(),
            title: info.title.clone(),
            description: info.description.clone(),
            roles: info.roles.clone(),
            media_type: info.media_type.to_owned(),
            kind: info.kind,
            metadata: AssetMetadata::of_file(&info.metadata),
            raw: RawAsset::File(Arc::clone(dataset), position),
        }
    }
}

impl Session {
    /// The same arguments with another `partial`, for one read.
    pub(super) fn with_partial(&self, py: Python<'_>, partial: bool) -> Self {
        Self {
            paths: Vec::new(),
            format: None,
            threads: self.threads,
            max_bytes: self.max_bytes,
            cache_bytes: self.cache_bytes,
            progress: self.progress.as_ref().map(|progress| progress.clone_ref(py)),
            strict: self.strict,
            partial,
        }
    }

    /// The limits on the memory that reading the file may allocate.
    pub(super) fn limits(&self) -> Limits {
        Limits { max_bytes: self.max_bytes, ..Limits::default() }
    }
}

impl AssetMetadata {
    /// Metadata of a file.
    pub(super) fn of_file(metadata: &Arc<Metadata>) -> Self {
        Self::File(Arc::clone(metadata), PyOnceLock::new())
    }

    /// A mutable copy of the argument `metadata`.
    pub(super) fn given(py: Python<'_>, metadata: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let copy = BufferedMetadataProvider::from_mapping(py, metadata)?;
        Ok(Self::Given(copy.into_bound(py).into_super().unbind()))
    }

    /// The Python object.
    pub(super) fn object<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, MetadataProvider>> {
        match self {
            Self::File(metadata, made) => {
                let object = made.get_or_try_init(py, || MetadataProvider::of_file(py, Arc::clone(metadata)))?;
                Ok(object.bind(py).clone())
            }
            Self::Given(object) => Ok(object.bind(py).clone()),
        }
    }

    /// The entries for a writer.
    pub(super) fn entries(&self, py: Python<'_>) -> PyResult<Arc<Metadata>> {
        match self {
            Self::File(metadata, _) => Ok(Arc::clone(metadata)),
            Self::Given(object) => super::metadata::to_metadata(object.bind(py).as_any()),
        }
    }
}

/// The common part of all assets in memory.
pub(super) fn in_memory(py: Python<'_>, key: String, kind: AssetType) -> PyResult<AssetProvider> {
    Ok(AssetProvider {
        key,
        title: String::new(),
        description: String::new(),
        roles: Vec::new(),
        media_type: "application/octet-stream".to_owned(),
        kind,
        metadata: AssetMetadata::given(py, None)?,
        raw: RawAsset::Bytes(Vec::new()),
    })
}

#[pymethods]
impl AssetProvider {
    /// Bytes as an asset of any type: what a file of that type, or a segment of a NITF, consists of. The bytes are copied.
    ///
    /// `asset_type` is an `AssetType` or its name, and determines the class of the result. A text without `TXTFMT` is UTF-8 if
    /// it is valid as such, else ISO 8859-1. The bytes of an image are those of a file in any format that can be read: adding it to
    /// a writer adds the default image of that file. `media_type` defaults to that of the type.
    ///
    /// Raises `TypeError` for data without the buffer protocol, `OptionError` for an unknown type.
    #[staticmethod]
    #[pyo3(signature = (key, data, asset_type, title=None, description=None, roles=None, media_type=None))]
    fn from_bytes<'py>(
        key: String,
        data: &Bound<'py, PyAny>,
        asset_type: &Bound<'py, PyAny>,
        title: Option<String>,
        description: Option<String>,
        roles: Option<Vec<String>>,
        media_type: Option<String>,
    ) -> PyResult<Bound<'py, Self>> {
        data::from_bytes(key, data, asset_type, (title, description, roles), media_type)
    }

    /// The name of the asset in its dataset, e.g. `image:0`.
    #[getter]
    fn key(&self) -> &str {
        &self.key
    }

    /// A short title.
    #[getter]
    fn title(&self) -> &str {
        &self.title
    }

    /// A description.
    #[getter]
    fn description(&self) -> &str {
        &self.description
    }

    /// The purposes of the asset: `data`, `overview`, `mask` …
    #[getter]
    fn roles(&self) -> Vec<&str> {
        self.roles.iter().map(String::as_str).collect()
    }

    /// The media type of the stored bytes.
    #[getter]
    fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The kind of asset, an `AssetType`.
    #[getter]
    fn asset_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        pixel_type::asset_type(py, self.kind)
    }

    /// The metadata.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, MetadataProvider>> {
        self.metadata.object(py)
    }

    /// The stored bytes as a `BytesIO`: those in the file, or the content that the caller gave for an asset in memory.
    #[getter]
    fn raw_asset<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.raw {
            RawAsset::File(dataset, position) => {
                let bytes = detached(py, None, |_| dataset.reader.raw_asset(*position))?;
                bytes_io(py, &bytes)
            }
            RawAsset::Bytes(bytes) | RawAsset::Text(bytes, ..) => bytes_io(py, bytes),
        }
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let this = slf.get();
        Ok(format!("<{} {:?}, {}>", slf.get_type().name()?, this.key, this.media_type))
    }
}
