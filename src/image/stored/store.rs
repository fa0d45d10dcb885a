//! What a container knows of the blocks of an image: where they lie, how they are coded, and how they are decoded.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::samples::StoredSamples;
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, Interleave, Scratch};
use crate::io::ByteSource;

/// How blocks are coded, as far as this layer needs to know: whether the blocks of one image can be those of another.
pub trait BlockCoding: Any + fmt::Debug + Send + Sync {
    /// True if a block that was coded one way is decoded the other way to the same pixels.
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

/// A part of a block that can be decoded alone: all of it, or rows of an uncompressed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The stored bytes, counted in the source.
    pub bytes: Range<u64>,
    /// The rows that they decode to, counted in the block.
    pub rows: Range<u32>,
}

/// How the blocks of an image are stored. Two images of equal form can have each other's blocks.
#[derive(Debug, Clone, Copy)]
pub struct BlockForm<'a> {
    /// The stored blocks.
    pub grid: BlockGrid,
    /// Bands of the image.
    pub bands: u32,
    /// The order of bands. `Band`: each has blocks of its own.
    pub interleave: Interleave,
    /// True if the lowest blocks end with the image.
    pub is_cropped: bool,
    /// How a block is coded.
    pub coding: &'a dyn BlockCoding,
}

/// The stored blocks of an image. Everything but [`BlockStore::decode`] may read the tables of the container the first time, so it
/// is asked on the thread that may read the source.
pub trait BlockStore: Send + Sync {
    /// The file.
    fn source(&self) -> &Arc<dyn ByteSource>;

    /// The image, with the grid of the stored blocks.
    fn layout(&self) -> &ImageLayout;

    /// The order of bands. `Band`: each has blocks of its own.
    fn interleave(&self) -> Interleave;

    /// Images of blocks that make up the image: one for each band, or one for all.
    fn planes(&self) -> u32 {
        if self.interleave() == Interleave::Band { self.layout().bands } else { 1 }
    }

    /// True if the lowest blocks end with the image.
    fn is_cropped(&self) -> bool {
        false
    }

    /// True if the file holds the block.
    ///
    /// # Errors
    /// What reading the tables reports.
    fn has_block(&self, block: StoredBlock) -> Result<bool>;

    /// True if it is known that no block is absent.
    fn is_dense(&self) -> bool;

    /// If the stored bytes of a block lie, also if the source ends before. `None` if the block is absent.
    ///
    /// # Errors
    /// What reading the tables reports, [`Error::Malformed`] for a block that cannot lie where they place it.
    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>>;

    /// How the blocks are coded. `None` if the stored bytes alone do not say what the pixels are.
    fn coding(&self) -> Option<&dyn BlockCoding>;

    /// The stored samples of blocks without compression, whose rows follow one another without padding.
    fn samples(&self) -> Option<StoredSamples> {
        None
    }

    /// The smallest part of a block that decodes to `rows` of it. `None` if the block is absent.
    ///
    /// # Errors
    /// As [`BlockStore::range`], [`Error::Unsupported`] for blocks that are not decoded here.
    fn piece(&self, block: StoredBlock, rows: Range<u32>) -> Result<Option<Piece>>;

    /// Fills `out` with the rows of a piece, in the order of [`BlockStore::interleave`] and native byte order. Reads nothing.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::Unsupported`] as the codec reports them.
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
    /// True if the blocks of an image of the other form can be stored as blocks of this one.
    pub fn takes(&self, other: &BlockForm<'_>) -> bool {
        let same = (self.grid, self.bands, self.interleave, self.is_cropped)
            == (other.grid, other.bands, other.interleave, other.is_cropped);
        same && self.coding.decodes_like(other.coding)
    }
}

impl dyn BlockStore + '_ {
    /// How the blocks are stored, if their bytes alone say what the pixels are.
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

    /// Checks that bytes of a block lie inside of the source.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the block, its bytes, and where they begin.
    pub fn check_inside(&self, block: StoredBlock, bytes: &Range<u64>) -> Result<()> {
        if bytes.end <= self.source().size() {
            return Ok(());
        }
        Err(Error::malformed("block: reaches past the end of the file")
            .found(format!("{} bytes", bytes.end - bytes.start))
            .segment(self.name(block))
            .at(bytes.start))
    }
}
