//! JPEG 2000: JP2, JPX and JPH files (T.800 Annex I, T.801, T.814 Annex D), and codestreams without a file around them.
//!
//! A file holds one image: the first codestream. `docs/formats/j2k.md` lists the metadata keys.

mod geo;
mod header;
mod metadata;
mod palette;
mod reader;

pub(super) use palette::PALETTE;

use std::sync::Arc;

use super::{Format, FormatNames, NewFile, OpenFile, OpenOptions, SaveSettings, Warning};
use crate::codestream::j2k::SIGNATURE;
use crate::codestream::j2k::is_codestream;
use crate::error::{Error, Result};
use crate::image::ImageLayout;
use crate::io::{ByteSink, ByteSource};
use crate::metadata::Metadata;

/// The format.
pub(super) struct J2k;

impl Format for J2k {
    fn names(&self) -> &FormatNames {
        &NAMES
    }

    fn matches(&self, first: &[u8]) -> bool {
        first.starts_with(SIGNATURE) || is_codestream(first)
    }

    fn owns_key(&self, key: &str) -> bool {
        key.starts_with(KEY_PREFIX)
    }

    fn open(&self, source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<OpenFile> {
        reader::open(source, options).map(OpenFile)
    }

    fn create(&self, _: Box<dyn ByteSink>) -> Result<NewFile> {
        Err(Error::unsupported("format for writing:").found(NAMES.name))
    }

    fn apply(&self, _: &SaveSettings, _: &Metadata, _: &ImageLayout, _: &mut Vec<Warning>) -> Result<Metadata> {
        Err(Error::unsupported("format for writing:").found(NAMES.name))
    }
}

static NAMES: FormatNames = FormatNames {
    name: "j2k",
    aliases: &["jp2", "jpeg2000"],
    extensions: &["jp2", "j2k", "j2c", "jpc", "jpx", "jpf", "jph", "jhc"],
    media_type: MEDIA_TYPE,
};

const MEDIA_TYPE: &str = "image/jp2";

/// How every metadata key begins.
const KEY_PREFIX: &str = "J2K_";
