//! Systems that `GeoKeys` define by parameters (OGC 19-008r4 §7.4 and §7.5, Annexes C and E), to and from a [`Definition`].

use super::geo_tags::{
    self, CITATION, GEODETIC_CITATION, GEODETIC_CRS, GeoKeys, KeyValue, MODEL_GEOGRAPHIC, MODEL_PROJECTED, MODEL_TYPE,
    PROJECTED_CITATION, PROJECTED_CRS, USER_DEFINED, VERTICAL_CRS,
};
use crate::error::{Error, Result};
use crate::image::Crs;
use crate::image::crs::{
    self, DEGREE, Definition, Ellipsoid, Geographic, Horizontal, Measure, Meridian, Method, Named, Projected, Quantity,
    Unit, Vertical,
};
use crate::metadata::Value;

const DATUM: u16 = 2050;
const MERIDIAN: u16 = 2051;
const ANGULAR_UNITS: u16 = 2054;
const ANGULAR_UNIT_SIZE: u16 = 2055;
const ELLIPSOID: u16 = 2056;
const SEMI_MAJOR: u16 = 2057;
const SEMI_MINOR: u16 = 2058;
const INVERSE_FLATTENING: u16 = 2059;
const MERIDIAN_LONGITUDE: u16 = 2061;
const PROJECTION: u16 = 3074;
const METHOD: u16 = 3075;
const LINEAR_UNITS: u16 = 3076;
const LINEAR_UNIT_SIZE: u16 = 3077;
const VERTICAL_CITATION: u16 = 4097;
const VERTICAL_DATUM: u16 = 4098;
const VERTICAL_UNITS: u16 = 4099;

/// Codes of the UTM zones 1 to 60 in `ProjectionGeoKey`, north and south.
const UTM_NORTH: std::ops::RangeInclusive<u16> = 16_001..=16_060;
const UTM_SOUTH: std::ops::RangeInclusive<u16> = 16_101..=16_160;

/// The method of Pseudo Mercator in the register, and that of Mercator in `ProjMethodGeoKey`.
const PSEUDO_MERCATOR: u32 = 1024;
const MERCATOR: u16 = 7;

/// The word before a definition in a citation.
const ESRI_CITATION: &str = "ESRI PE String";

/// The definition that a citation holds, as other software writes it.
pub(super) fn cited_definition(keys: &GeoKeys, citation: &str) -> Option<Crs> {
    let text = citation.trim().strip_prefix(ESRI_CITATION)?.trim_start().strip_prefix('=')?;
    let mut definition = Crs::from_text(text.trim_end_matches('|')).ok()?.definition()?;
    // The keys have names of the register.
    if let (Horizontal::Projected(projected), Some(base)) = (&mut definition.horizontal, geographic(keys)) {
        projected.base = base;
    }
    Some(Crs::from(&definition))
}

/// The definition of a system that has no code of its own. `None` if keys are missing, or a method is not known.
pub(super) fn definition(keys: &GeoKeys) -> Option<Definition> {
    let is_projected = match keys.short(MODEL_TYPE) {
        Some(MODEL_PROJECTED) => true,
        Some(MODEL_GEOGRAPHIC) => false,
        Some(USER_DEFINED) if keys.short(METHOD).is_some() => true,
        Some(_) => return None,
        None => keys.short(PROJECTED_CRS).is_some(),
    };
    let base = geographic(keys)?;
    let horizontal =
        if is_projected { Horizontal::Projected(projected(keys, base)?) } else { Horizontal::Geographic(base) };
    Some(Definition { horizontal, vertical: vertical(keys) })
}

