//! Decoding of a block: the stream is checked and normalised, then passed to the decoder that handles its process and
//! sampling best.

use std::num::NonZeroU32;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use super::markers::{FrameHeader, Process};
use super::stream::Stream;
use super::{ColorModel, Params, extended, lossless};
use crate::codec::stream_size::{check_stream_size, crop_rows};
use crate::codec::{BlockDecoder, BlockShape, PixelCoding, Scratch};
use crate::error::{Error, Result};

/// Most columns and rows of an image whose edges matter more than speed.
const TINY: u16 = 32;

/// The most bytes that a decoder holds per sample beside the output: coefficients of a progressive image, or planes of an image
/// that the fast decoder does not decode.
const COEFFICIENT_BYTES: u64 = 2;
const PLANE_BYTES: u64 = 3;

/// Bytes that decoding an image with this frame takes beside the output. `interleaved` is true if its first scan has every
/// component.
pub(crate) fn working_bytes(frame: &FrameHeader, interleaved: bool) -> u64 {
    let samples = u64::from(frame.columns) * u64::from(frame.rows) * frame.components.len() as u64;
    let each = match frame.process {
        // Two lines.
        Process::Lossless => 0,
        _ if frame.precision > 8 || !frame.has_common_sampling() || !interleaved => PLANE_BYTES,
        Process::Progressive => COEFFICIENT_BYTES,
        _ => 0,
    };
    samples * each
}

/// Decodes JPEG streams: baseline, extended and progressive with 8 bits, extended with 12, lossless with 2 to 16.
pub(super) struct JpegDecoder {
    pixels: PixelCoding,
    params: Params,
}

impl JpegDecoder {
    pub(super) fn new(pixels: PixelCoding, params: Params) -> Self {
        Self { pixels, params }
    }
}

impl BlockDecoder for JpegDecoder {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        let plain = &mut scratch.bytes;
        let stream = Stream::normalise(data, self.params.tables.as_deref(), plain)?;
        check(&stream.frame, &self.pixels, shape)?;
        stream.check_whole(plain)?;
        self.image(&stream, plain, shape, out)
    }

    /// Finds the rows by trying: an image with fewer rows is decoded from the beginning of the same data.
    fn decode_rows(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> u32 {
        let plain = &mut scratch.bytes;
        let Ok(mut stream) = Stream::normalise(data, self.params.tables.as_deref(), plain) else { return 0 };
        if check(&stream.frame, &self.pixels, shape).is_err() {
            return 0;
        }
        if stream.drop_last_scans(plain) && self.image(&stream, plain, shape, out).is_ok() {
            return shape.rows;
        }
        let unit = stream.frame.mcu().1;
        let (mut there, mut missing) = (0, shape.rows.div_ceil(unit) + 1);
        while there + 1 < missing {
            let tried = there.midpoint(missing);
            let rows = (tried * unit).min(shape.rows);
            stream.crop(rows as u16, plain);
            let part = BlockShape { rows, ..shape };
            let decoded = &mut out[..self.pixels.block_bytes(part)];
            let whole = stream.check_whole(plain).and_then(|()| self.image(&stream, plain, part, decoded));
            if whole.is_ok() { there = tried } else { missing = tried }
        }
        // The last attempt may have failed and left its traces.
        let rows = (there * unit).min(shape.rows);
        if rows == 0 {
            return 0;
        }
        stream.crop(rows as u16, plain);
        let part = BlockShape { rows, ..shape };
        match self.image(&stream, plain, part, &mut out[..self.pixels.block_bytes(part)]) {
            Ok(()) => rows,
            Err(_) => 0,
        }
    }
}

impl JpegDecoder {
    /// Decodes the normalised stream `plain` to a block, which may be smaller than its image.
    fn image(&self, stream: &Stream, plain: &[u8], shape: BlockShape, out: &mut [u8]) -> Result<()> {
        let columns = usize::from(stream.frame.columns);
        let pixel = self.pixels.row_bytes(1);
        if columns == shape.columns as usize && u32::from(stream.frame.rows) == shape.rows {
            return samples(stream, plain, self.params.color, out);
        }
        let mut whole = vec![0; columns * usize::from(stream.frame.rows) * pixel];
        samples(stream, plain, self.params.color, &mut whole)?;
        crop_rows(&whole, columns * pixel, out, self.pixels.row_bytes(shape.columns));
        Ok(())
    }
}

/// Checks that the frame holds the block.
fn check(frame: &FrameHeader, pixels: &PixelCoding, shape: BlockShape) -> Result<()> {
    if frame.components.len() != pixels.samples as usize {
        return Err(Error::malformed("number of JPEG components")
            .found(frame.components.len())
            .allowed(pixels.samples));
    }
    let bytes = if frame.precision > 8 { 2 } else { 1 };
    if bytes != pixels.sample.bytes() {
        return Err(Error::malformed("JPEG sample precision")
            .found(frame.precision)
            .allowed(format!("a precision of {} samples", pixels.sample)));
    }
    let size = (u32::from(frame.columns), u32::from(frame.rows));
    check_stream_size("JPEG image size", size, shape, frame.components.len() * bytes)
}

