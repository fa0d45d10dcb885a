//! The options of a file to write: its metadata as choices for the codestream, and the keys that are left out.

use super::header_boxes::HeaderBoxes;
use super::{J2k, geo, metadata as keys};
use crate::codec::j2k::header::MainHeader;
use crate::codec::j2k::markers::Com;
use crate::codestream::j2k::{CodestreamInfo, J2kOptions, Rate};
use crate::error::{Error, Result, nearest};
use crate::format::{HIGHEST_J2K_RATE, J2K_HINTS, Warning, WarningKind, read_flag, read_j2k_options, unknown_key};
use crate::image::ImageLayout;
use crate::metadata::{Metadata, Value};

/// The rate of a lossy image, in bits per pixel and band. It is not stored.
pub(super) const RATE: &str = "J2K_RATE";

/// Whether the blocks are those of Part 15 (HTJ2K). It is not stored.
pub(super) const HIGH_THROUGHPUT: &str = "J2K_HIGH_THROUGHPUT";

/// The side of tiles if the caller does not choose one.
const TILE: u32 = 1024;

/// What is written.
pub(super) struct FileOptions {
    /// The choices for the codestream.
    pub(super) stream: J2kOptions,
    /// Columns and rows of a tile.
    pub(super) tile: (u32, u32),
    /// Bits of a sample.
    pub(super) bits: u32,
    /// What precedes the codestream in a file of boxes.
    pub(super) boxes: HeaderBoxes,
}

/// Facts that the pixels and the writer determine.
const FACTS: [&str; 5] = [keys::BITS, keys::SUBSAMPLING, keys::WAVELET, keys::BRAND, keys::COLOR_SPACE];

/// The options in the metadata of an image. Each key that is left out gives a warning.
///
/// # Errors
/// [`Error::Usage`] for an illegal value; it states the key, the value and the allowed values.
pub(super) fn read(
    metadata: &Metadata,
    layout: &ImageLayout,
    format: J2k,
    warnings: &mut Vec<Warning>,
) -> Result<FileOptions> {
    let rate = match metadata.get(RATE) {
        Some(value) => Rate::Bits(rate(value.to_float(), RATE)?),
        None => Rate::Lossless,
    };
    let high_throughput = high_throughput(metadata)?.unwrap_or(format.high_throughput);
    let mut stream = read_j2k_options(metadata, rate, high_throughput, warnings)?;
    stream.comments = metadata.get_all(keys::COMMENT).map(comment).collect::<Result<_>>()?;
    let boxes = HeaderBoxes::read(metadata, layout)?;
    stream.component_transform.get_or_insert(boxes.is_color());
    let tile = metadata.get(keys::TILE_SIZE).map_or(Ok((TILE, TILE)), tile)?;
    for key in metadata.iter().map(|(key, _)| key).filter(|key| !is_known(key, format.is_boxed)) {
        if all_keys().any(|known| known == key) || geo::is_key(key) || key.starts_with(keys::UUID) {
            let message = "is left out: a codestream without boxes cannot store it";
            let warning = Warning::new(WarningKind::Metadata, key, message);
            let name = if geo::is_location_key(key) { "georeference" } else { key };
            warnings.push(Warning { left_out: vec![name.to_owned()], ..warning });
            continue;
        }
        let known = format!("one of {}", all_keys().collect::<Vec<_>>().join(", "));
        unknown_key(format.names, (metadata, key), nearest(key, all_keys()), &known, warnings)?;
    }
    Ok(FileOptions { stream, tile, bits: bits(metadata, layout)?, boxes })
}

/// Whether the metadata ask for the blocks of Part 15; `None` if they leave it open.
fn high_throughput(metadata: &Metadata) -> Result<Option<bool>> {
    metadata.get(HIGH_THROUGHPUT).map(|value| read_flag(HIGH_THROUGHPUT, value)).transpose()
}

/// True if a codestream with this main header is what the metadata ask for: they state no rate and no other choice for it. Boxes
/// state one number of bits for all components. Unless the metadata choose the blocks, those of Part 15 suit every format.
pub(super) fn keep(metadata: &Metadata, header: &MainHeader, format: J2k) -> bool {
    let info = CodestreamInfo::of(header);
    let mut stored = Metadata::new();
    keys::of_codestream(header, &info, &mut stored);
    let is_same = |value: &Value, known: &Value| value == known || value.to_string() == known.to_string();
    let is_kept =
        |key: &str| metadata.get(key).is_none_or(|value| stored.get(key).is_some_and(|known| is_same(value, known)));
    let alike = |bits: &[u32], signs: &[bool]| {
        bits.iter().all(|other| *other == bits[0]) && signs.iter().all(|other| *other == signs[0])
    };
    let fits_boxes = !format.is_boxed || alike(&info.bits, &info.is_signed);
    let has_blocks = match high_throughput(metadata) {
        Ok(Some(asked)) => asked == info.is_high_throughput,
        Ok(None) => info.is_high_throughput || !format.high_throughput,
        // An illegal value; it is an error when the options are read.
        Err(_) => false,
    };
    let choices = [RATE, keys::TILE_SIZE, keys::BITS, keys::SUBSAMPLING, keys::WAVELET];
    fits_boxes && has_blocks && J2K_HINTS.into_iter().chain(choices).all(is_kept)
}

