//! Image providers: a layout, and the pixels of one block at a time.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::block_cache::BlockCache;
use super::block_store::BlockStore;
use super::canvas::{Canvas, TileMut};
use super::grid::{BlockGrid, BlockIndex, Window};
use super::idle_threads::{IdleThreads, NONE};
use super::layout::ImageLayout;
use super::pixels::Pixels;
use super::sample::Interleave;
use crate::error::{Error, Result};
use crate::io::ByteSource;

/// The threads from which a provider's blocks may be requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Any number of threads at once: memory, files with independent blocks.
    Parallel,
    /// Only the calling thread, one block at a time, in order if possible: Python objects, formats that stream rows.
    Serial,
}

/// Whether a reader may ask for a block again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// Each block is asked for once: the image is read or copied as a whole.
    Once,
    /// Windows of whole blocks are read. A block that is asked for a second time is worth keeping.
    Blocks,
    /// Windows are read that share blocks with their neighbours: decoded blocks are worth keeping.
    Again,
}

/// The pixels that a reader wants of a block.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The window, which lies inside the block, in pixels of the image.
    pub window: Window,
    /// The bands, in output order.
    pub bands: &'a [u32],
    /// Whether the reader may ask for the block again.
    pub visit: Visit,
    /// Threads of the read that may help to decode the block.
    pub idle: &'a IdleThreads,
}

/// A block of a provider.
#[derive(Debug, Clone)]
pub enum Block {
    /// Pixels of all bands; blocks at the right and bottom edge may be cropped or padded.
    Pixels(Pixels),
    /// Without pixels: masked or sparse.
    Absent,
}

/// Provides a layout and pixels, block by block.
pub trait ImageProvider: Send + Sync {
    /// Size, bands, sample type, block grid.
    fn layout(&self) -> &ImageLayout;

    /// The threads from which blocks may be requested.
    fn access(&self) -> Access {
        Access::Parallel
    }

    /// True if block `at` holds pixels.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the block does not exist; any error of the source.
    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        self.layout().grid.check(at).map(|_| true)
    }

    /// True if a block that holds pixels intersects `window`, which may cover many blocks.
    ///
    /// # Errors
    /// Any error of the source.
    fn has_pixels(&self, window: Window) -> Result<bool> {
        for at in self.layout().grid.blocks_of(window) {
            if self.has_block(at)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The pixels of block `at`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the block does not exist; any error of the source.
    fn block(&self, at: BlockIndex) -> Result<Block>;

    /// True if the image is known to be dense: no block is absent.
    fn is_dense(&self) -> bool {
        false
    }

    /// The whole image, if it lies in memory: the engine then takes blocks of the file's grid directly from it.
    fn pixels(&self) -> Option<&Pixels> {
        None
    }

    /// The image at a half, a quarter … of its resolution: levels 1, 2 …, up to the first missing level. Each has half the size
    /// of the level before, rounded up.
    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &[]
    }

    /// The file behind an image of this crate; other images keep the default.
    #[doc(hidden)]
    fn behind(&self) -> InFile<'_> {
        InFile::default()
    }

    /// Writes the wanted pixels of block `at` to a rectangle of the window's size. False if the block is absent; the content of the rectangle is then undefined.
    ///
    /// # Errors
    /// As [`ImageProvider::block`].
    #[doc(hidden)]
    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let Wanted { window, bands, .. } = wanted;
        match self.block(at)? {
            Block::Absent => Ok(false),
            Block::Pixels(pixels) => {
                check_block(self.layout(), at, &pixels)?;
                let full = self.layout().grid.full_block_window(at);
                pixels.window(window.relative_to(full.x, full.y))?.copy_to_tile(bands, out);
                Ok(true)
            }
        }
    }

    /// The number of blocks that must be decoded to read a window; samples of the others are only copied.
    #[doc(hidden)]
    fn decodes(&self, window: Window, _bands: &[u32]) -> u64 {
        self.layout().grid.blocks_of(window).count() as u64
    }

    /// The number of blocks that an image makes ahead of their turn if they are announced.
    #[doc(hidden)]
    fn lookahead(&self) -> usize {
        0
    }

    /// Announces a block that will be requested soon. The order is that of the requests.
    #[doc(hidden)]
    fn announce(&self, _at: BlockIndex) {}

    /// Hands a cache to an image of a file and to its levels. An image that has one keeps it.
    #[doc(hidden)]
    fn use_cache(&self, _cache: &Arc<BlockCache>) {}

    /// Checks that the file behind the image has not changed since it was opened. The engine calls this before the first block
    /// of each region that is read and of each image that is written.
    ///
    /// # Errors
    /// As [`ByteSource::check_unchanged`].
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }
}

