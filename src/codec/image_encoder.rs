//! The blocks of an image as a file stores them: what is gathered for a block, and what becomes of it.

use super::{Encoded, Scratch};
use crate::error::Result;
use crate::image::{BlockIndex, Interleave, Padding};

/// Encodes the blocks of one image for one container. It can be asked for any block, in any order, on any thread; another one
/// that was made from the same request, in another process, encodes alike.
pub trait ImageEncoder: Send + Sync {
    /// How the pixels of a block are gathered.
    fn gathering(&self) -> &Gathering;

    /// Encodes block `at`. The pieces are appended to `out`, or they are parts of the memory of `pixels`, which may be altered.
    ///
    /// # Errors
    /// What the codec reports, and [`crate::Error::Usage`] for pixels that the file cannot hold.
    fn encode<'p>(
        &self,
        at: BlockIndex,
        pixels: BlockPixels<'p>,
        out: &mut Encoded,
        scratch: &mut Scratch,
    ) -> Result<Pieces<'p>>;
}

/// How the pixels of a block are gathered for an encoder, in native byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathering {
    /// The order of samples in a gathered block.
    pub interleave: Interleave,
    /// What lies around the image in a block at its edge.
    pub padding: Padding,
    /// One sample for blocks that the provider does not have; with none, such blocks are absent.
    pub absent: Option<Vec<u8>>,
    /// Which pixels are taken from the caller's memory as they stand.
    pub borrow: Borrow,
}

/// Pixels that an encoder takes from the caller's memory, if they stand there without gaps and need no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Borrow {
    /// None.
    Nothing,
    /// A block in this order.
    Block(Interleave),
    /// Each band of a block for itself.
    Bands,
}

/// The pixels of a block.
#[derive(Debug)]
pub enum BlockPixels<'p> {
    /// In the caller's memory, in the order of [`Borrow::Block`].
    Borrowed(&'p [u8]),
    /// In the caller's memory, band by band.
    Bands(Vec<&'p [u8]>),
    /// Gathered; the encoder may alter them.
    Gathered(&'p mut [u8]),
}

/// Where the pieces of an encoded block are.
#[derive(Debug)]
pub enum Pieces<'p> {
    /// In the block that was given to the encoder.
    Appended,
    /// In the memory of the pixels.
    Of(Vec<&'p [u8]>),
}

impl BlockPixels<'_> {
    /// The order of samples in pixels that were gathered so.
    pub fn interleave(&self, gathering: &Gathering) -> Interleave {
        match (self, gathering.borrow) {
            (Self::Borrowed(_), Borrow::Block(interleave)) => interleave,
            (Self::Bands(_), _) => Interleave::Band,
            _ => gathering.interleave,
        }
    }

    /// The bytes of all bands, unless the bands lie apart.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Borrowed(bytes) => Some(bytes),
            Self::Gathered(bytes) => Some(bytes),
            Self::Bands(_) => None,
        }
    }
}
