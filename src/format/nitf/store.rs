//! The stored blocks of an image segment, and their coding if they are uncompressed (IC NC and NM).

use std::ops::Range;
use std::sync::Arc;

use super::mask::{ABSENT, MaskTable};
use super::pixels::{Mode, Storage};
use crate::codec::{BlockDecoder, BlockShape, Coding, PixelCoding, Scratch, raw};
use crate::error::{Error, Result};
use crate::image::{
    BlockCoding, BlockStore, ImageLayout, Interleave, PadValue, Piece, StoredBlock, StoredImage, StoredSamples, Window,
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

/// The stored blocks of a segment, with what depends on their coding.
pub(super) struct SegmentStore<C> {
    pub(super) blocks: SegmentBlocks,
    pub(super) codec: C,
}

/// What depends on the coding of a segment: where its blocks lie, and their decoding. The methods are those of [`BlockStore`].
pub(super) trait SegmentCodec: Send + Sync {
    /// The stored bytes of a block that is not absent.
    ///
    /// # Errors
    /// As [`BlockStore::range`].
    fn locate(&self, blocks: &SegmentBlocks, block: StoredBlock) -> Result<Range<u64>>;

    /// The bytes that must be there when `part` of a block is read.
    fn required(&self, blocks: &SegmentBlocks, block: StoredBlock, part: Range<u64>) -> Range<u64> {
        let _ = (blocks, block);
        part
    }

    /// The coding of the blocks. `None` if the stored bytes alone do not determine the pixels.
    fn coding(&self, blocks: &SegmentBlocks) -> Option<&Coding>;

    /// The stored samples of uncompressed blocks whose rows follow one another without padding.
    fn samples(&self, _: &Storage) -> Option<StoredSamples> {
        None
    }

    /// The smallest part of the block with these bytes that contains `window`.
    fn piece(&self, storage: &Storage, block: Range<u64>, window: Window) -> Piece;

    /// Fills `out` with the rows of a piece.
    ///
    /// # Errors
    /// As [`BlockStore::decode`].
    fn decode(
        &self,
        blocks: &SegmentBlocks,
        piece: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()>;

    /// Fills `out` with the first rows of a piece that damaged bytes hold; returns their number.
    fn decode_rows(
        &self,
        blocks: &SegmentBlocks,
        piece: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> u32;
}

/// Uncompressed blocks.
struct Uncompressed {
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
    let blocks = SegmentBlocks::new(data, limits, storage, &shown);
    let store = SegmentStore { blocks, codec: Uncompressed { coding, decoder } };
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

    /// The block's name in messages.
    pub(super) fn name(&self, block: StoredBlock) -> String {
        format!("block {} of {}", self.number(block), self.data.key)
    }
}

impl<C: SegmentCodec> BlockStore for SegmentStore<C> {
    fn source(&self) -> &Arc<dyn ByteSource> {
        &self.blocks.data.source
    }

    fn layout(&self) -> &ImageLayout {
        &self.blocks.layout
    }

    /// Bands that follow each other in a block are read like blocks of their own.
    fn interleave(&self) -> Interleave {
        match self.blocks.storage.mode {
            Mode::Pixel => Interleave::Pixel,
            Mode::Row => Interleave::Row,
            Mode::Block | Mode::Sequential => Interleave::Band,
        }
    }

    /// True if the mask table records the block, or lists no blocks.
    fn has_block(&self, block: StoredBlock) -> Result<bool> {
        let Some(offsets) = &self.blocks.mask()?.blocks else { return Ok(true) };
        Ok(offsets.get(self.blocks.number(block) as usize).is_some_and(|offset| *offset != ABSENT))
    }

    fn is_dense(&self) -> bool {
        self.blocks.mask().is_ok_and(|mask| mask.blocks.as_ref().is_none_or(|blocks| !blocks.contains(&ABSENT)))
    }

    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>> {
        if self.has_block(block)? { self.codec.locate(&self.blocks, block).map(Some) } else { Ok(None) }
    }

    fn coding(&self) -> Option<&dyn BlockCoding> {
        self.codec.coding(&self.blocks).map(|coding| coding as _)
    }

    fn samples(&self) -> Option<StoredSamples> {
        self.codec.samples(&self.blocks.storage)
    }

    fn piece(&self, block: StoredBlock, window: Window) -> Result<Option<Piece>> {
        Ok(self.range(block)?.map(|bytes| self.codec.piece(&self.blocks.storage, bytes, window)))
    }

    fn decode(
        &self,
        _: StoredBlock,
        piece: &Piece,
        stored: &[&[u8]],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()> {
        stored.iter().try_for_each(|stored| self.codec.decode(&self.blocks, piece, stored, out, scratch))
    }

    fn decode_rows(
        &self,
        _: StoredBlock,
        piece: &Piece,
        stored: &[&[u8]],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> u32 {
        let &[stored] = stored else { return 0 };
        self.codec.decode_rows(&self.blocks, piece, stored, out, scratch)
    }

    fn required(&self, block: StoredBlock, part: Range<u64>) -> Range<u64> {
        self.codec.required(&self.blocks, block, part)
    }

    fn end(&self) -> u64 {
        self.blocks.data.range.end
    }

    fn name(&self, block: StoredBlock) -> String {
        self.blocks.name(block)
    }
}

impl SegmentCodec for Uncompressed {
    fn locate(&self, blocks: &SegmentBlocks, block: StoredBlock) -> Result<Range<u64>> {
        let SegmentBlocks { data, storage, .. } = blocks;
        let (mask, number, length) = (blocks.mask()?, blocks.number(block), storage.block_bytes());
        let recorded = mask.blocks.as_ref().and_then(|offsets| offsets.get(number as usize));
        let offset = recorded.map_or(number.saturating_mul(length), |offset| u64::from(*offset));
        let range = &data.range;
        let start = range.start.saturating_add(mask.data_offset).saturating_add(offset);
        let start = start.saturating_add(storage.bytes_before(block));
        Ok(start..start.saturating_add(storage.plane_bytes()))
    }

    /// All bands of the block, with the rows and columns outside of the image: a block that is cut is damaged.
    fn required(&self, blocks: &SegmentBlocks, block: StoredBlock, part: Range<u64>) -> Range<u64> {
        let Ok(plane) = self.locate(blocks, block) else { return part };
        let start = plane.start - blocks.storage.bytes_before(block);
        start..start.saturating_add(blocks.storage.block_bytes())
    }

    fn coding(&self, _: &SegmentBlocks) -> Option<&Coding> {
        self.coding.as_ref()
    }

    fn samples(&self, storage: &Storage) -> Option<StoredSamples> {
        storage.is_whole_bytes().then(|| storage.stored_samples())
    }

    fn piece(&self, storage: &Storage, block: Range<u64>, window: Window) -> Piece {
        // Samples of a few bits continue from row to row, so unpacking starts at a row that begins with a byte.
        let first = window.y - window.y % storage.aligned_rows();
        let start = block.start + storage.row_bits(first) / 8;
        let end = block.start + storage.row_bits(window.bottom()).div_ceil(8);
        Piece::of_rows(start..end, storage.grid.block_columns(), first..window.bottom())
    }

    fn decode(
        &self,
        blocks: &SegmentBlocks,
        piece: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()> {
        let samples = blocks.storage.row_samples().saturating_mul(piece.window.height.into());
        let samples =
            u32::try_from(samples).map_err(|_| Error::unsupported("packed rows of more than 2^32 samples"))?;
        self.decoder.decode(BlockShape::new(samples, 1), stored, out, scratch)?;
        blocks.storage.stored_samples().shift_down(out);
        Ok(())
    }

    fn decode_rows(
        &self,
        blocks: &SegmentBlocks,
        piece: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> u32 {
        let (storage, all) = (&blocks.storage, piece.window.height);
        let whole = (stored.len() as u64).saturating_mul(8) / storage.row_bits(1).max(1);
        let rows = whole.min(all.into()) as u32;
        let part = Piece { window: Window { height: rows, ..piece.window }, ..piece.clone() };
        let bytes = out.len() / all as usize * rows as usize;
        let out = &mut out[..bytes];
        if self.decode(blocks, &part, stored, out, scratch).is_ok() { rows } else { 0 }
    }
}

impl Storage {
    /// The coding of a block, or of a plane of it, if a codec can express it: rows of whole samples that use all their bits.
    fn block_coding(&self) -> Option<Coding> {
        let whole = self.is_whole_bytes() && self.shift == 0;
        let pixels = PixelCoding { samples: self.bands / self.planes(), ..self.sample_coding() };
        whole.then(|| Coding::new(pixels, raw::Params))
    }

    /// The bytes of a block that precede those of a plane.
    fn bytes_before(&self, block: StoredBlock) -> u64 {
        if self.mode == Mode::Block { u64::from(block.plane) * self.plane_bytes() } else { 0 }
    }

    /// The samples of a block as they are stored.
    pub(super) fn stored_samples(&self) -> StoredSamples {
        let Self { sample, bits, shift, .. } = *self;
        StoredSamples { sample, bits, shift, byte_order: ByteOrder::Big }
    }
}
