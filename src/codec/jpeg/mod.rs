//! JPEG (ITU-T T.81 | ISO/IEC 10918-1): the streams in TIFF tiles and strips, and the elements of JPEG files.
//!
//! The decoder supports the baseline, extended and progressive processes with 8 bits per sample and one to four components, the
//! extended process with 12 bits, and the lossless process with 2 to 16 bits. It does not support arithmetic coding, progressive
//! images of 12 bits, hierarchical frames, or a height that follows the image. The encoder is baseline with 8 bits and the standard's Huffman
//! tables. It stores RGB as luminance and chrominance at full, half or quarter resolution, and other samples unchanged.

mod decode;
mod encode;
mod entropy;
mod extended;
mod huffman;
mod lossless;
pub(crate) mod markers;
mod scans;
pub(crate) mod segments;
mod stream;
mod tables;
mod walk;

pub(crate) use decode::working_bytes;
pub(crate) use encode::{Encoder, Restarts, Rows};
pub(crate) use tables::{put_standard_huffman_tables, quality_of};

use std::any::Any;
use std::sync::Arc;

#[cfg(feature = "python")]
use super::DecoderNeeds;
use super::{BlockDecoder, BlockEncoder, BlockShape, Codec, CodecParams, PixelCoding, Scratch};
use crate::error::{Error, Result};
use crate::image::SampleType;

/// The codec.
pub(crate) static CODEC: Codec = Codec {
    name: "jpeg",
    lossless: false,
    predicts: false,
    params: |pixels| {
        let color = if pixels.samples == 3 { ColorModel::Rgb } else { ColorModel::Independent };
        vec![Arc::new(Params { color, ..Params::default() })]
    },
};

/// The quality if none is given: the default for good pictures of most cameras and viewers.
pub(crate) const DEFAULT_QUALITY: u8 = 85;

/// The parameters of JPEG.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Params {
    /// The meaning of the samples.
    pub color: ColorModel,
    /// Quality, 1 to 100; `None` is [`DEFAULT_QUALITY`].
    pub quality: Option<u8>,
    /// Tables that the blocks of an image share: an abbreviated stream, SOI to EOI (§B.4). For decoding only; the encoder
    /// writes tables to each block.
    pub tables: Option<Arc<[u8]>>,
}

/// The meaning of a pixel's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum ColorModel {
    /// Bands without a relation that the codec could use.
    #[default]
    Independent,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue in memory; stored as luminance and chrominance. These factors subsample the chrominance.
    YCbCr {
        /// Columns per chrominance sample, 1, 2 or 4.
        horizontal: u8,
        /// Rows per chrominance sample, 1, 2 or 4.
        vertical: u8,
    },
    /// Cyan, magenta, yellow, black.
    Cmyk,
}

impl CodecParams for Params {
    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn encoder(&self, pixels: &PixelCoding) -> Result<Box<dyn BlockEncoder>> {
        if pixels.sample != SampleType::UInt8 || pixels.bits != 8 {
            return Err(Error::unsupported("samples in JPEG")
                .found(format!("{} of {} bits", pixels.sample, pixels.bits))
                .allowed("uint8 of 8 bits"));
        }
        Ok(Box::new(Encoder::new(pixels.samples, self.color, self.quality.unwrap_or(DEFAULT_QUALITY))?))
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        Box::new(decode::JpegDecoder::new(*pixels, self.clone()))
    }

    fn decodes_like(&self, other: &dyn CodecParams) -> bool {
        let other = other.as_any().downcast_ref::<Self>();
        other.is_some_and(|other| (other.color, &other.tables) == (self.color, &self.tables))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    #[cfg(feature = "python")]
    fn needs(&self) -> DecoderNeeds {
        DecoderNeeds { predictor: None, tables: self.tables.clone() }
    }
}

impl BlockEncoder for Encoder {
    /// Appends a complete stream.
    fn encode(&self, shape: BlockShape, raw: &mut [u8], out: &mut Vec<u8>, _: &mut Scratch) -> Result<()> {
        let side = |length: u32| {
            u16::try_from(length)
                .ok()
                .filter(|length| *length > 0)
                .ok_or_else(|| Error::unsupported("JPEG columns or rows").found(length).allowed("1 to 65535"))
        };
        let (columns, rows) = (side(shape.columns)?, side(shape.rows)?);
        self.write_stream(Rows::Interleaved(raw), (columns, rows), &[], false, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
