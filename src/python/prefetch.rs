//! A Python image whose blocks several threads request ahead of their turn.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use pyo3::prelude::*;

use super::duck::DuckProvider;
use super::errors::raised;
use crate::error::{Error, Result};
use crate::image::{Access, Block, BlockIndex, ImageLayout, ImageProvider};

/// How long the calling thread waits for a block before it checks for signals.
const POLL: Duration = Duration::from_millis(40);

/// An image whose announced blocks are made by threads of its own, which call the Python object. The calling thread takes them
/// in order, with their errors. Dropping it ends the threads; after an error, one that is in a call ends when the call does.
pub(super) struct Prefetched {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    image: DuckProvider,
    state: Mutex<State>,
    /// A block was announced, or no more will be.
    announced: Condvar,
    /// A block is done.
    done: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<BlockIndex>,
    /// Blocks that were announced and not taken; `None` until they are done.
    blocks: HashMap<BlockIndex, Option<Result<Block>>>,
    /// The number of threads in a call.
    calling: usize,
    closed: bool,
}

impl Prefetched {
    /// The image, with up to `threads` calls of the object at once.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub(super) fn new(image: DuckProvider, threads: usize) -> Result<Self> {
        let (announced, done) = (Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { image, state: Mutex::default(), announced, done });
        let mut started = Self { shared, threads: Vec::with_capacity(threads) };
        for _ in 0..threads {
            let shared = Arc::clone(&started.shared);
            let thread = std::thread::Builder::new().name("osml-io-provider".to_owned());
            started.threads.push(thread.spawn(move || shared.serve())?);
        }
        Ok(started)
    }

    /// Waits for an announced block; `None` if it was not announced. A block that `keeps` is left for a later call.
    fn wait<T>(&self, at: BlockIndex, take: impl FnOnce(&mut State) -> T) -> Result<Option<T>> {
        let mut state = self.shared.lock();
        loop {
            match state.blocks.get(&at) {
                None => return Ok(None),
                Some(Some(_)) => return Ok(Some(take(&mut state))),
                Some(None) => {}
            }
            let (again, timeout) = self.shared.done.wait_timeout(state, POLL).unwrap_or_else(PoisonError::into_inner);
            state = again;
            if timeout.timed_out() {
                drop(state);
                #[allow(clippy::redundant_closure_for_method_calls, reason = "the method is not general enough")]
                Python::attach(|py| py.check_signals()).map_err(|error| raised("signal handler", error))?;
                state = self.shared.lock();
            }
        }
    }
}

impl ImageProvider for Prefetched {
    fn layout(&self) -> &ImageLayout {
        self.shared.image.layout()
    }

    fn access(&self) -> Access {
        Access::Serial
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let answer = self.wait(at, |state| match state.blocks.remove(&at).flatten() {
            Some(Ok(Block::Absent)) => Ok(false),
            Some(Err(error)) => Err(error),
            made => {
                state.blocks.insert(at, made);
                Ok(true)
            }
        })?;
        answer.unwrap_or_else(|| self.shared.image.has_block(at))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        let made = self.wait(at, |state| state.blocks.remove(&at).flatten())?.flatten();
        made.unwrap_or_else(|| self.shared.image.block(at))
    }

    fn is_dense(&self) -> bool {
        self.shared.image.is_dense()
    }

    /// Each thread has a block in its call and one that waits for its turn.
    fn lookahead(&self) -> usize {
        self.threads.len() * 2
    }

    fn announce(&self, at: BlockIndex) {
        let mut state = self.shared.lock();
        state.waiting.push_back(at);
        state.blocks.insert(at, None);
        drop(state);
        self.shared.announced.notify_one();
    }
}

impl Drop for Prefetched {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.waiting.clear();
        let is_idle = state.calling == 0;
        drop(state);
        self.shared.announced.notify_all();
        if is_idle {
            // They end at once and do not call Python any more, so that they need not be waited for without the GIL.
            self.threads.drain(..).for_each(|thread| drop(thread.join()));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes announced blocks until there are no more.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if state.closed {
                return;
            }
            let Some(at) = state.waiting.pop_front() else {
                state = self.announced.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.calling += 1;
            drop(state);
            let made = self.make(at);
            state = self.lock();
            state.calling -= 1;
            if let Some(place) = state.blocks.get_mut(&at) {
                *place = Some(made);
            }
            self.done.notify_all();
        }
    }

    fn make(&self, at: BlockIndex) -> Result<Block> {
        let made = || if self.image.has_block(at)? { self.image.block(at) } else { Ok(Block::Absent) };
        // A panic is a defect. It must not leave the calling thread waiting.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(made))
            .unwrap_or_else(|_| Err(Error::Panic("a thread of a provider".to_owned())))
    }
}
