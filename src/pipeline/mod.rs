//! The engine: bounded, ordered, parallel. Blocks are fed by the calling thread, worked on by workers, and appended in
//! order by the calling thread, so that a caller's code (Python) only ever runs on the caller's own thread.

mod concurrency;
mod copy;
mod fetch;
mod ordered;
mod read;
mod request;
mod statistics;
mod tap;
mod write;

pub use concurrency::{Concurrency, Control};
pub use copy::{StoredPiece, copy_blocks};
pub use ordered::{Scratch, ordered};
pub use read::read_region;
pub use request::ReadRequest;
pub use statistics::{BandStatistics, Statistics};
pub use tap::{Tap, TapBlock};
pub use write::{BlockPlaces, BlockPlan, BlockSink, BlocksEnd, Placement, encode_block, write_blocks};

#[cfg(test)]
mod tests;
