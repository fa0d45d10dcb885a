//! A strided view of pixels in shared memory: any strides, either byte order, without a copy.

use std::sync::Arc;

use super::canvas::TileMut;
use super::grid::Window;
use super::sample::{Interleave, SampleType};
use crate::error::{Error, Result};
use crate::simd;

/// Memory that a view of pixels keeps alive.
pub trait Memory: Send + Sync {
    /// The bytes; every call returns the same slice.
    fn bytes(&self) -> &[u8];
}

impl Memory for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// Pixels of shape (bands, rows, columns) at any strides in shared memory. Cloning does not copy pixels.
#[derive(Clone)]
pub struct Pixels {
    memory: Arc<dyn Memory>,
    origin: usize,
    strides: [isize; 3],
    shape: [usize; 3],
    sample: SampleType,
    swapped: bool,
}

impl Pixels {
    /// A view of `memory`. `origin` is the byte of sample (0, 0, 0). `strides` are bytes from band to band, row to row and
    /// column to column. `swapped` is true if samples are not in native byte order.
    ///
    /// # Errors
    /// [`Error::Usage`] if a sample would lie outside the memory.
    pub fn new(
        memory: Arc<dyn Memory>,
        origin: usize,
        strides: [isize; 3],
        shape: [usize; 3],
        sample: SampleType,
        swapped: bool,
    ) -> Result<Self> {
        if shape.iter().all(|n| *n > 0) {
            let (mut low, mut high) = (origin as i128, origin as i128);
            for (stride, n) in strides.iter().zip(shape) {
                let reach = *stride as i128 * (n as i128 - 1);
                low += reach.min(0);
                high += reach.max(0);
            }
            if low < 0 || high + sample.bytes() as i128 > memory.bytes().len() as i128 {
                return Err(Error::usage("pixel view extends outside its memory:").found(format!("{shape:?}")));
            }
        }
        Ok(Self { memory, origin, strides, shape, sample, swapped })
    }

    /// Takes bytes in native order whose samples have the order `interleave`.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are fewer bytes than the shape (bands, rows, columns) needs.
    pub fn from_vec(bytes: Vec<u8>, shape: [usize; 3], sample: SampleType, interleave: Interleave) -> Result<Self> {
        Self::from_memory(Arc::new(bytes), shape, sample, interleave)
    }

    /// A view of shared bytes in native order whose samples have the order `interleave`.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are fewer bytes than the shape (bands, rows, columns) needs.
    pub fn from_memory(
        memory: Arc<dyn Memory>,
        shape: [usize; 3],
        sample: SampleType,
        interleave: Interleave,
    ) -> Result<Self> {
        let size = sample.bytes() as isize;
        let [bands, rows, columns] = shape.map(|n| n as isize);
        let strides = match interleave {
            Interleave::Band => [rows * columns * size, columns * size, size],
            Interleave::Row => [columns * size, bands * columns * size, size],
            Interleave::Pixel => [size, columns * bands * size, bands * size],
        };
        Self::new(memory, 0, strides, shape, sample, false)
    }

    /// Bands, rows, columns.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Type of the samples.
    pub fn sample(&self) -> SampleType {
        self.sample
    }

    /// The part inside `window`, whose origin is this view's upper left pixel.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the window extends outside the view.
    pub fn window(&self, window: Window) -> Result<Self> {
        let [_, rows, columns] = self.shape;
        if u64::from(window.x) + u64::from(window.width) > columns as u64
            || u64::from(window.y) + u64::from(window.height) > rows as u64
        {
            return Err(Error::out_of_range("window")
                .found(format!("{window:?}"))
                .allowed(format!("{columns} × {rows}")));
        }
        let mut part = self.clone();
        part.origin = self.byte(0, window.y as usize, window.x as usize);
        part.shape = [self.shape[0], window.height as usize, window.width as usize];
        Ok(part)
    }

