//! Chosen bands of an image as a separate image.

use std::sync::Arc;

use super::canvas::TileMut;
use super::grid::Window;
use super::layout::ImageLayout;
use super::provider::ImageProvider;
use super::view::{Base, Read, View};
use crate::error::{Error, Result};

/// Some bands of an image, in any order. It reads only these, when a block is requested.
pub struct BandsImage {
    base: Base,
    bands: Vec<u32>,
}

impl BandsImage {
    /// The `bands` of `source`, in this order; a band may repeat.
    ///
    /// # Errors
    /// [`Error::Usage`] without a band, [`Error::OutOfRange`] for a band that the image does not have.
    pub fn new(source: Arc<dyn ImageProvider>, bands: Vec<u32>) -> Result<Self> {
        let layout = source.layout();
        if bands.is_empty() {
            return Err(Error::usage("bands").found("none").allowed("at least one"));
        }
        if let Some(missing) = bands.iter().find(|band| **band >= layout.bands) {
            return Err(Error::out_of_range("band").found(missing).allowed(format!("0 to {}", layout.bands - 1)));
        }
        let layout = ImageLayout { bands: bands.len() as u32, ..layout.clone() };
        Ok(Self { base: Base::new(source, layout), bands })
    }

    fn of_source(&self, bands: &[u32]) -> Vec<u32> {
        bands.iter().filter_map(|band| self.bands.get(*band as usize).copied()).collect()
    }
}

impl View for BandsImage {
    fn base(&self) -> &Base {
        &self.base
    }

    fn in_source(&self, window: Window) -> Window {
        window
    }

    fn bands_in_source(&self, bands: &[u32]) -> Vec<u32> {
        self.of_source(bands)
    }

    fn make(&self, window: Window, bands: &[u32], read: &Read<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        read(window, &self.of_source(bands), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Block, BlockIndex, Interleave, MemoryImage, Pixels, SampleType};

    fn three() -> Arc<dyn ImageProvider> {
        let bytes = (0..12).collect();
        let pixels = Pixels::from_vec(bytes, [3, 2, 2], SampleType::UInt8, Interleave::Band).unwrap();
        Arc::new(MemoryImage::from_pixels(pixels, 2, 2).unwrap())
    }

    #[test]
    fn bands_have_the_chosen_order() {
        let image = BandsImage::new(three(), vec![2, 0, 2]).unwrap();
        assert_eq!(image.layout().bands, 3);
        let Block::Pixels(pixels) = image.block(BlockIndex::default()).unwrap() else { panic!("present") };
        assert_eq!(pixels.contiguous(Interleave::Band).unwrap(), [8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11]);
    }

    #[test]
    fn a_band_that_is_missing_is_an_error() {
        assert!(matches!(BandsImage::new(three(), vec![3]), Err(Error::OutOfRange(_))));
        assert!(matches!(BandsImage::new(three(), Vec::new()), Err(Error::Usage(_))));
    }
}
