//! Images in files: the bytes that a read needs are known before it, so fetching and decoding are apart.

use std::ops::Range;
use std::sync::Arc;

use super::canvas::{Canvas, TileMut};
use super::grid::{BlockIndex, Window};
use super::pixels::Pixels;
use super::provider::{Block, ImageProvider};
use super::sample::Interleave;
use super::stored::BlockStore;
use crate::error::Result;
use crate::io::ByteSource;

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

/// The pixels of a block of an image whose provider writes them to rectangles.
///
/// # Errors
/// As [`ImageProvider::block`].
pub fn read_whole_block(image: &dyn ImageProvider, at: BlockIndex) -> Result<Block> {
    let layout = image.layout();
    let window = layout.grid.block_window(layout.grid.check(at)?);
    let shape = [layout.bands as usize, window.height as usize, window.width as usize];
    let mut pixels = vec![0; shape.iter().product::<usize>() * layout.sample.bytes()];
    let bands: Vec<u32> = (0..layout.bands).collect();
    let canvas = Canvas::new(&mut pixels, shape[0], shape[1], shape[2], layout.sample.bytes())?;
    if !image.read_block(at, window, &bands, &mut canvas.whole()?)? {
        return Ok(Block::Absent);
    }
    Pixels::from_vec(pixels, shape, layout.sample, Interleave::Band).map(Block::Pixels)
}
