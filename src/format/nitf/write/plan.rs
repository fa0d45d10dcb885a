//! Checks a request to write an image and turns it into a subheader and the places of blocks, before a byte is written.

use std::ops::Range;
use std::sync::Arc;

use super::super::capacity::MAX_OFFSET;
use super::super::geo::{Corners, Icords};
use super::super::ic::{Coding, Ic, NC, NM};
use super::super::names;
use super::super::pad::{PAD_CODE, pad_value, stated_pad};
use super::super::pixels::{Mode, Storage};
use super::bands;
use super::blocks::{BlockOffsets, Part, set_blocks};
use super::coded::CodedBlocks;
use super::coded_rate::CodedRate;
use super::field_sets::{IMAGE, IMAGE_FACTS};
use super::given::{Given, check_stated, structure};
use super::header::now;
use super::image_data::{ImageData, MaskPlan, Space, StreamData};
use super::j2k::{self, J2kPlan};
use super::jpeg::{self, JpegPlan};
use super::levels::{self, Levels, image_size};
use super::stored_jpeg::StoredJpeg;
use super::titles;
use super::uncompressed::{PieceGrid, PixelEncoder, Uncompressed};
use crate::codec::ImageEncoder;
use crate::codec::j2k::markers::Siz;
use crate::codestream::Codestream;
use crate::codestream::j2k::CodestreamInfo;
use crate::codestream::jpeg::Header;
use crate::error::{Error, Result};
use crate::format::{Blocks, ImageRequest, OpenImage, Warning, WarningKind, WriteContext};
use crate::image::{ImageLayout, ImageProvider, PadValue, SampleType};
use crate::io::ByteSink;
use crate::pipeline::BlockPlan;
use crate::schema::{FieldData, Record};

/// A checked request.
pub(super) struct ImagePlan {
    /// The subheader, without the values that differ by segment: levels, lengths, TREs.
    pub(super) record: Record,
    pub(super) given: Given,
    storage: Storage,
    /// The layout of the image, with the value of padding and of absent blocks.
    layout: ImageLayout,
    mask: Option<MaskPlan>,
    coding: CodingPlan,
}

/// How the blocks are coded.
enum CodingPlan {
    /// Their offsets are known, and the grid in which pixels are gathered and written.
    Uncompressed(BlockOffsets, PieceGrid),
    /// Blocks that the caller encodes and may leave out: they are appended, so that an absent one takes no bytes.
    Appended,
    Jpeg(JpegPlan, Option<StoredJpeg>),
    J2k(J2kPlan),
}

impl ImagePlan {
    /// Checks a request. `limit` is the most bytes of image data in a segment.
    ///
    /// # Errors
    /// [`Error::Usage`] for what is wrong or does not fit, [`Error::Unsupported`] for a compression that cannot be written.
    pub(super) fn new(image: &ImageRequest<'_>, limit: u64, context: &mut WriteContext<'_, '_>) -> Result<Self> {
        let mut given = Given::new(structure("IMAGE"), image.metadata, context)?;
        let layout = image.provider.layout();
        let compression = compression(&given, context)?;
        let mut record = IMAGE.stated(&given.fields);
        record.set("IC", compression.code);
        set_pixels(&mut record, &given, layout)?;
        let is_jpeg = compression.is_jpeg();
        if is_jpeg {
            jpeg::set_fields(&mut record, &given, layout, compression, context)?;
        }
        j2k::leave_out_layers(&mut given, context);
        if compression.is_j2k() {
            j2k::set_fields(&mut record, &given, layout, compression)?;
        }
        // An image whose coded length is unknown is not split.
        let limit = match (compression.is_uncompressed(), compression.is_masked) {
            (false, _) => None,
            (true, true) => Some(limit.min(MAX_OFFSET)),
            (true, false) => Some(limit),
        };
        set_blocks(&mut record, &given, layout, compression, limit)?;
        set_mode(&mut record, &given, layout, compression, context)?;
        let stored = if is_jpeg { jpeg::stored_representation(&record, &given, layout, context)? } else { None };
        bands::fill(&mut record, &given, layout, stored, context)?;
        check_facts(&given, &record)?;
        check_corners(&given)?;
        note_stale_corners(&given, layout, context);
        titles::fill(names::IMAGE, &mut record, &given, (image.title, image.description, image.key), context)?;
        if !compression.has_comrat() && given.is_chosen("COMRAT") {
            context.warnings.push(Warning::new(
                WarningKind::Metadata,
                "COMRAT",
                "is left out: an image without compression (IC NC, NM) has no such field",
            ));
        }
        Self::of_record(record, given, image, (compression, limit), context)
    }

