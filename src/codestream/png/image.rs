//! The pixels of a file: rows are streamed, and blocks are bands of rows.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use super::header::Header;
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
    header: Header,
    layout: ImageLayout,
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cursor: Option<Cursor>,
    interlaced: Option<Pixels>,
}

/// A decoder with its position in the image, and the rows of its current block.
struct Cursor {
    decoder: png::Reader<BufReader<SourceReader>>,
    header: Header,
    /// The next row to decode.
    next: u32,
    /// The first row in `rows`; they end before `next`.
    first: u32,
    /// Rows in memory order.
    rows: Vec<u8>,
    /// A stored row.
    stored: Vec<u8>,
}

impl PngImage {
    /// Opens the image with `header` in `source`.
    ///
    /// # Errors
    /// [`Error::Limit`] if a block would be larger than allowed.
    pub(crate) fn new(source: Arc<dyn ByteSource>, header: Header, limits: Limits) -> Result<Self> {
        let layout = layout(&header)?;
        let (what, bytes) = if header.interlaced {
            ("interlaced image", layout.image_bytes())
        } else {
            ("band of rows", layout.block_bytes())
        };
        limits.check_block(what, bytes, source.size())?;
        Ok(Self { source, header, layout, limits, state: Mutex::default() })
    }

    /// Decodes the rows of a block up to (not including) row `end`, and passes them to `take`.
    fn rows<R>(&self, block: Window, end: u32, take: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A cursor that failed is not used again: the next read starts again.
        let mut cursor = match state.cursor.take() {
            Some(cursor) if cursor.can_reach(block.y) => cursor,
            _ => self.open()?,
        };
        cursor.fill(block.y, end)?;
        let bytes = cursor.row_bytes() * (end - block.y) as usize;
        let result = take(&cursor.rows[..bytes]);
        state.cursor = Some(cursor);
        Ok(result)
    }

    /// The whole image of an interlaced file.
    fn interlaced(&self) -> Result<Pixels> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pixels) = &state.interlaced {
            return Ok(pixels.clone());
        }
        let mut cursor = self.open()?;
        let header = &self.header;
        let mut stored = vec![0; (header.row_bytes() * u64::from(header.rows)) as usize];
        cursor.decoder.next_frame(&mut stored).map_err(decoding)?;
        if header.depth < 8 {
            let mut rows = Vec::with_capacity(self.layout.image_bytes() as usize);
            stored.chunks_exact(header.row_bytes() as usize).for_each(|row| append_row(header, row, &mut rows));
            stored = rows;
        } else if header.depth == 16 && !ByteOrder::Big.is_native() {
            simd::swap_bytes(&mut stored, 2);
        }
        let pixels = self.pixels(stored, header.rows)?;
        state.interlaced = Some(pixels.clone());
        Ok(pixels)
    }

    fn pixels(&self, rows: Vec<u8>, count: u32) -> Result<Pixels> {
        let shape = [self.layout.bands as usize, count as usize, self.header.columns as usize];
        Pixels::from_vec(rows, shape, self.layout.sample, Interleave::Pixel)
    }

    fn open(&self) -> Result<Cursor> {
        let reader = SourceReader { source: Arc::clone(&self.source), at: 0 };
        // The rows were checked against the limits before; metadata chunks bound the decoder's other allocations.
        let bytes =
            self.limits.max_metadata_bytes.saturating_add(self.header.row_bytes().saturating_mul(4) + (1 << 20));
        let limits = png::Limits { bytes: usize::try_from(bytes).unwrap_or(usize::MAX) };
        let mut decoder = png::Decoder::new_with_limits(BufReader::with_capacity(READ_AHEAD, reader), limits);
        decoder.set_transformations(png::Transformations::IDENTITY);
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let decoder = decoder.read_info().map_err(decoding)?;
        let frame = decoder.info().frame_control.map(|frame| (frame.width, frame.height));
        if frame.is_some_and(|size| size != (self.header.columns, self.header.rows)) {
            return Err(Error::malformed("size of the default image in chunk")
                .field("fcTL")
                .found(format!("{frame:?}")));
        }
        let stored = vec![0; self.header.row_bytes() as usize];
        Ok(Cursor { decoder, header: self.header, next: 0, first: 0, rows: Vec::new(), stored })
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
        let pixels = if self.header.interlaced {
            self.interlaced()?.window(window)?
        } else {
            let rows = self.rows(block, window.bottom(), |rows| {
                let start = rows.len() / (window.bottom() - block.y) as usize * (window.y - block.y) as usize;
                rows[start..].to_vec()
            })?;
            self.pixels(rows, window.height)?.window(Window { y: 0, ..window })?
        };
        pixels.copy_to_tile(bands, out);
        Ok(true)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.source.check_unchanged()
    }

    fn behind(&self) -> InFile<'_> {
        InFile { bytes: Some(self.source.size()), ..InFile::default() }
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
        Ok(())
    }

    fn decode(&mut self) -> Result<()> {
        if self.decoder.read_row(&mut self.stored).map_err(decoding)?.is_none() {
            return Err(
                Error::malformed("image data: ends before the last row").found(format!("{} rows decoded", self.next))
            );
        }
        self.next += 1;
        if self.next == self.header.rows {
            // Checks the checksums after the last row, those of the stream and of its last chunk.
            self.decoder.read_row(&mut self.stored).map_err(decoding)?;
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
        png::DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::malformed("image data: the file ends within it")
        }
        png::DecodingError::IoError(error) => match error.downcast::<Error>() {
            Ok(own) => own,
            Err(other) => other.into(),
        },
        png::DecodingError::LimitsExceeded => Error::malformed("PNG file: chunks larger than the limits allow"),
        other => Error::malformed("image data").found(other),
    }
}

/// A source as a stream.
struct SourceReader {
    source: Arc<dyn ByteSource>,
    at: u64,
}

impl Read for SourceReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.size().saturating_sub(self.at).min(out.len() as u64) as usize;
        self.source.read_at(self.at, &mut out[..count]).map_err(std::io::Error::other)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for SourceReader {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.source.size().checked_add_signed(by),
        };
        self.at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Bytes of a block.
const BLOCK_BYTES: u64 = 1 << 20;

/// Most rows of a block.
const BLOCK_ROWS: u64 = 256;

/// Bytes read from the source at once.
pub(crate) const READ_AHEAD: usize = 128 << 10;
