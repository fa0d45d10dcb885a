//! Rows of a lower resolution: one of each 2^n × 2^n pixels, or the average of all.
//!
//! The caller passes the rows and the output, so overviews, reduced images and quick-looks share the arithmetic. Averages of
//! integers are exact and rounded half up. Sums of real numbers are pairwise and in double precision, in the order of NumPy, so
//! they are the same on every machine and for every number of threads.

mod average;

use super::layout::PadValue;
use super::sample::SampleType;
use crate::error::{Error, Result};
use average::Average;

/// How several pixels are reduced to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The pixel in the middle, for indices of a palette and other samples that cannot be averaged.
    Nearest,
    /// The average of the pixels that are not nodata.
    Average,
}

/// Reduces pixels of one band by a power of two.
#[derive(Debug, Clone)]
pub(crate) struct Reducer {
    sample: SampleType,
    levels: u8,
    method: Reduction,
    nodata: Option<Vec<u8>>,
}

impl Reducer {
    /// The most levels of one reduction: sums of that many 16-bit samples fit into 32 bits column by column.
    pub(crate) const MAX_LEVELS: u8 = 14;

    /// Reduces samples of a type by 2^`levels`. Averages ignore samples of the value `nodata`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for more levels than [`Reducer::MAX_LEVELS`].
    pub(crate) fn new(sample: SampleType, levels: u8, method: Reduction, nodata: Option<PadValue>) -> Result<Self> {
        if levels > Self::MAX_LEVELS {
            let allowed = format!("0 to {}", Self::MAX_LEVELS);
            return Err(Error::out_of_range("levels of a reduction").found(levels).allowed(allowed));
        }
        let nodata = nodata.filter(|value| value.fits(sample)).map(|value| value.bytes(sample));
        Ok(Self { sample, levels, method, nodata })
    }

    /// Pixels along each side that are reduced to one.
    pub(super) fn factor(&self) -> usize {
        1 << self.levels
    }

    /// Makes one row from `rows`: [`Reducer::factor`] of them, or fewer at the bottom of the image. All are in native byte
    /// order. `out` holds one sample for every `factor` samples; the last may cover fewer.
    ///
    /// # Panics
    /// If `rows` is empty, or if `out` has a different length.
    pub(crate) fn row(&self, rows: &[&[u8]], out: &mut [u8]) {
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
}

#[cfg(test)]
mod tests;