    /// The bytes themselves, if they are contiguous, in native order, with samples in the order `interleave`.
    pub fn contiguous(&self, interleave: Interleave) -> Option<&[u8]> {
        let size = self.sample.bytes();
        let [bands, rows, columns] = self.shape;
        let (order, lengths) = match interleave {
            Interleave::Band => ([0, 1, 2], [bands, rows, columns]),
            Interleave::Row => ([1, 0, 2], [rows, bands, columns]),
            Interleave::Pixel => ([1, 2, 0], [rows, columns, bands]),
        };
        let mut expected = size as isize;
        for (axis, length) in order.into_iter().zip(lengths).rev() {
            // A stride along an axis of length one is never used, so any value is acceptable.
            if length > 1 && self.strides[axis] != expected {
                return None;
            }
            expected *= length as isize;
        }
        let native = !self.swapped || self.sample.swap_unit() == 1;
        native.then(|| &self.memory.bytes()[self.origin..self.origin + bands * rows * columns * size])
    }

    /// The bytes of one band, if its rows are contiguous and in native order.
    pub(crate) fn contiguous_band(&self, band: usize) -> Option<&[u8]> {
        let size = self.sample.bytes();
        let [_, rows, columns] = self.shape;
        let native = !self.swapped || self.sample.swap_unit() == 1;
        let joined = (columns == 1 || self.strides[2] == size as isize)
            && (rows == 1 || self.strides[1] == (columns * size) as isize);
        let start = self.byte(band, 0, 0);
        (native && joined).then(|| &self.memory.bytes()[start..start + rows * columns * size])
    }

    /// Copies row `y` of one band to `out`, in native byte order.
    pub fn copy_row(&self, band: usize, y: usize, out: &mut [u8]) {
        let size = self.sample.bytes();
        if self.strides[2] == size as isize {
            out.copy_from_slice(self.row_bytes(band, y));
        } else {
            self.copy_strided(band, y, out, size);
        }
        if self.swapped {
            simd::swap_bytes(out, self.sample.swap_unit());
        }
    }

    /// Copies row `y` of all bands to `out`, pixel-interleaved, in native byte order.
    pub(crate) fn copy_row_interleaved(&self, y: usize, out: &mut [u8]) {
        let size = self.sample.bytes();
        let [bands, _, columns] = self.shape;
        let pixel = bands * size;
        if bands == 1 {
            return self.copy_row(0, y, out);
        }
        if self.strides[0] == size as isize && self.strides[2] == pixel as isize {
            let start = self.byte(0, y, 0);
            out.copy_from_slice(&self.memory.bytes()[start..start + columns * pixel]);
        } else if self.strides[2] == size as isize {
            self.interleave_rows(y, out, size);
        } else {
            for band in 0..bands {
                self.copy_strided(band, y, &mut out[band * size..], pixel);
            }
        }
        if self.swapped {
            simd::swap_bytes(out, self.sample.swap_unit());
        }
    }

    /// Copies the chosen bands to a rectangle of an output image of the same size as this view.
    pub(crate) fn copy_to_tile(&self, bands: &[u32], tile: &mut TileMut<'_>) {
        let size = self.sample.bytes();
        let [count, rows, columns] = self.shape;
        let pixel = count * size;
        let all = bands.len() == count && bands.iter().enumerate().all(|(i, band)| i == *band as usize);
        let interleaved = self.strides[0] == size as isize && self.strides[2] == pixel as isize;
        for y in 0..rows {
            if all && count > 1 && interleaved {
                let start = self.byte(0, y, 0);
                let pixels = &self.memory.bytes()[start..start + columns * pixel];
                tile.deinterleave_row(y, pixels, size);
            } else {
                for (out, band) in bands.iter().enumerate() {
                    self.copy_strided_or_row(*band as usize, y, tile.row(out, y), size);
                }
            }
        }
        if self.swapped {
            for y in 0..rows {
                for out in 0..bands.len() {
                    simd::swap_bytes(tile.row(out, y), self.sample.swap_unit());
                }
            }
        }
    }

