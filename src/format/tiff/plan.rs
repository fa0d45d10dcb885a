//! The validated request: the cutting, compression and description of an image. It checks every option before the first byte.
//!
//! Defaults: tiles of 256 × 256, Deflate, predictor 2 for integers and 3 for floats, samples interleaved by pixel. An
//! uncompressed image that is smaller than a tile gets a tile just large enough, as padding would be stored in full; compressed
//! padding costs next to nothing. `RowsPerStrip` without a tile size selects strips.

use super::blocks::{BlockStorage, TiffEncoder};
use super::colors::{self, Colors, Samples};
use super::compression::{self, CodingFields, Compression};
use super::field::{Field, FieldType, FieldValue};
use super::layout::BYTE_ORDER;
use super::options::{Given, Options};
use super::tags::{self, Treatment};
use super::{gdal, geo, values};
use crate::codec::{Coding, PixelCoding, Predictor};
use crate::error::{Error, Result};
use crate::format::{ImageRequest, Warning};
use crate::image::{BlockGrid, ImageLayout, Padding, SampleType};

/// The plan of writing an image.
pub(super) struct WritePlan {
    /// The blocks of the image.
    pub(super) storage: BlockStorage,
    /// The coding of a block of one plane.
    pub(super) coding: Coding,
    /// Makes the stored bytes of blocks.
    pub(super) encoder: TiffEncoder,
    /// Every field except block offsets and lengths, in ascending order of tags.
    pub(super) fields: Vec<Field>,
}

/// Sides of tiles are multiples of this (TIFF 6.0 §15).
const TILE_UNIT: u32 = 16;
/// Default side of a tile.
const TILE_SIDE: u32 = 256;
/// Bytes of a strip if the writer chooses its rows.
const STRIP_BYTES: usize = 256 << 10;
/// Bytes of the largest block: readers keep its size in 32 bits, often signed.
const LARGEST_BLOCK: u64 = i32::MAX as u64;
/// The largest side of a JPEG image.
const LARGEST_JPEG_SIDE: u32 = 65_535;
/// Rows of a subsampled JPEG MCU; every strip but the last must hold whole MCUs (Technical Note 2).
const JPEG_ROWS: u32 = 16;

/// Bits of `NewSubfileType`.
pub(super) const REDUCED: u64 = 1;
const PAGE: u64 = 2;
pub(super) const MASK: u64 = 4;

impl WritePlan {
    /// Checks a request and fills in its defaults.
    ///
    /// # Errors
    /// [`Error::Usage`] for options that are illegal or do not suit the image, [`Error::Unsupported`] for a compression that
    /// cannot be written.
    pub(super) fn new(request: &ImageRequest<'_>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let layout = request.provider.layout();
        let options = Options::new(request.metadata, warnings)?;
        let compression = compression_of(&options, warnings)?;
        let compression = suited(compression, layout, &options, warnings)?;
        let separate = planar(&options)? && layout.bands > 1;
        let predictor = predictor(compression, layout.sample, &options, warnings)?;
        let (grid, tiled) = grid(layout, compression, separate, &options, warnings)?;
        let subfile = subfile_type(request, &options)?;
        let image = Samples {
            bands: layout.bands,
            sample: layout.sample,
            separate,
            jpeg: compression.code == compression::JPEG,
            mask: subfile & MASK != 0,
        };
        let colors = colors::colors(&options, image, warnings)?;
        let samples = if separate { 1 } else { layout.bands };
        let coder = compression.coder.as_ref().ok_or_else(|| unsupported(compression))?;
        let fields = CodingFields {
            predictor,
            level: level(compression, &options, warnings)?,
            quality: quality(compression, &options, warnings)?,
            color: colors.model,
            ..CodingFields::default()
        };
        let pixels = PixelCoding { byte_order: BYTE_ORDER, ..PixelCoding::new(samples, layout.sample) };
        let coding = Coding { pixels, params: (coder.params)(&fields) };
        let uncompressed = compression.code == compression::NONE;
        let padding = match (tiled, uncompressed) {
            (false, _) => Padding::Crop,
            (true, true) => Padding::Value(vec![0; layout.sample.bytes()]),
            (true, false) => Padding::Replicate(layout.pad_bytes()),
        };
        let storage = BlockStorage { grid, tiled, planes: if separate { layout.bands } else { 1 }, pixels };
        let encoder = TiffEncoder::new(storage, &coding, padding, uncompressed)?;
        let mut plan = Self { storage, coding, encoder, fields: Vec::new() };
        plan.fields = plan.describe(request, &options, (compression, predictor), colors, subfile, warnings)?;
        Ok(plan)
    }

