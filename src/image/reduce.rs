//! Rows and areas of a lower resolution: methods of resampling, for every type of sample.
//!
//! The caller passes the pixels and the output, so overviews, reduced images and quick-looks share the arithmetic. Averages of
//! integers are exact and rounded half up. Sums of real numbers are pairwise and in double precision, in the order of NumPy, so
//! they are the same on every machine and for every number of threads.

mod average;
mod kernel;
mod mode;
mod real;
mod rms;

use super::grid::Window;
use super::layout::PadValue;
use super::sample::SampleType;
use crate::error::{Error, Result};
use kernel::Kernel;

/// How several pixels are reduced to one. Pixels that are nodata, or that a mask excludes, do not count; a result without any
/// pixel is the nodata value, or zero. The definitions are those of GDAL's overviews; its nearest pixel is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The pixel in the middle, for indices of a palette and other samples that cannot be averaged.
    Nearest,
    /// The average.
    Average,
    /// The average of 4 × 4 pixels around the 2 × 2, weighted by distance.
    Bilinear,
    /// A cubic convolution of 8 × 8 pixels: the sharpest. Results may exceed the values around them.
    Cubic,
    /// The average of 3 × 3 pixels, weighted by a Gaussian.
    Gauss,
    /// The most frequent value; of several the first that occurs so often, in rows from the top.
    Mode,
    /// The root of the average of the squares.
    Rms,
}

/// Reduces pixels of one band by a power of two.
#[derive(Debug, Clone)]
pub(crate) struct Reducer {
    sample: SampleType,
    levels: u8,
    method: Reduction,
    nodata: Option<Vec<u8>>,
}

/// Pixels of one band in a window of an image, row by row.
#[derive(Clone, Copy)]
pub(crate) struct Area<'a> {
    /// The window.
    pub window: Window,
    /// The samples, in native byte order.
    pub samples: &'a [u8],
    /// A byte for each pixel, zero for one that does not count; `None` if all count.
    pub valid: Option<&'a [u8]>,
}

/// Boxes of `factor` × `factor` samples in some rows.
#[derive(Clone, Copy)]
struct Boxes<'a> {
    factor: usize,
    nodata: Option<&'a [u8]>,
    /// For each row a byte for each pixel, zero for one that does not count; empty if all count.
    valid: &'a [&'a [u8]],
}

impl Reduction {
    /// Every method with its name.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("nearest", Self::Nearest),
        ("average", Self::Average),
        ("bilinear", Self::Bilinear),
        ("cubic", Self::Cubic),
        ("gauss", Self::Gauss),
        ("mode", Self::Mode),
        ("rms", Self::Rms),
    ];

    /// The method with this name; case is ignored.
    ///
    /// # Errors
    /// [`Error::Usage`] for an unknown name.
    pub fn by_name(name: &str) -> Result<Self> {
        let found = Self::NAMES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
        found.map(|(_, method)| method).ok_or_else(|| {
            let names = Self::NAMES.map(|(known, _)| known).join(" ");
            Error::usage("resampling:").found(format!("{name:?}")).allowed(names)
        })
    }

    /// The weights of a method that takes pixels beyond those that are reduced to one.
    fn kernel(self) -> Option<&'static Kernel> {
        match self {
            Self::Bilinear => Some(&Kernel::BILINEAR),
            Self::Cubic => Some(&Kernel::CUBIC),
            Self::Gauss => Some(&Kernel::GAUSS),
            Self::Nearest | Self::Average | Self::Mode | Self::Rms => None,
        }
    }
}

impl Reducer {
    /// The most levels of one reduction: sums of that many 16-bit samples fit into 32 bits column by column.
    pub(crate) const MAX_LEVELS: u8 = 14;

    /// Reduces samples of a type by 2^`levels`. Samples of the value `nodata` do not count.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for more levels than [`Reducer::MAX_LEVELS`]; [`Error::Usage`] for complex samples and a method that
    /// squares them, and for several levels and a method that takes pixels around.
    pub(crate) fn new(sample: SampleType, levels: u8, method: Reduction, nodata: Option<PadValue>) -> Result<Self> {
        if levels > Self::MAX_LEVELS {
            let allowed = format!("0 to {}", Self::MAX_LEVELS);
            return Err(Error::out_of_range("levels of a reduction").found(levels).allowed(allowed));
        }
        if method == Reduction::Rms && sample.is_complex() {
            return Err(Error::usage("resampling rms:").found(sample).allowed("samples that are not complex"));
        }
        if method.kernel().is_some() && levels != 1 {
            let error = Error::usage("levels of a reduction that takes pixels around:").found(levels);
            return Err(error.allowed("1, or the method nearest, average, mode or rms"));
        }
        let nodata = nodata.filter(|value| value.fits(sample)).map(|value| value.bytes(sample));
        Ok(Self { sample, levels, method, nodata })
    }

    /// Pixels along each side that are reduced to one.
    pub(super) fn factor(&self) -> usize {
        1 << self.levels
    }

