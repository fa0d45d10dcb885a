//! A window of an image as a separate image.

use std::sync::Arc;

use super::canvas::TileMut;
use super::grid::{BlockGrid, Window};
use super::layout::ImageLayout;
use super::provider::{ImageProvider, Visit};
use super::view::{Base, Read, View};
use crate::error::{Error, Result};

/// A window of an image. It reads only when a block is requested, and then only the pixels of that block.
pub struct WindowImage {
    base: Base,
    window: Window,
}

impl WindowImage {
    /// A window of `source`. Its blocks are those of the source, cropped, so each source block is read once.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a window that is empty or extends outside the image.
    pub fn new(source: Arc<dyn ImageProvider>, window: Window) -> Result<Self> {
        let whole = source.layout().grid.window();
        if window.is_empty() || window.intersect(&whole) != window {
            return Err(Error::out_of_range("window")
                .found(format!("{window:?}"))
                .allowed(format!("{} × {}", whole.width, whole.height)));
        }
        let layout = ImageLayout { grid: source.layout().grid.cropped(window)?, ..source.layout().clone() };
        let pixels = source.pixels().map(|pixels| pixels.window(window)).transpose()?;
        Ok(Self { base: Base { pixels, ..Base::new(source, layout) }, window })
    }

    /// The same image in blocks of another size. Neighbouring blocks that share a source block both decode it.
    ///
    /// # Errors
    /// [`Error::Usage`] for an empty block.
    pub fn with_blocks(mut self, block_columns: u32, block_rows: u32) -> Result<Self> {
        self.base.layout.grid = BlockGrid::new(self.window.width, self.window.height, block_columns, block_rows)?;
        Ok(self)
    }
}

impl View for WindowImage {
    fn base(&self) -> &Base {
        &self.base
    }

    fn in_source(&self, window: Window) -> Window {
        Window { x: window.x + self.window.x, y: window.y + self.window.y, ..window }
    }

    fn is_part(&self) -> bool {
        true
    }

    /// Windows of an image often overlap, and their blocks can share blocks of the source.
    fn visit(&self, visit: Visit) -> Visit {
        if self.window == self.base.source.layout().grid.window() { visit } else { Visit::Again }
    }

    fn make(&self, window: Window, bands: &[u32], read: &Read<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        read(self.in_source(window), bands, out)
    }
}

#[cfg(test)]
mod tests;