/// What the engine knows of the file behind an image. Nothing if the caller supplies the pixels.
#[derive(Clone, Copy, Default)]
pub struct InFile<'a> {
    /// The image as an image in a file, whose reads can be fetched before they are decoded.
    pub(crate) image: Option<&'a dyn FileImage>,
    /// All bytes of the image in its file as one block, including tables of the container, if the image can be copied in this
    /// form.
    pub(crate) whole: Option<&'a Arc<dyn BlockStore>>,
    /// The codestream of the image as one block, if other containers can take it; that of `whole` if it has one.
    pub(crate) stream: Option<&'a Arc<dyn BlockStore>>,
    /// The grid of the stored blocks, if the blocks of the layout are parts of those.
    pub(crate) grid: Option<BlockGrid>,
    /// The file, for the limits on the expansion of a small file, and for messages.
    pub(crate) source: Option<&'a dyn ByteSource>,
    /// The ratio of the image's bytes to those of its file that views of an image allow on their own account; 0 is 1.
    pub(crate) expansion: u64,
}

impl dyn ImageProvider + '_ {
    /// The image as an image in a file, whose reads can be fetched before they are decoded.
    pub(crate) fn in_file(&self) -> Option<&dyn FileImage> {
        self.behind().image
    }

    /// All bytes of the image in its file as one block, if the image can be copied in this form.
    pub(crate) fn whole(&self) -> Option<&Arc<dyn BlockStore>> {
        self.behind().whole
    }

    /// The codestream of the image as one block, which a container of any format may copy.
    pub(crate) fn stream(&self) -> Option<&Arc<dyn BlockStore>> {
        let InFile { stream, whole, .. } = self.behind();
        stream.or(whole)
    }

    /// The grid of the blocks stored in the file; that of the layout if the image is not in a file.
    pub(crate) fn stored_grid(&self) -> BlockGrid {
        self.behind().grid.unwrap_or(self.layout().grid)
    }

    /// Size of the file behind the image. `u64::MAX` if the caller supplies the pixels and no limit applies.
    pub(crate) fn file_bytes(&self) -> u64 {
        let InFile { source, expansion, .. } = self.behind();
        source.map_or(u64::MAX, |source| source.size().saturating_mul(expansion.max(1)))
    }

    /// The path of the file behind the image, if it was opened from one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.behind().source.and_then(ByteSource::path)
    }
}

/// An image whose pixels are decoded from ranges of a file.
pub(crate) trait FileImage: ImageProvider {
    /// The file.
    fn source(&self) -> &dyn ByteSource;

    /// The store of the image's blocks, if a single store has them all.
    fn store(&self) -> Option<&Arc<dyn BlockStore>> {
        None
    }

    /// Adds the file ranges that [`FileImage::read_from`] reads for the same window and bands.
    ///
    /// # Errors
    /// Errors of reading the container's tables; [`crate::Error::Malformed`], [`crate::Error::Unsupported`] and
    /// [`crate::Error::Limit`] for blocks that cannot be read.
    fn ranges(&self, window: Window, bands: &[u32], out: &mut Vec<Range<u64>>) -> Result<()>;

    /// Writes the wanted pixels to a rectangle of the window's size, from a source that holds the ranges. The window may cover
    /// several blocks. False if the file does not hold any part of the window; the content of the rectangle is then undefined.
    ///
    /// # Errors
    /// As [`ImageProvider::block`].
    fn read_from(&self, source: &dyn ByteSource, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool>;
}

/// A provider that caches the answers of `has_block`: they decide where blocks lie, so they must not change during writing.
pub(crate) struct Asked<'a> {
    provider: &'a dyn ImageProvider,
    answers: Mutex<Vec<Option<bool>>>,
}

impl<'a> Asked<'a> {
    /// A cache without answers.
    pub(crate) fn new(provider: &'a dyn ImageProvider) -> Self {
        Self { provider, answers: Mutex::default() }
    }
}