    /// The plan of a complete subheader: the mask table and the coding.
    fn of_record(
        record: Record,
        mut given: Given,
        image: &ImageRequest<'_>,
        (ic, limit): (Ic, Option<u64>),
        context: &mut WriteContext<'_, '_>,
    ) -> Result<Self> {
        let layout = image.provider.layout();
        let storage = Storage::read(&record).map_err(as_usage)?;
        let pad = pad_code(&given, layout, &storage)?;
        let absent = !image.provider.is_dense();
        // A template of an image has no blocks: any block may be set later.
        let by_hand = image.blocks == Blocks::Caller;
        let value = pad.and_then(|(code, bits)| pad_value(code, bits, storage.sample)).unwrap_or(layout.pad);
        if !ic.is_masked && absent && !by_hand && any_block(image.provider, false)? {
            let (code, masked) = (ic.code, ic.masked_code());
            let message = format!(
                "absent blocks are filled with {value}: an image with IC {code} has no mask table, one with {masked} has"
            );
            context.warnings.push(Warning::new(WarningKind::Padding, image.key, message));
        }
        // Coded blocks differ in length, so their table always lists them.
        // Decoded tiles are not searched for pad pixels.
        let (blocks, pads) = (absent || !ic.is_uncompressed(), pad.is_some() && !ic.is_j2k());
        let mask = ic.is_masked.then_some(MaskPlan { pad, pads, blocks });
        let coding = if ic.is_jpeg() {
            let stored = StoredJpeg::of(image, &storage, &given).filter(|_| mask.is_none());
            CodingPlan::Jpeg(JpegPlan::new(&given, &storage, context)?, stored)
        } else if ic.is_j2k() {
            let plan = J2kPlan::new(image.metadata, &given, &record, &storage, context)?;
            if let Some(layers) = plan.layers_tre(&storage) {
                given.add_tre(j2k::LAYERS_TRE, &layers, None, context)?;
            }
            CodingPlan::J2k(plan)
        } else {
            let asks = ic.is_masked && absent && (!by_hand || any_block(image.provider, true)?);
            let limit = limit.unwrap_or(u64::MAX);
            let offsets = BlockOffsets::new(&storage, Some(image.provider).filter(|_| asks), limit)?;
            let work = if by_hand { PieceGrid::blocks(&storage) } else { PieceGrid::pieces(&storage)? };
            let is_appended = by_hand && ic.is_masked && !asks && offsets.parts().len() == 1;
            if is_appended { CodingPlan::Appended } else { CodingPlan::Uncompressed(offsets, work) }
        };
        let layout = ImageLayout { pad: value, ..layout.clone() };
        Ok(Self { record, given, storage, layout, mask, coding })
    }

