//! A sink for streams that cannot seek: memory up to a limit, then a temporary file, copied out when complete.

use std::io::{Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::sink::{ByteSink, SeekableSink};
use crate::error::Result;

/// Bytes kept in memory before a temporary file is used.
const IN_MEMORY: usize = 8 << 20;

/// Collects a file, then copies it to a stream that cannot seek. The stream belongs to the caller and is not closed.
pub struct SpooledSink<W> {
    spool: SeekableSink<SpooledTempFile>,
    target: W,
}

impl<W: Write + Send> SpooledSink<W> {
    /// A sink whose bytes go to `target` when it is published.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where the spool cannot be made.
    pub fn new(target: W) -> Result<Self> {
        Ok(Self { spool: SeekableSink::new(SpooledTempFile::new(IN_MEMORY))?, target })
    }
}

impl<W: Write + Send> ByteSink for SpooledSink<W> {
    fn position(&self) -> u64 {
        self.spool.position()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.spool.write(bytes)
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.spool.patch(offset, bytes)
    }

    fn publish(mut self: Box<Self>) -> Result<()> {
        let mut spool = self.spool.into_stream();
        spool.seek(SeekFrom::Start(0))?;
        std::io::copy(&mut spool, &mut self.target)?;
        self.target.flush()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_cannot_seek_gets_patched_bytes_in_order() {
        let mut target = Vec::new();
        let mut sink = Box::new(SpooledSink::new(&mut target).unwrap());
        sink.write(&vec![1; IN_MEMORY]).unwrap();
        sink.write(&[2; 100]).unwrap();
        sink.patch(0, &[9]).unwrap();
        sink.publish().unwrap();
        assert_eq!((target.len(), target[0], target[1], target[IN_MEMORY]), (IN_MEMORY + 100, 9, 1, 2));
    }
}
