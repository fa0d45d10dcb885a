//! The pixels of a directory: blocks are found, decoded and written to where they are wanted.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::block_ranges::{BlockRange, BlockRanges, RangeArrays};
use super::compression;
use super::convert::Conversion;
use super::directory::Directory;
use super::storage::Storage;
use crate::codec::{BlockDecoder, BlockShape, Coding, Scratch};
use crate::error::Result;
use crate::image::{
    Access, Block, BlockIndex, Canvas, ImageLayout, ImageProvider, Interleave, PadValue, Pixels, TileMut, Window,
};
use crate::io::ByteSource;
use crate::limits::Limits;

/// An image of a TIFF file.
pub(super) struct TiffImage {
    pub(super) source: Arc<dyn ByteSource>,
    limits: Limits,
    pub(super) storage: Storage,
    /// None if the compression has no codec here.
    decoder: Option<Box<dyn BlockDecoder>>,
    layout: ImageLayout,
    pad: Vec<u8>,
    pub(super) arrays: RangeArrays,
    places: OnceLock<BlockRanges>,
    levels: Vec<Arc<dyn ImageProvider>>,
    /// Buffers of threads that read before, for those that read next.
    workspaces: Mutex<Vec<Workspace>>,
}

/// What is read of a block, and to where.
pub(super) struct Request<'r, 't> {
    /// Pixels of the image, inside of the block.
    pub(super) window: Window,
    /// The bands wanted, one for each of the tile's.
    pub(super) bands: &'r [u32],
    /// A place of the window's size.
    pub(super) tile: &'r mut TileMut<'t>,
}

/// Buffers that a thread needs to read a block.
#[derive(Default)]
pub(super) struct Workspace {
    /// Bytes of the file.
    pub(super) stored: Vec<u8>,
    decoded: Vec<u8>,
    converted: Vec<u8>,
    codec: Scratch,
}

/// Buffers larger than this are given back to the system after use.
const KEPT_BYTES: usize = 16 << 20;

impl TiffImage {
    /// The image of a directory.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] and [`crate::Error::Unsupported`] with the tag, its value, and where it stands.
    pub(super) fn new(
        source: Arc<dyn ByteSource>,
        limits: Limits,
        directory: &Directory,
        nodata: Option<PadValue>,
    ) -> Result<Self> {
        let storage = Storage::read(directory)?;
        let arrays = RangeArrays::find(directory, &storage)?;
        let layout = storage.layout(nodata)?;
        Ok(Self {
            source,
            limits,
            decoder: storage.coding.as_ref().map(Coding::decoder),
            storage,
            pad: layout.pad_bytes(),
            layout,
            arrays,
            places: OnceLock::new(),
            levels: Vec::new(),
            workspaces: Mutex::default(),
        })
    }

    /// The same image, with images of it at half the size, a quarter …
    #[must_use]
    pub(super) fn with_levels(mut self, levels: Vec<Arc<dyn ImageProvider>>) -> Self {
        self.levels = levels;
        self
    }

    /// The stored bytes of all blocks, one after the other in the order of the directory's arrays.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] where they are more than the limits allow, and whatever reading reports.
    pub(super) fn stored_bytes(&self) -> Result<Vec<u8>> {
        let grid = &self.storage.grid;
        let mut out = Vec::new();
        for block in 0..self.storage.stored_blocks() {
            let Some(place) = self.places()?.get(block) else { continue };
            let shape = self.shape(grid.at(block % grid.count()).row);
            let length = self.length(block, place, shape)?;
            let total = (out.len() as u64).saturating_add(length);
            self.limits.check_pixels("stored bytes of an image", total, self.source.size())?;
            out.extend_from_slice(&self.source.read_range(place.offset, length)?);
        }
        Ok(out)
    }

    /// Where the blocks lie; read from the file the first time.
    pub(super) fn places(&self) -> Result<&BlockRanges> {
        if let Some(places) = self.places.get() {
            return Ok(places);
        }
        let places = self.arrays.read(&*self.source, &self.limits)?;
        Ok(self.places.get_or_init(|| places))
    }

    /// The number that block `at` of the stored grid has in the arrays.
    pub(super) fn stored_block(&self, at: BlockIndex, plane: u32) -> u64 {
        u64::from(plane) * self.storage.grid.count() + self.storage.grid.position(at)
    }

    /// Fills rows of one band of a place with the value of absent pixels.
    pub(super) fn fill_band(&self, tile: &mut TileMut<'_>, band: usize, rows: Range<usize>) {
        for y in rows {
            tile.row(band, y).chunks_exact_mut(self.pad.len()).for_each(|sample| sample.copy_from_slice(&self.pad));
        }
    }