    /// True if the image has JPEG 2000 without a mask table, in the blocks and the samples of this codestream, and its metadata
    /// leave the rate to the writer.
    pub(super) fn takes_stream(&self, stream: &Siz, info: &CodestreamInfo) -> bool {
        let Self { record, given, storage, mask, coding, .. } = self;
        let is_ht = record.text("IC").and_then(Ic::from_code).is_some_and(|ic| ic.coding == Coding::HighThroughput);
        let grid = &storage.grid;
        let (columns, rows) = (grid.columns(), grid.rows());
        let is_same_grid = (columns, rows) == (info.columns, info.rows)
            && (grid.block_columns(), grid.block_rows()) == (info.tile.0.min(columns), info.tile.1.min(rows));
        let starts_at_zero = [&stream.origin, &stream.tile_origin].iter().all(|place| (place.x, place.y) == (0, 0));
        let has_samples = storage.sample == info.sample
            && info.bits.len() == storage.bands as usize
            && info.bits.iter().all(|bits| *bits == storage.bits)
            && info.is_signed.iter().all(|is_signed| *is_signed == storage.sample.is_signed_integer())
            && info.steps.iter().all(|steps| *steps == (1, 1));
        let is_free = given.get("COMRAT").is_none() && mask.is_none();
        matches!(coding, CodingPlan::J2k(_))
            && is_ht == info.is_high_throughput
            && is_same_grid
            && starts_at_zero
            && has_samples
            && is_free
    }

    /// The segment APP6 for the stream of a JPEG file with this header, if the image is one block of JPEG without a mask table that
    /// has the same samples and colour, and its metadata leave the quality to the writer.
    pub(super) fn takes_jpeg(&self, header: &Header) -> Option<&[u8]> {
        let Self { storage, given, mask, .. } = self;
        let CodingPlan::Jpeg(plan, _) = &self.coding else { return None };
        let size = (storage.grid.columns(), storage.grid.rows());
        let frame = (u32::from(header.frame.columns), u32::from(header.frame.rows));
        let is_one_block = (storage.grid.block_columns(), storage.grid.block_rows()) == size;
        let mode = if storage.mode == Mode::Pixel { Mode::Pixel } else { Mode::Block };
        let is_same_color = jpeg::stored_color(header) == Some((storage.bands, mode));
        let is_free = given.get("COMRAT").is_none() && mask.is_none() && storage.actual_bits == storage.bits;
        (header.is_baseline() && frame == size && is_one_block && is_same_color && is_free).then_some(&*plan.app6)
    }

    /// The rows of pixels of each segment.
    pub(super) fn segments(&self) -> Vec<Range<u32>> {
        match &self.coding {
            CodingPlan::Uncompressed(offsets, _) => offsets.parts().iter().map(Part::rows).collect(),
            CodingPlan::Appended | CodingPlan::Jpeg(..) | CodingPlan::J2k(_) => {
                std::iter::once(0..self.storage.grid.rows()).collect()
            }
        }
    }

    /// Rows of a block.
    pub(super) fn block_rows(&self) -> u32 {
        self.storage.grid.block_rows()
    }

    /// The space of each segment's data.
    pub(super) fn spaces(&self) -> Vec<Space> {
        let table = |records| self.mask.as_ref().map_or(0, |mask| mask.table_bytes(records));
        match &self.coding {
            CodingPlan::Uncompressed(offsets, _) => {
                let bytes = |part: &Part| table(offsets.record_count(part)) + offsets.bytes(part);
                let space = |part| Space { reserved: bytes(part), appended: 0 };
                offsets.parts().iter().map(space).collect()
            }
            CodingPlan::Appended | CodingPlan::Jpeg(..) | CodingPlan::J2k(_) => {
                vec![Space { reserved: table(self.storage.stored_blocks()), appended: 0 }]
            }
        }
    }

