//! Converts the `Geo…` names of metadata to the geo tags of a directory.
//!
//! Metadata read from a TIFF holds the tags by number and the equivalent names. A name that agrees with the tags changes
//! nothing, whatever its value; one that differs from them, or adds to them, is the caller's wish. If the metadata is a copy of
//! a file's, wishes are applied on top of the copied tags. Otherwise a name and a tag that contradict each other are an error.
//! A new reference system replaces the whole copied one, with its citations and parameters. A new raster type does not move
//! the pixels' edges. Tags that no wish concerns are written as they are.

use std::borrow::Cow;

use super::geo_tags::{
    self, CITATION, GEODETIC_CRS, GeoKeys, Key, KeyType, KeyValue, MODEL_GEOCENTRIC, MODEL_GEOGRAPHIC, MODEL_PROJECTED,
    MODEL_TYPE, PIXEL_IS_AREA, PIXEL_IS_POINT, PROJECTED_CRS, Position, RASTER_TYPE, USER_DEFINED, VERTICAL_CRS,
};
use super::read::{keys_of, read};
use crate::error::{Error, Result};
use crate::format::tiff::field::{Field, FieldType, FieldValue, decode_text};
use crate::format::tiff::tags::{
    GEO_ASCII_PARAMS, GEO_DOUBLE_PARAMS, GEO_KEY_DIRECTORY, MODEL_PIXEL_SCALE, MODEL_TIEPOINT, MODEL_TRANSFORMATION,
};
use crate::format::{Warning, WarningKind};
use crate::image::Transform;
use crate::image::epsg::{self, Kind};
use crate::metadata::Value;

/// The georeference in an image's metadata.
#[derive(Debug, Default)]
pub(in crate::format::tiff) struct Given<'a> {
    /// Geo tags given by number.
    pub(in crate::format::tiff) tags: Vec<Field>,
    /// `Geo…` names with their values.
    pub(in crate::format::tiff) names: Vec<Name<'a>>,
    /// True if the metadata is a copy of a file's.
    pub(in crate::format::tiff) copied: bool,
}

/// A `Geo…` name with its value.
#[derive(Debug, Clone, Copy)]
pub(in crate::format::tiff) struct Name<'a> {
    /// The metadata key.
    pub(in crate::format::tiff) key: &'a str,
    /// The value.
    pub(in crate::format::tiff) value: &'a Value,
    /// True if the caller has chosen the value, rather than copied it with the rest.
    pub(in crate::format::tiff) chosen: bool,
}

/// The geo tags to write. A name that was read and is illegal is left out with a warning.
///
/// # Errors
/// [`Error::Usage`] for unknown names, illegal values, and names that contradict tags or each other.
pub(in crate::format::tiff) fn fields(given: Given<'_>, warnings: &mut Vec<Warning>) -> Result<Vec<Field>> {
    let before = Before::of(&given.tags);
    let (_, known) = read(&given.tags);
    let agrees = |name: &Name<'_>| {
        known.iter().any(|(key, value)| key.eq_ignore_ascii_case(name.key) && value.is_same(name.value))
    };
    let mut wishes = Wishes::default();
    for name in given.names.iter().filter(|name| !agrees(name)) {
        if !name.chosen && has_tag_of(name.key, &given.tags) {
            // The caller has chosen other tags.
            continue;
        }
        match wishes.add(name.key, name.value, &before, given.copied) {
            Err(error) if !name.chosen => {
                warnings.push(Warning::new(WarningKind::Metadata, name.key, format!("is left out: {error}")));
            }
            added => added?,
        }
    }
    let mut fields = given.tags;
    let mut keys = Cow::Borrowed(&before.keys);
    if !wishes.keys.is_empty() {
        keys = Cow::Owned(new_keys(&wishes, &before, warnings)?);
        fields.retain(|field| !KEY_TAGS.contains(&field.tag));
        fields.extend(key_fields(&keys)?);
    }
    if let Some(position) = new_position(&wishes, &before, keys.short(RASTER_TYPE) == Some(PIXEL_IS_POINT))? {
        fields.retain(|field| !POSITION_TAGS.contains(&field.tag));
        fields.extend(position.to_fields());
    }
    fields.sort_by_key(|field| field.tag);
    Ok(fields)
}

