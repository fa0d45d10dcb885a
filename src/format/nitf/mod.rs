//! NITF 2.1 and NSIF 1.0 (MIL-STD-2500C, Joint BIIF Profile), read and written; NITF 2.0 (MIL-STD-2500A), read. The structures
//! are data, every segment has its metadata, and the pixels of uncompressed images are read and written.

mod assets;
mod capacity;
mod chain;
mod des;
mod fields;
pub mod geo;
mod ic;
mod image;
mod joined;
mod kind;
mod layouts;
mod lookahead;
mod mask;
mod names;
mod opaque;
mod pad;
mod pixels;
mod reader;
mod rules;
mod segments;
mod streaming;
mod subheader;
mod tre;
mod typed;
mod values;
mod version;
mod write;

pub use layouts::{des_layout, des_names, header, register_des, register_tre, tre_layout, tre_layouts, tre_names};
pub use reader::open;
pub use tre::{Tre, TreBody, parse_tres, write_tre_fields, write_tres};
pub use typed::{typed, typed_des, typed_tre};

use super::{ContainerWriter, Format};
use crate::error::Result;
use crate::io::ByteSink;
use version::{Version, is_nitf};
use write::Flavour;

/// NITF 2.1.
pub(super) static NITF: Format = Format {
    name: "nitf",
    aliases: &["nitf21", "nitf2.1"],
    extensions: &["ntf", "nitf"],
    media_type: MEDIA_TYPE,
    matches: |first| is_nitf(first).is_some_and(|version| version != Version::Nsif10),
    open,
    create: |sink| create(sink, Flavour::Nitf),
    encoding: write::metadata_of,
    notice: write::notice,
    replaces: write::replaces,
};

/// NSIF 1.0, the same structures under another name.
pub(super) static NSIF: Format = Format {
    name: "nsif",
    aliases: &["nsif10", "nsif1.0"],
    extensions: &["nsf", "nsif"],
    media_type: MEDIA_TYPE,
    matches: |first| is_nitf(first) == Some(Version::Nsif10),
    open,
    create: |sink| create(sink, Flavour::Nsif),
    encoding: write::metadata_of,
    notice: write::notice,
    replaces: write::replaces,
};

const MEDIA_TYPE: &str = "application/vnd.nitf";

fn create(sink: Box<dyn ByteSink>, flavour: Flavour) -> Result<Box<dyn ContainerWriter>> {
    Ok(Box::new(write::create(sink, flavour)?))
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod des_tests;
#[cfg(test)]
mod layout_tests;
#[cfg(test)]
mod tests;
