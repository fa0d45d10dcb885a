//! Opens files: segments become assets and images.

use std::sync::Arc;

use super::assets::{self, Assets};
use super::bilevel_blocks::BilevelBlocks;
use super::coded_store;
use super::ic::{Coding, Ic};
use super::j2k_store;
use super::joined::JoinedImage;
use super::jpeg_blocks::{JpegBlocks, OnlyStream};
use super::pad::pad_of;
use super::pixels::{Storage, described_layout};
use super::segments::{Segment, Segments};
use super::store::{self, SegmentData};
use super::version::Version;
use super::vq_blocks::VqBlocks;
use super::whole::{Described, WholeSegment};
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
    segments: Vec<Arc<Segment>>,
    assets: Assets,
    warnings: Vec<Warning>,
}

/// Opens a file: reads its header and subheaders, but no data.
///
/// # Errors
/// [`Error::Malformed`] if the file header cannot be read; with `strict`, also for anything else that breaks a rule.
pub(super) fn open(source: Arc<dyn ByteSource>, options: &OpenOptions) -> Result<Box<dyn ContainerReader>> {
    let file = Segments::open(&*source)?;
    let mut warnings = file.warnings.clone();
    let assets = Assets::new(&*source, &file, options.limits, &mut warnings);
    if options.strict {
        assets::check(&file, &warnings)?;
    }
    let Segments { version, list, .. } = file;
    let segments = list.into_iter().map(Arc::new).collect();
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
                let image = |part: &usize| {
                    let image = self.stored_image(&SegmentParts::of(self, *part))?;
                    Ok(Arc::new(image) as Arc<dyn FileImage>)
                };
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

    /// The image of a segment.
    fn segment_image(&self, number: usize) -> Result<Arc<dyn ImageProvider>> {
        let parts = SegmentParts::of(self, number);
        let image = self.stored_image(&parts)?;
        let is_jpeg = parts.ic.is_some_and(Ic::is_jpeg);
        let only = if is_jpeg { OnlyStream::of(&parts.data, self.limits, image.layout()) } else { None };
        let Some(OnlyStream { image: bands, stream }) = only else { return Ok(Arc::new(image)) };
        // A stream with restart markers is decoded in bands of rows.
        if bands.has_bands() {
            return Ok(Arc::new(bands.with_whole(image.behind().whole.cloned()).with_stream(stream)));
        }
        Ok(Arc::new(image.with_stream(stream)))
    }

    /// The image over the stored blocks of a segment.
    fn stored_image(&self, parts: &SegmentParts<'_>) -> Result<StoredImage> {
        let SegmentParts { segment, ic, data } = parts;
        let place = |error: Error| error.segment(segment.key());
        let subheader = &segment.subheader;
        let there = data.range.end - data.range.start;
        let pad = pad_of(&*self.source, subheader, (segment.data, there)).map(|(value, _)| value);
        // Only complete bytes that mean the same in the version that is written may be copied. A copy of the JPEG streams that are
        // there loses less than encoding them again.
        let is_same = !self.version.is_20() || ic.is_some_and(Ic::is_older_than_21);
        let is_whole = there == segment.data_length && is_same;
        let is_copied = there > 0 && (is_whole || ic.is_some_and(Ic::is_jpeg));
        let whole = |layout: &ImageLayout, reason| -> Result<_> {
            let described = Described { segment: Arc::clone(segment), pad, is_renewed: self.version.is_20() };
            let segment = WholeSegment::new(data.clone(), layout, described, reason)?;
            Ok(Arc::new(segment) as Arc<dyn BlockStore>)
        };
        let decoded = ic.filter(|ic| ic.is_decoded);
        let image = decoded.map(|ic| self.decoded_image(parts, ic, pad.unwrap_or(PadValue::ZERO)));
        // A codestream that cannot be read is reported when its pixels are read.
        let is_fatal = |error: &Error| match error {
            Error::Unsupported(_) => false,
            Error::Malformed(_) => !ic.is_some_and(Ic::is_j2k),
            _ => true,
        };
        let (image, whole) = match image.transpose() {
            Ok(Some(image)) => {
                let whole = whole(image.layout(), None)?;
                (image, whole)
            }
            Err(error) if is_fatal(&error) => return Err(place(error)),
            // An image that cannot be decoded can still be described and copied.
            other => {
                let layout = described_layout(subheader).map_err(place)?;
                let whole = whole(&layout, other.err())?;
                (StoredImage::new(Arc::clone(&whole), layout, self.limits), whole)
            }
        };
        Ok(image.with_whole(Some(whole).filter(|_| is_copied)))
    }

    /// The image of a segment whose coding is decoded.
    fn decoded_image(&self, parts: &SegmentParts<'_>, ic: Ic, pad: PadValue) -> Result<StoredImage> {
        let (subheader, data, limits) = (&parts.segment.subheader, parts.data.clone(), self.limits);
        let storage = Storage::read(subheader)?;
        let rate = subheader.text("COMRAT").unwrap_or_default().to_owned();
        match ic.coding {
            Coding::Jpeg | Coding::ReducedJpeg | Coding::LosslessJpeg => {
                storage.check_jpeg(ic)?;
                coded_store::image(data, limits, storage, pad, JpegBlocks { rate })
            }
            Coding::Bilevel => {
                storage.check_bilevel()?;
                coded_store::image(data, limits, storage, pad, BilevelBlocks { rate })
            }
            Coding::VectorQuantisation => {
                storage.check_vq()?;
                coded_store::image(data, limits, storage, pad, VqBlocks)
            }
            Coding::Jpeg2000 | Coding::HighThroughput => {
                storage.check_j2k()?;
                j2k_store::image(data, limits, storage, pad)
            }
            _ => {
                storage.check_uncompressed()?;
                store::image(data, limits, storage, pad)
            }
        }
    }
}

/// What the image of a segment is made from.
struct SegmentParts<'r> {
    segment: &'r Arc<Segment>,
    ic: Option<Ic>,
    data: SegmentData,
}

impl<'r> SegmentParts<'r> {
    fn of(reader: &'r NitfReader, number: usize) -> Self {
        let (segment, size) = (&reader.segments[number], reader.source.size());
        let ic = Ic::from_code(segment.subheader.text("IC").unwrap_or_default());
        let data = SegmentData {
            source: Arc::clone(&reader.source),
            key: segment.key(),
            range: segment.data.min(size)..segment.data.saturating_add(segment.data_length).min(size),
            is_masked: ic.is_some_and(|ic| ic.is_masked),
        };
        Self { segment, ic, data }
    }
}
