//! The palette in the metadata of one format.

use crate::error::Result;
use crate::image::Palette;
use crate::metadata::Metadata;

/// How a format states a palette in the metadata of an image.
pub(crate) struct PaletteForm {
    /// The palette of an indexed image of one band; `None` if the metadata state none.
    pub(crate) palette: fn(&Metadata) -> Result<Option<Palette>>,
    /// True if the metadata state that the samples are indices.
    pub(crate) is_indexed: fn(&Metadata) -> bool,
}
