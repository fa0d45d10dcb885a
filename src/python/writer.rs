//! `DatasetWriter`: a file being written.

pub(super) mod image_writer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::asset::{AssetMetadata, AssetProvider, RawAsset};
use super::block_encoder::Recipe;
use super::control::{call_progress, detached};
use super::encoding::{overview_levels, save_settings};
use super::image_provider::ImageAssetProvider;
use super::image_to_add::{Image, as_provider, image_by_threads, image_of};
use super::layout;
use super::metadata::{MetadataProvider, to_metadata};
use super::warnings::warn;
use crate::asset::AssetType;
use crate::codec::Encoded;
use crate::dataset::{RsetWriter, Settled};
use crate::error::Error;
use crate::format::{Blocks, Content, DataRequest, Format, ImageRequest, OverviewLevels, Overviews, SaveSettings};
use crate::image::{Reduction, Template};
use crate::metadata::Metadata;
use crate::pipeline::Control;
use image_writer::ImageWriter;

/// A file being written, or the files of an R-set. Nothing is visible at the targets before `close`.
///
/// In an R-set the key of an asset determines its file: `image:0:overview:2` is written to the file of level 2, as its
/// `image:0`. All other assets are written to the base, and `metadata` to every file.
///
/// A context manager: leaving its body closes the writer. After an exception in the body it aborts and the target is as it
/// was before. Refusing an asset changes nothing. If an asset fails half-way, the file cannot be completed.
#[pyclass(frozen, module = "aws.osml.io")]
pub(super) struct DatasetWriter {
    format: &'static dyn Format,
    strict: AtomicBool,
    state: Mutex<State>,
    metadata: Mutex<AssetMetadata>,
    progress: Option<Py<PyAny>>,
    /// The threads that may call a Python provider at once.
    provider_threads: usize,
}

enum State {
    Open(Box<Work>),
    /// A call is using it: on another thread, or on this thread through a provider.
    Busy,
    Closed,
}

struct Work {
    writer: RsetWriter,
    /// The file's metadata last passed to the engine.
    metadata: Arc<Metadata>,
}

/// An image with the settings of `imsave`.
struct Saved {
    image: Image,
    settings: SaveSettings,
    blocks: Blocks,
    roles: [String; 1],
}

impl Saved {
    /// An image and its settings; `metadata` are entries beside or in place of its own.
    fn new(
        provider: &Bound<'_, PyAny>,
        settings: &Bound<'_, PyDict>,
        metadata: Option<&Bound<'_, PyAny>>,
        threads: usize,
    ) -> PyResult<Self> {
        let mut image = image_by_threads(provider, threads)?;
        if let Some(further) = metadata.map(to_metadata).transpose()? {
            // Metadata of a file are complete; other entries are further ones.
            image.metadata = if further.origin().is_some() { further } else { Arc::new(further.over(&image.metadata)) };
        }
        let settings = save_settings(settings)?;
        let is_as_stored = settings.compression.is_none() && settings.quality.is_none();
        let blocks = if is_as_stored { Blocks::Stored } else { Blocks::Provider };
        Ok(Self { image, settings, blocks, roles: ["data".to_owned()] })
    }

    /// The request to write the image.
    fn request<'s>(&'s self, key: &'s str) -> ImageRequest<'s> {
        let Self { image, settings, blocks, roles } = self;
        ImageRequest { roles, settings: Some(settings), blocks: *blocks, ..image.request(key, "", "") }
    }
}

/// What `imsave` makes while it writes the image.
struct MadeOverviews {
    levels: OverviewLevels,
    resampling: Option<Reduction>,
    mask: Option<Image>,
}

