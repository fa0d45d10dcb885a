//! The registry of codecs.

use super::{Codec, Coding, PixelCoding, deflate, fax, jpeg, lzw, packbits, raw, vq, zstd};
use crate::image::SampleType;

/// Every codec.
pub static CODECS: &[&Codec] =
    &[&raw::CODEC, &packbits::CODEC, &lzw::CODEC, &deflate::CODEC, &zstd::CODEC, &fax::CODEC, &jpeg::CODEC, &vq::CODEC];

impl Codec {
    /// The coding of blocks of these pixels with the codec's default parameters.
    pub fn coding(&self, pixels: PixelCoding) -> Coding {
        Coding { pixels, params: (self.params)(&pixels).swap_remove(0) }
    }

    /// True if the codec also encodes; every codec decodes.
    pub fn encodes(&self) -> bool {
        let pixels = PixelCoding::new(1, SampleType::UInt8);
        (self.params)(&pixels).iter().any(|params| params.encoder(&pixels).is_ok())
    }
}
