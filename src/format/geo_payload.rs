//! A GeoTIFF inside a file of another format, which holds its georeference (GeoJP2).

use super::tiff;
use crate::error::Result;
use crate::image::Georeference;
use crate::limits::Limits;
use crate::metadata::{Metadata, Value};

/// The georeference of a GeoTIFF file in memory, and its `Geo…` names with their values.
///
/// # Errors
/// [`crate::Error::Malformed`] for bytes that are not a TIFF file.
pub(crate) fn read_geotiff(bytes: &[u8], limits: &Limits) -> Result<(Georeference, Vec<(String, Value)>)> {
    tiff::read_georeference(bytes, limits)
}

/// A GeoTIFF file of a single pixel with a georeference, given as `Geo…` names.
///
/// # Errors
/// [`crate::Error::Usage`] for names or values that GeoTIFF cannot store.
pub(crate) fn write_geotiff(names: &Metadata) -> Result<Vec<u8>> {
    tiff::write_georeference(names)
}

/// A georeference as `Geo…` names with their values.
///
/// # Errors
/// [`crate::Error::Usage`] for a system or corners that GeoTIFF cannot store.
pub(crate) fn names_of(georeference: &Georeference) -> Result<Vec<(&'static str, Value)>> {
    tiff::names_of(georeference)
}

/// Gives `Geo…` names the transform of a part of an image. Returns warnings, each of which begins with its key.
pub(crate) fn adjust_to_part(metadata: &mut Metadata, place: &Georeference) -> Vec<String> {
    tiff::adjust_to_part(metadata, place)
}