impl MadeOverviews {
    /// The settings `overviews`, `resampling` and `mask`; `None` without `overviews`.
    fn new(settings: &Bound<'_, PyDict>) -> PyResult<Option<Self>> {
        let get = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
            Ok(settings.get_item(name)?.filter(|value| !value.is_none()))
        };
        let Some(levels) = get("overviews")?.map(|levels| overview_levels(&levels)).transpose()? else {
            return Ok(None);
        };
        let resampling = get("resampling")?.map(|name| name.extract::<String>()).transpose()?;
        let resampling = resampling.map(|name| Reduction::by_name(&name)).transpose()?;
        let mask = get("mask")?.map(|mask| image_of(&mask)).transpose()?;
        Ok(Some(Self { levels, resampling, mask }))
    }

    fn request(&self) -> Overviews<'_> {
        let mask = self.mask.as_ref().map(|mask| &*mask.provider);
        Overviews { levels: &self.levels, resampling: self.resampling, mask }
    }
}

impl DatasetWriter {
    pub(super) fn new(
        py: Python<'_>,
        writer: RsetWriter,
        progress: Option<Py<PyAny>>,
        provider_threads: usize,
    ) -> PyResult<Self> {
        let (format, strict) = (writer.format(), AtomicBool::new(writer.is_strict()));
        let work = Work { writer, metadata: Arc::default() };
        let metadata = Mutex::new(AssetMetadata::given(py, None)?);
        Ok(Self {
            format,
            strict,
            state: Mutex::new(State::Open(Box::new(work))),
            metadata,
            progress,
            provider_threads,
        })
    }

    /// Takes the work for one call.
    fn take(&self) -> PyResult<Box<Work>> {
        let mut state = self.lock();
        let error = match std::mem::replace(&mut *state, State::Busy) {
            State::Open(work) => return Ok(work),
            State::Busy => Error::usage("the writer is at work in another call"),
            State::Closed => {
                *state = State::Closed;
                Error::usage("the writer is closed")
            }
        };
        Err(error.into())
    }

    fn set(&self, state: State) {
        let old = std::mem::replace(&mut *self.lock(), state);
        drop(old);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file_metadata(&self, py: Python<'_>) -> PyResult<Arc<Metadata>> {
        let object = self.metadata.lock().unwrap_or_else(PoisonError::into_inner).object(py)?;
        to_metadata(object.as_any())
    }

    /// Runs `action` on the writer with the GIL released, after passing the file's current metadata to it.
    fn work<T: Send>(
        &self,
        py: Python<'_>,
        work: &mut Work,
        metadata: Arc<Metadata>,
        action: impl FnOnce(&mut RsetWriter, &Control<'_>) -> crate::Result<T> + Send,
    ) -> PyResult<T> {
        let Work { writer, metadata: given } = work;
        let report =
            |done, total| self.progress.as_ref().map_or(Ok(true), |callback| call_progress(callback, done, total));
        detached(py, Some(&report), |control| {
            if *given != metadata {
                writer.set_metadata(&metadata)?;
                *given = metadata;
            }
            action(writer, control)
        })
    }

    /// Ends the work for the asset with this key.
    fn settle<T>(&self, py: Python<'_>, mut work: Box<Work>, key: &str, result: PyResult<T>) -> PyResult<T> {
        let result = result.and_then(|value| {
            // If a filter makes a warning an error, the file must not be completed.
            let warned = warn(py, &work.writer.take_warnings()).inspect_err(|_| work.writer.fail(key));
            warned.map(|()| value)
        });
        self.set(State::Open(work));
        result
    }
}

#[pymethods]
impl DatasetWriter {
    /// Metadata of the file as a whole (NITF: its header). Change it in place, or set it to any mapping.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, MetadataProvider>> {
        self.metadata.lock().unwrap_or_else(PoisonError::into_inner).object(py)
    }

    #[setter]
    fn set_metadata(&self, py: Python<'_>, metadata: &Bound<'_, PyAny>) -> PyResult<()> {
        let given = AssetMetadata::given(py, Some(metadata))?;
        let old = std::mem::replace(&mut *self.metadata.lock().unwrap_or_else(PoisonError::into_inner), given);
        drop(old);
        Ok(())
    }

    /// The name of the format: `tiff`, `png`, `jpeg` …
    #[getter]
    fn format(&self) -> &'static str {
        self.format.name()
    }

