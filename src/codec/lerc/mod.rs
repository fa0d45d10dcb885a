//! LERC (Esri's Limited Error Raster Compression, Lerc2 2.4; Compression 34887 in TIFF): one blob per block, which Deflate or
//! Zstandard may compress once more.
//!
//! All versions are read. The encoder writes what GDAL does by default. Pixels without a value are NaN in floats and 0 in
//! integers; if the last of two or four bands is missing in the blob, it is the mask as alpha, as libtiff stores it. A pixel in
//! which some bands are NaN and others are not is refused on writing. Integers of 64 bits, floats of 16 bits and complex numbers
//! have no form in LERC.

use std::any::Any;
use std::sync::Arc;

use lerc_core::{DataType, MaskView, PixelData, RasterView, Sample};
use lerc_reader::{InspectOptions, decode_first, inspect_first_with_options};
use lerc_writer::{EncodeOptions, EncoderProfile, encode};

use super::bytewise::{ByteCoder, StoredRows};
use super::stream_size::check_stream_size;
use super::{
    BlockDecoder, BlockEncoder, BlockShape, Codec, CodecParams, PixelCoding, Predictor, Scratch, deflate, zstd,
};
use crate::error::{Error, Result};
use crate::image::SampleType;

/// The codec.
pub(crate) static CODEC: Codec =
    Codec { name: "lerc", lossless: false, predicts: false, params: |_| vec![Arc::new(Params::default())] };

/// The parameters of LERC.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Params {
    /// The compression of the blob.
    pub(crate) further: Further,
    /// The largest error of a sample; 0 is lossless.
    pub(crate) max_error: f64,
}

/// The compression of a blob, by the number in `LercParameters`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Further {
    /// None.
    #[default]
    None,
    /// Deflate.
    Deflate,
    /// Zstandard.
    Zstd,
}

/// Encodes and decodes the blocks of an image.
struct Lerc {
    params: Params,
    pixels: PixelCoding,
}

/// Bytes of a blob beside its samples and its mask.
const BLOB_BYTES: usize = 64 << 10;

impl Further {
    /// The compression with this number.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        [Self::None, Self::Deflate, Self::Zstd].get(usize::try_from(number).ok()?).copied()
    }
}

impl CodecParams for Params {
    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn encoder(&self, pixels: &PixelCoding) -> Result<Box<dyn BlockEncoder>> {
        data_type(pixels)?;
        Ok(Box::new(Lerc { params: *self, pixels: *pixels }))
    }

    fn decoder(&self, pixels: &PixelCoding) -> Box<dyn BlockDecoder> {
        Box::new(Lerc { params: *self, pixels: *pixels })
    }

    /// The error does not matter for decoding.
    fn decodes_like(&self, other: &dyn CodecParams) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.further == self.further)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The type of samples in a blob.
///
/// # Errors
/// [`Error::Unsupported`] for samples that LERC does not have.
pub(crate) fn data_type(pixels: &PixelCoding) -> Result<DataType> {
    let found = match pixels.sample {
        SampleType::Int8 => DataType::I8,
        SampleType::UInt8 => DataType::U8,
        SampleType::Int16 => DataType::I16,
        SampleType::UInt16 => DataType::U16,
        SampleType::Int32 => DataType::I32,
        SampleType::UInt32 => DataType::U32,
        SampleType::Float32 => DataType::F32,
        SampleType::Float64 => DataType::F64,
        _ => return Err(unsupported(pixels)),
    };
    if pixels.bits == pixels.sample.bits() { Ok(found) } else { Err(unsupported(pixels)) }
}

fn unsupported(pixels: &PixelCoding) -> Error {
    Error::unsupported("samples in LERC:")
        .found(format!("{} of {} bits", pixels.sample, pixels.bits))
        .allowed("integers of 8, 16 and 32 bits, floats of 32 and 64 bits")
}

impl BlockEncoder for Lerc {
    fn encode(&self, shape: BlockShape, raw: &mut [u8], out: &mut Vec<u8>, scratch: &mut Scratch) -> Result<()> {
        let blob = match data_type(&self.pixels)? {
            DataType::I8 => self.blob(shape, raw, |[a]: [u8; 1]| a as i8, |_| false),
            DataType::U8 => self.blob(shape, raw, |[a]: [u8; 1]| a, |_| false),
            DataType::I16 => self.blob(shape, raw, i16::from_ne_bytes, |_| false),
            DataType::U16 => self.blob(shape, raw, u16::from_ne_bytes, |_| false),
            DataType::I32 => self.blob(shape, raw, i32::from_ne_bytes, |_| false),
            DataType::U32 => self.blob(shape, raw, u32::from_ne_bytes, |_| false),
            DataType::F32 => self.blob(shape, raw, f32::from_ne_bytes, f32::is_nan),
            DataType::F64 => self.blob(shape, raw, f64::from_ne_bytes, f64::is_nan),
        }?;
        let rows = StoredRows { bytes: blob.len().max(1), sample: 1 };
        match self.params.further {
            Further::None => out.extend_from_slice(&blob),
            Further::Deflate => DEFLATE.compress(rows, &blob, out, scratch.state())?,
            Further::Zstd => ZSTD.compress(rows, &blob, out, scratch.state())?,
        }
        Ok(())
    }
}

/// Coders of blobs. The level is that of libtiff: trials, which the default makes, are for pixels.
const DEFLATE: deflate::Params = deflate::Params { predictor: Predictor::None, level: Some(6) };
const ZSTD: zstd::Params = zstd::Params { predictor: Predictor::None, level: None };

