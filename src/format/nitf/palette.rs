//! Look-up tables of a band: LUTS (2500C Table A-3).

use crate::error::Result;
use crate::format::PaletteForm;
use crate::image::Palette;
use crate::metadata::{Metadata, Value};

const BANDS: &str = "BAND_INFO";
const REPRESENTATION: &str = "IREP";

/// The palette in the metadata of an image.
pub(in super::super) const PALETTE: PaletteForm = PaletteForm { palette, is_indexed };

/// The palette of the first band; `None` if it has no tables.
///
/// # Errors
/// [`crate::Error::Malformed`] for tables of different lengths.
fn palette(metadata: &Metadata) -> Result<Option<Palette>> {
    let Some(Value::List(luts)) = bands(metadata).first().and_then(|band| field(band, "LUTS")) else { return Ok(None) };
    let bytes = |lut: &Value| if let Value::Bytes(bytes) = lut { Some(bytes.clone()) } else { None };
    let Some(tables) = luts.iter().map(bytes).collect::<Option<Vec<_>>>().filter(|tables| !tables.is_empty()) else {
        return Ok(None);
    };
    let representation = metadata.get(REPRESENTATION).and_then(Value::as_text).unwrap_or_default().trim();
    if let ("MONO", [high, low]) = (representation, tables.as_slice())
        && high.len() == low.len()
    {
        // The first table has the high byte of sixteen bits, the second the low one.
        let words = high.iter().zip(low).map(|(high, low)| u16::from_be_bytes([*high, *low]));
        return Palette::from_words(&[words.collect()]).map(Some);
    }
    Palette::from_bytes(tables).map(Some)
}

/// True if a band has tables.
fn is_indexed(metadata: &Metadata) -> bool {
    bands(metadata).iter().any(|band| match field(band, "NLUTS") {
        Some(Value::Text(count)) => !matches!(count.trim(), "" | "0"),
        Some(count) => count.to_int() != Some(0),
        None => false,
    })
}

fn bands(metadata: &Metadata) -> &[Value] {
    if let Some(Value::List(bands)) = metadata.get(BANDS) { bands } else { &[] }
}

fn field<'a>(band: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Map(fields) = band else { return None };
    fields.iter().find(|(field, _)| **field == *name).map(|(_, value)| value)
}