    /// The data of the image, which begin at `data` in each segment, and the image that is opened for its blocks.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn open(
        self,
        key: &str,
        data: Vec<u64>,
        threads: usize,
        sink: &mut dyn ByteSink,
    ) -> Result<(Box<dyn ImageData>, OpenImage)> {
        let Self { storage, layout, mask, coding, .. } = self;
        let (allows_absent, pad) = (mask.is_some(), layout.pad.bytes(storage.sample));
        let mut form = None;
        let (data, grid, encoder): (Box<dyn ImageData>, _, Arc<dyn ImageEncoder>) = match coding {
            CodingPlan::Uncompressed(offsets, work) => {
                let (segments, open) = Uncompressed::new(key, storage, (offsets, work), mask, pad, data, sink)?;
                return Ok((Box::new(segments), open));
            }
            CodingPlan::Appended => {
                let finds_pads = mask.as_ref().is_some_and(|mask| mask.pads);
                let grid = PieceGrid::blocks(&storage);
                let encoder = PixelEncoder::new(&storage, grid, &pad, finds_pads);
                let blocks = CodedBlocks::new(key, storage, mask, None, data[0]);
                (Box::new(blocks), grid.grid(), Arc::new(encoder))
            }
            CodingPlan::J2k(plan) => {
                let stream = plan.stream(&storage, &layout, allows_absent, threads)?;
                let (grid, encoder) = (stream.grid(), stream.encoder());
                let rate = plan.coded_rate(&layout);
                (Box::new(StreamData::new(Box::new(stream), rate, mask, data[0], sink)?), grid, encoder)
            }
            CodingPlan::Jpeg(plan, stored) => {
                let rate = || CodedRate::Stated(jpeg::RATE.to_owned());
                form = stored.as_ref().map(StoredJpeg::form);
                let is_block_by_block = allows_absent || stored.is_some();
                let stream = if is_block_by_block { None } else { plan.stream(&storage, &layout)? };
                if let Some(stream) = stream {
                    let (grid, encoder) = (stream.grid(), stream.encoder());
                    (Box::new(StreamData::new(Box::new(stream), rate(), None, data[0], sink)?), grid, encoder)
                } else {
                    let (grid, finds_pads) = (storage.grid, mask.as_ref().is_some_and(|mask| mask.pads));
                    let first = plan.app6.clone();
                    let encoder = plan.encoder(storage.clone(), allows_absent, finds_pads, &pad)?;
                    let blocks = CodedBlocks::new(key, storage, mask, Some((jpeg::RATE, first)), data[0]);
                    let blocks = blocks.with_tables(stored.map(StoredJpeg::into_tables));
                    (Box::new(blocks), grid, encoder)
                }
            }
        };
        let blocks = BlockPlan { grid, encoder, placement: None };
        Ok((data, OpenImage { blocks, form, allows_absent }))
    }
}

/// IC: as given; else NM if a pad pixel code is given, which only a mask table can hold; else NC.
fn compression(given: &Given, context: &mut WriteContext<'_, '_>) -> Result<Ic> {
    let ic = stated_compression(given)?;
    if !ic.is_masked && given.has_chosen_pad {
        if !given.is_chosen("IC") {
            return Ok(NM);
        }
        let (code, masked) = (ic.code, ic.masked_code());
        let message = format!(
            "fills blocks, but is not recorded: an image with IC {code} has no mask table, one with {masked} has"
        );
        context.warnings.push(Warning::new(WarningKind::Metadata, PAD_CODE, message));
    }
    Ok(ic)
}

fn stated_compression(given: &Given) -> Result<Ic> {
    let Some(value) = given.get("IC") else { return Ok(NC) };
    let known = if let FieldData::Text(text) = value { Ic::from_code(text.trim()) } else { None };
    match known {
        Some(ic) if ic.is_written => Ok(ic),
        Some(ic) => {
            Err(Error::unsupported("compression for writing,").field("IC").found(ic.code).allowed(Ic::written_codes()))
        }
        None => Err(Error::usage("value of").field("IC").found(value).allowed(Ic::written_codes())),
    }
}

