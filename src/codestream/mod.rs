//! Codestreams join coded blocks into one stream of bytes with headers, markers and an end, and open such a stream as an
//! image. Containers embed them: `.jpg` and NITF C3 hold JPEG, `.png` holds the stream of its IDAT chunks.

pub(crate) mod j2k;
pub(crate) mod jpeg;
mod piece_order;
pub(crate) mod png;
mod stored;

pub(crate) use piece_order::PieceOrder;
pub(crate) use stored::{StoredStream, StreamHeader, stored_header};

use std::sync::Arc;

use crate::codec::{Encoded, ImageEncoder};
use crate::error::Result;
use crate::image::{BlockGrid, BlockIndex};

/// A stream to be written: its container writes the header, the blocks in row-major order, and the end.
pub(crate) trait Codestream: Send {
    /// The block grid of the stream.
    fn grid(&self) -> BlockGrid;

    /// The bytes before the first block.
    fn header(&self) -> Vec<u8>;

    /// The encoder, which encodes each block independently by its index.
    fn encoder(&self) -> Arc<dyn ImageEncoder>;

    /// Records the receipt of an appended block.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the block was encoded for another container.
    fn take(&mut self, block: &Encoded) -> Result<()>;

    /// The block that a stream stores for an absent one; `None` if it needs the pixels of every block.
    fn absent_block(&self, at: BlockIndex) -> Option<Encoded> {
        let _ = at;
        None
    }

    /// If above 1, each block has this number of pieces, and the first pieces of all blocks precede the second ones.
    fn rounds(&self) -> usize {
        1
    }

    /// The bytes that complete the stream after the last block.
    fn end(&self) -> StreamEnd;
}

/// The bytes that complete a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StreamEnd {
    /// The bytes after the last block.
    pub trailer: Vec<u8>,
    /// Earlier bytes that depend on the blocks, with their offsets in the stream.
    pub patches: Vec<(u64, Vec<u8>)>,
}
