//! BLOCKA of a part: the centres of its corner pixels, in the notation that the image uses (STDI-0002-1 App E).

use super::super::geo::{degrees, wrapped};
use super::fields::Fields;
use super::part::Part;
use crate::error::{Error, Result};
use crate::image::Georeference;
use crate::image::corners::{beside, near};
use crate::metadata::{Metadata, Value};

/// The corners in their order: first row and column, last column, last row and column, first column.
const NAMES: [&str; 4] = ["FRFC_LOC", "FRLC_LOC", "LRLC_LOC", "LRFC_LOC"];

/// The notation of a corner.
#[derive(Clone, Copy)]
enum Form {
    /// `±dd.dddddd±ddd.dddddd`.
    Decimal,
    /// `Xddmmss.ssYdddmmss.ss`.
    Sides,
}

/// The fields of BLOCKA for the part of an image that lies at `place`. If its own corners are those of `place`, rounded, the
/// corners of the part follow from there.
///
/// # Errors
/// [`Error::Usage`] for corners in neither notation, and any error from reading the fields.
pub(super) fn of_part(metadata: &Metadata, place: &Georeference, part: &Part) -> Result<Value> {
    let mut fields = Fields::of(metadata, "BLOCKA")?;
    fields.set("L_LINES", format!("{:05}", part.rows));
    let mut texts: [String; 4] = Default::default();
    for (text, name) in texts.iter_mut().zip(NAMES) {
        *text = fields.text(name)?;
    }
    if texts.iter().all(|text| text.trim().is_empty()) {
        return Ok(fields.into_value());
    }
    let parsed = [Form::Decimal, Form::Sides].into_iter().find_map(|form| Some((form, form.corners(&texts)?)));
    let (form, corners) =
        parsed.ok_or_else(|| Error::usage("corners of BLOCKA in an unknown notation:").found(format!("{texts:?}")))?;
    let corners = near(corners, corners[0].0);
    let rounding = |(own, exact): (&(f64, f64), &(f64, f64))| {
        (beside(exact.0, own.0) - own.0).abs().max((exact.1 - own.1).abs()) <= form.unit()
    };
    let is_exact = degrees(place, part.whole().centres()).is_some_and(|exact| corners.iter().zip(&exact).all(rounding));
    let exact = degrees(place, part.centres()).filter(|_| is_exact);
    for (name, (longitude, latitude)) in NAMES.iter().zip(exact.unwrap_or_else(|| part.between(corners))) {
        if latitude.abs() > 90.0 {
            return Err(Error::usage("latitude of a BLOCKA corner:").found(latitude).allowed("-90 to 90"));
        }
        fields.set(name, form.format(wrapped(longitude), latitude));
    }
    Ok(fields.into_value())
}

impl Form {
    /// Four corners, each (longitude, latitude); `None` if one has another notation.
    fn corners(self, texts: &[String; 4]) -> Option<[(f64, f64); 4]> {
        let mut corners = [(0.0, 0.0); 4];
        for (corner, text) in corners.iter_mut().zip(texts) {
            let (latitude, longitude) = text.split_at_checked(10).filter(|_| text.len() == 21)?;
            *corner = match self {
                Self::Decimal => (decimal(longitude)?, decimal(latitude)?),
                Self::Sides => (sides(longitude, "EW")?, sides(latitude, "NS")?),
            };
        }
        Some(corners)
    }

    /// The unit of the last digit in degrees.
    fn unit(self) -> f64 {
        match self {
            Self::Decimal => 1e-6,
            Self::Sides => 0.01 / 3600.0,
        }
    }

    fn format(self, longitude: f64, latitude: f64) -> String {
        let angle = |value: f64, width: usize, sides: [char; 2]| {
            // Rounded to whole hundredths, so that sixty seconds carry.
            let hundredths = (value.abs() * 360_000.0).round_ties_even() as u32;
            let (minutes, seconds) = (hundredths / 6000, f64::from(hundredths % 6000) / 100.0);
            let side = sides[usize::from(value < 0.0)];
            format!("{side}{:0width$}{:02}{seconds:05.2}", minutes / 60, minutes % 60)
        };
        match self {
            Self::Decimal => format!("{latitude:+010.6}{longitude:+011.6}"),
            Self::Sides => angle(latitude, 2, ['N', 'S']) + &angle(longitude, 3, ['E', 'W']),
        }
    }
}

/// `±d…d.dddddd`.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-'])?;
    let (whole, fraction) = digits.split_once('.')?;
    let good =
        fraction.len() == 6 && [whole, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    good.then(|| text.parse().ok()).flatten()
}

/// `Xd…dmmss.ss`.
fn sides(text: &str, sides: &str) -> Option<f64> {
    let digits = text.strip_prefix(|side| sides.contains(side))?;
    let (degrees, rest) = digits.split_at_checked(digits.len().checked_sub(7)?)?;
    let number = |text: &str, point: Option<usize>| -> Option<f64> {
        let good = text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if Some(at) == point { byte == b'.' } else { byte.is_ascii_digit() });
        good.then(|| text.parse().ok()).flatten()
    };
    let (minutes, seconds) = rest.split_at_checked(2)?;
    let value = number(degrees, None)? + number(minutes, None)? / 60.0 + number(seconds, Some(2))? / 3600.0;
    Some(if text.starts_with(['S', 'W']) { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Window;

    fn found(corners: [&str; 4]) -> Result<Vec<String>> {
        let fields = NAMES.iter().zip(corners).map(|(name, text)| ((*name).into(), text.into())).collect();
        let metadata: Metadata = [("BLOCKA", Value::Map(fields))].into_iter().collect();
        let part = Part::new(Window::new(100, 50, 200, 150), 0, (500, 300));
        let Value::Map(fields) = of_part(&metadata, &Georeference::default(), &part)? else { panic!("fields") };
        Ok(fields.iter().map(|(_, value)| value.as_text().unwrap().to_owned()).collect())
    }

    #[test]
    fn both_forms_are_kept() {
        let decimal =
            ["+50.000000+010.000000", "+50.000000+010.499000", "+49.701000+010.499000", "+49.701000+010.000000"];
        let expected =
            ["+49.950000+010.100000", "+49.950000+010.299000", "+49.801000+010.299000", "+49.801000+010.100000"];
        assert_eq!(found(decimal).unwrap(), [&expected[..], &["00150"]].concat());
        let sides =
            ["N500000.00E0100000.00", "N500000.00E0102956.40", "N494203.60E0102956.40", "N494203.60E0100000.00"];
        let result = found(sides).unwrap();
        assert_eq!((result[0].as_str(), result[2].as_str()), ("N495700.00E0100600.00", "N494803.60E0101756.40"));
        assert_eq!(found([&" ".repeat(21); 4]).unwrap()[4], "00150");
    }

    #[test]
    fn other_corners_are_an_error() {
        for corner in ["+50.000000E10.49900000", "+50.000000+010.49900 ", "N506060.0xE0100000.00", ""] {
            let good = "+50.000000+010.000000";
            assert!(found([corner, good, good, good]).is_err(), "{corner}");
        }
    }
}
