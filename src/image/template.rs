//! The description of an image, without its pixels.

use super::grid::BlockIndex;
use super::layout::ImageLayout;
use super::provider::{Access, Block, ImageProvider};
use crate::error::{Error, Result};

/// A layout that stands in for an image, for requests whose blocks the caller encodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    layout: ImageLayout,
    is_dense: bool,
    /// Whether each block holds pixels, row by row; empty if all do.
    blocks: Vec<bool>,
}

impl Template {
    /// An image with this layout; `is_dense` if no block will be absent.
    pub fn new(layout: ImageLayout, is_dense: bool) -> Self {
        Self { layout, is_dense, blocks: Vec::new() }
    }

    /// The same image, of which the blocks for which `blocks` is false are absent. There is a value for each block, row by row.
    #[must_use]
    pub(crate) fn with_blocks(self, blocks: Vec<bool>) -> Self {
        Self { blocks, ..self }
    }

    /// The description of `provider`.
    pub fn of(provider: &dyn ImageProvider) -> Self {
        Self::new(provider.layout().clone(), provider.is_dense())
    }
}

impl ImageProvider for Template {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        Access::Parallel
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let position = self.layout.grid.position(self.layout.grid.check(at)?);
        Ok(self.blocks.get(position as usize).copied().unwrap_or(true))
    }

    /// Always fails: a template does not have pixels.
    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.layout.grid.check(at)?;
        Err(Error::usage("a template does not have pixels"))
    }

    fn is_dense(&self) -> bool {
        self.is_dense
    }
}
