//! The reference grid (T.800 Annex B.2 to B.7): tiles, tile-components, resolutions, bands, precincts and code-blocks.

use super::markers::{CodingStyle, Place, Siz};

/// A rectangle with absolute coordinates; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rect {
    /// First column.
    pub x0: u32,
    /// First row.
    pub y0: u32,
    /// The column after the last.
    pub x1: u32,
    /// The row after the last.
    pub y1: u32,
}

/// The kinds of bands. The first letter is the horizontal filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orientation {
    /// Low-pass both ways.
    LL,
    /// Horizontally high-pass.
    HL,
    /// Vertically high-pass.
    LH,
    /// High-pass both ways.
    HH,
}

/// The tiles of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TileGrid {
    /// The image.
    pub image: Rect,
    origin: (u32, u32),
    size: (u32, u32),
}

/// A component of a tile (B.3) and its decompositions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TileComponent {
    /// The samples of the component in the tile.
    pub bounds: Rect,
    /// From the lowest to full resolution: the number of decompositions plus one.
    pub resolutions: Vec<Resolution>,
}

/// A resolution of a tile-component (B.5) with the bands that it adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// The samples at this resolution.
    pub bounds: Rect,
    /// Log2 of the width and height of a precinct.
    pub precinct: (u8, u8),
    /// Precincts across and down; 0 if the resolution is empty.
    pub precincts: (u32, u32),
    /// LL, or HL, LH and HH.
    pub bands: Vec<Band>,
}

/// A band (B.5), divided into code-blocks (B.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Band {
    /// Its kind.
    pub orientation: Orientation,
    /// The decomposition level `n_b`; for LL of a tile-component without decompositions 0.
    pub level: u8,
    /// The coefficients.
    pub bounds: Rect,
    /// Log2 of the width and height of the part of a precinct in this band.
    precinct: (u8, u8),
    /// Log2 of the width and height of a code-block.
    block: (u8, u8),
}

/// The code-blocks of a band in one precinct, in raster order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockArray {
    bounds: Rect,
    block: (u8, u8),
    /// Blocks across and down.
    pub size: (u32, u32),
}

/// The precinct size that is meant when a codestream states none.
const MAX_PRECINCT: u8 = 15;

impl Rect {
    /// Columns.
    pub(crate) const fn width(&self) -> u32 {
        self.x1 - self.x0
    }

    /// Rows.
    pub(crate) const fn height(&self) -> u32 {
        self.y1 - self.y0
    }

    /// True if it has no samples.
    pub(crate) const fn is_empty(&self) -> bool {
        self.x0 == self.x1 || self.y0 == self.y1
    }

    /// Number of samples.
    pub(crate) const fn area(&self) -> u64 {
        self.width() as u64 * self.height() as u64
    }

    /// The intersection; empty if the rectangles do not overlap.
    #[must_use]
    pub(crate) fn intersect(&self, other: &Self) -> Self {
        let (x0, y0) = (self.x0.max(other.x0), self.y0.max(other.y0));
        Self { x0, y0, x1: self.x1.min(other.x1).max(x0), y1: self.y1.min(other.y1).max(y0) }
    }

    /// Every edge divided by a step and rounded up.
    #[must_use]
    pub(crate) const fn divided(&self, dx: u32, dy: u32) -> Self {
        Self { x0: self.x0.div_ceil(dx), y0: self.y0.div_ceil(dy), x1: self.x1.div_ceil(dx), y1: self.y1.div_ceil(dy) }
    }

    /// Every edge divided by 2^`levels` and rounded up.
    #[must_use]
    pub(crate) fn reduced(&self, levels: u8) -> Self {
        let edge = |edge: u32| u64::from(edge).div_ceil(1 << levels) as u32;
        Self { x0: edge(self.x0), y0: edge(self.y0), x1: edge(self.x1), y1: edge(self.y1) }
    }
}

impl TileGrid {
    /// The tiles that SIZ describes. The caller has checked that tiles have a size and that the first one contains the origin of
    /// the image.
    pub(crate) fn new(siz: &Siz) -> Self {
        let Siz { end, origin, tile, tile_origin, .. } = siz;
        let pair = |place: &Place| (place.x, place.y);
        let image = Rect { x0: origin.x, y0: origin.y, x1: end.x, y1: end.y };
        Self { image, origin: pair(tile_origin), size: pair(tile) }
    }

    /// Tiles across and down (B-5).
    pub(crate) const fn count(&self) -> (u32, u32) {
        ((self.image.x1 - self.origin.0).div_ceil(self.size.0), (self.image.y1 - self.origin.1).div_ceil(self.size.1))
    }

    /// The column and row of the tile that holds a point of the image (B-6).
    pub(crate) const fn place_of(&self, x: u32, y: u32) -> (u32, u32) {
        ((x - self.origin.0) / self.size.0, (y - self.origin.1) / self.size.1)
    }

    /// The part of the image in the tile of this column and row (B-7 to B-10).
    pub(crate) fn tile(&self, column: u32, row: u32) -> Rect {
        let edge = |origin: u32, size: u32, at: u32| u64::from(origin) + u64::from(size) * u64::from(at);
        let clamp = |edge: u64, low: u32, high: u32| edge.clamp(low.into(), high.into()) as u32;
        let Rect { x0, y0, x1, y1 } = self.image;
        Rect {
            x0: clamp(edge(self.origin.0, self.size.0, column), x0, x1),
            y0: clamp(edge(self.origin.1, self.size.1, row), y0, y1),
            x1: clamp(edge(self.origin.0, self.size.0, column + 1), x0, x1),
            y1: clamp(edge(self.origin.1, self.size.1, row + 1), y0, y1),
        }
    }
}

