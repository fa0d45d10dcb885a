//! Sources ([`ByteSource`]) and sinks ([`ByteSink`]) of bytes.

mod atomic;
mod endian;
mod lookahead;
mod null;
mod prepared;
mod requests;
mod rows;
#[cfg(test)]
mod serial_source;
mod sink;
mod source;
mod source_range;
mod spool;
mod target;

pub use atomic::{AtomicFile, sink_at};
pub use endian::ByteOrder;
pub(crate) use lookahead::Lookahead;
pub use null::NullSink;
pub use prepared::{Prepared, publish_all};
pub(crate) use rows::Rows;
#[cfg(test)]
pub(crate) use serial_source::SerialSource;
pub use sink::{ByteSink, MemorySink, PositionedWrite, SeekableSink};
pub use source::{ByteSource, FileSource, LOCAL_GAP, MemorySource};
#[cfg(feature = "python")]
pub(crate) use source::{check_range, read_joined};
pub use source_range::SourceRange;
pub(crate) use spool::Spool;
pub use spool::SpooledSink;
