//! The position of pixels: the raster-to-model tags (OGC 19-008r4 §7.3, Annex B) and GDAL's six numbers.
//!
//! A [`Transform`] always refers to pixel edges. The tags refer to pixel centres if the raster type is `PixelIsPoint`: the
//! two then differ by half a pixel. As in GDAL, reading ignores the sign of the vertical scale, and prefers a scale with a
//! tie point to a matrix.

use crate::format::tiff::field::{Field, FieldType, FieldValue};
use crate::format::tiff::tags::{MODEL_PIXEL_SCALE, MODEL_TIEPOINT, MODEL_TRANSFORMATION};
use crate::image::Transform;

/// The values of the three tags.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Position {
    /// `ModelPixelScale`: x, y, z.
    pub(super) scale: Option<Vec<f64>>,
    /// `ModelTiepoint`: i, j, k, x, y, z of each point.
    pub(super) tiepoints: Option<Vec<f64>>,
    /// `ModelTransformation`: 4 × 4, row by row.
    pub(super) matrix: Option<Vec<f64>>,
}

impl Position {
    /// Reads the tags among `fields`.
    pub(super) fn from_fields(fields: &[Field]) -> Self {
        let numbers = |tag| {
            let field = fields.iter().find(|field| field.tag == tag)?;
            match &field.value {
                FieldValue::Floats(values) => Some(values.clone()),
                FieldValue::Unsigned(values) => Some(values.iter().map(|value| *value as f64).collect()),
                _ => None,
            }
        };
        Self {
            scale: numbers(MODEL_PIXEL_SCALE),
            tiepoints: numbers(MODEL_TIEPOINT),
            matrix: numbers(MODEL_TRANSFORMATION),
        }
    }

    /// The tags for a transform: scale and tie point for a north-up image, a matrix for any other.
    pub(super) fn from_transform(transform: &Transform, point: bool) -> Self {
        let g = transform.0;
        let half = if point { 0.5 } else { 0.0 };
        let (x, y) = (g[0] + (g[1] + g[2]) * half, g[3] + (g[4] + g[5]) * half);
        let north_up = g[2] == 0.0 && g[4] == 0.0 && g[1] > 0.0 && g[5] < 0.0;
        if north_up {
            let tiepoints = Some(vec![0.0, 0.0, 0.0, x, y, 0.0]);
            return Self { scale: Some(vec![g[1], -g[5], 0.0]), tiepoints, matrix: None };
        }
        let matrix = vec![g[1], g[2], 0.0, x, g[4], g[5], 0.0, y, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        Self { matrix: Some(matrix), ..Self::default() }
    }

    /// The transform; `None` for ground control points, and if numbers are missing or not finite.
    pub(super) fn transform(&self, point: bool) -> Option<Transform> {
        let mut g = self.scaled().or_else(|| self.affine())?;
        if point {
            g[0] -= (g[1] + g[2]) * 0.5;
            g[3] -= (g[4] + g[5]) * 0.5;
        }
        g.iter().all(|number| number.is_finite()).then_some(Transform(g))
    }

    /// The tags in ascending order.
    pub(super) fn to_fields(&self) -> Vec<Field> {
        let values =
            [(MODEL_PIXEL_SCALE, &self.scale), (MODEL_TIEPOINT, &self.tiepoints), (MODEL_TRANSFORMATION, &self.matrix)];
        let field = |(tag, values): (u16, &Option<Vec<f64>>)| {
            let values = values.clone()?;
            Some(Field { tag, kind: FieldType::Double, value: FieldValue::Floats(values) })
        };
        values.into_iter().filter_map(field).collect()
    }

    fn scaled(&self) -> Option<[f64; 6]> {
        let [sx, sy, ..] = *self.scale.as_deref()? else { return None };
        let [i, j, _, x, y, _, ..] = *self.tiepoints.as_deref()? else { return None };
        let sy = sy.abs();
        (sx != 0.0 && sy != 0.0).then_some([x - i * sx, sx, 0.0, y + j * sy, 0.0, -sy])
    }

    fn affine(&self) -> Option<[f64; 6]> {
        let [m0, m1, _, m3, m4, m5, _, m7, ..] = *self.matrix.as_deref()? else { return None };
        Some([m3, m0, m1, m7, m4, m5])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_and_tiepoint_are_read_as_gdal_reads_them() {
        let position = Position {
            scale: Some(vec![10.0, -10.0, 0.0]),
            tiepoints: Some(vec![5.0, 2.0, 0.0, 300_000.0, 4_500_000.0, 0.0]),
            matrix: Some(vec![9.0; 16]),
        };
        let area = Transform([299_950.0, 10.0, 0.0, 4_500_020.0, 0.0, -10.0]);
        let point = Transform([299_945.0, 10.0, 0.0, 4_500_025.0, 0.0, -10.0]);
        assert_eq!((position.transform(false), position.transform(true)), (Some(area), Some(point)));
    }

    #[test]
    fn every_transform_is_read_back_from_its_tags() {
        let transforms = [
            [300_000.0, 0.5, 0.0, 4_500_000.0, 0.0, -0.5],
            [10.0, 2.0, 0.0, 20.0, 0.0, 3.0],
            [10.0, -2.0, 0.0, 20.0, 0.0, -3.0],
            [10.0, 1.0, 0.25, 20.0, 0.5, -1.0],
            [10.0, 0.0, 2.0, 20.0, 2.0, 0.0],
        ];
        for (n, g) in transforms.into_iter().enumerate() {
            for point in [false, true] {
                let position = Position::from_transform(&Transform(g), point);
                assert_eq!(position.matrix.is_none(), n == 0);
                assert_eq!(Position::from_fields(&position.to_fields()), position);
                assert_eq!(position.transform(point), Some(Transform(g)));
            }
        }
    }

    #[test]
    fn ground_control_points_are_not_a_transform() {
        let position = Position { tiepoints: Some(vec![0.0; 18]), ..Position::default() };
        assert_eq!(position.transform(false), None);
    }
}
