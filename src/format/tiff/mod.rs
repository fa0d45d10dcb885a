//! TIFF, BigTIFF and GeoTIFF (TIFF 6.0, OGC 19-008r4).

mod arrange;
mod block_ranges;
mod blocks;
mod colors;
mod compression;
mod convert;
mod direct;
mod directory;
mod encoding;
mod field;
mod gdal;
mod geo;
mod image;
mod layout;
mod options;
mod origin;
mod plan;
mod reader;
#[cfg(test)]
mod sample_file;
mod storage;
pub mod tags;
mod values;
mod writer;
mod ycbcr;

use super::Format;

/// The format.
pub(super) static TIFF: Format = Format {
    name: "tiff",
    aliases: &["tif", "geotiff", "gtiff"],
    extensions: &["tif", "tiff", "gtif", "gtiff"],
    media_type: "image/tiff",
    matches: is_tiff,
    open: reader::open,
    create: writer::create,
    encoding: encoding::metadata_of,
    notice: |_, _| Vec::new(),
    replaces: encoding::replaces,
};

fn is_tiff(first: &[u8]) -> bool {
    matches!(first.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
}
