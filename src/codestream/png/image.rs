//! The pixels of a file: rows are streamed, and blocks are bands of rows.

use std::io::BufReader;
use std::sync::{Arc, Mutex, PoisonError};

use super::guarded::{GuardedReader, LastData};
use super::header::Header;
use super::rescue;
use crate::error::{Error, Result};
use crate::image::{
    Access, Block, BlockGrid, BlockIndex, ImageLayout, ImageProvider, InFile, Interleave, Pixels, TileMut, Wanted,
    Window,
};
use crate::io::{ByteOrder, ByteSource};
use crate::limits::Limits;
use crate::simd;

/// The image of a file. Rows can only be decoded in order. A cursor stays at the end of the last read, so forward reads decode
/// each row once; a backward read starts again. An interlaced image is decoded once, as a whole.
pub(crate) struct PngImage {
    source: Arc<dyn ByteSource>,
    /// The last chunk of image data, if the file holds all of it.
    last_data: Option<LastData>,
    header: Header,
    layout: ImageLayout,
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cursor: Option<Cursor>,
    interlaced: Option<Pixels>,
    /// The stored rows of a damaged file that are there.
    rescued: Option<Vec<u8>>,
}

/// A decoder with its position in the image, and the rows of its current block.
struct Cursor {
    decoder: png::Reader<BufReader<GuardedReader>>,
    header: Header,
    /// The next row to decode.
    next: u32,
    /// The first row in `rows`; they end before `next`.
    first: u32,
    /// Rows in memory order.
    rows: Vec<u8>,
    /// A stored row.
    stored: Vec<u8>,
    /// True if the checksums after the last row were checked, or are not to be.
    checked: bool,
    /// True if the file may end after the image data.
    may_end: bool,
}

/// The checksums that a decoder checks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checks {
    All,
    /// None, to get the pixels of a damaged file.
    None,
}

impl PngImage {
    /// Opens the image with `header` in `source`, whose image data end with the chunk `last_data` unless the file is cut.
    ///
    /// # Errors
    /// [`Error::Limit`] if a block would be larger than allowed.
    pub(crate) fn new(
        source: Arc<dyn ByteSource>,
        header: Header,
        last_data: Option<LastData>,
        limits: Limits,
    ) -> Result<Self> {
        let layout = layout(&header)?;
        let (what, bytes) = if header.interlaced {
            ("interlaced image", layout.image_bytes())
        } else {
            ("band of rows", layout.block_bytes())
        };
        limits.check_block(what, bytes, 0, source.size())?;
        Ok(Self { source, last_data, header, layout, limits, state: Mutex::default() })
    }

    /// Decodes the rows of a block up to (not including) row `end`, and passes them to `take`.
    fn rows<R>(&self, block: Window, end: u32, take: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A cursor that failed is not used again: the next read starts again.
        let mut cursor = match state.cursor.take() {
            Some(cursor) if cursor.can_reach(block.y) => cursor,
            _ => self.open(Checks::All)?,
        };
        cursor.fill(block.y, end)?;
        let bytes = cursor.row_bytes() * (end - block.y) as usize;
        let result = take(&cursor.rows[..bytes]);
        state.cursor = Some(cursor);
        Ok(result)
    }

    /// The pixels of a window inside a block.
    fn window(&self, block: Window, window: Window) -> Result<Pixels> {
        if self.header.interlaced {
            return self.interlaced()?.window(window);
        }
        let rows = self.rows(block, window.bottom(), |rows| {
            let start = rows.len() / (window.bottom() - block.y) as usize * (window.y - block.y) as usize;
            rows[start..].to_vec()
        })?;
        self.pixels(rows, window.height)?.window(Window { y: 0, ..window })
    }

