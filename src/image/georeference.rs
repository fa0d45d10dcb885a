//! Georeference: an affine transform and a coordinate reference system, in a form common to every format.

use super::corners::{encloses, in_one_piece};
use super::crs::{Crs, Horizontal};
use super::epsg::{self, Kind};
use crate::error::{Error, Result};

/// The most by which a side of a sheared pixel may be longer than the other.
const MOST_ASPECT: f64 = 1000.0;

/// The cosine of the angle between two sides of a pixel up to which these are perpendicular.
const PERPENDICULAR: f64 = 0.01;

/// Degrees by which a computed latitude may be off.
const LATITUDE_ROUNDING: f64 = 1e-9;

/// The six coefficients of GDAL: `x = g0 + g1·column + g2·row`, `y = g3 + g4·column + g5·row`. Pixel edges lie at integers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform(pub [f64; 6]);

/// Transform and reference system, with the outer corners if a format states corners that need not form a parallelogram.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Georeference {
    /// Maps pixel edges to coordinates.
    pub transform: Option<Transform>,
    /// The reference system of the coordinates; their order is always x (east, longitude), y (north, latitude).
    pub crs: Option<Crs>,
    /// The outer corners: upper left, upper right, lower right, lower left. `None` if they equal those of the transform.
    pub corners: Option<[(f64, f64); 4]>,
}

impl Georeference {
    /// The georeference as a writer takes it, for an image of `columns` × `rows`. Corners of a parallelogram become the
    /// transform. Other corners that enclose an area stay, for a format that stores corners. If both are set, as a file may
    /// state them, both stay. Longitudes of corners that jump at the antimeridian continue beyond it.
    ///
    /// # Errors
    /// [`Error::Usage`] for corners without a reference system, for corners that enclose no area or are not finite, for a
    /// transform without an inverse or with a shear that no camera makes, for latitudes beyond a pole by more than half a pixel,
    /// and for a code that is not in the EPSG register.
    pub fn for_writing(&self, columns: u32, rows: u32) -> Result<Self> {
        if let Some((horizontal, vertical)) = self.crs.as_ref().and_then(Crs::codes) {
            Crs::from_epsg(horizontal.into())?;
            Crs::from_epsg(vertical.unwrap_or(horizontal).into())?;
        }
        let (transform, corners) = match (self.transform, self.corners) {
            (None, Some(_)) if self.crs.is_none() => {
                return Err(Error::usage("georeference:").found("corners without crs").allowed("both"));
            }
            (None, Some(corners)) => {
                let corners = if self.is_geographic() { in_one_piece(corners) } else { corners };
                match Transform::from_corners(corners, columns, rows) {
                    Ok(transform) => (Some(transform), None),
                    Err(_) if encloses(corners) => (None, Some(corners)),
                    Err(error) => return Err(error),
                }
            }
            (transform, corners) => {
                let check = |transform: Transform| transform.invertible()?.unsheared();
                (transform.map(check).transpose()?, corners)
            }
        };
        let checked = Self { transform, corners, crs: self.crs.clone() };
        checked.check_latitudes(columns, rows)?;
        Ok(checked)
    }

    /// True if the coordinates are longitudes and latitudes.
    fn is_geographic(&self) -> bool {
        let Some(crs) = &self.crs else { return false };
        match crs.codes() {
            Some((horizontal, _)) => matches!(epsg::kind(horizontal), Some(Kind::Geographic | Kind::Geographic3D)),
            None => crs.definition().is_some_and(|all| matches!(all.horizontal, Horizontal::Geographic(_))),
        }
    }

    /// Checks that an image in a geographic system ends at the poles. A grid with samples at the poles extends half a pixel further.
    fn check_latitudes(&self, columns: u32, rows: u32) -> Result<()> {
        let Some(corners) = self.outer_corners(columns, rows).filter(|_| self.is_geographic()) else { return Ok(()) };
        let [a, b, _, d] = corners.map(|(_, latitude)| latitude);
        let half = ((b - a).abs() / f64::from(columns)).max((d - a).abs() / f64::from(rows)) / 2.0;
        match corners.into_iter().find(|(_, latitude)| latitude.abs() > 90.0 + half + LATITUDE_ROUNDING) {
            None => Ok(()),
            Some((_, latitude)) => Err(Error::usage("latitude of a corner:")
                .found(latitude)
                .allowed("-90 to 90 degrees, as y; x is the longitude")),
        }
    }

    /// The georeference of the image reduced by 2^`levels`: its pixels are larger by that factor. Stated corners stay.
    #[must_use]
    pub(crate) fn reduced(&self, levels: u32) -> Self {
        let scale = f64::from(levels).exp2();
        let scaled =
            |Transform(g): Transform| Transform([g[0], g[1] * scale, g[2] * scale, g[3], g[4] * scale, g[5] * scale]);
        Self { transform: self.transform.map(scaled), ..self.clone() }
    }

