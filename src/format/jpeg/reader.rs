//! Reads a file: one image, described by its header.

use std::sync::Arc;

use super::{COMPRESSION, MEDIA_TYPE, metadata};
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::codestream::jpeg::{Header, JpegImage};
use crate::error::Result;
use crate::format::{ContainerReader, OpenOptions, Warning, check_only_asset};
use crate::image::ImageProvider;
use crate::io::ByteSource;
use crate::limits::Limits;
use crate::metadata::Metadata;

struct JpegReader {
    source: Arc<dyn ByteSource>,
    image: Arc<JpegImage>,
    assets: [AssetInfo; 1],
    metadata: Arc<Metadata>,
    limits: Limits,
    warnings: Vec<Warning>,
}

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
    let image = JpegImage::new(Arc::clone(&source), Arc::new(header), options.limits)?;
    Ok(Box::new(JpegReader {
        source,
        image: Arc::new(image),
        assets: [asset],
        metadata: Arc::default(),
        limits: options.limits,
        warnings,
    }))
}

impl ContainerReader for JpegReader {
    /// Empty: all metadata of a file belongs to its image.
    fn metadata(&self) -> &Arc<Metadata> {
        &self.metadata
    }

    fn assets(&self) -> &[AssetInfo] {
        &self.assets
    }

    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>> {
        check_only_asset(position)?;
        let image: Arc<JpegImage> = Arc::clone(&self.image);
        Ok(image)
    }

    fn raw_asset(&self, position: usize) -> Result<Vec<u8>> {
        check_only_asset(position)?;
        self.limits.check_pixels("bytes of the file", self.source.size(), self.source.size())?;
        self.source.read_range(0, self.source.size())
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// The first comment, if it is text.
fn description(header: &Header) -> String {
    let comment = header.comments.first().and_then(|comment| std::str::from_utf8(comment).ok());
    comment.unwrap_or_default().trim_end_matches('\0').to_owned()
}
