//! The boxes before the codestream of a file (T.800 I.5, I.7).

use super::{geo, metadata as keys, palette};
use crate::codestream::j2k::SIGNATURE;
use crate::error::{Error, Result};
use crate::image::ImageLayout;
use crate::metadata::{Metadata, Value};

/// What the boxes state.
pub(super) struct HeaderBoxes {
    profile: Option<Vec<u8>>,
    palette: Option<Vec<Vec<u16>>>,
    /// Number, type and association of each channel.
    channels: Vec<[u16; 3]>,
    capture: Option<[f64; 2]>,
    display: Option<[f64; 2]>,
    /// Identifier and content.
    uuids: Vec<([u8; 16], Vec<u8>)>,
    xml: Vec<Vec<u8>>,
    bands: u32,
}

/// The colour spaces (Table I.10).
const SRGB: u32 = 16;
const GREY: u32 = 17;

/// Channel types (Table I.16) and associations (Table I.17).
const COLOR: u16 = 0;
const UNSPECIFIED: u16 = 0xFFFF;

impl HeaderBoxes {
    /// The boxes for an image with this metadata.
    ///
    /// # Errors
    /// [`Error::Usage`] for an illegal value, with its key.
    pub(super) fn read(metadata: &Metadata, layout: &ImageLayout) -> Result<Self> {
        let bytes = |key: &str| -> Result<Option<Vec<u8>>> {
            match metadata.get(key) {
                None => Ok(None),
                Some(Value::Bytes(bytes)) => Ok(Some(bytes.clone())),
                Some(other) => Err(illegal(key, other, "bytes")),
            }
        };
        let palette = palette::of_metadata(metadata)?;
        let bands = layout.bands;
        Ok(Self {
            profile: bytes(keys::ICC_PROFILE)?,
            channels: channels(metadata.get(keys::CHANNELS), if palette.is_some() { 3 } else { bands })?,
            palette,
            capture: resolution(metadata, keys::CAPTURE_RESOLUTION)?,
            display: resolution(metadata, keys::DISPLAY_RESOLUTION)?,
            uuids: uuids(metadata)?,
            xml: metadata.get_all(keys::XML).map(xml).collect::<Result<_>>()?,
            bands,
        })
    }

    /// True if the first three bands are red, green and blue.
    pub(super) fn is_color(&self) -> bool {
        matches!(self.bands, 3 | 4) && self.palette.is_none()
    }

    /// The boxes of a file whose components have `bits`, from the signature to what precedes the codestream. A JPH file
    /// (T.814 Annex D) has those of a JP2 file.
    pub(super) fn write(&self, layout: &ImageLayout, bits: u32, high_throughput: bool) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        let brand = if high_throughput { b"jph " } else { b"jp2 " };
        put_box(*b"ftyp", &[brand.as_slice(), &[0; 4], brand].concat(), &mut out);
        put_box(*b"jp2h", &self.image_header(layout, bits), &mut out);
        for (id, content) in &self.uuids {
            put_box(*b"uuid", &[&id[..], content].concat(), &mut out);
        }
        self.xml.iter().for_each(|xml| put_box(*b"xml ", xml, &mut out));
        out
    }

    fn image_header(&self, layout: &ImageLayout, bits: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let sign = if layout.sample.is_signed_integer() { 0x80 } else { 0 };
        let size = [layout.grid.rows(), layout.grid.columns()].map(u32::to_be_bytes).concat();
        // The codestream writer has checked the number of bands and of bits. The compression type is 7; the colour space is
        // known, and no intellectual property is stated.
        let rest = [&(self.bands as u16).to_be_bytes()[..], &[(bits - 1) as u8 | sign, 7, 0, 0]].concat();
        put_box(*b"ihdr", &[size, rest].concat(), &mut out);
        if let Some(profile) = &self.profile {
            put_box(*b"colr", &[&[2, 0, 0][..], profile].concat(), &mut out);
        } else {
            let space = if self.is_color() || self.palette.is_some() { SRGB } else { GREY };
            put_box(*b"colr", &[&[1, 0, 0][..], &space.to_be_bytes()].concat(), &mut out);
        }
        if let Some(tables) = &self.palette {
            put_palette(tables, &mut out);
        }
        if !self.channels.is_empty() {
            let count = (self.channels.len() as u16).to_be_bytes().to_vec();
            let entries = self.channels.iter().flatten().flat_map(|value| value.to_be_bytes());
            put_box(*b"cdef", &count.into_iter().chain(entries).collect::<Vec<u8>>(), &mut out);
        }
        let mut resolutions = Vec::new();
        for (kind, resolution) in [(*b"resc", self.capture), (*b"resd", self.display)] {
            if let Some(resolution) = resolution {
                put_box(kind, &resolution_bytes(resolution), &mut resolutions);
            }
        }
        if !resolutions.is_empty() {
            put_box(*b"res ", &resolutions, &mut out);
        }
        out
    }
}

/// Appends a box. Contents that the metadata hold are far below 4 GiB.
fn put_box(kind: [u8; 4], content: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(content.len() as u32 + 8).to_be_bytes());
    out.extend_from_slice(&kind);
    out.extend_from_slice(content);
}

