//! TIFF, BigTIFF and GeoTIFF (TIFF 6.0, OGC 19-008r4).

mod blocks;
mod colors;
mod compression;
mod directory;
mod encoding;
mod field;
mod gdal;
mod geo;
mod layout;
mod options;
mod origin;
mod palette;
mod plan;
mod reader;
#[cfg(test)]
mod sample_file;
mod single_pixel;
mod storage;
mod store;
pub mod tags;
mod values;
mod writer;
mod ycbcr;

pub(super) use geo::{is_geographic, names_of};
pub(super) use palette::PALETTE;
pub(super) use reader::read_georeference;
pub(super) use single_pixel::write_georeference;

use std::sync::Arc;

use super::request::merge;
use super::{Format, FormatNames, NewFile, OpenFile, OpenOptions, SaveSettings, Warning};
use crate::error::Result;
use crate::image::ImageLayout;
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

    /// Numbers of tags, and `Geo…` names. Names of tags are options of the writer: a reader puts tags under their numbers.
    fn owns_key(&self, key: &str) -> bool {
        let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        is_number || key.starts_with("Geo")
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
}

static NAMES: FormatNames = FormatNames {
    name: "tiff",
    aliases: &["tif", "geotiff", "gtiff"],
    extensions: &["tif", "tiff", "gtif", "gtiff"],
    media_type: "image/tiff",
};
