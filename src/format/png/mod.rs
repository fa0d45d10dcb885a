//! PNG (ISO/IEC 15948, which is also the W3C recommendation): reads all colour types and depths, writes 8- and 16-bit grey,
//! grey with alpha, RGB, RGBA, and 8-bit palette images.
//!
//! Samples are returned as stored: grey of 1, 2 or 4 bits is not scaled, palette images return indices, and transparency by
//! `tRNS` is metadata. The writer cuts an image into bands of whole rows, filters and compresses each band separately, and
//! joins them to one stream. This bounds memory and uses every core. Of an animation (APNG), the default image is read.
//!
//! `docs/formats/png.md` lists the metadata keys; `fields.rs` and `text.rs` state the chunk of each.

mod chunk;
mod fields;
mod metadata;
mod palette;
mod reader;
mod text;
mod writer;

pub(super) use palette::PALETTE;

use std::sync::Arc;

use super::request::merge;
use super::{FittedText, Format, FormatNames, NewFile, OpenFile, OpenOptions, SaveSettings, TextField, Warning};
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

    fn owns_key(&self, key: &str) -> bool {
        key.starts_with(KEY_PREFIX)
    }

    fn open(&self, source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<OpenFile> {
        reader::open(source, options).map(OpenFile)
    }

    fn create(&self, sink: Box<dyn ByteSink>) -> Result<NewFile> {
        Ok(NewFile(writer::create(sink)))
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

    fn further_content(&self, metadata: &Metadata) -> Vec<String> {
        metadata::further(metadata)
    }

    fn adjust_to_bands(&self, metadata: &mut Metadata, _: &[u32]) {
        metadata.retain(|key| !metadata::OF_SAMPLES.contains(&key) && key != palette::KEY);
    }

    fn fitted_text(&self, _: TextField, text: &str) -> Option<FittedText> {
        FittedText::without_nul(text)
    }
}

static NAMES: FormatNames = FormatNames { name: "png", aliases: &[], extensions: &["png"], media_type: MEDIA_TYPE };

const MEDIA_TYPE: &str = "image/png";

/// How every metadata key begins.
const KEY_PREFIX: &str = "PNG_";