/// PVTYPE, NBPP, ABPP, PJUST (2500C Table A-2(A)).
fn set_pixels(record: &mut Record, given: &Given, layout: &ImageLayout) -> Result<()> {
    use SampleType as S;
    let (kind, whole) = match layout.sample {
        S::UInt8 | S::UInt16 | S::UInt32 | S::UInt64 => ("INT", layout.sample.bits()),
        S::Int8 | S::Int16 | S::Int32 | S::Int64 => ("SI", layout.sample.bits()),
        S::Float32 | S::Float64 => ("R", layout.sample.bits()),
        S::Complex64 => ("C", 64),
        S::Float16 | S::Complex128 => {
            return Err(Error::usage("dtype that NITF cannot hold:")
                .found(layout.sample)
                .allowed("uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64 or complex64"));
        }
    };
    let wanted = given.get("NBPP").filter(|_| given.is_chosen("NBPP")).and_then(FieldData::to_int);
    let bits = wanted.map_or(i128::from(layout.bits_per_sample), |bits| bits);
    // Samples of 1 and 12 bits are packed; others take whole bytes.
    let packed = matches!((layout.sample, bits), (S::UInt8, 1) | (S::UInt16 | S::Int16, 12));
    let stored = if packed { bits as u32 } else { whole };
    record.set("PVTYPE", if stored == 1 { "B" } else { kind });
    record.set("NBPP", stored);
    let most = if layout.sample.is_integer() { stored } else { whole };
    let same_size = given.get("NBPP").and_then(FieldData::to_int).is_none_or(|bits| bits == i128::from(stored));
    let actual = match given.get("ABPP").filter(|_| same_size || given.is_chosen("ABPP")) {
        Some(value) => match value.to_int() {
            Some(actual) if (1..=i128::from(most)).contains(&actual) => actual as u32,
            _ => {
                return Err(Error::usage("value of")
                    .field("ABPP")
                    .found(value)
                    .allowed(format!("1 to {most}, not more than NBPP")));
            }
        },
        None if layout.sample.is_integer() => layout.actual_bits.min(most),
        None => whole,
    };
    record.set("ABPP", actual);
    Ok(())
}

/// The values of IMODE.
const MODES: [&str; 4] = ["B", "P", "R", "S"];

/// IMODE: as given; else B, or P for masked images of several bands, whose block mask GDAL reads wrongly in B. A mode that
/// needs several bands, or also several blocks (S), becomes B if the image has only one: the bytes are the same (2500C
/// §5.4.3.2).
fn set_mode(
    record: &mut Record,
    given: &Given,
    layout: &ImageLayout,
    ic: Ic,
    context: &mut WriteContext<'_, '_>,
) -> Result<()> {
    let default = match ic {
        ic if ic.is_jpeg() => jpeg::default_mode(given, layout),
        ic if ic.is_masked && ic.is_uncompressed() && layout.bands > 1 => "P",
        _ => "B",
    };
    let mode = match given.get("IMODE") {
        // The mode of an image of another coding may have been copied.
        Some(FieldData::Text(text)) if MODES.contains(&text.trim()) && !ic.modes().contains(&text.trim()) => {
            if given.is_chosen("IMODE") {
                let error = Error::usage(format!("value of IMODE for IC {}:", ic.code)).found(text.trim());
                return Err(error.allowed(ic.modes().join(", ")));
            }
            default.to_owned()
        }
        Some(FieldData::Text(text)) if MODES.contains(&text.trim()) => text.trim().to_owned(),
        Some(other) => return Err(Error::usage("value of").field("IMODE").found(other).allowed("B, P, R or S")),
        None => default.to_owned(),
    };
    let blocks = ["NBPR", "NBPC"].map(|name| record.int(name).unwrap_or(1));
    let needless = mode != "B" && (layout.bands == 1 || (mode == "S" && blocks == [1, 1]));
    if needless && given.is_chosen("IMODE") {
        let message =
            format!("is B, not {mode}, for an image of one {}", if layout.bands == 1 { "band" } else { "block" });
        context.warnings.push(Warning::new(WarningKind::Metadata, "IMODE", message));
    }
    record.set("IMODE", if needless { "B" } else { &mode });
    Ok(())
}

/// Warns of corners that were copied from an image of another size.
fn note_stale_corners(given: &Given, layout: &ImageLayout, context: &mut WriteContext<'_, '_>) {
    let Some(original) = &given.original else { return };
    let sides = ["NROWS", "NCOLS"].map(|name| original.int(name));
    let same_size = sides == [Some(layout.grid.rows().into()), Some(layout.grid.columns().into())];
    if same_size || given.is_chosen("IGEOLO") || given.get("IGEOLO").is_none() {
        return;
    }
    let [rows, columns] = sides.map(|side| side.unwrap_or(0));
    context.warnings.push(Warning::new(WarningKind::Metadata, "IGEOLO", stale_corners(rows, columns)));
}

