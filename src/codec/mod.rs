//! Codecs convert one block of pixels to bytes and back. They do not know files or containers.
//!
//! Each codec is a folder here and a line in `registry.rs`. Containers map their own codes to its parameters
//! (`format/tiff/compression.rs`).

mod bytewise;
mod coding;
pub(crate) mod deflate;
pub(crate) mod fax;
mod image_encoder;
pub(crate) mod j2k;
pub(crate) mod jpeg;
pub(crate) mod jxl;
pub(crate) mod lerc;
pub(crate) mod lzma;
pub(crate) mod lzw;
pub(crate) mod packbits;
mod packing;
mod predictor;
pub(crate) mod raw;
mod registry;
pub(crate) mod stream_size;
pub(crate) mod vq;
pub(crate) mod webp;
pub(crate) mod zstd;

pub use crate::image::Scratch;
pub(crate) use coding::CodecParams;
#[cfg(feature = "python")]
pub(crate) use coding::DecoderNeeds;
pub use coding::{BlockShape, Coding, PixelCoding};
pub(crate) use image_encoder::{BlockPixels, Borrow, Gathering, Pieces, Receipt, identity_checksum};
pub use image_encoder::{Encoded, ImageEncoder};
pub(crate) use predictor::Predictor;
pub use registry::CODECS;

use std::sync::Arc;

use crate::error::Result;

/// A codec and its capabilities.
pub struct Codec {
    /// Its name in messages and for users.
    pub name: &'static str,
    /// True if decoding returns the pixels that were encoded.
    pub lossless: bool,
    /// True if a predictor may precede it.
    pub(crate) predicts: bool,
    /// Parameters that suit these pixels, the default first. Tests, benchmarks and tables iterate over them.
    pub(crate) params: fn(&PixelCoding) -> Vec<Arc<dyn CodecParams>>,
}

/// Encodes the blocks of one image; keeps no state between blocks.
pub trait BlockEncoder: Send + Sync {
    /// Appends the stored form of `raw` (rows × columns × samples in native byte order, which may be altered) to `out`.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] if the codec cannot hold such a block.
    fn encode(&self, shape: BlockShape, raw: &mut [u8], out: &mut Vec<u8>, scratch: &mut Scratch) -> Result<()>;
}

/// Decodes the blocks of one image; keeps no state between blocks.
pub trait BlockDecoder: Send + Sync {
    /// Fills `out` (rows × columns × samples in native byte order) from the stored bytes.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] if the bytes break the codec's rules or end early, [`crate::Error::Unsupported`] if they
    /// use a part of the standard that is not implemented.
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()>;

    /// Decodes a damaged block: fills the first rows of `out` that `data` hold whole, and returns their number. The content of
    /// further rows is undefined.
    fn decode_rows(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> u32 {
        if self.decode(shape, data, out, scratch).is_ok() { shape.rows } else { 0 }
    }
}

#[cfg(test)]
mod tests;
