//! IGEOLO: the centres of the four corner pixels as sixty characters, in the form that ICORDS names (2500C Table A-3).

use super::mgrs::{from_mgrs, to_mgrs};
use super::utm::{Utm, UtmZone};
use crate::error::{Error, Result};
use crate::image::corners::{beside, near};

/// The form of IGEOLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Icords {
    /// `ddmmssXdddmmssY`: whole seconds, about 31 m.
    Geographic,
    /// `±dd.ddd±ddd.ddd`: thousandths of a degree, about 111 m.
    Decimal,
    /// `zzeeeeeennnnnnn`: UTM north, metres.
    UtmNorth,
    /// `zzeeeeeennnnnnn`: UTM south, metres.
    UtmSouth,
    /// `zzBJKeeeeennnnn`: MGRS, metres.
    Mgrs,
    /// As `Geographic`, with geocentric latitudes, in NITF 2.0.
    Geocentric,
}

/// Four corners: first row and column, first row and last column, last row and column, last row and first column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Corners {
    /// Longitudes and latitudes in degrees on WGS 84.
    Geographic([(f64, f64); 4]),
    /// Eastings and northings in metres.
    Utm(UtmZone, [(f64, f64); 4]),
}

/// Degrees by which a computed latitude may be off.
const ROUNDING: f64 = 1e-9;
/// Characters of one corner.
const CORNER: usize = 15;

impl Icords {
    const ALL: [Self; 6] =
        [Self::Geographic, Self::Decimal, Self::UtmNorth, Self::UtmSouth, Self::Mgrs, Self::Geocentric];

    /// The form with this code.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.code() == code)
    }

    /// The code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Geographic => "G",
            Self::Decimal => "D",
            Self::UtmNorth => "N",
            Self::UtmSouth => "S",
            Self::Mgrs => "U",
            Self::Geocentric => "C",
        }
    }
}

impl Icords {
    /// The unit of the last digit, in degrees or metres.
    pub(in super::super) fn unit(self) -> f64 {
        match self {
            Self::Geographic | Self::Geocentric => 1.0 / 3600.0,
            Self::Decimal => 1e-3,
            Self::UtmNorth | Self::UtmSouth | Self::Mgrs => 1.0,
        }
    }
}

impl Corners {
    /// Reads the sixty characters of IGEOLO.
    ///
    /// # Errors
    /// [`Error::Malformed`] if they do not follow the form.
    pub(crate) fn parse(form: Icords, text: &str) -> Result<Self> {
        if text.len() != 4 * CORNER || !text.is_ascii() {
            return Err(Error::malformed("IGEOLO").found(format!("{text:?}")).allowed("60 characters"));
        }
        let parts = [0, 1, 2, 3].map(|corner| &text[corner * CORNER..(corner + 1) * CORNER]);
        let wrong = |part: &str| Error::malformed("corner in IGEOLO").field(form.code()).found(format!("{part:?}"));
        let mut points = [(0.0, 0.0); 4];
        let mut zone = None;
        for (part, point) in parts.iter().zip(&mut points) {
            match form {
                Icords::Geographic => *point = parse_dms(part).ok_or_else(|| wrong(part))?,
                Icords::Geocentric => {
                    let (longitude, latitude) = parse_dms(part).ok_or_else(|| wrong(part))?;
                    *point = (longitude, to_geodetic(latitude));
                }
                Icords::Decimal => *point = parse_decimal(part).ok_or_else(|| wrong(part))?,
                Icords::UtmNorth | Icords::UtmSouth => {
                    let corner = parse_utm(part, form == Icords::UtmSouth).ok_or_else(|| wrong(part))?;
                    let common = *zone.get_or_insert(corner.zone);
                    *point = in_zone(corner, common);
                }
                Icords::Mgrs => {
                    let mut corner = from_mgrs(part)?;
                    // The reference names a square metre; its centre is the best estimate of the original point.
                    corner.easting += 0.5;
                    corner.northing += 0.5;
                    let common = *zone.get_or_insert(corner.zone);
                    *point = in_zone(corner, common);
                }
            }
        }
        Ok(zone.map_or(Self::Geographic(near(points, points[0].0)), |zone| Self::Utm(zone, points)))
    }