    /// Writes row `y` of the place from stored pixels, all of whose samples stand together.
    pub(super) fn put_row(&self, request: &mut Request<'_, '_>, y: usize, pixels: &[u8]) {
        let size = self.storage.sample.bytes();
        let samples = self.storage.bands as usize;
        let Request { bands, tile, .. } = request;
        if bands.len() == samples && bands.iter().zip(0..).all(|(band, place)| *band == place) {
            return tile.deinterleave_row(y, pixels, size);
        }
        for (out, band) in bands.iter().enumerate() {
            let row = tile.row(out, y);
            let from = &pixels[*band as usize * size..];
            match size {
                1 => gather::<1>(from, samples, row),
                2 => gather::<2>(from, samples, row),
                4 => gather::<4>(from, samples, row),
                8 => gather::<8>(from, samples, row),
                _ => gather::<16>(from, samples, row),
            }
        }
    }

    /// Reads a block that has to be decoded. False where all that is asked for is absent.
    fn read_coded(&self, at: BlockIndex, request: &mut Request<'_, '_>, work: &mut Workspace) -> Result<bool> {
        let (shape, pixels) = (self.shape(at.row), &self.storage.pixels);
        let bytes = pixels.stored_bytes(shape).max(pixels.block_bytes(shape)) as u64;
        self.limits.check_block("block", bytes, self.source.size())?;
        if !self.storage.planar {
            let block = self.stored_block(at, 0);
            let Some(place) = self.places()?.get(block) else { return Ok(false) };
            if self.storage.bands == 1 && request.bands.len() == 1 {
                self.read_plane(at, (block, place), shape, 0, request, work)?;
            } else {
                let pixels = self.decode(block, place, shape, work)?;
                for (y, row) in self.rows_of(at, request.window, pixels).enumerate() {
                    self.put_row(request, y, row);
                }
            }
            return Ok(true);
        }
        let mut absent = Vec::new();
        for (out, band) in request.bands.iter().enumerate() {
            let block = self.stored_block(at, *band);
            match self.places()?.get(block) {
                Some(place) => self.read_plane(at, (block, place), shape, out, request, work)?,
                None => absent.push(out),
            }
        }
        if absent.len() == request.bands.len() {
            return Ok(false);
        }
        let rows = request.window.height as usize;
        for out in absent {
            self.fill_band(request.tile, out, 0..rows);
        }
        Ok(true)
    }

    /// Reads a stored block of one band to band `out` of the place.
    fn read_plane(
        &self,
        at: BlockIndex,
        (block, place): (u64, BlockRange),
        shape: BlockShape,
        out: usize,
        request: &mut Request<'_, '_>,
        work: &mut Workspace,
    ) -> Result<()> {
        let whole = request.window.width == shape.columns && request.window.height == shape.rows;
        if whole
            && self.storage.conversion == Conversion::None
            && let Some(plane) = request.tile.plane(out)
        {
            let Workspace { stored, codec, .. } = work;
            return self.decode_to(block, place, shape, stored, plane, codec);
        }
        let pixels = self.decode(block, place, shape, work)?;
        for (y, row) in self.rows_of(at, request.window, pixels).enumerate() {
            request.tile.row(out, y).copy_from_slice(row);
        }
        Ok(())
    }

