//! PNG (ISO/IEC 15948, which is also the W3C recommendation): read in all colour types and depths, written as 8- and 16-bit
//! grey, grey with alpha, RGB, RGBA, and 8-bit palette images.
//!
//! Samples are what the file stores: grey of 1, 2 or 4 bits is not scaled, palette images give indices, transparency by
//! `tRNS` is metadata. Written images are cut into bands of whole rows that are filtered and compressed apart and joined to
//! one stream, so that memory is bounded and every core works. Animations (APNG) give their default image.
//!
//! `docs/formats/png.md` lists the metadata keys; `fields.rs` and `text.rs` have the chunk of each.

mod chunk;
mod fields;
mod metadata;
mod palette;
mod reader;
mod text;
mod writer;

pub(super) use palette::{is_indexed, palette};

use std::sync::Arc;

use super::settings::merge;
use super::{ContainerReader, ContainerWriter, Format, FormatNames, OpenOptions, SaveSettings, Warning};
use crate::error::Result;
use crate::image::ImageLayout;
use crate::io::{ByteSink, ByteSource};
use crate::metadata::Metadata;

/// The format.
pub(super) struct Png;

impl Format for Png {
    fn names(&self) -> &FormatNames {
        &NAMES
    }

    fn matches(&self, first: &[u8]) -> bool {
        first.starts_with(&chunk::SIGNATURE)
    }

    fn open(&self, source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<Box<dyn ContainerReader>> {
        reader::open(source, options)
    }

    fn create(&self, sink: Box<dyn ByteSink>) -> Result<Box<dyn ContainerWriter>> {
        Ok(writer::create(sink))
    }

    fn apply(
        &self,
        settings: &SaveSettings,
        metadata: &Metadata,
        _layout: &ImageLayout,
        _warnings: &mut Vec<Warning>,
    ) -> Result<Metadata> {
        Ok(merge(metadata, &writer::encoding(settings)?, |_, _| false))
    }
}

static NAMES: FormatNames = FormatNames { name: "png", aliases: &[], extensions: &["png"], media_type: MEDIA_TYPE };

const MEDIA_TYPE: &str = "image/png";
