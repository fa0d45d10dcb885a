//! Deflate (RFC 1951) for filtered rows. Filtered imagery has few and short repetitions, so a general compressor spends most
//! of its time on a vain search. This one looks once at the beginning of each pixel, and rates a repetition by the bits that it
//! saves at the prices of the previous block. The rating makes one look nearly as good as many.
//!
//! Each call writes a piece of a stream that ends at a byte boundary, so separately made pieces can be joined.

mod matches;
mod prices;
mod search;
mod stream;

pub(crate) use matches::{Effort, Pixels};
pub(crate) use stream::Deflater;

#[cfg(test)]
mod tests;
