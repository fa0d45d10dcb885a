//! Codestreams: what joins coded blocks into one stream of bytes, with its headers, markers and end, and an image over such a
//! stream. Containers embed them: `.jpg` and NITF C3 hold JPEG, `.png` holds the stream of its IDAT chunks.

pub(crate) mod jpeg;
pub(crate) mod png;

use std::sync::Arc;

use crate::codec::{Encoded, ImageEncoder};
use crate::error::Result;
use crate::image::BlockGrid;

/// A stream in the making: its container writes the header, the blocks in row-major order, and the end.
pub trait Codestream: Send {
    /// The blocks of the stream.
    fn grid(&self) -> BlockGrid;

    /// The bytes in front of the first block.
    fn header(&self) -> Vec<u8>;

    /// Makes the bytes of blocks, each for itself and at its index.
    fn encoder(&self) -> Arc<dyn ImageEncoder>;

    /// Takes the receipt of a block that was appended.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the block was encoded for something else.
    fn take(&mut self, block: &Encoded) -> Result<()>;

    /// What completes the stream after the last block.
    fn end(&self) -> StreamEnd;
}

/// What completes a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamEnd {
    /// The bytes behind the last block.
    pub trailer: Vec<u8>,
    /// Bytes in front that depend on the blocks, with their offsets in the stream.
    pub patches: Vec<(u64, Vec<u8>)>,
}
