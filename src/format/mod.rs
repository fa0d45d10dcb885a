//! Formats: containers of blocks and metadata. A format is a folder here and a line in `registry.rs`.

mod jpeg;
pub mod nitf;
mod png;
mod registry;
pub mod tiff;

pub use registry::{FORMATS, by_extension, by_magic, by_name};

use std::borrow::Cow;
use std::sync::Arc;

use crate::asset::{AssetInfo, AssetType};
use crate::codec::Coding;
use crate::error::{Error, Result};
use crate::image::{Georeference, ImageLayout, ImageProvider, PadValue, StoredImage};
use crate::io::{ByteSink, ByteSource};
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::pipeline::{BlockPlan, BlockSink, BlocksEnd, Concurrency, Control};

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
    /// What a caller who leaves these settings to the format may not expect.
    pub notice: fn(&SaveSettings, &ImageLayout) -> Vec<Warning>,
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
    /// Departures from the standard that can be read all the same are errors.
    pub strict: bool,
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
    /// Also say where the image lies in the most precise way the format has.
    pub precise: bool,
    /// The caller's own metadata, which defaults do not override.
    pub metadata: Metadata,
}

/// An image to be written.
#[derive(Clone, Copy)]
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
    /// The pixels; for blocks that come by hand, what the image is like.
    pub provider: &'a dyn ImageProvider,
    /// Where the blocks come from.
    pub blocks: Blocks,
}

impl<'a> ImageRequest<'a> {
    /// An image of the provider's pixels with this metadata, without title, description and roles.
    pub fn new(key: &'a str, provider: &'a dyn ImageProvider, metadata: &'a Metadata) -> Self {
        Self { key, title: "", description: "", roles: &[], metadata, provider, blocks: Blocks::Provider }
    }
}

/// Where the blocks of an image come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocks {
    /// The engine takes them from the provider, in pieces of blocks if these are large.
    #[default]
    Provider,
    /// The caller encodes whole blocks of the file's grid, anywhere, and appends them. The provider is not asked for pixels.
    Caller,
}

/// How an image that was begun is written.
pub enum Begun {
    /// Its blocks are encoded and appended.
    Encode(OpenImage),
    /// Its stored bytes are copied as they are.
    Copy(StoredImage),
}

/// An image whose blocks a container waits for.
pub struct OpenImage {
    /// The file's blocks and what encodes them.
    pub blocks: BlockPlan,
    /// How the blocks of a plane are coded, if that is one coding for all: stored blocks that decode like it could be appended
    /// as they are.
    pub coding: Option<Coding>,
    /// True if the file can leave out blocks.
    pub allows_absent: bool,
}

/// A text, graphics or other data to be written.
pub struct DataRequest<'a> {
    /// Its key.
    pub key: &'a str,
    /// A short title.
    pub title: &'a str,
    /// A description.
    pub description: &'a str,
    /// What it is for; `overflow` marks a part of other assets' metadata, which writers make anew.
    pub roles: &'a [String],
    /// What it is.
    pub kind: AssetType,
    /// Its media type.
    pub media_type: &'a str,
    /// What else the file shall say of it.
    pub metadata: &'a Metadata,
    /// The bytes or the text.
    pub content: Content<'a>,
}

/// What an asset that is no image holds.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Bytes, stored as they are.
    Bytes(&'a [u8]),
    /// Text, in whatever encoding the format chooses; the name is the one the caller would like.
    Text(&'a str, &'a str),
}

/// What a writer needs beside the request.
pub struct WriteContext<'a, 'c> {
    /// How many threads.
    pub concurrency: Concurrency,
    /// The caller's signals and progress.
    pub control: &'a Control<'c>,
    /// What the caller should know though nothing failed.
    pub warnings: &'a mut Vec<Warning>,
    /// Departures from the standard are errors, not warnings.
    pub strict: bool,
}

/// Something the caller should know: a value that was not used, or not as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The metadata key or argument it is about.
    pub key: String,
    /// What was done, and why.
    pub message: Cow<'static, str>,
    /// What it is about, for callers who filter.
    pub kind: WarningKind,
}

