//! Writing a file: header, metadata, the bands of the image, end.

use super::band::{BandEncoder, BandSink, Compression, grid};
use super::chunk::{self, Kind, SIGNATURE};
use super::header::Header;
use super::metadata::{COMPRESSION, HeaderChunks, chunks, has_palette};
use super::text::TEXT_KEY;
use crate::error::{Error, Result};
use crate::format::{ContainerWriter, ImageRequest, SaveSettings, Warning, WriteContext};
use crate::image::ImageLayout;
use crate::io::ByteSink;
use crate::metadata::{Metadata, Value};
use crate::pipeline::write_blocks;

/// Begins a PNG file.
#[allow(clippy::unnecessary_wraps, reason = "the signature is that of every format")]
pub(super) fn create(sink: Box<dyn ByteSink>) -> Result<Box<dyn ContainerWriter>> {
    Ok(Box::new(PngWriter { sink, metadata: Metadata::new(), has_image: false }))
}

/// The metadata that the neutral settings stand for: none, since PNG has one compression and no blocks.
///
/// # Errors
/// [`Error::Usage`] for a setting that PNG has no use for.
pub(super) fn encoding(settings: &SaveSettings, _: &ImageLayout) -> Result<Metadata> {
    settings.refuse_georeference("PNG")?;
    if let Some(nodata) = &settings.nodata {
        return Err(Error::usage("PNG files hold no nodata value").found(nodata));
    }
    if let Some(quality) = settings.quality {
        return Err(Error::usage("PNG is lossless and has no quality").found(quality));
    }
    if let Some((columns, rows)) = settings.block_size {
        return Err(Error::usage("PNG files are not cut into blocks: block_size").found(format!("({columns}, {rows})")));
    }
    match settings.compression.as_deref() {
        Some(word) if !["deflate", "lossless"].iter().any(|known| known.eq_ignore_ascii_case(word)) => {
            Err(Error::usage("PNG knows no compression").found(word).allowed("deflate lossless"))
        }
        _ => Ok(Metadata::new()),
    }
}

struct PngWriter {
    sink: Box<dyn ByteSink>,
    /// Metadata of the file, which is written with that of the image.
    metadata: Metadata,
    has_image: bool,
}

impl ContainerWriter for PngWriter {
    fn set_metadata(&mut self, metadata: &Metadata, _: &mut WriteContext<'_, '_>) -> Result<()> {
        if self.has_image && !metadata.is_empty() {
            return Err(Error::usage("metadata of a PNG file must be set before its image is added"));
        }
        self.metadata = metadata.clone();
        Ok(())
    }

    fn add_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        if self.has_image {
            return Err(Error::usage("PNG files hold one image; a second was added").found(image.key));
        }
        let layout = image.provider.layout();
        let metadata = self.merged(image);
        let header = Header::of(layout, has_palette(&metadata))?;
        let compression = compression(&metadata)?;
        let HeaderChunks { header, palette, chunks } = chunks(header, &metadata, context.warnings)?;
        let grid = grid(&header)?;
        self.has_image = true;
        self.sink.write(&SIGNATURE)?;
        chunk::write(&mut *self.sink, Kind::IHDR, &header.bytes())?;
        for (kind, data) in &chunks {
            chunk::write(&mut *self.sink, *kind, data)?;
        }
        let encoder = BandEncoder::new(header, layout, palette, compression);
        let mut sink = BandSink::new(&mut *self.sink, header, grid);
        write_blocks(image.provider, grid, &encoder, &mut sink, context.concurrency, context.control)?;
        if encoder.met_absent() {
            let message = "absent blocks were filled with the pad value, since PNG cannot leave them out";
            context.warnings.push(Warning::new(image.key, message));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, _: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        if !self.has_image {
            return Err(Error::usage("a PNG file needs an image, and none was added"));
        }
        chunk::write(&mut *self.sink, Kind::IEND, &[])?;
        Ok(self.sink)
    }
}

impl PngWriter {
    /// Metadata of file and image together; the image's keys win, and its title and description win over both.
    fn merged(&self, image: &ImageRequest<'_>) -> Metadata {
        let mut merged = image.metadata.clone();
        for (key, value) in self.metadata.iter().filter(|(key, _)| image.metadata.get(key).is_none()) {
            merged.append(key, value.clone());
        }
        for (keyword, text) in [("Title", image.title), ("Description", image.description)] {
            let key = format!("{TEXT_KEY}{keyword}");
            if !text.is_empty() && merged.get(&key).and_then(Value::as_text) != Some(text) {
                merged.set(key, text);
            }
        }
        merged
    }
}

fn compression(metadata: &Metadata) -> Result<Compression> {
    match metadata.get(COMPRESSION) {
        None => Ok(Compression::Fast),
        Some(value) => match value.as_text().map(str::to_ascii_lowercase).as_deref() {
            Some("fast") => Ok(Compression::Fast),
            Some("small") => Ok(Compression::Small),
            _ => {
                Err(Error::usage("illegal value of metadata key").field(COMPRESSION).found(value).allowed("fast small"))
            }
        },
    }
}

#[cfg(test)]
pub(super) mod tests;
