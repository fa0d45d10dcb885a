//! Georeference: an affine transform and a coordinate reference system, in a form common to every format.

use crate::error::{Error, Result};

/// A coordinate reference system.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crs {
    /// A code of the EPSG registry.
    Epsg(u32),
    /// A system that the file describes in free text (a citation or parameters).
    UserDefined(String),
}

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

impl std::fmt::Display for Crs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Epsg(code) => write!(f, "EPSG:{code}"),
            Self::UserDefined(text) => f.write_str(text),
        }
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
    fn a_trapezium_or_a_line_is_refused() {
        assert!(Transform::from_corners([(0., 0.), (2., 0.), (1., 1.), (0., 1.)], 1, 1).is_err());
        assert!(Transform::from_corners([(0., 0.), (1., 0.), (1., 0.), (0., 0.)], 1, 1).is_err());
        assert!(Transform::from_corners([(0., f64::NAN), (1., 0.), (1., 1.), (0., 1.)], 1, 1).is_err());
    }
}
