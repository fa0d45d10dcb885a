//! Conversion: the images and other assets of a file, written to a file of any format.
//!
//! `selection` is the part of an image that is written, `images` writes images, `progress` counts them together, `report` is
//! the result. What crosses from format to format is settled by `dataset::settled`, and stored blocks are copied undecoded by the
//! writer: conversion adds the choices that make this possible.

mod images;
mod options;
mod progress;
mod report;
mod selection;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Instant;

use self::images::Conversion;
pub use self::options::ConvertOptions;
pub use self::report::ConversionReport;
use super::{DatasetReader, DatasetWriter};
use crate::error::Result;
use crate::format::OpenOptions;
use crate::pipeline::{Concurrency, Control};

/// Converts the file `source` to the file `target`, which appears when it is complete. The format of the target follows from its
/// extension, unless the options state it. Memory is bounded by blocks in flight, whatever the size of the image.
///
/// # Errors
/// The errors of [`DatasetReader::open`] and [`DatasetWriter::create`], and of [`convert_into`]. `target` then stays as it was.
pub fn convert(
    source: impl AsRef<Path>,
    target: impl AsRef<Path>,
    options: &ConvertOptions,
) -> Result<ConversionReport> {
    let concurrency = Concurrency::resolve(options.threads)?;
    let open = OpenOptions { cache_bytes: options.cache_bytes(), ..OpenOptions::default() };
    let reader = DatasetReader::open(source, None, &open)?;
    let format = options.format.as_deref();
    let mut writer = DatasetWriter::create_with(target, format, concurrency, options.durability)?;
    let report = convert_into(&reader, &mut writer, options, &Control::default())?;
    writer.publish()?;
    Ok(report)
}

/// Writes the content of an open file to a new one and finishes it ([`DatasetWriter::finish`]). The caller publishes it.
///
/// - If the format of the target holds several images, all images are written, with their masks and overviews; otherwise
///   [`ConvertOptions::asset`] or the default image. A window, bands or a level concern that image alone.
/// - Between files of one format, metadata, texts, graphics and other data stay as they are. To another format go the title, the
///   description, the georeference, the sensor model, the nodata value and the descriptions of bands.
/// - Stored blocks are copied undecoded if the target can have the coding and the blocks of the source.
/// - What the target does not take over has its name in [`ConversionReport::lost`] and in one warning.
///
/// # Errors
/// [`crate::Error::AssetNotFound`] for an unknown key, [`crate::Error::OutOfRange`] for a window, bands or a level that the
/// image does not have; otherwise as [`DatasetWriter::add_image`].
pub fn convert_into(
    reader: &DatasetReader,
    writer: &mut DatasetWriter,
    options: &ConvertOptions,
    control: &Control<'_>,
) -> Result<ConversionReport> {
    let started = Instant::now();
    let mut conversion = Conversion::new(reader, writer, options)?;
    let images = conversion.run(control)?;
    let lost = conversion.into_lost();
    let (warnings, lost) = report::joined(writer, &lost);
    Ok(ConversionReport {
        source_format: reader.format().name(),
        format: writer.format().name(),
        images,
        blocks: writer.blocks(),
        copied_blocks: writer.copied_blocks(),
        bytes_in: reader.source().size(),
        bytes_out: writer.bytes(),
        seconds: started.elapsed().as_secs_f64(),
        lost,
        warnings,
    })
}
