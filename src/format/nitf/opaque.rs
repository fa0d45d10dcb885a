//! Images whose compression is not decoded here: everything is known of them but their pixels, and their stored bytes can be
//! copied.

use crate::error::{Error, Result};
use crate::image::{Access, Block, BlockIndex, ImageLayout, ImageProvider, StoredImage};

/// An image that can be described and copied, not decoded.
pub(super) struct OpaqueImage {
    layout: ImageLayout,
    compression: String,
    key: String,
    /// Why it is not decoded, where that is not its compression.
    reason: Option<Error>,
    stored: Option<StoredImage>,
}

impl OpaqueImage {
    /// The image `key` with a compression by its code, which is not decoded for `reason`, or because of its compression.
    pub(super) fn new(
        layout: ImageLayout,
        compression: &str,
        key: String,
        reason: Option<Error>,
        stored: Option<StoredImage>,
    ) -> Self {
        Self { layout, compression: compression.to_owned(), key, reason, stored }
    }
}

impl ImageProvider for OpaqueImage {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        Access::Serial
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.layout.grid.check(at)?;
        let error = match &self.reason {
            Some(Error::Unsupported(detail)) => Error::Unsupported(detail.clone()),
            _ => Error::unsupported("compression").field("IC").found(&self.compression),
        };
        Err(error.segment(&self.key))
    }

    fn is_dense(&self) -> bool {
        true
    }

    fn stored(&self) -> Option<&StoredImage> {
        self.stored.as_ref()
    }

    fn file_bytes(&self) -> u64 {
        self.stored.as_ref().map_or(u64::MAX, |stored| stored.source.size())
    }
}
