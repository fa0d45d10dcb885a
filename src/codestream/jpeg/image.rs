//! The image of a stream: bands are decoded separately if restart markers allow it, else the stream as a whole.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::bands::{Bands, StepIndex};
use super::header::Header;
use crate::codec::jpeg::markers::EOI;
use crate::codec::jpeg::{ColorModel, Params, working_bytes};
use crate::codec::{BlockShape, CodecParams, PixelCoding, Scratch};
use crate::error::{Error, Result};
use crate::image::{
    Access, Block, BlockGrid, BlockIndex, BlockStore, FileImage, ImageLayout, ImageProvider, InFile, Interleave,
    Pixels, SampleType, TileMut, Wanted, Window,
};
use crate::io::{ByteSource, Lazy};
use crate::limits::Limits;

/// Bytes of decoded blocks that are kept for further reads. The only block of an image is kept whatever its size, so
/// windows of a file without bands decode it once.
const KEPT_BYTES: usize = 16 << 20;

/// The image of a JPEG stream.
pub(crate) struct JpegImage {
    source: Arc<dyn ByteSource>,
    header: Arc<Header>,
    color: ColorModel,
    layout: ImageLayout,
    stated: BlockGrid,
    whole: Option<Arc<dyn BlockStore>>,
    stream: Option<Arc<dyn BlockStore>>,
    limits: Limits,
    bands: Option<Bands>,
    index: Lazy<StepIndex>,
    kept: Mutex<VecDeque<(BlockIndex, Pixels)>>,
    /// Held while the only block is decoded, so it is decoded once.
    decoding: Mutex<()>,
    /// The last damaged block, and the rows of it that are there.
    rescued: Mutex<Option<(BlockIndex, Pixels)>>,
}

impl JpegImage {
    /// The image of the stream with this header, which is the whole source.
    ///
    /// # Errors
    /// If the stream has no pixels.
    pub(crate) fn new(source: Arc<dyn ByteSource>, header: Arc<Header>, limits: Limits) -> Result<Self> {
        let bands = Bands::of(&header);
        let frame = &header.frame;
        let (columns, rows) = (u32::from(frame.columns), u32::from(frame.rows));
        let block_rows = bands.map_or(rows, |bands| bands.band_steps.saturating_mul(bands.step_rows).min(rows));
        let grid = BlockGrid::new(columns, rows, columns, block_rows)?;
        let sample = if frame.precision > 8 { SampleType::UInt16 } else { SampleType::UInt8 };
        let mut layout = ImageLayout::new(grid, frame.components.len() as u32, sample)?;
        layout.bits_per_sample = frame.precision.into();
        layout.actual_bits = frame.precision.into();
        Ok(Self {
            source,
            color: header.color(),
            header,
            stated: layout.grid,
            layout,
            whole: None,
            stream: None,
            limits,
            bands,
            index: Lazy::default(),
            kept: Mutex::default(),
            decoding: Mutex::default(),
            rescued: Mutex::default(),
        })
    }

    /// The same image inside a container, which states the colour of the stream, the layout, and the blocks. `layout` has the
    /// size and the samples of the stream.
    #[must_use]
    pub(crate) fn inside(mut self, color: ColorModel, layout: &ImageLayout) -> Self {
        (self.color, self.stated) = (color, layout.grid);
        self.layout = ImageLayout { grid: self.layout.grid, ..layout.clone() };
        self
    }

    /// The same image, which can also be copied as one block of its container.
    #[must_use]
    pub(crate) fn with_whole(self, whole: Option<Arc<dyn BlockStore>>) -> Self {
        Self { whole, ..self }
    }

    /// The same image, whose stream other containers can copy as one block.
    #[must_use]
    pub(crate) fn with_stream(self, stream: Option<Arc<dyn BlockStore>>) -> Self {
        Self { stream, ..self }
    }

    /// True if restart markers divide the stream into bands of rows.
    pub(crate) fn has_bands(&self) -> bool {
        self.layout.grid.count() > 1
    }

    fn decode(&self, at: BlockIndex) -> Result<Pixels> {
        match &self.bands {
            Some(bands) => self.decode_band(bands, self.index(bands)?, &*self.source, at),
            None => self.decode_whole(),
        }
    }

    fn decode_whole(&self) -> Result<Pixels> {
        self.check_whole()?;
        let rows = self.header.frame.rows.into();
        self.pixels(&self.whole_stream()?, rows)
    }

