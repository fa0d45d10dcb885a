//! The geo tags of a directory: `GeoKeys` with their names and types (OGC 19-008r4 Annex E) in the three tags that hold them
//! (clause 7.1), and the raster-to-model tags with GDAL's six numbers.

use std::collections::BTreeMap;

use crate::error::nearest;
use crate::format::tiff::field::{Field, FieldType, FieldValue, decode_text};
use crate::format::tiff::tags::{MODEL_PIXEL_SCALE, MODEL_TIEPOINT, MODEL_TRANSFORMATION};
use crate::image::Transform;

/// A key of the table.
#[derive(Debug)]
pub(super) struct Key {
    /// Its number.
    pub(super) id: u16,
    /// Its name in metadata: `Geo` and the standard's name without `GT` and `GeoKey`.
    pub(super) name: &'static str,
    /// Another name that is accepted.
    pub(super) alias: Option<&'static str>,
    /// Its type.
    pub(super) kind: KeyType,
    /// Values that have names.
    pub(super) values: &'static [(u16, &'static str)],
}

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    Short,
    Double,
    Text,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum KeyValue {
    /// One number, in rare cases several.
    Shorts(Vec<u16>),
    /// Numbers of `GeoDoubleParams`.
    Doubles(Vec<f64>),
    /// Text of `GeoAsciiParams`, without the bar at its end.
    Text(Vec<u8>),
}

/// The keys of an image in ascending order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct GeoKeys {
    /// Minor revision: 0 for GeoTIFF 1.0, 1 for 1.1.
    pub(super) minor: u16,
    /// The keys, including those that the table lacks.
    pub(super) entries: BTreeMap<u16, KeyValue>,
}

/// The values of the tags that hold the keys.
#[derive(Debug, Default, PartialEq)]
pub(super) struct KeyTags {
    /// `GeoKeyDirectory`.
    pub(super) directory: Vec<u16>,
    /// `GeoDoubleParams`; not written if empty.
    pub(super) doubles: Vec<f64>,
    /// `GeoAsciiParams`; not written if empty.
    pub(super) text: Vec<u8>,
}

/// The position of pixels: the values of the three raster-to-model tags (OGC 19-008r4 §7.3, Annex B).
///
/// A [`Transform`] always refers to pixel edges. The tags refer to pixel centres if the raster type is `PixelIsPoint`: the
/// two then differ by half a pixel. As in GDAL, reading ignores the sign of the vertical scale, and prefers a scale with a
/// tie point to a matrix.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Position {
    /// `ModelPixelScale`: x, y, z.
    pub(super) scale: Option<Vec<f64>>,
    /// `ModelTiepoint`: i, j, k, x, y, z of each point.
    pub(super) tiepoints: Option<Vec<f64>>,
    /// `ModelTransformation`: 4 × 4, row by row.
    pub(super) matrix: Option<Vec<f64>>,
}

pub(super) const MODEL_TYPE: u16 = 1024;
pub(super) const RASTER_TYPE: u16 = 1025;
pub(super) const CITATION: u16 = 1026;
pub(super) const GEODETIC_CRS: u16 = 2048;
pub(super) const GEODETIC_CITATION: u16 = 2049;
pub(super) const PROJECTED_CRS: u16 = 3072;
pub(super) const PROJECTED_CITATION: u16 = 3073;
pub(super) const VERTICAL_CRS: u16 = 4096;

pub(super) const MODEL_PROJECTED: u16 = 1;
pub(super) const MODEL_GEOGRAPHIC: u16 = 2;
pub(super) const MODEL_GEOCENTRIC: u16 = 3;
pub(super) const PIXEL_IS_AREA: u16 = 1;
pub(super) const PIXEL_IS_POINT: u16 = 2;
/// The code of a system or parameter that other keys describe.
pub(super) const USER_DEFINED: u16 = 32_767;

/// The tags that may hold a key's value.
const IN_DIRECTORY: u16 = 34_735;
const IN_DOUBLES: u16 = 34_736;
const IN_TEXT: u16 = 34_737;