/// `pclr` and `cmap` (I.5.3.4, I.5.3.5): a channel for each column.
fn put_palette(tables: &[Vec<u16>], out: &mut Vec<u8>) {
    let is_wide = tables.iter().flatten().any(|value| *value > 0xFF);
    let entries = tables.first().map_or(0, Vec::len);
    let mut content = (entries as u16).to_be_bytes().to_vec();
    content.push(tables.len() as u8);
    content.extend(std::iter::repeat_n(if is_wide { 15 } else { 7 }, tables.len()));
    for entry in 0..entries {
        for table in tables {
            let value = table[entry].to_be_bytes();
            content.extend_from_slice(if is_wide { &value } else { &value[1..] });
        }
    }
    put_box(*b"pclr", &content, out);
    let mapping: Vec<u8> = (0..tables.len()).flat_map(|column| [0, 0, 1, column as u8]).collect();
    put_box(*b"cmap", &mapping, out);
}

/// The channels as stated, or if there are others than grey or red, green, blue: the others have no stated meaning.
fn channels(stated: Option<&Value>, bands: u32) -> Result<Vec<[u16; 3]>> {
    let Some(value) = stated else {
        let colors = if bands >= 5 || bands == 2 { 1 } else { bands.min(3) };
        let channel = |number: u16| {
            if u32::from(number) < colors { [number, COLOR, number + 1] } else { [number, UNSPECIFIED, UNSPECIFIED] }
        };
        return Ok(if bands == colors { Vec::new() } else { (0..bands as u16).map(channel).collect() });
    };
    let wrong = || illegal(keys::CHANNELS, value, "a list of channels, each a list of number, type and association");
    let Value::List(entries) = value else { return Err(wrong()) };
    let channel = |entry: &Value| -> Option<[u16; 3]> {
        let Value::List(parts) = entry else { return None };
        let [number, kind, association] = parts.as_slice() else { return None };
        let short = |value: &Value| value.to_int().and_then(|value| u16::try_from(value).ok());
        let kind = match kind {
            Value::Text(name) => keys::CHANNEL_TYPES.iter().position(|known| known == name).map(|place| place as u16),
            other => short(other),
        };
        Some([short(number).filter(|number| u32::from(*number) < bands)?, kind?, short(association)?])
    };
    entries.iter().map(channel).collect::<Option<Vec<_>>>().ok_or_else(wrong)
}

fn resolution(metadata: &Metadata, key: &str) -> Result<Option<[f64; 2]>> {
    let Some(value) = metadata.get(key) else { return Ok(None) };
    let numbers = value.to_floats().and_then(|numbers| <[f64; 2]>::try_from(numbers).ok());
    let range = 1e-100..1e100;
    let numbers = numbers.filter(|numbers| numbers.iter().all(|number| range.contains(number)));
    numbers.map(Some).ok_or_else(|| illegal(key, value, "samples per metre, vertically and horizontally"))
}

/// Numerators, denominators and exponents (I.5.3.7): as many digits as a numerator takes.
fn resolution_bytes(resolution: [f64; 2]) -> Vec<u8> {
    let parts = resolution.map(|value| {
        let least = value.log10().floor() as i32 - 4;
        let fits = (value / 10f64.powi(least)).round() <= f64::from(u16::MAX);
        let exponent = if fits { least } else { least + 1 };
        let numerator = (value / 10f64.powi(exponent)).round() as u16;
        (numerator, exponent as i8)
    });
    let fractions = parts.iter().flat_map(|(numerator, _)| [*numerator, 1]).flat_map(u16::to_be_bytes);
    fractions.chain(parts.iter().map(|(_, exponent)| *exponent as u8)).collect()
}

/// The boxes with an identifier. Georeferences that the metadata state replace those in boxes that were copied.
fn uuids(metadata: &Metadata) -> Result<Vec<([u8; 16], Vec<u8>)>> {
    let mut all = Vec::new();
    let stated = if geo::is_chosen(metadata) { geo::content(metadata)? } else { None };
    for (key, value) in metadata.iter() {
        let Some(digits) = key.strip_prefix(keys::UUID) else { continue };
        let byte = |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        let id: Option<Vec<u8>> = (0..16).map(|n| byte(2 * n)).collect();
        let id = id.filter(|_| digits.len() == 32).and_then(|id| <[u8; 16]>::try_from(id).ok());
        let (Some(id), Value::Bytes(content)) = (id, value) else {
            return Err(illegal(key, value, "bytes under a key of 32 hexadecimal digits"));
        };
        if stated.is_none() || !geo::GEO_TIFF.contains(&id) {
            all.push((id, content.clone()));
        }
    }
    all.extend(stated.map(|content| (geo::GEO_TIFF[0], content)));
    Ok(all)
}

fn xml(value: &Value) -> Result<Vec<u8>> {
    match value {
        Value::Text(text) => Ok(text.clone().into_bytes()),
        Value::Bytes(bytes) => Ok(bytes.clone()),
        other => Err(illegal(keys::XML, other, "text or bytes")),
    }
}

fn illegal(key: &str, found: &Value, allowed: &str) -> Error {
    Error::usage("value of").field(key).found(found).allowed(allowed)
}