    /// The fields of the directory.
    fn describe(
        &self,
        request: &ImageRequest<'_>,
        options: &Options<'_>,
        (compression, predictor): (&Compression, Predictor),
        colors: Colors,
        subfile: u64,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Field>> {
        let layout = request.provider.layout();
        let mut fields = self.structure(layout, (compression, predictor), subfile)?;
        fields.extend(colors.fields);
        if let Some(given) = options.get(tags::GDAL_NODATA) {
            let text = gdal::nodata_text(given.key, given.value, layout.sample)?;
            fields.push(text_field(tags::GDAL_NODATA, &text));
        }
        let mut place = geo::Given { names: options.geo.clone(), copied: options.is_copy(), ..geo::Given::default() };
        for (tag, given) in &options.tags {
            match tags::by_number(*tag).map_or(Treatment::Plain, |row| row.treatment) {
                Treatment::Setting | Treatment::Computed => {}
                Treatment::Pointer => {
                    let message = "is an offset into another file and is ignored";
                    warnings.push(Warning::new(given.key, message));
                }
                Treatment::Geo => place.tags.extend(values::field(*tag, given.key, given.value, None)?),
                Treatment::Plain => {
                    let stored = options.types.get(tag).copied();
                    match values::field(*tag, given.key, given.value, stored)? {
                        Some(field) => fields.push(field),
                        None => warnings.push(Warning::new(given.key, "is empty and is ignored")),
                    }
                }
            }
        }
        // Only the full image states the georeference, not its reduced images (OGC 21-026).
        if subfile & REDUCED == 0 {
            fields.extend(geo::fields(place, warnings)?);
        }
        for (tag, text) in [(tags::DOCUMENT_NAME, request.title), (tags::IMAGE_DESCRIPTION, request.description)] {
            if !text.is_empty() && options.get(tag).is_none() {
                fields.push(text_field(tag, text));
            }
        }
        fields.sort_by_key(|field| field.tag);
        Ok(fields)
    }

    /// The fields that describe the image's storage.
    fn structure(
        &self,
        layout: &ImageLayout,
        (compression, predictor): (&Compression, Predictor),
        subfile: u64,
    ) -> Result<Vec<Field>> {
        let too_many =
            |_| Error::usage("bands of a TIFF image:").found(layout.bands).allowed(format!("at most {}", u16::MAX));
        let bands = usize::from(u16::try_from(layout.bands).map_err(too_many)?);
        let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
        let mut fields = Vec::new();
        let mut number = |tag, kind, values: Vec<u64>| {
            fields.push(Field { tag, kind, value: FieldValue::Unsigned(values) });
        };
        let size = |value: u32| if u16::try_from(value).is_ok() { FieldType::Short } else { FieldType::Long };
        number(tags::NEW_SUBFILE_TYPE, FieldType::Long, vec![subfile]);
        number(tags::IMAGE_WIDTH, size(columns), vec![columns.into()]);
        number(tags::IMAGE_LENGTH, size(rows), vec![rows.into()]);
        number(tags::BITS_PER_SAMPLE, FieldType::Short, vec![layout.sample.bits().into(); bands]);
        number(tags::COMPRESSION, FieldType::Short, vec![compression.code.into()]);
        number(tags::SAMPLES_PER_PIXEL, FieldType::Short, vec![bands as u64]);
        number(tags::PLANAR_CONFIGURATION, FieldType::Short, vec![if self.storage.planes > 1 { 2 } else { 1 }]);
        number(tags::SAMPLE_FORMAT, FieldType::Short, vec![sample_format(layout.sample); bands]);
        let (block_columns, block_rows) = (self.storage.grid.block_columns(), self.storage.grid.block_rows());
        if self.storage.tiled {
            number(tags::TILE_WIDTH, size(block_columns), vec![block_columns.into()]);
            number(tags::TILE_LENGTH, size(block_rows), vec![block_rows.into()]);
        } else {
            number(tags::ROWS_PER_STRIP, size(block_rows), vec![block_rows.into()]);
        }
        if predictor != Predictor::None {
            let code = if predictor == Predictor::Horizontal { 2 } else { 3 };
            number(tags::PREDICTOR, FieldType::Short, vec![code]);
        }
        Ok(fields)
    }
}

/// The requested compression.
fn compression_of(options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<&'static Compression> {
    let default = || compression::by_code(compression::DEFLATE.into()).expect("the table has the default");
    let Some(given) = options.get(tags::COMPRESSION) else { return Ok(default()) };
    let word = || given.value.as_text().and_then(compression::by_word);
    let found = match values::number(tags::COMPRESSION, given.key, given.value) {
        Ok(code) => compression::by_code(code),
        Err(_) => word(),
    };
    let Some(found) = found else { return Err(values::wrong(tags::COMPRESSION, given.key, given.value)) };
    if found.may_write {
        return Ok(found);
    }
    // An obsolete code is replaced by the current code of the same stream.
    match compression::by_word(found.word) {
        Some(same) if same.may_write => Ok(same),
        _ if found.coder.is_some() => options.refuse(given.key, unsupported(found), warnings).map(|()| default()),
        _ => Err(unsupported(found)),
    }
}

fn unsupported(compression: &Compression) -> Error {
    Error::unsupported("compression for writing TIFF:").found(compression.name).allowed(compression::writable_words())
}

/// The compression if the samples can have it, else the default.
fn suited(
    compression: &'static Compression,
    layout: &ImageLayout,
    options: &Options<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<&'static Compression> {
    let separate = planar(options)?;
    let fits = layout.sample == SampleType::UInt8 && (separate || layout.bands <= 4);
    if compression.code != compression::JPEG || fits {
        return Ok(compression);
    }
    let found = format!("{} bands of {}", layout.bands, layout.sample);
    let error = Error::usage("bands for JPEG compression:")
        .found(found)
        .allowed("1 to 4 bands of uint8, or any number if stored apart");
    options.refuse("259", error, warnings)?;
    Ok(compression::by_code(compression::DEFLATE.into()).expect("the table has the default"))
}

fn planar(options: &Options<'_>) -> Result<bool> {
    match options.number(tags::PLANAR_CONFIGURATION)? {
        None | Some(1) => Ok(false),
        Some(2) => Ok(true),
        Some(other) => {
            let field = tags::describe(tags::PLANAR_CONFIGURATION);
            Err(Error::usage("metadata value of").field(field).found(other).allowed("Chunky or Planar"))
        }
    }
}

fn predictor(
    compression: &Compression,
    sample: SampleType,
    options: &Options<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Predictor> {
    let predicts = compression.coder.as_ref().is_some_and(|coder| coder.codec.predicts);
    let default = match sample {
        _ if !predicts || sample.is_complex() => Predictor::None,
        sample if sample.is_float() => Predictor::FloatingPoint,
        _ => Predictor::Horizontal,
    };
    let Some(given) = options.get(tags::PREDICTOR) else { return Ok(default) };
    let predictor = match values::number(tags::PREDICTOR, given.key, given.value)? {
        1 => Predictor::None,
        2 => Predictor::Horizontal,
        3 => Predictor::FloatingPoint,
        _ => return Err(values::wrong(tags::PREDICTOR, given.key, given.value)),
    };
    let suits = match predictor {
        Predictor::None => return Ok(Predictor::None),
        Predictor::Horizontal => sample.is_integer(),
        Predictor::FloatingPoint => sample.is_float(),
    };
    if !suits {
        let allowed = match default {
            Predictor::FloatingPoint => "None or FloatingPoint",
            Predictor::Horizontal => "None or Horizontal",
            Predictor::None => "None",
        };
        let error = Error::usage("predictor for").field(format!("{sample} samples"));
        let error = error.found(format!("{predictor:?}")).allowed(allowed);
        return options.refuse(given.key, error, warnings).map(|()| default);
    }
    if !predicts {
        let message = format!("is ignored: compression {} has no predictor", compression.name);
        warnings.push(Warning::new(given.key, message));
        return Ok(Predictor::None);
    }
    Ok(predictor)
}

/// The blocks of the file, and whether they are tiles.
fn grid(
    layout: &ImageLayout,
    compression: &Compression,
    separate: bool,
    options: &Options<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<(BlockGrid, bool)> {
    let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
    let side = |tag| options.get(tag).map(|given| tile_side(tag, given)).transpose();
    let (width, length) = (side(tags::TILE_WIDTH)?, side(tags::TILE_LENGTH)?);
    let strips = options.get(tags::ROWS_PER_STRIP);
    let tiled = strips.is_none() || width.is_some() || length.is_some();
    let jpeg = compression.code == compression::JPEG;
    let samples = if separate { 1 } else { layout.bands as usize };
    let row_bytes = columns as usize * samples * layout.sample.bytes();
    let (block_columns, block_rows) = if tiled {
        if let Some(given) = strips {
            warnings.push(Warning::new(given.key, "is ignored: a tile size is given as well"));
        }
        let default = |image: u32| match compression.code {
            compression::NONE => TILE_SIDE.min(image.next_multiple_of(TILE_UNIT)),
            _ => TILE_SIDE,
        };
        (width.unwrap_or_else(|| default(columns)), length.unwrap_or_else(|| default(rows)))
    } else {
        let asked = options.number(tags::ROWS_PER_STRIP)?.unwrap_or(0);
        let mut asked = u32::try_from(asked).unwrap_or(u32::MAX);
        if let (Err(error), Some(given)) = (check_block_bytes(layout, columns, asked.min(rows), false), strips) {
            options.refuse(given.key, error, warnings)?;
            asked = 0;
        }
        let chosen = if asked > 0 { asked } else { (STRIP_BYTES / row_bytes.max(1)).max(1) as u32 };
        let chosen = if jpeg && asked == 0 { chosen.next_multiple_of(JPEG_ROWS) } else { chosen };
        (columns, chosen.min(rows))
    };
    let grid = BlockGrid::new(columns, rows, block_columns, block_rows)?;
    if jpeg {
        check_jpeg_blocks(&grid, tiled)?;
    }
    check_block_bytes(layout, block_columns, block_rows, tiled)?;
    Ok((grid, tiled))
}

fn check_block_bytes(layout: &ImageLayout, columns: u32, rows: u32, tiled: bool) -> Result<()> {
    let pixels = u64::from(columns) * u64::from(rows);
    let bytes = pixels.saturating_mul(layout.pixel_bytes() as u64);
    if bytes <= LARGEST_BLOCK {
        return Ok(());
    }
    let name = if tiled { "TileWidth × TileLength" } else { "RowsPerStrip" };
    let error = Error::usage("bytes of a block by").field(name).found(bytes);
    Err(error.allowed(format!("at most {LARGEST_BLOCK}")))
}

fn tile_side(tag: u16, given: Given<'_>) -> Result<u32> {
    let side = values::number(tag, given.key, given.value)?;
    let legal = u32::try_from(side).ok().filter(|side| *side > 0 && side % TILE_UNIT == 0);
    legal.ok_or_else(|| {
        let field = tags::describe(tag);
        Error::usage("metadata value of").field(field).found(given.value).allowed("a multiple of 16")
    })
}

fn check_jpeg_blocks(grid: &BlockGrid, tiled: bool) -> Result<()> {
    let largest = grid.block_columns().max(grid.block_rows());
    if largest > LARGEST_JPEG_SIDE {
        let error = Error::usage("side of a JPEG block:").found(largest);
        return Err(error.allowed(format!("at most {LARGEST_JPEG_SIDE}; use tiles, or another compression")));
    }
    if !tiled && grid.down() > 1 && !grid.block_rows().is_multiple_of(JPEG_ROWS) {
        let error = Error::usage("rows of a JPEG strip by").field(tags::describe(tags::ROWS_PER_STRIP));
        return Err(error.found(grid.block_rows()).allowed("a multiple of 16"));
    }
    Ok(())
}

/// Compression effort, checked against the scale of the codec.
fn level(compression: &Compression, options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<Option<i32>> {
    let Some(given) = options.level else { return Ok(None) };
    let Some(range) = compression.coder.as_ref().and_then(|coder| coder.levels.as_ref()) else {
        let message = format!("is ignored: compression {} has no levels", compression.name);
        warnings.push(Warning::new(given.key, message));
        return Ok(None);
    };
    let level = given.value.to_int().and_then(|level| i32::try_from(level).ok()).filter(|level| range.contains(level));
    let allowed = format!("an integer from {} to {} for {}", range.start(), range.end(), compression.name);
    level
        .map(Some)
        .ok_or_else(|| Error::usage("metadata value of").field(given.key).found(given.value).allowed(allowed))
}

fn quality(compression: &Compression, options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<Option<u8>> {
    let Some(given) = options.quality else { return Ok(None) };
    if compression.code != compression::JPEG {
        let message = format!("is ignored: compression {} is lossless", compression.name);
        warnings.push(Warning::new(given.key, message));
        return Ok(None);
    }
    let quality = given.value.to_int().and_then(|quality| u8::try_from(quality).ok());
    let quality = quality.filter(|quality| (1..=100).contains(quality));
    quality.map(Some).ok_or_else(|| {
        Error::usage("metadata value of").field(given.key).found(given.value).allowed("an integer from 1 to 100")
    })
}

/// `NewSubfileType`: from the roles, else the key, else the metadata. The page bit comes from the metadata alone.
fn subfile_type(request: &ImageRequest<'_>, options: &Options<'_>) -> Result<u64> {
    let given = options.number(tags::NEW_SUBFILE_TYPE)?.unwrap_or(0);
    let has = |role: &str| request.roles.iter().any(|known| known == role);
    let bits = |reduced: bool, mask: bool| u64::from(reduced) * REDUCED + u64::from(mask) * MASK;
    let known = ["data", "overview", "mask"].into_iter().any(has);
    let (reduced, mask) = (request.key.contains(":overview:"), request.key.contains(":mask"));
    Ok(if known {
        bits(has("overview"), has("mask")) | (given & PAGE)
    } else if reduced || mask {
        bits(reduced, mask) | (given & PAGE)
    } else {
        given & (REDUCED | PAGE | MASK)
    })
}

fn sample_format(sample: SampleType) -> u64 {
    match sample {
        sample if sample.is_complex() => 6,
        sample if sample.is_float() => 3,
        sample if sample.is_signed_integer() => 2,
        _ => 1,
    }
}

fn text_field(tag: u16, text: &str) -> Field {
    Field { tag, kind: FieldType::Ascii, value: FieldValue::Text(text.as_bytes().to_vec()) }
}

#[cfg(test)]
mod tests;
