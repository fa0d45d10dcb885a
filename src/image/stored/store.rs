//! The container's view of an image's blocks: their location, coding and decoding.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::samples::StoredSamples;
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, Interleave, Scratch};
use crate::io::ByteSource;

/// The coding of blocks, as far as this layer needs it: whether blocks of one image can be used in another.
pub trait BlockCoding: Any + fmt::Debug + Send + Sync {
    /// True if a block of either coding decodes to the same pixels with the other.
    fn decodes_like(&self, other: &dyn BlockCoding) -> bool;
}

/// A stored block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoredBlock {
    /// Its place in the grid.
    pub at: BlockIndex,
    /// Its plane: the band if each band has its own blocks, else 0.
    pub plane: u32,
}

/// A part of a block that can be decoded separately: the whole block, or rows of an uncompressed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The stored bytes, as a range of the source.
    pub bytes: Range<u64>,
    /// The rows that the bytes decode to, relative to the block.
    pub rows: Range<u32>,
}

/// How the blocks of an image are stored. Two images of equal form can exchange blocks.
#[derive(Debug, Clone, Copy)]
pub struct BlockForm<'a> {
    /// The stored blocks.
    pub grid: BlockGrid,
    /// Bands of the image.
    pub bands: u32,
    /// The order of bands. With `Band`, each band has blocks of its own.
    pub interleave: Interleave,
    /// True if the bottom blocks end with the image.
    pub is_cropped: bool,
    /// The coding of a block.
    pub coding: &'a dyn BlockCoding,
}

/// The stored blocks of an image. Every method except [`BlockStore::decode`] may read the container's tables on first use, so
/// call it on the thread that may read the source.
pub trait BlockStore: Send + Sync {
    /// The file.
    fn source(&self) -> &Arc<dyn ByteSource>;

    /// The image, with the grid of the stored blocks.
    fn layout(&self) -> &ImageLayout;

    /// The order of bands. With `Band`, each band has blocks of its own.
    fn interleave(&self) -> Interleave;

    /// The number of planes: the number of bands if each band has its own blocks, otherwise 1.
    fn planes(&self) -> u32 {
        if self.interleave() == Interleave::Band { self.layout().bands } else { 1 }
    }

    /// True if the bottom blocks end with the image.
    fn is_cropped(&self) -> bool {
        false
    }

    /// True if the file holds the block.
    ///
    /// # Errors
    /// Errors of reading the tables.
    fn has_block(&self, block: StoredBlock) -> Result<bool>;

    /// True if the image is known to be dense: no block is absent.
    fn is_dense(&self) -> bool;

    /// The stored bytes of a block, even if the source ends before them. `None` if the block is absent.
    ///
    /// # Errors
    /// Errors of reading the tables; [`Error::Malformed`] if the tables state an impossible position.
    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>>;

    /// The coding of the blocks. `None` if the stored bytes alone do not determine the pixels.
    fn coding(&self) -> Option<&dyn BlockCoding>;

    /// The stored samples of uncompressed blocks whose rows follow one another without padding.
    fn samples(&self) -> Option<StoredSamples> {
        None
    }

    /// The smallest part of a block that contains `rows`. `None` if the block is absent.
    ///
    /// # Errors
    /// As [`BlockStore::range`]; [`Error::Unsupported`] for blocks that cannot be decoded.
    fn piece(&self, block: StoredBlock, rows: Range<u32>) -> Result<Option<Piece>>;

    /// Fills `out` with the rows of a piece, in the order of [`BlockStore::interleave`] and native byte order. Does not read
    /// the source.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::Unsupported`] from the codec.
    fn decode(
        &self,
        block: StoredBlock,
        piece: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()>;

    /// The block's name in messages.
    fn name(&self, block: StoredBlock) -> String;
}

impl BlockForm<'_> {
    /// True if blocks of the other form can be stored as blocks of this form.
    pub fn takes(&self, other: &BlockForm<'_>) -> bool {
        let same = (self.grid, self.bands, self.interleave, self.is_cropped)
            == (other.grid, other.bands, other.interleave, other.is_cropped);
        same && self.coding.decodes_like(other.coding)
    }
}

impl dyn BlockStore + '_ {
    /// The form of the blocks, if their bytes alone determine the pixels.
    pub fn form(&self) -> Option<BlockForm<'_>> {
        let ImageLayout { grid, bands, .. } = *self.layout();
        let (interleave, is_cropped) = (self.interleave(), self.is_cropped());
        self.coding().map(|coding| BlockForm { grid, bands, interleave, is_cropped, coding })
    }

    /// Every stored block, plane by plane.
    pub fn blocks(&self) -> impl Iterator<Item = StoredBlock> + use<> {
        let grid = self.layout().grid;
        (0..self.planes()).flat_map(move |plane| (0..grid.count()).map(move |n| StoredBlock { at: grid.at(n), plane }))
    }

    /// Checks that the bytes of a block lie inside the source.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the block, its length and its offset.
    pub fn check_inside(&self, block: StoredBlock, bytes: &Range<u64>) -> Result<()> {
        if bytes.end <= self.source().size() {
            return Ok(());
        }
        Err(Error::malformed("block: extends past the end of the file")
            .found(format!("{} bytes", bytes.end - bytes.start))
            .segment(self.name(block))
            .at(bytes.start))
    }
}
