//! The choices of a conversion.

use crate::dataset::DatasetReader;
use crate::error::Result;
use crate::format::SaveSettings;
use crate::image::Window;
use crate::io::Durability;
use crate::metadata::Metadata;

/// How [`convert`](super::convert) writes a file. By default, everything of the source that the target can hold is kept.
#[derive(Debug, Clone, Default)]
pub struct ConvertOptions {
    /// The format of the target; by default determined by the extension of its path.
    pub format: Option<String>,
    /// Compression, blocks, quality, georeference, nodata value, and whether the target is a Cloud Optimized GeoTIFF. Unset values
    /// are those of the source if the formats are the same, otherwise the lossless defaults of the target.
    pub settings: SaveSettings,
    /// The key of the only image to write; by default all images, or the default image if the target holds one.
    pub asset: Option<String>,
    /// The part of the image, in pixels of `level`, clipped to the image; by default the whole image.
    pub window: Option<Window>,
    /// The bands, counted from 0, in the order in which they are written; by default all.
    pub bands: Option<Vec<u32>>,
    /// The resolution level; 0 is full resolution. A level that the file lacks is made from averages, or from single pixels if these
    /// are indices of a palette.
    pub level: u8,
    /// Further metadata of the images, beside or in place of their own.
    pub metadata: Metadata,
    /// Number of threads; by default `OSML_IO_THREADS`, otherwise the number of cores.
    pub threads: Option<usize>,
    /// What the file survives: a crash of the system by default.
    pub durability: Durability,
}

impl ConvertOptions {
    /// True if the options concern a part of one image: a window, bands or a level.
    pub fn is_selection(&self) -> bool {
        self.window.is_some() || self.bands.is_some() || self.level > 0
    }

    /// Bands, rows and columns of the image to write, at its level.
    ///
    /// # Errors
    /// As [`super::convert_into`], for an unknown key.
    pub fn shape(&self, reader: &DatasetReader) -> Result<(u32, u32, u32)> {
        let position = self.position(reader)?;
        let layout = reader.image(position)?.layout().clone();
        let side = |side: u32| u64::from(side).div_ceil(1u64 << self.level.min(32)) as u32;
        Ok((layout.bands, side(layout.grid.rows()), side(layout.grid.columns())))
    }

    /// The position of the image, if only one is written.
    pub(super) fn position(&self, reader: &DatasetReader) -> Result<usize> {
        match &self.asset {
            Some(key) => reader.position(key),
            None => reader.default_image(),
        }
    }

    /// The bytes of decoded blocks that a reader keeps for this conversion: only windows share blocks.
    pub(crate) fn cache_bytes(&self) -> u64 {
        if self.window.is_some() { CACHE_BYTES } else { 0 }
    }
}

const CACHE_BYTES: u64 = 32 << 20;
