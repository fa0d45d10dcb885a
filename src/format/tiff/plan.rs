//! The validated request: the cutting, compression and description of an image. It checks every option before the first byte.
//!
//! Defaults: tiles of 256 × 256 (512 × 512 in a COG), Deflate, predictor 2 for integers and 3 for floats, samples interleaved by pixel. An
//! uncompressed image that is smaller than a tile gets a tile just large enough, as padding would be stored in full; compressed
//! padding costs next to nothing. So does an image of very many bands, whose tiles shrink further if need be. `RowsPerStrip`
//! without a tile size selects strips.

use super::blocks::{BlockStorage, TiffEncoder};
use super::colors::{self, Samples};
use super::compression::{self, CodingFields, Compression};
use super::content::MASK;
use super::field::{Field, FieldType, FieldValue};
use super::layout::BYTE_ORDER;
use super::lerc_settings::LercSettings;
use super::options::{self, Options};
use super::{computed, content, stored_jpeg, tags, values};
use crate::codec::{Coding, PixelCoding, Predictor, lerc, webp};
use crate::error::{Error, Result};
use crate::format::{Blocks, FileForm, ImageRequest, Warning, WarningKind};
use crate::image::{BlockGrid, ImageLayout, Interleave, Padding, SampleType, default_block};

/// The plan of writing an image.
pub(super) struct WritePlan {
    /// The blocks of the image.
    pub(super) storage: BlockStorage,
    /// How the file stores blocks.
    pub(super) form: FileForm,
    /// True if stored blocks of this form can be appended: the metadata choose no effort and no quality.
    pub(super) takes_stored: bool,
    /// Makes the stored bytes of blocks.
    pub(super) encoder: TiffEncoder,
    /// Every field except block offsets and lengths, in ascending order of tags.
    pub(super) fields: Vec<Field>,
    /// True if the file is to be a COG.
    pub(super) is_cog: bool,
    /// True if the statistics of the bands are to be stored.
    pub(super) statistics: bool,
}