/// A warning message about corners that belong to an image of another size.
pub(super) fn stale_corners(rows: i128, columns: i128) -> String {
    format!(
        "is that of the image it was copied from, of {rows} rows and {columns} columns: this one is a part of it, or was resampled"
    )
}

/// IGEOLO must follow the form that ICORDS names.
fn check_corners(given: &Given) -> Result<()> {
    let (code, corners) = (given.fields.text("ICORDS").unwrap_or_default(), given.get("IGEOLO"));
    if !given.is_chosen("ICORDS") && !given.is_chosen("IGEOLO") {
        return Ok(());
    }
    let wrong = |allowed: &'static str| {
        let found = corners.map_or_else(|| "none".to_owned(), ToString::to_string);
        Error::usage("value of").field("IGEOLO").found(found).allowed(allowed)
    };
    // The table of the subheader refuses an unknown code.
    let form = Icords::from_code(code).filter(|form| *form != Icords::Geocentric);
    match (code, corners) {
        ("", None) => Ok(()),
        (code, _) if !code.is_empty() && form.is_none() => Ok(()),
        ("", Some(FieldData::Text(text))) if text.trim().is_empty() => Ok(()),
        ("", Some(_)) => Err(wrong("no corners without ICORDS, which names their form")),
        (_, Some(FieldData::Text(text))) => match Icords::from_code(code).filter(|form| *form != Icords::Geocentric) {
            Some(form) => Corners::parse(form, text).map(|_| ()).map_err(as_usage),
            // The table of the subheader refuses another code.
            None => Ok(()),
        },
        (_, _) => Err(wrong("four corners of 15 characters")),
    }
}

/// Wrong values for facts of the image are an error, unless they were copied with the header of another image.
fn check_facts(given: &Given, record: &Record) -> Result<()> {
    for name in IMAGE_FACTS {
        if let (Some(stated), Some(actual)) = (given.get(name), record.get(name))
            && given.is_chosen(name)
        {
            check_stated(name, stated, Some(actual))?;
        }
    }
    Ok(())
}