/// The key with this number.
pub(super) fn by_id(id: u16) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.id == id)
}

/// The key with this metadata name; case is ignored.
pub(super) fn by_name(name: &str) -> Option<&'static Key> {
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    KEYS.iter().find(|key| is(key.name) || key.alias.is_some_and(is))
}

/// The metadata name nearest to a misspelt one, among the keys and `others`.
pub(super) fn nearest_name(name: &str, others: &[&'static str]) -> Option<&'static str> {
    nearest(name, KEYS.iter().map(|key| key.name).chain(others.iter().copied()))
}

impl GeoKeys {
    /// Reads the keys. Entries that point outside of their tag are ignored; `None` if the directory lacks its header.
    pub(super) fn parse(directory: &[u64], doubles: &[f64], text: &[u8]) -> Option<Self> {
        let [_, _, minor, _, ..] = *directory else { return None };
        let mut entries = BTreeMap::new();
        for entry in directory[4..].as_chunks::<4>().0 {
            let [id, location, count, value] = entry.map(|number| number as u16);
            let range = usize::from(value)..usize::from(value) + usize::from(count);
            let value = match location {
                0 => Some(KeyValue::Shorts(vec![value])),
                IN_DIRECTORY => directory.get(range).map(|v| KeyValue::Shorts(v.iter().map(|n| *n as u16).collect())),
                IN_DOUBLES => doubles.get(range).map(|v| KeyValue::Doubles(v.to_vec())),
                IN_TEXT => text.get(range).map(|v| KeyValue::Text(v.strip_suffix(b"|").unwrap_or(v).to_vec())),
                _ => None,
            };
            if let Some(value) = value {
                entries.insert(id, value);
            }
        }
        Some(Self { minor: minor as u16, entries })
    }

    /// The values of the tags that hold the keys.
    pub(super) fn to_tags(&self) -> KeyTags {
        let mut tags = KeyTags { directory: vec![1, 1, self.minor, self.entries.len() as u16], ..KeyTags::default() };
        let mut further: Vec<u16> = Vec::new();
        let first_further = 4 + 4 * self.entries.len();
        for (id, value) in &self.entries {
            let (location, count, place) = match value {
                KeyValue::Shorts(values) => match values.as_slice() {
                    [value] => (0, 1, *value),
                    values => {
                        let place = first_further + further.len();
                        further.extend(values);
                        (IN_DIRECTORY, values.len(), place as u16)
                    }
                },
                KeyValue::Doubles(values) => {
                    let place = tags.doubles.len();
                    tags.doubles.extend(values);
                    (IN_DOUBLES, values.len(), place as u16)
                }
                KeyValue::Text(value) => {
                    let place = tags.text.len();
                    tags.text.extend(value);
                    tags.text.push(b'|');
                    (IN_TEXT, value.len() + 1, place as u16)
                }
            };
            tags.directory.extend([*id, location, count as u16, place]);
        }
        tags.directory.extend(further);
        tags
    }

    /// The value of a key that is one number.
    pub(super) fn short(&self, id: u16) -> Option<u16> {
        match self.entries.get(&id) {
            Some(KeyValue::Shorts(values)) => values.first().copied(),
            _ => None,
        }
    }

    /// The text of a key, if it is not empty.
    pub(super) fn text(&self, id: u16) -> Option<String> {
        match self.entries.get(&id) {
            Some(KeyValue::Text(text)) => Some(decode_text(text).trim().to_owned()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }
}

const fn key(id: u16, name: &'static str, kind: KeyType) -> Key {
    Key { id, name, alias: None, kind, values: &[] }
}

const fn aliased(id: u16, name: &'static str, alias: &'static str, kind: KeyType) -> Key {
    Key { id, name, alias: Some(alias), kind, values: &[] }
}

const fn named(id: u16, name: &'static str, values: &'static [(u16, &'static str)]) -> Key {
    Key { id, name, alias: None, kind: KeyType::Short, values }
}

use KeyType::{Double, Short, Text};

const ANGLES: &[(u16, &str)] = &[(9101, "Radian"), (9102, "Degree"), (9105, "Grad")];
const LENGTHS: &[(u16, &str)] = &[(9001, "Metre"), (9002, "Foot"), (9003, "USSurveyFoot")];

#[rustfmt::skip]
const KEYS: &[Key] = &[
    named(MODEL_TYPE, "GeoModelType", &[(1, "Projected"), (2, "Geographic"), (3, "Geocentric"), (0, "Undefined"), (USER_DEFINED, "UserDefined")]),
    named(RASTER_TYPE, "GeoRasterType", &[(1, "PixelIsArea"), (2, "PixelIsPoint")]),
    key(CITATION, "GeoCitation", Text),
    aliased(GEODETIC_CRS, "GeoGeographicCRS", "GeoGeodeticCRS", Short),
    aliased(GEODETIC_CITATION, "GeoGeodeticCitation", "GeoGeogCitation", Text),
    key(2050, "GeoGeodeticDatum", Short),
    key(2051, "GeoPrimeMeridian", Short),
    named(2052, "GeoGeogLinearUnits", LENGTHS),
    key(2053, "GeoGeogLinearUnitSize", Double),
    named(2054, "GeoGeogAngularUnits", ANGLES),
    key(2055, "GeoGeogAngularUnitSize", Double),
    key(2056, "GeoEllipsoid", Short),
    key(2057, "GeoSemiMajorAxis", Double),
    key(2058, "GeoSemiMinorAxis", Double),
    key(2059, "GeoInvFlattening", Double),
    named(2060, "GeoGeogAzimuthUnits", ANGLES),
    key(2061, "GeoPrimeMeridianLongitude", Double),
    key(2062, "GeoGeogTOWGS84", Double),
    key(2063, "GeoCelestialBody", Text),
    key(3059, "GeoProjLinearUnitsInterpCorrect", Short),
    key(PROJECTED_CRS, "GeoProjectedCRS", Short),
    aliased(PROJECTED_CITATION, "GeoProjectedCitation", "GeoPCSCitation", Text),
    key(3074, "GeoProjection", Short),
    named(3075, "GeoProjMethod", &[
        (1, "TransverseMercator"), (2, "TransvMercator_Modified_Alaska"), (3, "ObliqueMercator"), (4, "ObliqueMercator_Laborde"),
        (5, "ObliqueMercator_Rosenmund"), (6, "ObliqueMercator_Spherical"), (7, "Mercator"), (8, "LambertConfConic_2SP"),
        (9, "LambertConfConic_Helmert"), (10, "LambertAzimEqualArea"), (11, "AlbersEqualArea"), (12, "AzimuthalEquidistant"),
        (13, "EquidistantConic"), (14, "Stereographic"), (15, "PolarStereographic"), (16, "ObliqueStereographic"), (17, "Equirectangular"),
        (18, "CassiniSoldner"), (19, "Gnomonic"), (20, "MillerCylindrical"), (21, "Orthographic"), (22, "Polyconic"), (23, "Robinson"),
        (24, "Sinusoidal"), (25, "VanDerGrinten"), (26, "NewZealandMapGrid"), (27, "TransvMercator_SouthOriented"),
    ]),
    named(3076, "GeoProjLinearUnits", LENGTHS),
    key(3077, "GeoProjLinearUnitSize", Double),
    key(3078, "GeoStdParallel1", Double),
    key(3079, "GeoStdParallel2", Double),
    key(3080, "GeoNatOriginLong", Double),
    key(3081, "GeoNatOriginLat", Double),
    key(3082, "GeoFalseEasting", Double),
    key(3083, "GeoFalseNorthing", Double),
    key(3084, "GeoFalseOriginLong", Double),
    key(3085, "GeoFalseOriginLat", Double),
    key(3086, "GeoFalseOriginEasting", Double),
    key(3087, "GeoFalseOriginNorthing", Double),
    key(3088, "GeoCenterLong", Double),
    key(3089, "GeoCenterLat", Double),
    key(3090, "GeoCenterEasting", Double),
    key(3091, "GeoCenterNorthing", Double),
    key(3092, "GeoScaleAtNatOrigin", Double),
    key(3093, "GeoScaleAtCenter", Double),
    key(3094, "GeoAzimuthAngle", Double),
    key(3095, "GeoStraightVertPoleLong", Double),
    key(3096, "GeoRectifiedGridAngle", Double),
    aliased(VERTICAL_CRS, "GeoVerticalCRS", "GeoVertical", Short),
    key(4097, "GeoVerticalCitation", Text),
    key(4098, "GeoVerticalDatum", Short),
    named(4099, "GeoVerticalUnits", LENGTHS),
    key(5120, "GeoCoordinateEpoch", Double),
];

impl Position {
    /// Reads the tags among `fields`.
    pub(super) fn from_fields(fields: &[Field]) -> Self {
        let numbers = |tag| {
            let field = fields.iter().find(|field| field.tag == tag)?;
            match &field.value {
                FieldValue::Floats(values) => Some(values.clone()),
                FieldValue::Unsigned(values) => Some(values.iter().map(|value| *value as f64).collect()),
                _ => None,
            }
        };
        Self {
            scale: numbers(MODEL_PIXEL_SCALE),
            tiepoints: numbers(MODEL_TIEPOINT),
            matrix: numbers(MODEL_TRANSFORMATION),
        }
    }

    /// The tags for a transform: scale and tie point for a north-up image, a matrix for any other.
    pub(super) fn from_transform(transform: &Transform, point: bool) -> Self {
        let g = transform.0;
        let half = if point { 0.5 } else { 0.0 };
        let (x, y) = (g[0] + (g[1] + g[2]) * half, g[3] + (g[4] + g[5]) * half);
        let north_up = g[2] == 0.0 && g[4] == 0.0 && g[1] > 0.0 && g[5] < 0.0;
        if north_up {
            let tiepoints = Some(vec![0.0, 0.0, 0.0, x, y, 0.0]);
            return Self { scale: Some(vec![g[1], -g[5], 0.0]), tiepoints, matrix: None };
        }
        let matrix = vec![g[1], g[2], 0.0, x, g[4], g[5], 0.0, y, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        Self { matrix: Some(matrix), ..Self::default() }
    }

    /// The transform; `None` for ground control points, and if numbers are missing or not finite.
    pub(super) fn transform(&self, point: bool) -> Option<Transform> {
        let mut g = self.scaled().or_else(|| self.affine())?;
        if point {
            g[0] -= (g[1] + g[2]) * 0.5;
            g[3] -= (g[4] + g[5]) * 0.5;
        }
        g.iter().all(|number| number.is_finite()).then_some(Transform(g))
    }

    /// The tags in ascending order.
    pub(super) fn to_fields(&self) -> Vec<Field> {
        let values =
            [(MODEL_PIXEL_SCALE, &self.scale), (MODEL_TIEPOINT, &self.tiepoints), (MODEL_TRANSFORMATION, &self.matrix)];
        let field = |(tag, values): (u16, &Option<Vec<f64>>)| {
            let values = values.clone()?;
            Some(Field { tag, kind: FieldType::Double, value: FieldValue::Floats(values) })
        };
        values.into_iter().filter_map(field).collect()
    }

    fn scaled(&self) -> Option<[f64; 6]> {
        let [sx, sy, ..] = *self.scale.as_deref()? else { return None };
        let [i, j, _, x, y, _, ..] = *self.tiepoints.as_deref()? else { return None };
        let sy = sy.abs();
        (sx != 0.0 && sy != 0.0).then_some([x - i * sx, sx, 0.0, y + j * sy, 0.0, -sy])
    }

    fn affine(&self) -> Option<[f64; 6]> {
        let [m0, m1, _, m3, m4, m5, _, m7, ..] = *self.matrix.as_deref()? else { return None };
        Some([m3, m0, m1, m7, m4, m5])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_s_example_is_read_and_written_back() {
        let directory = [
            1, 1, 0, 7, 1024, 0, 1, 1, 1025, 0, 1, 1, 1026, 34737, 22, 0, 2049, 34737, 7, 22, 2054, 0, 1, 9102, 3072,
            0, 1, 32618, 3076, 0, 1, 9001,
        ];
        let text = b"WGS 84 / UTM zone 18N|WGS 84|";
        let keys = GeoKeys::parse(&directory.map(u64::from), &[], text).unwrap();
        assert_eq!(keys.text(CITATION).as_deref(), Some("WGS 84 / UTM zone 18N"));
        assert_eq!((keys.short(PROJECTED_CRS), keys.short(2054)), (Some(32618), Some(9102)));
        assert_eq!(keys.to_tags(), KeyTags { directory: directory.to_vec(), doubles: Vec::new(), text: text.to_vec() });
    }

    #[test]
    fn a_key_that_points_outside_is_left_out_and_an_unknown_one_is_kept() {
        let directory = [1, 1, 0, 3, 2057, 34736, 1, 5, 3080, 34736, 2, 0, 60_000, 34735, 2, 16, 7, 8];
        let keys = GeoKeys::parse(&directory, &[1.5, 2.5], b"").unwrap();
        assert_eq!(keys.entries.len(), 2);
        assert_eq!(keys.entries[&60_000], KeyValue::Shorts(vec![7, 8]));
        let tags = keys.to_tags();
        let again =
            GeoKeys::parse(&tags.directory.iter().map(|n| u64::from(*n)).collect::<Vec<_>>(), &tags.doubles, b"");
        assert_eq!(again, Some(keys));
        assert_eq!(GeoKeys::parse(&[1, 1], &[], b""), None);
    }

    #[test]
    fn keys_ascend_and_names_are_unique() {
        assert!(KEYS.is_sorted_by_key(|key| key.id));
        for key in KEYS {
            assert_eq!(by_name(key.name).map(|found| found.id), Some(key.id));
        }
    }

    #[test]
    fn scale_and_tiepoint_are_read_as_gdal_reads_them() {
        let position = Position {
            scale: Some(vec![10.0, -10.0, 0.0]),
            tiepoints: Some(vec![5.0, 2.0, 0.0, 300_000.0, 4_500_000.0, 0.0]),
            matrix: Some(vec![9.0; 16]),
        };
        let area = Transform([299_950.0, 10.0, 0.0, 4_500_020.0, 0.0, -10.0]);
        let point = Transform([299_945.0, 10.0, 0.0, 4_500_025.0, 0.0, -10.0]);
        assert_eq!((position.transform(false), position.transform(true)), (Some(area), Some(point)));
    }

    #[test]
    fn every_transform_is_read_back_from_its_tags() {
        let transforms = [
            [300_000.0, 0.5, 0.0, 4_500_000.0, 0.0, -0.5],
            [10.0, 2.0, 0.0, 20.0, 0.0, 3.0],
            [10.0, -2.0, 0.0, 20.0, 0.0, -3.0],
            [10.0, 1.0, 0.25, 20.0, 0.5, -1.0],
            [10.0, 0.0, 2.0, 20.0, 2.0, 0.0],
        ];
        for (n, g) in transforms.into_iter().enumerate() {
            for point in [false, true] {
                let position = Position::from_transform(&Transform(g), point);
                assert_eq!(position.matrix.is_none(), n == 0);
                assert_eq!(Position::from_fields(&position.to_fields()), position);
                assert_eq!(position.transform(point), Some(Transform(g)));
            }
        }
    }

    #[test]
    fn ground_control_points_are_not_a_transform() {
        let position = Position { tiepoints: Some(vec![0.0; 18]), ..Position::default() };
        assert_eq!(position.transform(false), None);
    }
}
