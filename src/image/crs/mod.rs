//! Coordinate reference systems: codes of the EPSG register, and definitions by parameters.

mod definition;
mod json;
mod method;
mod register;
#[cfg(test)]
mod tests;
mod unit;
mod wkt;
mod wkt_tree;

use std::ops::RangeInclusive;

pub(crate) use definition::{Definition, Ellipsoid, Geographic, Horizontal, Meridian, Projected, Vertical};
pub(crate) use method::{Measure, Method};
pub(crate) use register::{datum, ellipsoid, geographic, meridian, vertical as vertical_of};
pub(crate) use unit::{DEGREE, Named, Quantity, Unit, converted};
pub(crate) use wkt::{AUXILIARY_SPHERE, esri};

use super::epsg;
use crate::error::{Error, Result};

/// The codes of the EPSG register. `GeoTIFF` reserves codes from 32768 for users and 32767 for user-defined systems.
const EPSG_CODES: RangeInclusive<i64> = 1024..=32_766;

/// A coordinate reference system.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crs {
    /// A code of the EPSG registry.
    Epsg(u32),
    /// The codes of a horizontal and a vertical system, which have no code together.
    Compound(u32, u32),
    /// A system that is defined by its parameters: WKT 2 (ISO 19162:2019) in one line, as [`Crs::from_text`] makes it.
    Wkt(String),
    /// A system that the file describes in free text (a citation).
    UserDefined(String),
}

/// What [`Crs::from_text`] takes.
const TEXTS: &str = "EPSG:n, OGC:CRS84, WKT 1, WKT 2 or PROJJSON";

impl Crs {
    /// The system with a code of the EPSG register.
    ///
    /// # Errors
    /// [`Error::Usage`] for a number that is not a code of a system in the register.
    pub fn from_epsg(code: i64) -> Result<Self> {
        match u32::try_from(code) {
            Ok(epsg) if EPSG_CODES.contains(&code) => Ok(Self::Epsg(epsg)),
            _ => {
                let (first, last) = EPSG_CODES.into_inner();
                Err(Error::usage("crs:").found(code).allowed(format!("an EPSG code from {first} to {last}")))
            }
        }
    }

    /// The system of a text: `EPSG:n`, a number, `EPSG:n+m` (a horizontal and a vertical system), a URN or URL of a code (`urn:ogc:def:crs:EPSG::n`), `OGC:CRS84` (EPSG:4326:
    /// coordinates are always longitude and latitude here), WKT 1 (OGC 01-009, also Esri's), WKT 2 (ISO 19162) or PROJJSON. A
    /// definition that states a code of the register is that code. Transformations to other systems (`TOWGS84`, `BOUNDCRS`),
    /// extents and epochs are not kept.
    ///
    /// # Errors
    /// [`Error::Usage`] for another text, for a number that is not a code, for damaged definitions, and for kinds of systems and
    /// projections that `GeoTIFF` does not have.
    pub fn from_text(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.starts_with('{') {
            return Self::of_definition(json::read(text)?);
        }
        if text.contains(['[', '(']) {
            return Self::of_definition(wkt::read(text)?);
        }
        if let Some(code) = code_in(text) {
            return Self::from_epsg(code);
        }
        if let Some((horizontal, vertical)) = text.split_once('+')
            && let (Some(horizontal), Some(vertical)) = (code_in(horizontal), code_of_word(vertical))
            && let (Self::Epsg(horizontal), Self::Epsg(vertical)) =
                (Self::from_epsg(horizontal)?, Self::from_epsg(vertical)?)
        {
            return Ok(Self::compound(horizontal, vertical));
        }
        let hint = if text.contains("+proj") { "; for a PROJ string, pass pyproj.CRS(text)" } else { "" };
        Err(Error::usage("crs:").found(wkt_tree::shown(text)).allowed(format!("{TEXTS}{hint}")))
    }

    fn of_definition((definition, code): (Definition, Option<u32>)) -> Result<Self> {
        let known = |code: &u32| epsg::kind(*code).is_some() || epsg::parts(*code).is_some();
        match code.filter(known) {
            Some(code) => Self::from_epsg(code.into()),
            None => Ok(Self::from(&definition)),
        }
    }

