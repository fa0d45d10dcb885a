//! Encoding of an image's blocks for a file: how pixels are gathered for a block, and the stored bytes that result, on their way
//! to a container that may be in another process.

use super::Scratch;
use crate::error::{Error, Result};
use crate::image::{BlockIndex, Interleave, Padding};

/// Encodes the blocks of one image for one container, in any order and on any thread. Another encoder made from the same
/// request, also in another process, encodes identically. `encode_block` of the pipeline uses it.
pub trait ImageEncoder: Send + Sync {
    /// How to gather the pixels of a block.
    #[doc(hidden)]
    fn gathering(&self) -> &Gathering;

    /// A text with everything that the stored bytes depend on beside the pixels: two encoders with equal texts can stand for each
    /// other, in whatever process they are.
    #[doc(hidden)]
    fn identity(&self) -> String;

    /// Encodes block `at`. The pieces are appended to `out`, or refer to the memory of `pixels`, which may be altered.
    ///
    /// # Errors
    /// The codec's errors, and [`crate::Error::Usage`] for pixels that the file cannot hold.
    #[doc(hidden)]
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

/// A block of an image as it is stored: its pieces (one for each plane that the container stores separately), and a receipt
/// with the facts that the container needs. A block without pieces is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoded {
    at: BlockIndex,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    placed: bool,
    receipt: Vec<u8>,
    /// The checksum of the encoder's identity; 0 if blocks go straight to their container.
    encoder: u32,
}

/// The facts about a block that a container needs beside its bytes: checksums, flags, lengths. Encoder and container share the
/// type of a receipt, and it crosses processes as bytes.
pub(crate) trait Receipt: Sized {
    /// Appends the receipt's bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// Parses the bytes; `None` if they are not a receipt of this type.
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl BlockPixels<'_> {
    /// The order of samples in the gathered pixels.
    pub(crate) fn interleave(&self, gathering: &Gathering) -> Interleave {
        match (self, gathering.borrow) {
            (Self::Borrowed(_), Borrow::Block(interleave)) => interleave,
            (Self::Bands(_), _) => Interleave::Band,
            _ => gathering.interleave,
        }
    }

    /// The bytes of all bands, unless the bands are in separate buffers.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Borrowed(bytes) => Some(bytes),
            Self::Gathered(bytes) => Some(bytes),
            Self::Bands(_) => None,
        }
    }
}

impl Encoded {
    /// The absent block `at`.
    pub fn absent(at: BlockIndex) -> Self {
        Self { at, ..Self::default() }
    }

    /// The block's place in the file's grid.
    pub fn at(&self) -> BlockIndex {
        self.at
    }

    /// Adds a piece: `fill` appends its bytes.
    ///
    /// # Errors
    /// What `fill` returns.
    pub(crate) fn piece(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        fill(&mut self.bytes)?;
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// The pieces in order; none if the block is absent or already in its place in the file.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    /// True if the block is absent.
    pub fn is_absent(&self) -> bool {
        self.ends.is_empty() && !self.placed
    }

    /// True if the bytes are already in their place in the file.
    pub(crate) fn is_placed(&self) -> bool {
        self.placed
    }

    /// Drops the pieces of a block that was written to its place in the file.
    pub(crate) fn set_placed(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.placed = true;
    }

    /// Sets the receipt.
    pub(crate) fn set_receipt(&mut self, receipt: &impl Receipt) {
        self.receipt.clear();
        receipt.write(&mut self.receipt);
    }

    /// The receipt that the encoder set.
    ///
    /// # Errors
    /// [`Error::Usage`] if the block has no receipt of this type, because it was encoded for another container.
    pub(crate) fn receipt<R: Receipt>(&self) -> Result<R> {
        R::read(&self.receipt).ok_or_else(|| {
            let place = format!("({}, {})", self.at.row, self.at.column);
            Error::usage("receipt of block").field(place).found(format!("{} bytes of another type", self.receipt.len()))
        })
    }

    /// Notes the encoder that made the block, by its [`ImageEncoder::identity`].
    pub(crate) fn set_encoder(&mut self, encoder: &dyn ImageEncoder) {
        self.encoder = identity_checksum(encoder);
    }

    /// True if an encoder whose identity has this checksum made the block.
    pub(crate) fn is_of(&self, identity: u32) -> bool {
        self.encoder == identity
    }

    /// The block as bytes, for another process.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + self.receipt.len() + 64);
        let lengths = [self.receipt.len() as u32, self.ends.len() as u32];
        let numbers = [self.at.row, self.at.column, self.encoder].into_iter().chain(lengths);
        for number in numbers {
            number.write(&mut out);
        }
        for end in &self.ends {
            (*end as u64).write(&mut out);
        }
        out.extend_from_slice(&self.receipt);
        out.extend_from_slice(&self.bytes);
        out
    }

    /// The reverse of [`Encoded::to_bytes`].
    ///
    /// # Errors
    /// [`Error::Malformed`] if the bytes are not an encoded block.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes).ok_or_else(|| Error::malformed("encoded block").found(format!("{} bytes", bytes.len())))
    }

    /// Resets for another block and keeps the memory.
    pub(crate) fn reset(&mut self, at: BlockIndex) {
        self.at = at;
        self.bytes.clear();
        self.ends.clear();
        self.placed = false;
        self.receipt.clear();
    }

    fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut take = |count: usize| {
            let (taken, rest) = bytes.split_at_checked(count)?;
            bytes = rest;
            Some(taken)
        };
        let mut number = || u32::read(take(4)?);
        let [row, column, encoder, receipt, count] = [number()?, number()?, number()?, number()?, number()?];
        let mut ends = Vec::new();
        for _ in 0..count {
            ends.push(usize::try_from(u64::read(take(8)?)?).ok()?);
        }
        let receipt = take(receipt as usize)?.to_vec();
        let is_sound = ends.is_sorted() && ends.last().copied().unwrap_or(0) == bytes.len();
        let at = BlockIndex { row, column };
        is_sound.then(|| Self { at, bytes: bytes.to_vec(), ends, placed: false, receipt, encoder })
    }
}

/// The checksum of an encoder's [`ImageEncoder::identity`].
pub(crate) fn identity_checksum(encoder: &dyn ImageEncoder) -> u32 {
    crc32fast::hash(encoder.identity().as_bytes())
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Receipt for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }
        })*
    };
}
numbers!(u32, u64);

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_block_crosses_processes(
            row in any::<u32>(), column in any::<u32>(), receipt in any::<u64>(), pieces in vec(vec(any::<u8>(), 0..20), 0..4),
        ) {
            let mut block = Encoded::absent(BlockIndex { row, column });
            block.set_receipt(&receipt);
            for piece in &pieces {
                block.piece(|out| { out.extend_from_slice(piece); Ok(()) }).unwrap();
            }
            let bytes = block.to_bytes();
            let again = Encoded::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&again, &block);
            prop_assert_eq!(again.receipt::<u64>().unwrap(), receipt);
            prop_assert_eq!(again.is_absent(), pieces.is_empty());
            prop_assert!(again.receipt::<u32>().is_err());
            for length in 0..bytes.len() {
                if let Ok(other) = Encoded::from_bytes(&bytes[..length]) {
                    prop_assert!(other != block);
                }
            }
        }
    }
}
