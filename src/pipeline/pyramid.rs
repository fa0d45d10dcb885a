//! The reduced levels of an image, made while the image is written.

mod level;
mod raster;

use std::sync::{Arc, OnceLock};

use self::level::Level;
use self::raster::Raster;
use super::concurrency::{Concurrency, Control};
use super::read::{ReadRequest, read_region};
use super::tap::{Tap, TapBlock};
use crate::error::{Error, Result};
use crate::image::{
    Access, BlockIndex, ImageLayout, ImageProvider, Interleave, PadValue, Pixels, Reduction, SampleType, Window,
};

/// Receives the blocks of the levels of a [`Pyramid`] when they are complete, on the worker that completed them: several at a
/// time, in any order.
pub trait LevelSink: Sync {
    /// Receives block `at` of a level (1 is the first reduction). `None` if the source has no pixels for it.
    ///
    /// # Errors
    /// An error stops the write.
    fn take(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()>;

    /// Receives block `at` of the mask of a level, if the image has a mask: one band of `uint8`, 1 for pixels that count, 0 for
    /// others. `None` if the source has no pixels for it.
    ///
    /// # Errors
    /// An error stops the write.
    fn take_mask(&self, _level: usize, _at: BlockIndex, _pixels: Option<Pixels>) -> Result<()> {
        Ok(())
    }

    /// Called on the thread that appends the blocks of the image, after each of them.
    ///
    /// # Errors
    /// An error stops the write.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
}

/// A tap that makes reduced levels of an image. Each level has half the columns and rows of the one before, rounded up, and is
/// reduced from it. Memory: the blocks of the levels that are not complete yet, about one row of blocks of each level; a method
/// that takes pixels around also keeps a row of blocks that each level is made from. The pixels do not depend on the number of
/// threads.
pub struct Pyramid<'s> {
    targets: Vec<ImageLayout>,
    method: Reduction,
    nodata: Option<PadValue>,
    mask: Option<&'s dyn ImageProvider>,
    sink: &'s dyn LevelSink,
    levels: OnceLock<Vec<Level>>,
}

impl<'s> Pyramid<'s> {
    /// Levels with these layouts, from the largest to the smallest. Samples of the value `nodata` do not count.
    pub fn new(levels: Vec<ImageLayout>, method: Reduction, nodata: Option<PadValue>, sink: &'s dyn LevelSink) -> Self {
        Self { targets: levels, method, nodata, mask: None, sink, levels: OnceLock::new() }
    }

    /// Excludes the pixels for which `mask` is zero: one band of `uint8` of the size of the image, whose blocks any thread may
    /// request.
    #[must_use]
    pub fn with_mask(self, mask: &'s dyn ImageProvider) -> Self {
        Self { mask: Some(mask), ..self }
    }

    /// Checks that the pyramid can be made of an image with this layout.
    ///
    /// # Errors
    /// [`Error::Usage`] if a level does not have half the size of the one before, or other bands or samples; for a mask that does
    /// not suit the image, and for a method that does not suit its samples.
    pub fn check(&self, layout: &ImageLayout) -> Result<()> {
        self.levels_of(layout).map(drop)
    }

    fn levels_of(&self, layout: &ImageLayout) -> Result<Vec<Level>> {
        if let Some(mask) = self.mask {
            check_mask(mask, layout)?;
        }
        let mut sources = vec![layout];
        sources.extend(&self.targets);
        let levels = sources.iter().zip(&self.targets);
        levels
            .map(|(source, target)| Level::new(source, target, self.method, self.nodata, self.mask.is_some()))
            .collect()
    }

    /// Passes a block to the level made from it, and the blocks that this completes to the sink and to the next level.
    fn arrive(&self, number: usize, at: BlockIndex, raster: Option<&Arc<Raster>>) -> Result<()> {
        let levels = self.levels.get().ok_or_else(|| Error::usage("a pyramid received a block before its image"))?;
        let Some(level) = levels.get(number) else { return Ok(()) };
        for (at, raster) in level.arrive(at, raster) {
            self.arrive(number + 1, at, raster.as_ref())?;
            self.pass(number + 1, at, level.target(), raster)?;
        }
        Ok(())
    }

    /// Passes a complete block, and that of the mask, to the sink.
    fn pass(&self, level: usize, at: BlockIndex, layout: &ImageLayout, raster: Option<Arc<Raster>>) -> Result<()> {
        let (mut pixels, mut mask) = (None, None);
        if let Some(raster) = raster {
            let [rows, columns] = [raster.window.height as usize, raster.window.width as usize];
            let Raster { samples, valid, .. } = Arc::unwrap_or_clone(raster);
            let shape = [layout.bands as usize, rows, columns];
            pixels = Some(Pixels::from_vec(samples, shape, layout.sample, Interleave::Band)?);
            let of_valid = |valid| Pixels::from_vec(valid, [1, rows, columns], SampleType::UInt8, Interleave::Band);
            mask = valid.map(of_valid).transpose()?;
        }
        self.sink.take(level, at, pixels)?;
        if self.mask.is_some() { self.sink.take_mask(level, at, mask) } else { Ok(()) }
    }

    /// The mask in a window: 1 for pixels that count.
    fn valid(&self, window: Window) -> Result<Option<Vec<u8>>> {
        let Some(mask) = self.mask else { return Ok(None) };
        let mut bytes = vec![0; window.pixels() as usize];
        let request = ReadRequest { window, ..ReadRequest::whole(mask) };
        read_region(mask, &request, &mut bytes, Concurrency::SINGLE, &Control::default())?;
        for byte in &mut bytes {
            *byte = u8::from(*byte != 0);
        }
        Ok(Some(bytes))
    }
}

/// # Errors
/// [`Error::Usage`] for an image that is not a mask of one with this layout.
fn check_mask(mask: &dyn ImageProvider, layout: &ImageLayout) -> Result<()> {
    let text = |layout: &ImageLayout, bands: u32, sample: SampleType| {
        format!("{} × {}, {bands} bands of {sample}", layout.grid.columns(), layout.grid.rows())
    };
    let found = mask.layout();
    let (found, allowed) = (text(found, found.bands, found.sample), text(layout, 1, SampleType::UInt8));
    if found != allowed {
        return Err(Error::usage("mask of an image:").found(found).allowed(allowed));
    }
    if mask.access() != Access::Parallel {
        let error = Error::usage("mask of an image:").found("one whose blocks only one thread may request");
        return Err(error.allowed("an array, or an image of a file whose blocks are independent"));
    }
    Ok(())
}

impl Tap for Pyramid<'_> {
    /// # Errors
    /// As [`Pyramid::check`], and [`Error::Usage`] if the pyramid already belongs to an image.
    fn begin(&self, layout: &ImageLayout) -> Result<()> {
        let levels = self.levels_of(layout)?;
        self.levels.set(levels).map_err(|_| Error::usage("a pyramid serves one image"))
    }

    fn take(&self, block: &TapBlock<'_>) -> Result<()> {
        let window = block.window();
        self.arrive(
            0,
            block.at(),
            Some(&Arc::new(Raster { window, samples: block.planes(), valid: self.valid(window)? })),
        )
    }

    fn absent(&self, at: BlockIndex) -> Result<()> {
        self.arrive(0, at, None)
    }

    fn settle(&self) -> Result<()> {
        self.sink.settle()
    }
}

#[cfg(test)]
mod tests;
