//! Sources ([`ByteSource`]) and sinks ([`ByteSink`]) of bytes.

mod endian;
mod fetched;
mod lazy;
mod lookahead;
mod null;
mod requests;
mod rows;
#[cfg(test)]
mod serial_source;
mod sink;
mod source;
mod source_range;
mod spool;

pub(crate) use endian::ByteOrder;
pub(crate) use fetched::{ENOUGH_AT_ONCE, Fetched, fetch, is_fetched};
pub(crate) use lazy::Lazy;
pub(crate) use lookahead::Lookahead;
pub(crate) use null::NullSink;
pub(crate) use rows::Rows;
#[cfg(test)]
pub(crate) use serial_source::SerialSource;
pub use sink::{
    AtomicFile, ByteSink, Durability, MemorySink, PositionedWrite, Prepared, SeekableSink, SpooledSink, sink_at,
};
pub(crate) use sink::{publish_all, publish_set};
pub use source::{ByteSource, FileSource, MemorySource};
#[cfg(feature = "python")]
pub(crate) use source::{check_range, read_joined};
pub(crate) use source_range::SourceRange;
pub use spool::Spool;
