//! Encoders for blocks of an image in a file that another process writes.

use std::sync::Arc;

use super::settled;
use crate::codec::ImageEncoder;
use crate::error::{Error, Result};
use crate::format::{Begun, Blocks, Format, ImageRequest, WriteContext};
use crate::image::ImageLayout;
use crate::io::NullSink;
use crate::metadata::Metadata;
use crate::pipeline::{Concurrency, Control};

/// The encoder of an image and the image's layout with the blocks of the file, for a process that does not write the file. It
/// encodes as the encoder of [`super::DatasetWriter::begin_image`] does for the same request and the same file metadata.
///
/// # Errors
/// As [`super::DatasetWriter::set_metadata`] and [`super::DatasetWriter::begin_image`].
pub fn remote_encoder(
    format: &dyn Format,
    file: &Metadata,
    image: &ImageRequest<'_>,
    strict: bool,
) -> Result<(Arc<dyn ImageEncoder>, ImageLayout)> {
    let mut container = format.create(Box::<NullSink>::default())?;
    let concurrency = Concurrency::new(1).ok_or_else(|| Error::usage("threads:").found(0))?;
    let (control, mut warnings) = (Control::default(), Vec::new());
    let mut context = WriteContext { concurrency, control: &control, warnings: &mut warnings, strict };
    if !file.is_empty() {
        container.set_metadata(file, &mut context)?;
    }
    let metadata = settled(format, image, context.warnings)?;
    let image = &ImageRequest { blocks: Blocks::Caller, metadata: &metadata, settings: None, ..*image };
    match container.begin_image(image, &mut context)? {
        Begun::Encode(open) => {
            let layout = ImageLayout { grid: open.blocks.grid, ..image.provider.layout().clone() };
            Ok((open.blocks.encoder, layout))
        }
        Begun::Copy(_) => {
            Err(Error::usage("cannot encode blocks of an image that is copied undecoded:").found(image.key))
        }
    }
}
