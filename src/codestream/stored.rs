//! The bytes of a stream as one block, which a file of the same kind takes as they are.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::codec::Scratch;
use crate::error::{Error, Result};
use crate::image::{BlockCoding, BlockGrid, BlockStore, ImageLayout, Interleave, Piece, StoredBlock, Window};
use crate::io::ByteSource;

/// A stream in a file, or the rest of one after its header, which its container writes anew.
pub(crate) struct StoredStream<H> {
    source: Arc<dyn ByteSource>,
    range: Range<u64>,
    layout: ImageLayout,
    coding: StreamCoding<H>,
}

/// The header of a stream that can be copied as a whole.
pub(crate) trait StreamHeader: Send + Sync + 'static {
    /// False if the stream is known to be damaged.
    fn is_complete(&self) -> bool {
        true
    }
}

/// The header of a stream, which with the stored bytes determines the pixels.
pub(crate) struct StreamCoding<H>(pub(crate) Arc<H>);

impl<H: StreamHeader> StoredStream<H> {
    /// The bytes `range` of a file, which hold an image with this layout.
    ///
    /// # Errors
    /// [`Error::Usage`] for a layout that no image can have.
    pub(crate) fn block(
        source: Arc<dyn ByteSource>,
        range: Range<u64>,
        layout: &ImageLayout,
        header: Arc<H>,
    ) -> Result<Arc<dyn BlockStore>> {
        let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
        let layout = ImageLayout { grid: BlockGrid::new(columns, rows, columns, rows)?, ..layout.clone() };
        Ok(Arc::new(Self { source, range, layout, coding: StreamCoding(header) }))
    }
}

impl<H> fmt::Debug for StreamCoding<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamCoding").finish_non_exhaustive()
    }
}

impl<H: Send + Sync + 'static> BlockCoding for StreamCoding<H> {
    /// True for the same stream only: a container compares what it needs.
    fn decodes_like(&self, other: &dyn BlockCoding) -> bool {
        header_in::<H>(other).is_some_and(|other| Arc::ptr_eq(other, &self.0))
    }
}

/// The header of the stream that a store holds, if it has such headers.
pub(crate) fn stored_header<H: Send + Sync + 'static>(store: &dyn BlockStore) -> Option<&Arc<H>> {
    header_in(store.coding()?)
}

fn header_in<H: Send + Sync + 'static>(coding: &dyn BlockCoding) -> Option<&Arc<H>> {
    let coding: &dyn std::any::Any = coding;
    coding.downcast_ref::<StreamCoding<H>>().map(|coding| &coding.0)
}

fn undecoded() -> Error {
    Error::unsupported("part of a stream that is copied as a whole")
}

impl<H: StreamHeader> BlockStore for StoredStream<H> {
    fn source(&self) -> &Arc<dyn ByteSource> {
        &self.source
    }

    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn interleave(&self) -> Interleave {
        Interleave::Pixel
    }

    fn has_block(&self, _: StoredBlock) -> Result<bool> {
        Ok(true)
    }

    fn is_dense(&self) -> bool {
        true
    }

    fn is_complete(&self) -> bool {
        self.coding.0.is_complete()
    }

    fn range(&self, _: StoredBlock) -> Result<Option<Range<u64>>> {
        Ok(Some(self.range.clone()))
    }

    fn coding(&self) -> Option<&dyn BlockCoding> {
        Some(&self.coding)
    }

    fn piece(&self, _: StoredBlock, _: Window) -> Result<Option<Piece>> {
        Err(undecoded())
    }

    fn decode(&self, _: StoredBlock, _: &Piece, _: &[&[u8]], _: &mut [u8], _: &mut Scratch) -> Result<()> {
        Err(undecoded())
    }

    fn name(&self, _: StoredBlock) -> String {
        "image:0".to_owned()
    }
}
