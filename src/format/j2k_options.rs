//! The choices for a JPEG 2000 codestream in the metadata of an image, for every format that holds one.

use crate::codec::j2k::part1::{STYLES, Style};
use crate::codec::j2k::progression::{NAMES, Progression};
use crate::codestream::j2k::{J2kOptions, Profile, Rate, most_levels};
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind};
use crate::image::BlockGrid;
use crate::metadata::{Metadata, Value};

/// Metadata keys of the choices.
pub(crate) const LEVELS: &str = "J2K_DECOMPOSITION_LEVELS";
pub(crate) const LAYERS: &str = "J2K_QUALITY_LAYERS";
pub(crate) const LAYER_RATES: &str = "J2K_LAYER_RATES";
pub(crate) const PROGRESSION: &str = "J2K_PROGRESSION";
pub(crate) const CODE_BLOCK: &str = "J2K_CODE_BLOCK";
pub(crate) const BLOCK_STYLE: &str = "J2K_CODE_BLOCK_STYLE";
pub(crate) const PRECINCTS: &str = "J2K_PRECINCTS";
pub(crate) const COMPONENT_TRANSFORM: &str = "J2K_MCT";
pub(crate) const PROFILE: &str = "J2K_PROFILE";

/// The keys.
pub(crate) const J2K_HINTS: [&str; 9] =
    [LEVELS, LAYERS, LAYER_RATES, PROGRESSION, CODE_BLOCK, BLOCK_STYLE, PRECINCTS, COMPONENT_TRANSFORM, PROFILE];

/// The highest rate of a lossy image that can be asked for, in bits per pixel and band: the highest that COMRAT of a NITF states.
pub(crate) const HIGHEST_J2K_RATE: f64 = 99.9;

/// The most quality layers that can be asked for.
const MOST_LAYERS: u32 = 255;

/// The most decompositions that can be asked for.
const MOST_LEVELS: u8 = 32;

/// The choices in metadata; other keys are ignored. `high_throughput`: whether the blocks are those of Part 15.
///
/// # Errors
/// [`Error::Usage`] with the key, its value and what is allowed.
pub(crate) fn read_j2k_options(
    metadata: &Metadata,
    rate: Rate,
    high_throughput: bool,
    warnings: &mut Vec<Warning>,
) -> Result<J2kOptions> {
    let options = read(metadata, rate)?;
    if !high_throughput {
        return Ok(options);
    }
    if options.block_style & !Style::CAUSAL != 0 {
        let value = metadata.get(BLOCK_STYLE).map(ToString::to_string).unwrap_or_default();
        return Err(illegal(BLOCK_STYLE, value, "causal for HTJ2K"));
    }
    let key = if metadata.get(LAYERS).is_some() { LAYERS } else { LAYER_RATES };
    if options.layers > 1 && metadata.get(key).is_some() {
        let message = format!("gives one layer, not {}: readers of HTJ2K take one", options.layers);
        warnings.push(Warning::new(WarningKind::Metadata, key, message));
    }
    Ok(J2kOptions { high_throughput, layers: 1, layer_rates: None, ..options })
}

fn read(metadata: &Metadata, rate: Rate) -> Result<J2kOptions> {
    let mut options = J2kOptions { rate, ..J2kOptions::default() };
    if let Some(value) = metadata.get(PROFILE) {
        options.set_profile(profile(value)?);
    }
    if let Some(value) = metadata.get(LEVELS) {
        options.levels = Some(integer(LEVELS, value, 1..=MOST_LEVELS.into())? as u8);
    }
    if let Some(value) = metadata.get(LAYERS) {
        options.layers = integer(LAYERS, value, 1..=MOST_LAYERS.into())? as u32;
        options.layer_rates = None;
    }
    if let Some(value) = metadata.get(LAYER_RATES) {
        let rates = layer_rates(value)?;
        let count = rates.len() as u32 + 1;
        if metadata.get(LAYERS).is_some() && options.layers != count {
            let allowed = format!("{} rates, for all layers but the last", options.layers - 1);
            return Err(illegal(LAYER_RATES, rates.len(), &allowed));
        }
        (options.layers, options.layer_rates) = (count, Some(rates));
    }
    if let Some(value) = metadata.get(PROGRESSION) {
        options.progression = progression(value)?;
    }
    if options.profile == Some(Profile::Epje) && options.progression != Progression::Rlcp {
        return Err(illegal(PROGRESSION, NAMES[options.progression.code() as usize], "RLCP for the profile EPJE"));
    }
    if let Some(value) = metadata.get(CODE_BLOCK) {
        options.code_block = code_block(value)?;
    }
    if let Some(value) = metadata.get(BLOCK_STYLE) {
        options.block_style = block_style(value)?;
    }
    let is_cut = options.layers > 1 || rate != Rate::Lossless;
    if is_cut && options.block_style & (Style::PREDICTABLE | Style::TERMINATE) == Style::PREDICTABLE {
        let allowed = "predictable together with terminate if a rate or layers cut the segments of code-blocks";
        return Err(illegal(BLOCK_STYLE, STYLES[4], allowed));
    }
    if let Some(value) = metadata.get(PRECINCTS) {
        options.precincts = precincts(value)?;
    }
    if let Some(value) = metadata.get(COMPONENT_TRANSFORM) {
        options.component_transform = Some(read_flag(COMPONENT_TRANSFORM, value)?);
    }
    Ok(options)
}

