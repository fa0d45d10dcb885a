//! Formats: containers of blocks and metadata. A format is a folder here and a line in `registry.rs`.

mod container;
mod geo_payload;
mod j2k;
mod j2k_notes;
mod jpeg;
pub mod nitf;
mod only_image;
mod only_image_reader;
mod palette;
mod palette_form;
mod png;
mod registry;
mod request;
pub mod tiff;
mod warning;

pub(crate) use container::{Begun, ContainerReader, ContainerWriter, FileForm, NewFile, OpenFile, OpenImage, no_image};
pub(crate) use j2k_notes::level_note;
pub(crate) use only_image::OnlyImage;
pub(crate) use only_image_reader::OnlyImageReader;
pub use palette::{is_indexed, palette_keys, palette_of};
pub(crate) use palette_form::PaletteForm;
pub(crate) use registry::is_key_of_another;
pub use registry::{FORMATS, by_extension, by_magic, by_name};
pub(crate) use request::WriteContext;
pub use request::{Blocks, Content, DataRequest, ImageRequest, SaveSettings};
pub(crate) use warning::Finding;
pub use warning::{Warning, WarningKind};

use std::sync::Arc;

use crate::error::Result;
use crate::image::ImageLayout;
use crate::io::{ByteSink, ByteSource};
use crate::limits::Limits;
use crate::metadata::Metadata;

/// A format: how its files are recognised, opened and created.
pub trait Format: Sync {
    /// The names of the format.
    fn names(&self) -> &FormatNames;

    /// True if a file with these first bytes (up to [`MAGIC_BYTES`]) is of this format.
    fn matches(&self, first: &[u8]) -> bool;

    /// True for a metadata key that the format recognises as its own by the spelling: other formats do not store it.
    fn owns_key(&self, key: &str) -> bool;

    /// Reads a file's headers.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`], [`crate::Error::Unsupported`] or [`crate::Error::Limit`], depending on its content.
    #[doc(hidden)]
    fn open(&self, source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<OpenFile>;

    /// Begins a file.
    ///
    /// # Errors
    /// If the sink refuses the first bytes.
    #[doc(hidden)]
    fn create(&self, sink: Box<dyn ByteSink>) -> Result<NewFile>;

    /// Returns the metadata of an image with this layout, with `settings` merged in as entries of this format. Settings
    /// replace entries that contradict them; entries replace the format's defaults. An unexpected choice gives a warning. The
    /// georeference of the settings is one for writing ([`crate::image::Georeference::for_writing`]).
    ///
    /// # Errors
    /// [`crate::Error::Usage`] for a setting that is illegal or that the format does not have,
    /// [`crate::Error::Unsupported`] for a compression that it cannot write.
    fn apply(
        &self,
        settings: &SaveSettings,
        metadata: &Metadata,
        layout: &ImageLayout,
        warnings: &mut Vec<Warning>,
    ) -> Result<Metadata>;
}

/// The names by which a format is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatNames {
    /// The main name: `tiff`, `png` …
    pub name: &'static str,
    /// Other names the API accepts.
    pub aliases: &'static [&'static str],
    /// File extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Its media type; formats of one family share it.
    pub media_type: &'static str,
}

impl dyn Format + '_ {
    /// The format's main name: `tiff`, `png` …
    pub fn name(&self) -> &'static str {
        self.names().name
    }
}

/// The number of first bytes by which a format is recognised.
pub const MAGIC_BYTES: usize = 16;

/// How a file is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenOptions {
    /// Limits on the memory that the library allocates for a file.
    pub limits: Limits,
    /// True to report departures from the standard as errors, even if the file can be read.
    pub strict: bool,
}
