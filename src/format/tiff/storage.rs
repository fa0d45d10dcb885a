//! The storage of a directory's pixels, checked: size, samples, blocks, compression (TIFF 6.0 §8, §14, §15, §21). What a codec
//! returns without a sample type is converted to samples that have one.

use super::compression::CodingFields;
use super::directory::Directory;
use super::field::FieldValue;
use super::{compression, tags, ycbcr};
use crate::codec::jpeg::ColorModel;
use crate::codec::{BlockDecoder, BlockShape, Coding, PixelCoding, Predictor, Scratch, fax, jxl, lerc, webp};
use crate::codestream::j2k;
use crate::error::Result;
use crate::image::{BlockGrid, ImageLayout, PadValue, SampleType};
use crate::io::ByteOrder;

/// The storage of an image. Every value of this type can be read, unless its codec is missing.
pub(super) struct Storage {
    /// Stored blocks: tiles, or strips as wide as the image.
    pub(super) grid: BlockGrid,
    /// True for tiles, which are stored whole at the edges; strips end with the image.
    pub(super) tiled: bool,
    /// Samples of a pixel.
    pub(super) bands: u32,
    /// True if each band has its own blocks (`PlanarConfiguration` 2).
    pub(super) planar: bool,
    /// Type of a sample in memory.
    pub(super) sample: SampleType,
    /// Bits of a stored sample.
    pub(super) bits: u32,
    /// The compression's code.
    pub(super) compression: u16,
    /// The coding of blocks; `None` if the code has no codec.
    pub(super) coding: Option<Coding>,
    /// The shape of a full block in the codec: rows of pixels, or of data units.
    pub(super) shape: BlockShape,
    /// The form of a pixel in a coded block.
    pub(super) pixels: PixelCoding,
    /// The conversion of a decoded block.
    pub(super) conversion: Conversion,
    /// True if the bits of every stored byte are reversed (`FillOrder` 2) and the codec does not handle it.
    pub(super) reversed_bits: bool,
}

/// The conversion of the samples that a codec returns.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Conversion {
    /// They are the image's samples.
    None,
    /// Luminance and chrominance in data units become red, green, blue.
    YCbCr(ycbcr::DataUnits),
    /// Pairs of 16-bit integers become complex numbers of 32-bit floats.
    ComplexInt,
}

/// A decoder of stored bytes with reversed bits.
struct Reversed(Box<dyn BlockDecoder>);

/// A decoder with a conversion of its samples.
struct Converted {
    decoder: Box<dyn BlockDecoder>,
    pixels: PixelCoding,
    /// Columns of pixels in a block.
    columns: usize,
    conversion: Conversion,
}

/// The buffer that [`Reversed`] keeps from block to block.
#[derive(Default)]
struct ReversedBytes(Vec<u8>);

/// The buffer that [`Converted`] keeps from block to block.
#[derive(Default)]
struct Unconverted(Vec<u8>);

/// Compression codes of the CCITT codecs.
const CCITT: std::ops::RangeInclusive<u16> = 2..=4;

/// `PhotometricInterpretation` values that change how blocks are decoded.
const RGB: u32 = 2;
const SEPARATED: u32 = 5;
const YCBCR: u32 = 6;

/// Codecs that return red, green, blue, whatever they store.
const RETURN_COLORS: [&str; 3] = [j2k::CODEC.name, webp::CODEC.name, jxl::CODEC.name];

/// Most bits of a block for which no size computed from it overflows. No file holds so large a block.
const LARGEST_BLOCK_BITS: u128 = 1 << 56;

/// Bytes of the blocks into which a larger uncompressed strip is divided. Any of its rows can be read alone, so the blocks
/// that are shown may differ from the stored ones.
const GROUPED_BYTES: u64 = 1 << 20;

