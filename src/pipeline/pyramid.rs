//! The reduced levels of an image, made while the image is written.

mod level;

use std::sync::{Arc, OnceLock};

use self::level::{Level, Planes};
use super::tap::{Tap, TapBlock};
use crate::error::{Error, Result};
use crate::image::{BlockIndex, ImageLayout, Interleave, PadValue, Pixels, Reduction};

/// Receives the blocks of the levels of a [`Pyramid`] when they are complete, on the worker that completed them: several at a
/// time, in any order.
pub trait LevelSink: Sync {
    /// Receives block `at` of a level (1 is the first reduction). `None` if the source has no pixels for it.
    ///
    /// # Errors
    /// An error stops the write.
    fn take(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()>;

    /// Called on the thread that appends the blocks of the image, after each of them.
    ///
    /// # Errors
    /// An error stops the write.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
}

/// A tap that makes reduced levels of an image. Each level has half the columns and rows of the one before, rounded up, and is
/// reduced from it. Memory: the blocks of the levels that are not complete yet, about one row of blocks of each level. The
/// pixels do not depend on the number of threads.
pub struct Pyramid<'s> {
    targets: Vec<ImageLayout>,
    method: Reduction,
    nodata: Option<PadValue>,
    sink: &'s dyn LevelSink,
    levels: OnceLock<Vec<Level>>,
}

impl<'s> Pyramid<'s> {
    /// Levels with these layouts, from the largest to the smallest. Averages ignore samples of the value `nodata`.
    pub fn new(levels: Vec<ImageLayout>, method: Reduction, nodata: Option<PadValue>, sink: &'s dyn LevelSink) -> Self {
        Self { targets: levels, method, nodata, sink, levels: OnceLock::new() }
    }

    /// Passes a block to the level made from it, and the blocks that this completes to the sink and to the next level.
    fn arrive(&self, number: usize, at: BlockIndex, planes: Option<&Planes>) -> Result<()> {
        let levels = self.levels.get().ok_or_else(|| Error::usage("a pyramid received a block before its image"))?;
        let Some(level) = levels.get(number) else { return Ok(()) };
        for (at, planes) in level.arrive(at, planes) {
            self.arrive(number + 1, at, planes.as_ref())?;
            let pixels = planes.map(|planes| pixels(planes, level.target(), at)).transpose()?;
            self.sink.take(number + 1, at, pixels)?;
        }
        Ok(())
    }
}

impl Tap for Pyramid<'_> {
    /// # Errors
    /// [`Error::Usage`] if a level does not have half the size of the one before, or other bands or samples, and if the pyramid
    /// already belongs to an image.
    fn begin(&self, layout: &ImageLayout) -> Result<()> {
        let mut sources = vec![layout];
        sources.extend(&self.targets);
        let levels = sources.iter().zip(&self.targets);
        let levels = levels
            .map(|(source, target)| Level::new(source, target, self.method, self.nodata))
            .collect::<Result<_>>()?;
        self.levels.set(levels).map_err(|_| Error::usage("a pyramid serves one image"))
    }

    fn take(&self, block: &TapBlock<'_>) -> Result<()> {
        self.arrive(0, block.at(), Some(&Arc::new(block.planes())))
    }

    fn absent(&self, at: BlockIndex) -> Result<()> {
        self.arrive(0, at, None)
    }

    fn settle(&self) -> Result<()> {
        self.sink.settle()
    }
}

/// The pixels of a complete block, without padding.
fn pixels(planes: Planes, layout: &ImageLayout, at: BlockIndex) -> Result<Pixels> {
    let window = layout.grid.block_window(at);
    let shape = [layout.bands as usize, window.height as usize, window.width as usize];
    Pixels::from_memory(planes, shape, layout.sample, Interleave::Band)
}

#[cfg(test)]
mod tests;
