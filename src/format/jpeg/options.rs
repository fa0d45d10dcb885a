//! The options of a file to write: turns metadata into checked values and marker segments.

use super::NAMES;
use super::metadata::{
    self as keys, APPLICATION, COMMENT, DENSITY, EXIF, FACTS, ICC_PROFILE, QUALITY, SUBSAMPLING, SUBSAMPLINGS,
    is_of_bands, with_origin,
};
use crate::codec::jpeg::markers::{APP0, COM};
use crate::codec::jpeg::segments::write_segment;
use crate::codec::jpeg::{ColorModel, DEFAULT_QUALITY};
use crate::codestream::jpeg::{EXIF as EXIF_PREFIX, Header, ICC, JFIF, JpegOptions};
use crate::error::{Error, Result, nearest};
use crate::format::{Warning, WarningKind, unknown_key};
use crate::metadata::{Metadata, Value};

/// Largest payload of a segment, in bytes.
pub(super) const LARGEST_PAYLOAD: usize = 65_533;

/// Largest part of a profile in one segment, and the most segments of a profile.
const PROFILE_CHUNK: usize = LARGEST_PAYLOAD - ICC.len() - 2;
const PROFILE_CHUNKS: usize = 255;

/// Where a profile names its colour space (ICC.1, 7.2).
const PROFILE_SPACE: std::ops::Range<usize> = 16..20;

/// The options in the metadata of an image of `bands` bands. If it has no comment, `description` becomes the comment. Each ignored
/// key gives a warning. What was read is written as it was, even if it is illegal.
///
/// # Errors
/// [`Error::Usage`] for an illegal value that the caller has chosen; it states the key, the value and the allowed values.
pub(super) fn read(
    metadata: &Metadata,
    bands: u32,
    description: &str,
    warnings: &mut Vec<Warning>,
) -> Result<JpegOptions> {
    let quality = match metadata.get(QUALITY) {
        Some(value) => {
            quality(value.to_float().ok_or_else(|| illegal(QUALITY, value, "an integer from 1 to 100"))?, QUALITY)?
        }
        None => DEFAULT_QUALITY,
    };
    let subsampling = metadata.get(SUBSAMPLING).map_or(Ok(SUBSAMPLINGS[0].1), subsampling)?;
    let mut segments = Vec::new();
    let metadata = &with_origin(metadata);
    write_density(metadata, &mut segments)?;
    for (key, value) in metadata.iter() {
        match key {
            QUALITY | SUBSAMPLING | DENSITY | COMMENT => {}
            EXIF => write_payload(key, 1, EXIF_PREFIX, bytes(key, value)?, &mut segments)?,
            ICC_PROFILE => {
                let profile = bytes(key, value)?;
                if is_of_space(profile, bands) || is_of_bands(metadata, key, bands) {
                    write_profile(profile, &mut segments)?;
                } else {
                    warnings.push(Warning::new(
                        WarningKind::Metadata,
                        key,
                        "the profile is for another colour space; it is ignored",
                    ));
                }
            }
            _ if FACTS.contains(&key) => {}
            _ => match application(key) {
                // An index of several images holds offsets into the file it was read from.
                Some(2) if bytes(key, value)?.starts_with(b"MPF\0") => {
                    warnings.push(Warning::new(
                        WarningKind::Metadata,
                        key,
                        "the index of several images refers to another file; it is ignored",
                    ));
                }
                Some(number) => write_payload(key, number, &[], bytes(key, value)?, &mut segments)?,
                None => unknown(metadata, key, warnings)?,
            },
        }
    }
    write_comments(metadata, description, &mut segments)?;
    let color = match bands {
        1 => ColorModel::Independent,
        _ => ColorModel::YCbCr { horizontal: subsampling.0, vertical: subsampling.1 },
    };
    Ok(JpegOptions { quality, color, segments, restarts: false })
}

/// True if a stream with this header is what the metadata ask for: they state no other quality or subsampling. A density needs a
/// segment that some streams do not have.
pub(super) fn keep(metadata: &Metadata, header: &Header) -> bool {
    let stored = keys::of(header, &mut Vec::new());
    let is_kept = |key: &str| metadata.get(key).is_none_or(|value| stored.get(key) == Some(value));
    is_kept(QUALITY) && is_kept(SUBSAMPLING) && (header.density.is_some() || is_kept(DENSITY))
}

/// The warning that an image of a JPEG file is encoded again, although the caller chose no quality.
pub(super) fn second_loss(metadata: &Metadata) -> Option<Warning> {
    let metadata = with_origin(metadata);
    let message =
        "the pixels of a JPEG file are encoded as JPEG again, which loses more: choose a quality, or another format";
    (metadata.origin().is_some() && !metadata.is_chosen(QUALITY))
        .then(|| Warning::new(WarningKind::Metadata, QUALITY, message))
}

/// A quality of 1 to 100, given as `name`.
///
/// # Errors
/// [`Error::Usage`] for any other number.
pub(super) fn quality(value: f64, name: &str) -> Result<u8> {
    if value.fract() == 0.0 && (1.0..=100.0).contains(&value) {
        return Ok(value as u8);
    }
    Err(Error::usage("value of").field(name).found(value).allowed("an integer from 1 to 100"))
}

