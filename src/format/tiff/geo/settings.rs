//! Converts the format-neutral georeference of a write to `Geo…` names.

use super::user_defined;
use crate::error::{Error, Result};
use crate::image::epsg::{self, Kind};
use crate::image::{Crs, Georeference};
use crate::metadata::Value;

/// The `Geo…` names for `georeference`.
///
/// # Errors
/// [`Error::Usage`] for a system that is vertical or not in the EPSG register, and for corners without a transform.
pub(in crate::format) fn names_of(georeference: &Georeference) -> Result<Vec<(&'static str, Value)>> {
    let mut names = Vec::new();
    if let (None, Some(corners)) = (georeference.transform, georeference.corners) {
        let error = Error::usage("corners are not a parallelogram:").found(format!("{corners:?}"));
        return Err(error.allowed("parallel opposite sides, as GeoTIFF stores a transform"));
    }
    match &georeference.crs {
        None => {}
        Some(crs @ (Crs::Epsg(code) | Crs::Compound(code, _))) => {
            let (horizontal, vertical) = crs.codes().unwrap_or((*code, None));
            let (model, name) = match epsg::kind(horizontal) {
                Some(Kind::Projected) => ("Projected", "GeoProjectedCRS"),
                Some(Kind::Geographic | Kind::Geographic3D) => ("Geographic", "GeoGeographicCRS"),
                Some(Kind::Geocentric) => ("Geocentric", "GeoGeographicCRS"),
                Some(Kind::Vertical) => {
                    let error = Error::usage("vertical crs of an image:").found(format!("EPSG:{code}"));
                    return Err(error.allowed("a geographic, projected, geocentric or compound system"));
                }
                None => return Err(unknown(format!("EPSG:{code}"))),
            };
            names.push(("GeoModelType", Value::from(model)));
            names.push((name, Value::from(horizontal)));
            names.extend(vertical.map(|code| ("GeoVerticalCRS", Value::from(code))));
        }
        Some(Crs::Wkt(_)) => {
            let crs = georeference.crs.as_ref();
            let definition = crs
                .and_then(Crs::definition)
                .ok_or_else(|| unknown(crs.into_iter().map(ToString::to_string).collect::<String>()))?;
            names.extend(user_defined::names(&definition)?);
        }
        Some(other) => return Err(unknown(other)),
    }
    if let Some(transform) = &georeference.transform {
        names.push(("GeoTransform", Value::List(transform.0.iter().map(|number| Value::from(*number)).collect())));
    }
    Ok(names)
}

fn unknown(found: impl std::fmt::Display) -> Error {
    Error::usage("unknown crs:").found(found).allowed("a code of the EPSG register, e.g. EPSG:4326")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(code: u32) -> Result<Vec<(&'static str, Value)>> {
        names_of(&Georeference { crs: Some(Crs::Epsg(code)), ..Georeference::default() })
    }

    #[test]
    fn a_code_goes_to_the_key_of_its_kind() {
        assert_eq!(names(32618).unwrap()[1], ("GeoProjectedCRS", Value::from(32618)));
        assert_eq!(names(4326).unwrap()[1], ("GeoGeographicCRS", Value::from(4326)));
        assert_eq!(names(4978).unwrap()[0], ("GeoModelType", Value::from("Geocentric")));
        let compound = names(9707).unwrap();
        assert_eq!(compound[1..], [("GeoGeographicCRS", Value::from(4326)), ("GeoVerticalCRS", Value::from(5773))]);
    }

    #[test]
    fn a_crs_that_an_image_cannot_have_is_refused() {
        for code in [0, 1, 5773, 999_999] {
            assert!(names(code).is_err(), "{code}");
        }
        assert!(
            names_of(&Georeference { crs: Some(Crs::UserDefined("x".to_owned())), ..Georeference::default() }).is_err()
        );
    }
}
