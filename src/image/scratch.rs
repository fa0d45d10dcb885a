//! The buffers and coder states that are kept from block to block to save allocations.

use std::any::{Any, TypeId};
use std::sync::{Mutex, PoisonError};

/// Buffers and coder states. Each codec keeps its own type of state here, unknown to other code.
#[derive(Default)]
pub struct Scratch {
    /// Bytes between two stages.
    pub bytes: Vec<u8>,
    states: States,
}

/// One state of each type. A worker meets few codecs, so a list is the fastest map.
#[derive(Default)]
struct States(Vec<(TypeId, Box<dyn Any + Send>)>);

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

impl Scratch {
    /// The state of type `T`, created on first use.
    pub fn state<T: Default + Send + 'static>(&mut self) -> &mut T {
        self.bytes_and_state().1
    }

    /// The buffer and a state, for coders that need both at once.
    pub fn bytes_and_state<T: Default + Send + 'static>(&mut self) -> (&mut Vec<u8>, &mut T) {
        (&mut self.bytes, self.states.get())
    }
}

impl States {
    fn get<T: Default + Send + 'static>(&mut self) -> &mut T {
        let id = TypeId::of::<T>();
        let place = self.0.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            self.0.push((id, Box::<T>::default()));
            self.0.len() - 1
        });
        self.0[place].1.downcast_mut().expect("each state is kept under its own type")
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

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

/// Larger workspaces are freed after use.
const KEPT_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_one_state_that_is_kept() {
        let mut scratch = Scratch::default();
        scratch.state::<Vec<u8>>().push(7);
        *scratch.state::<u32>() = 9;
        scratch.state::<Vec<u8>>().push(8);
        assert_eq!(scratch.state::<Vec<u8>>().as_slice(), [7, 8]);
        assert_eq!(*scratch.state::<u32>(), 9);
    }
}
