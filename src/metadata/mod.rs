//! Ordered key-value metadata in which a key may repeat, as the fields, tags and TREs of a file are, and what it was read from.

mod entries;
mod origin;
mod value;

pub use entries::Metadata;
pub use origin::Origin;
pub use value::Value;
