//! Turns the neutral settings of a one-line write into fields of an image subheader.

use super::super::capacity::{MAX_BLOCK, MAX_BLOCKS};
use super::super::geo::{Icords, describe, precision};
use super::super::ic::{C8, Ic, NC, NM};
use super::super::pad::PAD_CODE;
use super::super::values::FAMILY;
use super::j2k::MOST_DECODED_BITS;
use super::plan::stale_corners;
use crate::error::{Error, Result};
use crate::format::request::merge;
use crate::format::{HIGHEST_J2K_RATE, SaveSettings, Warning, WarningKind};
use crate::image::{Georeference, ImageLayout, PadValue, default_block};
use crate::metadata::{Metadata, Value};

/// The side of blocks if the caller does not choose one.
const BLOCK: u32 = 1024;

/// The metadata with `settings` as fields of the subheader.
///
/// # Errors
/// As [`metadata_of`].
pub(in super::super) fn apply(
    settings: &SaveSettings,
    metadata: &Metadata,
    layout: &ImageLayout,
    warnings: &mut Vec<Warning>,
) -> Result<Metadata> {
    let encoding = metadata_of(settings, metadata, layout)?;
    warnings.extend(notice(settings, metadata, layout));
    Ok(merge(metadata, &encoding, replaces))
}

/// The fields that express `settings`, and the block size if neither the settings nor the metadata give one.
///
/// # Errors
/// [`Error::Usage`] for a setting that is wrong or does not suit the image, [`Error::Unsupported`] for a compression that
/// cannot be written.
fn metadata_of(settings: &SaveSettings, given: &Metadata, layout: &ImageLayout) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    let is_given = |name: &str| given.get(name).is_some();
    let masked = settings.nodata.is_some();
    let stated = given.get("IC").and_then(Value::as_text).and_then(|code| Ic::from_code(code.trim()));
    let ic = match &settings.compression {
        Some(word) => masked_if((masked, is_given(PAD_CODE)), word)?,
        None if masked => stated.and_then(|ic| ic.with_mask(true)).filter(|ic| ic.is_written).unwrap_or(NM),
        None if is_given("IC") => stated.unwrap_or(NC),
        None if is_given(PAD_CODE) => NM,
        None => default_compression(layout),
    };
    // An unknown IC in the metadata is refused with the rest of the subheader.
    if settings.compression.is_some() || masked || !is_given("IC") {
        metadata.set("IC", ic.code);
    }
    if let Some(nodata) = settings.nodata {
        metadata.set(PAD_CODE, pad_code(nodata, layout)?);
    }
    check_choices(settings, given, ic)?;
    match settings.quality {
        Some(quality) if settings.compression.as_deref().is_some_and(is_lossless) => {
            let error = Error::usage("quality with lossless compression:").found(quality);
            return Err(error.allowed("no quality, or compression j2k"));
        }
        Some(quality) if ic.is_jpeg() && !(1.0..=100.0).contains(&quality) => {
            return Err(Error::usage("quality:").found(quality).allowed("1 to 100"));
        }
        // The field cannot state 100.
        Some(quality) if ic.is_jpeg() => metadata.set("COMRAT", format!("{:04.1}", quality.min(99.9))),
        Some(quality) if ic.is_j2k() && !(0.01..=HIGHEST_J2K_RATE).contains(&quality) => {
            let error = Error::usage("quality of a JPEG 2000 image:").found(quality);
            return Err(error.allowed(format!("0.01 to {HIGHEST_J2K_RATE} bits per pixel and band")));
        }
        Some(quality) if ic.is_j2k() => metadata.set("COMRAT", format!("{quality:.4}")),
        Some(quality) => {
            let error = Error::usage("quality with lossless compression:").found(quality);
            return Err(error.allowed("compression jpeg or j2k"));
        }
        None => {}
    }
    set_blocks(&mut metadata, settings, given, layout, ic)?;
    if settings.georeference != Georeference::default() {
        for (name, value) in describe(&settings.georeference, layout, form(given), settings.precise)? {
            metadata.set(name, value);
        }
    }
    Ok(metadata)
}

/// True for the word that states that no pixel changes.
fn is_lossless(word: &str) -> bool {
    word.trim().eq_ignore_ascii_case("lossless")
}

/// Checks that the settings do not contradict fields that the caller has chosen. A mapping with the size of an image is a copy.
///
/// # Errors
/// [`Error::Usage`] for a compression beside another IC, and for a quality beside COMRAT.
fn check_choices(settings: &SaveSettings, given: &Metadata, ic: Ic) -> Result<()> {
    let given = given.for_family(FAMILY, &["NROWS", "NCOLS"], |_| true);
    let chosen = |name: &str| given.get(name).filter(|_| given.is_chosen(name));
    let stated = chosen("IC").and_then(Value::as_text).map(str::trim);
    if let (Some(word), Some(stated)) = (&settings.compression, stated)
        && stated != ic.code
        && Ic::from_word(word).is_none_or(|plain| plain.code != stated)
    {
        let error = Error::usage("compression beside the field IC:").found(format!("{word:?} beside {stated}"));
        return Err(error.allowed("one of the two"));
    }
    if let (Some(quality), Some(rate)) = (settings.quality, chosen("COMRAT")) {
        let error = Error::usage("quality beside the field COMRAT:").found(format!("{quality} beside {rate}"));
        return Err(error.allowed("one of the two"));
    }
    Ok(())
}