    fn check_whole(&self) -> Result<()> {
        let frame = &self.header.frame;
        let interleaved = self.header.scan.components.len() == frame.components.len();
        let held = self.layout.image_bytes().saturating_add(working_bytes(frame, interleaved));
        self.limits.check_block("JPEG image without bands", held, 0, self.source.size())
    }

    fn whole_stream(&self) -> Result<Cow<'_, [u8]>> {
        if let Some(data) = self.source.bytes() {
            return Ok(data.into());
        }
        // The header is known: only what follows is read.
        let mut data = vec![0; self.source.size() as usize];
        let (header, rest) = data.split_at_mut(self.header.raw.len());
        header.copy_from_slice(&self.header.raw);
        self.source.read_at(header.len() as u64, rest)?;
        Ok(data.into())
    }

    fn decode_band(&self, bands: &Bands, index: &StepIndex, source: &dyn ByteSource, at: BlockIndex) -> Result<Pixels> {
        let Range { start: from, end: to } = bands.steps_of(at.row);
        index.check(to)?;
        let rows = self.band_rows(bands, from..to)?;
        let window = self.layout.grid.block_window(at);
        let pixels = self.pixels(&self.band_stream(index, source, from..to, &rows)?, rows.len() as u32)?;
        pixels.window(Window { x: 0, y: window.y - rows.start, ..window })
    }

    /// The rows of these steps, if they are not more than the limits allow.
    fn band_rows(&self, bands: &Bands, steps: Range<u32>) -> Result<Range<u32>> {
        let top = steps.start * bands.step_rows;
        let bottom = steps.end.saturating_mul(bands.step_rows).min(self.layout.grid.rows());
        let bytes = u64::from(bottom - top) * u64::from(self.layout.grid.columns()) * self.layout.pixel_bytes() as u64;
        self.limits.check_block("JPEG band", bytes, 0, self.source.size())?;
        Ok(top..bottom)
    }

    /// The data of these steps, which must have begun, as a stream of `rows`.
    fn band_stream(
        &self,
        index: &StepIndex,
        source: &dyn ByteSource,
        steps: Range<u32>,
        rows: &Range<u32>,
    ) -> Result<Vec<u8>> {
        let mut data = self.header.stream(rows.len() as u16);
        index.read(source, steps.start, steps.end, &mut data)?;
        data.extend_from_slice(&[0xFF, EOI]);
        Ok(data)
    }

    /// Decodes a complete stream of `rows` rows.
    fn pixels(&self, data: &[u8], rows: u32) -> Result<Pixels> {
        let (pixels, params) = self.coding();
        let shape = BlockShape::new(self.layout.grid.columns(), rows);
        let mut out = vec![0; pixels.block_bytes(shape)];
        params.decoder(&pixels).decode(shape, data, &mut out, &mut Scratch::default())?;
        self.pixels_of(out, rows)
    }

    /// The rows of a damaged block that are there, from its first row.
    fn rescue(&self, at: BlockIndex) -> Result<Pixels> {
        let mut rescued = self.rescued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pixels)) = rescued.as_ref().filter(|(known, _)| *known == at) {
            return Ok(pixels.clone());
        }
        let window = self.layout.grid.block_window(at);
        let (stream, rows) = match &self.bands {
            None => {
                self.check_whole()?;
                (self.whole_stream()?, 0..self.header.frame.rows.into())
            }
            Some(bands) => {
                let index = self.index(bands)?;
                let steps = bands.steps_of(at.row);
                let there = steps.start.min(index.begun())..steps.end.min(index.begun());
                let rows = self.band_rows(bands, steps)?;
                (self.band_stream(index, &*self.source, there, &rows)?.into(), rows)
            }
        };
        let (pixels, params) = self.coding();
        let shape = BlockShape::new(self.layout.grid.columns(), rows.len() as u32);
        let mut out = vec![0; pixels.block_bytes(shape)];
        let there = params.decoder(&pixels).decode_rows(shape, &stream, &mut out, &mut Scratch::default());
        let skipped = window.y - rows.start;
        let there = there.saturating_sub(skipped).min(window.height);
        let pixels = self.pixels_of(out, shape.rows)?.window(Window { x: 0, y: skipped, height: there, ..window })?;
        *rescued = Some((at, pixels.clone()));
        Ok(pixels)
    }

    fn coding(&self) -> (PixelCoding, Params) {
        let params = Params { color: self.color, ..Params::default() };
        (PixelCoding::new(self.layout.bands, self.layout.sample), params)
    }

    fn pixels_of(&self, out: Vec<u8>, rows: u32) -> Result<Pixels> {
        let shape = [self.layout.bands as usize, rows as usize, self.layout.grid.columns() as usize];
        Pixels::from_vec(out, shape, self.layout.sample, Interleave::Pixel)
    }

    fn index(&self, bands: &Bands) -> Result<&StepIndex> {
        self.index.get_or_make(|| bands.index(&*self.source, self.header.raw.len() as u64))
    }

    fn find(&self, at: BlockIndex) -> Option<Pixels> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(other, _)| *other == at).map(|(_, pixels)| pixels.clone())
    }

    /// Keeps a block, and drops the oldest ones that exceed [`KEPT_BYTES`].
    fn keep(&self, at: BlockIndex, pixels: &Pixels) {
        let size = |pixels: &Pixels| pixels.shape().iter().product::<usize>() * pixels.sample().bytes();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((at, pixels.clone()));
        while kept.len() > 1 && kept.iter().map(|(_, pixels)| size(pixels)).sum::<usize>() > KEPT_BYTES {
            kept.pop_front();
        }
    }
}

