//! TIFF, BigTIFF and GeoTIFF (TIFF 6.0, OGC 19-008r4).

mod band_descriptions;
mod blocks;
mod chosen_bands;
mod cog;
mod colors;
mod compression;
mod computed;
mod content;
mod dates;
mod directory;
mod encoding;
mod field;
mod foreign_jpeg;
mod further;
mod gdal;
mod geo;
mod layout;
mod lerc_settings;
mod old_jpeg;
mod options;
mod origin;
mod palette;
mod plan;
mod reader;
mod reduced;
mod rpc;
#[cfg(test)]
mod sample_file;
mod single_pixel;
mod storage;
mod store;
mod stored_jpeg;
mod sub_directory;
pub mod tags;
mod values;
mod writer;
mod written;
mod ycbcr;

pub(super) use further::adjust_to_part;
pub(super) use geo::names_of;
pub(super) use palette::PALETTE;
pub(super) use reader::read_georeference;
pub(super) use single_pixel::write_georeference;

use std::sync::Arc;

use super::request::merge;
use super::{
    FittedText, Format, FormatNames, NewFile, OpenFile, OpenOptions, OverviewTerms, SaveSettings, StoredSettings,
    TextField, Warning,
};
use crate::error::Result;
use crate::image::{BlockGrid, Georeference, ImageLayout, ImageProvider, Rpc};
use crate::io::{ByteSink, ByteSource};
use crate::metadata::Metadata;

/// The format.
pub(super) struct Tiff;

impl Format for Tiff {
    fn names(&self) -> &FormatNames {
        &NAMES
    }

    fn matches(&self, first: &[u8]) -> bool {
        matches!(first.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
    }

    /// Numbers of tags, `Geo…` names, and names of tags and hints. In capitals, a name may be the tag of a TRE.
    fn owns_key(&self, key: &str) -> bool {
        let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = || key.bytes().any(|byte| byte.is_ascii_lowercase()) && options::is_name(key);
        is_number || key.starts_with("Geo") || is_name()
    }

    fn open(&self, source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<OpenFile> {
        reader::open(source, options).map(OpenFile)
    }

    fn create(&self, sink: Box<dyn ByteSink>) -> Result<NewFile> {
        writer::create(sink).map(NewFile)
    }

    fn apply(
        &self,
        settings: &SaveSettings,
        metadata: &Metadata,
        layout: &ImageLayout,
        _warnings: &mut Vec<Warning>,
    ) -> Result<Metadata> {
        Ok(merge(metadata, &encoding::metadata_of(settings, layout)?, encoding::replaces))
    }

    fn further_content(&self, metadata: &Metadata) -> Vec<String> {
        further::names(metadata)
    }

    fn is_location_key(&self, key: &str) -> bool {
        further::is_location_key(key)
    }

    fn rpc(&self, metadata: &Metadata) -> Option<Result<Rpc>> {
        rpc::of_metadata(metadata)
    }

    fn rpc_entries(&self, model: &Rpc) -> Result<Metadata> {
        Ok(rpc::entries(model))
    }

    fn band_descriptions(&self, metadata: &Metadata) -> Option<Vec<Option<String>>> {
        band_descriptions::of_metadata(metadata)
    }

    fn band_description_entries(&self, descriptions: &[Option<String>], metadata: &Metadata) -> Result<Metadata> {
        Ok(band_descriptions::entries(descriptions, metadata))
    }

    fn adjust_to_part(&self, metadata: &mut Metadata, place: &Georeference) -> Vec<String> {
        further::adjust_to_part(metadata, place)
    }

    fn adjust_to_bands(&self, metadata: &mut Metadata, bands: &[u32]) {
        chosen_bands::adjust(metadata, bands);
    }

    fn georeference(&self, metadata: &Metadata) -> Option<Georeference> {
        further::georeference(metadata)
    }

    fn fitted_text(&self, _: TextField, text: &str) -> Option<FittedText> {
        FittedText::without_nul(text)
    }

    fn holds_several_images(&self) -> bool {
        true
    }

    fn settings_of_stored(&self, image: &dyn ImageProvider) -> Option<StoredSettings> {
        foreign_jpeg::settings(image)
    }

    fn keeps_companions(&self) -> bool {
        true
    }

    fn keeps_statistics(&self) -> bool {
        true
    }

    fn overview_terms(&self, metadata: &Metadata) -> Option<OverviewTerms> {
        Some(reduced::terms(metadata))
    }

    fn mask_metadata(&self, grid: &BlockGrid) -> Metadata {
        reduced::mask(grid)
    }
}

static NAMES: FormatNames = FormatNames {
    name: "tiff",
    aliases: &["tif", "geotiff", "gtiff"],
    extensions: &["tif", "tiff", "gtif", "gtiff"],
    media_type: "image/tiff",
};