/// The compression if none is chosen: lossless JPEG 2000, if its decoders read such samples; else none.
fn default_compression(layout: &ImageLayout) -> Ic {
    if layout.sample.is_integer() && layout.actual_bits <= MOST_DECODED_BITS { C8 } else { NC }
}

/// Warnings about settings that were left to the format.
fn notice(settings: &SaveSettings, given: &Metadata, layout: &ImageLayout) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let asked = settings.compression.is_some() || settings.nodata.is_some();
    let is_uncompressed = default_compression(layout).is_uncompressed();
    if !asked && is_uncompressed && given.get("IC").is_none() && given.get(PAD_CODE).is_none() {
        let message = format!(
            "the image is written without compression (NC), as JPEG 2000 does not hold samples of type {}; state it with \
             compression=\"none\"",
            layout.sample
        );
        warnings.push(Warning::new(WarningKind::Fallback, "IC", message));
    }
    let size = ["NROWS", "NCOLS"].map(|name| given.get(name).and_then(Value::to_int));
    if let [Some(rows), Some(columns)] = size
        && (rows, columns) != (layout.grid.rows().into(), layout.grid.columns().into())
        && settings.georeference == Georeference::default()
        && given.get("IGEOLO").is_some()
    {
        warnings.push(Warning::new(WarningKind::Metadata, "IGEOLO", stale_corners(rows, columns)));
    }
    if !settings.precise
        && settings.georeference != Georeference::default()
        && let Some(message) = precision(&settings.georeference, layout, form(given))
    {
        warnings.push(Warning::new(WarningKind::Precision, "IGEOLO", message));
    }
    warnings
}

/// True if the setting `setting` replaces any value under `key`.
fn replaces(setting: &str, key: &str) -> bool {
    match setting {
        "ICORDS" | "IGEOLO" => matches!(key, "ICORDS" | "IGEOLO" | "BLOCKA" | "GEOLOB" | "GEOPSB"),
        "NPPBH" => matches!(key, "NPPBH" | "NBPR"),
        "NPPBV" => matches!(key, "NPPBV" | "NBPC"),
        _ => setting == key,
    }
}

/// The form of IGEOLO that the caller has chosen, if any.
fn form(given: &Metadata) -> Option<Icords> {
    given.get("ICORDS").and_then(Value::as_text).and_then(|code| Icords::from_code(code.trim()))
}

fn compression(word: &str) -> Result<Ic> {
    let Some(ic) = Ic::from_word(word) else {
        return Err(Error::usage("compression:").found(format!("{word:?}")).allowed(Ic::written_words()));
    };
    if ic.is_written {
        return Ok(ic);
    }
    let error = Error::unsupported("compression for writing,").field("IC");
    Err(error.found(format!("{word} ({})", ic.code)).allowed(Ic::written_words()))
}

/// The compression of a word, with a mask table if the caller names none and nodata or a pad pixel code needs one.
fn masked_if((nodata, pad_code): (bool, bool), word: &str) -> Result<Ic> {
    let ic = compression(word)?;
    if ic.is_masked || !(nodata || pad_code) {
        return Ok(ic);
    }
    let with_table = ic.with_mask(true);
    match with_table {
        // A code is a choice, a name of the algorithm is not.
        Some(with_table) if ic.is_jpeg() && !word.trim().eq_ignore_ascii_case(ic.code) => Ok(with_table),
        _ if !nodata => Ok(ic),
        _ => Err(Error::usage("nodata with compression")
            .found(ic.code)
            .allowed(format!("{}, whose mask table holds the value", ic.masked_code()))),
    }
}

fn pad_code(nodata: PadValue, layout: &ImageLayout) -> Result<Value> {
    if !nodata.fits(layout.sample) || layout.sample.is_complex() {
        let error = Error::usage("nodata:").found(nodata);
        return Err(error.allowed(format!("a value that a sample of type {} can hold", layout.sample)));
    }
    Ok(match nodata {
        PadValue::Int(value) => Value::from(value),
        PadValue::Float(value) => Value::from(value),
    })
}

fn set_blocks(
    metadata: &mut Metadata,
    settings: &SaveSettings,
    given: &Metadata,
    layout: &ImageLayout,
    ic: Ic,
) -> Result<()> {
    let sides = [layout.grid.columns(), layout.grid.rows()];
    let names = ["NPPBH", "NPPBV"];
    let Some((columns, rows)) = settings.block_size else {
        let chosen = if ic.is_single_block() { sides } else { default_blocks(sides, layout.pixel_bytes()) };
        for (name, side) in names.into_iter().zip(chosen) {
            if given.get(name).is_none() {
                metadata.set(name, side);
            }
        }
        return Ok(());
    };
    for ((name, side), block) in names.into_iter().zip(sides).zip([columns, rows]) {
        // A block of the whole side, however long, is stored as 0000.
        let size = if block > MAX_BLOCK && block == side { 0 } else { block };
        if block == 0 || size > MAX_BLOCK {
            let error = Error::usage("block_size of a NITF:").found(format!("({columns}, {rows})"));
            return Err(error.allowed(format!("sides of 1 to {MAX_BLOCK}, or of the whole image")));
        }
        metadata.set(name, size);
    }
    Ok(())
}

