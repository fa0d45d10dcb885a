//! The codecs there are.

use super::{BlockDecoder, BlockEncoder, deflate, fax, jpeg, lzw, packbits, raw, zstd};

/// A codec and what it can do.
pub struct Codec {
    /// Its name in messages and for users.
    pub name: &'static str,
    /// True where decoding gives back what was encoded.
    pub lossless: bool,
    /// True where a predictor may come before it.
    pub predicts: bool,
    /// The encoder, where there is one.
    pub encoder: Option<&'static dyn BlockEncoder>,
    /// The decoder.
    pub decoder: &'static dyn BlockDecoder,
}

/// Every codec.
pub static CODECS: &[Codec] = &[
    lossless("none", false, &raw::Raw, &raw::Raw),
    lossless("packbits", false, &packbits::PackBits, &packbits::PackBits),
    lossless("lzw", true, &lzw::Lzw, &lzw::Lzw),
    lossless("deflate", true, &deflate::Deflate, &deflate::Deflate),
    lossless("zstd", true, &zstd::Zstd, &zstd::Zstd),
    Codec { name: "fax", lossless: true, predicts: false, encoder: None, decoder: &fax::Fax },
    Codec { name: "jpeg", lossless: false, predicts: false, encoder: Some(jpeg::ENCODER), decoder: jpeg::DECODER },
];

/// The codec of this name.
pub fn by_name(name: &str) -> Option<&'static Codec> {
    CODECS.iter().find(|codec| codec.name == name)
}

const fn lossless(
    name: &'static str,
    predicts: bool,
    encoder: &'static dyn BlockEncoder,
    decoder: &'static dyn BlockDecoder,
) -> Codec {
    Codec { name, lossless: true, predicts, encoder: Some(encoder), decoder }
}
