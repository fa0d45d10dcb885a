//! The engine: bounded, ordered, parallel. The calling thread feeds blocks, workers process them, and the calling thread
//! appends them in order. A caller's code (Python) runs only on the caller's own thread.

mod concurrency;
mod copy;
mod ordered;
mod pyramid;
mod read;
mod statistics;
mod tap;
mod write;

pub use concurrency::{Concurrency, Control};
pub(crate) use copy::{append_stored, copy_blocks};
pub use ordered::Scratch;
pub use pyramid::{LevelSink, Pyramid};
pub use read::{ReadRequest, read_region};
pub use statistics::{BandStatistics, Statistics};
pub(crate) use tap::show_blocks;
pub use tap::{Tap, TapBlock};
pub use write::encode_block;
pub(crate) use write::{BlockPlaces, BlockPlan, BlockSink, BlocksEnd, Placement, write_blocks};

#[cfg(test)]
mod tests;
