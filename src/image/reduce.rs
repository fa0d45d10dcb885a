//! Rows of a lower resolution: of each 2^n × 2^n pixels one, or the average of all.
//!
//! The caller brings the rows and says where the results go, so that overviews, reduced images and quick-looks share the
//! arithmetic. Averages of integers are exact and rounded half up. Sums of real numbers are made in double precision and
//! pairwise, in the order NumPy has, so that they are the same on every machine and for every number of threads.

mod average;

use super::layout::PadValue;
use super::sample::SampleType;
use crate::error::{Error, Result};
use average::Average;

/// How several pixels become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The pixel in the middle, for indices of a table and other samples that have no average.
    Nearest,
    /// The average of the pixels that are data.
    Average,
}

/// Reduces pixels of one band by a power of two.
#[derive(Debug, Clone)]
pub struct Reducer {
    sample: SampleType,
    levels: u8,
    method: Reduction,
    nodata: Option<Vec<u8>>,
}

impl Reducer {
    /// The most levels at once: sums of that many 16-bit samples fit into 32 bits column by column.
    pub const MAX_LEVELS: u8 = 14;

    /// Reduces samples of a type by 2^`levels`. Samples that have the value `nodata` do not count in an average.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for more levels than [`Reducer::MAX_LEVELS`].
    pub fn new(sample: SampleType, levels: u8, method: Reduction, nodata: Option<PadValue>) -> Result<Self> {
        if levels > Self::MAX_LEVELS {
            let allowed = format!("0 to {}", Self::MAX_LEVELS);
            return Err(Error::out_of_range("levels of a reduction").found(levels).allowed(allowed));
        }
        let nodata = nodata.filter(|value| value.fits(sample)).map(|value| value.bytes(sample));
        Ok(Self { sample, levels, method, nodata })
    }

    /// Pixels along each side that become one.
    pub fn factor(&self) -> usize {
        1 << self.levels
    }

    /// Makes one row of `rows`, which are as many as [`Reducer::factor`], or fewer at the bottom of the image. All are in native
    /// byte order; `out` holds a sample for every `factor` of them, the last of which may be made of fewer.
    ///
    /// # Panics
    /// If there are no rows, or if `out` has another length.
    pub fn row(&self, rows: &[&[u8]], out: &mut [u8]) {
        let (size, factor) = (self.sample.bytes(), self.factor());
        let columns = rows[0].len() / size;
        assert_eq!(out.len(), columns.div_ceil(factor) * size, "a sample for every {factor} of {columns}");
        match self.method {
            Reduction::Nearest => {
                let row = rows[(factor / 2).min(rows.len() - 1)];
                for (x, target) in out.chunks_exact_mut(size).enumerate() {
                    let column = (x * factor + factor / 2).min(columns - 1);
                    target.copy_from_slice(&row[column * size..][..size]);
                }
            }
            Reduction::Average => Average { factor, nodata: self.nodata.as_deref() }.row(self.sample, rows, out),
        }
    }

    /// Makes a block of one band of `pixels`, whose rows have `columns` samples and stand without gaps.
    ///
    /// # Panics
    /// As [`Reducer::row`].
    pub fn block(&self, pixels: &[u8], columns: usize, out: &mut [u8]) {
        let size = self.sample.bytes();
        let rows: Vec<&[u8]> = pixels.chunks_exact(columns * size).collect();
        let targets = out.chunks_exact_mut(columns.div_ceil(self.factor()) * size);
        rows.chunks(self.factor()).zip(targets).for_each(|(rows, target)| self.row(rows, target));
    }
}

#[cfg(test)]
mod tests;