impl ImageProvider for JpegImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        if self.source.is_parallel() { Access::Parallel } else { Access::Serial }
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.layout.grid.check(at)?;
        let only = self.layout.grid.count() == 1;
        let _one = only.then(|| self.decoding.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(pixels) = self.find(at) {
            return Ok(Block::Pixels(pixels));
        }
        let pixels = self.decode(at)?;
        self.keep(at, &pixels);
        Ok(Block::Pixels(pixels))
    }

    fn is_dense(&self) -> bool {
        true
    }

    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let Wanted { window, bands, .. } = wanted;
        let block = self.layout.grid.block_window(self.layout.grid.check(at)?);
        let inside = window.relative_to(block.x, block.y);
        match self.block(at) {
            Ok(Block::Absent) => Ok(false),
            Ok(Block::Pixels(pixels)) => {
                pixels.window(inside)?.copy_to_tile(bands, out);
                Ok(true)
            }
            Err(error @ Error::Malformed(_)) if out.is_in_part() => {
                let pixels = self.rescue(at)?;
                let there = (pixels.shape()[1] as u32).saturating_sub(inside.y).min(inside.height);
                if there > 0 {
                    let whole = Window { height: there, ..inside };
                    let place = Window { x: 0, y: 0, ..whole };
                    pixels.window(whole)?.copy_to_tile(bands, &mut out.part(place)?);
                }
                out.fill_missing(there, None, &error);
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Bands of rows can be fetched before they are decoded; a stream without bands is read as a whole.
    fn behind(&self) -> InFile<'_> {
        InFile {
            image: self.bands.as_ref().map(|_| self as _),
            whole: self.whole.as_ref(),
            stream: self.stream.as_ref(),
            grid: Some(self.stated),
            source: Some(&*self.source),
            expansion: 1,
        }
    }

    fn check_unchanged(&self) -> Result<()> {
        self.source.check_unchanged()
    }
}

impl FileImage for JpegImage {
    fn source(&self) -> &dyn ByteSource {
        &*self.source
    }

    fn ranges(&self, window: Window, _: &[u32], out: &mut Vec<Range<u64>>) -> Result<()> {
        let Some(bands) = &self.bands else { return Ok(()) };
        let index = self.index(bands)?;
        for at in self.layout.grid.blocks_of(window) {
            let steps = bands.steps_of(at.row);
            index.check(steps.end)?;
            out.push(index.range(steps.start, steps.end));
        }
        Ok(())
    }

    fn read_from(&self, source: &dyn ByteSource, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let Wanted { window, bands, .. } = wanted;
        let Some(rows) = &self.bands else { return Ok(false) };
        let index = self.index(rows)?;
        for at in self.layout.grid.blocks_of(window) {
            let block = self.layout.grid.block_window(at);
            let part = block.intersect(&window);
            let pixels = self.decode_band(rows, index, source, at)?.window(part.relative_to(block.x, block.y))?;
            pixels.copy_to_tile(bands, &mut out.part(part.relative_to(window.x, window.y))?);
        }
        Ok(true)
    }
}
