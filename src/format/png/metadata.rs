//! Metadata of a file: chunks to keys and back.

use std::borrow::Cow;

use super::chunk::{Chunk, Chunks, Kind};
use super::fields::{FIELDS, Field};
use super::palette::KEY as PALETTE;
use super::text::{self, TEXT_KEY};
use super::{KEY_PREFIX, NAMES};
use crate::codestream::png::{ColorType, Header};
use crate::error::{Error, Result, nearest};
use crate::format::{Warning, WarningKind, refuse_chosen, unknown_key};
use crate::limits::Limits;
use crate::metadata::{Metadata, Stored, Value};

/// Prefix of the keys of chunks that have no key of their own.
const CHUNK_KEY: &str = "PNG_CHUNK_";

const PROFILE: &str = "PNG_ICC_PROFILE";
const PROFILE_NAME: &str = "PNG_ICC_PROFILE_NAME";
/// The family of the format in the origin of metadata.
pub(super) const FAMILY: &str = "png";

const TRANSPARENCY: &str = "PNG_TRANSPARENCY";
const BACKGROUND: &str = "PNG_BACKGROUND";
const SRGB: &str = "PNG_SRGB";
const BIT_DEPTH: &str = "PNG_BIT_DEPTH";
const COLOR_TYPE: &str = "PNG_COLOR_TYPE";

/// The effort of compression.
pub(super) const COMPRESSION: &str = "PNG_COMPRESSION";

/// What depends on the bands of the image.
pub(super) const OF_SAMPLES: [&str; 7] = [PROFILE, PROFILE_NAME, TRANSPARENCY, BACKGROUND, SRGB, BIT_DEPTH, COLOR_TYPE];

/// Facts that the pixels determine when a file is written.
const READ_ONLY: [&str; 3] = [BIT_DEPTH, COLOR_TYPE, "PNG_INTERLACE"];

/// Keywords of the texts that other formats take as title and description, and of the program that wrote the file.
const KNOWN_TEXTS: [&str; 3] = ["Title", "Description", "Software"];

const ICCP: Kind = Kind(*b"iCCP");

/// Chunks of animations. They do not describe the default image, and a copy of them without their frames would be broken.
const ANIMATION: [&[u8; 4]; 3] = [b"acTL", b"fcTL", b"fdAT"];

/// Chunks without a key of their own that must precede the palette (PNG third edition, 5.6).
const BEFORE_PALETTE: [&[u8; 4]; 3] = [b"cICP", b"mDCV", b"cLLI"];

/// Collects the metadata of a file from its chunks.
pub(super) struct Collector {
    pub(super) metadata: Metadata,
    pub(super) warnings: Vec<Warning>,
    /// The chunks whose values do not determine them, by key.
    pub(super) stored: Stored,
    header: Header,
    limits: Limits,
    /// Bytes of values so far, with the overhead of their entries.
    used: u64,
}

impl Collector {
    /// Begins with the facts of the header.
    pub(super) fn new(header: Header, limits: Limits) -> Self {
        let facts = [header.depth.into(), (header.color as u8).into(), u8::from(header.interlaced).into()];
        let metadata = READ_ONLY.into_iter().zip(facts).collect::<Vec<(&str, Value)>>().into_iter().collect();
        Self { metadata, warnings: Vec::new(), stored: Stored::new(), header, limits, used: 0 }
    }