/// What a warning is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// A value that was not used, or not as given.
    Metadata,
    /// A departure from a rule of the format's standard.
    Conformance,
    /// A value that is stored less precisely than the image would need.
    Precision,
    /// A part of an input file that cannot be read.
    File,
    /// Absent blocks that are filled, as the file cannot leave them out.
    Padding,
    /// A default that gave way to another one.
    Fallback,
}

/// A departure from a rule of a standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The clause or table, e.g. `2500C Table A-3`.
    pub clause: &'static str,
    /// The field, with its segment where there are several.
    pub place: String,
    /// The value found.
    pub value: String,
    /// What the rule asks for.
    pub rule: Cow<'static, str>,
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

/// A file in the making: headers and offsets. It holds no pixels, compresses nothing and starts no threads: the engine encodes
/// the blocks of an image and appends them.
pub trait ContainerWriter: BlockSink + Send {
    /// Takes metadata of the file as a whole.
    ///
    /// # Errors
    /// [`Error::Usage`] where a value cannot be written.
    fn set_metadata(&mut self, metadata: &Metadata, context: &mut WriteContext<'_, '_>) -> Result<()>;

    /// Begins an image: makes all checks, writes what stands in front of its blocks, and returns how the blocks are made. Every
    /// block of the grid is then appended, in row-major order.
    ///
    /// # Errors
    /// [`Error::Usage`] for options that are wrong or that the format cannot hold; the file is then as it was.
    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun>;

    /// Takes a piece of the stored bytes of an image that is copied as it is; pieces come in order.
    ///
    /// # Errors
    /// If the file cannot take it, or the format copies no images.
    fn append_stored(&mut self, bytes: &[u8]) -> Result<()> {
        let _ = bytes;
        Err(no_image())
    }

    /// Completes an image after its last block.
    ///
    /// # Errors
    /// If the file cannot be written, and for findings of a strict caller.
    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()>;

    /// Adds a text, graphics or other data.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where files of the format hold images only; [`Error::Usage`] for options that are wrong.
    fn add_data(&mut self, data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let _ = context;
        Err(Error::unsupported("asset: files of this format hold images only:").found(data.kind.name()))
    }

    /// Completes the file, and gives back the sink for it to be published.
    ///
    /// # Errors
    /// Where nothing was added that makes a file, or writing fails.
    fn finish(self: Box<Self>, context: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>>;
}

/// The error of a block of an image that was not begun.
pub(crate) fn no_image() -> Error {
    Error::usage("block of an image that was not begun")
}

impl Warning {
    /// A warning about `key`, a metadata value.
    pub fn new(key: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), message: message.into(), kind: WarningKind::Metadata }
    }

    /// The same warning about something else.
    #[must_use]
    pub fn of(self, kind: WarningKind) -> Self {
        Self { kind, ..self }
    }
}

impl Finding {
    /// The finding as an error of a request.
    pub fn into_usage(self) -> Error {
        Error::usage(format!("{}:", self.clause)).field(self.place).found(self.value).allowed(self.rule)
    }

    /// The finding as an error of a file.
    pub fn into_malformed(self) -> Error {
        Error::malformed(format!("{}:", self.clause)).field(self.place).found(self.value).allowed(self.rule)
    }

    /// The finding as a warning.
    pub fn into_warning(self) -> Warning {
        let message =
            format!("{} is {:?}, which {} does not allow: {}", self.place, self.value, self.clause, self.rule);
        Warning::new(self.place, message).of(WarningKind::Conformance)
    }
}

impl WriteContext<'_, '_> {
    /// Reports a departure from the standard: a warning, or an error where the caller is strict.
    ///
    /// # Errors
    /// [`Error::Usage`] where the caller is strict.
    pub fn report(&mut self, finding: Finding) -> Result<()> {
        if self.strict {
            return Err(finding.into_usage());
        }
        self.warnings.push(finding.into_warning());
        Ok(())
    }
}

impl SaveSettings {
    /// An error where a setting is given that the format has no use for.
    ///
    /// # Errors
    /// [`Error::Usage`] that names the setting.
    pub fn refuse_georeference(&self, format: &str) -> Result<()> {
        if self.georeference != Georeference::default() {
            return Err(Error::usage(format!("{format} files hold no georeference (corners, crs, transform)")));
        }
        Ok(())
    }
}
