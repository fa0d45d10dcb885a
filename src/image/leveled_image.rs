//! An image whose reduced resolution levels are other images.

use std::sync::Arc;

use super::block_cache::BlockCache;
use super::canvas::TileMut;
use super::grid::{BlockIndex, Window};
use super::layout::ImageLayout;
use super::pixels::Pixels;
use super::provider::{Access, Block, ImageProvider, InFile, Wanted};
use crate::error::Result;

/// The pixels of an image, with levels that lie elsewhere, such as in other files.
pub(crate) struct LeveledImage {
    image: Arc<dyn ImageProvider>,
    levels: Vec<Arc<dyn ImageProvider>>,
}

impl LeveledImage {
    /// `image` with those of `levels` that are its levels, in order: each has the bands and the samples of the image, and half
    /// the size of the one before, rounded up. Also returns the number of levels used; the next one is not a level of the
    /// image.
    pub(crate) fn new(image: Arc<dyn ImageProvider>, levels: Vec<Arc<dyn ImageProvider>>) -> (Self, usize) {
        let full = image.layout();
        let (mut columns, mut rows) = (full.grid.columns(), full.grid.rows());
        let is_next = |level: &Arc<dyn ImageProvider>| {
            (columns, rows) = (columns.div_ceil(2), rows.div_ceil(2));
            let layout = level.layout();
            (layout.grid.columns(), layout.grid.rows()) == (columns, rows)
                && (layout.bands, layout.sample) == (full.bands, full.sample)
        };
        let levels: Vec<_> = levels.into_iter().take_while(is_next).collect();
        let count = levels.len();
        (Self { image, levels }, count)
    }
}

impl ImageProvider for LeveledImage {
    fn layout(&self) -> &ImageLayout {
        self.image.layout()
    }

    fn access(&self) -> Access {
        self.image.access()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        self.image.has_block(at)
    }

    fn has_pixels(&self, window: Window) -> Result<bool> {
        self.image.has_pixels(window)
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.image.block(at)
    }

    fn is_dense(&self) -> bool {
        self.image.is_dense()
    }

    fn pixels(&self) -> Option<&Pixels> {
        self.image.pixels()
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &self.levels
    }

    fn behind(&self) -> InFile<'_> {
        self.image.behind()
    }

    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        self.image.read_block(at, wanted, out)
    }

    fn decodes(&self, window: Window, bands: &[u32]) -> u64 {
        self.image.decodes(window, bands)
    }

    fn use_cache(&self, cache: &Arc<BlockCache>) {
        self.image.use_cache(cache);
        self.levels.iter().for_each(|level| level.use_cache(cache));
    }

    fn check_unchanged(&self) -> Result<()> {
        self.image.check_unchanged()
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::BlockGrid;
    use super::super::memory_image::MemoryImage;
    use super::super::sample::SampleType;
    use super::*;

    fn image(columns: u32, rows: u32, bands: u32, sample: SampleType) -> Arc<dyn ImageProvider> {
        let grid = BlockGrid::new(columns, rows, 16, 16).unwrap();
        Arc::new(MemoryImage::new(ImageLayout::new(grid, bands, sample).unwrap()))
    }

    #[test]
    fn a_level_has_half_the_size_of_the_one_before() {
        let byte = SampleType::UInt8;
        let full = || image(33, 20, 2, byte);
        let halves = || vec![image(17, 10, 2, byte), image(9, 5, 2, byte)];
        assert_eq!(LeveledImage::new(full(), halves()).1, 2);
        for wrong in [image(4, 3, 2, byte), image(5, 3, 1, byte), image(5, 3, 2, SampleType::Int8)] {
            let (leveled, count) = LeveledImage::new(full(), [halves(), vec![wrong]].concat());
            assert_eq!((leveled.levels().len(), count), (2, 2));
        }
    }
}
