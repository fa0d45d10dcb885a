//! Limits on the memory that an input file can make the library allocate.

use std::borrow::Cow;

use crate::error::{Error, Result};

/// A decoded size that is always allowed, whatever the size of the file.
const ALWAYS_ALLOWED: u64 = 128 << 20;

/// The largest allowed ratio of decoded size to file size. Deflate reaches 1032:1 and LZW about 1400:1 on constant data.
const EXPANSION: u64 = 2048;

/// Limits on allocations whose size an input determines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of pixels that one read may produce. `None`: up to 128 MiB, or 2048 × the file's size if that is more. A
    /// legitimate file does not exceed this; a decompression bomb does.
    pub max_bytes: Option<u64>,
    /// Bytes that one decoded block (tile, strip, band of rows) may have.
    pub max_block_bytes: u64,
    /// Bytes of metadata values (tags, text chunks) that one file may have.
    pub max_metadata_bytes: u64,
    /// Directories (images, masks, overviews) that one file may have.
    pub max_directories: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: None, max_block_bytes: 1 << 30, max_metadata_bytes: 256 << 20, max_directories: 65_536 }
    }
}

impl Limits {
    /// Checks the pixels of one read from a file of `file_bytes`.
    ///
    /// # Errors
    /// [`Error::Limit`] if `bytes` exceeds the limit.
    pub(crate) fn check_pixels(&self, what: impl Into<Cow<'static, str>>, bytes: u64, file_bytes: u64) -> Result<()> {
        let allowed = self.max_bytes.unwrap_or_else(|| ALWAYS_ALLOWED.max(file_bytes.saturating_mul(EXPANSION)));
        check(what, bytes, allowed)
    }

    /// Checks the size of one decoded block of a file of `file_bytes`.
    ///
    /// # Errors
    /// [`Error::Limit`] if `bytes` exceeds the limit.
    pub(crate) fn check_block(&self, what: impl Into<Cow<'static, str>>, bytes: u64, file_bytes: u64) -> Result<()> {
        let block = self.max_bytes.unwrap_or(0).max(self.max_block_bytes);
        let what = what.into();
        check(what.clone(), bytes, block)?;
        self.check_pixels(what, bytes, file_bytes)
    }

    /// Checks the size of a metadata value.
    ///
    /// # Errors
    /// [`Error::Limit`] if `bytes` exceeds the limit.
    pub(crate) fn check_metadata(&self, what: impl Into<Cow<'static, str>>, bytes: u64) -> Result<()> {
        check(what, bytes, self.max_metadata_bytes)
    }
}

fn check(what: impl Into<Cow<'static, str>>, needed: u64, allowed: u64) -> Result<()> {
    if needed <= allowed { Ok(()) } else { Err(Error::Limit { what: what.into(), needed, allowed }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_may_not_become_a_huge_image() {
        let limits = Limits::default();
        assert!(limits.check_pixels("image", 100 << 20, 10).is_ok());
        assert!(matches!(limits.check_pixels("image", 1 << 40, 1000), Err(Error::Limit { .. })));
        assert!(Limits { max_bytes: Some(1 << 41), ..limits }.check_pixels("image", 1 << 40, 1000).is_ok());
        assert!(limits.check_pixels("image", 1 << 40, 1 << 39).is_ok());
    }
}