    /// Rows and columns that the method takes before and after those that are reduced to one.
    pub(crate) fn reach(&self) -> (u32, u32) {
        self.method.kernel().map_or((0, 0), Kernel::reach)
    }

    /// Makes one row from `rows`: [`Reducer::factor`] of them, or fewer at the bottom of the image. All are in native byte
    /// order. `out` holds one sample for every `factor` samples; the last may cover fewer.
    ///
    /// # Panics
    /// If `rows` is empty, if `out` has a different length, or if the method takes pixels around.
    pub(crate) fn row(&self, rows: &[&[u8]], out: &mut [u8]) {
        self.valid_row(rows, &[], out);
    }

    /// Makes the pixels `made` of an image that is reduced by two. `area` holds the pixels that they are made from, with
    /// [`Reducer::reach`] around, as far as the image has them.
    ///
    /// # Panics
    /// If `out` does not have one sample for each pixel of `made`.
    pub(crate) fn area(&self, area: &Area<'_>, made: Window, out: &mut [u8]) {
        if let Some(kernel) = self.method.kernel() {
            return kernel.make(self.sample, area, made, self.nodata.as_deref(), out);
        }
        let size = self.sample.bytes();
        let pixels = area.rows(area.samples, made, size);
        let valid = area.valid.map_or(Vec::new(), |valid| area.rows(valid, made, 1));
        let valid_of =
            |number: usize, count: usize| if valid.is_empty() { &[][..] } else { &valid[2 * number..][..count] };
        for (number, (pair, target)) in
            pixels.chunks(2).zip(out.chunks_exact_mut(made.width as usize * size)).enumerate()
        {
            self.valid_row(pair, valid_of(number, pair.len()), target);
        }
    }

    /// Which of the pixels `made` of an image that is reduced by two count, as `valid` of [`Area`]: those made from a pixel that
    /// counts.
    ///
    /// # Panics
    /// If `out` does not have one byte for each pixel of `made`.
    pub(crate) fn valid(&self, area: &Area<'_>, made: Window, out: &mut [u8]) {
        let Some(valid) = area.valid else { return out.fill(1) };
        let is_nearest = self.method == Reduction::Nearest;
        let rows = area.rows(valid, made, 1);
        for (pair, target) in rows.chunks(2).zip(out.chunks_exact_mut(made.width as usize)) {
            if is_nearest {
                nearest(2, 1, pair, target);
                continue;
            }
            for (x, target) in target.iter_mut().enumerate() {
                let boxed = pair.iter().flat_map(|row| row[2 * x..].iter().take(2));
                *target = u8::from(boxed.copied().any(|byte| byte != 0));
            }
        }
    }

    fn valid_row(&self, rows: &[&[u8]], valid: &[&[u8]], out: &mut [u8]) {
        let (size, factor) = (self.sample.bytes(), self.factor());
        let columns = rows[0].len() / size;
        assert_eq!(out.len(), columns.div_ceil(factor) * size, "a sample for every {factor} of {columns}");
        let boxes = Boxes { factor, nodata: self.nodata.as_deref(), valid };
        match self.method {
            Reduction::Nearest => nearest(factor, size, rows, out),
            Reduction::Average => boxes.average(self.sample, rows, out),
            Reduction::Mode => boxes.mode(size, rows, out),
            Reduction::Rms => boxes.rms(self.sample, rows, out),
            Reduction::Bilinear | Reduction::Cubic | Reduction::Gauss => {
                unreachable!("it takes pixels around the rows")
            }
        }
    }
}

impl Area<'_> {
    /// The rows of the pixels that `made` is reduced from, of a plane with values of `size` bytes.
    fn rows<'p>(&self, plane: &'p [u8], made: Window, size: usize) -> Vec<&'p [u8]> {
        let (left, top) = ((2 * made.x - self.window.x) as usize, (2 * made.y - self.window.y) as usize);
        let columns = (2 * made.width as usize).min(self.window.width as usize - left);
        let rows = plane.chunks_exact(self.window.width as usize * size).skip(top).take(2 * made.height as usize);
        rows.map(|row| &row[left * size..][..columns * size]).collect()
    }
}

impl Boxes<'_> {
    /// True if a pixel counts, as far as the mask states.
    fn has(&self, row: usize, column: usize) -> bool {
        self.valid.get(row).is_none_or(|valid| valid[column] != 0)
    }
}

/// Sets a sample made from no pixel at all.
fn fill(nodata: Option<&[u8]>, target: &mut [u8]) {
    match nodata {
        Some(nodata) => target.copy_from_slice(nodata),
        None => target.fill(0),
    }
}

/// Takes the pixels in the middle.
fn nearest(factor: usize, size: usize, rows: &[&[u8]], out: &mut [u8]) {
    let row = rows[(factor / 2).min(rows.len() - 1)];
    let last = row.len() / size - 1;
    for (x, target) in out.chunks_exact_mut(size).enumerate() {
        target.copy_from_slice(&row[(x * factor + factor / 2).min(last) * size..][..size]);
    }
}

#[cfg(test)]
mod tests;
