//! Georeferences of TIFF (OGC 19-008r4, GeoTIFF 1.1): `GeoKeys` and raster-to-model tags, to and from the `Geo…` names of
//! metadata and [`crate::image::Georeference`].

mod geo_tags;
mod read;
mod settings;
mod user_defined;
mod write;

pub(super) use read::read;
pub(in crate::format) use settings::names_of;
pub(super) use write::{Given, Name, fields};
