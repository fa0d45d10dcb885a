//! The reader of a file that holds one image and nothing else.

use std::sync::Arc;

use super::container::ContainerReader;
use super::warning::Warning;
use crate::asset::AssetInfo;
use crate::error::{Error, Result};
use crate::image::ImageProvider;
use crate::io::ByteSource;
use crate::limits::Limits;
use crate::metadata::Metadata;

/// An open file that holds one image. `image` opens the pixels.
pub(crate) struct OnlyImageReader<F> {
    pub(crate) source: Arc<dyn ByteSource>,
    pub(crate) limits: Limits,
    /// Metadata of the file.
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) assets: [AssetInfo; 1],
    pub(crate) warnings: Vec<Warning>,
    pub(crate) image: F,
}

impl<F: Fn() -> Result<Arc<dyn ImageProvider>> + Send + Sync> ContainerReader for OnlyImageReader<F> {
    fn metadata(&self) -> &Arc<Metadata> {
        &self.metadata
    }

    fn assets(&self) -> &[AssetInfo] {
        &self.assets
    }

    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>> {
        check_position(position)?;
        (self.image)()
    }

    fn raw_asset(&self, position: usize) -> Result<Vec<u8>> {
        check_position(position)?;
        self.limits.check_pixels("bytes of the file", self.source.size(), self.source.size())?;
        self.source.read_range(0, self.source.size())
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// # Errors
/// [`Error::OutOfRange`] for any position but 0.
fn check_position(position: usize) -> Result<()> {
    if position == 0 { Ok(()) } else { Err(Error::out_of_range("asset").found(position).allowed(0)) }
}