    /// The rows of `window` in the decoded pixels of block `at`.
    fn rows_of<'p>(
        &self,
        at: BlockIndex,
        window: Window,
        pixels: &'p [u8],
    ) -> impl Iterator<Item = &'p [u8]> + use<'p> {
        let full = self.storage.grid.full_block_window(at);
        let pixel = self.storage.pixel_bytes();
        let inside = window.relative_to(full.x, full.y);
        let columns = inside.x as usize * pixel..inside.right() as usize * pixel;
        let rows = pixels.chunks_exact(full.width as usize * pixel);
        rows.skip(inside.y as usize).take(inside.height as usize).map(move |row| &row[columns.clone()])
    }

    /// Decodes a stored block, whole.
    fn decode<'w>(
        &self,
        block: u64,
        place: BlockRange,
        shape: BlockShape,
        work: &'w mut Workspace,
    ) -> Result<&'w [u8]> {
        let Workspace { stored, decoded, converted, codec } = work;
        let decoded = sized(decoded, self.storage.pixels.block_bytes(shape));
        self.decode_to(block, place, shape, stored, decoded, codec)?;
        if self.storage.conversion == Conversion::None {
            return Ok(decoded);
        }
        let columns = self.storage.grid.block_columns() as usize;
        let bytes = self.storage.converted_bytes(shape);
        self.limits.check_block("block", bytes as u64, self.source.size())?;
        let converted = sized(converted, bytes);
        self.storage.conversion.apply(decoded, columns, converted);
        Ok(converted)
    }

    fn decode_to(
        &self,
        block: u64,
        place: BlockRange,
        shape: BlockShape,
        stored: &mut Vec<u8>,
        out: &mut [u8],
        codec: &mut Scratch,
    ) -> Result<()> {
        let length = self.length(block, place, shape)?;
        self.limits.check_block("stored block", length, self.source.size())?;
        let data = match self.source.bytes() {
            Some(bytes) if !self.storage.reversed_bits => &bytes[place.offset as usize..][..length as usize],
            _ => {
                let stored = sized(stored, length as usize);
                self.source.read_at(place.offset, stored)?;
                if self.storage.reversed_bits {
                    for byte in &mut *stored {
                        *byte = byte.reverse_bits();
                    }
                }
                stored
            }
        };
        let no_codec = || self.arrays.no_codec(self.storage.compression);
        let decoder = self.decoder.as_ref().ok_or_else(no_codec)?;
        decoder.decode(shape, data, out, codec).map_err(|error| self.arrays.in_block(error, block, place.offset))
    }

    /// The shape of coded blocks in row `row` of the stored grid.
    fn shape(&self, row: u32) -> BlockShape {
        BlockShape { rows: self.storage.coded_rows(row), ..self.storage.shape }
    }

    /// Bytes of a stored block, all of them inside of the file.
    fn length(&self, block: u64, place: BlockRange, shape: BlockShape) -> Result<u64> {
        // Without compression the size is known; counts that differ are a common mistake of writers.
        let length = match place.length {
            Some(length) if self.storage.compression != compression::NONE => length,
            _ => self.storage.pixels.stored_bytes(shape) as u64,
        };
        let inside = place.offset.checked_add(length).is_some_and(|end| end <= self.source.size());
        if inside { Ok(length) } else { Err(self.arrays.outside(block, place.offset, length)) }
    }
}

impl ImageProvider for TiffImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        if self.source.is_parallel() { Access::Parallel } else { Access::Serial }
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let rows = self.layout.grid.block_window(self.layout.grid.check(at)?);
        let places = self.places()?;
        let stored_rows = self.storage.grid.block_rows();
        let mut stored = (rows.y / stored_rows..=(rows.bottom() - 1) / stored_rows)
            .flat_map(|row| (0..self.storage.planes()).map(move |plane| (BlockIndex { row, ..at }, plane)));
        Ok(stored.any(|(at, plane)| places.get(self.stored_block(at, plane)).is_some()))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        let window = self.layout.grid.block_window(self.layout.grid.check(at)?);
        let shape = [self.layout.bands as usize, window.height as usize, window.width as usize];
        let bytes = window.pixels().saturating_mul(self.layout.pixel_bytes() as u64);
        self.limits.check_block("block", bytes, self.source.size())?;
        let mut pixels = vec![0; bytes as usize];
        let bands: Vec<u32> = (0..self.layout.bands).collect();
        let canvas = Canvas::new(&mut pixels, shape[0], shape[1], shape[2], self.layout.sample.bytes())?;
        if !self.read_block(at, window, &bands, &mut canvas.whole()?)? {
            return Ok(Block::Absent);
        }
        Pixels::from_vec(pixels, shape, self.layout.sample, Interleave::Band).map(Block::Pixels)
    }

    fn is_dense(&self) -> bool {
        self.places().is_ok_and(BlockRanges::is_dense)
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        &self.levels
    }

    fn read_block(&self, at: BlockIndex, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        self.layout.grid.check(at)?;
        let pool = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work = pool().pop().unwrap_or_default();
        let mut request = Request { window, bands, tile: out };
        let read = if self.storage.is_direct() {
            self.read_direct(&mut request, &mut work)
        } else {
            self.read_coded(at, &mut request, &mut work)
        }?;
        if work.bytes() <= KEPT_BYTES {
            pool().push(work);
        }
        Ok(read)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.source.check_unchanged()
    }

    fn file_bytes(&self) -> u64 {
        self.source.size()
    }
}

impl Workspace {
    fn bytes(&self) -> usize {
        [&self.stored, &self.decoded, &self.converted, &self.codec.bytes].iter().map(|buffer| buffer.capacity()).sum()
    }
}

/// The first `length` bytes of a buffer that grows as needed; what they hold is anything.
pub(super) fn sized(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}

/// Copies every `samples`-th sample of `N` bytes.
fn gather<const N: usize>(pixels: &[u8], samples: usize, out: &mut [u8]) {
    let from = pixels.as_chunks::<N>().0.iter().step_by(samples);
    out.as_chunks_mut::<N>().0.iter_mut().zip(from).for_each(|(to, sample)| *to = *sample);
}
