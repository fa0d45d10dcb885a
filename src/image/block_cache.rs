//! Decoded blocks that the images of a dataset keep for later reads, up to a bound on their bytes.

use std::collections::{BTreeMap, HashMap};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::block_store::StoredBlock;

/// A bounded cache of decoded blocks, shared by the images and threads of a dataset. When it is full, it drops the blocks that
/// were used the longest time ago.
pub struct BlockCache {
    state: Mutex<State>,
    /// Signals that a thread has finished loading a block.
    loaded: Condvar,
    images: AtomicU64,
}

/// The share of one image in a cache.
pub(crate) struct ImageCache {
    cache: Arc<BlockCache>,
    image: u64,
}

/// The samples of a block, in the order in which its store decodes them.
pub(crate) type Samples = Arc<Vec<u8>>;

/// What a thread does to read a block.
pub(crate) enum Claim<'c> {
    /// Copy the samples of the cache.
    Kept(Samples),
    /// Load the block into the cache.
    Load(Loading<'c>),
    /// Read the block without the cache.
    Direct,
}

/// When a block is loaded into the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// At the first read: a read without the cache costs as much.
    Now,
    /// When former reads without the cache add up to the bytes of the block; this one reads the stated number. Blocks that are
    /// read only once then cost no more than without a cache.
    Later(usize),
}

/// The exclusive right to load a block. If it is dropped, another thread may load the block.
pub(crate) struct Loading<'c> {
    cache: &'c BlockCache,
    key: Key,
    bytes: usize,
}

/// The number of an image, and a block.
type Key = (u64, StoredBlock);

#[derive(Default)]
struct State {
    limit: u64,
    /// Bytes of all entries.
    bytes: u64,
    entries: HashMap<Key, Entry>,
    /// The keys by the time of their last use. Blocks that are being loaded have none.
    order: BTreeMap<u64, Key>,
    /// The time of the last use of any entry.
    now: u64,
    /// The memory of the block that was dropped last.
    spare: Vec<u8>,
}

enum Entry {
    /// The block was read without the cache: the time of the last read, and the bytes of all.
    Seen(u64, u64),
    /// A thread of this process loads the block. A child process inherits the entry without the thread.
    Loading(u32),
    Kept(u64, Samples),
}

/// The memory of an entry apart from its samples, about.
const ENTRY_BYTES: u64 = 160;

impl BlockCache {
    /// A cache for up to `limit` bytes.
    pub(crate) fn new(limit: u64) -> Self {
        let state = Mutex::new(State { limit, ..State::default() });
        Self { state, loaded: Condvar::new(), images: AtomicU64::new(0) }
    }

    /// Drops all blocks. From now on nothing is kept.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        *state = State::default();
    }

    /// Bytes of all entries.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: Key) -> Option<Samples> {
        self.state().find(key)
    }

    fn claim(&self, key: Key, bytes: usize, when: When) -> Claim<'_> {
        let mut state = self.state();
        loop {
            if let Some(samples) = state.find(key) {
                return Claim::Kept(samples);
            }
            if bytes as u64 + ENTRY_BYTES > state.limit {
                return Claim::Direct;
            }
            let before = match state.entries.get(&key) {
                Some(Entry::Loading(process)) if *process == process::id() => {
                    state = self.loaded.wait(state).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Some(Entry::Seen(_, before)) => *before,
                _ => 0,
            };
            if let When::Later(read) = when
                && before < bytes as u64
            {
                let now = state.tick();
                state.insert(key, Entry::Seen(now, before + read as u64));
                return Claim::Direct;
            }
            state.insert(key, Entry::Loading(process::id()));
            return Claim::Load(Loading { cache: self, key, bytes });
        }
    }
}

impl ImageCache {
    /// The share of another image.
    pub(crate) fn new(cache: &Arc<BlockCache>) -> Self {
        Self { cache: Arc::clone(cache), image: cache.images.fetch_add(1, Ordering::Relaxed) }
    }

    /// The samples of a block, if they are kept.
    pub(crate) fn find(&self, block: StoredBlock) -> Option<Samples> {
        self.cache.find((self.image, block))
    }

    /// True if the cache has room for so many bytes when it is empty.
    pub(crate) fn holds(&self, bytes: u64) -> bool {
        bytes <= self.cache.state().limit
    }

    /// What to do to read a block of this many bytes. Waits if another thread loads the block.
    pub(crate) fn claim(&self, block: StoredBlock, bytes: usize, when: When) -> Claim<'_> {
        self.cache.claim((self.image, block), bytes, when)
    }
}

impl Loading<'_> {
    /// Memory for the samples of the block; its content is unspecified.
    pub(crate) fn memory(&self) -> Vec<u8> {
        let mut spare = std::mem::take(&mut self.cache.state().spare);
        // Of another size, it would hold more memory than is counted.
        if spare.len() != self.bytes {
            spare = vec![0; self.bytes];
        }
        spare
    }

    /// Keeps the samples of the block.
    pub(crate) fn keep(self, samples: Vec<u8>) -> Samples {
        let samples = Arc::new(samples);
        let mut state = self.cache.state();
        let now = state.tick();
        state.insert(self.key, Entry::Kept(now, Arc::clone(&samples)));
        samples
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let mut state = self.cache.state();
        if matches!(state.entries.get(&self.key), Some(Entry::Loading(_))) {
            state.remove(self.key);
        }
        drop(state);
        self.cache.loaded.notify_all();
    }
}

impl State {
    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    /// The samples of a block, which become the ones used last.
    fn find(&mut self, key: Key) -> Option<Samples> {
        let now = self.now + 1;
        let Some(Entry::Kept(used, samples)) = self.entries.get_mut(&key) else { return None };
        let samples = Arc::clone(samples);
        let before = std::mem::replace(used, now);
        self.now = now;
        self.order.remove(&before);
        self.order.insert(now, key);
        Some(samples)
    }

    /// Replaces the entry of a block. A closed cache stays empty.
    fn insert(&mut self, key: Key, entry: Entry) {
        self.remove(key);
        if self.limit == 0 {
            return;
        }
        self.bytes += entry.bytes();
        if let Some(used) = entry.used() {
            self.order.insert(used, key);
        }
        self.entries.insert(key, entry);
        self.shrink();
    }

    fn remove(&mut self, key: Key) -> Option<Entry> {
        let entry = self.entries.remove(&key)?;
        self.bytes -= entry.bytes();
        if let Some(used) = entry.used() {
            self.order.remove(&used);
        }
        Some(entry)
    }

    /// Drops the entries that were used the longest time ago, until the others are within the limit.
    fn shrink(&mut self) {
        while self.bytes > self.limit {
            let Some((_, key)) = self.order.first_key_value() else { return };
            if let Some(Entry::Kept(_, samples)) = self.remove(*key)
                && let Ok(memory) = Arc::try_unwrap(samples)
            {
                self.spare = memory;
            }
        }
    }
}

impl Entry {
    /// The time of the last use.
    fn used(&self) -> Option<u64> {
        match self {
            Self::Seen(used, _) | Self::Kept(used, _) => Some(*used),
            Self::Loading(_) => None,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Seen(..) | Self::Loading(_) => ENTRY_BYTES,
            Self::Kept(_, samples) => ENTRY_BYTES + samples.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests;
