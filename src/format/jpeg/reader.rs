//! Reads a file: one image, described by its header.

use std::sync::Arc;

use super::{COMPRESSION, MEDIA_TYPE, metadata};
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::codestream::StoredStream;
use crate::codestream::jpeg::{Header, JpegImage};
use crate::error::Result;
use crate::format::{ContainerReader, OnlyImageReader, OpenOptions};
use crate::image::ImageProvider;
use crate::io::ByteSource;

/// Reads the header of a file.
///
/// # Errors
/// [`crate::Error::Malformed`], [`crate::Error::Unsupported`] or [`crate::Error::Limit`], depending on the file's content.
pub(super) fn open(source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<Box<dyn ContainerReader>> {
    let header = Header::read(&*source, &options.limits)?;
    let mut warnings = Vec::new();
    let metadata = Arc::new(metadata::of(&header, &mut warnings));
    let asset = AssetInfo {
        key: "image:0".to_owned(),
        title: String::new(),
        description: description(&header),
        roles: vec!["data".to_owned()],
        media_type: MEDIA_TYPE,
        kind: AssetType::Image,
        metadata,
        image: Some(ImageFacts { compression: COMPRESSION.to_owned(), ..ImageFacts::default() }),
    };
    let limits = options.limits;
    let header = Arc::new(header);
    let shared = JpegImage::new(Arc::clone(&source), Arc::clone(&header), limits)?;
    let rest = header.raw.len() as u64..source.size();
    let stored = StoredStream::block(Arc::clone(&source), rest, shared.layout(), header)?;
    let shared = Arc::new(shared.with_whole(Some(stored)));
    let image = move || Ok(Arc::<JpegImage>::clone(&shared) as Arc<dyn ImageProvider>);
    // All metadata of a file belongs to its image.
    let metadata = Arc::default();
    Ok(Box::new(OnlyImageReader { source, limits, metadata, assets: [asset], warnings, image }))
}

/// The first comment, if it is text.
fn description(header: &Header) -> String {
    let comment = header.comments.first().and_then(|comment| std::str::from_utf8(comment).ok());
    comment.unwrap_or_default().trim_end_matches('\0').to_owned()
}