/// Sides of tiles are multiples of this (TIFF 6.0 §15).
const TILE_UNIT: u32 = 16;
/// Default side of a tile, and of a tile of a COG, which a request over a network fetches.
const TILE_SIDE: u32 = 256;
const COG_TILE_SIDE: u32 = 512;
/// Bytes of a strip if the writer chooses its rows.
const STRIP_BYTES: usize = 256 << 10;
/// Bytes of the largest block: readers keep its size in 32 bits, often signed.
const LARGEST_BLOCK: u64 = i32::MAX as u64;
/// The largest side of a JPEG image.
const LARGEST_JPEG_SIDE: u32 = 65_535;
/// Rows of a subsampled JPEG MCU; every strip but the last must hold whole MCUs (Technical Note 2).
const JPEG_ROWS: u32 = 16;

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
        let separate = planar(&options, warnings)?;
        let compression = suited(compression, layout, separate, &options, warnings)?;
        let separate = separate && layout.bands > 1;
        let subfile = content::subfile_type(request, &options)?;
        let bits = stored_bits(layout, compression, subfile, &options);
        let predictor = predictor(compression, (layout.sample, bits), &options, warnings)?;
        let (grid, tiled) = grid(layout, compression, separate, &options, warnings)?;
        let interleave = if separate || layout.bands == 1 { Interleave::Band } else { Interleave::Pixel };
        let jpeg = if compression.code == compression::JPEG { stored_jpeg::of(request, &options) } else { None };
        let stored = jpeg.filter(|stored| stored.fits(grid, interleave, !tiled));
        if stored.is_none() {
            warnings.extend(stored_jpeg::second_loss(compression, subfile, &options));
        }
        let image = Samples {
            bands: layout.bands,
            sample: layout.sample,
            separate,
            jpeg: compression.code == compression::JPEG,
            mask: subfile & MASK != 0,
            stored: stored.map(|stored| stored.params.color),
        };
        let colors = colors::colors(&options, image, warnings)?;
        let samples = if separate { 1 } else { layout.bands };
        let coder = compression.coder.as_ref().ok_or_else(|| unsupported(compression))?;
        let lerc = LercSettings::read(compression, &options, warnings)?;
        let fields = CodingFields {
            predictor,
            level: level(compression, &options, warnings)?,
            quality: quality(compression, &options, warnings)?,
            color: colors.model,
            lerc: lerc.params,
            tables: stored.and_then(|stored| stored.params.tables.clone()),
            ..CodingFields::default()
        };
        let pixels = PixelCoding { byte_order: BYTE_ORDER, bits, ..PixelCoding::new(samples, layout.sample) };
        // The order of bytes does not matter for JPEG, but two codings of another order are not equal.
        let pixels = stored.map_or(pixels, |stored| stored.coding.pixels);
        let coding = Coding { pixels, params: (coder.params)(&fields) };
        let uncompressed = compression.code == compression::NONE;
        let padding = padding(layout, bits, tiled, uncompressed);
        let storage = BlockStorage { grid, tiled, planes: if separate { layout.bands } else { 1 }, pixels };
        let encoder = TiffEncoder::new(storage, &coding, padding, uncompressed)?;
        let form = FileForm { interleave, is_cropped: !tiled, coding };
        let takes_stored = options.level.is_none() && options.quality.is_none();
        let (is_cog, statistics) = (options.is_cog, statistics(request, &options, warnings));
        let mut plan = Self { storage, form, takes_stored, encoder, fields: Vec::new(), is_cog, statistics };
        let format = colors::sample_format(&options, layout.sample);
        plan.fields = plan.structure(layout, (compression, predictor), (subfile, format))?;
        plan.fields.extend(lerc.field());
        plan.fields.extend(content::fields(request, &options, (subfile, colors.photometric), warnings)?);
        plan.fields.extend(colors.fields);
        plan.fields.extend(stored.and_then(|stored| stored.tables_field()));
        computed::check(&options, &plan.fields, warnings)?;
        plan.fields.sort_by_key(|field| field.tag);
        Ok(plan)
    }

    /// The fields that describe the image's storage.
    fn structure(
        &self,
        layout: &ImageLayout,
        (compression, predictor): (&Compression, Predictor),
        (subfile, format): (u64, u64),
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
        number(tags::BITS_PER_SAMPLE, FieldType::Short, vec![self.storage.pixels.bits.into(); bands]);
        number(tags::COMPRESSION, FieldType::Short, vec![compression.code.into()]);
        number(tags::SAMPLES_PER_PIXEL, FieldType::Short, vec![bands as u64]);
        number(tags::PLANAR_CONFIGURATION, FieldType::Short, vec![if self.storage.planes > 1 { 2 } else { 1 }]);
        number(tags::SAMPLE_FORMAT, FieldType::Short, vec![format; bands]);
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
    let found = match options.number(tags::COMPRESSION) {
        Ok(Some(code)) => compression::by_code(code),
        _ => word(),
    };
    let Some(found) = found else {
        let error = values::wrong(tags::COMPRESSION, given.key, given.value);
        return options.refuse(given.key, error, warnings).map(|()| default());
    };
    if found.may_write {
        return Ok(found);
    }
    // An obsolete code is replaced by the current code of the same stream.
    match compression::by_word(found.word) {
        Some(same) if same.may_write => Ok(same),
        _ => options.refuse(given.key, unsupported(found), warnings).map(|()| default()),
    }
}

/// True if statistics were asked for and the pixels are there to make them of.
fn statistics(request: &ImageRequest<'_>, options: &Options<'_>, warnings: &mut Vec<Warning>) -> bool {
    let has_pixels = request.blocks != Blocks::Caller;
    if options.statistics && !has_pixels {
        let message = "is ignored: the caller encodes the blocks";
        warnings.push(Warning::new(WarningKind::Metadata, options::STATISTICS, message));
    }
    options.statistics && has_pixels
}

fn unsupported(compression: &Compression) -> Error {
    Error::unsupported("compression for writing TIFF:").found(compression.name).allowed(compression::writable_words())
}

/// The compression if the samples can have it, else the default.
fn suited(
    compression: &'static Compression,
    layout: &ImageLayout,
    separate: bool,
    options: &Options<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<&'static Compression> {
    let bands = if separate { 1 } else { layout.bands };
    let is_bytes = layout.sample == SampleType::UInt8;
    let (fits, allowed) = match compression.code {
        compression::JPEG => (is_bytes && bands <= 4, "1 to 4 bands of uint8, or any number if stored apart"),
        compression::WEBP => (is_bytes && matches!(bands, 3 | 4), "3 or 4 bands of uint8, stored together"),
        compression::LERC => {
            let pixels = PixelCoding::new(bands, layout.sample);
            (lerc::data_type(&pixels).is_ok(), "integers of 8, 16 and 32 bits, floats of 32 and 64 bits")
        }
        _ => return Ok(compression),
    };
    if fits {
        return Ok(compression);
    }
    let found = format!("{} bands of {}", layout.bands, layout.sample);
    let error = Error::usage(format!("bands for {} compression:", compression.name)).found(found).allowed(allowed);
    options.refuse("259", error, warnings)?;
    Ok(compression::by_code(compression::DEFLATE.into()).expect("the table has the default"))
}