impl Storage {
    /// Reads the fields of a directory.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Unsupported`] with the tag, its value and its offset.
    pub(super) fn read(directory: &Directory) -> Result<Self> {
        let (columns, rows) = (directory.size(tags::IMAGE_WIDTH)?, directory.size(tags::IMAGE_LENGTH)?);
        let (tiled, block_columns, block_rows) = block_size(directory, columns, rows)?;
        let grid = BlockGrid::new(columns, rows, block_columns, block_rows)?;
        let bands = match directory.u32_or(tags::SAMPLES_PER_PIXEL, 1)? {
            0 => return Err(directory.malformed(tags::SAMPLES_PER_PIXEL, 0)),
            bands => bands,
        };
        let planar = match directory.u32_or(tags::PLANAR_CONFIGURATION, 1)? {
            1 => false,
            2 => bands > 1,
            other => return Err(directory.malformed(tags::PLANAR_CONFIGURATION, other).allowed("1 or 2")),
        };
        let compression = directory.u32_or(tags::COMPRESSION, 1)?;
        let compression =
            u16::try_from(compression).map_err(|_| directory.malformed(tags::COMPRESSION, compression))?;
        let (sample, bits) = match compression {
            // Files have wrong values: the streams always hold bytes.
            compression::OLD_JPEG => (SampleType::UInt8, 8),
            _ => sample_type(directory)?,
        };
        let pixel = u128::from(bands) * u128::from(bits.max(sample.bits()));
        if u128::from(block_columns) * u128::from(block_rows) * pixel > LARGEST_BLOCK_BITS {
            let tag = if tiled { tags::TILE_LENGTH } else { tags::ROWS_PER_STRIP };
            return Err(directory.malformed(tag, block_rows).allowed("blocks that fit into memory"));
        }
        let mut pixels = PixelCoding::new(if planar { 1 } else { bands }, sample);
        pixels.bits = bits;
        // Integers of 24 bits are packed like those of 12 bits, whatever the file's byte order: readers agree on it.
        let packed = sample.is_integer() && bits < sample.bits();
        pixels.byte_order = if packed { ByteOrder::Big } else { directory.order };
        let mut storage = Self {
            grid,
            tiled,
            bands,
            planar,
            sample,
            bits,
            compression,
            coding: None,
            shape: BlockShape::new(block_columns, block_rows),
            pixels,
            conversion: Conversion::None,
            reversed_bits: false,
        };
        storage.read_coding(directory)?;
        Ok(storage)
    }

    /// The decoder of stored blocks, conversions included; `None` if the compression has no codec.
    pub(super) fn decoder(&self) -> Option<Box<dyn BlockDecoder>> {
        let mut decoder = self.coding.as_ref().map(Coding::decoder)?;
        if self.reversed_bits {
            decoder = reversed_bits(decoder);
        }
        Some(self.conversion.after(decoder, self.pixels, self.grid.block_columns() as usize))
    }

    /// True if rows can be read from the file without decoding anything before them.
    pub(super) fn is_direct(&self) -> bool {
        self.compression == compression::NONE
            && self.bits == self.sample.bits()
            && self.conversion == Conversion::None
            && !self.reversed_bits
    }

    /// Number of stored blocks of all bands.
    pub(super) fn stored_blocks(&self) -> u64 {
        self.grid.count().saturating_mul(u64::from(self.planes()))
    }

    /// Number of planes: the bands if they are stored apart, else one.
    pub(super) const fn planes(&self) -> u32 {
        if self.planar { self.bands } else { 1 }
    }

    /// Rows of a coded block in row `row` of the grid: rows of pixels, or of data units.
    pub(super) fn coded_rows(&self, row: u32) -> u32 {
        let full = self.grid.block_rows();
        let rows = if self.tiled { full } else { full.min(self.grid.rows() - row * full) };
        match &self.conversion {
            Conversion::YCbCr(units) => units.count(self.grid.block_columns(), rows).1,
            _ => rows,
        }
    }

    /// Rows of pixels in a block that has `shape` in the codec.
    pub(super) fn pixel_rows(&self, shape: BlockShape) -> u32 {
        match &self.conversion {
            Conversion::YCbCr(units) => units.rows(shape.rows),
            _ => shape.rows,
        }
    }

