//! Bi-level image segments (IC C1 and M1; MIL-STD-188-196): each block is a page of ITU-T T.4 of its own. Pages differ in length:
//! the mask table records where they begin, and an image without one is a single page.

use super::coded_store::{BlockIndexer, Index, recorded};
use super::pixels::Storage;
use super::store::SegmentBlocks;
use crate::codec::{Coding, fax};
use crate::error::{Error, Result};

/// Blocks that are pages of T.4.
pub(super) struct BilevelBlocks {
    /// COMRAT, which states how lines are coded.
    pub(super) rate: String,
}

impl BlockIndexer for BilevelBlocks {
    fn index(&self, blocks: &SegmentBlocks) -> Result<Index> {
        let SegmentBlocks { data, storage, .. } = blocks;
        let mask = blocks.mask()?;
        let body = data.range.start.saturating_add(mask.data_offset)..data.range.end;
        let ranges = match &mask.blocks {
            Some(offsets) => recorded(offsets, &body),
            None if storage.grid.count() == 1 => vec![Some(body)],
            None => {
                let error = Error::unsupported("blocks of a bi-level image without a mask table,").field("NBPR, NBPC");
                let (across, down) = (storage.grid.across(), storage.grid.down());
                return Err(error.found(format!("{across}, {down}")).allowed("1, 1").segment(&data.key));
            }
        };
        Ok(Index::new("bi-level blocks", ranges, Coding::new(storage.sample_coding(), params(&self.rate)?)))
    }
}

/// How lines are coded: `1D` each by itself, `2DS` and `2DH` also relative to the one before, with one line of two or of four coded
/// by itself.
fn params(rate: &str) -> Result<fax::Params> {
    let t4_options = match rate.trim() {
        "1D" => 0,
        "2DS" | "2DH" => fax::TWO_DIMENSIONAL,
        other => {
            let error = Error::unsupported("coding of a bi-level image,").field("COMRAT").found(other);
            return Err(error.allowed("1D, 2DS or 2DH"));
        }
    };
    Ok(fax::Params { group: fax::T4, t4_options, reversed_bits: false })
}

impl Storage {
    /// Checks that a bi-level image may have these samples.
    ///
    /// # Errors
    /// [`Error::Unsupported`] that names the field.
    pub(super) fn check_bilevel(&self) -> Result<()> {
        if (self.bits, self.bands) == (1, 1) {
            return Ok(());
        }
        let error = Error::unsupported("samples of a bi-level image,").field("NBPP, NBANDS");
        Err(error.found(format!("{}, {}", self.bits, self.bands)).allowed("1, 1"))
    }
}
