//! User-defined subheaders of data extension segments: fields if the extension has a layout, else bytes.

use super::layouts::des_layout;
use crate::error::{Error, Result};
use crate::schema::{Record, read_whole, write};

/// The bytes of a user-defined subheader from its fields.
///
/// # Errors
/// [`Error::Usage`] for an extension without a layout, and any error that [`write`] returns for the fields.
pub(super) fn write_fields(id: &str, version: i128, fields: &Record) -> Result<Vec<u8>> {
    let layout = des_layout(id, u32::try_from(version).unwrap_or(1), usize::MAX)?;
    let none = || Error::usage("DES without a layout takes bytes, not fields, in").field("DESSHF").found(id);
    write(layout.ok_or_else(none)?, fields)
}

/// The fields of a user-defined subheader; `None` for an extension without a layout, or for bytes that do not follow it.
pub(super) fn read_fields(id: &str, version: i128, bytes: &[u8]) -> Option<Record> {
    let layout = des_layout(id, u32::try_from(version).unwrap_or(1), bytes.len()).ok()??;
    read_whole(layout, bytes).ok()?
}