    /// Adds a chunk that is neither the header, nor image data, nor the end.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a palette that breaks the standard, [`Error::Unsupported`] for an unknown critical chunk,
    /// [`Error::Limit`] for more metadata than allowed. A defect of any other chunk gives a warning.
    pub(super) fn add(&mut self, chunks: &Chunks<'_>, chunk: &Chunk) -> Result<()> {
        if ANIMATION.contains(&&chunk.kind.0) {
            if chunk.kind.0 == *b"acTL" {
                self.warn(chunk.kind, "the file is an animation; only its default image is read");
            }
            return Ok(());
        }
        if !chunk.kind.is_ancillary() && chunk.kind != Kind::PLTE {
            return Err(Error::unsupported("critical chunk").found(chunk.kind).at(chunk.offset));
        }
        if chunk.kind == Kind::PLTE && matches!(self.header.color, ColorType::Grey | ColorType::GreyAlpha) {
            self.warn(chunk.kind, "a grey image has no palette; the chunk is ignored");
            return Ok(());
        }
        self.charge(chunk.length.into())?;
        let (data, right) = chunks.data(chunk)?;
        let entry = if right { self.entry(chunk.kind, &data) } else { None };
        let Some(entries) = entry else {
            if chunk.kind == Kind::PLTE {
                return Err(Error::malformed("chunk").field(chunk.kind).at(chunk.offset));
            }
            let why = if right { "the chunk breaks the standard" } else { "the chunk has a wrong checksum" };
            self.warn(chunk.kind, format!("{why}; it is ignored"));
            return Ok(());
        };
        for (key, value) in entries {
            // Texts and chunks without a key of their own may repeat.
            if !key.starts_with(TEXT_KEY) && !key.starts_with(CHUNK_KEY) && self.metadata.get(&key).is_some() {
                self.warn(chunk.kind, "the chunk occurs more than once; only the first is read");
                break;
            }
            if let Some(field) = FIELDS.iter().find(|field| field.key == key)
                && !field.is_determined(&value, &self.header, &data)
            {
                self.stored.push((key.clone(), data.clone()));
            }
            self.metadata.append(key, value);
        }
        Ok(())
    }

    fn entry(&mut self, kind: Kind, data: &[u8]) -> Option<Vec<(String, Value)>> {
        let left = (self.limits.max_metadata_bytes - self.used) as usize;
        if let Some(field) = FIELDS.iter().find(|field| field.kind == kind) {
            return (field.read)(data, &self.header).map(|value| vec![(field.key.to_owned(), value)]);
        }
        if text::is_text(kind) {
            let (keyword, value) = text::read(kind, data, left)?;
            self.used += value_bytes(&value);
            return Some(vec![(format!("{TEXT_KEY}{keyword}"), value)]);
        }
        if kind == ICCP {
            let (name, profile) = text::read_profile(data, left)?;
            self.used += profile.len() as u64;
            return Some(vec![(PROFILE.to_owned(), profile.into()), (PROFILE_NAME.to_owned(), name.into())]);
        }
        Some(vec![(format!("{CHUNK_KEY}{kind}"), data.to_vec().into())])
    }

    /// Counts the bytes of an entry and its overhead: a million empty chunks must not evade the limit.
    fn charge(&mut self, bytes: u64) -> Result<()> {
        self.used = self.used.saturating_add(bytes).saturating_add(ENTRY_BYTES);
        self.limits.check_metadata("PNG metadata", self.used)
    }

