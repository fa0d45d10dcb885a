//! NITF 2.1 and NSIF 1.0 (MIL-STD-2500C, Joint BIIF Profile): the structures as data, every segment with its metadata, and
//! the pixels of uncompressed images.
//!
//! What is here reads. The format joins the registry, and with it the Python package, together with its writer.

pub mod geo;
mod image;
mod layouts;
mod mask;
mod pixels;
mod reader;
mod segments;
mod tre;
mod typed;
mod values;

pub use layouts::{des_layout, des_names, header, register_des, register_tre, tre_layout, tre_layouts, tre_names};
pub use reader::open;
pub use tre::{Tre, TreBody, parse_tres, write_tre_fields, write_tres};
pub use typed::typed;

#[cfg(test)]
mod layout_tests;
#[cfg(test)]
mod tests;