    /// The outer corners of an image of `columns` × `rows`: those stated, or else those of the transform.
    pub fn outer_corners(&self, columns: u32, rows: u32) -> Option<[(f64, f64); 4]> {
        self.corners.or_else(|| Some(self.transform?.corners(columns, rows)))
    }
}

impl Transform {
    /// The transform that puts the outer corners of an image of `columns` × `rows` at `corners`: upper left, upper right, lower
    /// right, lower left.
    ///
    /// # Errors
    /// [`Error::Usage`] if the corners do not form a parallelogram (to 1e-6 of its size), enclose no area, or are not finite.
    pub fn from_corners(corners: [(f64, f64); 4], columns: u32, rows: u32) -> Result<Self> {
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = corners;
        let text = || format!("{corners:?}");
        if corners.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return Err(Error::usage("corners are not finite:").found(text()));
        }
        let size = (x2 - x0).hypot(y2 - y0).max((x3 - x1).hypot(y3 - y1));
        let gap = (x0 + x2 - x1 - x3).hypot(y0 + y2 - y1 - y3);
        if gap > size * 1e-6 {
            return Err(Error::usage("corners do not form a parallelogram:")
                .found(text())
                .allowed("upper left, upper right, lower right, lower left, with opposite sides parallel"));
        }
        let (columns, rows) = (f64::from(columns), f64::from(rows));
        let g = [x0, (x1 - x0) / columns, (x3 - x0) / rows, y0, (y1 - y0) / columns, (y3 - y0) / rows];
        if (g[1] * g[5] - g[2] * g[4]) == 0.0 {
            return Err(Error::usage("corners enclose no area:").found(text()));
        }
        Ok(Self(g))
    }

    /// The transform itself, if it has an inverse.
    ///
    /// # Errors
    /// [`Error::Usage`] if it has none, and for numbers that are not finite.
    pub fn invertible(self) -> Result<Self> {
        let g = self.0;
        if g.iter().all(|number| number.is_finite()) && g[1] * g[5] - g[2] * g[4] != 0.0 {
            return Ok(self);
        }
        let allowed = "six finite numbers of an invertible transform";
        Err(Error::usage("transform:").found(format!("{g:?}")).allowed(allowed))
    }

    /// The transform itself, if a camera or a map can have it. Six numbers in the order of an affine matrix are recognised: read
    /// in GDAL's order, the origin stands in the place of the size of a pixel.
    ///
    /// # Errors
    /// [`Error::Usage`] if one of the two sizes of a pixel is zero, as in no rotation, or if the sides of a pixel differ more than
    /// a thousandfold and are not perpendicular.
    fn unsheared(self) -> Result<Self> {
        let [_, across_x, down_x, _, across_y, down_y] = self.0;
        let (across, down) = (across_x.hypot(across_y), down_x.hypot(down_y));
        let is_long = across.max(down) > MOST_ASPECT * across.min(down);
        let is_slanted = (across_x * down_x + across_y * down_y).abs() > PERPENDICULAR * across * down;
        if (across_x == 0.0) == (down_y == 0.0) && !(is_long && is_slanted) {
            return Ok(self);
        }
        Err(Error::usage("transform with a shear that no camera makes:").found(format!("{:?}", self.0)).allowed(
            "GDAL's order (x, pixel width, row rotation, y, column rotation, pixel height); \
             pass an Affine object as it is, or its to_gdal()",
        ))
    }

    /// The coordinates of the point `column`, `row` (pixel edges at integers).
    pub fn apply(&self, column: f64, row: f64) -> (f64, f64) {
        let g = &self.0;
        (g[0] + g[1] * column + g[2] * row, g[3] + g[4] * column + g[5] * row)
    }

    /// The outer corners of an image: upper left, upper right, lower right, lower left.
    pub fn corners(&self, columns: u32, rows: u32) -> [(f64, f64); 4] {
        let (columns, rows) = (f64::from(columns), f64::from(rows));
        [self.apply(0.0, 0.0), self.apply(columns, 0.0), self.apply(columns, rows), self.apply(0.0, rows)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_and_transform_are_inverse() {
        let corners = [(-77.0, 39.0), (-76.5, 39.0), (-76.5, 38.5), (-77.0, 38.5)];
        let transform = Transform::from_corners(corners, 512, 256).unwrap();
        assert_eq!(transform.0, [-77.0, 0.5 / 512.0, 0.0, 39.0, 0.0, -0.5 / 256.0]);
        assert_eq!(transform.corners(512, 256), corners);
    }

    #[test]
    fn a_writer_takes_a_transform_or_corners_that_enclose_an_area() {
        let place = |corners| Georeference { corners: Some(corners), crs: Some(Crs::Epsg(4326)), transform: None };
        let rectangle = [(0., 1.), (2., 1.), (2., 0.), (0., 0.)];
        let found = place(rectangle).for_writing(2, 1).unwrap();
        assert_eq!((found.transform, found.corners), (Some(Transform([0., 1., 0., 1., 0., -1.])), None));
        let trapezium = place([(0., 1.), (2., 1.), (3., 0.), (0., 0.)]);
        assert_eq!(trapezium.for_writing(2, 1).unwrap(), trapezium);
        let bow = [(0., 1.), (2., 0.), (2., 1.), (0., 0.)];
        for corners in [bow, [(1., 1.); 4], [(0., 1.), (2., 1.), (2., f64::NAN), (0., 0.)]] {
            assert!(place(corners).for_writing(2, 1).is_err());
        }
        assert!(Georeference { crs: None, ..place(rectangle) }.for_writing(2, 1).is_err());
        let both = Georeference { transform: Some(Transform([0., 1., 0., 1., 0., -1.])), ..place(rectangle) };
        assert_eq!(both.for_writing(2, 1).unwrap(), both);
        let flat = Georeference { transform: Some(Transform([0., 1., 2., 1., 2., 4.])), ..both };
        assert!(flat.for_writing(2, 1).unwrap_err().to_string().contains("invertible"));
    }

    fn placed(transform: [f64; 6], epsg: u32) -> Result<Georeference> {
        let georeference =
            Georeference { transform: Some(Transform(transform)), crs: Some(Crs::Epsg(epsg)), corners: None };
        georeference.for_writing(100, 50)
    }

    #[test]
    fn a_transform_in_the_order_of_an_affine_matrix_is_refused() {
        for (transform, epsg) in [
            ([0.5, 0.0, 300_000.0, 0.0, -0.5, 4_500_000.0], 32_618),
            ([0.4, 0.3, 300_000.0, 0.3, -0.4, 4_500_000.0], 32_618),
            ([0.001, 0.0, -77.0, 0.0, -0.001, 39.0], 4326),
            ([0.001, 0.0002, -77.0, 0.0002, -0.001, 39.0], 4326),
        ] {
            let error = placed(transform, epsg).unwrap_err().to_string();
            assert!(error.contains("GDAL's order") && error.contains("to_gdal()"), "{error}");
        }
        for transform in [
            [300_000.0, 0.5, 0.0, 4_500_000.0, 0.0, -0.5],
            [300_000.0, 0.0, 0.5, 4_500_000.0, 0.5, 0.0],
            [300_000.0, 0.4, 0.3, 4_500_000.0, 0.3, -0.4],
            [300_000.0, 0.1, 0.0, 4_500_000.0, 0.0, 500.0],
            [300_000.0, 1.0, 0.9, 4_500_000.0, 0.1, -1.0],
        ] {
            assert!(placed(transform, 32_618).is_ok(), "{transform:?}");
        }
    }

    #[test]
    fn latitudes_end_at_the_poles_or_half_a_pixel_beyond() {
        assert!(placed([-180.0, 3.6, 0.0, 90.0, 0.0, -3.6], 4326).is_ok());
        assert!(placed([-180.0, 3.6, 0.0, 91.8, 0.0, -3.6], 4326).is_ok());
        let error = placed([-180.0, 3.6, 0.0, 95.0, 0.0, -3.6], 4326).unwrap_err().to_string();
        assert_eq!(error, "latitude of a corner: got 95, expected -90 to 90 degrees, as y; x is the longitude");
        assert!(placed([0.0, 3.6, 0.0, -20.0, 0.0, -3.6], 9707).is_err(), "a compound system has latitudes too");
        assert!(placed([0.0, 3.6, 0.0, 500.0, 0.0, -3.6], 32_618).is_ok());
    }

    #[test]
    fn corners_across_the_antimeridian_are_in_one_piece() {
        let jump = [(179.0, 1.0), (-179.0, 1.0), (-179.0, 0.0), (179.0, 0.0)];
        let place = |epsg| Georeference { corners: Some(jump), crs: Some(Crs::Epsg(epsg)), transform: None };
        let transform = |epsg| place(epsg).for_writing(2, 1).unwrap().transform.unwrap();
        assert_eq!(transform(4326).0, [179.0, 1.0, 0.0, 1.0, 0.0, -1.0]);
        assert_eq!(transform(32_618).0[1], -179.0);
    }

    #[test]
    fn a_trapezium_or_a_line_is_refused() {
        assert!(Transform::from_corners([(0., 0.), (2., 0.), (1., 1.), (0., 1.)], 1, 1).is_err());
        assert!(Transform::from_corners([(0., 0.), (1., 0.), (1., 0.), (0., 0.)], 1, 1).is_err());
        assert!(Transform::from_corners([(0., f64::NAN), (1., 0.), (1., 1.), (0., 1.)], 1, 1).is_err());
    }
}
