//! The image of a JPEG 2000 image segment (IC C8, M8, CD and MD): one codestream, whose tiles are the blocks (BPJ2K01.20). Some
//! writers put a JP2 file around the codestream. The mask table states which tiles hold no pixels of the image.

use std::ops::Range;
use std::sync::Arc;

use super::mask::ABSENT;
use super::pixels::{Mode, Storage};
use super::store::{SegmentBlocks, SegmentData};
use crate::codestream::StoredStream;
use crate::codestream::j2k::{Codestream, CodestreamInfo, Presence, Shown, codestream_in, image as tiles_image};
use crate::error::{Error, Result};
use crate::image::{ImageProvider, PadValue, StoredImage};
use crate::io::SourceRange;
use crate::limits::Limits;

/// The tiles that the mask table records.
struct RecordedTiles(SegmentBlocks);

/// The image of a segment.
///
/// # Errors
/// [`Error::Malformed`] for a codestream that breaks the standard or contradicts the subheader, [`Error::Unsupported`] for
/// one that is not read.
pub(super) fn image(data: SegmentData, limits: Limits, storage: Storage, pad: PadValue) -> Result<StoredImage> {
    let shown = storage.layout(pad, u64::MAX)?;
    let (bits, actual_bits) = (storage.bits, storage.actual_bits);
    let (key, is_masked) = (data.key.clone(), data.is_masked);
    let blocks = SegmentBlocks::new(data, limits, storage, &shown);
    let SegmentData { source, range, .. } = &blocks.data;
    let Range { start, end } = *range;
    let start = start.saturating_add(blocks.mask()?.data_offset).min(end);
    let segment = Arc::new(SourceRange::new(Arc::clone(source), start, end - start)?);
    let codestream = codestream_in(segment, &limits)?;
    let codestream = Codestream::open(codestream, limits, &format!(" of {key}"))?;
    let info = CodestreamInfo::of(&codestream.header);
    let (columns, rows) = (shown.grid.columns(), shown.grid.rows());
    let bands = info.bits.len() as u32;
    if (info.columns, info.rows, bands) != (columns, rows, shown.bands) {
        let found = format!("{} × {} with {bands} components", info.columns, info.rows);
        let error = Error::malformed("codestream: size of the image").found(found);
        return Err(error.allowed(format!("{columns} × {rows} with {} bands", shown.bands)));
    }
    // Samples may have fewer bits than the subheader states.
    let fits = info.sample == shown.sample;
    let shown = Shown { bits: fits.then_some((bits, actual_bits)), pad };
    let presence = is_masked.then(|| Box::new(RecordedTiles(blocks)) as Box<dyn Presence>);
    let codestream = Arc::new(codestream.with_presence(presence));
    let image = tiles_image(&codestream, Some(&shown))?;
    if is_masked {
        return Ok(image);
    }
    let tiles = codestream.tiles_at()..codestream.source.size();
    let stream = StoredStream::block(Arc::clone(&codestream.source), tiles, image.layout(), codestream)?;
    Ok(image.with_stream(Some(stream)))
}

impl Presence for RecordedTiles {
    fn has_tile(&self, tile: u16) -> Result<bool> {
        let Some(offsets) = &self.0.mask()?.blocks else { return Ok(true) };
        Ok(offsets.get(usize::from(tile)).is_none_or(|offset| *offset != ABSENT))
    }

    fn is_dense(&self) -> bool {
        self.0.mask().is_ok_and(|mask| mask.blocks.as_ref().is_none_or(|blocks| !blocks.contains(&ABSENT)))
    }
}

impl Storage {
    /// Checks that a JPEG 2000 image may have these samples and this mode (BPJ2K01.20).
    ///
    /// # Errors
    /// [`Error::Unsupported`] that names the field.
    pub(super) fn check_j2k(&self) -> Result<()> {
        if !self.sample.is_integer() {
            let error = Error::unsupported("samples of a JPEG 2000 image,").field("PVTYPE");
            return Err(error.found(self.sample).allowed("INT or SI"));
        }
        if self.mode == Mode::Sequential && self.bands > 1 {
            let error = Error::unsupported("mode of a JPEG 2000 image,").field("IMODE");
            return Err(error.found("S").allowed("B"));
        }
        Ok(())
    }
}
