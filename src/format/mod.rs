//! Formats: containers of blocks and metadata. A format is a folder here and a line in `registry.rs`.

mod container;
mod geo_payload;
mod j2k;
mod j2k_options;
mod jpeg;
mod keys;
mod level_suffix;
pub mod nitf;
mod only_image;
mod only_image_reader;
mod overviews;
mod palette;
mod palette_form;
mod png;
mod registry;
mod request;
mod stored_settings;
mod text;
pub mod tiff;
mod warning;

pub(crate) use container::{Begun, ContainerReader, ContainerWriter, FileForm, NewFile, OpenFile, OpenImage, no_image};
pub(crate) use j2k_options::{HIGHEST_J2K_RATE, J2K_HINTS, level_note, read_flag, read_j2k_options};
pub(crate) use keys::{is_key_of_another, unknown_key};
pub(crate) use level_suffix::level_suffix;
pub(crate) use only_image::OnlyImage;
pub(crate) use only_image_reader::OnlyImageReader;
pub use overviews::{OverviewLevels, OverviewTerms, Overviews};
pub use palette::{is_indexed, palette_of};
pub(crate) use palette_form::PaletteForm;
pub(crate) use registry::family;
pub use registry::{FORMATS, by_extension, by_magic, by_name};
pub use request::{Blocks, Content, Copied, DataRequest, ImageRequest, SaveSettings};
pub(crate) use request::{WriteContext, refuse_chosen};
pub use stored_settings::StoredSettings;
pub(crate) use stored_settings::jpeg_coding;
pub use text::{FittedText, TextField};
pub(crate) use warning::Finding;
pub use warning::{Warning, WarningKind};

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::image::{BlockGrid, Georeference, ImageLayout, ImageProvider, Rpc};
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

    /// The names of what the metadata of an image of this format hold and other formats do not take over: everything but facts
    /// that follow from the pixels and their coding, title, description, georeference, sensor model and nodata value.
    fn further_content(&self, metadata: &Metadata) -> Vec<String>;

    /// As [`Format::further_content`], for the metadata of a file as a whole.
    fn further_content_of_file(&self, metadata: &Metadata) -> Vec<String> {
        self.further_content(metadata)
    }

    /// True for a metadata key under which the format states where an image lies. Other formats have the georeference instead.
    fn is_location_key(&self, key: &str) -> bool {
        let _ = key;
        false
    }

    /// True if the metadata state where an image lies.
    fn states_location(&self, metadata: &Metadata) -> bool {
        metadata.iter().any(|(key, _)| self.is_location_key(key))
    }

    /// The sensor model that the metadata of an image state, in the pixels of that image; `None` if they state none.
    fn rpc(&self, metadata: &Metadata) -> Option<Result<Rpc>> {
        let _ = metadata;
        None
    }

    /// The entries under which the format states a sensor model.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the format has none, or its fields cannot hold a number.
    fn rpc_entries(&self, model: &Rpc) -> Result<Metadata> {
        let _ = model;
        Err(Error::usage("sensor model in a format without one:").found(self.names().name))
    }

    /// The descriptions of bands that the metadata of an image state, from the first band on; `None` if they state none.
    fn band_descriptions(&self, metadata: &Metadata) -> Option<Vec<Option<String>>> {
        let _ = metadata;
        None
    }

    /// The entries that describe the bands, with what `metadata` state of them otherwise.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the format has no place for descriptions, or for one of these.
    fn band_description_entries(&self, descriptions: &[Option<String>], metadata: &Metadata) -> Result<Metadata> {
        let _ = (descriptions, metadata);
        Err(Error::usage("descriptions of bands in a format without them:").found(self.names().name))
    }

    /// Keys of further content that lies in the codestream, and follows it into a file of another format.
    fn keys_of_stream(&self) -> &[&str] {
        &[]
    }

    /// Changes what the metadata of an image state about its location to that of a part of it, which lies at `place`. Returns
    /// warnings for the caller, each of which begins with its key.
    fn adjust_to_part(&self, metadata: &mut Metadata, place: &Georeference) -> Vec<String> {
        let _ = (metadata, place);
        Vec::new()
    }

    /// Changes the metadata of an image with this layout, which lies at `place`, to those of the image reduced by 2^`level` as an
    /// image of its own. Returns warnings for the caller, each of which begins with its key.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] for an image whose size the fields of the format cannot hold.
    fn adjust_to_level(
        &self,
        metadata: &mut Metadata,
        place: &Georeference,
        layout: &ImageLayout,
        level: u8,
    ) -> Result<Vec<String>> {
        let _ = layout;
        Ok(self.adjust_to_part(metadata, &place.reduced(level.into())))
    }

    /// Changes the metadata of an image to those of the image with only these bands, in this order.
    fn adjust_to_bands(&self, metadata: &mut Metadata, bands: &[u32]) {
        let _ = (metadata, bands);
    }

    /// The georeference that the metadata of an image state, if the format cannot adjust them without it.
    fn georeference(&self, metadata: &Metadata) -> Option<Georeference> {
        let _ = metadata;
        None
    }

    /// True if the format has a place for a title or description of an image.
    fn has_text(&self, field: TextField) -> bool {
        let _ = field;
        true
    }

    /// A title or description as the format can hold it; `None` if it holds the text as it is.
    fn fitted_text(&self, field: TextField, text: &str) -> Option<FittedText> {
        let _ = (field, text);
        None
    }

    /// True if a file holds several images, not only one.
    fn holds_several_images(&self) -> bool {
        false
    }

    /// The settings with which a file of this format takes the stored bytes of an image of another format undecoded, if there
    /// are any beside the defaults.
    fn settings_of_stored(&self, image: &dyn ImageProvider) -> Option<StoredSettings> {
        let _ = image;
        None
    }

    /// True if a file relates masks and overviews to their image.
    fn keeps_companions(&self) -> bool {
        false
    }

    /// True if a file can store the statistics of bands.
    fn keeps_statistics(&self) -> bool {
        false
    }

    /// How a file stores the overviews of an image with this metadata; `None` if the format does not relate them to their image.
    fn overview_terms(&self, metadata: &Metadata) -> Option<OverviewTerms> {
        let _ = metadata;
        None
    }

    /// The metadata of a mask for an image with these blocks, in a format that relates masks to their image.
    fn mask_metadata(&self, grid: &BlockGrid) -> Metadata {
        let _ = grid;
        Metadata::new()
    }
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
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// Limits on the memory that the library allocates for a file.
    pub limits: Limits,
    /// True to report departures from the standard as errors, even if the file can be read.
    pub strict: bool,
    /// Bytes of decoded blocks that the images of the file keep together for later reads of windows; 0 keeps none. A block that
    /// exceeds them is not kept, and reads of a whole image keep nothing. By default 64 MiB.
    pub cache_bytes: u64,
    /// True to read the pixels of a damaged image that are there. Missing pixels get the nodata or pad value, else 0, and
    /// the reader's `take_damage` returns a warning. Otherwise missing pixels are an error.
    pub partial: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { limits: Limits::default(), strict: false, cache_bytes: 64 << 20, partial: false }
    }
}