impl TileComponent {
    /// The component of a tile whose samples have these bounds (already divided by the component's steps).
    pub(crate) fn new(bounds: Rect, style: &CodingStyle) -> Self {
        let resolutions = (0..=style.levels).map(|r| Resolution::new(bounds, style, r)).collect();
        Self { bounds, resolutions }
    }
}

impl Resolution {
    fn new(component: Rect, style: &CodingStyle, r: u8) -> Self {
        let bounds = component.reduced(style.levels - r);
        let size =
            style.precincts.get(usize::from(r)).map_or((MAX_PRECINCT, MAX_PRECINCT), |size| (size & 15, size >> 4));
        let across = |from: u32, to: u32, log: u8| u64::from(to).div_ceil(1 << log) as u32 - (from >> log);
        let precincts = if bounds.is_empty() {
            (0, 0)
        } else {
            (across(bounds.x0, bounds.x1, size.0), across(bounds.y0, bounds.y1, size.1))
        };
        let (orientations, level, part): (&[_], _, _) = if r == 0 {
            (&[Orientation::LL], style.levels, size)
        } else {
            let half = (size.0.saturating_sub(1), size.1.saturating_sub(1));
            (&[Orientation::HL, Orientation::LH, Orientation::HH], style.levels - r + 1, half)
        };
        let block = ((style.block_width + 2).min(part.0), (style.block_height + 2).min(part.1));
        let band = |orientation: &Orientation| Band {
            orientation: *orientation,
            level,
            bounds: orientation.bounds(component, level),
            precinct: part,
            block,
        };
        Self { bounds, precinct: size, precincts, bands: orientations.iter().map(band).collect() }
    }

    /// Number of precincts.
    pub(crate) const fn count(&self) -> u64 {
        self.precincts.0 as u64 * self.precincts.1 as u64
    }
}

impl Orientation {
    /// The coefficients of a band of level `level` (B-15).
    fn bounds(self, component: Rect, level: u8) -> Rect {
        let (x, y) = self.high();
        let edge = |edge: u32, high: bool| {
            let offset = if high && level > 0 { 1u64 << (level - 1) } else { 0 };
            u64::from(edge).saturating_sub(offset).div_ceil(1 << level) as u32
        };
        Rect {
            x0: edge(component.x0, x),
            y0: edge(component.y0, y),
            x1: edge(component.x1, x),
            y1: edge(component.y1, y),
        }
    }

    /// True for each direction (horizontal, vertical) with a high-pass filter.
    pub(crate) const fn high(self) -> (bool, bool) {
        match self {
            Self::LL => (false, false),
            Self::HL => (true, false),
            Self::LH => (false, true),
            Self::HH => (true, true),
        }
    }

    /// Log2 of the nominal gain (Table E.1).
    pub(crate) const fn gain(self) -> u8 {
        match self {
            Self::LL => 0,
            Self::HL | Self::LH => 1,
            Self::HH => 2,
        }
    }
}

impl Band {
    /// A band without coefficients.
    #[cfg(test)]
    pub(crate) fn of(orientation: Orientation, level: u8) -> Self {
        Self { orientation, level, bounds: Rect::default(), precinct: (0, 0), block: (0, 0) }
    }

    /// The code-blocks in precinct number `k` of the resolution.
    pub(crate) fn blocks(&self, resolution: &Resolution, k: u32) -> BlockArray {
        let (column, row) = (k % resolution.precincts.0, k / resolution.precincts.0);
        let first = |edge: u32, log: u8| edge >> log;
        let (x, y) = (
            u64::from(first(resolution.bounds.x0, resolution.precinct.0) + column) << self.precinct.0,
            u64::from(first(resolution.bounds.y0, resolution.precinct.1) + row) << self.precinct.1,
        );
        let end = |edge: u64| edge.min(u32::MAX.into()) as u32;
        let precinct =
            Rect { x0: end(x), y0: end(y), x1: end(x + (1 << self.precinct.0)), y1: end(y + (1 << self.precinct.1)) };
        let bounds = precinct.intersect(&self.bounds);
        let size = if bounds.is_empty() {
            (0, 0)
        } else {
            let across = |from: u32, to: u32, log: u8| ((to - 1) >> log) - (from >> log) + 1;
            (across(bounds.x0, bounds.x1, self.block.0), across(bounds.y0, bounds.y1, self.block.1))
        };
        BlockArray { bounds, block: self.block, size }
    }
}

impl BlockArray {
    /// One code-block.
    #[cfg(test)]
    pub(crate) fn of_one(bounds: Rect) -> Self {
        Self { bounds, block: (10, 10), size: (1, 1) }
    }

    /// Number of code-blocks.
    pub(crate) const fn count(&self) -> usize {
        self.size.0 as usize * self.size.1 as usize
    }

    /// The coefficients of code-block `n`.
    pub(crate) fn block(&self, n: usize) -> Rect {
        let (column, row) = (n as u32 % self.size.0, n as u32 / self.size.0);
        let edge = |origin: u32, log: u8, at: u32| u64::from((origin >> log) + at) << log;
        let end = |edge: u64| edge.min(u32::MAX.into()) as u32;
        let (x, y) = (edge(self.bounds.x0, self.block.0, column), edge(self.bounds.y0, self.block.1, row));
        let block = Rect { x0: end(x), y0: end(y), x1: end(x + (1 << self.block.0)), y1: end(y + (1 << self.block.1)) };
        block.intersect(&self.bounds)
    }
}

#[cfg(test)]
mod tests;
