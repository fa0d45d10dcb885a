//! The output image of a read: one planar buffer whose rectangles are handed to workers, each pixel to at most one.
//!
//! Rectangles of a buffer are not slices, so the compiler cannot prove that two workers never overlap. `Canvas` records the
//! rectangles that it has handed out and refuses overlapping ones, which makes its interface safe.

#![allow(unsafe_code, reason = "rectangles of one buffer cannot be borrowed as slices; see the invariant on `Canvas`")]

use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use super::gaps::{Damage, Gaps};
use super::grid::Window;
use crate::error::{Error, Result};
use crate::simd;

/// A planar output buffer of (bands, rows, columns).
///
/// Invariant: `data` points to `bands * rows * columns * size` bytes borrowed mutably for `'a`, and the rectangles in
/// `taken` are disjoint; each is reachable through exactly one [`TileMut`].
pub(crate) struct Canvas<'a> {
    data: *mut u8,
    bands: usize,
    rows: usize,
    columns: usize,
    size: usize,
    taken: Mutex<Vec<Window>>,
    buffer: PhantomData<&'a mut [u8]>,
}

/// A rectangle of a [`Canvas`] for one worker to write.
pub struct TileMut<'c> {
    data: *mut u8,
    bands: usize,
    rows: usize,
    columns: usize,
    size: usize,
    row_pitch: usize,
    band_pitch: usize,
    /// What to do with pixels that are missing: nothing, or record and fill them.
    gaps: Option<&'c Gaps>,
    /// Column and row of the rectangle in the image whose gaps are recorded.
    origin: (u32, u32),
    buffer: PhantomData<&'c mut [u8]>,
}

// SAFETY: a canvas only hands out disjoint rectangles, under a lock; it never reads or writes the buffer itself.
unsafe impl Sync for Canvas<'_> {}
// SAFETY: a tile is the only access to its bytes, like a `&mut [u8]`.
unsafe impl Send for TileMut<'_> {}

impl<'a> Canvas<'a> {
    /// A canvas over `buffer` of (bands, rows, columns) samples of `size` bytes.
    ///
    /// # Errors
    /// [`Error::Usage`] if the buffer has a different size.
    pub(crate) fn new(buffer: &'a mut [u8], bands: usize, rows: usize, columns: usize, size: usize) -> Result<Self> {
        let needed = [bands, rows, columns, size].iter().try_fold(1usize, |product, n| product.checked_mul(*n));
        if needed != Some(buffer.len()) {
            return Err(Error::usage("output buffer size:")
                .found(buffer.len())
                .allowed(format!("{bands} × {rows} × {columns} × {size}")));
        }
        let data = buffer.as_mut_ptr();
        Ok(Self { data, bands, rows, columns, size, taken: Mutex::default(), buffer: PhantomData })
    }

    /// The rectangle `window`; each pixel is handed out only once.
    ///
    /// # Errors
    /// [`Error::Usage`] if the rectangle extends outside the canvas or overlaps one handed out before.
    pub(crate) fn tile(&self, window: Window) -> Result<TileMut<'_>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = window.right() as usize <= self.columns && window.bottom() as usize <= self.rows;
        if !inside || taken.iter().any(|other| !other.intersect(&window).is_empty()) {
            return Err(
                Error::usage("output rectangle outside the canvas or already taken:").found(format!("{window:?}"))
            );
        }
        // Workers take blocks row by row: joining them to rows, and the rows, keeps the list short.
        let mut joined = window;
        while let Some(wider) = taken.last().and_then(|last| last.joined(joined)) {
            taken.pop();
            joined = wider;
        }
        taken.push(joined);
        let row_pitch = self.columns * self.size;
        // SAFETY: the rectangle lies inside the buffer, so its first byte does.
        let data = unsafe { self.data.add(window.y as usize * row_pitch + window.x as usize * self.size) };
        Ok(TileMut {
            data,
            bands: self.bands,
            rows: window.height as usize,
            columns: window.width as usize,
            size: self.size,
            row_pitch,
            band_pitch: self.rows * row_pitch,
            gaps: None,
            origin: (0, 0),
            buffer: PhantomData,
        })
    }

    /// The whole buffer as one rectangle.
    ///
    /// # Errors
    /// [`Error::Usage`] if any part was handed out before.
    pub(crate) fn whole(&self) -> Result<TileMut<'_>> {
        self.tile(Window::new(0, 0, self.columns as u32, self.rows as u32))
    }
}