    /// Bytes in memory of a pixel of a stored block: one sample if bands are stored apart.
    pub(super) const fn pixel_bytes(&self) -> usize {
        let samples = if self.planar { 1 } else { self.bands };
        samples as usize * self.sample.bytes()
    }

    /// Bytes of a row of a stored block, of one band if bands are stored apart. Meant for direct storage.
    pub(super) const fn row_bytes(&self) -> u64 {
        self.grid.block_columns() as u64 * self.pixel_bytes() as u64
    }

    /// The layout to show. Large uncompressed strips are shown as smaller blocks: reading one takes little memory, and
    /// several can be read at a time.
    pub(super) fn layout(&self, nodata: Option<PadValue>) -> Result<ImageLayout> {
        let mut grid = self.grid;
        let row = self.row_bytes().saturating_mul(u64::from(self.planes()));
        let grouped = (GROUPED_BYTES / row).max(1);
        if self.is_direct() && !self.tiled && u64::from(grid.block_rows()) > grouped {
            grid = BlockGrid::new(grid.columns(), grid.rows(), grid.block_columns(), grouped as u32)?;
        }
        let mut layout = ImageLayout::new(grid, self.bands, self.sample)?;
        if self.bits < layout.bits_per_sample && self.conversion == Conversion::None {
            (layout.bits_per_sample, layout.actual_bits) = (self.bits, self.bits);
        }
        layout.pad = nodata.filter(|value| value.fits(self.sample)).unwrap_or(PadValue::ZERO);
        Ok(layout)
    }

    fn read_coding(&mut self, directory: &Directory) -> Result<()> {
        let coder = compression::by_code(self.compression.into()).and_then(|row| row.coder.as_ref());
        let predictor = match directory.u32_or(tags::PREDICTOR, 1)? {
            // The other codecs have no predictor (TIFF 6.0 §14): ignore the field.
            _ if coder.is_some_and(|coder| !coder.codec.predicts) => Predictor::None,
            1 => Predictor::None,
            2 => Predictor::Horizontal,
            3 if self.sample.is_float() => Predictor::FloatingPoint,
            3 => return Err(directory.malformed(tags::PREDICTOR, 3).allowed("1 or 2 for samples that are not floats")),
            other => return Err(directory.unsupported(tags::PREDICTOR, other).allowed("1, 2 or 3")),
        };
        let mut fields = CodingFields { predictor, ..CodingFields::default() };
        let photometric = directory.u32_or(tags::PHOTOMETRIC_INTERPRETATION, 0)?;
        let fill_order = directory.u32_or(tags::FILL_ORDER, 1)?;
        let reversed = match fill_order {
            1 => false,
            2 => true,
            other => return Err(directory.malformed(tags::FILL_ORDER, other).allowed("1 or 2")),
        };
        if CCITT.contains(&self.compression) {
            if self.bits != 1 || self.pixels.samples != 1 {
                return Err(directory.malformed(tags::BITS_PER_SAMPLE, self.bits).allowed("1 for CCITT compression"));
            }
            fields.fax = fax::Params {
                group: self.compression as u8,
                t4_options: directory.u32_or(tags::T4_OPTIONS, 0)?,
                reversed_bits: reversed,
            };
        } else {
            self.reversed_bits = reversed && !matches!(self.compression, compression::JPEG | compression::OLD_JPEG);
        }
        match photometric {
            YCBCR if coder.is_some_and(|coder| RETURN_COLORS.contains(&coder.codec.name)) => {}
            YCBCR => self.read_ycbcr(directory, &mut fields)?,
            RGB => fields.color = ColorModel::Rgb,
            SEPARATED => fields.color = ColorModel::Cmyk,
            _ => {}
        }
        if self.compression == compression::LERC {
            fields.lerc.further = further_compression(directory)?;
        }
        fields.j2k.is_ycbcr = self.compression == compression::APERIO_YCBCR;
        if self.compression == compression::JPEG
            && let Some(FieldValue::Bytes(tables)) = directory.get(tags::JPEG_TABLES)?
        {
            fields.tables = Some(tables.as_slice().into());
        }
        self.convert(directory)?;
        self.coding = coder.map(|coder| Coding { pixels: self.pixels, params: (coder.params)(&fields) });
        Ok(())
    }

