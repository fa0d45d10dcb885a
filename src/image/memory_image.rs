//! An image held in memory: one array, or blocks set individually, some of which may be missing.

use std::collections::HashMap;

use super::grid::{BlockIndex, Window};
use super::layout::ImageLayout;
use super::pixels::Pixels;
use super::provider::{Block, ImageProvider, check_block};
use crate::error::{Error, Result};

/// An image in memory. A block set after the whole image replaces that part of it.
#[derive(Debug, Clone)]
pub struct MemoryImage {
    layout: ImageLayout,
    whole: Option<Pixels>,
    blocks: HashMap<BlockIndex, Pixels>,
}

impl MemoryImage {
    /// An image without pixels yet.
    pub fn new(layout: ImageLayout) -> Self {
        Self { layout, whole: None, blocks: HashMap::new() }
    }

    /// The image of an array of (bands, rows, columns), sharing its memory.
    ///
    /// # Errors
    /// [`Error::Usage`] if an axis is empty or the array is larger than a file can be.
    pub fn from_pixels(pixels: Pixels, block_columns: u32, block_rows: u32) -> Result<Self> {
        let [bands, rows, columns] = pixels.shape();
        let size =
            |n: usize| u32::try_from(n).map_err(|_| Error::usage("array axis is too long:").found(n).allowed(u32::MAX));
        let grid = super::BlockGrid::new(size(columns)?, size(rows)?, block_columns, block_rows)?;
        let layout = ImageLayout::new(grid, size(bands)?, pixels.sample())?;
        Ok(Self { layout, whole: Some(pixels), blocks: HashMap::new() })
    }

    /// Sets the whole image and discards blocks set before.
    ///
    /// # Errors
    /// [`Error::Usage`] if the shape or type differs from the layout.
    pub fn set_whole(&mut self, pixels: Pixels) -> Result<()> {
        let grid = &self.layout.grid;
        let expected = [self.layout.bands as usize, grid.rows() as usize, grid.columns() as usize];
        if pixels.sample() != self.layout.sample {
            return Err(Error::usage("wrong dtype of image:").found(pixels.sample()).allowed(self.layout.sample));
        }
        if pixels.shape() != expected {
            return Err(Error::usage("wrong shape of image:")
                .found(format!("{:?}", pixels.shape()))
                .allowed(format!("{expected:?} (bands, rows, columns)")));
        }
        self.whole = Some(pixels);
        self.blocks.clear();
        Ok(())
    }

    /// Sets one block, cropped or padded at the edges.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the block does not exist, [`Error::Usage`] if the shape or type differs.
    pub fn set_block(&mut self, at: BlockIndex, pixels: Pixels) -> Result<()> {
        self.layout.grid.check(at)?;
        check_block(&self.layout, at, &pixels)?;
        self.blocks.insert(at, pixels);
        Ok(())
    }
}

impl ImageProvider for MemoryImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        self.layout.grid.check(at)?;
        Ok(self.whole.is_some() || self.blocks.contains_key(&at))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        if let Some(pixels) = self.blocks.get(&at) {
            // Padding of a block is not image data: it is cut off here, once.
            let cropped = pixels.window(Window::new(0, 0, window.width, window.height))?;
            return Ok(Block::Pixels(cropped));
        }
        match &self.whole {
            Some(pixels) => Ok(Block::Pixels(pixels.window(window)?)),
            None => Ok(Block::Absent),
        }
    }

    fn is_dense(&self) -> bool {
        self.whole.is_some()
    }

    fn pixels(&self) -> Option<&Pixels> {
        self.whole.as_ref().filter(|_| self.blocks.is_empty())
    }
}
