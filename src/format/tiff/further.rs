//! What an image of a TIFF holds beyond its pixels and the facts that every format knows, by name.

use super::options::Options;
use super::tags::{self, Treatment};
use super::{encoding, geo};
use crate::image::{Georeference, Transform};
use crate::metadata::{Metadata, Value};

/// Tags that other formats take as title, description and nodata value, and the program that wrote the file.
const KNOWN: [u16; 4] = [tags::DOCUMENT_NAME, tags::IMAGE_DESCRIPTION, tags::GDAL_NODATA, tags::SOFTWARE];

/// Photometric interpretations under which samples are read as they are, or converted: white is one, RGB, palettes (see
/// `ColorMap`), masks, `YCbCr`.
const PLAIN_COLORS: [i128; 5] = [1, 2, 3, 4, 6];

/// The name of the transform.
const POSITION: &str = "GeoTransform";

/// Names of `GDAL_METADATA` items by their role.
const ROLES: [(&str, &str); 3] = [("scale", "scale"), ("offset", "offset"), ("unittype", "units")];

/// True for a key under which a TIFF states where an image lies.
pub(super) fn is_location_key(key: &str) -> bool {
    let number = key.parse().ok().filter(|number| *number != tags::RPC_COEFFICIENT);
    key.starts_with("Geo") || number.and_then(tags::by_number).is_some_and(|tag| tag.treatment == Treatment::Geo)
}

/// Gives the metadata of an image the transform of a part of it. The reference system stays. Tie points without a transform and
/// RPC coefficients are those of the whole image, and are left out with a warning.
pub(in crate::format) fn adjust_to_part(metadata: &mut Metadata, place: &Georeference) -> Vec<String> {
    let mut notes = Vec::new();
    let is_position = |key: &str| encoding::replaces(POSITION, key);
    if metadata.iter().any(|(key, _)| is_position(key)) {
        metadata.retain(|key| !is_position(key));
        match place.transform {
            Some(Transform(six)) => metadata.set(POSITION, six.map(Value::from).to_vec()),
            None => notes.push("ModelTiepoint: left out of the part: they are those of the whole image".to_owned()),
        }
    }
    let is_rpc = |key: &str| key.parse() == Ok(tags::RPC_COEFFICIENT);
    if metadata.iter().any(|(key, _)| is_rpc(key)) {
        metadata.retain(|key| !is_rpc(key));
        notes.push("RPCCoefficient: left out of the part: they are those of the whole image".to_owned());
    }
    notes
}

/// The georeference that the metadata of an image state; `None` if they are illegal.
pub(super) fn georeference(metadata: &Metadata) -> Option<Georeference> {
    let mut silent = Vec::new();
    let options = Options::new(metadata, &mut silent).ok()?;
    let mut tags = Vec::new();
    for (tag, given) in &options.tags {
        if tags::by_number(*tag).is_some_and(|row| row.treatment == Treatment::Geo) {
            tags.extend(options.field(*tag, *given, &mut silent).ok()?);
        }
    }
    let given = geo::Given { tags, names: options.geo_names(), copied: options.is_copy() };
    Some(geo::read(&geo::fields(given, &mut silent).ok()?).0)
}

/// The names of what other formats do not take over.
pub(super) fn names(metadata: &Metadata) -> Vec<String> {
    let mut names = Vec::new();
    for (key, value) in metadata.iter() {
        let Ok(number) = key.parse::<u16>() else { continue };
        let tag = tags::by_number(number);
        let name = || tag.map_or_else(|| format!("tag {number}"), |tag| tag.name.to_owned());
        match (number, tag.map_or(Treatment::Plain, |tag| tag.treatment)) {
            (tags::GDAL_METADATA, _) => names.extend(items(value.as_text().unwrap_or_default())),
            (tags::COLOR_MAP | tags::EXIF_IFD | tags::GPS_IFD, _) => names.push(name()),
            (tags::PHOTOMETRIC_INTERPRETATION, _) => {
                let code = value.to_int().filter(|code| !PLAIN_COLORS.contains(code));
                let word = |code| tag.and_then(|tag| tag.value_name(u64::try_from(code).ok()?)).unwrap_or("unknown");
                names.extend(code.map(|code| format!("{} {}", name(), word(code))));
            }
            (tags::ORIENTATION, _) => names.extend((value.to_int() != Some(1)).then(name)),
            (tags::X_RESOLUTION | tags::Y_RESOLUTION, _) => names.extend(has_unit(metadata).then(name)),
            (tags::RESOLUTION_UNIT, _) => {}
            (number, Treatment::Plain) if !KNOWN.contains(&number) => names.push(name()),
            _ => {}
        }
    }
    names
}

/// True if the resolution has a unit of length: without one it states only that pixels are square.
fn has_unit(metadata: &Metadata) -> bool {
    metadata.get(&tags::RESOLUTION_UNIT.to_string()).and_then(Value::to_int) != Some(1)
}

/// The names of the items of `GDAL_METADATA`, each once. The reader of the georeference has `AREA_OR_POINT`, and other formats take
/// descriptions of bands.
fn items(xml: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for item in xml.split("<Item").skip(1).filter_map(|item| item.split('>').next()) {
        let attribute = |name: &str| item.split_once(&format!(" {name}=\""))?.1.split('"').next();
        if attribute("role") == Some("description") {
            continue;
        }
        let role = attribute("role").and_then(|role| ROLES.iter().find(|(known, _)| *known == role));
        let name = role.map(|(_, name)| *name).or_else(|| attribute("name")).unwrap_or("GDAL_METADATA");
        if name != "AREA_OR_POINT" && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_file_has_nothing_further() {
        let plain: Metadata = [
            ("256", Value::from(8)),
            ("259", 5.into()),
            ("262", 1.into()),
            ("270", "text".into()),
            ("274", 1.into()),
            ("282", 1.into()),
            ("296", 1.into()),
            ("305", "tool".into()),
            ("33550", vec![Value::from(1.0)].into()),
            ("42113", "0".into()),
            ("GeoModelType", "Projected".into()),
        ]
        .into_iter()
        .collect();
        assert!(names(&plain).is_empty());
        assert!(is_location_key("33550") && is_location_key("GeoTransform"));
        assert!(!is_location_key("50844") && !is_location_key("256") && !is_location_key("IC"));
    }

    #[test]
    fn what_a_file_holds_further_has_a_name() {
        let xml = "<GDALMetadata><Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">Red</Item>\n<Item name=\"SCALE\" \
                   sample=\"0\" role=\"scale\">2</Item><Item name=\"DESCRIPTION\" sample=\"1\" role=\"description\">x</Item>\
                   <Item name=\"STATISTICS_MEAN\" sample=\"0\">1</Item></GDALMetadata>";
        let metadata: Metadata = [
            ("262", Value::from(0)),
            ("274", 6.into()),
            ("282", 72.into()),
            ("306", "2024:01:01 00:00:00".into()),
            ("320", vec![Value::from(1)].into()),
            ("42112", xml.into()),
            ("65000", 1.into()),
        ]
        .into_iter()
        .collect();
        let expected = [
            "PhotometricInterpretation WhiteIsZero",
            "Orientation",
            "XResolution",
            "DateTime",
            "ColorMap",
            "scale",
            "STATISTICS_MEAN",
            "tag 65000",
        ];
        assert_eq!(names(&metadata), expected);
    }
}
