//! The coding of an image's blocks: the pixel layout, and the parameters of one codec.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{BlockDecoder, BlockEncoder, Codec};
use crate::error::{Error, Result};
use crate::image::{BlockCoding, SampleType};
use crate::io::ByteOrder;

/// The size of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockShape {
    /// Columns of the stored block.
    pub columns: u32,
    /// Rows of the stored block.
    pub rows: u32,
}

/// The layout of a block's pixels, in memory and before compression. Pixels are interleaved; a block of one plane has one
/// sample per pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelCoding {
    /// Samples per pixel.
    pub(crate) samples: u32,
    /// Sample type in memory.
    pub(crate) sample: SampleType,
    /// Bits of a stored sample. If the type has more, samples are packed, most significant bit first, and rows padded to bytes.
    pub(crate) bits: u32,
    /// Byte order of stored samples.
    pub(crate) byte_order: ByteOrder,
}

/// The parameters of one codec, as a type of that codec.
pub(crate) trait CodecParams: fmt::Debug + Send + Sync + 'static {
    /// The codec.
    fn codec(&self) -> &'static Codec;

    /// The encoder for an image with these pixels.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the codec does not encode these pixels, [`Error::Usage`] for a parameter out of range.
    fn encoder(&self, pixels: &PixelCoding) -> Result<Box<dyn BlockEncoder>> {
        let _ = pixels;
        Err(Error::unsupported("codec for encoding").found(self.codec().name))
    }

    /// The decoder for an image with these pixels.
    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder>;

    /// True if these parameters and `other` decode each other's blocks, whatever their effort and quality.
    fn decodes_like(&self, other: &dyn CodecParams) -> bool;

    /// The parameters as their own type.
    fn as_any(&self) -> &dyn Any;

    /// What a decoder outside of this crate needs besides a block.
    #[cfg(feature = "python")]
    fn needs(&self) -> DecoderNeeds {
        DecoderNeeds::default()
    }
}

/// What a decoder needs besides a block and its shape.
#[cfg(feature = "python")]
#[derive(Debug, Default)]
pub(crate) struct DecoderNeeds {
    /// Differencing to undo after decompression, by its name.
    pub(crate) predictor: Option<String>,
    /// Tables that the blocks share: for JPEG, an abbreviated stream from SOI to EOI.
    pub(crate) tables: Option<Arc<[u8]>>,
}

/// The coding of an image's blocks.
#[derive(Debug, Clone)]
pub struct Coding {
    /// The pixel layout.
    pub(crate) pixels: PixelCoding,
    /// The codec and its parameters.
    pub(crate) params: Arc<dyn CodecParams>,
}

impl BlockShape {
    /// A block of `columns` × `rows`.
    pub const fn new(columns: u32, rows: u32) -> Self {
        Self { columns, rows }
    }
}

impl PixelCoding {
    /// Unpacked samples in native byte order.
    pub const fn new(samples: u32, sample: SampleType) -> Self {
        Self { samples, sample, bits: sample.bits(), byte_order: ByteOrder::NATIVE }
    }

    /// Bytes of a row in memory.
    pub(crate) const fn row_bytes(&self, columns: u32) -> usize {
        columns as usize * self.samples as usize * self.sample.bytes()
    }

    /// Bytes of a block in memory.
    pub const fn block_bytes(&self, shape: BlockShape) -> usize {
        self.row_bytes(shape.columns) * shape.rows as usize
    }

    /// Bytes of a stored row before compression: samples of `bits` bits, the row padded to a byte.
    pub(crate) const fn stored_row_bytes(&self, columns: u32) -> usize {
        (columns as usize * self.samples as usize * self.bits as usize).div_ceil(8)
    }

    /// Bytes of a stored block before compression.
    pub(crate) const fn stored_bytes(&self, shape: BlockShape) -> usize {
        self.stored_row_bytes(shape.columns) * shape.rows as usize
    }
}

impl Coding {
    /// Pixels coded with these parameters.
    pub(crate) fn new(pixels: PixelCoding, params: impl CodecParams) -> Self {
        Self { pixels, params: Arc::new(params) }
    }

    /// The encoder for the blocks of an image.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the codec does not encode these pixels, [`Error::Usage`] for a parameter out of range.
    pub fn encoder(&self) -> Result<Box<dyn BlockEncoder>> {
        self.params.encoder(&self.pixels)
    }

    /// The decoder for the blocks of an image.
    pub fn decoder(&self) -> Box<dyn BlockDecoder> {
        self.params.decoder(&self.pixels)
    }

    /// True if a block of either coding can be stored unchanged as a block of the other.
    pub(crate) fn decodes_like(&self, other: &Self) -> bool {
        self.pixels == other.pixels && self.params.decodes_like(&*other.params)
    }
}

impl BlockCoding for Coding {
    fn decodes_like(&self, other: &dyn BlockCoding) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref().is_some_and(|other| Self::decodes_like(self, other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Predictor, deflate, lzw};

    #[test]
    fn effort_does_not_matter_for_decoding_and_all_else_does() {
        let pixels = PixelCoding::new(3, SampleType::UInt8);
        let deflate = |predictor, level| Coding::new(pixels, deflate::Params { predictor, level });
        let plain = deflate(Predictor::None, None);
        assert!(plain.decodes_like(&deflate(Predictor::None, Some(9))));
        assert!(!plain.decodes_like(&deflate(Predictor::Horizontal, None)));
        assert!(!plain.decodes_like(&Coding::new(pixels, lzw::Params { predictor: Predictor::None })));
        assert!(!plain.decodes_like(&Coding { pixels: PixelCoding { samples: 1, ..pixels }, ..plain.clone() }));
    }
}
