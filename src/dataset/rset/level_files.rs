//! The files of the levels of an image, which receive the blocks of a pyramid.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::writer::{DatasetWriter, ImageWriter};
use super::level_request::Levels;
use crate::codec::{Encoded, ImageEncoder};
use crate::error::Result;
use crate::image::{BlockIndex, ImageLayout, ImageProvider, Interleave, PadValue, Pixels, Reduction, Template};
use crate::pipeline::{Control, LevelSink, Pyramid, Scratch, encode_block};

/// Encodes the blocks of levels on the workers that completed them, and appends them on the thread that appends the blocks of the
/// image.
pub(super) struct LevelFiles<'w> {
    files: Vec<LevelFile<'w>>,
    writers: Mutex<Vec<ImageWriter<'w>>>,
    /// Encoded blocks that wait for the appending thread, each with its level.
    encoded: Mutex<Vec<(usize, Encoded)>>,
    scratch: Mutex<Vec<Scratch>>,
}

/// What a worker knows of the file of a level.
struct LevelFile<'w> {
    encoder: Arc<dyn ImageEncoder>,
    layout: ImageLayout,
    /// True if the file can omit blocks.
    allows_absent: bool,
    template: &'w Template,
}

impl<'w> LevelFiles<'w> {
    /// Begins the image of each level in the file of its writer.
    ///
    /// # Errors
    /// As [`DatasetWriter::begin_image`].
    pub(super) fn begin(
        writers: &'w mut [DatasetWriter],
        levels: &'w Levels<'_>,
        control: &Control<'_>,
    ) -> Result<Self> {
        let begun = writers.iter_mut().zip(levels.requests());
        let writers: Vec<_> =
            begun.map(|(writer, request)| writer.begin_image(&request, control)).collect::<Result<_>>()?;
        let files = writers.iter().zip(levels.templates()).map(|(writer, template)| LevelFile {
            encoder: Arc::clone(writer.encoder()),
            layout: writer.layout().clone(),
            allows_absent: writer.allows_absent(),
            template,
        });
        let files = files.collect();
        Ok(Self { files, writers: Mutex::new(writers), encoded: Mutex::default(), scratch: Mutex::default() })
    }

    /// The tap that makes the levels.
    pub(super) fn pyramid(&self, method: Reduction, nodata: Option<PadValue>) -> Pyramid<'_> {
        let layouts = self.files.iter().map(|file| file.layout.clone()).collect();
        Pyramid::new(layouts, method, nodata, self)
    }

    /// Completes the images.
    ///
    /// # Errors
    /// As [`ImageWriter::finish`].
    pub(super) fn finish(self, control: &Control<'_>) -> Result<()> {
        let writers = self.writers.into_inner().unwrap_or_else(PoisonError::into_inner);
        writers.into_iter().try_for_each(|writer| writer.finish(control))
    }
}

impl LevelSink for LevelFiles<'_> {
    fn take(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()> {
        let file = &self.files[level - 1];
        let block = match file.stored(at, pixels)? {
            None => Encoded::absent(at),
            Some(pixels) => {
                let mut scratch = lock(&self.scratch).pop().unwrap_or_default();
                let block = encode_block(&*file.encoder, &file.layout, at, &pixels, &mut scratch)?;
                lock(&self.scratch).push(scratch);
                block
            }
        };
        lock(&self.encoded).push((level, block));
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        let encoded = std::mem::take(&mut *lock(&self.encoded));
        let mut writers = lock(&self.writers);
        encoded.into_iter().try_for_each(|(level, block)| writers[level - 1].append(block))
    }
}

impl LevelFile<'_> {
    /// The pixels that the file stores for a block; `None` for a block that it omits.
    fn stored(&self, at: BlockIndex, pixels: Option<Pixels>) -> Result<Option<Pixels>> {
        let window = self.layout.grid.block_window(at);
        if self.allows_absent {
            // The file may have left out the block already: the larger blocks of the image hold padding around its own.
            return Ok(if self.template.has_pixels(window)? { pixels } else { None });
        }
        let Some(pixels) = pixels else {
            let shape = [self.layout.bands as usize, window.height as usize, window.width as usize];
            let absent = self.encoder.gathering().absent.clone();
            let sample = absent.unwrap_or_else(|| self.layout.pad_bytes());
            let bytes = sample.repeat(shape.iter().product());
            return Pixels::from_vec(bytes, shape, self.layout.sample, Interleave::Band).map(Some);
        };
        Ok(Some(pixels))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