impl ImageProvider for Asked<'_> {
    fn layout(&self) -> &ImageLayout {
        self.provider.layout()
    }

    fn access(&self) -> Access {
        self.provider.access()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let grid = self.layout().grid;
        let place = grid.position(grid.check(at)?) as usize;
        let known = |answers: &Vec<Option<bool>>| answers.get(place).copied().flatten();
        if let Some(answer) = known(&self.answers.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(answer);
        }
        let answer = self.provider.has_block(at)?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() <= place {
            answers.resize(grid.count() as usize, None);
        }
        // If two threads ask at once, the first answer is kept.
        Ok(*answers[place].get_or_insert(answer))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.provider.block(at)
    }

    fn is_dense(&self) -> bool {
        self.provider.is_dense()
    }

    fn behind(&self) -> InFile<'_> {
        self.provider.behind()
    }

    fn pixels(&self) -> Option<&Pixels> {
        self.provider.pixels()
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        self.provider.levels()
    }

    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        self.provider.read_block(at, wanted, out)
    }

    fn decodes(&self, window: Window, bands: &[u32]) -> u64 {
        self.provider.decodes(window, bands)
    }

    fn lookahead(&self) -> usize {
        self.provider.lookahead()
    }

    fn announce(&self, at: BlockIndex) {
        self.provider.announce(at);
    }

    fn check_unchanged(&self) -> Result<()> {
        self.provider.check_unchanged()
    }
}

/// The image at a resolution level: 0 is the image itself, 1 the first of its levels.
///
/// # Errors
/// [`Error::OutOfRange`] for a level that the image does not have.
pub(crate) fn at_level(image: Arc<dyn ImageProvider>, level: u32) -> Result<Arc<dyn ImageProvider>> {
    if level == 0 {
        return Ok(image);
    }
    let found = image.levels().get(level as usize - 1).map(Arc::clone);
    let missing = || Error::out_of_range("resolution level").found(level);
    found.ok_or_else(|| missing().allowed(format!("0 to {}", image.levels().len())))
}

/// The pixels of a block of an image whose provider writes pixels to rectangles.
///
/// # Errors
/// As [`ImageProvider::block`].
pub(crate) fn read_whole_block(image: &dyn ImageProvider, at: BlockIndex) -> Result<Block> {
    whole_block(image, at, |wanted, out| image.read_block(at, wanted, out))
}

/// The pixels of a block, which `read` writes to a rectangle: all bands of the block's window. The block is absent if it returns
/// false.
///
/// # Errors
/// [`Error::OutOfRange`] for a block that does not exist, and the errors of `read`.
pub(super) fn whole_block(
    image: &dyn ImageProvider,
    at: BlockIndex,
    read: impl FnOnce(Wanted<'_>, &mut TileMut<'_>) -> Result<bool>,
) -> Result<Block> {
    let layout = image.layout();
    let window = layout.grid.block_window(layout.grid.check(at)?);
    let shape = [layout.bands as usize, window.height as usize, window.width as usize];
    let mut pixels = vec![0; shape.iter().product::<usize>() * layout.sample.bytes()];
    let bands: Vec<u32> = (0..layout.bands).collect();
    let canvas = Canvas::new(&mut pixels, shape[0], shape[1], shape[2], layout.sample.bytes())?;
    if !read(Wanted { window, bands: &bands, visit: Visit::Once, idle: &NONE }, &mut canvas.whole()?)? {
        return Ok(Block::Absent);
    }
    Pixels::from_vec(pixels, shape, layout.sample, Interleave::Band).map(Block::Pixels)
}

/// Checks a block that a provider returned against the provider's layout: bands, type, and size. The size must be that of the
/// full or of the cropped block.
///
/// # Errors
/// [`Error::Usage`] with the block, the value found and the value expected.
pub(super) fn check_block(layout: &ImageLayout, at: BlockIndex, pixels: &Pixels) -> Result<()> {
    let name = || format!("({}, {})", at.row, at.column);
    if pixels.sample() != layout.sample {
        return Err(Error::usage("wrong dtype of block").field(name()).found(pixels.sample()).allowed(layout.sample));
    }
    let cropped = layout.grid.block_window(at);
    let (full_rows, full_columns) = (layout.grid.block_rows() as usize, layout.grid.block_columns() as usize);
    let [bands, rows, columns] = pixels.shape();
    let good = bands == layout.bands as usize
        && (rows == full_rows || rows == cropped.height as usize)
        && (columns == full_columns || columns == cropped.width as usize);
    if good {
        return Ok(());
    }
    Err(Error::usage("wrong shape of block").field(name()).found(format!("({bands}, {rows}, {columns})")).allowed(
        format!(
            "({}, {}, {}) or padded to ({}, {full_rows}, {full_columns})",
            layout.bands, cropped.height, cropped.width, layout.bands
        ),
    ))
}
