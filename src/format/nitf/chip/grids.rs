//! GEOLOB and MAPLOB of a part: the outer corner of its first pixel and the density of its pixels (STDI-0002-1 App P).

use super::fields::Fields;
use super::part::Part;
use crate::error::{Error, Result};
use crate::image::Georeference;
use crate::metadata::{Metadata, Value};

/// The fields of GEOLOB for the part.
///
/// # Errors
/// [`Error::Usage`] for densities of 0 and for fields that are not numbers.
pub(super) fn geolob(metadata: &Metadata, _: &Georeference, part: &Part) -> Result<Value> {
    let mut fields = Fields::of(metadata, "GEOLOB")?;
    // Pixels in 360 degrees, east and north.
    let (across, down) = (fields.number("ARV")?, fields.number("BRV")?);
    if across == 0.0 || down == 0.0 {
        return Err(Error::usage("number of pixels in 360 degrees:").found(0).allowed("1 or more"));
    }
    let west = fields.number("LSO")? + f64::from(part.x) * 360.0 / across;
    let north = fields.number("PSO")? - f64::from(part.y) * 360.0 / down;
    for (name, value) in [("ARV", across), ("BRV", down)] {
        fields.set(name, format!("{:09.0}", (value / f64::from(part.scale)).round_ties_even()));
    }
    fields.set("LSO", fifteen(if west > 180.0 { west - 360.0 } else { west })?);
    fields.set("PSO", fifteen(north)?);
    Ok(fields.into_value())
}

/// The fields of MAPLOB for the part.
///
/// # Errors
/// [`Error::Usage`] for pixels too large for the fields, and for fields that are not numbers.
pub(super) fn maplob(metadata: &Metadata, _: &Georeference, part: &Part) -> Result<Value> {
    let mut fields = Fields::of(metadata, "MAPLOB")?;
    // Units of UNILOA from one pixel to the next, east and north.
    let (across, down) = (fields.number("LOD")?, fields.number("LAD")?);
    let largest = across.max(down) * f64::from(part.scale);
    if largest > 99_999.0 {
        return Err(Error::usage("pixel size:").found(largest).allowed("at most 99999"));
    }
    let west = fields.number("LSO")? + f64::from(part.x) * across;
    let north = fields.number("PSO")? - f64::from(part.y) * down;
    for (name, value) in [("LOD", across), ("LAD", down)] {
        fields.set(name, format!("{:05.0}", value * f64::from(part.scale)));
    }
    fields.set("LSO", fifteen(west)?);
    fields.set("PSO", fifteen(north)?);
    Ok(fields.into_value())
}

/// A signed number with as many decimals as fit fifteen characters.
fn fifteen(value: f64) -> Result<String> {
    let texts = (0..=11usize).rev().map(|decimals| format!("{value:+015.decimals$}"));
    let found = texts.into_iter().find(|text| text.len() == 15);
    found.ok_or_else(|| Error::usage("number").found(value).allowed("a number of at most 15 characters"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Window;

    fn fields(tag: &str, entries: &[(&str, &str)]) -> Metadata {
        let entries = entries.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        [(tag, Value::Map(entries))].into_iter().collect()
    }

    fn texts(value: Value) -> Vec<String> {
        let Value::Map(entries) = value else { panic!("fields") };
        entries.iter().map(|(_, value)| value.as_text().unwrap().to_owned()).collect()
    }

    #[test]
    fn corner_and_density_are_those_of_the_part() {
        let part = Part::new(Window::new(10, 20, 30, 40), 1, (500, 300));
        let maplob = [("LOD", "00010"), ("LAD", "00020"), ("LSO", "+00000300000.00"), ("PSO", "+00004500000.00")];
        let found = texts(super::maplob(&fields("MAPLOB", &maplob), &Georeference::default(), &part).unwrap());
        assert_eq!(found, ["00020", "00040", "+300200.0000000", "+4499200.000000"]);
        let geolob =
            [("ARV", "000360000"), ("BRV", "000720000"), ("LSO", "+179.9900000000"), ("PSO", "+33.00000000000")];
        let found = texts(super::geolob(&fields("GEOLOB", &geolob), &Georeference::default(), &part).unwrap());
        assert_eq!(found, ["000180000", "000360000", "-179.9900000000", "+32.98000000000"]);
        let none = [("ARV", "000000000"), ("BRV", "000720000"), ("LSO", "+0"), ("PSO", "+0")];
        assert!(super::geolob(&fields("GEOLOB", &none), &Georeference::default(), &part).is_err());
    }
}