/// The pad pixel code: as given, else the provider's pad value if that is not zero.
fn pad_code(given: &Given, layout: &ImageLayout, storage: &Storage) -> Result<Option<(u64, u32)>> {
    let value = match &given.pad {
        Some(value) => stated_pad(value)?,
        None if layout.pad == PadValue::ZERO || layout.pad == PadValue::Float(0.0) => return Ok(None),
        None => layout.pad,
    };
    if !value.fits(storage.sample) || storage.sample.is_complex() {
        let error = Error::usage("value of").field(PAD_CODE).found(value);
        return Err(error.allowed(format!("a value of {}", storage.sample)));
    }
    // A code with more bits than a sample would be cut off.
    let bits = if storage.shift > 0 { storage.actual_bits } else { storage.bits };
    if storage.sample.is_integer() && bits < storage.sample.bits() {
        let (low, high) = if storage.sample.is_signed_integer() {
            (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
        } else {
            (0, (1i128 << bits) - 1)
        };
        if !matches!(value, PadValue::Int(value) if (low..=high).contains(&value))
            && !matches!(value, PadValue::Float(value) if (low..=high).contains(&(value as i128)))
        {
            let error = Error::usage("value of").field(PAD_CODE).found(value);
            return Err(error.allowed(format!("{low} to {high}, the range of {bits} bits")));
        }
    }
    let bytes = value.bytes(storage.sample);
    let code = bytes.iter().rev().fold(0u64, |code, byte| (code << 8) | u64::from(*byte));
    let code = if cfg!(target_endian = "big") { code.swap_bytes() >> (64 - 8 * bytes.len()) } else { code };
    let mask = if storage.bits >= 64 { u64::MAX } else { (1 << storage.bits) - 1 };
    Ok(Some((code & mask, storage.bits)))
}

/// True if the provider has a block that is present, or one that is absent.
fn any_block(provider: &dyn ImageProvider, present: bool) -> Result<bool> {
    let grid = provider.layout().grid;
    for number in 0..grid.count() {
        if provider.has_block(grid.at(number))? == present {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is malformed to a reader is a wrong request here.
fn as_usage(error: Error) -> Error {
    match error {
        Error::Malformed(detail) => Error::Usage(detail),
        other => other,
    }
}

/// The subheader of part `number`, with its place among the images and graphics of the file.
///
/// # Errors
/// [`Error::Usage`] for a display level that is taken.
pub(super) fn part_record(plan: &mut ImagePlan, number: usize, key: &str, levels: &mut Levels) -> Result<Record> {
    if plan.record.get("IDATIM").is_none() {
        plan.record.set("IDATIM", now()?);
    }
    let mut record = plan.record.clone();
    let parts = plan.segments();
    if let (Some(last), true) = (parts.last(), parts.len() > 1) {
        let rows = parts[number].len() as u32;
        record.set("NROWS", rows);
        record.set("NBPC", rows.div_ceil(plan.block_rows()));
        record.set("IID1", identifier(record.text("IID1").unwrap_or_default(), number, parts.len()));
        cut_corners(&mut record, last.end, parts[number].start, rows)?;
    }
    match number.checked_sub(1).map(|before| &parts[before]) {
        None => levels.assign(&mut record, &plan.given, levels::IMAGE)?,
        Some(before) => levels.attach(&mut record, before.len() as u32)?,
    }
    levels.add(key, &record, levels::IMAGE, image_size(&record));
    Ok(record)
}

/// The identifier of part `number` of `count`. Digits at its end count up if that does not make it longer; otherwise all parts
/// have the same identifier. It is never cut, because it identifies a long title.
fn identifier(name: &str, number: usize, count: usize) -> String {
    let (stem, digits) = name.split_at(name.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    let turn = |number: usize| digits.parse::<usize>().ok().and_then(|first| first.checked_add(number));
    let fits = |number: usize| number.to_string().len() <= digits.len();
    match (turn(number), turn(count - 1)) {
        (Some(number), Some(last)) if fits(last) => format!("{stem}{number:0width$}", width = digits.len()),
        _ => name.to_owned(),
    }
}

/// Sets IGEOLO to the corners of rows `first` to `first + count` of an image of `rows` rows.
fn cut_corners(record: &mut Record, rows: u32, first: u32, count: u32) -> Result<()> {
    let Some(form) = record.text("ICORDS").and_then(Icords::from_code) else { return Ok(()) };
    let Some(FieldData::Text(text)) = record.get("IGEOLO") else { return Ok(()) };
    let Ok(corners) = Corners::parse(form, text) else { return Ok(()) };
    let steps = f64::from(rows - 1).max(1.0);
    let at = |from: (f64, f64), to: (f64, f64), row: u32| {
        let share = f64::from(row) / steps;
        (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
    };
    let (top, bottom) = (first, first + count - 1);
    let cut = |[a, b, c, d]: [(f64, f64); 4]| [at(a, d, top), at(b, c, top), at(b, c, bottom), at(a, d, bottom)];
    let cut = match corners {
        Corners::Geographic(points) => Corners::Geographic(cut(points)),
        Corners::Utm(zone, points) => Corners::Utm(zone, cut(points)),
    };
    record.set("IGEOLO", cut.format(form)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn identifiers_count_up_if_there_is_room() {
        let names = |name: &str, count| (0..count).map(|number| identifier(name, number, count)).collect::<Vec<_>>();
        assert_eq!(names("SICD001", 3), ["SICD001", "SICD002", "SICD003"]);
        assert_eq!(names("image_8", 2), ["image_8", "image_9"]);
        assert_eq!(names("image_8", 3), ["image_8"; 3]);
        assert_eq!(names("A long tit", 2), ["A long tit"; 2]);
        assert_eq!(names("", 2), ["", ""]);
    }
}