    /// The largest difference of a coordinate from the one of `other`, in degrees or metres; infinite in another system.
    /// Longitudes a whole turn apart are the same.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let (ours, theirs, beside): (_, _, fn(f64, f64) -> f64) = match (self, other) {
            (Self::Geographic(ours), Self::Geographic(theirs)) => (ours, theirs, beside),
            (Self::Utm(zone, ours), Self::Utm(other, theirs)) if zone == other => (ours, theirs, |x, _| x),
            _ => return f64::INFINITY,
        };
        let differences = ours.iter().zip(theirs).map(|(a, b)| (beside(a.0, b.0) - b.0).abs().max((a.1 - b.1).abs()));
        differences.fold(0.0, f64::max)
    }

    /// Writes the sixty characters of IGEOLO in a form.
    ///
    /// # Errors
    /// [`Error::Usage`] for coordinates that the form cannot hold.
    pub(crate) fn format(&self, form: Icords) -> Result<String> {
        let wrong = |point: (f64, f64)| {
            let error = Error::usage("corner that IGEOLO cannot hold with ICORDS")
                .field(form.code())
                .found(format!("{point:?}"));
            error.allowed(match self {
                Self::Geographic(_) => "(longitude, latitude) in -360 to 360 and -90 to 90 degrees",
                Self::Utm(..) => "(easting, northing) in 0 to 999999 and 0 to 9999999 metres",
            })
        };
        let mut out = String::with_capacity(4 * CORNER);
        match (self, form) {
            (Self::Geographic(points), Icords::Geographic | Icords::Decimal) => {
                for point in points {
                    // Longitudes of an image across the antimeridian may continue beyond it.
                    let inside = point.0.abs() <= 360.0 && point.1.abs() <= 90.0 + ROUNDING;
                    let point = &(wrapped(point.0), point.1);
                    let text = if form == Icords::Geographic { format_dms(*point) } else { format_decimal(*point) };
                    out += &Some(text).filter(|_| inside).ok_or_else(|| wrong(*point))?;
                }
            }
            (Self::Utm(zone, points), Icords::UtmNorth | Icords::UtmSouth) => {
                if zone.is_south() != (form == Icords::UtmSouth) {
                    return Err(Error::usage("hemisphere of ICORDS").found(form.code()).allowed(if zone.is_south() {
                        "S"
                    } else {
                        "N"
                    }));
                }
                for (easting, northing) in points {
                    let text = format!("{:02}{easting:06.0}{northing:07.0}", zone.number());
                    let good = text.len() == CORNER && text.bytes().all(|byte| byte.is_ascii_digit());
                    out += &Some(text).filter(|_| good).ok_or_else(|| wrong((*easting, *northing)))?;
                }
            }
            (Self::Utm(zone, points), Icords::Mgrs) => {
                for (easting, northing) in points {
                    out += &to_mgrs(Utm { zone: *zone, easting: *easting, northing: *northing })?;
                }
            }
            (Self::Geographic(_) | Self::Utm(..), _) => {
                return Err(Error::usage("coordinates that do not suit ICORDS:").found(form.code()));
            }
        }
        Ok(out)
    }
}

/// A point in the coordinates of another zone, for corners on both sides of a zone boundary.
fn in_zone(point: Utm, zone: UtmZone) -> (f64, f64) {
    if point.zone == zone {
        return (point.easting, point.northing);
    }
    let (longitude, latitude) = point.to_geographic();
    let other = zone.project(longitude, latitude);
    (other.easting, other.northing)
}

/// A longitude within ±180°.
pub(in super::super) fn wrapped(longitude: f64) -> f64 {
    if longitude.abs() <= 180.0 { longitude } else { longitude - 360.0 * (longitude / 360.0).round() }
}

/// The geodetic latitude on WGS 84 of a geocentric one, both in degrees.
fn to_geodetic(latitude: f64) -> f64 {
    const FLATTENING: f64 = 1.0 / 298.257_223_563;
    let (sine, cosine) = latitude.to_radians().sin_cos();
    sine.atan2(cosine * (1.0 - FLATTENING) * (1.0 - FLATTENING)).to_degrees()
}

fn number(text: &str) -> Option<f64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn parse_dms(text: &str) -> Option<(f64, f64)> {
    let angle = |text: &str, limit: f64, positive: char, negative: char| {
        let (digits, side) = text.split_at(text.len() - 1);
        let (degrees, rest) = digits.split_at(digits.len() - 4);
        let (minutes, seconds) = (number(&rest[..2])?, number(&rest[2..])?);
        let sign = if side.starts_with(positive) {
            1.0
        } else if side.starts_with(negative) {
            -1.0
        } else {
            return None;
        };
        let value = number(degrees)? + minutes / 60.0 + seconds / 3600.0;
        (value <= limit && minutes < 60.0 && seconds < 60.0).then_some(sign * value)
    };
    Some((angle(&text[7..], 180.0, 'E', 'W')?, angle(&text[..7], 90.0, 'N', 'S')?))
}

