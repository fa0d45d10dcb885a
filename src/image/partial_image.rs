//! An image of a damaged file of which the pixels that are there are read.

use std::sync::Arc;

use super::canvas::TileMut;
use super::gaps::Gaps;
use super::grid::{BlockIndex, Window};
use super::layout::ImageLayout;
use super::pixels::Pixels;
use super::provider::{Access, Block, ImageProvider, InFile, Wanted, read_whole_block};
use crate::error::{Error, Result};

/// An image whose missing pixels have a fill value. Damage is recorded instead of returned as an error.
pub(crate) struct PartialImage {
    image: Arc<dyn ImageProvider>,
    gaps: Arc<Gaps>,
    levels: Vec<Arc<dyn ImageProvider>>,
}

impl PartialImage {
    /// The pixels of `image` that are there. `gaps` has the fill value, and records what is missing.
    pub(crate) fn new(image: Arc<dyn ImageProvider>, gaps: &Arc<Gaps>) -> Self {
        let level =
            |level: &Arc<dyn ImageProvider>| Arc::new(Self::new(Arc::clone(level), gaps)) as Arc<dyn ImageProvider>;
        let levels = image.levels().iter().map(level).collect();
        Self { image, gaps: Arc::clone(gaps), levels }
    }
}

/// The answer, or true if damage hides it: the attempt to read the pixels then records the damage.
fn or_present(answer: Result<bool>) -> Result<bool> {
    match answer {
        Err(Error::Malformed(_)) => Ok(true),
        answer => answer,
    }
}

impl ImageProvider for PartialImage {
    fn layout(&self) -> &ImageLayout {
        self.image.layout()
    }

    fn access(&self) -> Access {
        self.image.access()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        or_present(self.image.has_block(at))
    }

    fn has_pixels(&self, window: Window) -> Result<bool> {
        or_present(self.image.has_pixels(window))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        read_whole_block(self, at)
    }

    fn is_dense(&self) -> bool {
        self.image.is_dense()
    }

    fn pixels(&self) -> Option<&Pixels> {
        self.image.pixels()
    }

    fn decodes(&self, window: Window, bands: &[u32]) -> u64 {
        self.image.decodes(window, bands)
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &self.levels
    }

    /// Blocks are not fetched ahead: the ranges of a damaged file may lie outside of it. A damaged stream is not copied undecoded:
    /// the pixels that are there are.
    fn behind(&self) -> InFile<'_> {
        let InFile { whole, stream, .. } = self.image.behind();
        let (whole, stream) = (whole.filter(|whole| whole.is_complete()), stream.filter(|stream| stream.is_complete()));
        InFile { image: None, whole, stream, ..self.image.behind() }
    }

    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let mut tile = out.in_part(&self.gaps, (wanted.window.x, wanted.window.y));
        match self.image.read_block(at, wanted, &mut tile) {
            Err(error @ Error::Malformed(_)) => {
                tile.fill_missing(0, None, &error);
                Ok(true)
            }
            found => found,
        }
    }

    fn check_unchanged(&self) -> Result<()> {
        self.image.check_unchanged()
    }
}
