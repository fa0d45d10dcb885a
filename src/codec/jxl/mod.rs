//! JPEG XL (ISO/IEC 18181; Compression 50002 and 52546 in TIFF): a codestream or a file with one image per block. Decoding only.
//!
//! Integers of 8 and 16 bits and floats of 32 bits are read. A stream of another colour space than the image's is not converted.

use std::any::Any;
use std::sync::Arc;

use jxl_oxide::{AllocTracker, FrameBufferSample, JxlImage, JxlThreadPool};

use super::stream_size::check_stream_size;
use super::{BlockDecoder, BlockShape, Codec, CodecParams, PixelCoding, Scratch};
use crate::error::{Error, Result};
use crate::image::SampleType;

/// The codec.
pub(crate) static CODEC: Codec =
    Codec { name: "jpegxl", lossless: false, predicts: false, params: |_| vec![Arc::new(Params)] };

/// The parameters of JPEG XL: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params;

/// Decodes the blocks of an image.
struct JpegXl {
    pixels: PixelCoding,
}

/// Memory of the decoder for each sample of a block, and for a block without samples.
const WORKING_BYTES: usize = 64;
const FIXED_BYTES: usize = 32 << 20;

impl CodecParams for Params {
    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        Box::new(JpegXl { pixels: *pixels })
    }

    fn decodes_like(&self, other: &dyn CodecParams) -> bool {
        other.as_any().is::<Self>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl BlockDecoder for JpegXl {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], _: &mut Scratch) -> Result<()> {
        match (self.pixels.sample, self.pixels.bits) {
            (SampleType::UInt8, 8) => self.samples(shape, data, out, |value: u8, to| to[0] = value),
            (SampleType::UInt16, 16) => {
                self.samples(shape, data, out, |value: u16, to| to.copy_from_slice(&value.to_ne_bytes()))
            }
            (SampleType::Float32, 32) => {
                self.samples(shape, data, out, |value: f32, to| to.copy_from_slice(&value.to_ne_bytes()))
            }
            (sample, bits) => Err(Error::unsupported("samples in JPEG XL:")
                .found(format!("{sample} of {bits} bits"))
                .allowed("uint8 of 8 bits, uint16 of 16 bits or float32")),
        }
    }
}

impl JpegXl {
    /// Decodes a block of samples of type `T`; `put` stores one in its bytes.
    fn samples<T: FrameBufferSample + Default + Copy>(
        &self,
        shape: BlockShape,
        data: &[u8],
        out: &mut [u8],
        put: fn(T, &mut [u8]),
    ) -> Result<()> {
        let samples = self.pixels.samples as usize;
        let count = |columns: u32, rows: u32| columns as usize * rows as usize * samples;
        let working = count(shape.columns, shape.rows).saturating_mul(WORKING_BYTES).saturating_add(FIXED_BYTES);
        let builder = JxlImage::builder().pool(JxlThreadPool::none()).alloc_tracker(AllocTracker::with_limit(working));
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::malformed("JPEG XL stream").found(error);
        let image = builder.read(data).map_err(failed)?;
        let (columns, rows) = (image.width(), image.height());
        check_stream_size("JPEG XL image size", (columns, rows), shape, samples * size_of::<T>())?;
        if image.num_loaded_keyframes() == 0 || !image.is_loading_done() {
            return Err(Error::malformed("JPEG XL stream: it ends before the image"));
        }
        let render = image.render_frame(0).map_err(failed)?;
        let mut stream = render.stream();
        if stream.channels() as usize != samples {
            return Err(Error::malformed("JPEG XL channels").found(stream.channels()).allowed(samples));
        }
        let mut values = vec![T::default(); count(columns, rows)];
        let filled = stream.write_to_buffer(&mut values);
        if filled != values.len() {
            return Err(Error::malformed("JPEG XL samples").found(filled).allowed(values.len()));
        }
        let (from, to) = (columns as usize * samples, shape.columns as usize * samples * size_of::<T>());
        for (out, values) in out.chunks_exact_mut(to).zip(values.chunks_exact(from)) {
            out.chunks_exact_mut(size_of::<T>()).zip(values).for_each(|(to, value)| put(*value, to));
        }
        Ok(())
    }
}
