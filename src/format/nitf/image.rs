//! The pixels of an uncompressed image segment (IC NC and NM).

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::mask::{ABSENT, MaskTable, pad_code};
use super::pad::pad_value;
use super::pixels::{Mode, Storage};
use crate::codec::{BlockShape, CodecParams, Scratch, raw};
use crate::error::{Error, Result};
use crate::image::{
    Access, Block, BlockGrid, BlockIndex, Canvas, ImageLayout, ImageProvider, Interleave, PadValue, Pixels,
    StoredImage, TileMut, Window,
};
use crate::io::{ByteOrder, ByteSource, Rows};
use crate::limits::Limits;
use crate::simd;

/// Stored bytes, samples unpacked from them, and what a codec keeps, for one thread at a time.
type Buffers = (Vec<u8>, Vec<u8>, Scratch);

/// Single blocks are presented in bands of rows of about this many bytes.
const BAND_BYTES: u64 = 4 << 20;

/// An uncompressed image segment.
pub(super) struct NitfImage {
    source: Arc<dyn ByteSource>,
    limits: Limits,
    storage: Storage,
    layout: ImageLayout,
    /// First byte of the image data, mask table included.
    data: u64,
    data_length: u64,
    masked: bool,
    mask: OnceLock<MaskTable>,
    buffers: Mutex<Vec<Buffers>>,
    stored: Option<StoredImage>,
}

impl NitfImage {
    /// The image of a segment whose data has `data_length` bytes from `data` on.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the data does not hold the pixels the subheader describes.
    pub(super) fn new(
        source: Arc<dyn ByteSource>,
        limits: Limits,
        storage: Storage,
        (data, data_length): (u64, u64),
        masked: bool,
    ) -> Result<Self> {
        let mut image = Self {
            layout: storage.layout(PadValue::ZERO, BAND_BYTES)?,
            source,
            limits,
            storage,
            data,
            data_length,
            masked,
            mask: OnceLock::new(),
            buffers: Mutex::default(),
            stored: None,
        };
        // The table itself is read with the first block, and told by it where it cannot be.
        if masked && let Some((code, bits)) = pad_code(&*image.source, data, data_length) {
            image.layout.pad = pad_value(code, bits, image.storage.sample).unwrap_or(PadValue::ZERO);
        }
        Ok(image)
    }

    /// The image with the bytes that a writer may copy.
    pub(super) fn with_stored(self, stored: Option<StoredImage>) -> Self {
        Self { stored, ..self }
    }

    /// The mask table; empty for an image without one. Read when first needed.
    fn mask(&self) -> Result<&MaskTable> {
        if let Some(mask) = self.mask.get() {
            return Ok(mask);
        }
        let mask = if self.masked {
            let records = self.storage.stored_blocks();
            self.limits.check_metadata("mask table", records.saturating_mul(8))?;
            MaskTable::read(&*self.source, self.data, self.data_length, records)?
        } else {
            MaskTable::default()
        };
        Ok(self.mask.get_or_init(|| mask))
    }

    /// Where the stored block with number `block` begins; none where it is not recorded.
    fn place(&self, block: u64) -> Result<Option<u64>> {
        let mask = self.mask()?;
        let length = self.storage.block_bytes();
        let offset = match &mask.blocks {
            Some(offsets) => match offsets.get(block as usize) {
                Some(&ABSENT) | None => return Ok(None),
                Some(offset) => u64::from(*offset),
            },
            None => block.saturating_mul(length),
        };
        let end = mask.data_offset.saturating_add(offset).saturating_add(length);
        if end > self.data_length {
            return Err(Error::malformed("block of an image reaches past the image data")
                .field(block)
                .found(end)
                .allowed(self.data_length)
                .at(self.data.saturating_add(mask.data_offset).saturating_add(offset)));
        }
        Ok(Some(self.data + mask.data_offset + offset))
    }

    /// The block of the stored grid that holds block `at` of the layout.
    fn stored(&self, at: BlockIndex) -> BlockIndex {
        let row =
            u64::from(at.row) * u64::from(self.layout.grid.block_rows()) / u64::from(self.storage.grid.block_rows());
        BlockIndex { row: row as u32, ..at }
    }

    /// The number of a stored block of a band; all bands have the same one but in mode S.
    fn number(&self, stored: BlockIndex, band: u32) -> u64 {
        let shift = if self.storage.mode == Mode::Sequential { u64::from(band) * self.storage.grid.count() } else { 0 };
        shift + self.storage.grid.position(stored)
    }