/// Decodes the normalised stream `plain`, whose image has the size of `out`.
fn samples(stream: &Stream, plain: &[u8], color: ColorModel, out: &mut [u8]) -> Result<()> {
    let components = stream.frame.components.len();
    let to_rgb = matches!(color, ColorModel::YCbCr { .. }) && components == 3;
    if stream.frame.process == Process::Lossless {
        return lossless::decode(&stream.frame, plain, out);
    }
    if stream.frame.precision > 8 {
        return extended::decode(&stream.frame, plain, color, out);
    }
    if is_common(stream) {
        common(plain, components, to_rgb, out)?;
    } else {
        uncommon(plain, components, to_rgb, out)?;
    }
    if color == ColorModel::Cmyk && stream.adobe_transform == Some(2) && components == 4 {
        ycck_to_cmyk(out);
    }
    Ok(())
}

/// True if the fast decoder handles the stream well. It fails on subsampled components in separate scans. Its interpolation
/// of chrominance also uses the padding after the last column, which affects much of a tiny image.
fn is_common(stream: &Stream) -> bool {
    let frame = &stream.frame;
    let sequential = frame.process != Process::Progressive;
    let tiny = frame.columns.max(frame.rows) <= TINY;
    let subsampled = frame.components.len() > 1 && frame.sampling() != (1, 1);
    frame.has_common_sampling() && !(subsampled && (tiny || sequential && stream.scans.len() > 1))
}

fn common(plain: &[u8], components: usize, to_rgb: bool, out: &mut [u8]) -> Result<()> {
    let space = match components {
        1 => ColorSpace::Luma,
        2 => ColorSpace::MultiBand(NonZeroU32::MIN.saturating_add(1)),
        3 if to_rgb => ColorSpace::RGB,
        3 => ColorSpace::YCbCr,
        _ => ColorSpace::CMYK,
    };
    let largest = usize::from(u16::MAX);
    let options = DecoderOptions::default()
        // The decoder accepts two components, which have no defined meaning, only if it is not strict.
        .set_strict_mode(components != 2)
        .set_max_width(largest)
        .set_max_height(largest)
        .jpeg_set_out_colorspace(space);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(plain), options);
    decoder.decode_into(out).map_err(|error| Error::malformed("JPEG data").found(error))
}

/// Decodes a stream that the fast decoder does not handle well.
fn uncommon(plain: &[u8], components: usize, to_rgb: bool, out: &mut [u8]) -> Result<()> {
    use jpeg_decoder::ColorTransform;
    let transform = match (components, to_rgb) {
        (1, _) => ColorTransform::Grayscale,
        (3, true) => ColorTransform::YCbCr,
        (3, false) => ColorTransform::RGB,
        _ => ColorTransform::CMYK,
    };
    fallback(plain, transform, out)?;
    if components == 4 {
        // This decoder inverts inks.
        for sample in out {
            *sample = !*sample;
        }
    }
    Ok(())
}

fn fallback(plain: &[u8], transform: jpeg_decoder::ColorTransform, out: &mut [u8]) -> Result<()> {
    let mut decoder = jpeg_decoder::Decoder::new(plain);
    decoder.set_color_transform(transform);
    let pixels = decoder.decode().map_err(|error| match error {
        jpeg_decoder::Error::Unsupported(feature) => Error::unsupported("JPEG feature").found(format!("{feature:?}")),
        error => Error::malformed("JPEG data").found(error),
    })?;
    if pixels.len() != out.len() {
        return Err(Error::malformed("decoded JPEG bytes").found(pixels.len()).allowed(out.len()));
    }
    out.copy_from_slice(&pixels);
    Ok(())
}

/// Converts luminance and chrominance of inverted inks to inks: 255 minus red, green and blue. Black is unchanged.
fn ycck_to_cmyk(pixels: &mut [u8]) {
    // Factors of BT.601 in units of 2⁻¹⁶: 1.402, 0.344136, 0.714136, 1.772.
    const FACTORS: [i32; 4] = [91_881, 22_554, 46_802, 116_130];
    for pixel in pixels.as_chunks_mut::<4>().0 {
        let [y, cb, cr, _] = pixel.map(i32::from);
        let (cb, cr) = (cb - 128, cr - 128);
        let round = |value: i32| (value + 0x8000) >> 16;
        let red = y + round(FACTORS[0] * cr);
        let green = y - round(FACTORS[1] * cb + FACTORS[2] * cr);
        let blue = y + round(FACTORS[3] * cb);
        for (sample, level) in pixel.iter_mut().zip([red, green, blue]) {
            *sample = (255 - level).clamp(0, 255) as u8;
        }
    }
}