/// A rate given as `name`.
///
/// # Errors
/// [`Error::Usage`] for a rate out of range.
pub(super) fn rate(value: Option<f64>, name: &str) -> Result<f64> {
    value.filter(|rate| (0.01..=HIGHEST_J2K_RATE).contains(rate)).ok_or_else(|| {
        let found = value.map_or_else(|| "a value that is not a number".to_owned(), |value| value.to_string());
        let allowed = format!("0.01 to {HIGHEST_J2K_RATE} bits per pixel and band");
        Error::usage("value of").field(name).found(found).allowed(allowed)
    })
}

/// Bits of a sample: as chosen, else all that carry information.
///
/// # Errors
/// [`Error::Usage`] for more bits than a sample has, and for more than decoders take unless they are chosen.
fn bits(metadata: &Metadata, layout: &ImageLayout) -> Result<u32> {
    let most = layout.sample.bits();
    let Some(value) = metadata.get(keys::BITS).filter(|_| metadata.is_chosen(keys::BITS)) else {
        let bits = layout.actual_bits.min(most);
        if layout.sample.is_integer() && bits > MOST_DECODED_BITS {
            let error = Error::usage(format!("bits of samples of type {}:", layout.sample)).found(bits);
            let allowed = format!("1 to {MOST_DECODED_BITS}, or the bits that the values need in {}", keys::BITS);
            return Err(error.allowed(allowed));
        }
        return Ok(bits);
    };
    let stated = value.to_floats().or_else(|| value.to_float().map(|bits| vec![bits])).unwrap_or_default();
    let bits = stated.first().map_or(0.0, |bits| bits.abs());
    let is_legal = stated.iter().all(|other| other.abs() == bits) && (1.0..=f64::from(most)).contains(&bits);
    if is_legal && bits.fract() == 0.0 {
        return Ok(bits as u32);
    }
    let allowed = format!("1 to {most} bits, the same for every band");
    Err(Error::usage("value of").field(keys::BITS).found(value).allowed(allowed))
}

/// The most bits of a sample that common decoders take.
const MOST_DECODED_BITS: u32 = 31;

/// Keys of boxes.
const BOX_KEYS: [&str; 6] = [
    keys::ICC_PROFILE,
    keys::CHANNELS,
    keys::CAPTURE_RESOLUTION,
    keys::DISPLAY_RESOLUTION,
    keys::XML,
    super::palette::KEY,
];

fn all_keys() -> impl Iterator<Item = &'static str> {
    let own = [RATE, HIGH_THROUGHPUT, keys::TILE_SIZE, keys::COMMENT];
    J2K_HINTS.into_iter().chain(FACTS).chain(BOX_KEYS).chain(own)
}

fn is_known(key: &str, is_boxed: bool) -> bool {
    let in_boxes = BOX_KEYS.contains(&key) || geo::is_key(key) || key.starts_with(keys::UUID);
    if in_boxes { is_boxed } else { all_keys().any(|known| known == key) }
}

fn tile(value: &Value) -> Result<(u32, u32)> {
    let sides = value.to_floats().filter(|sides| sides.iter().all(|side| side.fract() == 0.0 && *side >= 1.0));
    match sides.as_deref() {
        Some([columns, rows]) => Ok((*columns as u32, *rows as u32)),
        Some([side]) => Ok((*side as u32, *side as u32)),
        _ => Err(Error::usage("value of").field(keys::TILE_SIZE).found(value).allowed("columns and rows")),
    }
}

/// A comment: Latin-1 text, or bytes.
fn comment(value: &Value) -> Result<Com> {
    let (kind, text) = match value {
        Value::Bytes(bytes) => (0, bytes.clone()),
        Value::Text(text) => {
            let latin: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(char).ok()).collect();
            (1, latin.ok_or_else(|| illegal_comment(value))?)
        }
        _ => return Err(illegal_comment(value)),
    };
    if text.len() > MOST_COMMENT_BYTES {
        return Err(illegal_comment(&Value::from(text.len() as i64)));
    }
    Ok(Com { kind, text })
}

/// The most bytes of a comment: the length of its segment has 16 bits.
const MOST_COMMENT_BYTES: usize = 65_531;

fn illegal_comment(found: &Value) -> Error {
    let allowed = format!("Latin-1 text or bytes, at most {MOST_COMMENT_BYTES}");
    Error::usage("value of").field(keys::COMMENT).found(found).allowed(allowed)
}