    /// Reads the rows of one band, whose samples stand together. False where the block is not recorded.
    fn read_band(
        &self,
        stored: BlockIndex,
        window: Window,
        (band, out): (u32, usize),
        tile: &mut TileMut<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<bool> {
        let Some(start) = self.place(self.number(stored, band))? else { return Ok(false) };
        let (columns, sample) = (u64::from(self.storage.grid.block_columns()), self.storage.sample.bytes() as u64);
        let (pitch, first) = match self.storage.mode {
            Mode::Row => (columns * sample * u64::from(self.storage.bands), u64::from(band) * columns * sample),
            Mode::Block => (columns * sample, u64::from(band) * self.storage.plane_bytes()),
            Mode::Sequential | Mode::Pixel => (columns * sample, 0),
        };
        let rows = Rows {
            offset: start + first + u64::from(window.y) * pitch + u64::from(window.x) * sample,
            bytes: window.width as usize * sample as usize,
            pitch,
            count: window.height as usize,
        };
        if rows.is_joined()
            && let Some(plane) = tile.plane(out)
        {
            self.source.read_at(rows.offset, plane)?;
            self.to_native(plane);
            return Ok(true);
        }
        rows.read(&*self.source, buffer, |y, bytes| {
            let row = tile.row(out, y);
            row.copy_from_slice(bytes);
            self.to_native(row);
        })?;
        Ok(true)
    }

    /// Reads pixels whose bands stand together. False where the block is not recorded.
    fn read_pixels(
        &self,
        stored: BlockIndex,
        window: Window,
        bands: &[u32],
        tile: &mut TileMut<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<bool> {
        let Some(start) = self.place(self.number(stored, 0))? else { return Ok(false) };
        let pixel = self.storage.bands as usize * self.storage.sample.bytes();
        let pitch = u64::from(self.storage.grid.block_columns()) * pixel as u64;
        let rows = Rows {
            offset: start + u64::from(window.y) * pitch + u64::from(window.x) * pixel as u64,
            bytes: window.width as usize * pixel,
            pitch,
            count: window.height as usize,
        };
        rows.read(&*self.source, buffer, |y, bytes| {
            self.put_row(y, bytes, bands, tile);
            for out in 0..bands.len() {
                self.to_native(tile.row(out, y));
            }
        })?;
        Ok(true)
    }

    /// Reads samples of fewer bits than a byte or two, which run on from row to row without padding: the bytes that hold the rows
    /// of the window.
    fn read_packed(&self, stored: BlockIndex, window: Window, bands: &[u32], tile: &mut TileMut<'_>) -> Result<bool> {
        let storage = &self.storage;
        // Samples that make whole bytes, at which unpacking can begin.
        let unit = u64::from(8u32 >> storage.bits.trailing_zeros().min(3));
        let pitch = storage.row_samples();
        let first = u64::from(window.y) * pitch / unit * unit;
        let count = u64::from(window.bottom()) * pitch - first;
        let too_many = || Error::unsupported("packed rows of more than 2^32 samples");
        let shape = BlockShape::new(u32::try_from(count).map_err(|_| too_many())?, 1);
        let coding = storage.sample_coding();
        self.limits.check_block("block", coding.block_bytes(shape) as u64, self.source.size())?;
        let decoder = raw::Params.decoder(&coding);
        let (mut bytes, mut plane, mut scratch) = self.take_buffers();
        plane.resize(coding.block_bytes(shape), 0);
        let mut unpacked = None;
        let mut absent = Vec::new();
        for (out, band) in bands.iter().enumerate() {
            let Some(start) = self.place(self.number(stored, *band))? else {
                absent.push(out);
                continue;
            };
            let within = if storage.mode == Mode::Block { u64::from(*band) * storage.plane_bytes() } else { 0 };
            let start = start + within + first / unit * (unit * u64::from(storage.bits) / 8);
            if unpacked != Some(start) {
                bytes.resize(coding.stored_bytes(shape), 0);
                self.source.read_at(start, &mut bytes)?;
                decoder.decode(shape, &bytes, &mut plane, &mut scratch)?;
                self.shift_down(&mut plane);
                unpacked = Some(start);
            }
            let skipped = (u64::from(window.y) * pitch - first) as usize;
            self.copy_unpacked(&plane, skipped, window, *band, tile, out);
        }
        self.keep_buffers((bytes, plane, scratch));
        if absent.len() == bands.len() {
            return Ok(false);
        }
        for out in absent {
            self.fill_band(tile, out, window.height);
        }
        Ok(true)
    }

    /// Copies the window's samples of a band from its rows, which begin at sample `skipped` of `plane`.
    fn copy_unpacked(
        &self,
        plane: &[u8],
        skipped: usize,
        window: Window,
        band: u32,
        tile: &mut TileMut<'_>,
        out: usize,
    ) {
        let size = self.storage.sample.bytes();
        let (columns, bands) = (self.storage.grid.block_columns() as usize, self.storage.bands as usize);
        let (step, first, pitch) = match self.storage.mode {
            Mode::Pixel => (bands, band as usize, columns * bands),
            Mode::Row => (1, band as usize * columns, columns * bands),
            Mode::Block | Mode::Sequential => (1, 0, columns),
        };
        for y in 0..window.height as usize {
            let start = skipped + y * pitch + first + window.x as usize * step;
            let samples = plane[start * size..].chunks(size).step_by(step);
            tile.row(out, y).chunks_exact_mut(size).zip(samples).for_each(|(to, from)| to.copy_from_slice(from));
        }
    }

    fn put_row(&self, y: usize, pixels: &[u8], bands: &[u32], tile: &mut TileMut<'_>) {
        let size = self.storage.sample.bytes();
        let count = self.storage.bands as usize;
        if bands.len() == count && bands.iter().zip(0..).all(|(band, place)| *band == place) {
            return tile.deinterleave_row(y, pixels, size);
        }
        for (out, band) in bands.iter().enumerate() {
            let samples = pixels[*band as usize * size..].chunks(size).step_by(count);
            tile.row(out, y).chunks_exact_mut(size).zip(samples).for_each(|(to, from)| to.copy_from_slice(from));
        }
    }

    /// Stored bytes to native order, bits in their place.
    fn to_native(&self, samples: &mut [u8]) {
        if !ByteOrder::Big.is_native() {
            simd::swap_bytes(samples, self.storage.sample.swap_unit());
        }
        self.shift_down(samples);
    }

    /// Left-justified values to right-justified ones, signs kept.
    fn shift_down(&self, samples: &mut [u8]) {
        let shift = self.storage.shift;
        if shift == 0 {
            return;
        }
        let signed = self.storage.sample.is_signed_integer();
        for sample in samples.chunks_exact_mut(self.storage.sample.bytes()) {
            let mut wide = [0; 8];
            wide[..sample.len()].copy_from_slice(sample);
            // A sample's own bits stand at the low end of `wide` on little-endian machines only.
            let value =
                u64::from_le_bytes(if cfg!(target_endian = "little") { wide } else { reversed(wide, sample.len()) });
            let unused = 64 - self.storage.bits;
            let value = if signed { (((value << unused) as i64) >> (unused + shift)) as u64 } else { value >> shift };
            let bytes = value.to_le_bytes();
            sample.copy_from_slice(&bytes[..sample.len()]);
            if cfg!(target_endian = "big") {
                sample.reverse();
            }
        }
    }

    fn take_buffers(&self) -> Buffers {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn keep_buffers(&self, buffers: Buffers) {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buffers);
    }

    /// Fills one band of a place with the pad value.
    fn fill_band(&self, tile: &mut TileMut<'_>, out: usize, rows: u32) {
        let pad = self.layout.pad_bytes();
        for y in 0..rows as usize {
            tile.row(out, y).chunks_exact_mut(pad.len()).for_each(|sample| sample.copy_from_slice(&pad));
        }
    }
}

impl ImageProvider for NitfImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        if self.source.is_parallel() { Access::Parallel } else { Access::Serial }
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let stored = self.stored(self.layout.grid.check(at)?);
        let bands = if self.storage.mode == Mode::Sequential { self.storage.bands } else { 1 };
        let Some(offsets) = &self.mask()?.blocks else { return Ok(true) };
        Ok((0..bands)
            .any(|band| offsets.get(self.number(stored, band) as usize).is_some_and(|offset| *offset != ABSENT)))
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
        self.mask().is_ok_and(|mask| mask.blocks.as_ref().is_none_or(|blocks| !blocks.contains(&ABSENT)))
    }

