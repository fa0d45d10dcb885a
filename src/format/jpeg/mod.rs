//! JPEG files (ITU-T T.81, JFIF): writes grey and RGB images, also reads images of four inks.
//!
//! A file holds one image. `docs/formats/jpeg.md` lists its metadata keys.
//!
//! Four components are returned as stored. Adobe's programs store inks inverted: 255 means no ink.

mod metadata;
mod options;
mod reader;
mod writer;

use std::sync::Arc;

use super::request::merge;
use super::{FittedText, Format, FormatNames, NewFile, OpenFile, OpenOptions, SaveSettings, TextField, Warning};
use crate::codec::jpeg::markers::SOI;
use crate::error::{Error, Result};
use crate::image::ImageLayout;
use crate::io::{ByteSink, ByteSource};
use crate::metadata::Metadata;

/// The format.
pub(super) struct Jpeg;

impl Format for Jpeg {
    fn names(&self) -> &FormatNames {
        &NAMES
    }

    fn matches(&self, first: &[u8]) -> bool {
        first.starts_with(&[0xFF, SOI, 0xFF])
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
        Ok(merge(metadata, &encoding(settings)?, |_, _| false))
    }

    fn further_content(&self, metadata: &Metadata) -> Vec<String> {
        metadata::further(metadata)
    }

    fn has_text(&self, field: TextField) -> bool {
        field == TextField::Description
    }

    fn fitted_text(&self, field: TextField, text: &str) -> Option<FittedText> {
        FittedText::within_bytes(text, options::LARGEST_PAYLOAD).filter(|_| self.has_text(field))
    }
}

static NAMES: FormatNames = FormatNames {
    name: "jpeg",
    aliases: &["jpg"],
    extensions: &["jpg", "jpeg", "jpe", "jfif"],
    media_type: MEDIA_TYPE,
};

const MEDIA_TYPE: &str = "image/jpeg";

/// How every metadata key begins.
const KEY_PREFIX: &str = "JPEG_";

/// The name of a JPEG file's compression.
const COMPRESSION: &str = "jpeg";

/// The settings as metadata entries.
fn encoding(settings: &SaveSettings) -> Result<Metadata> {
    settings.refuse_georeference("JPEG")?;
    if let Some(word) = settings.compression.as_ref().filter(|word| !word.eq_ignore_ascii_case(COMPRESSION)) {
        return Err(Error::usage("compression of a JPEG file").found(word).allowed(COMPRESSION));
    }
    if let Some((columns, rows)) = settings.block_size {
        return Err(
            Error::usage("block_size for a JPEG file, which has no blocks").found(format!("({columns}, {rows})"))
        );
    }
    if let Some(nodata) = settings.nodata {
        let allowed = "none, as JPEG files cannot store it";
        return Err(Error::usage("nodata of a JPEG file").found(nodata).allowed(allowed));
    }
    let mut metadata = Metadata::new();
    if let Some(quality) = settings.quality {
        metadata.set(metadata::QUALITY, i32::from(options::quality(quality, "quality")?));
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests;
