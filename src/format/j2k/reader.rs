//! Reads a file: one image, described by its boxes and the main header of its codestream.

use std::sync::Arc;

use super::header::FileHeader;
use super::{MEDIA_TYPE, geo, metadata};
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::codestream::StoredStream;
use crate::codestream::j2k::{Codestream, CodestreamInfo, image};
use crate::error::Result;
use crate::format::{ContainerReader, OnlyImageReader, OpenOptions, Warning, WarningKind};
use crate::image::ImageProvider;
use crate::io::{ByteSource, SourceRange};

/// The key of the image.
const KEY: &str = "image:0";

/// The family of the metadata.
const FAMILY: &str = "j2k";

/// Reads the headers of a file.
///
/// # Errors
/// [`crate::Error::Malformed`], [`crate::Error::Unsupported`] or [`crate::Error::Limit`], depending on the file's content.
pub(super) fn open(source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<Box<dyn ContainerReader>> {
    let limits = options.limits;
    let mut warnings = Vec::new();
    let file = FileHeader::read(&*source, &limits, &mut warnings)?;
    let (start, end) = (file.codestream.start, file.codestream.end);
    let part: Arc<dyn ByteSource> = Arc::new(SourceRange::new(Arc::clone(&source), start, end - start)?);
    let codestream = Arc::new(Codestream::open(part, limits, "")?);
    let info = CodestreamInfo::of(&codestream.header);
    if let Some(stated) = file.size.filter(|stated| *stated != (info.rows, info.columns, info.bits.len() as u16)) {
        let message = format!(
            "the box ihdr states (rows, columns, components) {stated:?}, but the codestream has {:?}",
            (info.rows, info.columns, info.bits.len())
        );
        warnings.push(Warning::new(WarningKind::File, KEY, message));
    }
    let mut metadata = metadata::of(&file, &codestream.header, &info);
    let (georeference, names) = geo::georeference(&file, &limits);
    for (name, value) in names {
        metadata.append(name, value);
    }
    let raw = codestream.raw_header()?;
    let asset = AssetInfo {
        key: KEY.to_owned(),
        title: String::new(),
        description: String::new(),
        roles: vec!["data".to_owned()],
        media_type: MEDIA_TYPE,
        kind: AssetType::Image,
        metadata: Arc::new(metadata.read_from(FAMILY, "", raw)),
        image: Some(ImageFacts { georeference, nodata: None, compression: info.compression().to_owned() }),
    };
    let shared = image(&codestream, None)?;
    let tiles = start + codestream.tiles_at()..end;
    let stored = StoredStream::block(Arc::clone(&source), tiles, shared.layout(), codestream)?;
    let shared = Arc::new(shared.with_whole(Some(stored)));
    let image = move || Ok(Arc::clone(&shared) as Arc<dyn ImageProvider>);
    // All metadata of a file belongs to its image.
    let metadata = Arc::default();
    Ok(Box::new(OnlyImageReader { source, limits, metadata, assets: [asset], warnings, image }))
}
