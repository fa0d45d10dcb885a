//! Opens a file: reads its chunks and skips its image data.

use std::sync::Arc;

use super::MEDIA_TYPE;
use super::chunk::{Chunks, Kind};
use super::metadata::{Collector, FAMILY};
use super::text::TEXT_KEY;
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::codestream::png::{Header, LastData, PngImage};
use crate::error::{Error, Result};
use crate::format::{ContainerReader, OnlyImageReader, OpenOptions, Warning, WarningKind};
use crate::image::ImageProvider;
use crate::io::ByteSource;
use crate::metadata::{Metadata, Value};

/// Opens a PNG file. A file with truncated image data opens with a warning.
///
/// # Errors
/// [`Error::Malformed`] if the file breaks the standard before its image data, [`Error::Limit`] for more metadata than
/// allowed.
pub(super) fn open(source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<Box<dyn ContainerReader>> {
    let mut chunks = Chunks::new(&*source)?;
    let header = header(&mut chunks)?;
    let mut collector = Collector::new(header, options.limits);
    let mut image_data = None;
    let mut last_data = None;
    let mut complete = false;
    loop {
        let chunk = match chunks.next() {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            // Damage after the image data does not make the image unreadable.
            Err(Error::Malformed(_)) if image_data.is_some() => break,
            Err(error) => return Err(error),
        };
        if chunk.kind == Kind::IDAT {
            last_data = chunk.whole.then_some(LastData { offset: chunk.offset, length: chunk.length });
            image_data = image_data.or(Some(chunk.offset - 8));
        } else if !chunk.whole && image_data.is_none() {
            return Err(Error::malformed("file: it ends within chunk").field(chunk.kind).at(chunk.offset));
        } else if chunk.kind == Kind::IEND || !chunk.whole {
            complete = chunk.whole;
            break;
        } else if chunk.kind == Kind::IHDR {
            return Err(Error::malformed("file: it has a second chunk").field(chunk.kind).at(chunk.offset));
        } else {
            collector.add(&chunks, &chunk)?;
        }
    }
    let Some(image_data) = image_data else {
        return Err(Error::malformed("PNG file: it has no image data"));
    };
    let Collector { metadata, stored, mut warnings, .. } = collector;
    if !complete {
        warnings.push(Warning::new(WarningKind::File, "IEND", "the file ends before its last chunk"));
    }
    options.limits.check_metadata("PNG header", image_data)?;
    let metadata = Arc::new(metadata.read_with_stored(FAMILY, "", source.read_range(0, image_data)?, stored));
    let asset = asset(&metadata);
    let (limits, stream) = (options.limits, Arc::clone(&source));
    let image =
        move || Ok(Arc::new(PngImage::new(Arc::clone(&stream), header, last_data, limits)?) as Arc<dyn ImageProvider>);
    // A file holds one image, so its metadata is that of the image.
    Ok(Box::new(OnlyImageReader { source, limits, metadata, assets: [asset], warnings, image }))
}

fn header(chunks: &mut Chunks<'_>) -> Result<Header> {
    let first = chunks.next()?.filter(|chunk| chunk.kind == Kind::IHDR && chunk.length == 13);
    let first = first.ok_or_else(|| Error::malformed("PNG file: it does not begin with an IHDR chunk of 13 bytes"))?;
    let (data, right) = chunks.data(&first)?;
    match <&[u8; 13]>::try_from(data.as_slice()) {
        Ok(data) if right => Header::parse(data),
        _ => Err(Error::malformed("checksum of chunk").field(first.kind).at(first.offset)),
    }
}

fn asset(metadata: &Arc<Metadata>) -> AssetInfo {
    let text = |keyword: &str| {
        let value = metadata.get(&format!("{TEXT_KEY}{keyword}"));
        value.and_then(Value::as_text).unwrap_or_default().to_owned()
    };
    AssetInfo {
        key: "image:0".to_owned(),
        title: text("Title"),
        description: text("Description"),
        roles: vec!["data".to_owned()],
        media_type: MEDIA_TYPE,
        kind: AssetType::Image,
        metadata: Arc::clone(metadata),
        image: Some(ImageFacts { compression: "deflate".to_owned(), ..ImageFacts::default() }),
    }
}

#[cfg(test)]
mod tests;
