//! Opens files: segments become assets and images.

use std::sync::Arc;

use super::assets::{self, Assets};
use super::ic::Ic;
use super::joined::JoinedImage;
use super::pad::pad_of;
use super::pixels::{Storage, described_layout};
use super::segments::{Segment, Segments};
use super::store::{self, SegmentData};
use super::version::Version;
use super::whole::{SegmentCoding, WholeSegment};
use crate::asset::AssetInfo;
use crate::error::{Error, Result};
use crate::format::{ContainerReader, OpenOptions, Warning};
use crate::image::{BlockStore, FileImage, ImageLayout, ImageProvider, PadValue, StoredImage};
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

/// Opens a file: reads its header and subheaders, but no data.
///
/// # Errors
/// [`Error::Malformed`] if the file header cannot be read; with `strict`, also for anything else that breaks a rule.
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
            [segment] => Ok(self.segment_image(*segment)?),
            parts => {
                let image = |part: &usize| self.segment_image(*part).map(|image| image as Arc<dyn FileImage>);
                let images: Result<Vec<_>> = parts.iter().map(image).collect();
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

    fn segment_image(&self, number: usize) -> Result<Arc<StoredImage>> {
        let segment = &self.segments[number];
        let place = |error: Error| error.segment(segment.key());
        let (subheader, size) = (&segment.subheader, self.source.size());
        let ic = Ic::from_code(subheader.text("IC").unwrap_or_default());
        let data = SegmentData {
            source: Arc::clone(&self.source),
            key: segment.key(),
            range: segment.data.min(size)..segment.data.saturating_add(segment.data_length).min(size),
            is_masked: ic.is_some_and(|ic| ic.is_masked),
        };
        let there = data.range.end - data.range.start;
        let pad = pad_of(&*self.source, subheader, (segment.data, there)).map(|(value, _)| value);
        // Only bytes that are complete and of a version that can be written may be copied.
        let is_copied = !self.version.is_20() && there > 0 && there == segment.data_length;
        let whole = |layout: &ImageLayout, reason| -> Result<_> {
            let coding = SegmentCoding::new(|name| subheader.get(name).cloned(), pad, segment.raw.clone());
            let segment = WholeSegment::new(data.clone(), layout, coding, reason)?;
            Ok(Arc::new(segment) as Arc<dyn BlockStore>)
        };
        let is_decoded = ic.is_some_and(|ic| ic.is_decoded);
        let storage = Storage::read(subheader).and_then(|storage| storage.check_uncompressed().map(|()| storage));
        let (image, whole) = match storage {
            Ok(storage) if is_decoded => {
                let pad = pad.unwrap_or(PadValue::ZERO);
                let image = store::image(data.clone(), self.limits, storage, pad).map_err(place)?;
                let whole = whole(image.layout(), None)?;
                (image, whole)
            }
            Err(error) if is_decoded && !matches!(error, Error::Unsupported(_)) => return Err(place(error)),
            // An image that cannot be decoded can still be described and copied.
            other => {
                let layout = described_layout(subheader).map_err(place)?;
                let whole = whole(&layout, other.err().filter(|_| is_decoded))?;
                (StoredImage::new(Arc::clone(&whole), layout, self.limits), whole)
            }
        };
        Ok(Arc::new(image.with_whole(Some(whole).filter(|_| is_copied))))
    }
}
