//! Parts of geographic systems in the EPSG register.

use super::definition::{Ellipsoid, Geographic, Meridian, Vertical};
use super::unit::{Named, Quantity, Unit};

/// Systems (S: name, datum, unit), datums (D: name, ellipsoid, meridian), ellipsoids (E: name, semi-major axis in metres, inverse
/// flattening), prime meridians (M: name, degrees from Greenwich) and vertical systems (V: name, datum, unit, `down` for depths),
/// each after its code. Made by `tools/make_epsg_table.py`.
const TABLE: &str = include_str!("geodetic.txt");

/// The fields of the entry with a code, after the code.
fn entry(kind: &str, code: u32) -> Option<[&'static str; 3]> {
    entries(kind).find(|(other, _)| *other == code).map(|(_, fields)| fields)
}

fn entries(kind: &str) -> impl Iterator<Item = (u32, [&'static str; 3])> {
    let lines = TABLE.lines().filter_map(move |line| line.strip_prefix(kind)?.strip_prefix('|'));
    lines.filter_map(|line| {
        let mut fields = line.split('|');
        let code = fields.next()?.parse().ok()?;
        Some((code, [fields.next()?, fields.next()?, fields.next().unwrap_or("")]))
    })
}

/// The geographic system with a code; `None` if the register has no two-dimensional one.
pub(crate) fn geographic(code: u32) -> Option<Geographic> {
    let [name, datum, unit] = entry("S", code)?;
    let (datum, ellipsoid, meridian) = self::datum(datum.parse().ok()?)?;
    let unit = Unit::of_code(Quantity::Angle, unit.parse().ok()?)?;
    Some(Geographic { id: Named::new(name, Some(code)), datum, ellipsoid, meridian, unit })
}

/// The code of the geographic system with this name and ellipsoid.
pub(crate) fn code_of(geographic: &Geographic) -> Option<u32> {
    let same = |code: &u32| {
        self::geographic(*code).is_some_and(|other| {
            let (a, b) = (&other.ellipsoid, &geographic.ellipsoid);
            (a.semi_major - b.semi_major).abs() < 1e-3
                && (a.inverse_flattening - b.inverse_flattening).abs() < 1e-6
                && (other.meridian.longitude - geographic.meridian.longitude).abs() < 1e-9
        })
    };
    entries("S").find(|(_, [name, ..])| *name == geographic.id.name).map(|(code, _)| code).filter(same)
}

/// The datum with a code, its ellipsoid and its prime meridian.
pub(crate) fn datum(code: u32) -> Option<(Named, Ellipsoid, Meridian)> {
    let [name, ellipsoid, meridian] = entry("D", code)?;
    let parts = (self::ellipsoid(ellipsoid.parse().ok()?)?, self::meridian(meridian.parse().ok()?)?);
    Some((Named::new(name, Some(code)), parts.0, parts.1))
}

/// The ellipsoid with a code.
pub(crate) fn ellipsoid(code: u32) -> Option<Ellipsoid> {
    let [name, semi_major, inverse_flattening] = entry("E", code)?;
    let (semi_major, inverse_flattening) = (semi_major.parse().ok()?, inverse_flattening.parse().ok()?);
    Some(Ellipsoid { id: Named::new(name, Some(code)), semi_major, inverse_flattening })
}

/// The prime meridian with a code.
pub(crate) fn meridian(code: u32) -> Option<Meridian> {
    let [name, longitude, _] = entry("M", code)?;
    Some(Meridian { id: Named::new(name, Some(code)), longitude: longitude.parse().ok()? })
}

/// The vertical system with a code.
pub(crate) fn vertical(code: u32) -> Option<Vertical> {
    let [name, datum, unit] = entry("V", code)?;
    let unit = Unit::of_code(Quantity::Length, unit.parse().ok()?)?;
    Some(Vertical { id: Named::new(name, Some(code)), datum: Named::new(datum, None), unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_geographic_system_is_whole() {
        let codes: Vec<_> = entries("S").map(|(code, _)| code).collect();
        assert!(codes.len() > 600);
        for code in codes {
            let geographic = geographic(code).unwrap_or_else(|| panic!("{code}"));
            assert!(geographic.ellipsoid.is_valid(), "{code}");
            assert!(crate::image::epsg::is_geographic(code.into()), "{code}");
        }
    }

    #[test]
    fn parts_are_those_of_the_register() {
        let paris = geographic(4807).unwrap();
        assert_eq!((paris.id.name.as_str(), paris.meridian.longitude), ("NTF (Paris)", 2.337_229_17));
        assert_eq!((paris.datum.code, paris.unit.id.code), (Some(6807), Some(9105)));
        assert_eq!(code_of(&paris), Some(4807));
        assert!(geographic(32_618).is_none());
    }
}
