//! Re-blocking: builds the blocks of a file's grid from the blocks of a source's grid. Holds at most one row of source blocks.

mod upcoming;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::grid::{BlockGrid, BlockIndex, Window};
use super::layout::{ImageLayout, PadValue};
use super::pixels::Pixels;
use super::provider::{Access, Block, FileImage, ImageProvider, check_block, whole_block};
use super::sample::{Interleave, SampleType};
use crate::error::{Error, Result};
use crate::io::{ENOUGH_AT_ONCE, Fetched, fetch, is_fetched};
use upcoming::Upcoming;

/// The fill for the part of an edge block outside the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Padding {
    /// None: the block is cropped to the image.
    Crop,
    /// One sample in native byte order, for every band.
    Value(Vec<u8>),
    /// The last column and row, repeated: this compresses best. Absent parts of a present block get this sample in native byte
    /// order.
    Replicate(Vec<u8>),
}

/// The most blocks of a serial source that are fetched at once.
const MOST_AT_ONCE: usize = 64;

/// Iterates over the blocks of the target grid in row-major order. Each source block is requested once, and released after the
/// last target block that needs it. The bytes of an image in a serial file are fetched several blocks at a time, and decoded
/// by the workers.
pub(crate) struct Reblock<'a> {
    provider: &'a dyn ImageProvider,
    target: BlockGrid,
    next: u64,
    held: HashMap<BlockIndex, Arc<SourceBlock<'a>>>,
    /// Blocks of a serial file whose bytes were fetched ahead.
    ahead: HashMap<BlockIndex, Arc<SourceBlock<'a>>>,
    upcoming: Upcoming,
    /// The number of blocks that were announced to the provider and not requested yet.
    announced: usize,
}

/// A block of the target grid, with the source blocks that it overlaps. A worker gathers its pixels.
pub(crate) struct TargetBlock<'a> {
    at: BlockIndex,
    window: Window,
    full: Window,
    bands: u32,
    sample: SampleType,
    pad: PadValue,
    parts: Vec<Part<'a>>,
}

/// A source block; the first worker that needs it decodes it.
struct SourceBlock<'a> {
    provider: &'a dyn ImageProvider,
    at: BlockIndex,
    state: Mutex<State>,
}

enum State {
    Waiting,
    /// The bytes of a block of an image in a file were fetched.
    Fetched(Fetched),
    Ready(Block),
    Failed,
}

enum Part<'a> {
    View(Pixels),
    Source { block: Arc<SourceBlock<'a>>, origin: (u32, u32) },
}

impl<'a> Reblock<'a> {
    /// The blocks of `target`, which must have the size of the provider's image.
    ///
    /// # Errors
    /// [`Error::Usage`] if the sizes differ.
    pub(crate) fn new(provider: &'a dyn ImageProvider, target: BlockGrid) -> Result<Self> {
        if provider.layout().grid.window() != target.window() {
            return Err(Error::usage("target grid does not match the size of the image:").found(format!("{target:?}")));
        }
        let upcoming = Upcoming::new(provider.layout().grid, target);
        Ok(Self { provider, target, next: 0, held: HashMap::new(), ahead: HashMap::new(), upcoming, announced: 0 })
    }

    fn block(&mut self, at: BlockIndex) -> Result<TargetBlock<'a>> {
        let layout = self.provider.layout();
        let (window, full) = (self.target.block_window(at), self.target.full_block_window(at));
        let mut target = TargetBlock::of_layout(layout, at, window, full);
        if let Some(pixels) = self.provider.pixels() {
            target.parts.push(Part::View(pixels.window(window)?));
            return Ok(target);
        }
        let mut parts = Vec::new();
        for source_at in layout.grid.blocks_of(window) {
            let source_block = match self.held.get(&source_at) {
                Some(block) => Arc::clone(block),
                None => self.fetch(source_at)?,
            };
            let source = layout.grid.full_block_window(source_at);
            let last = self.last_user(layout.grid.block_window(source_at));
            if last == at {
                self.held.remove(&source_at);
            } else {
                self.held.insert(source_at, Arc::clone(&source_block));
            }
            parts.push(Part::Source { block: source_block, origin: (source.x, source.y) });
        }
        Ok(TargetBlock { parts, ..target })
    }

    fn fetch(&mut self, at: BlockIndex) -> Result<Arc<SourceBlock<'a>>> {
        if let Some(block) = self.ahead.remove(&at) {
            return Ok(block);
        }
        self.announce();
        let block = SourceBlock::new(self.provider, at, State::Waiting);
        if let Some(image) = self.provider.in_file().filter(|image| is_fetched(image.source())) {
            if image.has_block(at)? {
                self.fetch_ahead(image, at)?;
                return Ok(self.ahead.remove(&at).unwrap_or(block));
            }
            block.get()?;
        } else if self.provider.access() == Access::Serial {
            block.get()?;
        }
        Ok(block)
    }

    /// Announces the block that is requested now and those that follow it, as many as the provider makes ahead.
    fn announce(&mut self) {
        let lookahead = self.provider.lookahead();
        while self.announced < lookahead {
            let Some(at) = self.upcoming.next() else { break };
            self.provider.announce(at);
            self.announced += 1;
        }
        self.announced = self.announced.saturating_sub(1);
    }

    /// Fetches the bytes of block `at` of an image in a file, and of those to its right. A block ahead that is absent or cannot
    /// be located is left for its turn.
    fn fetch_ahead(&mut self, image: &dyn FileImage, at: BlockIndex) -> Result<()> {
        let layout = image.layout();
        let bands: Vec<u32> = (0..layout.bands).collect();
        let (mut places, mut wanted, mut bytes) = (Vec::new(), Vec::new(), 0);
        for column in at.column..layout.grid.across() {
            let place = BlockIndex { column, ..at };
            if places.len() == MOST_AT_ONCE || bytes >= ENOUGH_AT_ONCE {
                break;
            }
            if self.held.contains_key(&place) || self.ahead.contains_key(&place) || !image.has_block(place)? {
                continue;
            }
            let mut ranges = Vec::new();
            match image.ranges(layout.grid.block_window(place), &bands, &mut ranges) {
                Ok(()) => {}
                Err(error) if place == at => return Err(error),
                Err(_) => break,
            }
            bytes += ranges.iter().map(|range| range.end - range.start).sum::<u64>();
            places.push(place);
            wanted.push(ranges);
        }
        for (place, bytes) in places.into_iter().zip(fetch(image.source(), wanted)?) {
            self.ahead.insert(place, SourceBlock::new(self.provider, place, State::Fetched(bytes)));
        }
        Ok(())
    }

    /// The last block of the target grid, in row-major order, that holds a pixel of `window`.
    fn last_user(&self, window: Window) -> BlockIndex {
        self.target.block_of(window.right() - 1, window.bottom() - 1)
    }
}