fn geographic(keys: &GeoKeys) -> Option<Geographic> {
    if let Some(geographic) = code(keys, GEODETIC_CRS).and_then(crs::geographic) {
        return Some(geographic);
    }
    let citation = keys.text(GEODETIC_CITATION).unwrap_or_default();
    let cited = |part: &str, or: &str| cited(&citation, part).unwrap_or(or).to_owned();
    let datum = code(keys, DATUM).and_then(crs::datum);
    let (datum, ellipsoid, meridian) = match datum {
        Some((datum, ellipsoid, meridian)) => (Some(datum), Some(ellipsoid), Some(meridian)),
        None => (None, None, None),
    };
    let stated = number(keys, SEMI_MAJOR).and_then(|semi_major| {
        let id = Named::new(&cited("Ellipsoid", "unknown"), code(keys, ELLIPSOID));
        match (number(keys, INVERSE_FLATTENING), number(keys, SEMI_MINOR)) {
            (Some(inverse_flattening), _) => Some(Ellipsoid { id, semi_major, inverse_flattening }),
            (None, Some(semi_minor)) => Some(Ellipsoid::of_axes(id, semi_major, semi_minor)),
            (None, None) => None,
        }
    });
    let ellipsoid = code(keys, ELLIPSOID).and_then(crs::ellipsoid).or(stated).or(ellipsoid)?;
    let longitude = number(keys, MERIDIAN_LONGITUDE).map(|longitude| Meridian {
        id: Named::new(&cited("Primem", if longitude == 0.0 { "Greenwich" } else { "unknown" }), None),
        longitude: in_degrees(keys, longitude),
    });
    let meridian = code(keys, MERIDIAN).and_then(crs::meridian).or(longitude).or(meridian);
    let name = if citation.contains('|') { cited("GCS Name", "unknown") } else { cited("GCS Name", &citation) };
    Some(Geographic {
        id: Named { name: if name.is_empty() { "unknown".to_owned() } else { name }, code: None },
        datum: datum.unwrap_or_else(|| Named { name: cited("Datum", "unknown").replace('_', " "), code: None }),
        ellipsoid: Some(ellipsoid).filter(Ellipsoid::is_valid)?,
        meridian: meridian.unwrap_or_else(Meridian::greenwich),
        unit: angular_unit(keys),
    })
}

fn projected(keys: &GeoKeys, base: Geographic) -> Option<Projected> {
    let unit = unit(keys, Quantity::Length, LINEAR_UNITS, LINEAR_UNIT_SIZE).unwrap_or_else(Unit::metre);
    let citation = keys.text(PROJECTED_CITATION).or_else(|| keys.text(CITATION)).unwrap_or_default();
    let is_on_auxiliary_sphere = citation.starts_with(ESRI_CITATION) && citation.contains(crs::AUXILIARY_SPHERE);
    let citation = if citation.starts_with(ESRI_CITATION) { keys.text(CITATION).unwrap_or_default() } else { citation };
    let name = cited(&citation, "PCS Name").unwrap_or(citation.split('|').next().unwrap_or("")).to_owned();
    let id = Named { name: if name.is_empty() { "unknown".to_owned() } else { name }, code: None };
    let projection = keys.short(PROJECTION).unwrap_or(0);
    let utm = |zones: &std::ops::RangeInclusive<u16>, northing: f64| {
        let zone = projection - zones.start() + 1;
        (Method::of_geotiff(1, |_| None), vec![0.0, f64::from(zone) * 6.0 - 183.0, 0.9996, 500_000.0, northing])
    };
    let (method, values) = match keys.short(METHOD) {
        _ if UTM_NORTH.contains(&projection) => utm(&UTM_NORTH, 0.0),
        _ if UTM_SOUTH.contains(&projection) => utm(&UTM_SOUTH, 1e7),
        code => {
            let code = if is_on_auxiliary_sphere { PSEUDO_MERCATOR as u16 } else { code? };
            let method = Method::of_geotiff(code, |id| number(keys, id))?;
            let value = |id: &u16| number(keys, *id);
            let values = method.parameters.iter().map(|parameter| match parameter.keys.iter().find_map(value) {
                Some(value) if parameter.measure == Measure::Angle => in_degrees(keys, value),
                value => value.unwrap_or_else(|| parameter.default()),
            });
            (Some(method), values.collect())
        }
    };
    values.iter().all(|value| value.is_finite()).then_some(Projected { id, base, method: method?, values, unit })
}

