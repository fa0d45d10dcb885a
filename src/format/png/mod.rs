//! PNG (ISO/IEC 15948, which is also the W3C recommendation): read in all colour types and depths, written as 8- and 16-bit
//! grey, grey with alpha, RGB, RGBA, and 8-bit palette images.
//!
//! Samples are what the file stores: grey of 1, 2 or 4 bits is not scaled, palette images give indices, transparency by
//! `tRNS` is metadata. Written images are cut into bands of whole rows that are filtered and compressed apart and joined to
//! one stream, so that memory is bounded and every core works. Animations (APNG) give their default image.
//!
//! | metadata key | value | chunk |
//! |---|---|---|
//! | `PNG_BIT_DEPTH`, `PNG_COLOR_TYPE`, `PNG_INTERLACE` | integers; read only | IHDR |
//! | `PNG_PALETTE` | list of `[red, green, blue]`; with one 8-bit band it makes a palette image | PLTE |
//! | `PNG_TRANSPARENCY` | a sample for each colour, or alpha for each palette entry | tRNS |
//! | `PNG_BACKGROUND` | a sample for each colour, or a palette index | bKGD |
//! | `PNG_SIGNIFICANT_BITS` | bits for each channel | sBIT |
//! | `PNG_GAMMA` | number, e.g. 0.45455 | gAMA |
//! | `PNG_CHROMATICITIES` | x and y of white, red, green, blue | cHRM |
//! | `PNG_SRGB` | rendering intent 0–3 | sRGB |
//! | `PNG_ICC_PROFILE`, `PNG_ICC_PROFILE_NAME` | bytes, text | iCCP |
//! | `PNG_PHYS` | pixels per unit in x and y, unit (0 unknown, 1 metre) | pHYs |
//! | `PNG_EXIF` | bytes | eXIf |
//! | `PNG_TIME` | text, `YYYY-MM-DDThh:mm:ssZ` | tIME |
//! | `PNG_TEXT_<keyword>` | text; a mapping of `text`, `language`, `translated_keyword` where the file has those | tEXt, zTXt, iTXt |
//! | `PNG_CHUNK_<type>` | bytes of a chunk that has no key of its own | any other ancillary chunk |
//! | `PNG_COMPRESSION` | `fast` (default) or `small`; on writing only | – |

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
        writer::create(sink)
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
