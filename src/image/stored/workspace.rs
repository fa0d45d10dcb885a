//! Buffers that readers reuse.

use std::sync::{Mutex, PoisonError};

use crate::image::Scratch;

/// The buffers that a thread needs to read blocks.
#[derive(Default)]
pub(super) struct Workspace {
    /// Bytes of the file.
    pub(super) stored: Vec<u8>,
    /// Decoded pixels, if only some are requested or if they must be moved.
    pub(super) decoded: Vec<u8>,
    /// The state of the codecs.
    pub(super) scratch: Scratch,
}

/// Idle workspaces.
#[derive(Default)]
pub(super) struct Workspaces(Mutex<Vec<Workspace>>);

/// Larger workspaces are freed after use.
const KEPT_BYTES: usize = 16 << 20;

impl Workspaces {
    /// Runs `work` with a workspace.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Workspace) -> T) -> T {
        let pool = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = pool().pop().unwrap_or_default();
        let result = work(&mut workspace);
        if workspace.bytes() <= KEPT_BYTES {
            pool().push(workspace);
        }
        result
    }
}

impl Workspace {
    fn bytes(&self) -> usize {
        self.stored.capacity() + self.decoded.capacity() + self.scratch.bytes.capacity()
    }
}

/// The first `length` bytes of a buffer that grows as needed; their content is unspecified.
pub(super) fn sized(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}
