//! The size of an image whose stream states it, against the block it is stored for.

use super::BlockShape;
use crate::error::{Error, Result};

/// Bytes to which a stream may decode even if its block is smaller, e.g. the full strip that holds the last rows of an image.
const ALWAYS_ALLOWED: u64 = 64 << 20;

/// For larger blocks, a stream may decode to this many times the bytes of its block.
const EXCESS: u64 = 4;

/// Checks that an image of `(columns, rows)` with `pixel` bytes each holds the block, and does not take much more memory.
/// `subject` names the size in messages.
///
/// # Errors
/// [`Error::Malformed`] otherwise.
pub(crate) fn check_stream_size(
    subject: &'static str,
    (columns, rows): (u32, u32),
    shape: BlockShape,
    pixel: usize,
) -> Result<()> {
    let bytes = |columns: u32, rows: u32| u64::from(columns).saturating_mul(rows.into()).saturating_mul(pixel as u64);
    let allowed = ALWAYS_ALLOWED.max(EXCESS.saturating_mul(bytes(shape.columns, shape.rows)));
    if columns < shape.columns || rows < shape.rows || bytes(columns, rows) > allowed {
        return Err(Error::malformed(subject)
            .found(format!("{columns} × {rows}"))
            .allowed(format!("{} × {}", shape.columns, shape.rows)));
    }
    Ok(())
}

/// Copies the block out of an image that may be larger: rows of `from` bytes become rows of `to` bytes.
pub(crate) fn crop_rows(image: &[u8], from: usize, out: &mut [u8], to: usize) {
    for (target, row) in out.chunks_exact_mut(to).zip(image.chunks_exact(from)) {
        target.copy_from_slice(&row[..to]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_holds_its_block_and_is_not_much_larger() {
        let check = |size, shape| check_stream_size("size", size, shape, 3).is_ok();
        let small = BlockShape::new(16, 16);
        assert!(check((16, 16), small) && check((4000, 4000), small));
        assert!(!check((15, 16), small) && !check((16, 15), small) && !check((9000, 9000), small));
        let large = BlockShape::new(9000, 9000);
        assert!(check((9000, 36_000), large) && !check((9000, 36_001), large) && !check((u32::MAX, u32::MAX), large));
    }
}
