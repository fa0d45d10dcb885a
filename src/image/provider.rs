//! Who provides an image: a layout, and the pixels of one block at a time.

use std::ops::Range;
use std::sync::Arc;

use super::canvas::TileMut;
use super::grid::{BlockGrid, BlockIndex, Window};
use super::layout::ImageLayout;
use super::pixels::Pixels;
use super::stored::store::BlockStore;
use crate::error::{Error, Result};
use crate::io::ByteSource;

/// From which threads a provider's blocks may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Any number at once: memory, files with independent blocks.
    Parallel,
    /// One at a time, in order where possible, on the calling thread: Python objects, formats that stream rows.
    Serial,
}

/// A block of a provider.
#[derive(Debug, Clone)]
pub enum Block {
    /// Pixels of all bands; blocks at the right and bottom edge may be cropped or padded.
    Pixels(Pixels),
    /// Not there: masked or sparse.
    Absent,
}

/// Gives a layout and pixels, block by block.
pub trait ImageProvider: Send + Sync {
    /// Size, bands, sample type, block grid.
    fn layout(&self) -> &ImageLayout;

    /// From which threads blocks may be asked for.
    fn access(&self) -> Access {
        Access::Parallel
    }

    /// True if block `at` holds pixels.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if there is no such block, and whatever the source reports.
    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        self.layout().grid.check(at).map(|_| true)
    }

    /// True if a block that holds pixels reaches into `window`, which may cover many blocks.
    ///
    /// # Errors
    /// Whatever the source reports.
    fn has_pixels(&self, window: Window) -> Result<bool> {
        for at in self.layout().grid.blocks_of(window) {
            if self.has_block(at)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The pixels of block `at`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if there is no such block, and whatever the source reports.
    fn block(&self, at: BlockIndex) -> Result<Block>;

    /// True if it is known that no block is absent.
    fn is_dense(&self) -> bool {
        false
    }

    /// The whole image, where it lies in memory: the engine then takes blocks of the file's grid straight from it.
    fn pixels(&self) -> Option<&Pixels> {
        None
    }

    /// The image at half of its resolution, a quarter …, as far as it is there without a gap: level 1, level 2 … Each has half
    /// the size of the one before, rounded up.
    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &[]
    }

    /// The grid of the blocks that the file stores, where the blocks of the layout are parts of those.
    fn stored_grid(&self) -> BlockGrid {
        self.layout().grid
    }

    /// The image as one in a file, whose reads can be fetched before they are decoded.
    fn in_file(&self) -> Option<&dyn FileImage> {
        None
    }

    /// Writes the pixels of `window`, which lies inside block `at` (in pixels of the image), for the chosen bands to a
    /// rectangle of that size. False if the block is absent; what the rectangle holds is then undefined.
    ///
    /// # Errors
    /// As [`ImageProvider::block`].
    fn read_block(&self, at: BlockIndex, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        match self.block(at)? {
            Block::Absent => Ok(false),
            Block::Pixels(pixels) => {
                check_block(self.layout(), at, &pixels)?;
                let full = self.layout().grid.full_block_window(at);
                pixels.window(window.relative_to(full.x, full.y))?.copy_to_tile(bands, out);
                Ok(true)
            }
        }
    }

    /// Checks that the file behind the image is what it was when it was opened. The engine calls this once for each read of a
    /// region and each image that is written, before the first block.
    ///
    /// # Errors
    /// As [`ByteSource::check_unchanged`].
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }

    /// Size of the file behind the image, for the limits on what a small file may expand to; `u64::MAX` where the pixels
    /// come from the caller and no limit applies.
    fn file_bytes(&self) -> u64 {
        u64::MAX
    }
}

/// An image whose pixels are decoded from ranges of a file.
pub trait FileImage: ImageProvider {
    /// The file.
    fn source(&self) -> &dyn ByteSource;

    /// The one store that has the blocks of the image.
    fn store(&self) -> Option<&Arc<dyn BlockStore>> {
        None
    }

    /// All bytes that the container holds for the image as one block, tables included, if an image can be copied so.
    fn whole(&self) -> Option<&Arc<dyn BlockStore>> {
        None
    }

    /// Adds the ranges of the file that [`FileImage::read_from`] reads for the same window and bands.
    ///
    /// # Errors
    /// What reading the tables of the container reports; [`crate::Error::Malformed`], [`crate::Error::Unsupported`] and
    /// [`crate::Error::Limit`] for blocks that cannot be read.
    fn ranges(&self, window: Window, bands: &[u32], out: &mut Vec<Range<u64>>) -> Result<()>;

    /// Writes the pixels of `window` for the chosen bands to a rectangle of that size, from a source that holds the ranges.
    /// False if nothing of the window is in the file; what the rectangle holds is then undefined.
    ///
    /// # Errors
    /// As [`ImageProvider::block`].
    fn read_from(&self, source: &dyn ByteSource, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool>;
}

/// An image at a resolution level: 0 is the image itself, 1 the first of its levels.
///
/// # Errors
/// [`Error::OutOfRange`] for a level that the image does not have.
pub fn at_level(image: Arc<dyn ImageProvider>, level: u32) -> Result<Arc<dyn ImageProvider>> {
    if level == 0 {
        return Ok(image);
    }
    let found = image.levels().get(level as usize - 1).map(Arc::clone);
    let missing = || Error::out_of_range("resolution level").found(level);
    found.ok_or_else(|| missing().allowed(format!("0 to {}", image.levels().len())))
}

/// Checks what a provider returned for block `at` against its own layout: bands, type, and a size that is either the
/// full block's or the cropped one's.
///
/// # Errors
/// [`Error::Usage`] that names the block, what was found and what is expected.
pub(super) fn check_block(layout: &ImageLayout, at: BlockIndex, pixels: &Pixels) -> Result<()> {
    let name = || format!("({}, {})", at.row, at.column);
    if pixels.sample() != layout.sample {
        return Err(Error::usage("wrong dtype of block").field(name()).found(pixels.sample()).allowed(layout.sample));
    }
    let cropped = layout.grid.block_window(at);
    let (full_rows, full_columns) = (layout.grid.block_rows() as usize, layout.grid.block_columns() as usize);
    let [bands, rows, columns] = pixels.shape();
    let good = bands == layout.bands as usize
        && (rows == full_rows || rows == cropped.height as usize)
        && (columns == full_columns || columns == cropped.width as usize);
    if good {
        return Ok(());
    }
    Err(Error::usage("wrong shape of block").field(name()).found(format!("({bands}, {rows}, {columns})")).allowed(
        format!(
            "({}, {}, {}) or padded to ({}, {full_rows}, {full_columns})",
            layout.bands, cropped.height, cropped.width, layout.bands
        ),
    ))
}
