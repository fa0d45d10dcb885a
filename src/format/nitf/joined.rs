//! One image over several segments, into which a large image is split by rows.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::image::{
    Access, Block, BlockCache, BlockGrid, BlockIndex, FileImage, ImageLayout, ImageProvider, InFile, TileMut, Wanted,
    Window, read_whole_block,
};
use crate::io::ByteSource;

/// The parts of an image, from the first row down.
pub(super) struct JoinedImage {
    layout: ImageLayout,
    stored: BlockGrid,
    parts: Vec<Part>,
}

struct Part {
    first_row: u32,
    image: Arc<dyn FileImage>,
}

/// The part of a window that lies in one block of a part.
struct Piece<'a> {
    image: &'a dyn FileImage,
    /// Pixels of the part.
    inside: Window,
    /// Pixels of the window.
    place: Window,
}

impl JoinedImage {
    /// Joins parts that have the same columns, bands and samples.
    ///
    /// # Errors
    /// [`Error::Malformed`] if they differ, or have more rows than an image can have.
    pub(super) fn new(images: Vec<Arc<dyn FileImage>>) -> Result<Self> {
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
        let first_image: &dyn ImageProvider = &*parts[0].image;
        let stored = first_image.stored_grid();
        // If the first part has whole blocks of rows, the grid of blocks continues through the other parts and meets their
        // first rows. Bands of rows may meet them anywhere.
        let fitting = |grid: BlockGrid| {
            let rows = first.grid.rows();
            if rows.is_multiple_of(grid.block_rows()) { grid.block_rows() } else { rows }
        };
        let is_cut = stored != first.grid;
        let grid = whole(first.grid, if is_cut { first.grid.block_rows() } else { fitting(first.grid) })?;
        let stored = whole(stored, fitting(stored))?;
        Ok(Self { layout: ImageLayout { grid, ..first }, stored, parts })
    }

    /// The parts of a window of the image, one for each block of a part that it touches.
    fn pieces(&self, window: Window) -> impl Iterator<Item = Piece<'_>> {
        self.parts.iter().flat_map(move |part| {
            let grid = part.image.layout().grid;
            let rows = window.y.max(part.first_row)..window.bottom().min(part.first_row + grid.rows());
            let top = rows.start.saturating_sub(part.first_row);
            let wanted = Window::new(window.x, top, window.width, rows.len() as u32);
            grid.blocks_of(wanted).map(move |at| {
                let inside = grid.block_window(at).intersect(&wanted);
                let (x, y) = (inside.x - window.x, part.first_row + inside.y - window.y);
                Piece { image: &*part.image, inside, place: Window::new(x, y, inside.width, inside.height) }
            })
        })
    }
}

impl FileImage for JoinedImage {
    fn source(&self) -> &dyn ByteSource {
        self.parts[0].image.source()
    }

    fn ranges(&self, window: Window, bands: &[u32], out: &mut Vec<Range<u64>>) -> Result<()> {
        self.pieces(window).try_for_each(|piece| piece.image.ranges(piece.inside, bands, out))
    }

    fn read_from(&self, source: &dyn ByteSource, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let window = wanted.window;
        let pad = self.layout.pad_bytes();
        let mut found = false;
        for Piece { image, inside, place } in self.pieces(window) {
            let mut tile = out.part(place)?;
            if image.read_from(source, Wanted { window: inside, ..wanted }, &mut tile)? {
                found = true;
            } else {
                tile.fill(&pad);
            }
        }
        Ok(found)
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
        for Piece { image, inside, .. } in self.pieces(window) {
            for at in image.layout().grid.blocks_of(inside) {
                if image.has_block(at)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        read_whole_block(self, at)
    }

    fn is_dense(&self) -> bool {
        self.parts.iter().all(|part| part.image.is_dense())
    }

    fn behind(&self) -> InFile<'_> {
        let source = self.parts[0].image.behind().source;
        InFile { image: Some(self), grid: Some(self.stored), source, ..InFile::default() }
    }

    fn read_block(&self, _at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        self.read_from(self.source(), wanted, out)
    }

    fn use_cache(&self, cache: &Arc<BlockCache>) {
        self.parts.iter().for_each(|part| part.image.use_cache(cache));
    }

    fn check_unchanged(&self) -> Result<()> {
        self.parts[0].image.check_unchanged()
    }
}
