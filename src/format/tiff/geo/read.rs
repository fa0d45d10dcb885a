//! Converts the geo tags of a directory to a [`Georeference`] and the `Geo…` names of metadata.

use super::geo_tags::{
    self, CITATION, GEODETIC_CITATION, GEODETIC_CRS, GeoKeys, KeyValue, MODEL_GEOCENTRIC, MODEL_GEOGRAPHIC,
    MODEL_PROJECTED, MODEL_TYPE, PIXEL_IS_POINT, PROJECTED_CITATION, PROJECTED_CRS, Position, RASTER_TYPE,
    USER_DEFINED, VERTICAL_CRS,
};
use super::user_defined;
use crate::format::tiff::field::{Field, FieldValue, decode_text};
use crate::format::tiff::tags::{GEO_ASCII_PARAMS, GEO_DOUBLE_PARAMS, GEO_KEY_DIRECTORY};
use crate::image::{Crs, Georeference};
use crate::metadata::Value;

/// EPSG codes of a `GeoKey` (OGC 19-008r4 §7.4). Lower codes are obsolete ones of GeoTIFF 1.0, higher ones are private.
const EPSG_CODES: std::ops::RangeInclusive<u16> = 1024..=32_766;

/// The georeference of an image by its geo tags, and the `Geo…` names with their values: each `GeoKey` of the table,
/// `GeoPixelScale`, `GeoTiepoints`, and `GeoTransform` if the tags define one. Illegal tags are ignored.
pub(in crate::format::tiff) fn read(fields: &[Field]) -> (Georeference, Vec<(String, Value)>) {
    let keys = keys_of(fields).unwrap_or_default();
    let position = Position::from_fields(fields);
    let transform = position.transform(keys.short(RASTER_TYPE) == Some(PIXEL_IS_POINT));
    let mut names = Vec::new();
    for (id, value) in &keys.entries {
        if let Some(key) = geo_tags::by_id(*id) {
            names.push((key.name.to_owned(), to_metadata(key, value)));
        }
    }
    let mut numbers = |name: &str, values: Option<&[f64]>| {
        if let Some(values) = values {
            names.push((name.to_owned(), floats(values)));
        }
    };
    numbers("GeoPixelScale", position.scale.as_deref());
    numbers("GeoTiepoints", position.tiepoints.as_deref());
    numbers("GeoTransform", transform.as_ref().map(|transform| transform.0.as_slice()));
    (Georeference { transform, crs: crs(&keys), corners: None }, names)
}

/// The `GeoKeys` among the fields of a directory.
pub(super) fn keys_of(fields: &[Field]) -> Option<GeoKeys> {
    let value = |tag| fields.iter().find(|field| field.tag == tag).map(|field| &field.value);
    let FieldValue::Unsigned(directory) = value(GEO_KEY_DIRECTORY)? else { return None };
    let doubles = match value(GEO_DOUBLE_PARAMS) {
        Some(FieldValue::Floats(doubles)) => doubles.as_slice(),
        _ => &[],
    };
    let text = match value(GEO_ASCII_PARAMS) {
        Some(FieldValue::Text(text)) => text.as_slice(),
        _ => &[],
    };
    GeoKeys::parse(directory, doubles, text)
}

fn crs(keys: &GeoKeys) -> Option<Crs> {
    let projected = keys.short(PROJECTED_CRS).filter(|code| *code != 0);
    let geodetic = keys.short(GEODETIC_CRS).filter(|code| *code != 0);
    let code = match keys.short(MODEL_TYPE) {
        Some(MODEL_PROJECTED) => projected,
        Some(MODEL_GEOGRAPHIC | MODEL_GEOCENTRIC) => geodetic,
        // Other keys define the system.
        Some(USER_DEFINED) => None,
        // Without a model type, the keys decide. A projected system also names its geodetic one.
        _ => projected.or(geodetic),
    };
    if let Some(code) = code.filter(|code| EPSG_CODES.contains(code)) {
        let vertical = keys.short(VERTICAL_CRS).filter(|code| EPSG_CODES.contains(code));
        return Some(match vertical {
            Some(vertical) => Crs::compound(code.into(), vertical.into()),
            None => Crs::Epsg(code.into()),
        });
    }
    if let Some(definition) = user_defined::definition(keys) {
        return Some(Crs::from(&definition));
    }
    let described = [PROJECTED_CITATION, CITATION, GEODETIC_CITATION].into_iter().find_map(|id| keys.text(id));
    let in_citation = |id: &u16| user_defined::cited_definition(keys, &keys.text(*id)?);
    if let Some(crs) = [PROJECTED_CITATION, CITATION].iter().find_map(in_citation) {
        return Some(crs);
    }
    match described {
        Some(text) => Some(Crs::UserDefined(text)),
        None => code.map(|code| match code {
            USER_DEFINED => Crs::UserDefined("user-defined".to_owned()),
            code => Crs::UserDefined(format!("GeoTIFF code {code}")),
        }),
    }
}

fn to_metadata(key: &geo_tags::Key, value: &KeyValue) -> Value {
    match value {
        KeyValue::Shorts(values) => match values.as_slice() {
            [value] => match key.values.iter().find(|(number, _)| number == value) {
                Some((_, name)) => Value::from(*name),
                None => Value::from(*value),
            },
            values => Value::List(values.iter().map(|value| Value::from(*value)).collect()),
        },
        KeyValue::Doubles(values) if values.len() == 1 => Value::from(values[0]),
        KeyValue::Doubles(values) => floats(values),
        KeyValue::Text(text) => Value::from(decode_text(text)),
    }
}

fn floats(values: &[f64]) -> Value {
    Value::List(values.iter().map(|value| Value::from(*value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tiff::field::FieldType;

    fn directory(entries: &[[u64; 4]]) -> Vec<Field> {
        let mut values = vec![1, 1, 0, entries.len() as u64];
        values.extend(entries.iter().flatten());
        vec![Field { tag: GEO_KEY_DIRECTORY, kind: FieldType::Short, value: FieldValue::Unsigned(values) }]
    }

    #[test]
    fn a_crs_is_the_code_of_its_model_type() {
        let projected = directory(&[[1024, 0, 1, 1], [2048, 0, 1, 4326], [3072, 0, 1, 32618]]);
        assert_eq!(read(&projected).0.crs, Some(Crs::Epsg(32618)));
        let geographic = directory(&[[1024, 0, 1, 2], [2048, 0, 1, 4326], [4096, 0, 1, 5773]]);
        assert_eq!(read(&geographic).0.crs, Some(Crs::Epsg(9707)));
        let nothing = directory(&[[1025, 0, 1, 1]]);
        assert_eq!(read(&nothing).0.crs, None);
    }

    #[test]
    fn a_user_defined_system_is_named_by_its_citation() {
        let mut fields = directory(&[[1024, 0, 1, 1], [1026, 34737, 6, 0], [3072, 0, 1, 32767]]);
        fields.push(Field {
            tag: GEO_ASCII_PARAMS,
            kind: FieldType::Ascii,
            value: FieldValue::Text(b"Local|".to_vec()),
        });
        let (georeference, names) = read(&fields);
        assert_eq!(georeference.crs, Some(Crs::UserDefined("Local".to_owned())));
        let expected = [
            ("GeoModelType", Value::from("Projected")),
            ("GeoCitation", Value::from("Local")),
            ("GeoProjectedCRS", Value::from(32767)),
        ];
        assert_eq!(names, expected.map(|(name, value)| (name.to_owned(), value)));
    }
}