    fn read_ycbcr(&mut self, directory: &Directory, fields: &mut CodingFields) -> Result<()> {
        let (horizontal, vertical) = ycbcr::subsampling(directory)?;
        if self.planar || self.bands != 3 || self.bits != 8 {
            let found = format!("6 (YCbCr) with {} samples of {} bits", self.bands, self.bits);
            return Err(directory
                .unsupported(tags::PHOTOMETRIC_INTERPRETATION, found)
                .allowed("3 samples of 8 bits, stored together"));
        }
        if self.compression == compression::OLD_JPEG {
            // Files have the range of video, which their reference values state.
            self.conversion = Conversion::YCbCr(ycbcr::DataUnits::read(directory, 1, 1)?);
            return Ok(());
        }
        if self.compression == compression::JPEG {
            fields.color = ColorModel::YCbCr { horizontal, vertical };
            return Ok(());
        }
        let units = ycbcr::DataUnits::read(directory, horizontal, vertical)?;
        if (horizontal, vertical) != (1, 1) {
            if fields.predictor != Predictor::None {
                return Err(directory.unsupported(tags::PREDICTOR, 2).allowed("1 with subsampled chrominance"));
            }
            let (unit_columns, unit_rows) = units.count(self.shape.columns, self.shape.rows);
            let columns = unit_columns.checked_mul(units.bytes());
            let too_wide = || directory.malformed(tags::IMAGE_WIDTH, self.shape.columns);
            self.shape = BlockShape::new(columns.ok_or_else(too_wide)?, unit_rows);
            self.pixels.samples = 1;
        }
        self.conversion = Conversion::YCbCr(units);
        Ok(())
    }

    /// Sets the conversion if the codec returns other samples than the image shows.
    fn convert(&mut self, directory: &Directory) -> Result<()> {
        if self.sample == SampleType::Complex64 && self.bits == 32 {
            let samples = self.pixels.samples.checked_mul(2);
            self.pixels.samples = samples.ok_or_else(|| directory.malformed(tags::SAMPLES_PER_PIXEL, self.bands))?;
            (self.pixels.sample, self.pixels.bits) = (SampleType::Int16, 16);
            self.conversion = Conversion::ComplexInt;
        }
        Ok(())
    }
}

impl Conversion {
    /// A decoder that also converts. Blocks are `columns` pixels wide, and `decoder` writes `pixels`.
    fn after(&self, decoder: Box<dyn BlockDecoder>, pixels: PixelCoding, columns: usize) -> Box<dyn BlockDecoder> {
        if *self == Self::None {
            return decoder;
        }
        Box::new(Converted { decoder, pixels, columns, conversion: self.clone() })
    }

    /// Converts a block whose rows have `columns` pixels; `out` has the size of the result, all in native byte order.
    fn apply(&self, decoded: &[u8], columns: usize, out: &mut [u8]) {
        match self {
            Self::None => out.copy_from_slice(decoded),
            Self::YCbCr(units) => units.to_rgb(decoded, columns, out),
            Self::ComplexInt => {
                for (from, to) in decoded.as_chunks::<2>().0.iter().zip(out.as_chunks_mut::<4>().0) {
                    *to = f32::from(i16::from_ne_bytes(*from)).to_ne_bytes();
                }
            }
        }
    }
}

impl BlockDecoder for Reversed {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        let ReversedBytes(mut reversed) = std::mem::take(scratch.state());
        reversed.clear();
        reversed.extend(data.iter().map(|byte| byte.reverse_bits()));
        let decoded = self.0.decode(shape, &reversed, out, scratch);
        *scratch.state() = ReversedBytes(reversed);
        decoded
    }
}

