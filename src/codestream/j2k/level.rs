//! An image at one resolution: its grid of blocks, the tile of each block, and the places of its pixels on the reference grid
//! (T.800 B.2 to B.5).

use std::ops::Range;

use crate::codec::j2k::geometry::{Rect, TileGrid};
use crate::codec::j2k::markers::{Component, Siz};
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, Window};

/// An image at one resolution.
#[derive(Debug, Clone)]
pub(super) struct Level {
    /// Resolutions discarded.
    pub(super) reduction: u8,
    /// The blocks: tiles, or parts of tiles that are large.
    pub(super) grid: BlockGrid,
    tiles: TileGrid,
    across: u32,
    /// The blocks on the reference grid.
    cut: Cut,
    /// Reference-grid steps from pixel to pixel at this resolution.
    step: (u64, u64),
    /// The steps of the components at this resolution.
    steps: Vec<(u64, u64)>,
}

/// Blocks on the reference grid.
#[derive(Debug, Clone, Copy)]
struct Cut {
    first: (u32, u32),
    size: (u32, u32),
}

/// Where the pixels of a part of a block come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    /// The pixels, at this resolution.
    pub(super) pixels: Rect,
    /// The tile, on the reference grid.
    pub(super) tile: Rect,
    /// What the decoder decodes, on the reference grid: the whole tile if its pixels are all wanted.
    pub(super) decoded: Rect,
}

/// Pixels of a tile that is decoded in parts.
const LARGE_TILE: u64 = 1 << 22;

/// The least columns and rows of such a part.
const PART: u64 = 1024;

/// The most parts across and down a tile. The decoder reads through all bytes of a tile for each part.
const MOST_PARTS: u64 = 12;

impl Level {
    /// The image reduced by 2^`reduction`; `None` if no pixel is left.
    ///
    /// # Errors
    /// [`Error::Malformed`] for an image without pixels.
    pub(super) fn new(siz: &Siz, reduction: u8) -> Result<Option<Self>> {
        let tiles = TileGrid::new(siz);
        let image = tiles.image;
        let components = &siz.components.0;
        let (dx, dy) = (step(components, |part| part.dx), step(components, |part| part.dy));
        let scaled = |step: u32| u64::from(step) << reduction;
        let step = (scaled(dx), scaled(dy));
        let whole = Cut { first: (siz.tile_origin.x, siz.tile_origin.y), size: (siz.tile.x, siz.tile.y) };
        let cut = whole.divided(&image, tiles.count(), step).unwrap_or(whole);
        let size = |size: u32, first: u32, end: u32| size.min(end - first);
        let grid = BlockGrid::new(
            image.width(),
            image.height(),
            size(cut.size.0, cut.first.0, image.x1),
            size(cut.size.1, cut.first.1, image.y1),
        )?;
        let grid = grid.with_origin((image.x0, image.y0), cut.first)?;
        let empty = || Error::malformed("codestream: component without samples");
        let grid = grid.sampled((dx, dy)).ok_or_else(empty)?;
        Ok(grid.reduced(reduction).map(|grid| {
            let mut steps: Vec<_> =
                components.iter().map(|part| (scaled(part.dx.into()), scaled(part.dy.into()))).collect();
            steps.sort_unstable();
            steps.dedup();
            Self { reduction, grid, across: tiles.count().0, tiles, cut, step, steps }
        }))
    }

    /// The tile that holds a block.
    pub(super) fn tile_of(&self, at: BlockIndex) -> u16 {
        let (column, row) = self.tile_place(at);
        // A codestream has at most 65 535 tiles.
        (row * self.across + column) as u16
    }

    /// Where the pixels of a window of a block come from. The window is relative to the block.
    pub(super) fn area(&self, at: BlockIndex, window: Window) -> Area {
        let (column, row) = self.tile_place(at);
        let tile = self.tiles.tile(column, row);
        let block = self.block(at);
        let edge = |edge: u32, step: u64, at: u32| u64::from(edge).div_ceil(step) as u32 + at;
        let pixels = Rect {
            x0: edge(block.x0, self.step.0, window.x),
            y0: edge(block.y0, self.step.1, window.y),
            x1: edge(block.x0, self.step.0, window.right()),
            y1: edge(block.y0, self.step.1, window.bottom()),
        };
        let x = decoded((pixels.x0, pixels.x1), self.step.0, self.steps.iter().map(|step| step.0), (tile.x0, tile.x1));
        let y = decoded((pixels.y0, pixels.y1), self.step.1, self.steps.iter().map(|step| step.1), (tile.y0, tile.y1));
        let decoded = Rect { x0: x.0, y0: y.0, x1: x.1, y1: y.1 };
        let covers = |first: u32, step: u64, place: u32| u64::from(place).div_ceil(step) == u64::from(first);
        let is_tile = covers(pixels.x0, self.step.0, tile.x0)
            && covers(pixels.y0, self.step.1, tile.y0)
            && covers(pixels.x1, self.step.0, tile.x1)
            && covers(pixels.y1, self.step.1, tile.y1);
        Area { pixels, tile, decoded: if is_tile { tile } else { decoded } }
    }

