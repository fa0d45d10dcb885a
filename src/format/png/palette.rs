//! `PNG_PALETTE`: the content of the chunk PLTE as a list of `[red, green, blue]`.

use crate::error::{Error, Result};
use crate::format::PaletteForm;
use crate::image::Palette;
use crate::metadata::{Metadata, Value};

/// The metadata key.
pub(super) const KEY: &str = "PNG_PALETTE";

/// The palette in the metadata of an image.
pub(in super::super) const PALETTE: PaletteForm = PaletteForm { palette, is_indexed };

/// The palette of a palette image.
///
/// # Errors
/// [`Error::Malformed`] for entries that are not three bytes each.
fn palette(metadata: &Metadata) -> Result<Option<Palette>> {
    let Some(entries) = metadata.get(KEY) else { return Ok(None) };
    let mut bytes = Vec::new();
    let is_good = flatten(entries, &mut bytes) && !bytes.is_empty() && bytes.len().is_multiple_of(3);
    if !is_good {
        return Err(Error::malformed(KEY).found(entries).allowed("a list of [red, green, blue] from 0 to 255"));
    }
    let table = |band: usize| bytes.iter().skip(band).step_by(3).copied().collect();
    Palette::from_bytes([0, 1, 2].map(table).to_vec()).map(Some)
}

/// True for a palette image.
fn is_indexed(metadata: &Metadata) -> bool {
    metadata.get(KEY).is_some()
}

/// Adds the numbers of nested lists; false if one is not a byte.
fn flatten(value: &Value, out: &mut Vec<u8>) -> bool {
    match value {
        Value::List(values) => values.iter().all(|value| flatten(value, out)),
        value => value.to_int().and_then(|value| u8::try_from(value).ok()).map(|byte| out.push(byte)).is_some(),
    }
}