impl Lerc {
    /// The blob of a block. Pixels of NaN are masked.
    fn blob<T: Sample, const N: usize>(
        &self,
        shape: BlockShape,
        raw: &[u8],
        read: fn([u8; N]) -> T,
        is_nan: fn(T) -> bool,
    ) -> Result<Vec<u8>> {
        let samples = self.pixels.samples as usize;
        let mut values: Vec<T> = raw.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).collect();
        let mut mask = Vec::new();
        if values.iter().any(|value| is_nan(*value)) {
            for pixel in values.chunks_exact_mut(samples) {
                let missing = pixel.iter().filter(|value| is_nan(**value)).count();
                if missing != 0 && missing != samples {
                    return Err(Error::unsupported("pixel in LERC that is NaN in some bands:")
                        .found(format!("{missing} of {samples} bands"))
                        .allowed("bands that are stored apart (PlanarConfiguration Separate)"));
                }
                mask.push(u8::from(missing == 0));
                if missing != 0 {
                    pixel.fill(T::from_f64(0.0));
                }
            }
        }
        let failed = |error: lerc_core::Error| Error::unsupported("LERC block").found(error);
        let mask =
            if mask.is_empty() { None } else { Some(MaskView::new(shape.columns, shape.rows, &mask).map_err(failed)?) };
        let raster = RasterView::new(shape.columns, shape.rows, self.pixels.samples, &values).map_err(failed)?;
        let options = EncodeOptions::new().with_max_z_error(self.params.max_error).with_profile(EncoderProfile::Gdal);
        encode(raster, mask, options).map_err(failed)
    }
}

impl BlockDecoder for Lerc {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        let expected = data_type(&self.pixels)?;
        let largest = self.pixels.block_bytes(shape).saturating_mul(2).saturating_add(BLOB_BYTES);
        let mut blob = Vec::new();
        let data = match self.params.further {
            Further::None => data,
            Further::Deflate => {
                blob.resize(largest, 0);
                let length = DEFLATE.decompress_some(data, &mut blob, scratch.state());
                &blob[..length]
            }
            Further::Zstd => {
                blob.resize(largest, 0);
                let length = ZSTD.decompress_some(data, &mut blob, scratch.state());
                &blob[..length]
            }
        };
        let failed = |error: lerc_core::Error| Error::malformed("LERC blob").found(error);
        let info =
            inspect_first_with_options(data, InspectOptions::new().with_compute_value_range(false)).map_err(failed)?;
        let (samples, depth) = (self.pixels.samples, info.depth);
        check_stream_size("LERC image size", (info.width, info.height), shape, self.pixels.row_bytes(1))?;
        let has_alpha = depth + 1 == samples && matches!(samples, 2 | 4) && expected == DataType::U8;
        if info.data_type != expected || (depth != samples && !has_alpha) {
            return Err(Error::malformed("LERC pixels")
                .found(format!("{depth} samples of type {}", info.data_type.name()))
                .allowed(format!("{samples} samples of type {}", expected.name())));
        }
        let decoded = decode_first(data).map_err(failed)?;
        let place = Place { columns: info.width as usize, depth: depth as usize, mask: decoded.mask.as_deref() };
        match &decoded.pixels {
            PixelData::I8(values) => self.put(shape, values, &place, out, i8::to_ne_bytes, 0),
            PixelData::U8(values) => self.put(shape, values, &place, out, u8::to_ne_bytes, 0),
            PixelData::I16(values) => self.put(shape, values, &place, out, i16::to_ne_bytes, 0),
            PixelData::U16(values) => self.put(shape, values, &place, out, u16::to_ne_bytes, 0),
            PixelData::I32(values) => self.put(shape, values, &place, out, i32::to_ne_bytes, 0),
            PixelData::U32(values) => self.put(shape, values, &place, out, u32::to_ne_bytes, 0),
            PixelData::F32(values) => self.put(shape, values, &place, out, f32::to_ne_bytes, f32::NAN),
            PixelData::F64(values) => self.put(shape, values, &place, out, f64::to_ne_bytes, f64::NAN),
        }
        Ok(())
    }
}

/// The pixels of a decoded blob.
struct Place<'d> {
    columns: usize,
    depth: usize,
    /// Not zero for pixels with a value.
    mask: Option<&'d [u8]>,
}

impl Lerc {
    /// Writes samples to their places; pixels without a value become `missing`.
    fn put<T: Copy, const N: usize>(
        &self,
        shape: BlockShape,
        values: &[T],
        place: &Place<'_>,
        out: &mut [u8],
        bytes: fn(T) -> [u8; N],
        missing: T,
    ) {
        let (columns, samples) = (shape.columns as usize, self.pixels.samples as usize);
        let rows = values.chunks_exact(place.columns * place.depth);
        for (y, (out, values)) in out.chunks_exact_mut(columns * samples * N).zip(rows).enumerate() {
            if place.mask.is_none() && place.depth == samples {
                out.as_chunks_mut::<N>().0.iter_mut().zip(values).for_each(|(to, value)| *to = bytes(*value));
                continue;
            }
            for (x, (out, pixel)) in out.chunks_exact_mut(samples * N).zip(values.chunks_exact(place.depth)).enumerate()
            {
                let is_there =
                    place.mask.is_none_or(|mask| mask.get(y * place.columns + x).is_none_or(|there| *there != 0));
                let out = out.as_chunks_mut::<N>().0;
                for (to, value) in out.iter_mut().zip(pixel) {
                    *to = bytes(if is_there { *value } else { missing });
                }
                out[place.depth..].fill([if is_there { u8::MAX } else { 0 }; N]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