/// Bits of a stored sample: 1 for a mask that has no more, and all of the sample's type for any other image. Some
/// compressions store bytes.
fn stored_bits(layout: &ImageLayout, compression: &Compression, subfile: u64, options: &Options<'_>) -> u32 {
    let is_mask = subfile & MASK != 0 && layout.bands == 1 && layout.sample == SampleType::UInt8;
    let is_bilevel = layout.bits_per_sample == 1 || options.was_any(tags::BITS_PER_SAMPLE, &[1]);
    let takes_bits = !matches!(compression.code, compression::JPEG | compression::WEBP | compression::LERC);
    if is_mask && is_bilevel && takes_bits { 1 } else { layout.sample.bits() }
}

/// What fills a block beyond the edges of the image.
fn padding(layout: &ImageLayout, bits: u32, tiled: bool, uncompressed: bool) -> Padding {
    match (tiled, uncompressed) {
        (false, _) => Padding::Crop,
        (true, true) => Padding::Value(vec![0; layout.sample.bytes()]),
        (true, false) if bits == 1 => Padding::Replicate(vec![0]),
        (true, false) => Padding::Replicate(layout.pad_bytes()),
    }
}

/// True if each band is stored apart.
fn planar(options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<bool> {
    match options.number(tags::PLANAR_CONFIGURATION)? {
        None | Some(1) => Ok(false),
        Some(2) => Ok(true),
        Some(other) => {
            let field = tags::describe(tags::PLANAR_CONFIGURATION);
            let error = Error::usage("metadata value of").field(field).found(other).allowed("Chunky or Planar");
            options.refuse("284", error, warnings).map(|()| false)
        }
    }
}

fn predictor(
    compression: &Compression,
    (sample, bits): (SampleType, u32),
    options: &Options<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Predictor> {
    let predicts = compression.coder.as_ref().is_some_and(|coder| coder.codec.predicts) && bits == sample.bits();
    let default = match sample {
        _ if !predicts || sample.is_complex() => Predictor::None,
        sample if sample.is_float() => Predictor::FloatingPoint,
        _ => Predictor::Horizontal,
    };
    let Some(given) = options.get(tags::PREDICTOR) else { return Ok(default) };
    let predictor = match options.number(tags::PREDICTOR) {
        Ok(Some(1)) => Predictor::None,
        Ok(Some(2)) => Predictor::Horizontal,
        Ok(Some(3)) => Predictor::FloatingPoint,
        _ => {
            let error = values::wrong(tags::PREDICTOR, given.key, given.value);
            return options.refuse(given.key, error, warnings).map(|()| default);
        }
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
        let message = if bits == sample.bits() {
            format!("is ignored: compression {} has no predictor", compression.name)
        } else {
            format!("is ignored: samples of {bits} bits have no predictor")
        };
        warnings.push(Warning::new(WarningKind::Metadata, given.key, message));
        return Ok(Predictor::None);
    }
    Ok(predictor)
}

/// The blocks of the file, and whether they are tiles. Sizes that were read and do not suit are replaced with a warning.
fn grid(
    layout: &ImageLayout,
    compression: &Compression,
    separate: bool,
    options: &Options<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<(BlockGrid, bool)> {
    let asked = AskedBlocks::read(options, warnings)?;
    let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
    let jpeg = compression.code == compression::JPEG;
    let grid = |asked: &AskedBlocks| {
        let (block_columns, block_rows) =
            if asked.tiled { asked.tile(layout, compression) } else { asked.strip(layout, jpeg, separate) };
        let grid = BlockGrid::new(columns, rows, block_columns, block_rows)?;
        match compression.code {
            compression::JPEG => check_jpeg_blocks(&grid, asked.tiled, compression)?,
            compression::WEBP => check_side(&grid, compression, webp::LARGEST_SIDE)?,
            _ => {}
        }
        check_block_bytes(layout, block_columns, block_rows, asked.tiled).map(|()| grid)
    };
    let found = grid(&asked).or_else(|error| {
        options.refuse(asked.key(options), error, warnings)?;
        grid(&AskedBlocks { width: None, length: None, rows: None, ..asked })
    });
    Ok((found?, asked.tiled))
}

/// The size of blocks in a request, as far as it is given.
struct AskedBlocks {
    tiled: bool,
    /// The default side of a tile.
    side: u32,
    width: Option<u32>,
    length: Option<u32>,
    /// Rows of a strip.
    rows: Option<u32>,
}

impl AskedBlocks {
    fn read(options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let width = tile_side(tags::TILE_WIDTH, options, warnings)?;
        let length = tile_side(tags::TILE_LENGTH, options, warnings)?;
        // A COG has tiles, whatever the file has that it is a copy of.
        let strips = options.get(tags::ROWS_PER_STRIP).filter(|given| !options.is_cog || options.is_chosen(*given));
        let tiled = strips.is_none() || width.is_some() || length.is_some();
        if let Some(given) = strips.filter(|_| options.is_cog && !tiled) {
            let error = Error::usage("metadata value of").field(given.key).found(given.value);
            return Err(error.allowed("TileWidth and TileLength in a COG"));
        }
        let side = if options.is_cog { COG_TILE_SIDE } else { TILE_SIDE };
        if let Some(given) = strips.filter(|_| tiled) {
            warnings.push(Warning::new(WarningKind::Metadata, given.key, "is ignored: a tile size is given as well"));
            return Ok(Self { tiled, side, width, length, rows: None });
        }
        let rows = options.number(tags::ROWS_PER_STRIP)?.filter(|rows| *rows > 0);
        Ok(Self { tiled, side, width, length, rows: rows.map(|rows| u32::try_from(rows).unwrap_or(u32::MAX)) })
    }

    /// The key to blame for a wrong size: a chosen one, if there is any.
    fn key<'a>(&self, options: &Options<'a>) -> &'a str {
        let tags: &[u16] = if self.tiled { &[tags::TILE_WIDTH, tags::TILE_LENGTH] } else { &[tags::ROWS_PER_STRIP] };
        let given = || tags.iter().filter_map(|tag| options.get(*tag));
        let chosen = given().find(|given| options.is_chosen(*given));
        chosen.or_else(|| given().next()).map_or("322", |given| given.key)
    }

    /// The sides of a tile; those that are not given have a default.
    fn tile(&self, layout: &ImageLayout, compression: &Compression) -> (u32, u32) {
        let (given, image) = ([self.width, self.length], [layout.grid.columns(), layout.grid.rows()]);
        let small = [0, 1].map(|axis| given[axis].unwrap_or(self.side.min(image[axis].next_multiple_of(TILE_UNIT))));
        let usual = given.map(|side| side.unwrap_or(self.side));
        let least = given.map(|side| side.unwrap_or(TILE_UNIT));
        let shrunk = |sides| default_block(sides, least, TILE_UNIT, layout.pixel_bytes());
        let is_small = compression.code == compression::NONE || shrunk(usual) != usual;
        if is_small { shrunk(small) } else { usual }.into()
    }

    fn strip(&self, layout: &ImageLayout, jpeg: bool, separate: bool) -> (u32, u32) {
        let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
        let samples = if separate { 1 } else { layout.bands as usize };
        let row_bytes = columns as usize * samples * layout.sample.bytes();
        let default = || {
            let rows = (STRIP_BYTES / row_bytes.max(1)).max(1) as u32;
            if jpeg { rows.next_multiple_of(JPEG_ROWS) } else { rows }
        };
        (columns, self.rows.unwrap_or_else(default).min(rows))
    }
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

/// The side of a tile under `tag`; `None` if it is not given, or was read and is illegal.
fn tile_side(tag: u16, options: &Options<'_>, warnings: &mut Vec<Warning>) -> Result<Option<u32>> {
    let (Some(given), Some(side)) = (options.get(tag), options.number(tag)?) else { return Ok(None) };
    let legal = u32::try_from(side).ok().filter(|side| *side > 0 && side % TILE_UNIT == 0);
    if legal.is_none() {
        let error = Error::usage("metadata value of").field(tags::describe(tag)).found(given.value);
        options.refuse(given.key, error.allowed("a multiple of 16"), warnings)?;
    }
    Ok(legal)
}

fn check_side(grid: &BlockGrid, compression: &Compression, most: u32) -> Result<()> {
    let largest = grid.block_columns().max(grid.block_rows());
    if largest <= most {
        return Ok(());
    }
    let error = Error::usage(format!("side of a {} block:", compression.name)).found(largest);
    Err(error.allowed(format!("at most {most}; use tiles, or another compression")))
}

fn check_jpeg_blocks(grid: &BlockGrid, tiled: bool, compression: &Compression) -> Result<()> {
    check_side(grid, compression, LARGEST_JPEG_SIDE)?;
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
        warnings.push(Warning::new(WarningKind::Metadata, given.key, message));
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
    if !compression.takes_quality() {
        let message = format!("is ignored: compression {} has no quality", compression.name);
        warnings.push(Warning::new(WarningKind::Metadata, given.key, message));
        return Ok(None);
    }
    let quality = given.value.to_int().and_then(|quality| u8::try_from(quality).ok());
    let quality = quality.filter(|quality| (1..=100).contains(quality));
    quality.map(Some).ok_or_else(|| {
        Error::usage("metadata value of").field(given.key).found(given.value).allowed("an integer from 1 to 100")
    })
}

#[cfg(test)]
mod tests;
