//! The stored blocks of an uncompressed image segment (IC NC and NM).

use std::ops::Range;
use std::sync::Arc;

use super::mask::{ABSENT, MaskTable};
use super::pixels::{Mode, Storage};
use crate::codec::{BlockDecoder, BlockShape, Coding, PixelCoding, Scratch, raw};
use crate::error::{Error, Result};
use crate::image::{
    BlockCoding, BlockStore, ImageLayout, Interleave, PadValue, Piece, StoredBlock, StoredImage, StoredSamples,
};
use crate::io::{ByteOrder, ByteSource, Lazy};
use crate::limits::Limits;

/// An image of a single block is presented in bands of rows of about this many bytes.
const BAND_BYTES: u64 = 4 << 20;

/// The place of the image data of a segment.
#[derive(Clone)]
pub(super) struct SegmentData {
    pub(super) source: Arc<dyn ByteSource>,
    /// Key of the segment, for messages.
    pub(super) key: String,
    /// The image data in the file, mask table included.
    pub(super) range: Range<u64>,
    /// True if a mask table precedes the blocks.
    pub(super) is_masked: bool,
}

/// The blocks of a segment, whatever their coding, and its mask table.
pub(super) struct SegmentBlocks {
    pub(super) data: SegmentData,
    pub(super) limits: Limits,
    pub(super) storage: Storage,
    /// The image, with the blocks of the file.
    pub(super) layout: ImageLayout,
    mask: Lazy<MaskTable>,
}

/// The blocks of an uncompressed image segment.
struct NitfStore {
    blocks: SegmentBlocks,
    coding: Option<Coding>,
    /// Decodes samples in a row.
    decoder: Box<dyn BlockDecoder>,
}

/// The image of a segment.
///
/// # Errors
/// [`Error::Usage`] for a layout that no image can have.
pub(super) fn image(data: SegmentData, limits: Limits, storage: Storage, pad: PadValue) -> Result<StoredImage> {
    let shown = storage.layout(pad, BAND_BYTES)?;
    let stated = storage.grid;
    let (coding, decoder) = (storage.block_coding(), Coding::new(storage.sample_coding(), raw::Params).decoder());
    let store = NitfStore { blocks: SegmentBlocks::new(data, limits, storage, &shown), coding, decoder };
    Ok(StoredImage::new(Arc::new(store), shown, limits).with_stated_grid(stated))
}

impl SegmentBlocks {
    /// The blocks of an image that is shown with this layout.
    pub(super) fn new(data: SegmentData, limits: Limits, storage: Storage, shown: &ImageLayout) -> Self {
        let layout = ImageLayout { grid: storage.grid, ..shown.clone() };
        Self { data, limits, storage, layout, mask: Lazy::default() }
    }

    /// The mask table; empty for an image without one. It is read on first use.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a table that breaks the standard, and the errors of the source.
    pub(super) fn mask(&self) -> Result<&MaskTable> {
        self.mask.get_or_make(|| {
            let SegmentData { source, range, is_masked, .. } = &self.data;
            if !is_masked {
                return Ok(MaskTable::default());
            }
            let records = self.storage.stored_blocks();
            self.limits.check_metadata("mask table", records.saturating_mul(8))?;
            MaskTable::read(&**source, range.start, range.end - range.start, records)
        })
    }

    /// The number of a block in the mask table.
    pub(super) fn number(&self, block: StoredBlock) -> u64 {
        let (position, plane) = (self.storage.grid.position(block.at), u64::from(block.plane));
        if self.storage.mode == Mode::Sequential { plane * self.storage.grid.count() + position } else { position }
    }

    /// The order of bands. Bands that follow each other in a block are read like blocks of their own.
    pub(super) fn interleave(&self) -> Interleave {
        match self.storage.mode {
            Mode::Pixel => Interleave::Pixel,
            Mode::Row => Interleave::Row,
            Mode::Block | Mode::Sequential => Interleave::Band,
        }
    }

    /// True if the mask table records the block, or there is no table of blocks.
    ///
    /// # Errors
    /// As [`SegmentBlocks::mask`].
    pub(super) fn has_block(&self, block: StoredBlock) -> Result<bool> {
        let Some(offsets) = &self.mask()?.blocks else { return Ok(true) };
        Ok(offsets.get(self.number(block) as usize).is_some_and(|offset| *offset != ABSENT))
    }

