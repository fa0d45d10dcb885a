//! An image at a lower resolution than its source.

use std::sync::Arc;

use super::canvas::{Canvas, TileMut};
use super::gaps::Gaps;
use super::grid::{BlockGrid, Window};
use super::layout::{ImageLayout, PadValue};
use super::provider::ImageProvider;
use super::reduce::{Reducer, Reduction};
use super::view::{Base, Read, View};
use crate::error::{Error, Result};

/// The most samples of the source held at a time for one block: larger blocks are read in parts.
const PIECE: usize = 1 << 24;

/// An image reduced by a power of two. Each block is the source's block, reduced when it is requested.
pub struct ReducedImage {
    base: Base,
    reducer: Reducer,
}

impl ReducedImage {
    /// `source` reduced by 2^`levels`; averages ignore pixels of the value `nodata`.
    ///
    /// # Errors
    /// [`crate::Error::OutOfRange`] for more than 14 levels.
    pub fn new(
        source: Arc<dyn ImageProvider>,
        levels: u8,
        method: Reduction,
        nodata: Option<PadValue>,
    ) -> Result<Self> {
        let full = source.layout();
        let reducer = Reducer::new(full.sample, levels, method, nodata)?;
        // Pixels are counted from the first one of the image, regardless of its position on the source's reference grid.
        let (columns, rows) = (full.grid.columns(), full.grid.rows());
        let grid = BlockGrid::new(columns, rows, full.grid.block_columns(), full.grid.block_rows())?;
        let nothing = || Error::usage("reduction leaves no pixels: levels").found(levels);
        let grid = grid.reduced(levels).ok_or_else(nothing)?;
        let layout = ImageLayout { grid, ..full.clone() };
        Ok(Self { base: Base::new(source, layout), reducer })
    }

    /// Columns and rows processed at a time.
    fn piece(&self, window: Window, bands: usize) -> (u32, u32) {
        let most = PIECE / (self.reducer.factor() * self.reducer.factor() * bands.max(1));
        let columns = (window.width as usize).min(most).max(1);
        let rows = (most / columns).clamp(1, window.height as usize);
        (columns as u32, rows as u32)
    }

    /// Writes the bands of `window` to its rectangle, with `held` as the buffer.
    fn reduce(
        &self,
        window: Window,
        bands: &[u32],
        read: &Read<'_>,
        held: &mut Vec<u8>,
        out: &mut TileMut<'_>,
    ) -> Result<()> {
        let full = self.in_source(window);
        let (rows, columns, size) = (full.height as usize, full.width as usize, self.base.layout.sample.bytes());
        held.clear();
        held.resize(bands.len() * rows * columns * size, 0);
        let canvas = Canvas::new(held, bands.len(), rows, columns, size)?;
        let pad = self.base.source.layout().pad_bytes();
        let gaps = Gaps::new(pad.clone());
        let mut whole = canvas.whole()?;
        let mut tile = if out.is_in_part() { whole.in_part(&gaps, (0, 0)) } else { whole };
        if !read(full, bands, &mut tile)? {
            tile.fill(&pad);
        }
        let rows: Vec<&[u8]> = held.chunks_exact(columns * size).collect();
        for (band, rows) in rows.chunks_exact(full.height as usize).enumerate() {
            for (y, rows) in rows.chunks(self.reducer.factor()).enumerate() {
                self.reducer.row(rows, out.row(band, y));
            }
        }
        let factor = self.reducer.factor() as u32;
        out.copy_gaps(&gaps, |missing| {
            let (x, y) = (missing.x / factor, missing.y / factor);
            Window::new(x, y, missing.right().div_ceil(factor) - x, missing.bottom().div_ceil(factor) - y)
        })
    }
}

impl View for ReducedImage {
    fn base(&self) -> &Base {
        &self.base
    }

    fn in_source(&self, window: Window) -> Window {
        let factor = self.reducer.factor() as u32;
        let full = Window::new(
            window.x * factor,
            window.y * factor,
            window.width.saturating_mul(factor),
            window.height.saturating_mul(factor),
        );
        full.intersect(&self.base.source.layout().grid.window())
    }

    /// A block is made from many blocks of the source, which are read in pieces.
    fn is_fetched(&self) -> bool {
        false
    }

    fn make(&self, window: Window, bands: &[u32], read: &Read<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        if !self.base.source.has_pixels(self.in_source(window))? {
            return Ok(false);
        }
        let (columns, rows) = self.piece(window, bands.len());
        let pieces = BlockGrid::new(window.width, window.height, columns, rows)?;
        let mut held = Vec::new();
        for piece in pieces.blocks_of(pieces.window()).map(|at| pieces.block_window(at)) {
            let reduced = Window { x: piece.x + window.x, y: piece.y + window.y, ..piece };
            self.reduce(reduced, bands, read, &mut held, &mut out.part(piece)?)?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
