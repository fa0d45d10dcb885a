//! Formats: containers of blocks and metadata. A format is a folder here and a line in `registry.rs`.

mod jpeg;
pub mod nitf;
mod png;
mod registry;
pub mod tiff;

pub use registry::{FORMATS, by_extension, by_magic, by_name};

use std::borrow::Cow;
use std::sync::Arc;

use crate::asset::AssetInfo;
use crate::error::{Error, Result};
use crate::image::{Georeference, ImageLayout, ImageProvider, PadValue};
use crate::io::{ByteSink, ByteSource};
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::pipeline::{Concurrency, Control};

/// A format: how it is recognised, opened and created.
pub struct Format {
    /// Its name: `tiff`, `png` …
    pub name: &'static str,
    /// Other names the API accepts.
    pub aliases: &'static [&'static str],
    /// File extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Its media type.
    pub media_type: &'static str,
    /// True where a file with these first bytes (up to [`MAGIC_BYTES`]) is of this format.
    pub matches: fn(&[u8]) -> bool,
    /// Reads the headers of a file.
    pub open: OpenFn,
    /// Begins a file.
    pub create: CreateFn,
    /// Turns the neutral settings of a one-line write into this format's own metadata.
    pub encoding: fn(&SaveSettings, &ImageLayout) -> Result<Metadata>,
    /// True where a value under the first key, one of `encoding`, takes the place of a value under the second: keys that
    /// are names of one thing, or that contradict each other. A key always takes its own place.
    pub replaces: fn(&str, &str) -> bool,
}

/// Opens a file of a format.
pub type OpenFn = fn(Arc<dyn ByteSource>, &OpenOptions) -> Result<Box<dyn ContainerReader>>;

/// Begins a file of a format.
pub type CreateFn = fn(Box<dyn ByteSink>) -> Result<Box<dyn ContainerWriter>>;

/// How many first bytes a format is recognised by.
pub const MAGIC_BYTES: usize = 16;

/// How a file is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenOptions {
    /// What the file may make the library allocate.
    pub limits: Limits,
}

/// The neutral settings of `imsave`.
#[derive(Debug, Clone, Default)]
pub struct SaveSettings {
    /// A word such as `deflate`; none is the format's default.
    pub compression: Option<String>,
    /// Block columns and rows; none is the format's default.
    pub block_size: Option<(u32, u32)>,
    /// Where the image lies.
    pub georeference: Georeference,
    /// The value that means "no data".
    pub nodata: Option<PadValue>,
    /// Quality of lossy compression.
    pub quality: Option<f64>,
}

/// An image to be written.
pub struct ImageRequest<'a> {
    /// Its key; `…:overview:n` marks a reduced image where no role does.
    pub key: &'a str,
    /// A short title.
    pub title: &'a str,
    /// A description.
    pub description: &'a str,
    /// What it is for.
    pub roles: &'a [String],
    /// Encoding hints and what else the file shall say.
    pub metadata: &'a Metadata,
    /// The pixels.
    pub provider: &'a dyn ImageProvider,
}

/// What a writer needs beside the request.
pub struct WriteContext<'a, 'c> {
    /// How many threads.
    pub concurrency: Concurrency,
    /// The caller's signals and progress.
    pub control: &'a Control<'c>,
    /// What the caller should know though nothing failed.
    pub warnings: &'a mut Vec<Warning>,
}

/// Something the caller should know: a value that was not used, or not as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The metadata key or argument it is about.
    pub key: String,
    /// What was done, and why.
    pub message: Cow<'static, str>,
}

/// An open file: its headers, no pixels.
pub trait ContainerReader: Send + Sync {
    /// Metadata of the file as a whole.
    fn metadata(&self) -> &Arc<Metadata>;

    /// The assets in file order.
    fn assets(&self) -> &[AssetInfo];

    /// The image that is asset number `position`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] or [`Error::Malformed`] where its pixels cannot be read.
    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>>;

    /// The stored bytes of asset number `position`.
    ///
    /// # Errors
    /// Where they cannot be read, or are too many.
    fn raw_asset(&self, position: usize) -> Result<Vec<u8>>;

    /// What is odd about the file though it can be read.
    fn warnings(&self) -> &[Warning] {
        &[]
    }
}

/// A file in the making: headers and offsets, no pixels held.
pub trait ContainerWriter: Send {
    /// Takes metadata of the file as a whole.
    ///
    /// # Errors
    /// [`Error::Usage`] where a value cannot be written.
    fn set_metadata(&mut self, metadata: &Metadata, context: &mut WriteContext<'_, '_>) -> Result<()>;

    /// Writes an image. All checks are made before its first byte is written.
    ///
    /// # Errors
    /// [`Error::Usage`] for options that are wrong or that the format cannot hold; whatever the provider reports.
    fn add_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()>;

    /// Completes the file, and gives back the sink for it to be published.
    ///
    /// # Errors
    /// Where nothing was added that makes a file, or writing fails.
    fn finish(self: Box<Self>, context: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>>;
}

impl Warning {
    /// A warning about `key`.
    pub fn new(key: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

impl SaveSettings {
    /// An error where a setting is given that the format has no use for.
    ///
    /// # Errors
    /// [`Error::Usage`] that names the setting.
    pub fn refuse_georeference(&self, format: &str) -> Result<()> {
        if self.georeference.transform.is_some() || self.georeference.crs.is_some() {
            return Err(Error::usage(format!("{format} files hold no georeference (corners, crs, transform)")));
        }
        Ok(())
    }
}
