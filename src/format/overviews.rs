//! Overviews that are made while an image is written.

use crate::error::{Error, Result};
use crate::image::{BlockGrid, ImageProvider, PadValue, Reduction};
use crate::metadata::Metadata;

/// Overviews, and a mask, of an image that is written.
#[derive(Clone, Copy, Default)]
pub struct Overviews<'a> {
    /// The sizes of the overviews.
    pub levels: &'a OverviewLevels,
    /// The method; by default nearest for indices of a palette and for classes, otherwise the average.
    pub resampling: Option<Reduction>,
    /// A mask of the image: one band of `uint8`, zero for pixels that do not count. The file stores it, in overviews too.
    pub mask: Option<&'a dyn ImageProvider>,
}

/// The sizes of overviews.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OverviewLevels {
    /// Halves of one another, down to the first that is not larger than a block.
    #[default]
    Auto,
    /// The image divided by each of these powers of two, rounded up.
    Factors(Vec<u32>),
}

/// How a format stores the overviews of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct OverviewTerms {
    /// The metadata of an overview: its coding is that of the image, and it states no georeference.
    pub metadata: Metadata,
    /// The nodata value of the image.
    pub nodata: Option<PadValue>,
    /// True if the samples are indices or classes, which must not be averaged.
    pub is_classes: bool,
}

impl Default for &OverviewLevels {
    fn default() -> Self {
        &OverviewLevels::Auto
    }
}

impl OverviewLevels {
    /// The powers of two, as exponents in ascending order, by which an image with these blocks is divided.
    ///
    /// # Errors
    /// [`Error::Usage`] for factors that are not powers of two from 2 on, that occur twice, or that leave less than a pixel.
    pub fn exponents(&self, grid: &BlockGrid) -> Result<Vec<u8>> {
        let longest = grid.columns().max(grid.rows());
        let Self::Factors(factors) = self else {
            let is_larger = |exponent: &u32| {
                let size = |length: u32| length.div_ceil(1 << exponent);
                size(grid.columns()) > grid.block_columns() || size(grid.rows()) > grid.block_rows()
            };
            return Ok((0..32).take_while(is_larger).map(|exponent| exponent as u8 + 1).collect());
        };
        let mut exponents = Vec::new();
        for factor in factors {
            let exponent = factor.trailing_zeros() as u8;
            if !factor.is_power_of_two() || *factor < 2 || factor / 2 >= longest || exponents.contains(&exponent) {
                let error = Error::usage("factor of an overview:").found(factor);
                return Err(error
                    .allowed(format!("a power of two from 2 to {}, each once", longest.max(2).next_power_of_two())));
            }
            exponents.push(exponent);
        }
        exponents.sort_unstable();
        Ok(exponents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exponents(levels: &OverviewLevels, columns: u32, rows: u32) -> Result<Vec<u8>> {
        levels.exponents(&BlockGrid::new(columns, rows, 256, 128).unwrap())
    }

    #[test]
    fn overviews_go_down_to_a_block() {
        assert!(exponents(&OverviewLevels::Auto, 256, 128).unwrap().is_empty());
        assert_eq!(exponents(&OverviewLevels::Auto, 257, 128).unwrap(), [1]);
        assert_eq!(exponents(&OverviewLevels::Auto, 1000, 500).unwrap(), [1, 2]);
        assert_eq!(exponents(&OverviewLevels::Auto, u32::MAX, 1).unwrap().len(), 24);
    }

    #[test]
    fn factors_are_powers_of_two_that_leave_pixels() {
        let of = |factors: &[u32]| exponents(&OverviewLevels::Factors(factors.to_vec()), 100, 60);
        assert_eq!(of(&[16, 2, 128]).unwrap(), [1, 4, 7]);
        assert!(of(&[]).unwrap().is_empty());
        for wrong in [&[0][..], &[1], &[3], &[2, 2], &[256]] {
            assert!(matches!(of(wrong), Err(Error::Usage(_))), "{wrong:?}");
        }
    }
}