impl TileMut<'_> {
    /// Bands, rows, columns.
    pub(crate) fn shape(&self) -> [usize; 3] {
        [self.bands, self.rows, self.columns]
    }

    /// A part of the rectangle. The rectangle itself cannot be written while the part is borrowed.
    ///
    /// # Errors
    /// [`Error::Usage`] if the part extends outside the rectangle.
    pub(crate) fn part(&mut self, window: Window) -> Result<TileMut<'_>> {
        if window.right() as usize > self.columns || window.bottom() as usize > self.rows {
            return Err(Error::usage("part outside its rectangle:").found(format!("{window:?}")));
        }
        // SAFETY: the part lies inside this rectangle, which is inside the buffer, so its first byte is too.
        let data = unsafe { self.data.add(window.y as usize * self.row_pitch + window.x as usize * self.size) };
        let origin = (self.origin.0.saturating_add(window.x), self.origin.1.saturating_add(window.y));
        let (rows, columns) = (window.height as usize, window.width as usize);
        Ok(TileMut { data, rows, columns, origin, buffer: PhantomData, ..*self })
    }

    /// The same rectangle, whose missing pixels are recorded in `gaps`; `origin` is its column and row in the image. If gaps are
    /// recorded already, they still are.
    pub(crate) fn in_part<'t>(&'t mut self, gaps: &'t Gaps, origin: (u32, u32)) -> TileMut<'t> {
        match self.gaps {
            Some(_) => TileMut { buffer: PhantomData, ..*self },
            None => TileMut { gaps: Some(gaps), origin, buffer: PhantomData, ..*self },
        }
    }

    /// True if missing pixels are filled instead of being an error.
    pub(crate) fn is_in_part(&self) -> bool {
        self.gaps.is_some()
    }

    /// The sample for missing pixels; zero without a record of gaps.
    pub(crate) fn fill_sample(&self) -> Vec<u8> {
        self.gaps.map_or_else(|| vec![0; self.size], |gaps| gaps.fill().to_vec())
    }

    /// Fills and records what a nested read found missing, and records what it found doubtful, at the place of this rectangle
    /// that `place` returns for it.
    ///
    /// # Errors
    /// [`Error::Usage`] for a gap outside the rectangle.
    pub(crate) fn copy_gaps(&mut self, nested: &Gaps, place: impl Fn(Window) -> Window) -> Result<()> {
        let Some(Damage { missing, doubtful, reason }) = nested.take() else { return Ok(()) };
        for window in missing {
            self.part(place(window))?.fill_missing(0, None, &reason);
        }
        for window in doubtful {
            let mut part = self.part(place(window))?;
            part.fill_missing(part.rows as u32, None, &reason);
        }
        Ok(())
    }

    /// Fills the rows from `first` on, of one band (its place in the rectangle and its number in the image) or of all, and
    /// records them as missing; if there are none, all rows are recorded as doubtful. No effect without a record of gaps.
    pub(crate) fn fill_missing(&mut self, first: u32, band: Option<(usize, u32)>, reason: &impl std::fmt::Display) {
        let Some(gaps) = self.gaps else { return };
        let ((x, y), rows) = (self.origin, self.rows as u32);
        if first >= rows {
            return gaps.add_doubtful(Window::new(x, y, self.columns as u32, rows), reason);
        }
        gaps.add(
            Window::new(x, y.saturating_add(first), self.columns as u32, rows - first),
            band.map(|(_, band)| band),
            reason,
        );
        let places = band.map_or(0..self.bands, |(place, _)| place..place + 1);
        for place in places {
            for y in first as usize..self.rows {
                fill_row(self.row(place, y), gaps.fill());
            }
        }
    }

    /// Bytes of the whole read that the rectangle belongs to.
    pub(crate) fn asked_bytes(&self) -> u64 {
        (self.band_pitch * self.bands) as u64
    }

    /// Bytes of a sample.
    pub(crate) fn sample_bytes(&self) -> usize {
        self.size
    }

    /// Row `y` of a band.
    ///
    /// # Panics
    /// If the row or band does not exist.
    pub(crate) fn row(&mut self, band: usize, y: usize) -> &mut [u8] {
        let start = self.start(band, y);
        // SAFETY: the row lies in this tile's rectangle, which no other code can reach, and is borrowed with `self`.
        unsafe { std::slice::from_raw_parts_mut(start, self.columns * self.size) }
    }

    /// All rows of a band as one slice, if they are stored without gaps (the tile is as wide as the canvas).
    pub(crate) fn plane(&mut self, band: usize) -> Option<&mut [u8]> {
        if self.row_pitch != self.columns * self.size || self.rows == 0 {
            return None;
        }
        let start = self.start(band, 0);
        // SAFETY: without gaps, the rows of the rectangle are one run of bytes, all owned by this tile.
        Some(unsafe { std::slice::from_raw_parts_mut(start, self.rows * self.row_pitch) })
    }

    /// Writes row `y` of every band from pixel-interleaved samples.
    pub(crate) fn deinterleave_row(&mut self, y: usize, pixels: &[u8], size: usize) {
        match self.bands {
            1 => self.row(0, y).copy_from_slice(pixels),
            3 => simd::deinterleave(pixels, size, &mut self.rows_of::<3>(y)),
            4 => simd::deinterleave(pixels, size, &mut self.rows_of::<4>(y)),
            _ => {
                let rows = (0..self.bands).map(|band| (self.start(band, y), self.columns * self.size));
                // SAFETY: rows of different bands do not overlap, and this tile owns them all.
                let mut rows: Vec<&mut [u8]> =
                    rows.map(|(start, length)| unsafe { std::slice::from_raw_parts_mut(start, length) }).collect();
                simd::deinterleave(pixels, size, &mut rows);
            }
        }
    }

    /// Fills the rectangle with one sample.
    pub(crate) fn fill(&mut self, sample: &[u8]) {
        for band in 0..self.bands {
            for y in 0..self.rows {
                fill_row(self.row(band, y), sample);
            }
        }
    }

    fn rows_of<const N: usize>(&mut self, y: usize) -> [&mut [u8]; N] {
        let length = self.columns * self.size;
        let starts: [*mut u8; N] = std::array::from_fn(|band| self.start(band, y));
        // SAFETY: rows of different bands do not overlap, and this tile owns them all.
        starts.map(|start| unsafe { std::slice::from_raw_parts_mut(start, length) })
    }

    fn start(&self, band: usize, y: usize) -> *mut u8 {
        assert!(band < self.bands && y < self.rows, "row {y} of band {band} of {} × {}", self.bands, self.rows);
        // SAFETY: band and row are inside the rectangle, which is inside the buffer.
        unsafe { self.data.add(band * self.band_pitch + y * self.row_pitch) }
    }
}

