//! A block as an array, for images that write their pixels to rectangles.

use super::canvas::Canvas;
use super::grid::BlockIndex;
use super::pixels::Pixels;
use super::provider::{Block, ImageProvider};
use super::sample::Interleave;
use crate::error::Result;

/// The pixels of a block of an image whose provider writes pixels to rectangles.
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
