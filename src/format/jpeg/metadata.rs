//! Metadata keys, and their values from a header.

use crate::codec::jpeg::markers::Process;
use crate::codestream::jpeg::Header;
use crate::format::{Warning, WarningKind};
use crate::metadata::{Metadata, Value};

pub(super) const QUALITY: &str = "JPEG_QUALITY";
pub(super) const SUBSAMPLING: &str = "JPEG_SUBSAMPLING";
pub(super) const DENSITY: &str = "JPEG_DENSITY";
pub(super) const COMMENT: &str = "JPEG_COMMENT";
pub(super) const EXIF: &str = "JPEG_EXIF";
pub(super) const ICC_PROFILE: &str = "JPEG_ICC_PROFILE";
/// Followed by the number of the application segment.
pub(super) const APPLICATION: &str = "JPEG_APP";

/// The family of the format in the origin of metadata.
const FAMILY: &str = "jpeg";

const PROCESS: &str = "JPEG_PROCESS";
const PRECISION: &str = "JPEG_PRECISION";
const SAMPLING_FACTORS: &str = "JPEG_SAMPLING_FACTORS";
const RESTART_INTERVAL: &str = "JPEG_RESTART_INTERVAL";
const ADOBE_TRANSFORM: &str = "JPEG_ADOBE_TRANSFORM";

/// Facts of a file that a writer ignores.
pub(super) const FACTS: [&str; 5] = [PROCESS, PRECISION, SAMPLING_FACTORS, RESTART_INTERVAL, ADOBE_TRANSFORM];

/// Names of subsamplings, with the columns and rows of luminance per sample of chrominance.
pub(super) const SUBSAMPLINGS: [(&str, (u8, u8)); 4] =
    [("4:2:0", (2, 2)), ("4:2:2", (2, 1)), ("4:4:0", (1, 2)), ("4:4:4", (1, 1))];

/// The metadata of a header. Each omission gives a warning.
pub(super) fn of(header: &Header, warnings: &mut Vec<Warning>) -> Metadata {
    let mut out = Metadata::new();
    let frame = &header.frame;
    let process = match frame.process {
        Process::Baseline => "baseline",
        Process::Extended => "extended",
        Process::Progressive => "progressive",
        Process::Lossless => "lossless",
    };
    out.set(PROCESS, process);
    out.set(PRECISION, frame.precision);
    if let Some(quality) = header.quality {
        out.set(QUALITY, quality);
    }
    let factors: Vec<String> =
        frame.components.iter().map(|part| format!("{}x{}", part.horizontal, part.vertical)).collect();
    out.set(SAMPLING_FACTORS, factors.join(" "));
    if let [luminance, chrominance @ ..] = frame.components.as_slice()
        && chrominance.len() == 2
        && chrominance.iter().all(|part| (part.horizontal, part.vertical) == (1, 1))
        && let Some((name, _)) = SUBSAMPLINGS.iter().find(|(_, f)| *f == (luminance.horizontal, luminance.vertical))
    {
        out.set(SUBSAMPLING, *name);
    }
    if header.restart_interval > 0 {
        out.set(RESTART_INTERVAL, header.restart_interval);
    }
    if let Some((units, x, y)) = header.density {
        out.set(DENSITY, vec![Value::from(x), y.into(), units.into()]);
    }
    if let Some(transform) = header.adobe_transform {
        out.set(ADOBE_TRANSFORM, transform);
    }
    header.comments.iter().for_each(|comment| out.append(COMMENT, text(comment)));
    header.exif.iter().for_each(|exif| out.append(EXIF, exif.clone()));
    if let Some(profile) = profile(&header.icc, warnings) {
        out.set(ICC_PROFILE, profile);
    }
    for (number, payload) in &header.others {
        out.append(format!("{APPLICATION}{number}"), payload.clone());
    }
    out.read_from(FAMILY, "", header.raw.clone())
}

/// The metadata of a request with the origin that counts here: that of a JPEG file. A plain mapping with the facts of every
/// header counts as a copy.
pub(super) fn with_origin(metadata: &Metadata) -> Metadata {
    metadata.for_family(FAMILY, &[PROCESS, PRECISION, SAMPLING_FACTORS], |_| true)
}

/// True if the value under `key` was read from an image of `bands` bands.
pub(super) fn is_of_bands(metadata: &Metadata, key: &str, bands: u32) -> bool {
    let factors = metadata.get(SAMPLING_FACTORS).and_then(Value::as_text).unwrap_or_default();
    !metadata.is_chosen(key) && factors.split(' ').count() == bands as usize
}

/// The names of what other formats do not take over. The first comment is the description, if it is text. A density without a
/// unit, of square pixels, states nothing.
pub(super) fn further(metadata: &Metadata) -> Vec<String> {
    let mut has_description = false;
    let mut is_further = |key: &str, value: &Value| match key {
        QUALITY | SUBSAMPLING => false,
        DENSITY => {
            value.to_floats().is_none_or(|density| density.len() != 3 || density[0] != density[1] || density[2] != 0.0)
        }
        COMMENT => std::mem::replace(&mut has_description, true) || value.as_text().is_none(),
        key => !FACTS.contains(&key) && key.starts_with(super::KEY_PREFIX),
    };
    metadata.iter().filter(|(key, value)| is_further(key, value)).map(|(key, _)| key.to_owned()).collect()
}

/// Text if the bytes are UTF-8, else the bytes. Trailing NULs, which C programs write, are kept.
fn text(bytes: &[u8]) -> Value {
    String::from_utf8(bytes.to_vec()).map_or_else(|_| Value::Bytes(bytes.to_vec()), Value::Text)
}

/// Joins the chunks of a profile (ICC.1, annex B.4). Each begins with its number, counted from 1, and the number of chunks.
fn profile(chunks: &[Vec<u8>], warnings: &mut Vec<Warning>) -> Option<Vec<u8>> {
    if chunks.is_empty() {
        return None;
    }
    let mut chunks: Vec<&Vec<u8>> = chunks.iter().collect();
    chunks.sort_by_key(|chunk| chunk.first().copied());
    let count = chunks.len();
    let is_right = |(number, chunk): (usize, &&Vec<u8>)| {
        chunk.len() >= 2 && usize::from(chunk[0]) == number && usize::from(chunk[1]) == count
    };
    if !(1..).zip(&chunks).all(is_right) {
        let message = "the chunks of the profile are not numbered correctly; the profile is ignored";
        warnings.push(Warning::new(WarningKind::File, ICC_PROFILE, message));
        return None;
    }
    Some(chunks.iter().flat_map(|chunk| &chunk[2..]).copied().collect())
}