    /// The argument `strict` of `IO.open`: departures from the format's standard are errors. It can be set for the assets that
    /// follow and for the file as a whole.
    #[getter]
    fn strict_encoding(&self) -> bool {
        self.strict.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_strict_encoding(&self, strict: bool) -> PyResult<()> {
        let mut work = self.take()?;
        work.writer.set_strict(strict);
        self.strict.store(strict, Ordering::Relaxed);
        self.set(State::Open(work));
        Ok(())
    }

    /// Writes an asset: an image of this package, or any object that has the attributes of one.
    ///
    /// `metadata` replaces the provider's own. An image of a file is copied undecoded if no field changes that describes how its
    /// pixels are stored. An image from a file of another format keeps its georeference and nodata value; one
    /// `MetadataWarning` names what the format cannot hold. `title` and `description` default to the provider's own, made to
    /// fit with a `MetadataWarning`. `roles` are the purposes of the asset: `data`, `overview`, `mask` … The masks and
    /// overviews of an image of a file follow when the writer is closed, unless they were added; a format that cannot hold them
    /// gives a `MetadataWarning`. The GIL is released except for calls of a Python object's `get_block` and `has_block`.
    ///
    /// An object with `shape`, `dtype` and slicing, such as an array of NumPy, dask, zarr, h5py or xarray, is an image as it is: of
    /// (rows, columns) or (bands, rows, columns). It is read block by block. `chunks` is (rows, columns) of these, one number, or
    /// (bands, rows, columns), whose bands do not matter; by default they are the chunks of the array.
    ///
    /// `provider_threads` is the number of threads that may call `get_block` and `has_block` of a Python object at once, by default
    /// that of `IO.open`, which is 1: only the calling thread does. With more, blocks are requested ahead of their turn, and twice as
    /// many blocks as threads are in memory beside those of the writer. Their order in the file, its bytes and the error that is
    /// raised are the same. After an error, a call that has begun ends in the background.
    ///
    /// Raises `TypeError` for a missing attribute, `OptionError` for a wrong value or a repeated key, `ProviderError` (a
    /// `RuntimeError`) with the original as `__cause__` if the provider raises, `UnsupportedError` if the format cannot hold
    /// such an asset. If an asset fails after its first block, the file cannot be completed.
    #[pyo3(signature = (key, provider, title="", description="", roles=None, metadata=None, chunks=None, provider_threads=None))]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the Python method")]
    fn add_asset(
        &self,
        py: Python<'_>,
        key: &str,
        provider: &Bound<'_, PyAny>,
        title: &str,
        description: &str,
        roles: Option<Vec<String>>,
        metadata: Option<&Bound<'_, PyAny>>,
        chunks: Option<&Bound<'_, PyAny>>,
        provider_threads: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let metadata = metadata.map(to_metadata).transpose()?;
        if let Ok(asset) = provider.cast::<AssetProvider>()
            && asset.get().kind != AssetType::Image
        {
            return self.add_data(key, asset, title, description, metadata);
        }
        let threads = layout::provider_threads(provider_threads)?.unwrap_or(self.provider_threads);
        let mut image = image_by_threads(&as_provider(provider, chunks)?, threads)?;
        image.metadata = metadata.unwrap_or(image.metadata);
        let roles = roles.unwrap_or_default();
        let request = image.request(key, title, description);
        self.write(py, &image, &ImageRequest { roles: &roles, blocks: Blocks::Stored, ..request })?;
        // An exception in the body of a `with` statement discards the file.
        provider.cast::<ImageAssetProvider>().map_or(Ok(()), |image| image.get().warn_of_damage(py))
    }

    /// Writes an image with the settings of `imsave`: beside those of the format `overviews`, `resampling` and `mask`, which take
    /// effect only with `overviews`. `metadata` are entries beside or in place of the image's own.
    #[pyo3(name = "_save_image", signature = (key, provider, settings, metadata=None, /))]
    fn save_image(
        &self,
        py: Python<'_>,
        key: &str,
        provider: &Bound<'_, PyAny>,
        settings: &Bound<'_, PyDict>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let saved = Saved::new(provider, settings, metadata, self.provider_threads)?;
        let made = MadeOverviews::new(settings)?;
        let overviews = made.as_ref().map(MadeOverviews::request);
        self.write(py, &saved.image, &ImageRequest { overviews: overviews.as_ref(), ..saved.request(key) })
    }

    /// Writes an image with the settings of `imsave` to the base of an R-set, and its reduced levels to the other files.
    /// `resampling` is the name of a method; by default, the metadata decide.
    #[pyo3(name = "_save_rset", signature = (key, provider, settings, resampling=None, metadata=None, /))]
    fn save_rset(
        &self,
        py: Python<'_>,
        key: &str,
        provider: &Bound<'_, PyAny>,
        settings: &Bound<'_, PyDict>,
        resampling: Option<&str>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let saved = Saved::new(provider, settings, metadata, self.provider_threads)?;
        let method = resampling.map(Reduction::by_name).transpose()?;
        self.add(py, key, |writer, control| {
            let of = saved.image.file.as_ref().map(|(dataset, position)| (&dataset.reader, *position));
            writer.add_image_with_levels(&saved.request(key), of, method, control)
        })
    }

    /// Begins an image whose blocks the caller encodes, on other threads or in other processes, and appends.
    ///
    /// `like` is anything that `add_asset` takes: the image has its layout, metadata, title and description; its blocks are not
    /// requested. The result is a context manager. `grid_shape` and `block_window` describe the blocks of the file, `encoder`
    /// (which can be pickled) encodes them, `append` takes them in any order. Leaving the body completes the image. Missing
    /// blocks are absent if the format has absent blocks. The bytes of the file are those that `add_asset` would write.
    ///
    /// Raises the exceptions of `add_asset`, before anything is written.
    #[pyo3(signature = (key, like, title="", description="", roles=None))]
    fn begin_image(
        slf: &Bound<'_, Self>,
        key: &str,
        like: &Bound<'_, PyAny>,
        title: &str,
        description: &str,
        roles: Option<Vec<String>>,
    ) -> PyResult<ImageWriter> {
        let (py, this) = (slf.py(), slf.get());
        let image = image_of(like)?;
        let mut warnings = Vec::new();
        let Settled { metadata, title, description, .. } =
            Settled::new(this.format, &image.request(key, title, description), &mut warnings)?;
        warn(py, &warnings)?;
        let recipe = Recipe {
            format: this.format.name(),
            strict: this.strict.load(Ordering::Relaxed),
            file: this.file_metadata(py)?,
            key: key.to_owned(),
            title: title.into_owned(),
            description: description.into_owned(),
            roles: roles.unwrap_or_default(),
            metadata: Arc::new(metadata.into_owned()),
            template: Template::of(&*image.provider),
        };
        let provider = &*image.provider;
        let (encoder, layout) = this.add(py, key, |writer, control| {
            let begun = writer.begin_image(&ImageRequest { provider, ..recipe.request() }, control)?;
            Ok((Arc::clone(begun.encoder()), begun.layout().clone()))
        })?;
        ImageWriter::new(py, slf.clone().unbind(), recipe, encoder, layout)
    }

    /// Completes the file and makes it visible at its target. Closing again does nothing.
    ///
    /// Raises `OptionError` if nothing was added or an asset failed. If a filter makes a warning an error, the target stays as
    /// it was.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if matches!(*self.lock(), State::Closed) {
            return Ok(());
        }
        let metadata = self.file_metadata(py)?;
        let mut work = self.take()?;
        if work.writer.failed().is_some() {
            let result = work.writer.close();
            self.set(State::Open(work));
            return Ok(result?);
        }
        self.set(State::Closed);
        self.work(py, &mut work, metadata, RsetWriter::finish)?;
        // Before anything is visible: a filter may make a warning an error.
        warn(py, &work.writer.take_warnings())?;
        detached(py, None, |_| work.writer.publish())
    }

    /// Discards everything; the target stays as it was. Does nothing after `close`.
    fn abort(&self) -> PyResult<()> {
        if matches!(*self.lock(), State::Busy) {
            return Err(Error::usage("the writer is at work in another call").into());
        }
        self.set(State::Closed);
        Ok(())
    }

    fn __enter__<'py>(slf: &Bound<'py, Self>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if kind.is_none() { self.close(py) } else { self.abort() }
    }

    fn __repr__(&self) -> String {
        let state = match &*self.lock() {
            State::Open(work) => match work.writer.failed() {
                Some(key) => format!("failed at {key:?}"),
                None => format!("{} assets", work.writer.count()),
            },
            State::Busy => "at work".to_owned(),
            State::Closed => "closed".to_owned(),
        };
        format!("<DatasetWriter {}, {state}>", self.format.name())
    }
}