    /// The whole image of an interlaced file.
    fn interlaced(&self) -> Result<Pixels> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pixels) = &state.interlaced {
            return Ok(pixels.clone());
        }
        let mut cursor = self.open(Checks::All)?;
        let header = &self.header;
        let mut stored = vec![0; (header.row_bytes() * u64::from(header.rows)) as usize];
        cursor.decoder.next_frame(&mut stored).map_err(decoding)?;
        let pixels = self.unpacked(stored)?;
        state.interlaced = Some(pixels.clone());
        Ok(pixels)
    }

    /// The rows of a damaged block that are there, from its first row.
    fn rescue(&self, block: Window) -> Result<Pixels> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.rescued.is_none() {
            self.limits.check_pixels("damaged PNG image", self.layout.image_bytes(), self.source.size())?;
            state.rescued = Some(rescue::rows(&*self.source, &self.header)?);
        }
        let mut rows = Vec::new();
        let stored = state.rescued.as_deref().unwrap_or_default().chunks_exact(self.header.row_bytes() as usize);
        let there = stored.skip(block.y as usize).take(block.height as usize);
        let count = there.map(|row| append_row(&self.header, row, &mut rows)).count();
        self.pixels(rows, count as u32)
    }

    /// The pixels of a damaged interlaced image; those that are missing have the sample `fill`.
    fn rescue_interlaced(&self, fill: &[u8]) -> Result<Pixels> {
        let bytes = self.layout.image_bytes() as usize;
        let Ok(mut cursor) = self.open(Checks::None) else {
            return self.pixels(fill.repeat(bytes / fill.len()), self.header.rows);
        };
        let mut stored = self.packed(fill).repeat(self.header.rows as usize);
        let _ = cursor.decoder.next_frame(&mut stored);
        self.unpacked(stored)
    }

    /// A stored row of one sample.
    fn packed(&self, sample: &[u8]) -> Vec<u8> {
        let depth = self.header.depth;
        let row = self.header.row_bytes() as usize;
        match depth {
            8 => vec![sample[0]; row],
            16 => u16::from_ne_bytes([sample[0], sample[1]]).to_be_bytes().repeat(row / 2),
            _ => vec![(0..8).step_by(depth.into()).fold(0, |byte, shift| byte | sample[0] << shift); row],
        }
    }

    /// The stored rows of the whole image as samples in memory order.
    fn unpacked(&self, mut stored: Vec<u8>) -> Result<Pixels> {
        let header = &self.header;
        if header.depth < 8 {
            let mut rows = Vec::with_capacity(self.layout.image_bytes() as usize);
            stored.chunks_exact(header.row_bytes() as usize).for_each(|row| append_row(header, row, &mut rows));
            stored = rows;
        } else if header.depth == 16 && !ByteOrder::Big.is_native() {
            simd::swap_bytes(&mut stored, 2);
        }
        self.pixels(stored, header.rows)
    }

    fn pixels(&self, rows: Vec<u8>, count: u32) -> Result<Pixels> {
        let shape = [self.layout.bands as usize, count as usize, self.header.columns as usize];
        Pixels::from_vec(rows, shape, self.layout.sample, Interleave::Pixel)
    }

    fn open(&self, checks: Checks) -> Result<Cursor> {
        let reader = GuardedReader::new(Arc::clone(&self.source), self.last_data.filter(|_| checks == Checks::All));
        // The rows were checked against the limits before; metadata chunks bound the decoder's other allocations.
        let bytes =
            self.limits.max_metadata_bytes.saturating_add(self.header.row_bytes().saturating_mul(4) + (1 << 20));
        let limits = png::Limits { bytes: usize::try_from(bytes).unwrap_or(usize::MAX) };
        let mut decoder = png::Decoder::new_with_limits(BufReader::with_capacity(READ_AHEAD, reader), limits);
        decoder.set_transformations(png::Transformations::IDENTITY);
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        // The decoder checks the chunks by default, but not the pixels.
        decoder.ignore_checksums(checks == Checks::None);
        let decoder = decoder.read_info().map_err(decoding)?;
        let frame = decoder.info().frame_control.map(|frame| (frame.width, frame.height));
        if frame.is_some_and(|size| size != (self.header.columns, self.header.rows)) {
            return Err(Error::malformed("size of the default image in chunk")
                .field("fcTL")
                .found(format!("{frame:?}")));
        }
        let stored = vec![0; self.header.row_bytes() as usize];
        Ok(Cursor {
            decoder,
            header: self.header,
            next: 0,
            first: 0,
            rows: Vec::new(),
            stored,
            checked: checks == Checks::None,
            may_end: self.last_data.is_some(),
        })
    }
}

