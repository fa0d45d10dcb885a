//! NITF 2.1 and NSIF 1.0 (MIL-STD-2500C, Joint BIIF Profile): the structures as data. Reading and writing of files build on
//! them.

pub mod geo;
mod image;
mod layouts;
mod mask;
mod pixels;
mod reader;
mod segments;
mod tre;
mod values;

use super::Format;
use crate::error::Error;

pub use layouts::{header, tre_layout};
pub use tre::{Tre, TreBody, parse_tres, write_tres};

/// NITF 2.1.
pub(super) static NITF: Format = Format {
    name: "nitf",
    aliases: &["nitf21", "nitf2.1"],
    extensions: &["ntf", "nitf"],
    media_type: "image/nitf",
    matches: |first| first.starts_with(b"NITF02.10"),
    open: reader::open,
    create: |_| Err(not_written()),
    encoding: |_, _| Err(not_written()),
};

/// NSIF 1.0: the same structures.
pub(super) static NSIF: Format = Format {
    name: "nsif",
    aliases: &["nsif10", "nsif1.0"],
    extensions: &["nsf", "nsif"],
    media_type: "image/nsif",
    matches: |first| first.starts_with(b"NSIF01.0"),
    open: reader::open,
    create: |_| Err(not_written()),
    encoding: |_, _| Err(not_written()),
};

fn not_written() -> Error {
    Error::unsupported("writing of NITF and NSIF")
}
