//! IGEOLO of a part: its corners in the form that the image uses (2500C Table A-3).

use super::super::geo::{Corners, Icords, describe};
use super::part::Part;
use crate::error::{Error, Result};
use crate::image::{Crs, Georeference, Transform};
use crate::metadata::{Metadata, Value};

/// The corners from an image's own IGEOLO.
struct Own {
    form: Icords,
    points: [(f64, f64); 4],
    corners: Corners,
    crs: Crs,
}

/// Replaces the corners of the image, which lies at `place`, by those of the part. Returns a note if the part has none.
pub(super) fn update(metadata: &mut Metadata, place: &Georeference, part: &Part) -> Option<String> {
    match of_part(metadata, place, part) {
        Ok(entries) => {
            for (key, value) in entries {
                metadata.set(key, value);
            }
            None
        }
        Err(error) => {
            metadata.set("ICORDS", " ");
            metadata.remove("IGEOLO");
            Some(format!("left out of the part: {error}"))
        }
    }
}

/// IGEOLO and ICORDS of the part, with the finer TREs if the image itself has no IGEOLO; none if the image has no location.
fn of_part(metadata: &Metadata, place: &Georeference, part: &Part) -> Result<Vec<(&'static str, Value)>> {
    let affine = place.transform.as_ref().zip(place.crs.as_ref());
    if let Some(own) = Own::read(metadata) {
        // The transform may come from a more precise source. It is ignored if it disagrees with the corners: then the image is
        // not a parallelogram on the ground, or the metadata were changed.
        let exact = affine.filter(|(transform, crs)| **crs == own.crs && own.agrees(transform, part));
        let points = match exact {
            Some((transform, _)) => part.centres().map(|(column, row)| transform.apply(column, row)),
            None => part.between(own.points),
        };
        // The geocentric corners of NITF 2.0 were made geodetic on reading.
        let form = if own.form == Icords::Geocentric { Icords::Geographic } else { own.form };
        let text = moved(&own.corners, points).format(form)?;
        return Ok(vec![("IGEOLO", text.into()), ("ICORDS", form.code().into())]);
    }
    if let Some((transform, crs)) = affine {
        let part_place =
            Georeference { transform: Some(part.transform(transform)), crs: Some(crs.clone()), corners: None };
        return describe(&part_place, &part.layout()?, None, true);
    }
    if metadata.get("IGEOLO").is_some() {
        return Err(Error::usage("corners of the image cannot be read"));
    }
    Ok(Vec::new())
}

impl Own {
    /// `None` without corners, and for MGRS, whose letters a part need not share.
    fn read(metadata: &Metadata) -> Option<Self> {
        let form = Icords::from_code(metadata.get("ICORDS")?.as_text()?.trim())?;
        if form == Icords::Mgrs {
            return None;
        }
        let corners = Corners::parse(form, metadata.get("IGEOLO")?.as_text()?).ok()?;
        let (crs, points) = match &corners {
            Corners::Geographic(points) => (Crs::Epsg(4326), *points),
            Corners::Utm(zone, points) => (Crs::Epsg(zone.epsg()), *points),
        };
        Some(Self { form, points, corners, crs })
    }

    /// True if the transform of the whole image agrees with each corner to within its rounding.
    fn agrees(&self, transform: &Transform, part: &Part) -> bool {
        let is_near = |(own, (column, row)): (&(f64, f64), (f64, f64))| {
            let (x, y) = transform.apply(column, row);
            let across = match self.corners {
                Corners::Geographic(_) => (x - own.0 + 180.0).rem_euclid(360.0) - 180.0,
                Corners::Utm(..) => x - own.0,
            };
            across.abs().max((y - own.1).abs()) <= self.form.unit()
        };
        self.points.iter().zip(part.whole().centres()).all(is_near)
    }
}

/// Other points in the coordinate system of these corners.
fn moved(corners: &Corners, points: [(f64, f64); 4]) -> Corners {
    match corners {
        Corners::Geographic(_) => Corners::Geographic(points),
        Corners::Utm(zone, _) => Corners::Utm(*zone, points),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Window;

    fn updated(icords: &str, igeolo: &str, place: &Georeference, window: Window) -> (Metadata, Option<String>) {
        let mut metadata: Metadata = [("ICORDS", icords), ("IGEOLO", igeolo)].into_iter().collect();
        let note = update(&mut metadata, place, &Part::new(window, 0, (200, 100)));
        (metadata, note)
    }

    #[test]
    fn corners_in_metres() {
        let text = "183000054499995183019954499995183019954499005183000054499005";
        let (found, note) = updated("N", text, &Georeference::default(), Window::new(10, 20, 30, 40));
        assert_eq!(note, None);
        let expected = "183001054499795183003954499795183003954499405183001054499405";
        assert_eq!(found.get("IGEOLO"), Some(&expected.into()));
        let (whole, _) = updated("N", text, &Georeference::default(), Window::new(0, 0, 200, 100));
        assert_eq!(whole.get("IGEOLO"), Some(&text.into()));
    }

    #[test]
    fn a_transform_replaces_what_cannot_be_cut() {
        let place = Georeference {
            transform: Some(Transform([300_000.0, 10.0, 0.0, 4_500_000.0, 0.0, -10.0])),
            crs: Some(Crs::Epsg(32_618)),
            corners: None,
        };
        let (found, note) = updated("U", &"18TWL8062807511".repeat(4), &place, Window::new(1, 0, 2, 2));
        assert_eq!((note, found.get("ICORDS")), (None, Some(&"N".into())));
        assert_eq!(&found.get("IGEOLO").unwrap().as_text().unwrap()[..15], "183000154499995");
    }

    #[test]
    fn corners_that_cannot_be_read_are_left_out() {
        let (found, note) = updated("G", &"x".repeat(60), &Georeference::default(), Window::new(0, 0, 9, 9));
        assert!(note.unwrap().starts_with("left out of the part"));
        assert_eq!((found.get("IGEOLO"), found.get("ICORDS")), (None, Some(&" ".into())));
    }
}