/// The default sides of a block. A block of a long side is made so large that the number of blocks fits its field.
fn default_blocks(sides: [u32; 2], pixel_bytes: usize) -> [u32; 2] {
    let usual = sides.map(|side| {
        let mut block = BLOCK;
        while side.div_ceil(block) > MAX_BLOCKS && block < MAX_BLOCK {
            block *= 2;
        }
        if side.div_ceil(block) > MAX_BLOCKS { 0 } else { block.min(side) }
    });
    // A block of 0 has the whole side.
    let least = [0, 1].map(|axis| if usual[axis] == 0 { 0 } else { sides[axis].div_ceil(MAX_BLOCKS).max(1) });
    default_block(usual, least, 1, pixel_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{BlockGrid, Crs, SampleType, Transform};

    fn encode(settings: &SaveSettings) -> Result<Metadata> {
        let grid = BlockGrid::new(3000, 200, 3000, 200).unwrap();
        metadata_of(settings, &Metadata::new(), &ImageLayout::new(grid, 1, SampleType::UInt8).unwrap())
    }

    fn word(word: &str) -> SaveSettings {
        SaveSettings { compression: Some(word.to_owned()), ..SaveSettings::default() }
    }

    #[test]
    fn settings_become_fields() {
        let plain = encode(&SaveSettings::default()).unwrap();
        let number = |metadata: &Metadata, name: &str| metadata.get(name).and_then(Value::to_int);
        assert_eq!((number(&plain, "NPPBH"), number(&plain, "NPPBV")), (Some(1024), Some(200)));
        assert_eq!(plain.get("IC").and_then(Value::as_text), Some("C8"));
        let settings =
            SaveSettings { block_size: Some((3000, 64)), nodata: Some(PadValue::Int(7)), ..SaveSettings::default() };
        let masked = encode(&settings).unwrap();
        assert_eq!((number(&masked, "NPPBH"), number(&masked, PAD_CODE)), (Some(3000), Some(7)));
        assert_eq!(masked.get("IC").and_then(Value::as_text), Some("NM"));
        let transform = Some(Transform([300_000.0, 10.0, 0.0, 4_500_000.0, 0.0, -10.0]));
        let georeference = Georeference { transform, crs: Some(Crs::Epsg(32_618)), corners: None };
        let placed = encode(&SaveSettings { georeference, ..word("none") }).unwrap();
        assert_eq!(placed.get("ICORDS").and_then(Value::as_text), Some("N"));
        assert_eq!(placed.get("IGEOLO").and_then(Value::as_text).map(|text| &text[..15]), Some("183000054499995"));
    }

    #[test]
    fn default_blocks_are_bounded_in_bytes_and_in_number() {
        assert_eq!(default_blocks([3000, 200], 4), [1024, 200]);
        assert_eq!(default_blocks([3000, 3000], 64), [1024, 1024]);
        assert_eq!(default_blocks([3000, 3000], 3000), [128, 128]);
        assert_eq!(default_blocks([10, 10], 3000), [10, 10]);
        assert_eq!(default_blocks([20_000_000, 10], 1), [2048, 10]);
    }

    #[test]
    fn a_coding_that_is_not_written_and_an_unknown_word_are_different_errors() {
        for name in ["C5", "C1", "M4"] {
            let error = encode(&word(name)).unwrap_err();
            assert!(matches!(error, Error::Unsupported(_)) && error.to_string().contains("IC"), "{error}");
        }
        for settings in [
            word("zip"),
            SaveSettings { quality: Some(80.0), ..word("NC") },
            SaveSettings { block_size: Some((9000, 64)), ..SaveSettings::default() },
            SaveSettings { nodata: Some(PadValue::Int(256)), ..SaveSettings::default() },
            SaveSettings { nodata: Some(PadValue::Int(1)), ..word("NC") },
        ] {
            assert!(matches!(encode(&settings), Err(Error::Usage(_))), "{settings:?}");
        }
    }

    #[test]
    fn a_silent_default_becomes_one_warning_and_a_choice_none() {
        let layout = ImageLayout::new(BlockGrid::new(10, 10, 10, 10).unwrap(), 1, SampleType::UInt8).unwrap();
        assert!(notice(&SaveSettings::default(), &Metadata::new(), &layout).is_empty());
        let layout = ImageLayout::new(BlockGrid::new(10, 10, 10, 10).unwrap(), 1, SampleType::Float32).unwrap();
        assert_eq!(notice(&SaveSettings::default(), &Metadata::new(), &layout).len(), 1);
        assert!(notice(&word("none"), &Metadata::new(), &layout).is_empty());
        let metadata = [("IC", "NC")].into_iter().collect();
        assert!(notice(&SaveSettings::default(), &metadata, &layout).is_empty());
    }
}
