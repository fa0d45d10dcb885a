//! The location of a part in its image.

use crate::image::{BlockGrid, ImageLayout, SampleType, Transform, Window};

/// A part of an image at full or reduced resolution, in pixels of the image at full resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The column of the image where the part begins.
    pub x: u32,
    /// The row of the image where the part begins.
    pub y: u32,
    /// Columns of the part, of `scale` pixels each.
    pub columns: u32,
    /// Rows of the part.
    pub rows: u32,
    /// Pixels of the image along each side of a pixel of the part.
    pub scale: u32,
    /// Columns of the image.
    pub full_columns: u32,
    /// Rows of the image.
    pub full_rows: u32,
}

impl Part {
    /// The part of an image of `full` (columns, rows) in a window, which is in pixels of a resolution reduced by 2^`level`.
    pub fn new(window: Window, level: u8, full: (u32, u32)) -> Self {
        let scale = 1 << level;
        Self {
            x: window.x * scale,
            y: window.y * scale,
            columns: window.width,
            rows: window.height,
            scale,
            full_columns: full.0,
            full_rows: full.1,
        }
    }

    /// The transform of the part, if this is the transform of the image.
    #[must_use]
    pub fn transform(&self, image: &Transform) -> Transform {
        let (x, y) = image.apply(self.x.into(), self.y.into());
        let (g, scale) = (image.0, f64::from(self.scale));
        Transform([x, g[1] * scale, g[2] * scale, y, g[4] * scale, g[5] * scale])
    }

    /// The whole image as a part of itself.
    pub(super) fn whole(&self) -> Self {
        let (columns, rows) = (self.full_columns, self.full_rows);
        Self { x: 0, y: 0, columns, rows, scale: 1, ..*self }
    }

    /// The centres of the corner pixels as (column, row) of the image, from the outer corner of its first pixel: first row and
    /// column, last column, last row and column, first column.
    pub(super) fn centres(&self) -> [(f64, f64); 4] {
        let scale = f64::from(self.scale);
        let (left, top) = (f64::from(self.x) + scale / 2.0, f64::from(self.y) + scale / 2.0);
        let (right, bottom) = (left + f64::from(self.columns - 1) * scale, top + f64::from(self.rows - 1) * scale);
        [(left, top), (right, top), (right, bottom), (left, bottom)]
    }

    /// The corners of the part, interpolated between those of the image. Both are centres of corner pixels, in the order of
    /// [`Part::centres`].
    pub(super) fn between(&self, image: [(f64, f64); 4]) -> [(f64, f64); 4] {
        let share = |at: f64, full: u32| (at - 0.5) / f64::from(full.max(2) - 1);
        let point = |(x, y)| super::super::geo::between(image, share(x, self.full_columns), share(y, self.full_rows));
        self.centres().map(point)
    }

    /// The layout of an image of the part's size.
    pub(super) fn layout(&self) -> crate::Result<ImageLayout> {
        ImageLayout::new(BlockGrid::new(self.columns, self.rows, self.columns, self.rows)?, 1, SampleType::UInt8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lies_where_its_pixels_lie() {
        let part = Part::new(Window::new(5, 5, 10, 10), 1, (30, 40));
        assert_eq!((part.x, part.scale), (10, 2));
        let image = Transform([100.0, 10.0, 0.0, 200.0, 0.0, -10.0]);
        assert_eq!(part.transform(&image).0, [200.0, 20.0, 0.0, 100.0, 0.0, -20.0]);
        assert_eq!(part.centres()[2], (29.0, 29.0));
        assert_eq!(part.whole().between([(0.0, 9.0), (2.0, 9.0), (2.0, 7.0), (0.0, 7.0)])[2], (2.0, 7.0));
    }
}
