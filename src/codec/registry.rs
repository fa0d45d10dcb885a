//! The registry of codecs.

use super::{Codec, PixelCoding, deflate, fax, jpeg, lzw, packbits, raw, zstd};
use crate::image::SampleType;

/// Every codec.
pub static CODECS: &[&Codec] =
    &[&raw::CODEC, &packbits::CODEC, &lzw::CODEC, &deflate::CODEC, &zstd::CODEC, &fax::CODEC, &jpeg::CODEC];

/// The codec with this name.
pub fn by_name(name: &str) -> Option<&'static Codec> {
    CODECS.iter().find(|codec| codec.name == name).copied()
}

impl Codec {
    /// True if the codec also encodes; every codec decodes.
    pub fn encodes(&self) -> bool {
        let pixels = PixelCoding::new(1, SampleType::UInt8);
        (self.params)(&pixels).iter().any(|params| params.encoder(&pixels).is_ok())
    }
}
