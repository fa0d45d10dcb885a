//! A large image that is split by rows into several segments, as one image.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::image::{
    Access, Block, BlockGrid, BlockIndex, Canvas, ImageLayout, ImageProvider, Interleave, Pixels, TileMut, Window,
};

/// The parts of an image, from the first row down.
pub(super) struct JoinedImage {
    layout: ImageLayout,
    stored: BlockGrid,
    parts: Vec<Part>,
}

struct Part {
    first_row: u32,
    image: Arc<dyn ImageProvider>,
}

impl JoinedImage {
    /// The image of parts that have the same columns, bands and samples.
    ///
    /// # Errors
    /// [`Error::Malformed`] where they differ, or have more rows than an image can have.
    pub(super) fn new(images: Vec<Arc<dyn ImageProvider>>) -> Result<Self> {
        let first = images.first().ok_or_else(|| Error::malformed("image without segments"))?.layout().clone();
        let mut parts = Vec::new();
        let mut rows = 0u32;
        for image in images {
            let layout = image.layout();
            let same = (layout.grid.columns(), layout.bands, layout.sample)
                == (first.grid.columns(), first.bands, first.sample);
            let next = rows.checked_add(layout.grid.rows()).filter(|_| same);
            let next =
                next.ok_or_else(|| Error::malformed("segments of one image differ in columns, bands or samples"))?;
            parts.push(Part { first_row: rows, image });
            rows = next;
        }
        let whole =
            |grid: BlockGrid, block_rows| BlockGrid::new(grid.columns(), rows, grid.block_columns(), block_rows);
        let stored = parts[0].image.stored_grid();
        // Blocks of the first part go on through the others, whose first rows they meet, if its rows are whole blocks.
        let fitting = |grid: BlockGrid| {
            let rows = first.grid.rows();
            if rows.is_multiple_of(grid.block_rows()) { grid.block_rows() } else { rows }
        };
        let grid = whole(first.grid, fitting(first.grid))?;
        let stored = whole(stored, fitting(stored))?;
        Ok(Self { layout: ImageLayout { grid, ..first }, stored, parts })
    }

    /// The parts that rows of the image lie in, each with the rows it has of them, counted in the image.
    fn parts_of(&self, rows: std::ops::Range<u32>) -> impl Iterator<Item = (&Part, std::ops::Range<u32>)> {
        self.parts.iter().filter_map(move |part| {
            let end = part.first_row + part.image.layout().grid.rows();
            let inside = rows.start.max(part.first_row)..rows.end.min(end);
            (!inside.is_empty()).then_some((part, inside))
        })
    }
}

impl ImageProvider for JoinedImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        self.parts[0].image.access()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        for (part, rows) in self.parts_of(window.y..window.bottom()) {
            let grid = part.image.layout().grid;
            let inside = Window::new(window.x, rows.start - part.first_row, window.width, rows.len() as u32);
            for at in grid.blocks_of(inside) {
                if part.image.has_block(at)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        let shape = [self.layout.bands as usize, window.height as usize, window.width as usize];
        let bands: Vec<u32> = (0..self.layout.bands).collect();
        let mut pixels = vec![0; shape.iter().product::<usize>() * self.layout.sample.bytes()];
        let canvas = Canvas::new(&mut pixels, shape[0], shape[1], shape[2], self.layout.sample.bytes())?;
        if !self.read_block(at, window, &bands, &mut canvas.whole()?)? {
            return Ok(Block::Absent);
        }
        Pixels::from_vec(pixels, shape, self.layout.sample, Interleave::Band).map(Block::Pixels)
    }

    fn is_dense(&self) -> bool {
        self.parts.iter().all(|part| part.image.is_dense())
    }

    fn stored_grid(&self) -> BlockGrid {
        self.stored
    }

    fn read_block(&self, _at: BlockIndex, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        let size = self.layout.sample.bytes();
        let pad = self.layout.pad_bytes();
        let mut missing = Vec::new();
        let mut found = false;
        for (part, rows) in self.parts_of(window.y..window.bottom()) {
            let grid = part.image.layout().grid;
            let wanted = Window::new(window.x, rows.start - part.first_row, window.width, rows.len() as u32);
            for at in grid.blocks_of(wanted) {
                let inside = grid.block_window(at).intersect(&wanted);
                let (y, x) = (part.first_row + inside.y - window.y, inside.x - window.x);
                let place = Window::new(x, y, inside.width, inside.height);
                if !part.image.has_block(at)? {
                    missing.push(place);
                    continue;
                }
                let mut piece = vec![0; bands.len() * inside.pixels() as usize * size];
                let canvas = Canvas::new(&mut piece, bands.len(), inside.height as usize, inside.width as usize, size)?;
                if !part.image.read_block(at, inside, bands, &mut canvas.whole()?)? {
                    missing.push(place);
                    continue;
                }
                found = true;
                let mut rows = piece.chunks_exact(inside.width as usize * size);
                for band in 0..bands.len() {
                    for row in 0..inside.height {
                        let line = &mut out.row(band, (y + row) as usize)[x as usize * size..];
                        line[..inside.width as usize * size].copy_from_slice(rows.next().unwrap_or_default());
                    }
                }
            }
        }
        if found {
            for place in missing {
                for (band, row) in (0..bands.len()).flat_map(|band| (0..place.height).map(move |row| (band, row))) {
                    let line = &mut out.row(band, (place.y + row) as usize)[place.x as usize * size..]
                        [..place.width as usize * size];
                    line.chunks_exact_mut(size).for_each(|sample| sample.copy_from_slice(&pad));
                }
            }
        }
        Ok(found)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.parts[0].image.check_unchanged()
    }

    fn file_bytes(&self) -> u64 {
        self.parts[0].image.file_bytes()
    }
}