impl DatasetWriter {
    /// Writes an image, and notes the masks and overviews that belong to it.
    fn write(&self, py: Python<'_>, image: &Image, request: &ImageRequest<'_>) -> PyResult<()> {
        self.add(py, request.key, |writer, control| match &image.file {
            Some((dataset, position)) => writer.add_image_of(&dataset.reader, *position, request, control),
            None => writer.add_image(request, control),
        })
    }

    /// Adds a text, graphics or other data of this package.
    fn add_data(
        &self,
        key: &str,
        asset: &Bound<'_, AssetProvider>,
        title: &str,
        description: &str,
        metadata: Option<Arc<Metadata>>,
    ) -> PyResult<()> {
        let (py, asset) = (asset.py(), asset.get());
        let entries = metadata.map_or_else(|| asset.metadata.entries(py), Ok)?;
        let stored;
        let content = match &asset.raw {
            RawAsset::File(dataset, position) => {
                stored = detached(py, None, |_| dataset.reader.raw_asset(*position))?;
                Content::Bytes(&stored)
            }
            RawAsset::Bytes(bytes) => Content::Bytes(bytes),
            RawAsset::Text(_, text, encoding) => Content::Text(text, encoding),
        };
        let request = DataRequest {
            key,
            title: if title.is_empty() { &asset.title } else { title },
            description: if description.is_empty() { &asset.description } else { description },
            roles: &asset.roles,
            kind: asset.kind,
            media_type: &asset.media_type,
            metadata: &entries,
            content,
        };
        self.add(py, key, |writer, _| writer.add_data(&request))
    }