/// True if `tags` has a tag that states what the name does.
fn has_tag_of(name: &str, tags: &[Field]) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let stating: &[u16] = if is(SCALE) {
        &[MODEL_PIXEL_SCALE]
    } else if is(TIEPOINTS) {
        &[MODEL_TIEPOINT]
    } else if is(TRANSFORM) {
        &POSITION_TAGS
    } else {
        &[GEO_KEY_DIRECTORY]
    };
    tags.iter().any(|field| stating.contains(&field.tag))
}

/// The georeference of the tags.
struct Before {
    keys: GeoKeys,
    position: Position,
    transform: Option<Transform>,
}

/// The georeference of the names, if it differs from that of the tags.
#[derive(Default)]
struct Wishes {
    keys: Vec<(&'static Key, KeyValue)>,
    scale: Option<Vec<f64>>,
    tiepoints: Option<Vec<f64>>,
    transform: Option<Transform>,
}

/// The tags that hold the `GeoKeys`, and those that hold the position.
const KEY_TAGS: [u16; 3] = [GEO_KEY_DIRECTORY, GEO_DOUBLE_PARAMS, GEO_ASCII_PARAMS];
const POSITION_TAGS: [u16; 3] = [MODEL_PIXEL_SCALE, MODEL_TIEPOINT, MODEL_TRANSFORMATION];

const SCALE: &str = "GeoPixelScale";
const TIEPOINTS: &str = "GeoTiepoints";
const TRANSFORM: &str = "GeoTransform";

/// Keys that describe the horizontal system (OGC 19-008r4 Annex E), besides its citation.
const HORIZONTAL: [std::ops::RangeInclusive<u16>; 2] = [GEODETIC_CRS..=2063, 3059..=3096];
/// Keys that describe the vertical system.
const VERTICAL: std::ops::RangeInclusive<u16> = VERTICAL_CRS..=4099;
/// The minor revision of GeoTIFF 1.1, the first with vertical and three-dimensional systems.
const REVISION_1_1: u16 = 1;
/// A key that GeoTIFF 1.1 introduced.
const COORDINATE_EPOCH: u16 = 5120;

impl Before {
    fn of(tags: &[Field]) -> Self {
        let keys = keys_of(tags).unwrap_or_default();
        let position = Position::from_fields(tags);
        let transform = position.transform(keys.short(RASTER_TYPE) == Some(PIXEL_IS_POINT));
        Self { keys, position, transform }
    }
}

impl Wishes {
    fn add(&mut self, name: &str, value: &Value, before: &Before, copied: bool) -> Result<()> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let conflict = |there: bool, tag: u16| {
            if there && !copied {
                let error = Error::usage("contradicting metadata value of").field(name).found(value);
                return Err(error.allowed(format!("the value of tag {tag}, or only one of the two")));
            }
            Ok(())
        };
        if is(SCALE) {
            let scale = Some(numbers(name, value, "3 numbers with x and y not zero", |n| {
                n.len() == 3 && n[0] != 0.0 && n[1] != 0.0
            })?);
            if scale != before.position.scale {
                conflict(before.position.scale.is_some(), MODEL_PIXEL_SCALE)?;
                self.scale = scale;
            }
        } else if is(TIEPOINTS) {
            let allowed = "6 numbers for each point: column, row, 0, x, y, z";
            let points = Some(numbers(name, value, allowed, |n| !n.is_empty() && n.len() % 6 == 0)?);
            if points != before.position.tiepoints {
                conflict(before.position.tiepoints.is_some(), MODEL_TIEPOINT)?;
                self.tiepoints = points;
            }
        } else if is(TRANSFORM) {
            let transform = Some(transform(name, value)?);
            if transform != before.transform {
                let tag = if before.position.matrix.is_some() { MODEL_TRANSFORMATION } else { MODEL_PIXEL_SCALE };
                conflict(before.transform.is_some(), tag)?;
                self.transform = transform;
            }
        } else {
            let key = geo_tags::by_name(name).ok_or_else(|| unknown_name(name))?;
            let value = key_value(key, name, value)?;
            let old = before.keys.entries.get(&key.id);
            if !old.is_some_and(|old| same(old, &value)) {
                conflict(old.is_some(), GEO_KEY_DIRECTORY)?;
                self.add_key(key, value, name)?;
            }
        }
        Ok(())
    }

