//! Deflate (RFC 1951) for filtered rows. Filtered imagery repeats little and shortly, so a general compressor spends most of
//! its time searching in vain. Here repetitions are looked for where pixels begin, once each, and taken by what they save at
//! the prices of the block before: that is what makes one look nearly as good as many.
//!
//! Each call makes a piece of a stream that ends at a byte boundary, so that pieces made apart can be joined.

mod matches;
mod prices;
mod search;
mod stream;

pub(crate) use matches::{Effort, Pixels};
pub(crate) use stream::Deflater;

#[cfg(test)]
mod tests;
