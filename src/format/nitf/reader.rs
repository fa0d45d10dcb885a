//! Opening files: segments become assets, and images.

use std::sync::Arc;

use super::assets::{self, Assets};
use super::ic::Ic;
use super::image::NitfImage;
use super::joined::JoinedImage;
use super::opaque::OpaqueImage;
use super::pixels::{Storage, described_layout};
use super::segments::{Segment, Segments};
use super::version::Version;
use crate::asset::AssetInfo;
use crate::error::{Error, Result};
use crate::format::{ContainerReader, OpenOptions, Warning};
use crate::image::{ImageProvider, StoredImage};
use crate::io::ByteSource;
use crate::limits::Limits;
use crate::metadata::Metadata;

/// An open NITF or NSIF file.
pub(super) struct NitfReader {
    source: Arc<dyn ByteSource>,
    limits: Limits,
    version: Version,
    segments: Vec<Segment>,
    assets: Assets,
    warnings: Vec<Warning>,
}

/// Opens a file: header and subheaders, no data.
///
/// # Errors
/// [`Error::Malformed`] where the file header cannot be read; with `strict` for everything else that breaks a rule.
pub fn open(source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<Box<dyn ContainerReader>> {
    let file = Segments::open(&*source)?;
    let mut warnings = file.warnings.clone();
    let assets = Assets::new(&*source, &file, options.limits, &mut warnings);
    if options.strict {
        assets::check(&file, &warnings)?;
    }
    let Segments { version, list: segments, .. } = file;
    Ok(Box::new(NitfReader { source, limits: options.limits, version, segments, assets, warnings }))
}

impl ContainerReader for NitfReader {
    fn metadata(&self) -> &Arc<Metadata> {
        &self.assets.metadata
    }

    fn assets(&self) -> &[AssetInfo] {
        &self.assets.list
    }

    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>> {
        match self.segments_of(position)? {
            [segment] => self.segment_image(*segment),
            parts => {
                let images: Result<Vec<_>> = parts.iter().map(|part| self.segment_image(*part)).collect();
                Ok(Arc::new(JoinedImage::new(images?)?))
            }
        }
    }

    fn raw_asset(&self, position: usize) -> Result<Vec<u8>> {
        let parts = self.segments_of(position)?;
        let length = parts.iter().fold(0u64, |sum, part| sum.saturating_add(self.segments[*part].data_length));
        self.limits.check_pixels("stored bytes of a segment", length, self.source.size())?;
        let mut bytes = Vec::new();
        for part in parts {
            let segment = &self.segments[*part];
            bytes.extend(
                self.source
                    .read_range(segment.data, segment.data_length)
                    .map_err(|error| error.segment(segment.key()))?,
            );
        }
        Ok(bytes)
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl NitfReader {
    fn segments_of(&self, position: usize) -> Result<&[usize]> {
        let found = self.assets.segments.get(position).map(Vec::as_slice);
        found.ok_or_else(|| Error::out_of_range("asset").found(position))
    }

    fn segment_image(&self, number: usize) -> Result<Arc<dyn ImageProvider>> {
        let segment = &self.segments[number];
        let place = |error: Error| error.segment(segment.key());
        let compression = segment.subheader.text("IC").unwrap_or_default();
        let stored = self.stored(segment);
        let ic = Ic::from_code(compression);
        let is_decoded = ic.is_some_and(|ic| ic.is_decoded);
        let storage = Storage::read(&segment.subheader);
        let storage = match storage.and_then(|storage| storage.check_uncompressed().map(|()| storage)) {
            Ok(storage) if is_decoded => storage,
            // What cannot be decoded can be described and copied.
            other => {
                let reason = match other {
                    Err(error @ Error::Unsupported(_)) if is_decoded => Some(error),
                    Err(error) if is_decoded => return Err(place(error)),
                    _ => None,
                };
                let layout = described_layout(&segment.subheader).map_err(place)?;
                return Ok(Arc::new(OpaqueImage::new(layout, compression, segment.key(), reason, stored)));
            }
        };
        let data = (segment.data, segment.data_length.min(self.source.size().saturating_sub(segment.data)));
        let masked = ic.is_some_and(|ic| ic.is_masked);
        let image = NitfImage::new(Arc::clone(&self.source), self.limits, storage, data, masked).map_err(place)?;
        Ok(Arc::new(image.with_stored(stored)))
    }

    /// The bytes of an image that a writer may copy: all there, and of the version that is written.
    fn stored(&self, segment: &Segment) -> Option<StoredImage> {
        let end = segment.data.checked_add(segment.data_length)?;
        (!self.version.is_20() && segment.data_length > 0 && end <= self.source.size()).then(|| StoredImage {
            format: "nitf",
            source: Arc::clone(&self.source),
            offset: segment.data,
            length: segment.data_length,
            header: segment.raw.clone(),
        })
    }
}
