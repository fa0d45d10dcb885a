//! WebP (RFC 9649; Compression 50001 in TIFF): a file with one still image per block, of three or four bands of 8 bits.
//!
//! Both bitstreams are decoded; the encoder writes the lossless one. Animations are not read.

use std::any::Any;
use std::io::Cursor;
use std::sync::Arc;

use image_webp::{ColorType, DecodingError, EncodingError, WebPDecoder, WebPEncoder};

use super::stream_size::check_stream_size;
use super::{BlockDecoder, BlockEncoder, BlockShape, Codec, CodecParams, PixelCoding, Scratch};
use crate::error::{Error, Result};
use crate::image::SampleType;

/// The codec.
pub(crate) static CODEC: Codec =
    Codec { name: "webp", lossless: true, predicts: false, params: |_| vec![Arc::new(Params)] };

/// The parameters of WebP: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params;

/// The largest side of an image.
pub(crate) const LARGEST_SIDE: u32 = 16_383;

/// Bytes of a pixel in the form that the decoder returns.
const RGB: usize = 3;
const RGBA: usize = 4;

/// Memory of the decoder for each pixel, beside the output.
const WORKING_BYTES: usize = 16;

/// Encodes and decodes the blocks of an image.
struct WebP {
    samples: usize,
}

impl CodecParams for Params {
    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn encoder(&self, pixels: &PixelCoding) -> Result<Box<dyn BlockEncoder>> {
        check(pixels)?;
        Ok(Box::new(WebP { samples: pixels.samples as usize }))
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        // Other pixels are refused with the first block.
        let samples = if check(pixels).is_ok() { pixels.samples as usize } else { 0 };
        Box::new(WebP { samples })
    }

    fn decodes_like(&self, other: &dyn CodecParams) -> bool {
        other.as_any().is::<Self>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Checks that WebP has such pixels.
///
/// # Errors
/// [`Error::Unsupported`] for other pixels.
pub(crate) fn check(pixels: &PixelCoding) -> Result<()> {
    if pixels.sample == SampleType::UInt8 && pixels.bits == 8 && matches!(pixels.samples as usize, RGB | RGBA) {
        return Ok(());
    }
    let found = format!("{} samples of type {} with {} bits", pixels.samples, pixels.sample, pixels.bits);
    Err(Error::unsupported("pixels in WebP:").found(found).allowed("3 or 4 samples of type uint8 with 8 bits"))
}

impl BlockEncoder for WebP {
    fn encode(&self, shape: BlockShape, raw: &mut [u8], out: &mut Vec<u8>, _: &mut Scratch) -> Result<()> {
        if shape.columns.max(shape.rows) > LARGEST_SIDE {
            let found = format!("{} × {}", shape.columns, shape.rows);
            return Err(Error::unsupported("WebP columns or rows")
                .found(found)
                .allowed(format!("1 to {LARGEST_SIDE}")));
        }
        let color = if self.samples == RGBA { ColorType::Rgba8 } else { ColorType::Rgb8 };
        WebPEncoder::new(out).encode(raw, shape.columns, shape.rows, color).map_err(|error| match error {
            EncodingError::IoError(_) | EncodingError::InvalidDimensions => {
                Error::unsupported("WebP block").found(error)
            }
            _ => Error::unsupported("WebP block"),
        })
    }
}

impl BlockDecoder for WebP {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        if self.samples == 0 {
            return Err(Error::unsupported("pixels in WebP").allowed("3 or 4 samples of type uint8 with 8 bits"));
        }
        let mut decoder = WebPDecoder::new(Cursor::new(data)).map_err(failed)?;
        if decoder.is_animated() {
            return Err(Error::unsupported("WebP animation"));
        }
        let (columns, rows) = decoder.dimensions();
        let stored = if decoder.has_alpha() { RGBA } else { RGB };
        check_stream_size("WebP image size", (columns, rows), shape, stored)?;
        let pixels = columns as usize * rows as usize;
        decoder.set_memory_limit(pixels.saturating_mul(WORKING_BYTES).saturating_add(data.len()));
        if stored == self.samples && (columns, rows) == (shape.columns, shape.rows) {
            return decoder.read_image(out).map_err(failed);
        }
        let bytes = &mut scratch.bytes;
        bytes.clear();
        bytes.resize(pixels * stored, 0);
        decoder.read_image(bytes).map_err(failed)?;
        let (columns, shown) = (columns as usize, shape.columns as usize);
        for (to, from) in out.chunks_exact_mut(shown * self.samples).zip(bytes.chunks_exact(columns * stored)) {
            for (to, from) in to.chunks_exact_mut(self.samples).zip(from.chunks_exact(stored)) {
                // A file without an alpha channel is opaque; without room for it, the channel is left out.
                to[RGB..].fill(u8::MAX);
                let shared = stored.min(self.samples);
                to[..shared].copy_from_slice(&from[..shared]);
            }
        }
        Ok(())
    }
}

fn failed(error: DecodingError) -> Error {
    match error {
        DecodingError::UnsupportedFeature(_) => Error::unsupported("WebP feature").found(error),
        _ => Error::malformed("WebP file").found(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_added_and_left_out_by_the_number_of_samples() {
        let shape = BlockShape::new(16, 4);
        let mut scratch = Scratch::default();
        let mut coded = |samples: u32, raw: &[u8]| {
            let mut out = Vec::new();
            let encoder = Params.encoder(&PixelCoding::new(samples, SampleType::UInt8)).unwrap();
            encoder.encode(shape, &mut raw.to_vec(), &mut out, &mut scratch).unwrap();
            out
        };
        let raw: Vec<u8> = (0..16 * 4 * 4).map(|i| (i * 7) as u8).collect();
        let rgb: Vec<u8> = raw.chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect();
        let (with, without) = (coded(4, &raw), coded(3, &rgb));
        let decoded = |samples: u32, data: &[u8], rows: u32| {
            let pixels = PixelCoding::new(samples, SampleType::UInt8);
            let shape = BlockShape { rows, ..shape };
            let mut out = vec![0; pixels.block_bytes(shape)];
            Params.decoder(&pixels).decode(shape, data, &mut out, &mut Scratch::default()).map(|()| out)
        };
        assert_eq!(decoded(4, &with, 4).unwrap(), raw);
        assert_eq!(decoded(3, &with, 4).unwrap(), rgb);
        assert_eq!(decoded(3, &without, 3).unwrap(), rgb[..144]);
        let opaque = decoded(4, &without, 4).unwrap();
        assert!(
            opaque.chunks_exact(4).zip(rgb.chunks_exact(3)).all(|(four, three)| four[..3] == *three && four[3] == 255)
        );
        assert!(matches!(decoded(3, &with, 5), Err(Error::Malformed(_))));
        assert!(matches!(decoded(1, &with, 4), Err(Error::Unsupported(_))));
    }
}