    fn warn(&mut self, kind: Kind, message: impl Into<Cow<'static, str>>) {
        let warning = Warning::new(WarningKind::File, kind.to_string(), message);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// The checked chunks before the image data of a file to write.
pub(super) struct HeaderChunks {
    /// The header of the image.
    pub(super) header: Header,
    /// Number of palette entries, if the samples are indices.
    pub(super) palette: Option<usize>,
    /// Types and data of the chunks, in an order that the standard allows (5.6).
    pub(super) chunks: Vec<(Kind, Vec<u8>)>,
}

/// True if an image of one band is written as palette indices.
pub(super) fn has_palette(metadata: &Metadata) -> bool {
    metadata.get(PALETTE).is_some()
}

/// True if the palette was read, rather than chosen by the caller.
pub(super) fn is_palette_read(metadata: &Metadata) -> bool {
    has_palette(metadata) && !metadata.is_chosen(PALETTE)
}

/// The metadata of a request with the origin that counts here: that of a PNG file. A plain mapping with the facts of a header
/// counts as a copy.
pub(super) fn with_origin(metadata: &Metadata) -> Metadata {
    metadata.for_family(FAMILY, &READ_ONLY, |_| true)
}

/// Turns metadata into chunks. Each key that cannot be written gives one warning. What was read is written as it was, or left
/// out with a warning.
///
/// # Errors
/// [`Error::Usage`] for an illegal value that the caller has chosen.
pub(super) fn chunks(header: Header, metadata: &Metadata, warnings: &mut Vec<Warning>) -> Result<HeaderChunks> {
    let mut out = Vec::new();
    if let Some(data) = profile(metadata, warnings)? {
        out.push((ICCP, data));
    }
    let with_profile = !out.is_empty();
    for field in FIELDS {
        let Some(value) = metadata.get(field.key) else { continue };
        if field.key == SRGB && with_profile {
            warnings.push(Warning::new(WarningKind::Metadata, SRGB, "is ignored: an embedded profile replaces it"));
            continue;
        }
        if let Some(data) = metadata.stored(FAMILY, field.key).filter(|_| is_of_color(metadata, header)) {
            out.push((field.kind, data.to_vec()));
            continue;
        }
        match field.data(value, &header) {
            Ok(Some(data)) => out.push((field.kind, data)),
            Ok(None) => {
                warnings.push(Warning::new(
                    WarningKind::Metadata,
                    field.key,
                    "is ignored: it does not apply to an image of this kind",
                ));
            }
            Err(error) => refuse_chosen(metadata, field.key, error, warnings)?,
        }
    }
    let palette = (header.color == ColorType::Palette)
        .then(|| out.iter().find(|(kind, _)| *kind == Kind::PLTE).map_or(0, |(_, data)| data.len() / 3));
    check_palette(palette, metadata, &mut out, warnings)?;
    for (key, value) in metadata.iter() {
        let read = !metadata.is_chosen(key);
        let chunk = if key.starts_with(TEXT_KEY) {
            text::write(key, value, read)
        } else if key.starts_with(CHUNK_KEY) {
            other(key, value, read)
        } else {
            if !is_known(key) && !warnings.iter().any(|warning| warning.key == key) {
                unknown(metadata, key, warnings)?;
            }
            continue;
        };
        match chunk {
            Ok(chunk) if BEFORE_PALETTE.contains(&&chunk.0.0) => out.insert(0, chunk),
            Ok(chunk) => out.push(chunk),
            Err(error) => refuse_chosen(metadata, key, error, warnings)?,
        }
    }
    if metadata.get(BIT_DEPTH).and_then(Value::to_int).is_some_and(|depth| depth < 8) && header.color == ColorType::Grey
    {
        let message = "samples of fewer than 8 bits are written as 8 bits with unchanged values";
        warnings.push(Warning::new(WarningKind::Metadata, BIT_DEPTH, message));
    }
    Ok(HeaderChunks { header, palette, chunks: out })
}

/// True if the metadata was read from an image with the colour type of the header: its chunks then have the same form.
fn is_of_color(metadata: &Metadata, header: Header) -> bool {
    metadata.get(COLOR_TYPE).and_then(Value::to_int) == Some(header.color as i128)
}

/// The data of an iCCP chunk, if there is a profile.
fn profile(metadata: &Metadata, warnings: &mut Vec<Warning>) -> Result<Option<Vec<u8>>> {
    let name = metadata.get(PROFILE_NAME).map_or(Some("ICC profile"), Value::as_text);
    let name = name.ok_or_else(|| Error::usage("illegal value of metadata key").field(PROFILE_NAME).allowed("text"))?;
    match metadata.get(PROFILE) {
        Some(Value::Bytes(bytes)) => {
            text::write_profile(PROFILE_NAME, name, bytes, !metadata.is_chosen(PROFILE_NAME)).map(Some)
        }
        Some(other) => Err(Error::usage("illegal value of metadata key").field(PROFILE).found(other).allowed("bytes")),
        None => {
            if metadata.get(PROFILE_NAME).is_some() {
                warnings.push(Warning::new(WarningKind::Metadata, PROFILE_NAME, "is ignored without PNG_ICC_PROFILE"));
            }
            Ok(None)
        }
    }
}

/// Checks that the transparency has at most as many entries as the palette, and that the background is one of them. A chunk
/// that was read together with the palette is written as it was.
fn check_palette(
    entries: Option<usize>,
    metadata: &Metadata,
    chunks: &mut Vec<(Kind, Vec<u8>)>,
    warnings: &mut Vec<Warning>,
) -> Result<()> {
    let Some(entries) = entries else { return Ok(()) };
    for (key, kind, needed) in [
        (TRANSPARENCY, *b"tRNS", (|data| data.len()) as fn(&[u8]) -> usize),
        (BACKGROUND, *b"bKGD", |data| data.first().map_or(0, |index| usize::from(*index) + 1)),
    ] {
        let Some(place) = chunks.iter().position(|(found, _)| found.0 == kind) else { continue };
        let needed = needed(&chunks[place].1);
        let were_read = is_palette_read(metadata) && !metadata.is_chosen(key);
        if needed > entries && !were_read {
            let error = Error::usage("entries of PNG_PALETTE used by chunk").field(Kind(kind)).found(needed);
            refuse_chosen(metadata, key, error.allowed(format!("at most {entries}")), warnings)?;
            chunks.remove(place);
        }
    }
    Ok(())
}

/// A chunk that is written unchanged. One that was `read` may have a reserved type.
fn other(key: &str, value: &Value, read: bool) -> Result<(Kind, Vec<u8>)> {
    let kind = key.strip_prefix(CHUNK_KEY).and_then(Kind::from_name);
    let own = |kind: &Kind| {
        FIELDS.iter().any(|field| field.kind == *kind)
            || text::is_text(*kind)
            || *kind == ICCP
            || ANIMATION.contains(&&kind.0)
    };
    // The third letter is upper case in every chunk that may be written (5.4).
    let kind = kind.filter(|kind| kind.is_ancillary() && (read || kind.0[2].is_ascii_uppercase()) && !own(kind));
    match (kind, value) {
        (Some(kind), Value::Bytes(bytes)) => Ok((kind, bytes.clone())),
        (Some(_), other) => Err(Error::usage("illegal value of metadata key").field(key).found(other).allowed("bytes")),
        (None, _) => Err(Error::usage("metadata key")
            .field(key)
            .allowed("the type of an ancillary chunk without a key of its own, e.g. PNG_CHUNK_oFFs")),
    }
}

/// The names of what other formats do not take over.
pub(super) fn further(metadata: &Metadata) -> Vec<String> {
    let is_text = |key: &str| key.strip_prefix(TEXT_KEY).is_some_and(|keyword| KNOWN_TEXTS.contains(&keyword));
    let is_further = |key: &str| key.starts_with(KEY_PREFIX) && !READ_ONLY.contains(&key) && !is_text(key);
    metadata.iter().map(|(key, _)| key).filter(|key| is_further(key)).map(str::to_owned).collect()
}

fn is_known(key: &str) -> bool {
    known_keys().any(|known| known == key)
}

fn known_keys() -> impl Iterator<Item = &'static str> {
    let others = [PROFILE, PROFILE_NAME, COMPRESSION];
    FIELDS.iter().map(|field: &Field| field.key).chain(READ_ONLY).chain(others)
}

fn unknown(metadata: &Metadata, key: &str, warnings: &mut Vec<Warning>) -> Result<()> {
    // The keys of texts and of other chunks end freely: only their beginning can be misspelt.
    let end = key.splitn(3, '_').nth(2).unwrap_or_default();
    let free = [TEXT_KEY, CHUNK_KEY].map(|start| format!("{start}{end}"));
    let mut known: Vec<&str> = known_keys().collect();
    known.extend(free.iter().map(String::as_str));
    unknown_key(
        &NAMES,
        (metadata, key),
        nearest(key, known),
        "a key of PNG, such as PNG_TEXT_Title for a text",
        warnings,
    )
}

fn value_bytes(value: &Value) -> u64 {
    match value {
        Value::Text(text) => text.len() as u64,
        Value::Map(entries) => entries.iter().map(|(name, value)| name.len() as u64 + value_bytes(value)).sum(),
        _ => 0,
    }
}

/// Approximate overhead of an entry besides its bytes.
const ENTRY_BYTES: u64 = 128;

#[cfg(test)]
mod tests;