    fn add_key(&mut self, key: &'static Key, value: KeyValue, name: &str) -> Result<()> {
        match self.keys.iter().find(|(other, _)| other.id == key.id) {
            Some((_, other)) if *other != value => {
                Err(Error::usage("second value of GeoKey").field(key.name).found(format!("under {name}")))
            }
            Some(_) => Ok(()),
            None => {
                self.keys.push((key, value));
                Ok(())
            }
        }
    }

    fn has(&self, id: u16) -> bool {
        self.keys.iter().any(|(key, _)| key.id == id)
    }
}

fn unknown_name(name: &str) -> Error {
    let error = Error::usage("unknown metadata key").field(name);
    match geo_tags::nearest_name(name, &[SCALE, TIEPOINTS, TRANSFORM]) {
        Some(known) => error.allowed(format!("a known Geo name; did you mean {known}?")),
        None => error,
    }
}

fn new_keys(wishes: &Wishes, before: &Before, warnings: &mut Vec<Warning>) -> Result<GeoKeys> {
    let mut keys = before.keys.clone();
    let horizontal = [MODEL_TYPE, GEODETIC_CRS, PROJECTED_CRS].iter().any(|id| wishes.has(*id));
    if horizontal {
        keys.entries
            .retain(|id, _| *id != MODEL_TYPE && *id != CITATION && !HORIZONTAL.iter().any(|range| range.contains(id)));
    }
    if wishes.has(VERTICAL_CRS) {
        keys.entries.retain(|id, _| !VERTICAL.contains(id));
    }
    keys.entries.extend(wishes.keys.iter().map(|(key, value)| (key.id, value.clone())));
    if keys.entries.is_empty() {
        return Ok(keys);
    }
    keys.entries.entry(RASTER_TYPE).or_insert(KeyValue::Shorts(vec![PIXEL_IS_AREA]));
    if keys.short(MODEL_TYPE).is_none() {
        keys.entries.insert(MODEL_TYPE, KeyValue::Shorts(vec![implied_model(&keys)]));
    }
    if horizontal {
        check_model(&keys, wishes)?;
    }
    check_kinds(&keys, wishes, warnings)?;
    let three_dimensional = keys.short(GEODETIC_CRS).and_then(|code| epsg::kind(code.into()));
    if three_dimensional == Some(Kind::Geographic3D)
        || keys.entries.keys().any(|id| VERTICAL.contains(id) || *id == COORDINATE_EPOCH)
    {
        keys.minor = REVISION_1_1;
    }
    Ok(keys)
}

fn implied_model(keys: &GeoKeys) -> u16 {
    match (keys.short(PROJECTED_CRS), keys.short(GEODETIC_CRS)) {
        (Some(_), _) => MODEL_PROJECTED,
        (None, Some(code)) if epsg::kind(code.into()) == Some(Kind::Geocentric) => MODEL_GEOCENTRIC,
        (None, Some(_)) => MODEL_GEOGRAPHIC,
        (None, None) => 0,
    }
}