    /// Copies the view into a block of `block` (bands, rows, columns) at column `x` and row `y`, with samples in the order
    /// `interleave` and native byte order.
    pub(crate) fn copy_to_block(&self, out: &mut [u8], block: [usize; 3], x: usize, y: usize, interleave: Interleave) {
        let size = self.sample.bytes();
        let [bands, block_rows, block_columns] = block;
        let [_, rows, columns] = self.shape;
        let apart = interleave != Interleave::Pixel && self.is_interleaved();
        for row in 0..rows {
            if interleave == Interleave::Pixel {
                let start = ((y + row) * block_columns + x) * bands * size;
                self.copy_row_interleaved(row, &mut out[start..start + columns * bands * size]);
                continue;
            }
            if apart {
                let (first, pitch) = match interleave {
                    Interleave::Row => ((y + row) * bands, 1),
                    _ => (y + row, block_rows),
                };
                let line = block_columns * size;
                let lines = out[first * line..].chunks_mut(pitch * line).take(bands);
                let mut lines: Vec<_> = lines.map(|line| &mut line[x * size..][..columns * size]).collect();
                self.copy_row_apart(row, &mut lines);
                continue;
            }
            for band in 0..bands {
                let line = match interleave {
                    Interleave::Row => (y + row) * bands + band,
                    _ => band * block_rows + y + row,
                };
                let start = (line * block_columns + x) * size;
                self.copy_row(band, row, &mut out[start..start + columns * size]);
            }
        }
    }

    /// Copies row `y` of a pixel-interleaved view to one line for each band, in native byte order.
    fn copy_row_apart(&self, y: usize, lines: &mut [&mut [u8]]) {
        let size = self.sample.bytes();
        let start = self.byte(0, y, 0);
        simd::deinterleave(&self.memory.bytes()[start..][..self.shape[0] * self.shape[2] * size], size, lines);
        if self.swapped {
            for line in lines {
                simd::swap_bytes(line, self.sample.swap_unit());
            }
        }
    }

    /// True if the view has several bands, pixel-interleaved without gaps.
    fn is_interleaved(&self) -> bool {
        let size = self.sample.bytes();
        let pixel = (self.shape[0] * size) as isize;
        self.shape[0] > 1 && self.strides[0] == size as isize && self.strides[2] == pixel
    }

    fn interleave_rows(&self, y: usize, out: &mut [u8], size: usize) {
        match self.shape[0] {
            3 => simd::interleave(&[0, 1, 2].map(|band| self.row_bytes(band, y)), size, out),
            4 => simd::interleave(&[0, 1, 2, 3].map(|band| self.row_bytes(band, y)), size, out),
            bands => {
                let rows: Vec<&[u8]> = (0..bands).map(|band| self.row_bytes(band, y)).collect();
                simd::interleave(&rows, size, out);
            }
        }
    }

    fn copy_strided_or_row(&self, band: usize, y: usize, out: &mut [u8], size: usize) {
        if self.strides[2] == size as isize {
            out.copy_from_slice(self.row_bytes(band, y));
        } else {
            self.copy_strided(band, y, out, size);
        }
    }

    /// Copies the samples of a row to `out`, one every `pitch` bytes.
    fn copy_strided(&self, band: usize, y: usize, out: &mut [u8], pitch: usize) {
        let size = self.sample.bytes();
        let bytes = self.memory.bytes();
        let columns = self.shape[2];
        let start = self.byte(band, y, 0) as isize;
        for (x, target) in out.chunks_mut(pitch).take(columns).enumerate() {
            let from = (start + x as isize * self.strides[2]) as usize;
            target[..size].copy_from_slice(&bytes[from..from + size]);
        }
    }

    fn row_bytes(&self, band: usize, y: usize) -> &[u8] {
        let start = self.byte(band, y, 0);
        &self.memory.bytes()[start..start + self.shape[2] * self.sample.bytes()]
    }

    /// The byte offset of a sample; `new` has checked that every sample of the shape lies inside the memory.
    fn byte(&self, band: usize, y: usize, x: usize) -> usize {
        let offset = band as isize * self.strides[0] + y as isize * self.strides[1] + x as isize * self.strides[2];
        (self.origin as isize + offset) as usize
    }
}

impl std::fmt::Debug for Pixels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pixels")
            .field("shape", &self.shape)
            .field("sample", &self.sample)
            .field("strides", &self.strides)
            .field("swapped", &self.swapped)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
