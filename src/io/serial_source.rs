//! A source for tests of the threads that read.

use std::thread::{self, ThreadId};

use super::source::ByteSource;
use crate::error::Result;

/// A source that only its creating thread may read.
pub(crate) struct SerialSource<S> {
    source: S,
    owner: ThreadId,
}

impl<S: ByteSource> SerialSource<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { source, owner: thread::current().id() }
    }
}

impl<S: ByteSource> ByteSource for SerialSource<S> {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        assert_eq!(thread::current().id(), self.owner, "workers do not read a stream");
        self.source.read_at(offset, out)
    }

    fn is_parallel(&self) -> bool {
        false
    }
}