/// Checks that model type and systems match (OGC 19-008r4 §7.4).
fn check_model(keys: &GeoKeys, wishes: &Wishes) -> Result<()> {
    let model = keys.short(MODEL_TYPE);
    let any = |ids: &[u16]| ids.iter().any(|id| keys.entries.contains_key(id));
    let wrong = |found: &str, allowed: &str| Err(Error::usage("GeoModelType").found(found).allowed(allowed));
    match model {
        Some(MODEL_PROJECTED) if !any(&[PROJECTED_CRS, 3074, 3075]) => {
            wrong("Projected without GeoProjectedCRS", "GeoProjectedCRS with an EPSG code")
        }
        Some(MODEL_GEOGRAPHIC | MODEL_GEOCENTRIC) if !any(&[GEODETIC_CRS, 2050, 2056, 2057]) => {
            wrong("Geographic without GeoGeographicCRS", "GeoGeographicCRS with an EPSG code")
        }
        Some(MODEL_GEOGRAPHIC | MODEL_GEOCENTRIC) if wishes.has(PROJECTED_CRS) => {
            wrong("Geographic with GeoProjectedCRS", "Projected")
        }
        _ => Ok(()),
    }
}

/// Checks that the codes of new keys are of the kind that their key requires.
fn check_kinds(keys: &GeoKeys, wishes: &Wishes, warnings: &mut Vec<Warning>) -> Result<()> {
    for (key, _) in &wishes.keys {
        let expected: &[Kind] = match key.id {
            PROJECTED_CRS => &[Kind::Projected],
            GEODETIC_CRS => &[Kind::Geographic, Kind::Geographic3D, Kind::Geocentric],
            VERTICAL_CRS => &[Kind::Vertical, Kind::Geographic3D],
            _ => continue,
        };
        let Some(code) = keys.short(key.id).filter(|code| *code < USER_DEFINED) else { continue };
        match epsg::kind(code.into()) {
            Some(kind) if expected.contains(&kind) => {}
            Some(kind) => {
                let found = format!("EPSG:{code}, which is {kind:?}");
                return Err(Error::usage("wrong kind of system for").field(key.name).found(found));
            }
            None => {
                let message = format!("{code} is not in the EPSG register; it is written unchanged");
                warnings.push(Warning::new(WarningKind::Metadata, key.name, message));
            }
        }
    }
    Ok(())
}

/// The new position; `None` if it does not change.
fn new_position(wishes: &Wishes, before: &Before, point: bool) -> Result<Option<Position>> {
    if wishes.scale.is_none() && wishes.tiepoints.is_none() {
        let moved = wishes.has(RASTER_TYPE).then_some(()).and(before.transform.as_ref());
        let transform = wishes.transform.as_ref().or(moved);
        return Ok(transform.map(|transform| Position::from_transform(transform, point)));
    }
    let scale = wishes.scale.clone().or_else(|| before.position.scale.clone());
    let tiepoints = wishes.tiepoints.clone().or_else(|| before.position.tiepoints.clone());
    if tiepoints.is_none() {
        return Err(Error::usage("GeoPixelScale without GeoTiepoints does not define a position"));
    }
    let position = Position { scale, tiepoints, matrix: None };
    match &wishes.transform {
        Some(wanted) if !position.transform(point).is_some_and(|there| close(&there, wanted)) => {
            let error = Error::usage("GeoTransform contradicts GeoPixelScale and GeoTiepoints:");
            Err(error.found(format!("{:?}", wanted.0)).allowed("the transform, or the scale and tie points"))
        }
        _ => Ok(Some(position)),
    }
}

/// Equal but for rounding: numbers differ by at most a billionth of a pixel, or by 1e-12 of their size.
fn close(a: &Transform, b: &Transform) -> bool {
    let size = b.0[1].hypot(b.0[4]).max(b.0[2].hypot(b.0[5]));
    let near = |i: usize| (a.0[i] - b.0[i]).abs() <= (b.0[i].abs() * 1e-12).max(size * 1e-9);
    (0..6).all(near)
}

