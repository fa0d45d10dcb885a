//! A sink that counts bytes and discards them, for callers that need a container's results but not its file.

use super::sink::{ByteSink, Prepared};
use crate::error::Result;

/// Counts the bytes written.
#[derive(Debug, Default)]
pub(crate) struct NullSink {
    length: u64,
}

impl ByteSink for NullSink {
    fn position(&self) -> u64 {
        self.length
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn patch(&mut self, _offset: u64, _bytes: &[u8]) -> Result<()> {
        Ok(())
    }

    fn reserve(&mut self, length: u64) -> Result<u64> {
        let start = self.length;
        self.length += length;
        Ok(start)
    }

    fn can_move(&self) -> bool {
        true
    }

    fn move_tail(&mut self, from: u64, to: u64, _poll: &dyn Fn() -> Result<()>) -> Result<()> {
        self.length = to + self.length.saturating_sub(from);
        Ok(())
    }

    fn prepare<'s>(self: Box<Self>) -> Result<Prepared<'s>> {
        Ok(Prepared::stream(|| Ok(())))
    }
}
