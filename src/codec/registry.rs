//! The registry of codecs.

use super::{Codec, Coding, PixelCoding, deflate, fax, jpeg, jxl, lerc, lzma, lzw, packbits, raw, vq, webp, zstd};
use crate::image::SampleType;

/// Every codec.
pub static CODECS: &[&Codec] = &[
    &raw::CODEC,
    &packbits::CODEC,
    &lzw::CODEC,
    &deflate::CODEC,
    &zstd::CODEC,
    &lzma::CODEC,
    &fax::CODEC,
    &jpeg::CODEC,
    &webp::CODEC,
    &lerc::CODEC,
    &jxl::CODEC,
    &vq::CODEC,
];

impl Codec {
    /// The coding of blocks of these pixels with the codec's default parameters.
    pub fn coding(&self, pixels: PixelCoding) -> Coding {
        Coding { pixels, params: (self.params)(&pixels).swap_remove(0) }
    }

    /// True if the codec also encodes; every codec decodes.
    pub fn encodes(&self) -> bool {
        // Some codecs take only colours.
        [1, 3].into_iter().map(|samples| PixelCoding::new(samples, SampleType::UInt8)).any(|pixels| {
            let params = (self.params)(&pixels);
            params.iter().any(|params| params.encoder(&pixels).is_ok())
        })
    }
}