fn key_fields(keys: &GeoKeys) -> Result<Vec<Field>> {
    if keys.entries.is_empty() {
        return Ok(Vec::new());
    }
    let tags = keys.to_tags();
    if tags.text.len() > usize::from(u16::MAX) || tags.doubles.len() > usize::from(u16::MAX) {
        return Err(Error::usage("length of the GeoKeys:")
            .found(tags.text.len())
            .allowed(format!("at most {}", u16::MAX)));
    }
    let shorts = tags.directory.iter().map(|number| u64::from(*number)).collect();
    let mut fields =
        vec![Field { tag: GEO_KEY_DIRECTORY, kind: FieldType::Short, value: FieldValue::Unsigned(shorts) }];
    if !tags.doubles.is_empty() {
        let value = FieldValue::Floats(tags.doubles);
        fields.push(Field { tag: GEO_DOUBLE_PARAMS, kind: FieldType::Double, value });
    }
    if !tags.text.is_empty() {
        fields.push(Field { tag: GEO_ASCII_PARAMS, kind: FieldType::Ascii, value: FieldValue::Text(tags.text) });
    }
    Ok(fields)
}

fn key_value(key: &Key, name: &str, value: &Value) -> Result<KeyValue> {
    let wrong = |allowed: String| Error::usage("metadata value of").field(name).found(value).allowed(allowed);
    match key.kind {
        KeyType::Short => {
            let named = value.as_text().and_then(|text| {
                key.values.iter().find(|(_, known)| known.eq_ignore_ascii_case(text.trim())).map(|(number, _)| *number)
            });
            let coded = || match value.as_text() {
                Some(text) => text.trim().to_ascii_uppercase().trim_start_matches("EPSG:").parse().ok(),
                None => value.to_int().and_then(|number| u16::try_from(number).ok()),
            };
            let known: Vec<_> = key.values.iter().map(|(_, name)| *name).collect();
            let allowed = || if known.is_empty() { "a code from 0 to 65535".to_owned() } else { known.join(" ") };
            // The raster type takes only its named values.
            let legal = |number: &u16| key.id != RASTER_TYPE || key.values.iter().any(|(known, _)| known == number);
            let number = named.or_else(coded).filter(legal).ok_or_else(|| wrong(allowed()))?;
            Ok(KeyValue::Shorts(vec![number]))
        }
        KeyType::Double => {
            let numbers = numbers(name, value, "numbers", |numbers| !numbers.is_empty())?;
            Ok(KeyValue::Doubles(numbers))
        }
        KeyType::Text => {
            // A bar ends the text, but its length is stored: GDAL writes bars inside.
            let text = value.as_text().filter(|text| !text.contains('\0'));
            let text = text.ok_or_else(|| wrong("text without NUL".to_owned()))?;
            Ok(KeyValue::Text(text.as_bytes().to_vec()))
        }
    }
}

fn transform(name: &str, value: &Value) -> Result<Transform> {
    let allowed = "6 numbers that span an area: x, column step, row shear, y, column shear, row step";
    let numbers = numbers(name, value, allowed, |g| g.len() == 6 && g[1] * g[5] - g[2] * g[4] != 0.0)?;
    Ok(Transform(std::array::from_fn(|i| numbers[i])))
}

fn numbers(name: &str, value: &Value, allowed: &'static str, legal: impl Fn(&[f64]) -> bool) -> Result<Vec<f64>> {
    let numbers = value.to_floats().filter(|numbers| numbers.iter().all(|n| n.is_finite()) && legal(numbers));
    numbers.ok_or_else(|| Error::usage("metadata value of").field(name).found(value).allowed(allowed))
}

fn same(a: &KeyValue, b: &KeyValue) -> bool {
    match (a, b) {
        (KeyValue::Text(a), KeyValue::Text(b)) => decode_text(a) == decode_text(b),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests;