/// Fills a row with a sample. A row of zeros is only read: memory that the system has not given yet stays so, and a sparse file
/// takes memory for the blocks that it has.
fn fill_row(row: &mut [u8], sample: &[u8]) {
    match sample {
        [0, ..] if sample.iter().all(|byte| *byte == 0) => {
            if !is_zero(row) {
                row.fill(0);
            }
        }
        [first, ..] if sample.iter().all(|byte| byte == first) => row.fill(*first),
        _ => row.chunks_exact_mut(sample.len()).for_each(|out| out.copy_from_slice(sample)),
    }
}

fn is_zero(row: &[u8]) -> bool {
    let (chunks, rest) = row.as_chunks::<64>();
    chunks.iter().all(|chunk| chunk.iter().fold(0, |bits, byte| bits | byte) == 0) && rest.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_handed_out_once() {
        let mut buffer = vec![0; 2 * 4 * 6];
        let canvas = Canvas::new(&mut buffer, 2, 4, 6, 1).unwrap();
        let mut left = canvas.tile(Window::new(0, 0, 3, 4)).unwrap();
        let mut right = canvas.tile(Window::new(3, 0, 3, 4)).unwrap();
        left.row(1, 3).fill(7);
        right.row(0, 0).fill(9);
        let mut corner = right.part(Window::new(2, 1, 1, 3)).unwrap();
        corner.row(1, 2).fill(5);
        assert!(right.part(Window::new(2, 1, 2, 3)).is_err());
        assert!(canvas.tile(Window::new(5, 3, 1, 1)).is_err());
        assert!(canvas.tile(Window::new(6, 0, 1, 1)).is_err());
        drop(canvas);
        assert_eq!(buffer[3..6], [9, 9, 9]);
        assert_eq!(buffer[24 + 18..24 + 24], [7, 7, 7, 0, 0, 5]);
    }

    #[test]
    fn the_record_of_many_blocks_stays_short() {
        let mut buffer = vec![0; 5 * 3000];
        let canvas = Canvas::new(&mut buffer, 1, 3000, 5, 1).unwrap();
        for (x, y) in (0..3000).flat_map(|y| [(0, y), (2, y), (4, y)]) {
            canvas.tile(Window::new(x, y, (5 - x).min(2), 1)).unwrap();
            assert!(canvas.taken.lock().unwrap().len() <= 2);
        }
        assert!(canvas.tile(Window::new(4, 2999, 1, 1)).is_err());
    }
}
