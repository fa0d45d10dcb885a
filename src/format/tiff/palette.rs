//! `ColorMap` (TIFF 6.0 §5): all red, then all green, then all blue values.

use crate::error::{Error, Result};
use crate::format::PaletteForm;
use crate::image::Palette;
use crate::metadata::{Metadata, Value};

const INTERPRETATION: &str = "262";
const COLOR_MAP: &str = "320";

/// The palette in the metadata of an image.
pub(in super::super) const PALETTE: PaletteForm = PaletteForm { palette, is_indexed };

/// `PhotometricInterpretation` of a palette image.
const INDEXED: i128 = 3;

/// The palette of a palette image with a `ColorMap`.
///
/// # Errors
/// [`Error::Malformed`] for a `ColorMap` that is not three tables of 16-bit values.
fn palette(metadata: &Metadata) -> Result<Option<Palette>> {
    let Some(Value::List(values)) = metadata.get(COLOR_MAP).filter(|_| is_indexed(metadata)) else { return Ok(None) };
    // 16-bit values that were made from 8 bits are multiples of 257, or of 256 if the writer was careless.
    let byte =
        |value: &Value| value.to_int().and_then(|value| u16::try_from(value).ok()).map(|value| (value >> 8) as u8);
    let bytes: Option<Vec<u8>> = values.iter().map(byte).collect();
    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty() && bytes.len().is_multiple_of(3)) else {
        return Err(Error::malformed("ColorMap")
            .found(format!("{} values", values.len()))
            .allowed("three tables of 16-bit values"));
    };
    Palette::from_bytes(bytes.chunks_exact(bytes.len() / 3).map(<[u8]>::to_vec).collect()).map(Some)
}

/// True for a palette image.
fn is_indexed(metadata: &Metadata) -> bool {
    metadata.get(INTERPRETATION).and_then(Value::to_int) == Some(INDEXED)
}
