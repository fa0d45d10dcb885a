//! A mask in the form in which files store it.

use super::canvas::TileMut;
use super::grid::{BlockGrid, BlockIndex};
use super::layout::ImageLayout;
use super::provider::{Access, Block, ImageProvider, Wanted, read_whole_block};
use crate::error::Result;

/// A mask of one band of `uint8`, of bits: 1 for samples that are not zero.
pub(crate) struct MaskImage<'a> {
    mask: &'a dyn ImageProvider,
    layout: ImageLayout,
}

impl<'a> MaskImage<'a> {
    /// The bits of `mask`.
    pub(crate) fn new(mask: &'a dyn ImageProvider) -> Self {
        Self { mask, layout: Self::layout_of(mask.layout(), mask.layout().grid) }
    }

    /// The layout of the bits of a mask for an image with this layout, in these blocks.
    pub(crate) fn layout_of(image: &ImageLayout, grid: BlockGrid) -> ImageLayout {
        let mut layout = ImageLayout { grid, ..image.clone() };
        (layout.bands, layout.sample) = (1, super::SampleType::UInt8);
        (layout.bits_per_sample, layout.actual_bits, layout.pad) = (1, 1, super::PadValue::ZERO);
        layout
    }
}

impl ImageProvider for MaskImage<'_> {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        self.mask.access()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        self.mask.has_block(at)
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        read_whole_block(self, at)
    }

    fn is_dense(&self) -> bool {
        self.mask.is_dense()
    }

    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let is_present = self.mask.read_block(at, wanted, out)?;
        if is_present {
            let rows =
                (0..wanted.bands.len()).flat_map(|band| (0..wanted.window.height as usize).map(move |y| (band, y)));
            for (band, y) in rows {
                out.row(band, y).iter_mut().for_each(|sample| *sample = u8::from(*sample != 0));
            }
        }
        Ok(is_present)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.mask.check_unchanged()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Interleave, MemoryImage, Pixels, SampleType};

    #[test]
    fn samples_become_bits() {
        let pixels = Pixels::from_vec(vec![0, 255, 1, 0], [1, 2, 2], SampleType::UInt8, Interleave::Band).unwrap();
        let mask = MemoryImage::from_pixels(pixels, 2, 2).unwrap();
        let bits = MaskImage::new(&mask);
        assert_eq!((bits.layout().bits_per_sample, bits.is_dense()), (1, true));
        let Block::Pixels(block) = bits.block(BlockIndex::default()).unwrap() else { panic!("present") };
        assert_eq!(block.contiguous(Interleave::Band).unwrap(), [0, 1, 1, 0]);
    }
}
