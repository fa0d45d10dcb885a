//! The image over a store.

use std::ops::Range;
use std::sync::Arc;

use super::parts::{Located, parts};
use super::place::fill_band;
use super::reading::Reading;
use super::store::{BlockStore, StoredBlock};
use super::workspace::Workspaces;
use crate::error::Result;
use crate::image::{
    Access, Block, BlockGrid, BlockIndex, FileImage, ImageLayout, ImageProvider, TileMut, Window, read_whole_block,
};
use crate::io::ByteSource;
use crate::limits::Limits;

/// An image over a store.
pub struct StoredImage {
    store: Arc<dyn BlockStore>,
    /// The image as the engine sees it: its blocks are those of the store, or parts of them that can be read
    /// separately.
    layout: ImageLayout,
    stated: BlockGrid,
    whole: Option<Arc<dyn BlockStore>>,
    limits: Limits,
    pad: Vec<u8>,
    levels: Vec<Arc<dyn ImageProvider>>,
    workspaces: Workspaces,
}

impl StoredImage {
    /// The image of a store, shown with another layout. The blocks of its grid are as wide as those of the store.
    pub fn new(store: Arc<dyn BlockStore>, layout: ImageLayout, limits: Limits) -> Self {
        let (stated, pad) = (layout.grid, layout.pad_bytes());
        let (levels, workspaces) = (Vec::new(), Workspaces::default());
        Self { store, layout, stated, whole: None, limits, pad, levels, workspaces }
    }

    /// The store of the blocks.
    pub fn store(&self) -> &Arc<dyn BlockStore> {
        &self.store
    }

    /// The same image, which can also be copied as one block, including tables of the container.
    #[must_use]
    pub fn with_whole(self, whole: Option<Arc<dyn BlockStore>>) -> Self {
        Self { whole, ..self }
    }

    /// The same image, for a file that states other blocks than those of the layout.
    #[must_use]
    pub fn with_stated_grid(self, stated: BlockGrid) -> Self {
        Self { stated, ..self }
    }

    /// The same image, with levels at a half, a quarter … of its size.
    #[must_use]
    pub fn with_levels(mut self, levels: Vec<Arc<dyn ImageProvider>>) -> Self {
        self.levels = levels;
        self
    }
}

impl FileImage for StoredImage {
    fn source(&self) -> &dyn ByteSource {
        &**self.store.source()
    }

    fn store(&self) -> Option<&Arc<dyn BlockStore>> {
        Some(&self.store)
    }

    fn ranges(&self, window: Window, bands: &[u32], out: &mut Vec<Range<u64>>) -> Result<()> {
        for part in parts(&*self.store, window, bands) {
            match part.locate(&*self.store, &self.limits)? {
                None => {}
                Some(Located::Rows(rows)) => out.extend(rows.ranges()),
                Some(Located::Piece(piece)) => out.push(piece.bytes),
            }
        }
        Ok(())
    }

    fn read_from(&self, source: &dyn ByteSource, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        self.workspaces.with(|work| {
            let mut found = false;
            for part in parts(&*self.store, window, bands) {
                let mut tile = out.part(part.window.relative_to(window.x, window.y))?;
                if let Some(located) = part.locate(&*self.store, &self.limits)? {
                    Reading { store: &*self.store, source, bands, tile, work }.read(&part, &located)?;
                    found = true;
                    continue;
                }
                let absent = part.band.map_or(0..bands.len(), |band| band.out..band.out + 1);
                absent.for_each(|band| fill_band(&mut tile, band, &self.pad));
            }
            Ok(found)
        })
    }
}

impl ImageProvider for StoredImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        if self.source().is_parallel() { Access::Parallel } else { Access::Serial }
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        for at in self.store.layout().grid.blocks_of(window) {
            for plane in 0..self.store.planes() {
                if self.store.has_block(StoredBlock { at, plane })? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        let bytes = window.pixels().saturating_mul(self.layout.pixel_bytes() as u64);
        self.limits.check_block("block", bytes, self.file_bytes())?;
        read_whole_block(self, at)
    }

    fn is_dense(&self) -> bool {
        self.store.is_dense()
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &self.levels
    }

    fn stored_grid(&self) -> BlockGrid {
        self.stated
    }

    fn in_file(&self) -> Option<&dyn FileImage> {
        Some(self)
    }

    fn whole(&self) -> Option<&Arc<dyn BlockStore>> {
        self.whole.as_ref()
    }

    fn read_block(&self, at: BlockIndex, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        self.layout.grid.check(at)?;
        self.read_from(self.source(), window, bands, out)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.source().check_unchanged()
    }

    fn file_bytes(&self) -> u64 {
        self.source().size()
    }
}