fn parse_decimal(text: &str) -> Option<(f64, f64)> {
    let angle = |text: &str, limit: f64| {
        let signed =
            text.starts_with(['+', '-']) && text[1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        text.parse().ok().filter(|value: &f64| signed && value.abs() <= limit)
    };
    Some((angle(&text[7..], 180.0)?, angle(&text[..7], 90.0)?))
}

fn parse_utm(text: &str, south: bool) -> Option<Utm> {
    let zone = UtmZone::new(text[..2].parse().ok()?, south).ok()?;
    Some(Utm { zone, easting: number(&text[2..8])?, northing: number(&text[8..])? })
}

fn format_dms((longitude, latitude): (f64, f64)) -> String {
    let angle = |value: f64, width: usize, positive: char, negative: char| {
        // Rounded to whole seconds, so that sixty of them carry.
        let seconds = (value.abs() * 3600.0).round() as u32;
        let side = if value < 0.0 { negative } else { positive };
        format!("{:0width$}{:02}{:02}{side}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    };
    angle(latitude, 2, 'N', 'S') + &angle(longitude, 3, 'E', 'W')
}

fn format_decimal((longitude, latitude): (f64, f64)) -> String {
    format!("{latitude:+07.3}{longitude:+08.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_examples_of_the_sheet() {
        let north = Corners::Utm(
            UtmZone::new(18, false).unwrap(),
            [(300_005., 4_499_995.), (301_995., 4_499_995.), (301_995., 4_499_005.), (300_005., 4_499_005.)],
        );
        let text = "183000054499995183019954499995183019954499005183000054499005";
        assert_eq!(north.format(Icords::UtmNorth).unwrap(), text);
        assert_eq!(Corners::parse(Icords::UtmNorth, text).unwrap(), north);
        assert!(north.format(Icords::UtmSouth).is_err() && north.format(Icords::Geographic).is_err());

        let (west, east, top, bottom) = (-77.4995, -77.3005, 38.2495, 38.1505);
        let corners = Corners::Geographic([(west, top), (east, top), (east, bottom), (west, bottom)]);
        let dms = "381458N0772958W381458N0771802W380902N0771802W380902N0772958W";
        assert_eq!(corners.format(Icords::Geographic).unwrap(), dms);
        let decimal = corners.format(Icords::Decimal).unwrap();
        assert_eq!(decimal.len(), 60);
        for (form, text, error) in [(Icords::Geographic, dms, 0.5 / 3600.0), (Icords::Decimal, &decimal, 0.0005)] {
            let Corners::Geographic(points) = Corners::parse(form, text).unwrap() else { panic!("geographic") };
            assert!((points[2].0 - east).abs() <= error + 1e-12 && (points[2].1 - bottom).abs() <= error + 1e-12);
        }
    }

    #[test]
    fn seconds_carry_and_wrong_text_is_an_error() {
        let corner = (-179.999_99, 59.999_99);
        let text = Corners::Geographic([corner; 4]).format(Icords::Geographic).unwrap();
        assert_eq!(&text[..15], "600000N1800000W");
        for (form, corner) in [
            (Icords::Geographic, "386058N0772958W"),
            (Icords::Geographic, "38145 N0772958W"),
            (Icords::Geographic, "381458X0772958W"),
            (Icords::Decimal, "+98.249-077.499"),
            (Icords::Decimal, "+38.2x9-077.499"),
            (Icords::UtmNorth, "613000054499995"),
            (Icords::Mgrs, "18IWL8062807511"),
        ] {
            assert!(Corners::parse(form, &corner.repeat(4)).is_err(), "{corner}");
        }
        assert!(Corners::parse(Icords::Decimal, "+38.249").is_err());
    }

    #[test]
    fn mgrs_corners_on_both_sides_of_a_zone_boundary_come_out_in_one_zone() {
        let (a, b) = (UtmZone::new(31, false).unwrap(), UtmZone::new(32, false).unwrap());
        let west = to_mgrs(a.project(5.9, 45.0)).unwrap();
        let east = to_mgrs(b.project(6.1, 45.0)).unwrap();
        let text = format!("{west}{east}{east}{west}");
        let Corners::Utm(zone, points) = Corners::parse(Icords::Mgrs, &text).unwrap() else { panic!("UTM") };
        assert_eq!(zone, a);
        assert!((points[1].0 - a.project(6.1, 45.0).easting).abs() < 2.0);
    }
}
