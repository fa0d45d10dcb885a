//! Codecs: one block of pixels to bytes and back. Codecs know nothing of files or containers.
//!
//! A codec is a folder here and a line in `registry.rs`; containers map their own codes to it (`format/tiff/compression.rs`).

mod bytewise;
pub mod deflate;
pub mod fax;
pub mod jpeg;
pub mod lzw;
pub mod packbits;
mod packing;
mod predictor;
pub mod raw;
mod registry;
pub mod zstd;

pub use registry::{CODECS, Codec, by_name};

use std::sync::Arc;

use crate::error::Result;
use crate::image::SampleType;
use crate::io::ByteOrder;

/// Everything a codec needs to know about a block. The samples of a pixel stand together; a block of one plane has one
/// sample per pixel.
#[derive(Debug, Clone)]
pub struct BlockSpec {
    /// Columns of the stored block.
    pub columns: u32,
    /// Rows of the stored block.
    pub rows: u32,
    /// Samples per pixel in the stored block.
    pub samples: u32,
    /// Type of a sample in memory.
    pub sample: SampleType,
    /// Bits of a stored sample; fewer than those of the type are packed, most significant bit first, rows padded to bytes.
    pub bits: u32,
    /// Order of the stored bytes of a sample.
    pub byte_order: ByteOrder,
    /// Differencing before compression.
    pub predictor: Predictor,
    /// Compression effort, in the codec's own scale; none is the codec's default.
    pub level: Option<i32>,
    /// Quality of lossy codecs, 1–100; none is the codec's default.
    pub quality: Option<u8>,
    /// What the samples mean, for codecs that transform colour.
    pub color: ColorModel,
    /// Tables shared by the blocks of an image (JPEG: an abbreviated stream, SOI to EOI).
    pub tables: Option<Arc<[u8]>>,
    /// Parameters of CCITT codes.
    pub fax: FaxOptions,
}

/// Differencing of neighbouring samples (TIFF 6.0 §14, Adobe TIFF Technical Note 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Predictor {
    /// None.
    #[default]
    None,
    /// Each sample minus the one of the same band before it in the row, modulo its width.
    Horizontal,
    /// Floating-point bytes by significance, then byte differences.
    FloatingPoint,
}

/// What the samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorModel {
    /// Nothing a codec should use: each band for itself.
    #[default]
    Independent,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue in memory; stored as luminance and chrominance, subsampled by these factors.
    YCbCr {
        /// Columns per chrominance sample, 1, 2 or 4.
        horizontal: u8,
        /// Rows per chrominance sample, 1, 2 or 4.
        vertical: u8,
    },
    /// Cyan, magenta, yellow, black.
    Cmyk,
}

/// The CCITT codes (TIFF 6.0 §10, §11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FaxOptions {
    /// Modified Huffman (2), T.4 (3) or T.6 (4).
    pub group: u8,
    /// `T4Options`: bit 0 two-dimensional, bit 2 fill bits before end of line.
    pub t4_options: u32,
    /// Bits of a byte stand least significant first.
    pub reversed_bits: bool,
}

/// Encodes blocks; keeps nothing from one to the next.
pub trait BlockEncoder: Send + Sync {
    /// Appends the stored form of `raw` (rows × columns × samples in native byte order, which may be altered) to `out`.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] where the codec cannot hold such a block.
    fn encode(&self, spec: &BlockSpec, raw: &mut [u8], out: &mut Vec<u8>, scratch: &mut Scratch) -> Result<()>;
}

/// Decodes blocks; keeps nothing from one to the next.
pub trait BlockDecoder: Send + Sync {
    /// Fills `out` (rows × columns × samples in native byte order) from the stored bytes.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] where the bytes break the codec's rules or end early, [`crate::Error::Unsupported`]
    /// where they use a part of the standard that is not implemented.
    fn decode(&self, spec: &BlockSpec, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()>;
}

/// Buffers and coder states that a worker keeps from block to block to save allocations.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Bytes between two stages.
    pub bytes: Vec<u8>,
    pub(crate) coders: bytewise::Coders,
}

impl BlockSpec {
    /// A block of whole samples in native order with no predictor and default settings.
    pub fn new(columns: u32, rows: u32, samples: u32, sample: SampleType) -> Self {
        Self {
            columns,
            rows,
            samples,
            sample,
            bits: sample.bits(),
            byte_order: ByteOrder::NATIVE,
            predictor: Predictor::None,
            level: None,
            quality: None,
            color: ColorModel::Independent,
            tables: None,
            fax: FaxOptions::default(),
        }
    }

    /// Bytes of a row in memory.
    pub const fn row_bytes(&self) -> usize {
        self.columns as usize * self.samples as usize * self.sample.bytes()
    }

    /// Bytes of the block in memory.
    pub const fn block_bytes(&self) -> usize {
        self.row_bytes() * self.rows as usize
    }

    /// Bytes of a stored row before compression: samples of `bits` bits, the row padded to a byte.
    pub const fn stored_row_bytes(&self) -> usize {
        (self.columns as usize * self.samples as usize * self.bits as usize).div_ceil(8)
    }

    /// Bytes of the stored block before compression.
    pub const fn stored_bytes(&self) -> usize {
        self.stored_row_bytes() * self.rows as usize
    }
}

#[cfg(test)]
mod tests;
