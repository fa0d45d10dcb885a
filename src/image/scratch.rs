//! The state that a worker keeps from block to block to save allocations.

use std::any::{Any, TypeId};

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