/// A warning if more decompositions are chosen than the tiles of an image carry.
pub(crate) fn level_note(options: &J2kOptions, grid: &BlockGrid) -> Option<Warning> {
    let (most, size) =
        (most_levels(grid), (grid.block_columns().min(grid.columns()), grid.block_rows().min(grid.rows())));
    let levels = options.levels.filter(|levels| *levels > most)?;
    let message = format!("is {most}, not {levels}: a tile of {} × {} carries no more", size.0, size.1);
    Some(Warning::new(WarningKind::Metadata, LEVELS, message))
}

fn illegal(key: &str, found: impl std::fmt::Display, allowed: &str) -> Error {
    Error::usage("value of").field(key).found(found).allowed(allowed)
}

fn integer(key: &str, value: &Value, range: std::ops::RangeInclusive<i128>) -> Result<i128> {
    let number = value.to_int().filter(|number| range.contains(number));
    number.ok_or_else(|| illegal(key, value, &format!("an integer from {} to {}", range.start(), range.end())))
}

fn profile(value: &Value) -> Result<Profile> {
    match value.as_text().map(|text| text.trim().to_ascii_uppercase()).as_deref() {
        Some("NPJE") => Ok(Profile::Npje),
        Some("EPJE") => Ok(Profile::Epje),
        _ => Err(illegal(PROFILE, value, "NPJE or EPJE")),
    }
}

fn progression(value: &Value) -> Result<Progression> {
    let word = value.as_text().map(|text| text.trim().to_ascii_uppercase());
    let place = word.and_then(|word| NAMES.iter().position(|name| *name == word));
    place.map(|place| Progression::ALL[place]).ok_or_else(|| illegal(PROGRESSION, value, &NAMES.join(", ")))
}

/// True, 1, `yes` or false, 0, `no`.
///
/// # Errors
/// [`Error::Usage`] for any other value.
pub(crate) fn read_flag(key: &str, value: &Value) -> Result<bool> {
    match (value.to_int(), value.as_text().map(|text| text.trim().to_ascii_lowercase()).as_deref()) {
        (Some(1), _) | (_, Some("yes" | "true" | "on")) => Ok(true),
        (Some(0), _) | (_, Some("no" | "false" | "off")) => Ok(false),
        _ => Err(illegal(key, value, "0 or 1")),
    }
}

/// Numbers of a list, or of a text that separates them by spaces, commas or `x`.
fn numbers(value: &Value) -> Option<Vec<f64>> {
    match value.as_text() {
        Some(text) => {
            let parts = text.split([' ', ',', 'x', '×', '[', ']', '(', ')']).filter(|part| !part.is_empty());
            parts.map(|part| part.parse().ok()).collect()
        }
        None => value.to_floats(),
    }
}

/// A side of a code-block or precinct as its logarithm.
fn log2(side: f64, range: std::ops::RangeInclusive<u8>) -> Option<u8> {
    let log = side.log2();
    (log.fract() == 0.0 && (0.0..=15.0).contains(&log) && range.contains(&(log as u8))).then_some(log as u8)
}

fn code_block(value: &Value) -> Result<(u8, u8)> {
    let sides: Option<Vec<u8>> =
        numbers(value).and_then(|sides| sides.into_iter().map(|side| log2(side, 2..=10)).collect());
    match sides.as_deref() {
        Some(&[width, height]) if width + height <= 12 => Ok((width, height)),
        Some(&[side]) if side <= 6 => Ok((side, side)),
        _ => Err(illegal(CODE_BLOCK, value, "width and height: powers of two from 4 to 1024, at most 4096 samples")),
    }
}

/// The bits of the named styles.
fn block_style(value: &Value) -> Result<u8> {
    let words = value.as_text().map(str::to_ascii_lowercase);
    let words = words.as_deref().map(|text| text.split([' ', ',']).filter(|word| !word.is_empty()));
    let bit = |word: &str| STYLES.iter().position(|style| *style == word).map(|bit| 1u8 << bit);
    let bits = words.and_then(|words| words.map(bit).collect::<Option<Vec<_>>>());
    let bits = bits.ok_or_else(|| illegal(BLOCK_STYLE, value, &format!("words of {}", STYLES.join(", "))))?;
    Ok(bits.into_iter().fold(0, |all, bit| all | bit))
}

fn precincts(value: &Value) -> Result<Vec<(u8, u8)>> {
    let allowed = "pairs of width and height from full resolution downwards: powers of two from 2 to 32768";
    let sides: Option<Vec<u8>> =
        numbers(value).and_then(|sides| sides.into_iter().map(|side| log2(side, 1..=15)).collect());
    let sides = sides.filter(|sides| !sides.is_empty() && sides.len() % 2 == 0);
    let sides = sides.ok_or_else(|| illegal(PRECINCTS, value, allowed))?;
    Ok(sides.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

fn layer_rates(value: &Value) -> Result<Vec<f64>> {
    let rates = numbers(value).filter(|rates| {
        (1..MOST_LAYERS as usize).contains(&rates.len())
            && rates.iter().all(|rate| *rate > 0.0 && *rate <= 37.0)
            && rates.is_sorted_by(|a, b| a < b)
    });
    rates.ok_or_else(|| illegal(LAYER_RATES, value, "1 to 254 ascending rates up to 37 bits per pixel and band"))
}