    /// Appends a block of the image that was begun.
    pub(super) fn append_block(&self, py: Python<'_>, block: Encoded) -> PyResult<()> {
        let mut work = self.take()?;
        let result = detached(py, None, |_| work.writer.append_block(block));
        self.set(State::Open(work));
        result
    }

    /// Completes the image that was begun, or abandons it.
    pub(super) fn finish_image(&self, py: Python<'_>, key: &str, completes: bool) -> PyResult<()> {
        if !completes {
            if let State::Open(work) = &mut *self.lock() {
                work.writer.fail(key);
            }
            return Ok(());
        }
        let mut work = self.take()?;
        let metadata = Arc::clone(&work.metadata);
        let result = self.work(py, &mut work, metadata, RsetWriter::finish_image);
        self.settle(py, work, key, result)
    }

    /// Adds an asset by `action`. If the asset is refused before a byte is written, the file can still be completed.
    fn add<T: Send>(
        &self,
        py: Python<'_>,
        key: &str,
        action: impl FnOnce(&mut RsetWriter, &Control<'_>) -> crate::Result<T> + Send,
    ) -> PyResult<T> {
        let metadata = self.file_metadata(py)?;
        let mut work = self.take()?;
        let result = self.work(py, &mut work, metadata, action);
        self.settle(py, work, key, result)
    }
}