impl BlockDecoder for Converted {
    fn decode(&self, shape: BlockShape, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        let Unconverted(mut samples) = std::mem::take(scratch.state());
        samples.resize(self.pixels.block_bytes(shape), 0);
        self.decoder.decode(shape, data, &mut samples, scratch)?;
        self.conversion.apply(&samples, self.columns, out);
        *scratch.state() = Unconverted(samples);
        Ok(())
    }
}

/// A decoder of blocks whose stored bytes have their bits in reverse order.
fn reversed_bits(decoder: Box<dyn BlockDecoder>) -> Box<dyn BlockDecoder> {
    Box::new(Reversed(decoder))
}

/// The compression of the blobs of LERC, by the second number of `LercParameters`.
fn further_compression(directory: &Directory) -> Result<lerc::Further> {
    let number = match directory.get(tags::LERC_PARAMETERS)? {
        Some(FieldValue::Unsigned(numbers)) => numbers.get(1).copied().unwrap_or(0),
        _ => 0,
    };
    let found = lerc::Further::from_number(number);
    found.ok_or_else(|| {
        directory.unsupported(tags::LERC_PARAMETERS, number).allowed("0 (none), 1 (Deflate) or 2 (ZSTD)")
    })
}

/// True for tiles, and the columns and rows of a block.
fn block_size(directory: &Directory, columns: u32, rows: u32) -> Result<(bool, u32, u32)> {
    if directory.get(tags::TILE_WIDTH)?.is_some() || directory.get(tags::TILE_LENGTH)?.is_some() {
        return Ok((true, directory.size(tags::TILE_WIDTH)?, directory.size(tags::TILE_LENGTH)?));
    }
    let block_rows = match directory.unsigned(tags::ROWS_PER_STRIP)? {
        None => rows,
        Some(0) => return Err(directory.malformed(tags::ROWS_PER_STRIP, 0)),
        Some(count) => count.min(u64::from(rows)) as u32,
    };
    Ok((false, columns, block_rows))
}

/// Type of a sample in memory, and bits of a stored sample.
///
/// # Errors
/// [`Error::Malformed`](crate::Error::Malformed) or [`Error::Unsupported`](crate::Error::Unsupported) for other samples.
pub(super) fn sample_type(directory: &Directory) -> Result<(SampleType, u32)> {
    use SampleType as S;
    let bits = directory.of_every_sample(tags::BITS_PER_SAMPLE, 1)?;
    let format = directory.of_every_sample(tags::SAMPLE_FORMAT, 1)?;
    let sample = match (format, bits) {
        (1 | 4, 1..=8) => S::UInt8,
        (1 | 4, 9..=16) => S::UInt16,
        (1 | 4, 17..=32) => S::UInt32,
        (1 | 4, 64) => S::UInt64,
        (2, 1..=8) => S::Int8,
        (2, 9..=16) => S::Int16,
        (2, 17..=32) => S::Int32,
        (2, 64) => S::Int64,
        (3, 16) => S::Float16,
        (3, 24 | 32) => S::Float32,
        (3, 64) => S::Float64,
        (5, 32) | (6, 64) => S::Complex64,
        (6, 128) => S::Complex128,
        (1..=6, 1..) => {
            return Err(directory
                .unsupported(tags::BITS_PER_SAMPLE, bits)
                .allowed(format!("a size that is implemented for SampleFormat {format}")));
        }
        (1..=6, _) => return Err(directory.malformed(tags::BITS_PER_SAMPLE, bits)),
        _ => return Err(directory.malformed(tags::SAMPLE_FORMAT, format).allowed("1 to 6")),
    };
    Ok((sample, bits as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complex_integers_become_floats() {
        let decoded: Vec<u8> = [-3i16, 7].iter().flat_map(|value| value.to_ne_bytes()).collect();
        let mut out = [0; 8];
        Conversion::ComplexInt.apply(&decoded, 1, &mut out);
        assert_eq!(out[..4], (-3f32).to_ne_bytes());
        assert_eq!(out[4..], 7f32.to_ne_bytes());
    }
}
