//! TIFF, BigTIFF and GeoTIFF (TIFF 6.0, OGC 19-008r4).

mod compression;
mod field;
mod gdal;
mod geo;
pub mod tags;