fn vertical(keys: &GeoKeys) -> Option<Vertical> {
    keys.short(VERTICAL_CRS)?;
    if let Some(vertical) = code(keys, VERTICAL_CRS).and_then(crs::vertical_of) {
        return Some(vertical);
    }
    let name = keys.text(VERTICAL_CITATION).unwrap_or_else(|| "unknown".to_owned());
    let unit = unit(keys, Quantity::Length, VERTICAL_UNITS, VERTICAL_UNITS).unwrap_or_else(Unit::metre);
    Some(Vertical {
        datum: Named { name: name.clone(), code: code(keys, VERTICAL_DATUM) },
        id: Named { name, code: None },
        unit,
    })
}

/// A code of the EPSG register.
fn code(keys: &GeoKeys, id: u16) -> Option<u32> {
    keys.short(id).filter(|code| (1024..USER_DEFINED).contains(code)).map(u32::from)
}

fn number(keys: &GeoKeys, id: u16) -> Option<f64> {
    match keys.entries.get(&id)? {
        KeyValue::Doubles(values) => values.first().copied().filter(|value| value.is_finite()),
        _ => None,
    }
}

/// An angle of a key in degrees.
fn in_degrees(keys: &GeoKeys, value: f64) -> f64 {
    crs::converted(value, angular_unit(keys).size, DEGREE)
}

fn angular_unit(keys: &GeoKeys) -> Unit {
    unit(keys, Quantity::Angle, ANGULAR_UNITS, ANGULAR_UNIT_SIZE).unwrap_or_else(Unit::degree)
}

fn unit(keys: &GeoKeys, quantity: Quantity, id: u16, size: u16) -> Option<Unit> {
    let coded = code(keys, id).and_then(|code| Unit::of_code(quantity, code));
    let sized = || Some(Unit::of_size(quantity, number(keys, size).filter(|size| *size > 0.0)?, "unknown"));
    coded.or_else(sized)
}

/// A part of a citation in GDAL's form, `GCS Name = …|Datum = …|`.
fn cited<'c>(citation: &'c str, part: &str) -> Option<&'c str> {
    citation.split('|').find_map(|entry| entry.trim().strip_prefix(part)?.trim_start().strip_prefix('=')).map(str::trim)
}

/// The `Geo…` names that define a system.
///
/// # Errors
/// [`Error::Usage`] for what `GeoKeys` cannot state.
pub(super) fn names(definition: &Definition) -> Result<Vec<(&'static str, Value)>> {
    let mut names = Names(Vec::new());
    let name = definition.name();
    match &definition.horizontal {
        Horizontal::Geographic(geographic) => {
            names.add(MODEL_TYPE, MODEL_GEOGRAPHIC);
            names.add(CITATION, name.as_str());
            names.geographic(geographic);
        }
        Horizontal::Projected(projected) => {
            // Readers take the definition in a citation for a model of neither kind.
            names.add(MODEL_TYPE, if is_cited(projected) { USER_DEFINED } else { MODEL_PROJECTED });
            names.add(CITATION, name.as_str());
            names.geographic(&projected.base);
            names.projected(projected)?;
        }
    }
    if let Some(vertical) = &definition.vertical {
        names.add(VERTICAL_CRS, key_code(&vertical.id));
        names.add(VERTICAL_CITATION, vertical.id.name.as_str());
        names.add(VERTICAL_DATUM, key_code(&vertical.datum));
        let unit = vertical.unit.id.code.ok_or_else(|| {
            Error::usage("crs: unit of heights").found(&vertical.unit.id.name).allowed("a unit of the EPSG register")
        })?;
        names.add(VERTICAL_UNITS, unit);
    }
    Ok(names.0)
}

