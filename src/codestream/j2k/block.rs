//! JPEG 2000 as the coding of a block of another image, as in the tiles of a TIFF: each block is a codestream of its own, or a JP2
//! file around one. Decoding only.

use std::any::Any;
use std::sync::Arc;

use super::{Codestream, CodestreamInfo, codestream_in, image};
use crate::codec::stream_size::check_stream_size;
use crate::codec::{BlockDecoder, BlockShape, Codec, CodecParams, PixelCoding, Scratch};
use crate::error::{Error, Result};
use crate::image::{Block, ImageProvider, Interleave, Window};
use crate::io::{ByteSource, MemorySource};
use crate::limits::Limits;

/// The coding. It is not in the registry of codecs, because a block is a container of coded blocks.
pub(crate) static CODEC: Codec =
    Codec { name: "j2k", lossless: false, predicts: false, params: |_| vec![Arc::new(BlockParams::default())] };

/// The parameters of the blocks of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BlockParams {
    /// True if three components are luminance and chrominance, which become red, green, blue.
    pub(crate) is_ycbcr: bool,
}

/// Decodes the blocks of an image.
struct Blocks {
    params: BlockParams,
    pixels: PixelCoding,
}

impl CodecParams for BlockParams {
    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        Box::new(Blocks { params: *self, pixels: *pixels })
    }

    fn decodes_like(&self, other: &dyn CodecParams) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl BlockDecoder for Blocks {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], _: &mut Scratch) -> Result<()> {
        let limits = Limits::default();
        let source: Arc<dyn ByteSource> = Arc::new(MemorySource(data.to_vec()));
        let codestream = Codestream::open(codestream_in(source, &limits)?, limits, "")?;
        let info = CodestreamInfo::of(&codestream.header);
        check_stream_size("JPEG 2000 image size", (info.columns, info.rows), shape, self.pixels.row_bytes(1))?;
        let bands = info.bits.len();
        if bands != self.pixels.samples as usize || info.sample != self.pixels.sample {
            return Err(Error::malformed("JPEG 2000 components")
                .found(format!("{bands} of type {}", info.sample))
                .allowed(format!("{} of type {}", self.pixels.samples, self.pixels.sample)));
        }
        let image = image(&Arc::new(codestream), None)?;
        let whole = [bands, shape.rows as usize, shape.columns as usize];
        let wanted = Window::new(0, 0, shape.columns, shape.rows);
        for at in image.layout().grid.blocks_of(wanted) {
            let full = image.layout().grid.full_block_window(at);
            let window = full.intersect(&wanted);
            if let Block::Pixels(pixels) = image.block(at)? {
                let part = pixels.window(window.relative_to(full.x, full.y))?;
                part.copy_to_block(out, whole, window.x as usize, window.y as usize, Interleave::Pixel);
            }
        }
        if self.params.is_ycbcr && bands == 3 && self.pixels.sample.bytes() == 1 {
            out.as_chunks_mut().0.iter_mut().for_each(to_rgb);
        }
        Ok(())
    }
}

/// Converts luminance and chrominance to red, green, blue (T.800 Annex G.3 without level shift, i.e. ITU-R BT.601).
fn to_rgb(pixel: &mut [u8; 3]) {
    let [y, cb, cr] = pixel.map(f32::from);
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    let colors = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    // A cast saturates.
    *pixel = colors.map(|color| (color + 0.5) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::SampleType;

    #[test]
    fn luminance_and_chrominance_become_colors() {
        let of = |pixel: [u8; 3]| {
            let mut pixel = pixel;
            to_rgb(&mut pixel);
            pixel
        };
        assert_eq!(of([90, 128, 128]), [90; 3]);
        assert_eq!((of([76, 85, 255]), of([255, 255, 255])), ([254, 0, 0], [255, 121, 255]));
    }

    #[test]
    fn bytes_without_a_codestream_are_malformed() {
        let decoder = BlockParams::default().decoder(&PixelCoding::new(1, SampleType::UInt8));
        for data in [&b""[..], b"no codestream", b"\xFF\x4F\xFF\x51\x00"] {
            let error = decoder.decode(BlockShape::new(4, 4), data, &mut [0; 16], &mut Scratch::default()).unwrap_err();
            assert!(matches!(error, Error::Malformed(_)), "{error}");
        }
    }
}
