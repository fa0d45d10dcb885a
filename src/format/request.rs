//! What a writer is asked for: images, other assets, and the circumstances.

use super::settings::SaveSettings;
use super::warning::{Finding, Warning};
use crate::asset::AssetType;
use crate::error::Result;
use crate::image::ImageProvider;
use crate::metadata::Metadata;
use crate::pipeline::{Concurrency, Control};

/// An image to be written.
#[derive(Clone, Copy)]
pub struct ImageRequest<'a> {
    /// Its key; `…:overview:n` marks a reduced image where no role does.
    pub key: &'a str,
    /// A short title.
    pub title: &'a str,
    /// A description.
    pub description: &'a str,
    /// What it is for.
    pub roles: &'a [String],
    /// Encoding hints and what else the file shall say.
    pub metadata: &'a Metadata,
    /// Settings in terms that all formats share. The format merges them with the metadata, and its defaults with both; without
    /// settings the metadata alone decide.
    pub settings: Option<&'a SaveSettings>,
    /// The pixels; for blocks that come by hand, what the image is like.
    pub provider: &'a dyn ImageProvider,
    /// Where the blocks come from.
    pub blocks: Blocks,
}

impl<'a> ImageRequest<'a> {
    /// An image of the provider's pixels with this metadata, without title, description and roles.
    pub fn new(key: &'a str, provider: &'a dyn ImageProvider, metadata: &'a Metadata) -> Self {
        Self {
            key,
            title: "",
            description: "",
            roles: &[],
            metadata,
            settings: None,
            provider,
            blocks: Blocks::Provider,
        }
    }
}

/// Where the blocks of an image come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocks {
    /// The engine takes them from the provider, in pieces of blocks if these are large.
    #[default]
    Provider,
    /// The caller encodes whole blocks of the file's grid, anywhere, and appends them. The provider is not asked for pixels.
    Caller,
}

/// A text, graphics or other data to be written.
pub struct DataRequest<'a> {
    /// Its key.
    pub key: &'a str,
    /// A short title.
    pub title: &'a str,
    /// A description.
    pub description: &'a str,
    /// What it is for; `overflow` marks a part of other assets' metadata, which writers make anew.
    pub roles: &'a [String],
    /// What it is.
    pub kind: AssetType,
    /// Its media type.
    pub media_type: &'a str,
    /// What else the file shall say of it.
    pub metadata: &'a Metadata,
    /// The bytes or the text.
    pub content: Content<'a>,
}

/// What an asset that is no image holds.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Bytes, stored as they are.
    Bytes(&'a [u8]),
    /// Text, in whatever encoding the format chooses; the name is the one the caller would like.
    Text(&'a str, &'a str),
}

/// What a writer needs beside the request.
pub struct WriteContext<'a, 'c> {
    /// How many threads.
    pub concurrency: Concurrency,
    /// The caller's signals and progress.
    pub control: &'a Control<'c>,
    /// What the caller should know though nothing failed.
    pub warnings: &'a mut Vec<Warning>,
    /// Departures from the standard are errors, not warnings.
    pub strict: bool,
}

impl WriteContext<'_, '_> {
    /// Reports a departure from the standard: a warning, or an error where the caller is strict.
    ///
    /// # Errors
    /// [`Error::Usage`] where the caller is strict.
    pub fn report(&mut self, finding: Finding) -> Result<()> {
        if self.strict {
            return Err(finding.into_usage());
        }
        self.warnings.push(finding.into_warning());
        Ok(())
    }
}