impl<'a> Iterator for Reblock<'a> {
    type Item = Result<TargetBlock<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.target.count() {
            return None;
        }
        let at = self.target.at(self.next);
        self.next += 1;
        Some(self.block(at))
    }
}

/// How much of a block the provider has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Present {
    Whole,
    Part,
    Nothing,
}

impl TargetBlock<'_> {
    fn of_layout(layout: &ImageLayout, at: BlockIndex, window: Window, full: Window) -> Self {
        Self { at, window, full, bands: layout.bands, sample: layout.sample, pad: layout.pad, parts: Vec::new() }
    }

    /// Block `at` of an image with this layout, from an array of the full block or of its part inside the image.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the block does not exist, [`Error::Usage`] for a different shape or type.
    pub(crate) fn of_pixels(layout: &ImageLayout, at: BlockIndex, pixels: &Pixels) -> Result<Self> {
        layout.grid.check(at)?;
        check_block(layout, at, pixels)?;
        let (window, full) = (layout.grid.block_window(at), layout.grid.full_block_window(at));
        let inside = pixels.window(Window::new(0, 0, window.width, window.height))?;
        Ok(Self { parts: vec![Part::View(inside)], ..Self::of_layout(layout, at, window, full) })
    }

    /// The position in the target grid.
    pub(crate) fn at(&self) -> BlockIndex {
        self.at
    }

    /// The image's pixels in the block.
    pub(crate) fn window(&self) -> Window {
        self.window
    }

    /// Bands of the image.
    pub(crate) fn bands(&self) -> u32 {
        self.bands
    }

    /// Type of the image's samples.
    pub(crate) fn sample(&self) -> SampleType {
        self.sample
    }

    /// Fills `out` with one sample; `out` is resized to the block's size.
    pub(crate) fn fill(&self, padding: &Padding, sample: &[u8], out: &mut Vec<u8>) {
        out.resize(self.bytes(padding), 0);
        fill(out, sample);
    }

    /// The bytes of the block in the caller's memory, if they already have the form of the file: in the order `interleave`,
    /// native byte order, without padding.
    pub(crate) fn borrow(&self, interleave: Interleave, padding: &Padding) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [Part::View(pixels)] if self.extent(padding) == self.window => pixels.contiguous(interleave),
            _ => None,
        }
    }

    /// The bytes of one band of the block in the caller's memory, under the conditions of [`TargetBlock::borrow`].
    pub(crate) fn borrow_band(&self, band: u32, padding: &Padding) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [Part::View(pixels)] if self.extent(padding) == self.window => pixels.contiguous_band(band as usize),
            _ => None,
        }
    }

    /// Writes the block's pixels to `out` in the order `interleave` and native byte order; `out` is resized to the block's
    /// size, unless every part of the block is absent. Absent parts of a present block get the value of the padding if it has
    /// one, or else the image's pad value.
    ///
    /// # Errors
    /// Any error of the provider; [`Error::Usage`] for a block of the wrong shape or type.
    pub(crate) fn gather(&self, interleave: Interleave, padding: &Padding, out: &mut Vec<u8>) -> Result<Present> {
        let extent = self.extent(padding);
        let shape = [self.bands as usize, extent.height as usize, extent.width as usize];
        let covered = extent == self.window;
        let mut absent = Vec::new();
        let mut present = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part.pixels(self.window)? {
                (Some(pixels), window) => present.push((pixels, window)),
                (None, window) => absent.push(window),
            }
        }
        if present.is_empty() {
            return Ok(Present::Nothing);
        }
        // Every byte is written below unless a part is absent or the block extends past the image.
        out.resize(self.bytes(padding), 0);
        if let (true, Padding::Crop) = (!absent.is_empty(), padding) {
            fill(out, &self.pad.bytes(self.sample));
        } else if let (true, Padding::Replicate(value)) = (!absent.is_empty(), padding) {
            fill(out, value);
        } else if let (true, Padding::Value(value)) = (!absent.is_empty() || !covered, padding) {
            fill(out, value);
        }
        for (pixels, window) in present {
            let place = window.relative_to(self.window.x, self.window.y);
            pixels.copy_to_block(out, shape, place.x as usize, place.y as usize, interleave);
        }
        if !covered && matches!(padding, Padding::Replicate(_)) {
            replicate(out, shape, &self.window, self.sample.bytes(), interleave);
        }
        Ok(if absent.is_empty() { Present::Whole } else { Present::Part })
    }

    /// Bytes of the block.
    fn bytes(&self, padding: &Padding) -> usize {
        self.extent(padding).pixels() as usize * self.bands as usize * self.sample.bytes()
    }

    /// The stored rectangle: the image's pixels, or the full block.
    pub(crate) fn extent(&self, padding: &Padding) -> Window {
        if *padding == Padding::Crop { self.window } else { self.full }
    }
}

