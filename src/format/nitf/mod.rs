//! NITF 2.1 and NSIF 1.0 (MIL-STD-2500C, Joint BIIF Profile): the structures as data, every segment with its metadata, and
//! the pixels of uncompressed images. NITF 2.0 (MIL-STD-2500A) is read.
//!
//! What is here reads. The format joins the registry, and with it the Python package, together with its writer.

#[allow(dead_code, reason = "the reader of split images uses it")]
mod chain;
pub mod geo;
mod image;
mod layouts;
mod lookahead;
mod mask;
mod pixels;
mod reader;
mod segments;
mod streaming;
mod subheader;
mod tre;
mod values;
mod version;

pub use layouts::{header, tre_layout};
pub use reader::open;
pub use tre::{Tre, TreBody, parse_tres, write_tres};

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod des_tables;
#[cfg(test)]
mod tests;
