//! WebP (RFC 9649; Compression 50001 in TIFF): a file with one still image per block, of three or four bands of 8 bits.
//!
//! Both bitstreams are read and written: the lossless one, and with a quality the lossy one (VP8, whose colours are YCbCr 4:2:0).
//! Animations are not read. Decoding and lossless encoding are those of `image-webp`, lossy encoding is that of libwebp.

use std::any::Any;
use std::io::Cursor;
use std::sync::Arc;

use image_webp::{ColorType, DecodingError, EncodingError, WebPDecoder, WebPEncoder};
use webp::{Encoder, PixelLayout};

use super::stream_size::check_stream_size;
use super::{BlockDecoder, BlockEncoder, BlockShape, Codec, CodecParams, PixelCoding, Scratch};
use crate::error::{Error, Result};
use crate::image::SampleType;

/// The codec.
pub(crate) static CODEC: Codec =
    Codec { name: "webp", lossless: true, predicts: false, params: |_| vec![Arc::new(Params::default())] };

/// The parameters of WebP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Params {
    /// The quality of lossy encoding, 1–100; lossless without one.
    pub(crate) quality: Option<u8>,
}

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
    quality: Option<u8>,
}

impl CodecParams for Params {
    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn encoder(&self, pixels: &PixelCoding) -> Result<Box<dyn BlockEncoder>> {
        check(pixels)?;
        Ok(Box::new(WebP { samples: pixels.samples as usize, quality: self.quality }))
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        // Other pixels are refused with the first block.
        let samples = if check(pixels).is_ok() { pixels.samples as usize } else { 0 };
        Box::new(WebP { samples, quality: self.quality })
    }

    /// The quality does not matter for decoding.
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
        if let Some(quality) = self.quality {
            return self.encode_lossy(shape, raw, quality, out);
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

impl WebP {
    fn encode_lossy(&self, shape: BlockShape, raw: &[u8], quality: u8, out: &mut Vec<u8>) -> Result<()> {
        let layout = if self.samples == RGBA { PixelLayout::Rgba } else { PixelLayout::Rgb };
        let encoder = Encoder::new(raw, layout, shape.columns, shape.rows);
        let file = encoder
            .encode_simple(false, quality.into())
            .map_err(|error| Error::unsupported("WebP block").found(format!("{error:?} of libwebp")))?;
        out.extend_from_slice(&file);
        Ok(())
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
            let encoder = Params::default().encoder(&PixelCoding::new(samples, SampleType::UInt8)).unwrap();
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
            Params::default().decoder(&pixels).decode(shape, data, &mut out, &mut Scratch::default()).map(|()| out)
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

    #[test]
    fn a_lower_quality_is_smaller_and_farther_from_the_pixels() {
        let shape = BlockShape::new(64, 64);
        let raw: Vec<u8> =
            (0..64 * 64u32).flat_map(|i| [(i % 64 * 4) as u8, (i / 64 * 3) as u8, (i * i % 97) as u8]).collect();
        let pixels = PixelCoding::new(3, SampleType::UInt8);
        let coded = |quality| {
            let (mut out, mut scratch) = (Vec::new(), Scratch::default());
            let params = Params { quality };
            params.encoder(&pixels).unwrap().encode(shape, &mut raw.clone(), &mut out, &mut scratch).unwrap();
            let mut decoded = vec![0; raw.len()];
            params.decoder(&pixels).decode(shape, &out, &mut decoded, &mut scratch).unwrap();
            let error = raw.iter().zip(&decoded).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>();
            (out.len(), error)
        };
        let (low, high) = (coded(Some(10)), coded(Some(95)));
        assert!(low.0 < high.0 && low.1 > high.1 && high.1 > 0, "{low:?} {high:?}");
        assert_eq!(coded(None).1, 0);
    }
}