impl Part<'_> {
    /// The part's pixels inside `window`, `None` if absent, and the rectangle of the image that they cover.
    fn pixels(&self, window: Window) -> Result<(Option<Pixels>, Window)> {
        match self {
            Self::View(pixels) => Ok((Some(pixels.clone()), window)),
            Self::Source { block, origin: (x, y) } => {
                let covered = block.provider.layout().grid.block_window(block.at).intersect(&window);
                match block.get()? {
                    Block::Absent => Ok((None, covered)),
                    Block::Pixels(pixels) => Ok((Some(pixels.window(covered.relative_to(*x, *y))?), covered)),
                }
            }
        }
    }
}

impl<'a> SourceBlock<'a> {
    fn new(provider: &'a dyn ImageProvider, at: BlockIndex, state: State) -> Arc<Self> {
        Arc::new(Self { provider, at, state: Mutex::new(state) })
    }

    /// The block. The first call decodes it while others wait. If decoding fails, the first caller gets the error; the others
    /// get [`Error::Cancelled`].
    fn get(&self) -> Result<Block> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let block = match std::mem::replace(&mut *state, State::Failed) {
            State::Ready(block) => block,
            State::Failed => return Err(Error::Cancelled),
            State::Waiting => self.decode()?,
            State::Fetched(bytes) => self.decode_fetched(&bytes)?,
        };
        *state = State::Ready(block.clone());
        Ok(block)
    }

    fn decode(&self) -> Result<Block> {
        if !self.provider.has_block(self.at)? {
            return Ok(Block::Absent);
        }
        let block = self.provider.block(self.at)?;
        if let Block::Pixels(pixels) = &block {
            check_block(self.provider.layout(), self.at, pixels)?;
        }
        Ok(block)
    }

    fn decode_fetched(&self, bytes: &Fetched) -> Result<Block> {
        match self.provider.in_file() {
            Some(image) => whole_block(image, self.at, |wanted, out| image.read_from(bytes, wanted, out)),
            None => self.decode(),
        }
    }
}

fn fill(out: &mut [u8], sample: &[u8]) {
    if sample.iter().all(|byte| *byte == sample[0]) {
        out.fill(sample[0]);
    } else {
        out.chunks_exact_mut(sample.len()).for_each(|target| target.copy_from_slice(sample));
    }
}

/// Repeats the last column and the last row of `inside` to the edges of the block.
fn replicate(out: &mut [u8], shape: [usize; 3], inside: &Window, size: usize, interleave: Interleave) {
    let [bands, rows, columns] = shape;
    let (width, height) = (inside.width as usize, inside.height as usize);
    // One line per row and band, or per row if the samples are pixel-interleaved.
    let (unit, lines) = if interleave == Interleave::Pixel { (size * bands, 1) } else { (size, bands) };
    let start = |band: usize, row: usize| match interleave {
        Interleave::Row => (row * bands + band) * columns * unit,
        _ => (band * rows + row) * columns * unit,
    };
    for band in 0..lines {
        for row in 0..height {
            let line = &mut out[start(band, row)..][..columns * unit];
            let (filled, rest) = line.split_at_mut(width * unit);
            let last = &filled[filled.len() - unit..];
            rest.chunks_exact_mut(unit).for_each(|target| target.copy_from_slice(last));
        }
        let last = start(band, height - 1);
        for row in height..rows {
            out.copy_within(last..last + columns * unit, start(band, row));
        }
    }
}

#[cfg(test)]
mod tests;