    fn stored_grid(&self) -> BlockGrid {
        self.storage.grid
    }

    fn stored(&self) -> Option<&StoredImage> {
        self.stored.as_ref()
    }

    fn read_block(&self, at: BlockIndex, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        let stored = self.stored(self.layout.grid.check(at)?);
        let full = self.storage.grid.full_block_window(stored);
        let inside = window.relative_to(full.x, full.y);
        if !self.storage.is_whole_bytes() {
            return self.read_packed(stored, inside, bands, out);
        }
        let mut buffers = self.take_buffers();
        if self.storage.mode == Mode::Pixel {
            let present = self.read_pixels(stored, inside, bands, out, &mut buffers.0)?;
            self.keep_buffers(buffers);
            return Ok(present);
        }
        let mut absent = Vec::new();
        for (place, band) in bands.iter().enumerate() {
            if !self.read_band(stored, inside, (*band, place), out, &mut buffers.0)? {
                absent.push(place);
            }
        }
        self.keep_buffers(buffers);
        if absent.len() == bands.len() {
            return Ok(false);
        }
        for place in absent {
            self.fill_band(out, place, inside.height);
        }
        Ok(true)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.source.check_unchanged()
    }

    fn file_bytes(&self) -> u64 {
        self.source.size()
    }
}

fn reversed(mut wide: [u8; 8], length: usize) -> [u8; 8] {
    wide[..length].reverse();
    wide
}
