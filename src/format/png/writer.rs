//! Writes a file: header, metadata, the bands of the image, end.

use super::chunk::{self, Kind, SIGNATURE};
use super::metadata::{COMPRESSION, HeaderChunks, chunks, has_palette, is_palette_read, with_origin};
use super::text::TEXT_KEY;
use crate::codec::Encoded;
use crate::codestream::Codestream;
use crate::codestream::png::{BandReceipt, Compression, Header, PngStream};
use crate::error::{Error, Result};
use crate::format::{Begun, ContainerWriter, ImageRequest, OnlyImage, SaveSettings, WriteContext};
use crate::io::ByteSink;
use crate::metadata::{Metadata, Value};
use crate::pipeline::{BlockSink, BlocksEnd};

/// Begins a PNG file.
pub(super) fn create(sink: Box<dyn ByteSink>) -> Box<dyn ContainerWriter> {
    Box::new(PngWriter { sink, image: OnlyImage::new("PNG") })
}

/// Checks the format-neutral settings. They add no metadata: PNG has one compression and no blocks.
///
/// # Errors
/// [`Error::Usage`] for a setting that PNG does not have.
pub(super) fn encoding(settings: &SaveSettings) -> Result<Metadata> {
    settings.refuse_georeference("PNG")?;
    if let Some(nodata) = &settings.nodata {
        let allowed = "none, as PNG files cannot store it";
        return Err(Error::usage("nodata of a PNG file").found(nodata).allowed(allowed));
    }
    if let Some(quality) = settings.quality {
        return Err(Error::usage("quality for a PNG file, which is lossless").found(quality));
    }
    if let Some((columns, rows)) = settings.block_size {
        return Err(
            Error::usage("block_size for a PNG file, which has no blocks").found(format!("({columns}, {rows})"))
        );
    }
    match settings.compression.as_deref() {
        Some(word) if !["deflate", "lossless"].iter().any(|known| known.eq_ignore_ascii_case(word)) => {
            Err(Error::usage("compression of a PNG file").found(word).allowed("deflate or lossless"))
        }
        _ => Ok(Metadata::new()),
    }
}

struct PngWriter {
    sink: Box<dyn ByteSink>,
    image: OnlyImage<PngStream>,
}

impl ContainerWriter for PngWriter {
    fn set_metadata(&mut self, metadata: &Metadata, _: &mut WriteContext<'_, '_>) -> Result<()> {
        self.image.set_metadata(metadata)
    }

    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun> {
        let metadata = with_texts(with_origin(&self.image.check_first(image.key, image.metadata)?), image);
        let layout = image.provider.layout();
        let header = Header::of(layout, has_palette(&metadata))?;
        let compression = compression(&metadata)?;
        let HeaderChunks { header, palette, chunks } = chunks(header, &metadata, context.warnings)?;
        // Indices without an entry stand in the file that they were read from, with its palette.
        let is_copy = is_palette_read(&metadata) && image.provider.behind().source.is_some();
        let stream = PngStream::new(header, layout, palette.filter(|_| !is_copy), compression)?;
        self.sink.write(&SIGNATURE)?;
        chunk::write(&mut *self.sink, Kind::IHDR, &header.bytes())?;
        for (kind, data) in &chunks {
            chunk::write(&mut *self.sink, *kind, data)?;
        }
        Ok(self.image.begin(image.key, stream))
    }

    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()> {
        // The chunk of the last band has the end of the stream.
        self.image.finish(end, context).map(drop)
    }

    fn finish(mut self: Box<Self>, _: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        self.image.check_complete()?;
        chunk::write(&mut *self.sink, Kind::IEND, &[])?;
        Ok(self.sink)
    }
}

impl BlockSink for PngWriter {
    /// Each band becomes a chunk; the last chunk also holds the end of the stream.
    fn append(&mut self, block: &Encoded) -> Result<()> {
        let stream = self.image.take(block)?;
        let BandReceipt { crc, .. } = block.receipt()?;
        let data = block.pieces().next().unwrap_or_default();
        if block.at().row + 1 < stream.grid().down() {
            return chunk::write_parts(&mut *self.sink, Kind::IDAT, &[data], crc);
        }
        let end = stream.end().trailer;
        let mut hasher = crc32fast::Hasher::new_with_initial(crc);
        hasher.update(&end);
        chunk::write_parts(&mut *self.sink, Kind::IDAT, &[data, &end], hasher.finalize())
    }
}

/// Adds the title and the description of the image to its metadata. They override what the metadata hold.
fn with_texts(mut metadata: Metadata, image: &ImageRequest<'_>) -> Metadata {
    for (keyword, text) in [("Title", image.title), ("Description", image.description)] {
        let key = format!("{TEXT_KEY}{keyword}");
        if !text.is_empty() && metadata.get(&key).and_then(Value::as_text) != Some(text) {
            metadata.set(key, text);
        }
    }
    metadata
}

fn compression(metadata: &Metadata) -> Result<Compression> {
    match metadata.get(COMPRESSION) {
        None => Ok(Compression::Fast),
        Some(value) => match value.as_text().map(str::to_ascii_lowercase).as_deref() {
            Some("fast") => Ok(Compression::Fast),
            Some("small") => Ok(Compression::Small),
            _ => Err(Error::usage("illegal value of metadata key")
                .field(COMPRESSION)
                .found(value)
                .allowed("fast or small")),
        },
    }
}

#[cfg(test)]
pub(super) mod tests;
