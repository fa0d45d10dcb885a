//! A source for tests, with the rules of a stream.

use std::thread::ThreadId;

use super::{ByteSource, MemorySource};
use crate::error::Result;

/// Bytes that only the thread that made the source may read.
pub(crate) struct SerialSource {
    bytes: MemorySource<Vec<u8>>,
    owner: ThreadId,
}

impl SerialSource {
    /// A source for this thread.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: MemorySource(bytes), owner: std::thread::current().id() }
    }
}

impl ByteSource for SerialSource {
    fn size(&self) -> u64 {
        self.bytes.size()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        assert_eq!(std::thread::current().id(), self.owner, "workers do not read a stream");
        self.bytes.read_at(offset, out)
    }

    fn is_parallel(&self) -> bool {
        false
    }
}
