//! The georeference of a file: a UUID box with a GeoTIFF (GeoJP2), or else GML (OGC 08-085r8, GML in JPEG 2000).

use super::header::FileHeader;
use super::metadata::{UUID, digits_of};
use crate::error::Result;
use crate::format::geo_payload;
use crate::image::{Crs, Georeference, Transform, epsg};
use crate::limits::Limits;
use crate::metadata::{Metadata, Value};

/// The UUID of a box whose content is a GeoTIFF file of a single pixel, and its older form, whose content is the same.
pub(super) const GEO_TIFF: [[u8; 16]; 2] = [
    [0xB1, 0x4B, 0xF8, 0xBD, 0x08, 0x3D, 0x4B, 0x43, 0xA5, 0xAE, 0x8C, 0xD7, 0xD5, 0xA6, 0xCE, 0x03],
    [0x96, 0xA9, 0xF1, 0xF1, 0xDC, 0x98, 0x40, 0x2D, 0xA7, 0xAE, 0xD6, 0x8E, 0x34, 0x45, 0x18, 0x09],
];

/// The georeference of a file, and the `Geo…` names of a GeoTIFF in it. Content that cannot be read is ignored.
pub(super) fn georeference(file: &FileHeader, limits: &Limits) -> (Georeference, Vec<(String, Value)>) {
    let known = |(id, _): &&([u8; 16], Vec<u8>)| GEO_TIFF.contains(id);
    for (_, content) in file.uuids.iter().filter(known) {
        if let Ok((georeference, names)) = geo_payload::read_geotiff(content, limits)
            && georeference != Georeference::default()
        {
            return (georeference, names);
        }
    }
    let gml = file.xml.iter().filter_map(|xml| std::str::from_utf8(xml).ok()).find_map(of_gml);
    (gml.unwrap_or_default(), Vec::new())
}

/// True for the names of a georeference.
pub(super) fn is_key(key: &str) -> bool {
    key.starts_with("Geo")
}

/// True for the key of a box with a GeoTIFF, and for the names of a georeference.
pub(super) fn is_location_key(key: &str) -> bool {
    let is_box = |id: &[u8; 16]| key.strip_prefix(UUID).is_some_and(|digits| digits == digits_of(id));
    is_key(key) || GEO_TIFF.iter().any(is_box)
}

/// True if metadata state a georeference that was not copied from the same file.
pub(super) fn is_chosen(metadata: &Metadata) -> bool {
    metadata.iter().any(|(key, _)| is_key(key) && metadata.is_chosen(key))
}

/// The content of the box for the georeference that metadata state, if they state one.
///
/// # Errors
/// [`crate::Error::Usage`] for illegal values.
pub(super) fn content(metadata: &Metadata) -> Result<Option<Vec<u8>>> {
    let names: Metadata =
        metadata.iter().filter(|(key, _)| is_key(key)).map(|(key, value)| (key, value.clone())).collect();
    if names.is_empty() { Ok(None) } else { geo_payload::write_geotiff(&names).map(Some) }
}

/// The georeference of a rectified grid in GML; `None` if the text has none.
fn of_gml(xml: &str) -> Option<Georeference> {
    let grid = &xml[xml.find("RectifiedGrid")?..];
    let end = grid.find("</gml:RectifiedGrid>").unwrap_or(grid.len());
    let grid = &grid[..end];
    let name = attribute(grid, "srsName").or_else(|| attribute(xml, "srsName"));
    let code = name.and_then(|name| name.rsplit([':', '/', '#']).next()?.parse::<i64>().ok());
    let crs = code.and_then(|code| Crs::from_epsg(code).ok());
    let origin = numbers(grid, "pos").or_else(|| numbers(grid, "coordinates"))?;
    let after = &grid[grid.find("offsetVector")?..];
    let (first, rest) = (numbers(after, "offsetVector")?, after.get(1..)?);
    let second = numbers(&rest[rest.find("<gml:offsetVector")?..], "offsetVector")?;
    // URNs and URLs of geographic systems have latitude before longitude; the older form EPSG:n has not.
    let is_swapped = name.is_some_and(|name| name.starts_with("urn:") || name.starts_with("http"))
        && code.is_some_and(epsg::is_geographic);
    let place = |values: &[f64]| match values {
        [x, y, ..] if is_swapped => Some((*y, *x)),
        [x, y, ..] => Some((*x, *y)),
        _ => None,
    };
    let (origin, first, second) = (place(&origin)?, place(&first)?, place(&second)?);
    // The origin is the centre of the first pixel.
    let edge = |origin: f64, first: f64, second: f64| origin - f64::midpoint(first, second);
    let transform = Transform([
        edge(origin.0, first.0, second.0),
        first.0,
        second.0,
        edge(origin.1, first.1, second.1),
        first.1,
        second.1,
    ]);
    Some(Georeference { transform: Some(transform), crs, corners: None })
}

/// The value of the first attribute with this name.
fn attribute<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let after = &xml[xml.find(&format!("{name}=\""))? + name.len() + 2..];
    Some(&after[..after.find('"')?])
}

/// The numbers in the first element with this name.
fn numbers(xml: &str, name: &str) -> Option<Vec<f64>> {
    let after = &xml[xml.find(name)?..];
    let text = &after[after.find('>')? + 1..];
    let text = &text[..text.find('<')?];
    let parts = text.split([' ', ',', '\n', '\t', '\r']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gml(name: &str, origin: &str) -> String {
        format!(
            "<gml:FeatureCollection><gml:RectifiedGrid dimension=\"2\"><gml:origin><gml:Point srsName=\"{name}\">\
             <gml:pos>{origin}</gml:pos></gml:Point></gml:origin><gml:offsetVector srsName=\"{name}\">0.5 0\
             </gml:offsetVector><gml:offsetVector srsName=\"{name}\">0 -0.25</gml:offsetVector></gml:RectifiedGrid>"
        )
    }

    #[test]
    fn a_rectified_grid_is_a_transform_from_pixel_edges() {
        let found = of_gml(&gml("urn:ogc:def:crs:EPSG::32618", "100.25 49.875")).unwrap();
        assert_eq!(found.transform.unwrap().0, [100.0, 0.5, 0.0, 50.0, 0.0, -0.25]);
        assert_eq!(found.crs, Some(Crs::Epsg(32618)));
    }

    #[test]
    fn other_xml_has_no_georeference() {
        for text in ["", "<a/>", "RectifiedGrid", "<gml:RectifiedGrid><gml:pos>1 2</gml:pos>"] {
            assert_eq!(of_gml(text), None);
        }
    }
}
