//! Bytes: where they come from ([`ByteSource`]) and where they go ([`ByteSink`]).

mod atomic;
mod endian;
mod rows;
mod sink;
mod source;
mod spool;

pub use atomic::{AtomicFile, sink_at};
pub use endian::ByteOrder;
pub use rows::Rows;
pub use sink::{ByteSink, MemorySink, PositionedWrite, SeekableSink};
pub use source::{ByteSource, FileSource, MemorySource};
pub use spool::SpooledSink;
