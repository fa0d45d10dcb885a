//! Ordered key-value metadata with its origin. A key may repeat, as the fields, tags and TREs of a file do.

mod entries;
mod origin;
mod value;

pub use entries::Metadata;
pub use origin::Origin;
pub(crate) use origin::Stored;
pub use value::Value;
