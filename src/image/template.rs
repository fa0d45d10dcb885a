//! What an image is like, without its pixels.

use super::grid::BlockIndex;
use super::layout::ImageLayout;
use super::provider::{Access, Block, ImageProvider};
use crate::error::{Error, Result};

/// A layout in the place of an image, for requests whose blocks the caller encodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    layout: ImageLayout,
    is_dense: bool,
}

impl Template {
    /// An image with this layout; `is_dense` if no block will be absent.
    pub fn new(layout: ImageLayout, is_dense: bool) -> Self {
        Self { layout, is_dense }
    }

    /// What `provider` is like.
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

    /// Never has pixels.
    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.layout.grid.check(at)?;
        Err(Error::usage("pixels of a template"))
    }

    fn is_dense(&self) -> bool {
        self.is_dense
    }
}
