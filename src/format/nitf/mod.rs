//! NITF 2.1 and NSIF 1.0 (MIL-STD-2500C, Joint BIIF Profile): the structures as data. Reading and writing of files build on
//! them.

pub mod geo;
mod layouts;
mod tre;

pub use layouts::{header, tre_layout};
pub use tre::{Tre, TreBody, parse_tres, write_tres};