    /// The system of a horizontal and a vertical code.
    pub(crate) fn compound(horizontal: u32, vertical: u32) -> Self {
        let joined =
            |horizontal: u32, vertical: u32| epsg::joined(horizontal.try_into().ok()?, vertical.try_into().ok()?);
        match joined(horizontal, vertical) {
            Some(code) => Self::Epsg(code.into()),
            None => Self::Compound(horizontal, vertical),
        }
    }

    /// The code of the horizontal system, and that of the vertical one. `None` for a system without a code.
    pub(crate) fn codes(&self) -> Option<(u32, Option<u32>)> {
        match self {
            Self::Epsg(code) => Some(match epsg::parts(*code) {
                Some((horizontal, vertical)) => (horizontal.into(), Some(vertical.into())),
                None => (*code, None),
            }),
            Self::Compound(horizontal, vertical) => Some((*horizontal, Some(*vertical))),
            Self::Wkt(_) | Self::UserDefined(_) => None,
        }
    }

    /// The definition of a system by its parameters, and of a geographic system of the register.
    pub(crate) fn definition(&self) -> Option<Definition> {
        match self {
            Self::Epsg(code) => {
                let horizontal = Horizontal::Geographic(geographic(*code)?);
                Some(Definition { horizontal, vertical: None })
            }
            Self::Wkt(text) => wkt::read(text).ok().map(|(definition, _)| completed(&definition)),
            Self::Compound(horizontal, vertical) => {
                let horizontal = Horizontal::Geographic(geographic(*horizontal)?);
                Some(Definition { horizontal, vertical: Some(vertical_of(*vertical)?) })
            }
            Self::UserDefined(_) => None,
        }
    }

    /// WKT 2 (ISO 19162:2019) of a system that is defined by its parameters, and of a geographic one of the register. `None` for
    /// other codes: their definitions are in the register alone.
    pub fn to_wkt(&self) -> Option<String> {
        self.definition().map(|definition| wkt::write(&definition))
    }

    /// PROJJSON (schema 0.7) of a system for which [`Crs::to_wkt`] has WKT.
    pub fn to_projjson(&self) -> Option<String> {
        self.definition().map(|definition| json::write(&definition).to_string())
    }
}

impl From<&Definition> for Crs {
    fn from(definition: &Definition) -> Self {
        let definition = completed(definition);
        let horizontal = match &definition.horizontal {
            Horizontal::Geographic(geographic) => geographic.id.code,
            Horizontal::Projected(projected) => projected.id.code,
        };
        let vertical = definition.vertical.as_ref().map(|vertical| vertical.id.code);
        match (horizontal.filter(|code| epsg::kind(*code).is_some()), vertical) {
            (Some(horizontal), Some(Some(vertical))) if epsg::kind(vertical).is_some() => {
                Self::compound(horizontal, vertical)
            }
            _ => Self::Wkt(wkt::write(&definition)),
        }
    }
}

/// A definition whose geographic system has its code, if its name is one of the register, and the unit of the code.
fn completed(definition: &Definition) -> Definition {
    let mut definition = definition.clone();
    let base = match &mut definition.horizontal {
        Horizontal::Geographic(geographic) => geographic,
        Horizontal::Projected(projected) => &mut projected.base,
    };
    if base.id.code.is_none() {
        base.id.code = register::code_of(base);
    }
    if let Some(known) = base.id.code.and_then(geographic) {
        base.unit = known.unit;
    }
    definition
}

/// The code in `EPSG:n`, `n`, `OGC:CRS84`, a URN or a URL.
fn code_in(text: &str) -> Option<i64> {
    let parts: Vec<_> = text.split([':', '/']).filter(|part| !part.is_empty()).collect();
    let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
    match parts.as_slice() {
        [code] if text.len() == code.len() => code_of_word(code),
        [register, code] if is(register, "EPSG") => code_of_word(code),
        [register, code] | [.., register, _, code] if is(register, "OGC") && is(code, "CRS84") => Some(4326),
        [.., "def", "crs", register, code] | [.., "def", "crs", register, _, code] if is(register, "EPSG") => {
            code_of_word(code)
        }
        _ => None,
    }
}

fn code_of_word(word: &str) -> Option<i64> {
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?
}

impl std::fmt::Display for Crs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Epsg(code) => write!(f, "EPSG:{code}"),
            Self::Compound(horizontal, vertical) => write!(f, "EPSG:{horizontal}+{vertical}"),
            Self::Wkt(text) | Self::UserDefined(text) => f.write_str(text),
        }
    }
}