fn subsampling(value: &Value) -> Result<(u8, u8)> {
    let found = value.as_text().and_then(|text| SUBSAMPLINGS.iter().find(|(name, _)| *name == text.trim()));
    let allowed = SUBSAMPLINGS.map(|(name, _)| name).join(" ");
    found.map(|(_, factors)| *factors).ok_or_else(|| illegal(SUBSAMPLING, value, &allowed))
}

fn write_density(metadata: &Metadata, out: &mut Vec<u8>) -> Result<()> {
    let allowed = "two integers from 1 to 65535 and a unit from 0 to 2";
    // Some programs write zeros and other units, which the standard does not allow.
    let (least, units) = if metadata.is_chosen(DENSITY) { (1.0, 2.0) } else { (0.0, 255.0) };
    let (x, y, units) = match metadata.get(DENSITY) {
        None => (1, 1, 0),
        Some(value) => {
            let numbers = value.to_floats().unwrap_or_default();
            let [x, y, unit] = numbers[..] else { return Err(illegal(DENSITY, value, allowed)) };
            let good = |number: f64, least: f64, most: f64| number.fract() == 0.0 && (least..=most).contains(&number);
            if !good(x, least, 65_535.0) || !good(y, least, 65_535.0) || !good(unit, 0.0, units) {
                return Err(illegal(DENSITY, value, allowed));
            }
            (x as u16, y as u16, unit as u8)
        }
    };
    // Version 1.02, no thumbnail.
    write_segment(APP0, &[JFIF, &[1, 2, units], &x.to_be_bytes(), &y.to_be_bytes(), &[0, 0]], out);
    Ok(())
}

fn write_comments(metadata: &Metadata, description: &str, out: &mut Vec<u8>) -> Result<()> {
    let mut comments: Vec<&[u8]> = Vec::new();
    for value in metadata.get_all(COMMENT) {
        comments.push(match value {
            Value::Text(text) => text.as_bytes(),
            value => bytes(COMMENT, value)?,
        });
    }
    if comments.is_empty() && !description.is_empty() {
        comments.push(description.as_bytes());
    }
    for comment in comments {
        check_length(COMMENT, comment.len(), LARGEST_PAYLOAD)?;
        write_segment(COM, &[comment], out);
    }
    Ok(())
}

/// True if the colour space of a profile, as far as it is known, is that of an image of `bands` bands.
fn is_of_space(profile: &[u8], bands: u32) -> bool {
    let space: &[u8] = if bands == 1 { b"GRAY" } else { b"RGB " };
    profile.get(PROFILE_SPACE).is_none_or(|found| found == space)
}

/// Writes a profile in chunks, at least one.
fn write_profile(profile: &[u8], out: &mut Vec<u8>) -> Result<()> {
    check_length(ICC_PROFILE, profile.len(), PROFILE_CHUNK * PROFILE_CHUNKS)?;
    let count = profile.len().div_ceil(PROFILE_CHUNK).max(1);
    for number in 0..count {
        let chunk = &profile[number * PROFILE_CHUNK..profile.len().min((number + 1) * PROFILE_CHUNK)];
        write_segment(APP0 + 2, &[ICC, &[number as u8 + 1, count as u8], chunk], out);
    }
    Ok(())
}

fn write_payload(key: &str, number: u8, prefix: &[u8], payload: &[u8], out: &mut Vec<u8>) -> Result<()> {
    check_length(key, payload.len(), LARGEST_PAYLOAD - prefix.len())?;
    write_segment(APP0 + number, &[prefix, payload], out);
    Ok(())
}

/// The segment number in the key of an application segment.
fn application(key: &str) -> Option<u8> {
    key.strip_prefix(APPLICATION).and_then(|number| number.parse().ok()).filter(|number| *number < 16)
}

fn unknown(metadata: &Metadata, key: &str, warnings: &mut Vec<Warning>) -> Result<()> {
    let options = [QUALITY, SUBSAMPLING, DENSITY, COMMENT, EXIF, ICC_PROFILE];
    let segments: Vec<String> = (0..16).map(|number| format!("{APPLICATION}{number}")).collect();
    let known = options.into_iter().chain(FACTS).chain(segments.iter().map(String::as_str));
    unknown_key(
        &NAMES,
        (metadata, key),
        nearest(key, known),
        "a key of JPEG, such as JPEG_COMMENT for a text",
        warnings,
    )
}

fn bytes<'a>(key: &str, value: &'a Value) -> Result<&'a [u8]> {
    if let Value::Bytes(bytes) = value { Ok(bytes) } else { Err(illegal(key, value, "bytes")) }
}

fn check_length(key: &str, length: usize, allowed: usize) -> Result<()> {
    if length <= allowed {
        return Ok(());
    }
    Err(Error::usage("length of").field(key).found(length).allowed(format!("at most {allowed} bytes")))
}

fn illegal(key: &str, value: &Value, allowed: &str) -> Error {
    Error::usage("value of").field(key).found(value).allowed(allowed)
}