    /// The sample of a component that a pixel shows, on one axis: the last one at or before it, or else the first of the tile.
    /// `samples` are those of the tile, of which there is one at least.
    pub(super) fn sample_of(pixel: u32, step: u64, component: u64, samples: &Range<u32>) -> u32 {
        ((u64::from(pixel) * step / component) as u32).clamp(samples.start, samples.end - 1)
    }

    /// Reference-grid steps from pixel to pixel.
    pub(super) fn step(&self) -> (u64, u64) {
        self.step
    }

    fn tile_place(&self, at: BlockIndex) -> (u32, u32) {
        let Rect { x0, y0, .. } = self.block(at);
        self.tiles.place_of(x0, y0)
    }

    /// A block on the reference grid, inside of the image.
    fn block(&self, at: BlockIndex) -> Rect {
        let Cut { first, size } = self.cut;
        let edge = |first: u32, size: u32, at: u32| {
            (u64::from(first) + u64::from(size) * u64::from(at)).min(u32::MAX.into()) as u32
        };
        let Rect { x0, y0, x1, y1 } = self.tiles.image;
        Rect {
            x0: edge(first.0, size.0, at.column).clamp(x0, x1),
            y0: edge(first.1, size.1, at.row).clamp(y0, y1),
            x1: edge(first.0, size.0, at.column + 1).clamp(x0, x1),
            y1: edge(first.1, size.1, at.row + 1).clamp(y0, y1),
        }
    }
}

impl Cut {
    /// Parts of large tiles. `None` if tiles are not large, or their edges are not edges of parts.
    fn divided(self, image: &Rect, tiles: (u32, u32), step: (u64, u64)) -> Option<Self> {
        let pixels = |size: u32, length: u32, step: u64| u64::from(size.min(length)).div_ceil(step);
        let sides = (pixels(self.size.0, image.width(), step.0), pixels(self.size.1, image.height(), step.1));
        if sides.0 * sides.1 <= LARGE_TILE {
            return None;
        }
        let part = |side: u64, step: u64| u32::try_from(side.div_ceil(MOST_PARTS * PART).max(1) * PART * step).ok();
        let part = (part(sides.0, step.0)?, part(sides.1, step.1)?);
        let axis = |count: u32, first: u32, size: u32, part: u32, image: u32| match count {
            1 => Some(image - image % part),
            _ => (first.is_multiple_of(part) && size.is_multiple_of(part)).then_some(first),
        };
        let first = (
            axis(tiles.0, self.first.0, self.size.0, part.0, image.x0)?,
            axis(tiles.1, self.first.1, self.size.1, part.1, image.y0)?,
        );
        Some(Self { first, size: part })
    }
}

/// The samples of a component between two edges of the reference grid, on one axis (B-12).
pub(super) fn samples((first, end): (u32, u32), component: u64) -> Range<u32> {
    u64::from(first).div_ceil(component) as u32..u64::from(end).div_ceil(component) as u32
}

/// The part of the reference grid, on one axis, that has every sample that pixels of a tile show.
fn decoded(pixels: (u32, u32), step: u64, components: impl Iterator<Item = u64>, tile: (u32, u32)) -> (u32, u32) {
    let (mut start, mut end) = (tile.1, tile.0);
    for component in components {
        let of_tile = samples(tile, component);
        if of_tile.is_empty() {
            continue;
        }
        let place = |pixel: u32| u64::from(Level::sample_of(pixel, step, component, &of_tile)) * component;
        // Samples of the tile lie inside of it.
        start = start.min(place(pixels.0) as u32);
        end = end.max(place(pixels.1 - 1) as u32 + 1);
    }
    // No component may have a sample in the tile.
    if start < end { (start, end) } else { tile }
}

/// The steps from pixel to pixel: the shortest of any component if all others are multiples of it, else those of the grid.
fn step(components: &[Component], of: fn(&Component) -> u8) -> u32 {
    let least = components.iter().map(of).min().unwrap_or(1).max(1);
    if components.iter().all(|component| of(component).is_multiple_of(least)) { least.into() } else { 1 }
}
