//! Taps observe the pixels of an image while it is written, e.g. for statistics or a pyramid.

use super::concurrency::{Concurrency, Control};
use super::ordered::ordered;
use crate::codec::{BlockPixels, Borrow, Gathering};
use crate::error::Result;
use crate::image::{
    BlockIndex, ImageLayout, ImageProvider, Interleave, Padding, Present, Reblock, SampleType, TargetBlock, Window,
};
use crate::simd;

/// Receives the pixels of every block of the file once, on the worker that encodes it: several blocks at a time, in any order.
/// An error of a tap stops the write.
pub trait Tap: Sync {
    /// Announces the image, with the blocks of the file, before the first block.
    ///
    /// # Errors
    /// If the tap does not take this image.
    fn begin(&self, _layout: &ImageLayout) -> Result<()> {
        Ok(())
    }

    /// Receives the pixels of a block.
    ///
    /// # Errors
    /// Those of the tap.
    fn take(&self, block: &TapBlock<'_>) -> Result<()>;

    /// Announces a block that is absent.
    ///
    /// # Errors
    /// Those of the tap.
    fn absent(&self, _at: BlockIndex) -> Result<()> {
        Ok(())
    }

    /// Called on the thread that appends, after each block: the tap has received that block and all blocks before it.
    ///
    /// # Errors
    /// Those of the tap.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
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
                let bytes = gathered(pixels);
                match interleave {
                    Interleave::Band => (bytes, (band * rows + y) * line, size),
                    Interleave::Row => (bytes, (y * self.bands + band) * line, size),
                    Interleave::Pixel => (bytes, y * line * self.bands + band * size, size * self.bands),
                }
            }
        };
        bytes[start..start + (width - 1) * step + size].chunks(step).map(move |chunk| &chunk[..size])
    }

    /// The bytes of the block's part of the image, band after band.
    pub(super) fn planes(&self) -> Vec<u8> {
        let [width, height] = [self.window.width as usize, self.window.height as usize];
        let (length, band) = (width * self.sample.bytes(), width * height * self.sample.bytes());
        let mut out = vec![0; band * self.bands];
        let mut planes: Vec<_> = out.chunks_exact_mut(band).map(|plane| plane.chunks_exact_mut(length)).collect();
        for y in 0..height {
            let mut rows: Vec<_> = planes.iter_mut().filter_map(Iterator::next).collect();
            let line = self.extent[1] * self.sample.bytes();
            match (self.pixels, self.interleave) {
                (BlockPixels::Bands(bands), _) => {
                    rows.iter_mut().zip(bands).for_each(|(row, band)| row.copy_from_slice(&band[y * line..][..length]));
                }
                (pixels, Interleave::Pixel) => {
                    let start = y * line * self.bands;
                    let row = &gathered(pixels)[start..][..length * self.bands];
                    simd::deinterleave(row, self.sample.bytes(), &mut rows);
                }
                (pixels, interleave) => {
                    for (band, row) in rows.iter_mut().enumerate() {
                        let at = if interleave == Interleave::Band {
                            band * self.extent[0] + y
                        } else {
                            y * self.bands + band
                        };
                        row.copy_from_slice(&gathered(pixels)[at * line..][..length]);
                    }
                }
            }
        }
        out
    }
}

/// Passes the pixels of an image that is copied undecoded to the taps: the image is read once more, and decoded.
///
/// # Errors
/// The first error of provider or taps, and the errors of the caller's control.
pub(crate) fn show_blocks(
    provider: &dyn ImageProvider,
    taps: &[&dyn Tap],
    concurrency: Concurrency,
    control: &Control<'_>,
) -> Result<()> {
    let layout = provider.layout();
    let gathering =
        Gathering { interleave: Interleave::Band, padding: Padding::Crop, absent: None, borrow: Borrow::Nothing };
    taps.iter().try_for_each(|tap| tap.begin(layout))?;
    ordered(
        concurrency.at_most(layout.grid.count()),
        control,
        Reblock::new(provider, layout.grid)?,
        |block, scratch| {
            if block.gather(gathering.interleave, &gathering.padding, &mut scratch.raw)? == Present::Nothing {
                return taps.iter().try_for_each(|tap| tap.absent(block.at()));
            }
            let pixels = BlockPixels::Gathered(&mut scratch.raw);
            let seen = TapBlock::new(&block, &gathering, &pixels);
            taps.iter().try_for_each(|tap| tap.take(&seen))
        },
        |()| taps.iter().try_for_each(|tap| tap.settle()),
    )
}

/// The bytes of pixels that lie in one piece.
fn gathered<'p>(pixels: &'p BlockPixels<'p>) -> &'p [u8] {
    pixels.bytes().expect("the caller handles bands that lie apart")
}
