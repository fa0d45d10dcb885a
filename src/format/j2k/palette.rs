//! `J2K_PALETTE`: the box `pclr` as a list with the values of each entry.

use super::header::FileHeader;
use crate::error::{Error, Result};
use crate::format::PaletteForm;
use crate::image::Palette;
use crate::metadata::{Metadata, Value};

/// The metadata key.
pub(super) const KEY: &str = "J2K_PALETTE";

/// The palette in the metadata of an image.
pub(in super::super) const PALETTE: PaletteForm = PaletteForm { palette, is_indexed };

/// The value of the metadata key for an image whose channels all come from one component by the palette; `None` for any other.
pub(super) fn entries(header: &FileHeader, components: usize) -> Option<Value> {
    let mapping = &header.mapping;
    let is_mapped = mapping.iter().all(|(component, kind, _)| (*component, *kind) == (0, 1));
    if components != 1 || mapping.is_empty() || !is_mapped {
        return None;
    }
    let tables: Option<Vec<&Vec<u32>>> =
        mapping.iter().map(|(_, _, column)| header.palette.get(usize::from(*column))).collect();
    let tables = tables?;
    let entry = |n: usize| Value::List(tables.iter().map(|table| Value::from(table[n])).collect());
    Some(Value::List((0..tables.first()?.len()).map(entry).collect()))
}

/// The palette of an indexed image.
///
/// # Errors
/// [`Error::Malformed`] for entries that are not lists of one length, or values of more than 16 bits.
fn palette(metadata: &Metadata) -> Result<Option<Palette>> {
    let Some(tables) = of_metadata(metadata)? else { return Ok(None) };
    let bytes: Option<Vec<Vec<u8>>> =
        tables.iter().map(|table| table.iter().map(|value| u8::try_from(*value).ok()).collect()).collect();
    bytes.map_or_else(|| Palette::from_words(&tables), Palette::from_bytes).map(Some)
}

/// The tables in metadata, one for each colour.
///
/// # Errors
/// [`Error::Malformed`] for entries that are not lists of one length, or values of more than 16 bits.
pub(super) fn of_metadata(metadata: &Metadata) -> Result<Option<Vec<Vec<u16>>>> {
    let Some(value) = metadata.get(KEY) else { return Ok(None) };
    let allowed = "a list of entries, each a list of values from 0 to 65535";
    tables(value).map(Some).ok_or_else(|| Error::malformed(KEY).found(value).allowed(allowed))
}

fn tables(value: &Value) -> Option<Vec<Vec<u16>>> {
    let Value::List(entries) = value else { return None };
    let mut tables: Vec<Vec<u16>> = Vec::new();
    for entry in entries {
        let Value::List(values) = entry else { return None };
        tables.resize_with(tables.len().max(values.len()), Vec::new);
        if tables.len() != values.len() {
            return None;
        }
        for (table, value) in tables.iter_mut().zip(values) {
            table.push(value.to_int().and_then(|value| u16::try_from(value).ok())?);
        }
    }
    (!tables.is_empty() && tables.iter().all(|table| table.len() == entries.len())).then_some(tables)
}

/// True for an indexed image.
fn is_indexed(metadata: &Metadata) -> bool {
    metadata.get(KEY).is_some()
}