impl ImageProvider for PngImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        Access::Serial
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        if self.header.interlaced {
            return Ok(Block::Pixels(self.interlaced()?.window(window)?));
        }
        let rows = self.rows(window, window.bottom(), <[u8]>::to_vec)?;
        Ok(Block::Pixels(self.pixels(rows, window.height)?))
    }

    fn is_dense(&self) -> bool {
        true
    }

    /// Does not decode rows below the window.
    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let Wanted { window, bands, .. } = wanted;
        let block = self.layout.grid.block_window(self.layout.grid.check(at)?);
        let error = match self.window(block, window) {
            Ok(pixels) => {
                pixels.copy_to_tile(bands, out);
                return Ok(true);
            }
            Err(error @ Error::Malformed(_)) if out.is_in_part() => error,
            Err(error) => return Err(error),
        };
        if self.header.interlaced {
            // Missing pixels lie between those that are there.
            out.fill_missing(0, None, &error);
            self.rescue_interlaced(&out.fill_sample())?.window(window)?.copy_to_tile(bands, out);
            return Ok(true);
        }
        let pixels = self.rescue(block)?;
        let skipped = window.y - block.y;
        let there = (pixels.shape()[1] as u32).saturating_sub(skipped).min(window.height);
        if there > 0 {
            let place = Window { x: 0, y: 0, height: there, ..window };
            pixels.window(Window { y: skipped, height: there, ..window })?.copy_to_tile(bands, &mut out.part(place)?);
        }
        out.fill_missing(there, None, &error);
        Ok(true)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.source.check_unchanged()
    }

    fn behind(&self) -> InFile<'_> {
        InFile { source: Some(&*self.source), ..InFile::default() }
    }
}

impl Cursor {
    /// True if rows from `first` are available: they are held, or not decoded yet.
    fn can_reach(&self, first: u32) -> bool {
        first == self.first || first >= self.next
    }

    /// Decodes and holds the rows from `first` up to `end`.
    fn fill(&mut self, first: u32, end: u32) -> Result<()> {
        if first != self.first {
            self.rows.clear();
            while self.next < first {
                self.decode()?;
            }
            self.first = first;
        }
        while self.next < end {
            self.decode()?;
            append_row(&self.header, &self.stored, &mut self.rows);
        }
        if self.next < self.header.rows || self.checked {
            return Ok(());
        }
        // Checks the checksums after the last row, those of the stream and of its last chunk.
        let checked = match self.decoder.read_row(&mut self.stored) {
            Err(png::DecodingError::IoError(error)) if is_end(&error) && self.may_end => Ok(()),
            other => other.map(|_| ()).map_err(decoding),
        };
        self.checked = checked.is_ok();
        checked
    }

    fn decode(&mut self) -> Result<()> {
        let rows = self.header.rows;
        let early = |next: u32, error: Error| error.field("rows").found(next).allowed(rows);
        match self.decoder.read_row(&mut self.stored) {
            Ok(Some(_)) => self.next += 1,
            Ok(None) => return Err(early(self.next, Error::malformed("image data: end early,"))),
            Err(error) => return Err(decoding(error)),
        }
        Ok(())
    }

    fn row_bytes(&self) -> usize {
        self.header.memory_row_bytes() as usize
    }
}

/// Appends a stored row as samples of whole bytes in native byte order.
fn append_row(header: &Header, stored: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    match header.depth {
        8 => out.extend_from_slice(stored),
        16 => {
            out.extend_from_slice(stored);
            if !ByteOrder::Big.is_native() {
                simd::swap_bytes(&mut out[start..], 2);
            }
        }
        depth => {
            // Samples of fewer bits are packed most significant first (7.2); only images of one band have them.
            let mask = header.largest_sample() as u8;
            let shifts = (0..8).step_by(depth.into()).map(|shift| 8 - depth - shift);
            out.extend(stored.iter().flat_map(|byte| shifts.clone().map(move |shift| byte >> shift & mask)));
            out.truncate(start + header.columns as usize);
        }
    }
}

/// The layout of the image: blocks of full rows, about a mebibyte each.
fn layout(header: &Header) -> Result<ImageLayout> {
    let rows = (BLOCK_BYTES / header.memory_row_bytes()).clamp(1, BLOCK_ROWS) as u32;
    let grid = BlockGrid::new(header.columns, header.rows, header.columns, rows.min(header.rows))?;
    let mut layout = ImageLayout::new(grid, header.color.bands(), header.sample())?;
    layout.bits_per_sample = header.depth.into();
    layout.actual_bits = header.depth.into();
    Ok(layout)
}

/// Converts the decoder's error.
fn decoding(error: png::DecodingError) -> Error {
    match error {
        png::DecodingError::IoError(error) if is_end(&error) => Error::malformed("image data: the file ends within it"),
        png::DecodingError::IoError(error) => match error.downcast::<Error>() {
            Ok(own) => own,
            Err(other) => other.into(),
        },
        png::DecodingError::LimitsExceeded => Error::malformed("PNG file: chunks larger than the limits allow"),
        other => Error::malformed("image data").found(other),
    }
}

fn is_end(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::UnexpectedEof
}

/// Bytes of a block.
const BLOCK_BYTES: u64 = 1 << 20;

/// Most rows of a block.
const BLOCK_ROWS: u64 = 256;

/// Bytes read from the source at once.
pub(crate) const READ_AHEAD: usize = 128 << 10;
