//! Bytes that are written to a sink later: in memory up to a limit, then in a temporary file.

use std::io::{Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use crate::error::Result;

/// Bytes that are written to a sink later, and in another order.
pub struct Spool {
    file: Box<dyn Medium>,
    length: u64,
}

/// Where the bytes of a spool lie.
trait Medium: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Medium for T {}

impl Spool {
    /// An empty spool.
    pub(crate) fn new() -> Self {
        Self::over(SpooledTempFile::new(IN_MEMORY))
    }

    /// A spool of the bytes that `file` holds, to be read only.
    pub(super) fn over(file: impl Read + Write + Seek + Send + 'static) -> Self {
        Self { file: Box::new(file), length: 0 }
    }

    /// Appends bytes and returns their offset and length.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the temporary file cannot be written.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(u64, u64)> {
        let start = self.length;
        self.file.seek(SeekFrom::Start(start))?;
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok((start, bytes.len() as u64))
    }

    /// Appends all bytes of a source.
    pub(super) fn take(&mut self, source: &mut dyn Read) -> Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.length += std::io::copy(source, &mut self.file)?;
        Ok(())
    }

    /// Bytes in the spool.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Reads the bytes from offset `start` on that fill `out`.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the spool holds fewer bytes, or the temporary file cannot be read.
    pub(crate) fn read(&mut self, start: u64, out: &mut [u8]) -> Result<()> {
        self.file.seek(SeekFrom::Start(start))?;
        Ok(self.file.read_exact(out)?)
    }

    /// Passes bytes, as [`Spool::append`] returned them, to `take` in pieces.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the temporary file cannot be read; the errors of `take`.
    pub(crate) fn copy(
        &mut self,
        (start, length): (u64, u64),
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.file.seek(SeekFrom::Start(start))?;
        let mut buffer = vec![0; length.min(COPIED as u64) as usize];
        let mut left = length;
        while left > 0 {
            let count = left.min(COPIED as u64) as usize;
            self.file.read_exact(&mut buffer[..count])?;
            take(&buffer[..count])?;
            left -= count as u64;
        }
        Ok(())
    }
}

/// The most bytes kept in memory; more bytes use a temporary file.
pub(super) const IN_MEMORY: usize = 8 << 20;

/// Bytes copied at once.
pub(super) const COPIED: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spooled_bytes_are_copied_in_any_order() {
        let mut spool = Spool::new();
        let long = vec![7; IN_MEMORY + 3];
        let ranges: Vec<_> = [&b"abc"[..], &long, b"", b"xy"].map(|bytes| spool.append(bytes).unwrap()).into();
        let mut copied = Vec::new();
        for range in [3, 1, 0, 2] {
            let mut take = |bytes: &[u8]| {
                copied.extend_from_slice(bytes);
                Ok(())
            };
            spool.copy(ranges[range], &mut take).unwrap();
        }
        assert_eq!(copied, [b"xy", &long[..], b"abc"].concat());
        assert_eq!(spool.append(b"z").unwrap(), (ranges[3].0 + 2, 1));
    }
}
