//! Uncompressed pixels: rows are read from where they lie in the file, and nothing else is.

use super::image::{Request, TiffImage, Workspace};
use crate::error::Result;
use crate::image::BlockIndex;
use crate::io::Rows;
use crate::simd;

/// Rows of one stored block, as they lie in the file.
struct Run {
    rows: Rows,
    /// Row of the place that the first goes to.
    y: usize,
    /// Band of the place that the samples go to; none where the file has all bands of a pixel together.
    band: Option<usize>,
}

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
                let stored = Rows {
                    offset: place.offset.saturating_add(first),
                    bytes: window.width as usize * pixel as usize,
                    pitch: storage.row_bytes(),
                    count: rows as usize,
                };
                let run = Run { rows: stored, y: tile_y, band: apart.then_some(out) };
                if stored.end() > self.source.size() {
                    return Err(self.arrays.outside(number, stored.offset, stored.end() - stored.offset));
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
        let rows = &run.rows;
        if let (Some(band), true, None) = (run.band, rows.is_joined(), self.source.bytes())
            && let Some(plane) = request.tile.plane(band)
        {
            let plane = &mut plane[run.y * rows.bytes..][..rows.count * rows.bytes];
            self.source.read_at(rows.offset, plane)?;
            self.to_native(plane);
            return Ok(());
        }
        rows.read(&*self.source, buffer, |row, pixels| self.take_row(run, row, pixels, request))
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
        if !self.storage.pixels.byte_order.is_native() {
            (0..request.bands.len()).for_each(|band| self.to_native(request.tile.row(band, y)));
        }
    }

    fn to_native(&self, samples: &mut [u8]) {
        if !self.storage.pixels.byte_order.is_native() {
            simd::swap_bytes(samples, self.storage.sample.swap_unit());
        }
    }
}
