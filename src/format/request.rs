//! Requests to a writer: images with their settings, other assets, and the context of a request.

use super::overviews::Overviews;
use super::warning::{Finding, Warning, WarningKind};
use crate::asset::{AssetInfo, AssetType};
use crate::error::{Error, Result};
use crate::image::{Georeference, ImageProvider, PadValue};
use crate::metadata::Metadata;
use crate::pipeline::{Concurrency, Control};

/// An image to write.
#[derive(Clone, Copy)]
pub struct ImageRequest<'a> {
    /// The asset's key; `…:overview:n` marks a reduced image if no role does.
    pub key: &'a str,
    /// A short title.
    pub title: &'a str,
    /// A description.
    pub description: &'a str,
    /// The asset's roles.
    pub roles: &'a [String],
    /// Encoding hints and other metadata to write.
    pub metadata: &'a Metadata,
    /// Settings that all formats share. The dataset merges them with the metadata before the container begins the image, by
    /// [`Format::apply`](super::Format::apply); a container never sees them. Without settings, the metadata alone decides.
    pub settings: Option<&'a SaveSettings>,
    /// Overviews and a mask to make and to write with the image. Only the dataset uses them.
    pub overviews: Option<&'a Overviews<'a>>,
    /// The pixels. If the caller encodes the blocks, the provider only describes the image.
    pub provider: &'a dyn ImageProvider,
    /// The source of the blocks.
    pub blocks: Blocks,
    /// The asset of a file that the image is, or is a part of; `None` for an image that the caller made.
    pub copied: Option<Copied<'a>>,
}

/// The asset of a file that is written again. A title or description that the request does not have is the asset's, made to fit
/// the format with a warning. Its georeference and nodata value go to another format.
#[derive(Debug, Clone, Copy)]
pub struct Copied<'a> {
    /// The asset. Its facts are those of the image that is written.
    pub asset: &'a AssetInfo,
    /// True if the image is a part of the asset: its blocks were chosen.
    pub is_part: bool,
}

impl<'a> ImageRequest<'a> {
    /// An image of the provider's pixels with this metadata, without a title, description or roles.
    pub fn new(key: &'a str, provider: &'a dyn ImageProvider, metadata: &'a Metadata) -> Self {
        Self {
            key,
            title: "",
            description: "",
            roles: &[],
            metadata,
            settings: None,
            overviews: None,
            provider,
            blocks: Blocks::Provider,
            copied: None,
        }
    }

    /// An image of a file, with the metadata, texts and roles of its asset there.
    pub fn copy_of(key: &'a str, provider: &'a dyn ImageProvider, asset: &'a AssetInfo) -> Self {
        let copied = Some(Copied { asset, is_part: false });
        Self { roles: &asset.roles, copied, ..Self::new(key, provider, &asset.metadata) }
    }
}

/// The settings of a write in one call, such as `dataset::save`.
#[derive(Debug, Clone, Default)]
pub struct SaveSettings {
    /// A name such as `deflate`; `None` for the format's default.
    pub compression: Option<String>,
    /// Block columns and rows; `None` for the format's default.
    pub block_size: Option<(u32, u32)>,
    /// The image's georeference: a transform or corners. Corners of a parallelogram become a transform
    /// ([`Georeference::for_writing`]).
    pub georeference: Georeference,
    /// The nodata value.
    pub nodata: Option<PadValue>,
    /// Quality of lossy compression.
    pub quality: Option<f64>,
    /// True to store the georeference also in the most precise form of the format, if another one is not exact.
    pub precise: bool,
    /// True to store the statistics of every band.
    pub statistics: bool,
    /// True for a Cloud Optimized GeoTIFF, also if the image has no overviews.
    pub cloud_optimized: bool,
}

impl SaveSettings {
    /// Refuses a georeference, for a format that cannot store one.
    ///
    /// # Errors
    /// [`Error::Usage`] if a georeference is set.
    pub(crate) fn refuse_georeference(&self, format: &str) -> Result<()> {
        if self.georeference != Georeference::default() {
            return Err(Error::usage(format!("{format} files cannot store a georeference (corners, crs, transform)")));
        }
        Ok(())
    }
}

/// The source of an image's blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocks {
    /// The engine reads them from the provider; large blocks are read in pieces.
    #[default]
    Provider,
    /// The stored blocks of the provider's file are copied undecoded if they have the grid and the coding of the new file's
    /// blocks, and the metadata state no effort of the encoder and no quality. Otherwise as [`Blocks::Provider`].
    Stored,
    /// The caller encodes whole blocks of the file's grid, in any thread or process, and appends them. The engine requests no
    /// pixels from the provider.
    Caller,
}

/// An asset of text, graphics or other data to write.
pub struct DataRequest<'a> {
    /// The asset's key.
    pub key: &'a str,
    /// A short title.
    pub title: &'a str,
    /// A description.
    pub description: &'a str,
    /// The asset's roles; `overflow` marks overflowing metadata of other assets, which writers create anew.
    pub roles: &'a [String],
    /// The type of asset.
    pub kind: AssetType,
    /// Its media type.
    pub media_type: &'a str,
    /// Other metadata to write.
    pub metadata: &'a Metadata,
    /// The bytes or the text.
    pub content: Content<'a>,
}

/// The content of an asset that is not an image.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Bytes, stored as they are.
    Bytes(&'a [u8]),
    /// Text, and the name of the caller's preferred encoding; the format makes the choice.
    Text(&'a str, &'a str),
}

/// The context of a request.
pub(crate) struct WriteContext<'a, 'c> {
    /// The number of threads.
    pub concurrency: Concurrency,
    /// The caller's signals and progress callback.
    pub control: &'a Control<'c>,
    /// Collects warnings for the caller.
    pub warnings: &'a mut Vec<Warning>,
    /// True to report departures from the standard as errors, not warnings.
    pub strict: bool,
}

impl WriteContext<'_, '_> {
    /// Reports a departure from the standard: a warning, or an error if the caller is strict.
    ///
    /// # Errors
    /// [`Error::Usage`] if the caller is strict.
    pub(crate) fn report(&mut self, finding: Finding) -> Result<()> {
        if self.strict {
            return Err(finding.into_usage());
        }
        self.warnings.push(finding.into_warning());
        Ok(())
    }
}

/// Refuses the value under `key`, which cannot be written. One that was read, rather than chosen, is left out with a warning: a
/// copy of a file does not fail for what the file holds.
///
/// # Errors
/// `error`, if the caller has chosen the value.
pub(crate) fn refuse_chosen(metadata: &Metadata, key: &str, error: Error, warnings: &mut Vec<Warning>) -> Result<()> {
    if metadata.is_chosen(key) {
        return Err(error);
    }
    warnings.push(Warning::new(WarningKind::Metadata, key, format!("is left out: {error}")));
    Ok(())
}

/// Merges `encoding`, the settings as a format's own entries, into the metadata. `replaces(key, other)` is true if an entry
/// under `key` makes one under `other` obsolete; that one is removed. An entry always replaces one with its own key.
pub(crate) fn merge(metadata: &Metadata, encoding: &Metadata, replaces: fn(&str, &str) -> bool) -> Metadata {
    let mut merged = metadata.clone();
    // Remove all replaced entries before setting any: one setting may become several entries on the same subject.
    merged.retain(|other| !encoding.iter().any(|(key, _)| replaces(key, other)));
    for (key, value) in encoding.iter() {
        merged.set(key, value.clone());
    }
    merged
}
