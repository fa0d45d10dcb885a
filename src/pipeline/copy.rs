//! Copying of stored bytes, in pieces.

use super::concurrency::Control;
use crate::error::Result;
use crate::image::StoredImage;

/// Bytes copied at once.
const PIECE: u64 = 4 << 20;

/// Gives the stored bytes of an image to `append`, piece by piece.
///
/// # Errors
/// If reading or appending fails, and what the caller's control reports.
pub fn copy_stored(
    stored: &StoredImage,
    append: &mut dyn FnMut(&[u8]) -> Result<()>,
    control: &Control<'_>,
) -> Result<()> {
    stored.source.check_unchanged()?;
    let total = stored.length.div_ceil(PIECE);
    control.progress(0, total)?;
    for piece in 0..total {
        control.poll()?;
        let start = piece * PIECE;
        let bytes = stored.source.read_range(stored.offset + start, PIECE.min(stored.length - start));
        append(&bytes.map_err(|error| error.segment("the image that is copied"))?)?;
        control.progress(piece + 1, total)?;
    }
    Ok(())
}