/// True for the projections without a code of their own in `GeoTIFF`, Krovak and Pseudo Mercator: other software reads them from a
/// citation only.
fn is_cited(projected: &Projected) -> bool {
    projected.id.code.is_none() && matches!(projected.method.code, Some(9819 | 1041 | PSEUDO_MERCATOR))
}

/// The code of a part, or 32767 for one that other keys describe.
fn key_code(named: &Named) -> u32 {
    named.code.filter(|code| *code < u32::from(USER_DEFINED)).unwrap_or(USER_DEFINED.into())
}

struct Names(Vec<(&'static str, Value)>);

impl Names {
    fn add(&mut self, id: u16, value: impl Into<Value>) {
        let key = geo_tags::by_id(id).expect("keys of definitions are in the table");
        self.0.push((key.name, value.into()));
    }

    fn geographic(&mut self, Geographic { id, datum, ellipsoid, meridian, unit }: &Geographic) {
        self.add(GEODETIC_CRS, key_code(id));
        // The register has several degrees, of which GeoTIFF names one.
        let angle = Unit::of_size(Quantity::Angle, unit.size, &unit.id.name);
        self.unit(&angle, ANGULAR_UNITS, ANGULAR_UNIT_SIZE);
        if id.code.is_some() {
            self.add(GEODETIC_CITATION, id.name.as_str());
            return;
        }
        let parts = [("GCS Name", id), ("Datum", datum), ("Ellipsoid", &ellipsoid.id), ("Primem", &meridian.id)];
        let citation: Vec<_> = parts.iter().map(|(part, named)| format!("{part} = {}|", named.name)).collect();
        self.add(GEODETIC_CITATION, citation.concat());
        self.add(DATUM, key_code(datum));
        self.add(MERIDIAN, key_code(&meridian.id));
        self.add(ELLIPSOID, key_code(&ellipsoid.id));
        self.add(SEMI_MAJOR, ellipsoid.semi_major);
        match ellipsoid.inverse_flattening {
            0.0 => self.add(SEMI_MINOR, ellipsoid.semi_major),
            inverse_flattening => self.add(INVERSE_FLATTENING, inverse_flattening),
        }
        self.add(MERIDIAN_LONGITUDE, crs::converted(meridian.longitude, DEGREE, unit.size));
    }

    fn unit(&mut self, unit: &Unit, id: u16, size: u16) {
        self.add(id, key_code(&unit.id));
        if unit.id.code.is_none() {
            self.add(size, unit.size);
        }
    }

    fn projected(&mut self, all: &Projected) -> Result<()> {
        let Projected { id, base, method, values, unit } = all;
        if let Some(code) = id.code {
            self.add(PROJECTED_CRS, code);
            self.add(PROJECTED_CITATION, id.name.as_str());
            return Ok(());
        }
        let code = method.geotiff.ok_or_else(|| Error::usage("crs: projection in GeoTIFF").found(method.name))?;
        if is_cited(all) {
            self.add(PROJECTED_CITATION, format!("{ESRI_CITATION} = {}", crs::esri(all)));
        } else {
            self.add(PROJECTED_CRS, USER_DEFINED);
            self.add(PROJECTED_CITATION, id.name.as_str());
            self.add(PROJECTION, USER_DEFINED);
        }
        if method.code == Some(PSEUDO_MERCATOR) {
            // Readers that know no citation have Mercator, as GDAL writes it.
            self.add(PROJECTED_CRS, USER_DEFINED);
            self.add(PROJECTION, USER_DEFINED);
            self.add(METHOD, MERCATOR);
        } else {
            self.add(METHOD, code);
        }
        self.unit(unit, LINEAR_UNITS, LINEAR_UNIT_SIZE);
        for (parameter, value) in method.parameters.iter().zip(values) {
            let is_angle = parameter.measure == Measure::Angle;
            self.add(parameter.keys[0], if is_angle { crs::converted(*value, DEGREE, base.unit.size) } else { *value });
        }
        Ok(())
    }
}
