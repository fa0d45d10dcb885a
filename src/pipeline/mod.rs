//! The engine: bounded, ordered, parallel. Blocks are fed by the calling thread, worked on by workers, and appended in
//! order by the calling thread, so that a caller's code (Python) only ever runs on the caller's own thread.

mod concurrency;
mod encode;
mod ordered;
mod read;

pub use concurrency::{Concurrency, Control};
pub use encode::{BlockEncode, BlockSink, Encoded, write_blocks};
pub use ordered::{Scratch, ordered};
pub use read::{ReadRequest, read_region};
