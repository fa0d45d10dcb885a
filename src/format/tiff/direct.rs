//! Uncompressed pixels: rows are read from where they lie in the file, and nothing else is.

use super::image::{Request, TiffImage, Workspace, sized};
use crate::error::Result;
use crate::image::BlockIndex;
use crate::simd;

/// Rows of one stored block, as they lie in the file.
struct Run {
    /// First byte of the first row.
    offset: u64,
    /// Bytes wanted of each row.
    bytes: usize,
    /// Bytes from row to row.
    pitch: u64,
    /// Number of rows.
    rows: usize,
    /// Row of the place that the first goes to.
    y: usize,
    /// Band of the place that the samples go to; none where the file has all bands of a pixel together.
    band: Option<usize>,
}

/// Bytes between rows that are read over rather than jumped: reading this many costs about as much as another call.
const GAP: u64 = 4096;

/// Bytes read at once, so that they are still in the processor's cache when they are taken apart.
const PIECE: u64 = 256 << 10;

impl TiffImage {
    /// Reads a window of an uncompressed image. False where nothing of it is in the file.
    pub(super) fn read_direct(&self, request: &mut Request<'_, '_>, work: &mut Workspace) -> Result<bool> {
        let (storage, window) = (&self.storage, request.window);
        let (grid, places) = (&storage.grid, self.places()?);
        let pixel = storage.pixel_bytes() as u64;
        let apart = storage.planar || storage.bands == 1;
        let mut absent = Vec::new();
        let mut y = window.y;
        let mut found = false;
        while y < window.bottom() {
            let at = BlockIndex { row: y / grid.block_rows(), column: window.x / grid.block_columns() };
            let block = grid.full_block_window(at);
            let rows = block.bottom().min(window.bottom()) - y;
            let first = u64::from(y - block.y) * storage.row_bytes() + u64::from(window.x - block.x) * pixel;
            for out in 0..if apart { request.bands.len() } else { 1 } {
                let number = self.stored_block(at, if storage.planar { request.bands[out] } else { 0 });
                let tile_y = (y - window.y) as usize;
                let Some(place) = places.get(number) else {
                    absent.push((out, tile_y..tile_y + rows as usize));
                    continue;
                };
                let run = Run {
                    offset: place.offset.saturating_add(first),
                    bytes: window.width as usize * pixel as usize,
                    pitch: storage.row_bytes(),
                    rows: rows as usize,
                    y: tile_y,
                    band: apart.then_some(out),
                };
                if run.end() > self.source.size() {
                    return Err(self.arrays.outside(number, run.offset, run.end() - run.offset));
                }
                self.read_run(&run, request, &mut work.stored)?;
                found = true;
            }
            y += rows;
        }
        if found {
            for (out, rows) in absent {
                let bands = if apart { out..out + 1 } else { 0..request.bands.len() };
                bands.for_each(|band| self.fill_band(request.tile, band, rows.clone()));
            }
        }
        Ok(found)
    }

    fn read_run(&self, run: &Run, request: &mut Request<'_, '_>, buffer: &mut Vec<u8>) -> Result<()> {
        if let Some(bytes) = self.source.bytes() {
            for (row, place) in (0..run.rows).zip(run.offsets()) {
                self.take_row(run, row, &bytes[place as usize..][..run.bytes], request);
            }
            return Ok(());
        }
        let gap = run.pitch - run.bytes as u64;
        if let Some(band) = run.band {
            if gap == 0
                && let Some(plane) = request.tile.plane(band)
            {
                let plane = &mut plane[run.y * run.bytes..][..run.rows * run.bytes];
                self.source.read_at(run.offset, plane)?;
                self.to_native(plane);
                return Ok(());
            }
            if gap > GAP {
                for (row, place) in (0..run.rows).zip(run.offsets()) {
                    let out = request.tile.row(band, run.y + row);
                    self.source.read_at(place, out)?;
                    self.to_native(out);
                }
                return Ok(());
            }
        }
        let rows_at_once = if gap > GAP { 1 } else { (PIECE / run.pitch).max(1) as usize };
        for first in (0..run.rows).step_by(rows_at_once) {
            let rows = rows_at_once.min(run.rows - first);
            let length = (rows - 1) * run.pitch as usize + run.bytes;
            let piece = sized(buffer, length);
            self.source.read_at(run.offset + first as u64 * run.pitch, piece)?;
            for (row, pixels) in piece.chunks(run.pitch as usize).enumerate() {
                self.take_row(run, first + row, &pixels[..run.bytes], request);
            }
        }
        Ok(())
    }

    /// Writes the stored pixels of a row to the place.
    fn take_row(&self, run: &Run, row: usize, pixels: &[u8], request: &mut Request<'_, '_>) {
        let y = run.y + row;
        if let Some(band) = run.band {
            let out = request.tile.row(band, y);
            out.copy_from_slice(pixels);
            return self.to_native(out);
        }
        self.put_row(request, y, pixels);
        if !self.storage.spec.byte_order.is_native() {
            (0..request.bands.len()).for_each(|band| self.to_native(request.tile.row(band, y)));
        }
    }

    fn to_native(&self, samples: &mut [u8]) {
        if !self.storage.spec.byte_order.is_native() {
            simd::swap_bytes(samples, self.storage.sample.swap_unit());
        }
    }
}

impl Run {
    fn offsets(&self) -> impl Iterator<Item = u64> + use<> {
        let (offset, pitch) = (self.offset, self.pitch);
        (0..self.rows as u64).map(move |row| offset + row * pitch)
    }

    fn end(&self) -> u64 {
        self.offset.saturating_add((self.rows as u64 - 1).saturating_mul(self.pitch)).saturating_add(self.bytes as u64)
    }
}
