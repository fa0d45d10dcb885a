//! A GeoTIFF inside a file of another format, which holds its georeference (GeoJP2).

use super::tiff;
use crate::error::Result;
use crate::image::Georeference;
use crate::limits::Limits;
use crate::metadata::Value;

/// The georeference of a GeoTIFF file in memory, and its `Geo…` names with their values.
///
/// # Errors
/// [`crate::Error::Malformed`] for bytes that are not a TIFF file.
pub(crate) fn read_geotiff(bytes: &[u8], limits: &Limits) -> Result<(Georeference, Vec<(String, Value)>)> {
    tiff::read_georeference(bytes, limits)
}

/// True for the EPSG code of a system of latitude and longitude.
pub(crate) fn is_geographic(code: i64) -> bool {
    tiff::is_geographic(code)
}
