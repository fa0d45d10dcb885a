//! The positions of an image's blocks in the file.

use super::directory::{Array, Directory};
use super::field::FieldValue;
use super::storage::Storage;
use super::{compression, tags};
use crate::error::{Error, Result};
use crate::io::{ByteOrder, ByteSource};
use crate::limits::Limits;

/// The arrays of a directory's block offsets and lengths. They are read with the first pixels: in a large file they exceed
/// everything else that is read to open it.
#[derive(Debug)]
pub(super) struct RangeArrays {
    offsets: Array,
    counts: Option<Array>,
    order: ByteOrder,
    blocks: u64,
    /// Name of the directory, for messages.
    segment: String,
}

/// Offset and length of every stored block, in the order of the arrays.
#[derive(Debug)]
pub(super) struct BlockRanges {
    offsets: Vec<u64>,
    /// Empty if the directory has none.
    counts: Vec<u64>,
}

/// A stored block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockRange {
    /// Its first byte.
    pub(super) offset: u64,
    /// Its length, if the file states it.
    pub(super) length: Option<u64>,
}

impl RangeArrays {
    /// Finds the arrays of a directory.
    ///
    /// # Errors
    /// [`Error::Malformed`] if an array is absent, too short, or outside of the file.
    pub(super) fn find(directory: &Directory, storage: &Storage) -> Result<Self> {
        let (offsets_tag, counts_tag) = if storage.tiled {
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
        } else {
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
        };
        let blocks = storage.stored_blocks();
        let find = |tag| match directory.places(tag)? {
            Some(array) if array.count < blocks => {
                Err(directory.malformed(tag, format!("{} values", array.count)).allowed(blocks))
            }
            other => Ok(other),
        };
        // Old writers store tiles under the tags of strips.
        let offsets = match find(offsets_tag)? {
            None if storage.tiled => find(tags::STRIP_OFFSETS)?,
            other => other,
        };
        let counts = match find(counts_tag)? {
            None if storage.tiled => find(tags::STRIP_BYTE_COUNTS)?,
            other => other,
        };
        // Only without compression does the shape of a block determine its size.
        if counts.is_none() && storage.compression != compression::NONE {
            return Err(directory.malformed(counts_tag, "absent"));
        }
        let offsets = offsets.ok_or_else(|| directory.malformed(offsets_tag, "absent"))?;
        Ok(Self { offsets, counts, order: directory.order, blocks, segment: directory.segment() })
    }

    /// Reads the arrays.
    ///
    /// # Errors
    /// [`Error::Limit`] for too many blocks, or any error of reading.
    pub(super) fn read(&self, source: &dyn ByteSource, limits: &Limits) -> Result<BlockRanges> {
        limits.check_metadata("block offsets and lengths", self.blocks.saturating_mul(32))?;
        let read = |array: &Array| -> Result<Vec<u64>> {
            let bytes = source.read_range(array.offset, self.blocks * array.kind.bytes() as u64)?;
            match FieldValue::parse(array.kind, &bytes, self.order) {
                FieldValue::Unsigned(values) => Ok(values),
                _ => Err(self.malformed(array.tag, format!("{:?}", array.kind)).allowed("SHORT, LONG or LONG8")),
            }
        };
        let counts = self.counts.as_ref().map(read).transpose()?.unwrap_or_default();
        Ok(BlockRanges { offsets: read(&self.offsets)?, counts })
    }

    /// The name of a block in messages.
    pub(super) fn name(&self, block: u64) -> String {
        format!("block {block} of {}", self.segment)
    }

    /// An error for a compression that is not implemented.
    pub(super) fn no_codec(&self, code: u16) -> Error {
        Error::unsupported("tag").field(tags::describe(tags::COMPRESSION)).found(code).segment(&self.segment)
    }

    fn malformed(&self, tag: u16, found: impl std::fmt::Display) -> Error {
        Error::malformed("tag").field(tags::describe(tag)).found(found).segment(&self.segment)
    }
}

impl BlockRanges {
    /// Stored block number `block`; `None` if the block is absent (a sparse file).
    pub(super) fn get(&self, block: u64) -> Option<BlockRange> {
        let block = usize::try_from(block).ok()?;
        let offset = *self.offsets.get(block)?;
        let length = self.counts.get(block).copied();
        (offset != 0 && length != Some(0)).then_some(BlockRange { offset, length })
    }

    /// True if no block is absent.
    pub(super) fn is_dense(&self) -> bool {
        !self.offsets.contains(&0) && !self.counts.contains(&0)
    }
}