    /// True if every block is recorded.
    pub(super) fn is_dense(&self) -> bool {
        self.mask().is_ok_and(|mask| mask.blocks.as_ref().is_none_or(|blocks| !blocks.contains(&ABSENT)))
    }

    /// The block's name in messages.
    pub(super) fn name(&self, block: StoredBlock) -> String {
        format!("block {} of {}", self.number(block), self.data.key)
    }
}

impl BlockStore for NitfStore {
    fn source(&self) -> &Arc<dyn ByteSource> {
        &self.blocks.data.source
    }

    fn layout(&self) -> &ImageLayout {
        &self.blocks.layout
    }

    fn interleave(&self) -> Interleave {
        self.blocks.interleave()
    }

    fn has_block(&self, block: StoredBlock) -> Result<bool> {
        self.blocks.has_block(block)
    }

    fn is_dense(&self) -> bool {
        self.blocks.is_dense()
    }

    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>> {
        let SegmentBlocks { data, storage, .. } = &self.blocks;
        let (mask, number, length) = (self.blocks.mask()?, self.blocks.number(block), storage.block_bytes());
        // The bytes of the block that precede the plane.
        let before = if storage.mode == Mode::Block { u64::from(block.plane) * storage.plane_bytes() } else { 0 };
        let offset = match &mask.blocks {
            Some(offsets) => match offsets.get(number as usize) {
                Some(&ABSENT) | None => return Ok(None),
                Some(offset) => u64::from(*offset),
            },
            None => number.saturating_mul(length),
        };
        let range = &data.range;
        let start = range.start.saturating_add(mask.data_offset).saturating_add(offset);
        let end = start.saturating_add(length);
        if end > range.end {
            return Err(Error::malformed("end of block")
                .field(number)
                .found(end - range.start)
                .allowed(format!("at most {}", range.end - range.start))
                .segment(&data.key)
                .at(start));
        }
        Ok(Some(start + before..start + before + storage.plane_bytes()))
    }

    fn coding(&self) -> Option<&dyn BlockCoding> {
        self.coding.as_ref().map(|coding| coding as _)
    }

    fn samples(&self) -> Option<StoredSamples> {
        self.blocks.storage.is_whole_bytes().then(|| self.blocks.storage.stored_samples())
    }

    fn piece(&self, block: StoredBlock, rows: Range<u32>) -> Result<Option<Piece>> {
        let Some(range) = self.range(block)? else { return Ok(None) };
        // Samples of a few bits continue from row to row, so unpacking starts at a row that begins with a byte.
        let first = rows.start - rows.start % self.blocks.storage.aligned_rows();
        let start = range.start + self.blocks.storage.row_bits(first) / 8;
        let end = range.start + self.blocks.storage.row_bits(rows.end).div_ceil(8);
        Ok(Some(Piece { bytes: start..end, rows: first..rows.end }))
    }

    fn decode(
        &self,
        _: StoredBlock,
        piece: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()> {
        let samples = self.blocks.storage.row_samples().saturating_mul(piece.rows.len() as u64);
        let samples =
            u32::try_from(samples).map_err(|_| Error::unsupported("packed rows of more than 2^32 samples"))?;
        self.decoder.decode(BlockShape::new(samples, 1), stored, out, scratch)?;
        self.blocks.storage.stored_samples().shift_down(out);
        Ok(())
    }

    fn name(&self, block: StoredBlock) -> String {
        self.blocks.name(block)
    }
}

impl Storage {
    /// The coding of a block, or of a plane of it, if a codec can express it: rows of whole samples that use all their bits.
    fn block_coding(&self) -> Option<Coding> {
        let whole = self.is_whole_bytes() && self.shift == 0;
        let pixels = PixelCoding { samples: self.bands / self.planes(), ..self.sample_coding() };
        whole.then(|| Coding::new(pixels, raw::Params))
    }

    fn stored_samples(&self) -> StoredSamples {
        let Self { sample, bits, shift, .. } = *self;
        StoredSamples { sample, bits, shift, byte_order: ByteOrder::Big }
    }
}
