//! What views of images need of their source: pixels of any window, and which parts of it are there.

use super::canvas::{Canvas, TileMut};
use super::grid::{BlockIndex, Window};
use super::pixels::Pixels;
use super::provider::{Block, ImageProvider};
use super::sample::Interleave;
use crate::error::Result;

/// The parts of `window` that lie in absent blocks of an image, in pixels of the image.
///
/// # Errors
/// What the image reports.
pub fn absent_parts(image: &dyn ImageProvider, window: Window) -> Result<Vec<Window>> {
    let mut found = Vec::new();
    if image.is_dense() {
        return Ok(found);
    }
    for at in image.layout().grid.blocks_of(window) {
        if !image.has_block(at)? {
            found.push(image.layout().grid.block_window(at).intersect(&window));
        }
    }
    Ok(found)
}

/// Writes the chosen bands of `window`, which may cover many blocks, to a rectangle of its size; parts of absent blocks get the
/// image's pad value. False if all of it is absent; the rectangle is then untouched.
///
/// # Errors
/// What the image reports.
pub(super) fn read_window(
    image: &dyn ImageProvider,
    window: Window,
    bands: &[u32],
    out: &mut TileMut<'_>,
) -> Result<bool> {
    let grid = image.layout().grid;
    let (mut absent, mut present) = (Vec::new(), false);
    for at in grid.blocks_of(window) {
        let part = grid.block_window(at).intersect(&window);
        let place = part.relative_to(window.x, window.y);
        if image.has_block(at)? && image.read_block(at, part, bands, &mut out.part(place)?)? {
            present = true;
        } else {
            absent.push(place);
        }
    }
    if present && !absent.is_empty() {
        let pad = image.layout().pad_bytes();
        for place in absent {
            out.part(place)?.fill(&pad);
        }
    }
    Ok(present)
}

/// Block `at` of an image that can write any part of a block.
///
/// # Errors
/// What the image reports.
pub(super) fn whole_block(image: &dyn ImageProvider, at: BlockIndex) -> Result<Block> {
    let layout = image.layout();
    let window = layout.grid.block_window(layout.grid.check(at)?);
    let shape = [layout.bands as usize, window.height as usize, window.width as usize];
    let bands: Vec<u32> = (0..layout.bands).collect();
    let mut pixels = vec![0; shape.iter().product::<usize>() * layout.sample.bytes()];
    let canvas = Canvas::new(&mut pixels, shape[0], shape[1], shape[2], layout.sample.bytes())?;
    if !image.read_block(at, window, &bands, &mut canvas.whole()?)? {
        return Ok(Block::Absent);
    }
    Pixels::from_vec(pixels, shape, layout.sample, Interleave::Band).map(Block::Pixels)
}
