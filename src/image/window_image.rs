//! A window of an image as an image of its own.

use std::sync::Arc;

use super::canvas::TileMut;
use super::grid::{BlockGrid, BlockIndex, Window};
use super::layout::ImageLayout;
use super::pixels::Pixels;
use super::provider::{Access, Block, ImageProvider};
use super::view::{read_window, whole_block};
use crate::error::{Error, Result};

/// A window of an image. Nothing is read before a block is asked for, and then only what the block needs.
pub struct WindowImage {
    source: Arc<dyn ImageProvider>,
    window: Window,
    layout: ImageLayout,
    pixels: Option<Pixels>,
}

impl WindowImage {
    /// A window of `source`, whose blocks are those of the source, cropped: each block of the source is read once.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a window that is empty or reaches outside of the image.
    pub fn new(source: Arc<dyn ImageProvider>, window: Window) -> Result<Self> {
        let whole = source.layout().grid.window();
        if window.is_empty() || window.intersect(&whole) != window {
            return Err(Error::out_of_range("window")
                .found(format!("{window:?}"))
                .allowed(format!("{} × {}", whole.width, whole.height)));
        }
        let layout = ImageLayout { grid: source.layout().grid.cropped(window)?, ..source.layout().clone() };
        let pixels = source.pixels().map(|pixels| pixels.window(window)).transpose()?;
        Ok(Self { source, window, layout, pixels })
    }

    /// The same image in blocks of another size. Neighbours that share a block of the source both decode it.
    ///
    /// # Errors
    /// [`Error::Usage`] for a block without pixels.
    pub fn with_blocks(mut self, block_columns: u32, block_rows: u32) -> Result<Self> {
        self.layout.grid = BlockGrid::new(self.window.width, self.window.height, block_columns, block_rows)?;
        Ok(self)
    }

    /// A window of this image in pixels of the source.
    fn in_source(&self, window: Window) -> Window {
        Window { x: window.x + self.window.x, y: window.y + self.window.y, ..window }
    }
}

impl ImageProvider for WindowImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        self.source.access()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        self.has_pixels(self.layout.grid.block_window(self.layout.grid.check(at)?))
    }

    fn has_pixels(&self, window: Window) -> Result<bool> {
        self.source.has_pixels(self.in_source(window))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        whole_block(self, at)
    }

    fn is_dense(&self) -> bool {
        self.source.is_dense()
    }

    fn pixels(&self) -> Option<&Pixels> {
        self.pixels.as_ref()
    }

    fn read_block(&self, at: BlockIndex, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        self.layout.grid.check(at)?;
        read_window(&*self.source, self.in_source(window), bands, out)
    }

    fn file_bytes(&self) -> u64 {
        self.source.file_bytes()
    }
}

#[cfg(test)]
mod tests;
