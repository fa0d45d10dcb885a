//! Encoding of an image's blocks for a file: how pixels are gathered for a block, and the stored bytes that result.

use super::{Encoded, Scratch};
use crate::error::Result;
use crate::image::{BlockIndex, Interleave, Padding};

/// Encodes the blocks of one image for one container, in any order and on any thread. Another encoder made from the same
/// request, also in another process, encodes identically.
pub trait ImageEncoder: Send + Sync {
    /// How to gather the pixels of a block.
    fn gathering(&self) -> &Gathering;

    /// A text with everything that the stored bytes depend on beside the pixels: two encoders with equal texts can stand for each
    /// other, in whatever process they are.
    fn identity(&self) -> String;

    /// Encodes block `at`. The pieces are appended to `out`, or refer to the memory of `pixels`, which may be altered.
    ///
    /// # Errors
    /// The codec's errors, and [`crate::Error::Usage`] for pixels that the file cannot hold.
    fn encode<'p>(
        &self,
        at: BlockIndex,
        pixels: BlockPixels<'p>,
        out: &mut Encoded,
        scratch: &mut Scratch,
    ) -> Result<Pieces<'p>>;
}

/// How to gather the pixels of a block for an encoder, in native byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathering {
    /// The order of samples in a gathered block.
    pub interleave: Interleave,
    /// The padding of blocks at the image's edges.
    pub padding: Padding,
    /// The sample that fills blocks missing from the provider; if empty, such blocks are absent.
    pub absent: Option<Vec<u8>>,
    /// Which pixels are used in the caller's memory without a copy.
    pub borrow: Borrow,
}

/// Pixels that an encoder uses in the caller's memory, if they are contiguous and need no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Borrow {
    /// None.
    Nothing,
    /// A whole block in this order.
    Block(Interleave),
    /// Each band of a block separately.
    Bands,
}

/// The pixels of a block.
#[derive(Debug)]
pub enum BlockPixels<'p> {
    /// In the caller's memory, in the order of [`Borrow::Block`].
    Borrowed(&'p [u8]),
    /// In the caller's memory, band by band.
    Bands(Vec<&'p [u8]>),
    /// Gathered in a buffer; the encoder may alter it.
    Gathered(&'p mut [u8]),
}

/// Where the pieces of an encoded block are.
#[derive(Debug)]
pub enum Pieces<'p> {
    /// In the [`Encoded`] that the encoder received.
    Appended,
    /// In the memory of the pixels.
    Of(Vec<&'p [u8]>),
}

impl BlockPixels<'_> {
    /// The order of samples in the gathered pixels.
    pub fn interleave(&self, gathering: &Gathering) -> Interleave {
        match (self, gathering.borrow) {
            (Self::Borrowed(_), Borrow::Block(interleave)) => interleave,
            (Self::Bands(_), _) => Interleave::Band,
            _ => gathering.interleave,
        }
    }

    /// The bytes of all bands, unless the bands are in separate buffers.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Borrowed(bytes) => Some(bytes),
            Self::Gathered(bytes) => Some(bytes),
            Self::Bands(_) => None,
        }
    }
}
