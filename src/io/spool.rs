//! Bytes that are written to a sink later: in memory up to a limit, then in a temporary file.

use std::io::{Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::sink::{ByteSink, COPIED, IN_MEMORY};
use crate::error::Result;

/// Bytes that are written to a sink later, and in another order.
pub(crate) struct Spool {
    file: SpooledTempFile,
    length: u64,
}

impl Spool {
    /// An empty spool.
    pub(crate) fn new() -> Self {
        Self { file: SpooledTempFile::new(IN_MEMORY), length: 0 }
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

    /// Bytes in the spool.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Writes bytes, as [`Spool::append`] returned them, to a sink.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the temporary file cannot be read; the errors of the sink.
    pub(crate) fn copy(&mut self, (start, length): (u64, u64), sink: &mut dyn ByteSink) -> Result<()> {
        self.file.seek(SeekFrom::Start(start))?;
        let mut buffer = vec![0; length.min(COPIED as u64) as usize];
        let mut left = length;
        while left > 0 {
            let count = left.min(COPIED as u64) as usize;
            self.file.read_exact(&mut buffer[..count])?;
            sink.write(&buffer[..count])?;
            left -= count as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spooled_bytes_are_copied_in_any_order() {
        let mut spool = Spool::new();
        let long = vec![7; IN_MEMORY + 3];
        let ranges: Vec<_> = [&b"abc"[..], &long, b"", b"xy"].map(|bytes| spool.append(bytes).unwrap()).into();
        let (mut sink, bytes) = super::super::MemorySink::new();
        for range in [3, 1, 0, 2] {
            spool.copy(ranges[range], &mut sink).unwrap();
        }
        Box::new(sink).publish().unwrap();
        assert_eq!(*bytes.lock().unwrap(), [b"xy", &long[..], b"abc"].concat());
        assert_eq!(spool.append(b"z").unwrap(), (ranges[3].0 + 2, 1));
    }
}
