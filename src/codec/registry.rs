//! The codecs there are.

use super::{BlockDecoder, BlockEncoder, jpeg};

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
pub static CODECS: &[Codec] =
    &[Codec { name: "jpeg", lossless: false, predicts: false, encoder: Some(jpeg::ENCODER), decoder: jpeg::DECODER }];

/// The codec of this name.
pub fn by_name(name: &str) -> Option<&'static Codec> {
    CODECS.iter().find(|codec| codec.name == name)
}
