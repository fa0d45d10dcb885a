//! Limits on the memory that an input file can make the library allocate.
//!
//! What the caller asks for is given: a file may hold an image that is much larger than the file. What the file adds to it, such
//! as the rest of a large block of which a window is read, must be in proportion to the request or to the size of the file.

use std::borrow::Cow;

use crate::error::{Error, Result};

/// Bytes of pixels that a read may always produce, whatever the size of the file.
const ANY_READ: u64 = 4 << 30;

/// Bytes that a block may always have, whatever the sizes of the request and of the file.
const ANY_BLOCK: u64 = 128 << 20;

/// The ratio of pixels to the size of the file that is always allowed. Deflate reaches 1032:1 and LZW about 1400:1 on constant
/// data; Zstandard and sparse files go far beyond it.
const EXPANSION: u64 = 2048;

/// The option that replaces the limits on pixels.
const MAX_BYTES: &str = "max_bytes";

/// Limits on allocations whose size an input determines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of pixels that one read may produce. `None`: up to 4 GiB, or 2048 × the file's size if that is more. It does not
    /// apply to pixels in memory that the caller provides.
    pub max_bytes: Option<u64>,
    /// Bytes that one decoded block (tile, strip, band of rows) may have, unless `max_bytes` or the read is larger. A block that
    /// is larger than the read must also be below 128 MiB or 2048 × the file's size.
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
        let allowed = self.max_bytes.unwrap_or_else(|| ANY_READ.max(file_bytes.saturating_mul(EXPANSION)));
        check(what, bytes, allowed, Some(MAX_BYTES))
    }

    /// Checks the size of one decoded block of a file of `file_bytes`, of which a read of `asked` bytes needs a part.
    ///
    /// # Errors
    /// [`Error::Limit`] if `bytes` exceeds the limit.
    pub(crate) fn check_block(
        &self,
        what: impl Into<Cow<'static, str>>,
        bytes: u64,
        asked: u64,
        file_bytes: u64,
    ) -> Result<()> {
        let in_proportion = ANY_BLOCK.max(file_bytes.saturating_mul(EXPANSION)).min(self.max_block_bytes);
        let allowed = self.max_bytes.unwrap_or(in_proportion).max(asked);
        check(what, bytes, allowed, Some(MAX_BYTES))
    }

    /// Checks the size of a metadata value.
    ///
    /// # Errors
    /// [`Error::Limit`] if `bytes` exceeds the limit.
    pub(crate) fn check_metadata(&self, what: impl Into<Cow<'static, str>>, bytes: u64) -> Result<()> {
        check(what, bytes, self.max_metadata_bytes, None)
    }
}

fn check(what: impl Into<Cow<'static, str>>, needed: u64, allowed: u64, knob: Option<&'static str>) -> Result<()> {
    if needed <= allowed {
        return Ok(());
    }
    Err(Error::Limit { what: what.into(), needed, allowed, knob, path: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_may_become_a_large_image_and_not_a_huge_one() {
        let limits = Limits::default();
        assert!(limits.check_pixels("image", 4 << 30, 10).is_ok());
        assert!(matches!(limits.check_pixels("image", 1 << 40, 1000), Err(Error::Limit { .. })));
        assert!(Limits { max_bytes: Some(1 << 41), ..limits }.check_pixels("image", 1 << 40, 1000).is_ok());
        assert!(limits.check_pixels("image", 1 << 40, 1 << 39).is_ok());
    }

    #[test]
    fn a_block_may_be_as_large_as_what_is_asked_for() {
        let limits = Limits::default();
        assert!(limits.check_block("block", 400 << 20, 400 << 20, 1000).is_ok());
        assert!(limits.check_block("block", 2 << 30, 2 << 30, 1000).is_ok());
        let error = limits.check_block("block", 400 << 20, 100, 1000).unwrap_err().to_string();
        assert!(error.ends_with("raise it with `max_bytes`"), "{error}");
        assert!(limits.check_block("block", 400 << 20, 100, 1 << 20).is_ok());
        assert!(limits.check_block("block", 2 << 30, 100, 1 << 30).is_err());
        assert!(Limits { max_bytes: Some(1 << 31), ..limits }.check_block("block", 1 << 31, 100, 1000).is_ok());
    }

    #[test]
    fn a_limit_without_an_option_names_none() {
        let error = Limits::default().check_metadata("text", 1 << 40).unwrap_err().to_string();
        assert!(error.starts_with("text would need") && error.ends_with(&(256 << 20).to_string()), "{error}");
    }
}
