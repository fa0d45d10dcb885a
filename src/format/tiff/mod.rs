//! TIFF, BigTIFF and GeoTIFF (TIFF 6.0, OGC 19-008r4).

mod arrange;
mod compression;
mod convert;
mod direct;
mod directory;
mod field;
mod gdal;
mod geo;
mod image;
mod places;
mod reader;
mod storage;
pub mod tags;
mod ycbcr;

use super::Format;
use crate::error::Error;

/// The format.
pub(super) static TIFF: Format = Format {
    name: "tiff",
    aliases: &["tif", "geotiff", "gtiff"],
    extensions: &["tif", "tiff", "gtif", "gtiff"],
    media_type: "image/tiff",
    matches: is_tiff,
    open: reader::open,
    create: |_| Err(Error::unsupported("writing of TIFF")),
    encoding: |_, _| Err(Error::unsupported("writing of TIFF")),
};

fn is_tiff(first: &[u8]) -> bool {
    matches!(first.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
}
