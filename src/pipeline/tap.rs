//! Taps observe the pixels of an image while it is written, e.g. for statistics or a pyramid.

use crate::codec::{BlockPixels, Gathering};
use crate::error::Result;
use crate::image::{BlockIndex, Interleave, SampleType, TargetBlock, Window};

/// Receives the pixels of every encoded block once, on the worker that encodes it: several blocks at a time, in any order.
/// Absent blocks are not passed.
pub trait Tap: Sync {
    /// Receives the pixels of a block.
    ///
    /// # Errors
    /// An error stops the write.
    fn take(&self, block: &TapBlock<'_>) -> Result<()>;
}

/// The pixels of a block, as passed to a tap.
pub struct TapBlock<'p> {
    at: BlockIndex,
    window: Window,
    bands: usize,
    sample: SampleType,
    /// Rows and columns of the block in memory, padding included.
    extent: [usize; 2],
    interleave: Interleave,
    pixels: &'p BlockPixels<'p>,
}

impl<'p> TapBlock<'p> {
    pub(super) fn new(block: &TargetBlock<'_>, gathering: &Gathering, pixels: &'p BlockPixels<'p>) -> Self {
        let extent = block.extent(&gathering.padding);
        Self {
            at: block.at(),
            window: block.window(),
            bands: block.bands() as usize,
            sample: block.sample(),
            extent: [extent.height as usize, extent.width as usize],
            interleave: pixels.interleave(gathering),
            pixels,
        }
    }

    /// The block's place in the file's grid.
    pub fn at(&self) -> BlockIndex {
        self.at
    }

    /// The part of the image in the block.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Number of bands.
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Type of the samples, which are in native byte order.
    pub fn sample(&self) -> SampleType {
        self.sample
    }

    /// The bytes of each sample of the image in one band and row `y` of the block, without padding.
    ///
    /// # Panics
    /// If `band` or `y` lies outside the strip.
    pub fn row(&self, band: usize, y: usize) -> impl Iterator<Item = &'p [u8]> + use<'p> {
        assert!(band < self.bands && y < self.window.height as usize, "band {band}, row {y}");
        let (size, width) = (self.sample.bytes(), self.window.width as usize);
        let [rows, columns] = self.extent;
        let line = columns * size;
        let (bytes, start, step) = match (self.pixels, self.interleave) {
            (BlockPixels::Bands(bands), _) => (bands[band], y * line, size),
            (pixels, interleave) => {
                let bytes = pixels.bytes().expect("bands that lie apart are the case above");
                match interleave {
                    Interleave::Band => (bytes, (band * rows + y) * line, size),
                    Interleave::Row => (bytes, (y * self.bands + band) * line, size),
                    Interleave::Pixel => (bytes, y * line * self.bands + band * size, size * self.bands),
                }
            }
        };
        bytes[start..start + (width - 1) * step + size].chunks(step).map(move |chunk| &chunk[..size])
    }
}
