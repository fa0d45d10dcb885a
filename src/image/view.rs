//! Views: images derived from another image, window by window.

use std::ops::Range;
use std::sync::Arc;

use super::canvas::TileMut;
use super::grid::{BlockIndex, Window};
use super::layout::ImageLayout;
use super::pixels::Pixels;
use super::provider::{Access, Block, FileImage, ImageProvider, InFile, Visit, Wanted, read_whole_block};
use crate::error::Result;
use crate::io::ByteSource;

/// An image derived from a source. It allows the same threads as the source, and blocks absent in the source are absent here.
pub(super) trait View: Send + Sync {
    /// The source and the common properties.
    fn base(&self) -> &Base;

    /// The source pixels that a window is made from.
    fn in_source(&self, window: Window) -> Window;

    /// The bands of the source that these bands are made from.
    fn bands_in_source(&self, bands: &[u32]) -> Vec<u32> {
        bands.to_vec()
    }

    /// True if the pixels are pixels of the source.
    fn is_part(&self) -> bool {
        false
    }

    /// True if the source pixels of a block are so few that their bytes can be fetched before the block is made.
    fn is_fetched(&self) -> bool {
        true
    }

    /// Whether a visit of a block here is the only one of the blocks of the source.
    fn visit(&self, visit: Visit) -> Visit {
        visit
    }

    /// Writes the chosen bands of a window, which lies inside one block, to a rectangle of its size. `read` reads the source.
    /// False if the whole window is absent; the content of the rectangle is then undefined.
    ///
    /// # Errors
    /// Errors of `read`.
    fn make(&self, window: Window, bands: &[u32], read: &Read<'_>, out: &mut TileMut<'_>) -> Result<bool>;
}

/// Reads the chosen bands of a window of a source, which may cover many blocks, as [`read_window`] does.
pub(super) type Read<'r> = dyn Fn(Window, &[u32], &mut TileMut<'_>) -> Result<bool> + 'r;

/// The source of a view, and the properties known before any pixel is made.
pub(super) struct Base {
    pub(super) source: Arc<dyn ImageProvider>,
    pub(super) layout: ImageLayout,
    /// All pixels, if they lie in memory.
    pub(super) pixels: Option<Pixels>,
    pub(super) levels: Vec<Arc<dyn ImageProvider>>,
    /// The ratio of the view's bytes to the bytes of its source.
    pub(super) expansion: u64,
}

impl Base {
    /// A view that computes its pixels, without levels, and not larger than its source.
    pub(super) fn new(source: Arc<dyn ImageProvider>, layout: ImageLayout) -> Self {
        Self { source, layout, pixels: None, levels: Vec::new(), expansion: 1 }
    }

    fn file(&self) -> &dyn FileImage {
        self.source.in_file().expect("a view is an image in a file only if its source is one")
    }
}

impl<V: View> ImageProvider for V {
    fn layout(&self) -> &ImageLayout {
        &self.base().layout
    }

    fn access(&self) -> Access {
        self.base().source.access()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let grid = &self.layout().grid;
        self.has_pixels(grid.block_window(grid.check(at)?))
    }

    fn has_pixels(&self, window: Window) -> Result<bool> {
        self.base().source.has_pixels(self.in_source(window))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        read_whole_block(self, at)
    }

    fn is_dense(&self) -> bool {
        self.base().source.is_dense()
    }

    fn pixels(&self) -> Option<&Pixels> {
        self.base().pixels.as_ref()
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &self.base().levels
    }

    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        self.layout().grid.check(at)?;
        let (source, visit, idle) = (&*self.base().source, self.visit(wanted.visit), wanted.idle);
        let read: &Read<'_> = &|window, bands, out| read_window(source, Wanted { window, bands, visit, idle }, out);
        self.make(wanted.window, wanted.bands, read, out)
    }

    fn decodes(&self, window: Window, bands: &[u32]) -> u64 {
        if self.is_part() {
            return self.base().source.decodes(self.in_source(window), bands);
        }
        self.layout().grid.blocks_of(window).count() as u64
    }

    fn check_unchanged(&self) -> Result<()> {
        self.base().source.check_unchanged()
    }

    fn behind(&self) -> InFile<'_> {
        let InFile { image, source, expansion, .. } = self.base().source.behind();
        let image = image.filter(|_| self.is_fetched()).map(|_| self as _);
        InFile { image, source, expansion: expansion.max(1).saturating_mul(self.base().expansion), ..InFile::default() }
    }
}

impl<V: View> FileImage for V {
    fn source(&self) -> &dyn ByteSource {
        self.base().file().source()
    }

    fn ranges(&self, window: Window, bands: &[u32], out: &mut Vec<Range<u64>>) -> Result<()> {
        self.base().file().ranges(self.in_source(window), &self.bands_in_source(bands), out)
    }

    fn read_from(&self, source: &dyn ByteSource, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let (image, visit, idle) = (self.base().file(), self.visit(wanted.visit), wanted.idle);
        let read: &Read<'_> = &|window, bands, out| image.read_from(source, Wanted { window, bands, visit, idle }, out);
        self.make(wanted.window, wanted.bands, read, out)
    }
}

/// The parts of `window` in absent blocks of an image, in pixels of the image.
///
/// # Errors
/// Errors of the image.
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

/// Writes the wanted pixels, whose window may cover many blocks, to a rectangle of its size. Parts in absent blocks get the
/// image's pad value. False if the whole window is absent; the content of the rectangle is then undefined.
///
/// # Errors
/// Errors of the image.
pub(super) fn read_window(image: &dyn ImageProvider, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
    let window = wanted.window;
    let grid = image.layout().grid;
    let (mut absent, mut present) = (Vec::new(), false);
    for at in grid.blocks_of(window) {
        let part = grid.block_window(at).intersect(&window);
        let place = part.relative_to(window.x, window.y);
        if image.has_block(at)? && image.read_block(at, Wanted { window: part, ..wanted }, &mut out.part(place)?)? {
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
