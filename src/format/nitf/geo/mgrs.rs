//! Military Grid Reference System within UTM: zone, band, 100 km square, easting and northing in metres.

use super::utm::{Utm, UtmZone};
use crate::error::{Error, Result};

/// Latitude bands of eight degrees from 80° S; the last has twelve.
const BANDS: &[u8] = b"CDEFGHJKLMNPQRSTUVWX";
/// Letters of 100 km rows, which begin again at A every 2000 km.
const ROWS: &[u8] = b"ABCDEFGHJKLMNPQRSTUV";
/// Letters of 100 km columns, eight to a zone, in three sets.
const COLUMNS: [&[u8]; 3] = [b"ABCDEFGH", b"JKLMNPQR", b"STUVWXYZ"];

/// The side of a square in metres.
const SQUARE: f64 = 100_000.0;

/// The reference of a point to the metre: `zzBJKeeeeennnnn`, as in IGEOLO. The fraction of a metre is truncated, as the system
/// demands.
///
/// # Errors
/// [`Error::Usage`] outside of 80° S to 84° N, where the grid is UPS.
pub(crate) fn to_mgrs(point: Utm) -> Result<String> {
    // Truncation must not take a value that arithmetic left just below a whole metre to the metre before.
    let point = Utm { easting: point.easting + 1e-6, northing: point.northing + 1e-6, ..point };
    let (_, latitude) = point.to_geographic();
    if !(-80.0..=84.0).contains(&latitude) {
        return Err(Error::usage("latitude outside of the grid:").found(latitude).allowed("-80 to 84"));
    }
    let band = BANDS[(((latitude + 80.0) / 8.0) as usize).min(BANDS.len() - 1)];
    let number = point.zone.number();
    let column = (point.easting / SQUARE) as usize;
    let letters = COLUMNS[usize::from(number - 1) % 3];
    let column = column.checked_sub(1).and_then(|column| letters.get(column));
    let column = column.ok_or_else(|| Error::usage("easting outside of the grid:").found(point.easting))?;
    let row = ((point.northing / SQUARE) as usize + row_shift(number)) % ROWS.len();
    Ok(format!(
        "{number:02}{}{}{}{:05}{:05}",
        char::from(band),
        char::from(*column),
        char::from(ROWS[row]),
        (point.easting % SQUARE) as u32,
        (point.northing % SQUARE) as u32
    ))
}

/// The south-west corner of the square metre that a reference `zzBJKeeeeennnnn` names.
///
/// # Errors
/// [`Error::Malformed`] if the text is not such a reference.
pub(crate) fn from_mgrs(text: &str) -> Result<Utm> {
    let wrong = || Error::malformed("MGRS reference").found(format!("{text:?}")).allowed("zzBJKeeeeennnnn");
    let bytes: [u8; 15] = text.as_bytes().try_into().map_err(|_| wrong())?;
    let digits = |range: std::ops::Range<usize>| {
        let part = &bytes[range];
        let good = part.iter().all(u8::is_ascii_digit);
        good.then(|| part.iter().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'))).ok_or_else(wrong)
    };
    let find = |letters: &[u8], letter: u8| letters.iter().position(|l| *l == letter).ok_or_else(wrong);
    let number = digits(0..2)? as u8;
    let band = find(BANDS, bytes[2])?;
    let zone = UtmZone::new(number, band < 10).map_err(|_| wrong())?;
    let column = find(COLUMNS[usize::from(number - 1) % 3], bytes[3])? + 1;
    let row = (find(ROWS, bytes[4])? + ROWS.len() - row_shift(number)) % ROWS.len();
    let easting = column as f64 * SQUARE + f64::from(digits(5..10)?);
    let within = row as f64 * SQUARE + f64::from(digits(10..15)?);
    // Rows repeat every 2000 km; the band selects one of them.
    let south = -80.0 + 8.0 * band as f64;
    let lowest = zone.project(zone.central_meridian(), south).northing - SQUARE;
    let turns = ((lowest - within) / (SQUARE * 20.0)).ceil().max(0.0);
    Ok(Utm { zone, easting, northing: within + turns * SQUARE * 20.0 })
}

/// Rows of even zones begin five letters later.
fn row_shift(number: u8) -> usize {
    if number.is_multiple_of(2) { 5 } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn well_known_references() {
        let point = UtmZone::new(18, false).unwrap().project(-77.036_5, 38.897_7);
        assert_eq!(&to_mgrs(point).unwrap()[..5], "18SUJ");
        let point = UtmZone::new(56, true).unwrap().project(151.215, -33.857);
        assert_eq!(&to_mgrs(point).unwrap()[..5], "56HLH");
        let point = from_mgrs("18TWL8062807511").unwrap();
        assert_eq!((point.easting, point.northing), (580_628.0, 4_507_511.0));
        for text in ["", "18TWL806280751", "00TWL8062807511", "18IWL8062807511", "18TWL80628x7511", "18TÉL8062807511"]
        {
            assert!(from_mgrs(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back_to_the_metre(number in 1u8..=60, offset in -2.9..2.9f64, latitude in -79.9..83.9f64) {
            let zone = UtmZone::new(number, latitude < 0.0).unwrap();
            let point = zone.project(zone.central_meridian() + offset, latitude);
            let back = from_mgrs(&to_mgrs(point).unwrap()).unwrap();
            prop_assert_eq!(back.zone, zone);
            prop_assert!((0.0..1.0).contains(&(point.easting - back.easting)), "{:?} {:?}", point, back);
            prop_assert!((0.0..1.0).contains(&(point.northing - back.northing)), "{:?} {:?}", point, back);
        }
    }
}
