//! The stored blocks of a directory, strips or tiles: where they lie in the file, and their decoding.

use std::ops::Range;
use std::sync::Arc;

use super::directory::{Array, Directory};
use super::field::FieldValue;
use super::old_jpeg::OldJpeg;
use super::storage::{Conversion, Storage};
use super::{compression, tags};
use crate::codec::{BlockDecoder, BlockShape, Scratch};
use crate::error::{Error, Result};
use crate::image::{
    BlockCoding, BlockStore, ImageLayout, Interleave, PadValue, Piece, StoredBlock, StoredImage, StoredSamples, Window,
};
use crate::io::{ByteOrder, ByteSource, Lazy};
use crate::limits::Limits;

/// The blocks of an image of a TIFF file.
struct TiffStore {
    source: Arc<dyn ByteSource>,
    limits: Limits,
    storage: Storage,
    /// `None` if the compression has no codec.
    decoder: Option<Box<dyn BlockDecoder>>,
    layout: ImageLayout,
    arrays: RangeArrays,
    ranges: Lazy<BlockRanges>,
}

/// The arrays of a directory's block offsets and lengths. They are read with the first pixels: in a large file they exceed
/// everything else that is read to open it.
#[derive(Debug)]
struct RangeArrays {
    offsets: Array,
    counts: Option<Array>,
    order: ByteOrder,
    /// Stored blocks of the image; the arrays of a damaged file may have fewer.
    blocks: u64,
    /// Name of the directory, for messages.
    segment: String,
}

/// Offset and length of every stored block, in the order of the arrays.
struct BlockRanges {
    offsets: Vec<u64>,
    /// As many as the directory has.
    counts: Vec<u64>,
    /// The offsets in ascending order, for blocks without a length.
    ascending: Lazy<Vec<u64>>,
}

/// The place of a block.
enum Place {
    At(BlockRange),
    /// The file does not hold the block (a sparse file).
    Absent,
    /// The arrays of a damaged file lack the block.
    Missing,
}

/// A stored block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BlockRange {
    /// Its first byte.
    offset: u64,
    /// Its length, if the file states it.
    length: Option<u64>,
}

/// The image of a directory.
///
/// # Errors
/// [`Error::Malformed`] or [`Error::Unsupported`] with the tag, its value and its offset.
pub(super) fn image(
    source: Arc<dyn ByteSource>,
    limits: Limits,
    directory: &Directory,
    nodata: Option<PadValue>,
) -> Result<StoredImage> {
    let storage = Storage::read(directory)?;
    let arrays = RangeArrays::find(directory, &storage)?;
    let shown = storage.layout(nodata)?;
    let mut decoder = storage.decoder();
    if storage.compression == compression::OLD_JPEG {
        let of_streams = decoder.take();
        let old = of_streams.map(|decoder| OldJpeg::new(decoder, directory, &*source, storage.pixels.samples));
        decoder = old.transpose()?.map(|decoder| Box::new(decoder) as _);
    }
    let store = TiffStore {
        source,
        limits,
        decoder,
        layout: ImageLayout { grid: storage.grid, ..shown.clone() },
        storage,
        arrays,
        ranges: Lazy::default(),
    };
    Ok(StoredImage::new(Arc::new(store), shown, limits))
}

impl TiffStore {
    /// The positions of the blocks, read from the file on first use.
    fn ranges(&self) -> Result<&BlockRanges> {
        self.ranges.get_or_make(|| self.arrays.read(&*self.source, &self.limits))
    }

    /// The index of a block in the arrays.
    fn number(&self, block: StoredBlock) -> u64 {
        u64::from(block.plane) * self.storage.grid.count() + self.storage.grid.position(block.at)
    }

    /// The shape of a block in the codec: rows of pixels, or of data units.
    fn shape(&self, block: StoredBlock) -> BlockShape {
        BlockShape { rows: self.storage.coded_rows(block.at.row), ..self.storage.shape }
    }
}

impl BlockStore for TiffStore {
    fn source(&self) -> &Arc<dyn ByteSource> {
        &self.source
    }

    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn interleave(&self) -> Interleave {
        if self.storage.planar || self.storage.bands == 1 { Interleave::Band } else { Interleave::Pixel }
    }

    fn is_cropped(&self) -> bool {
        !self.storage.tiled
    }

    /// True also for a block that the arrays of a damaged file lack.
    fn has_block(&self, block: StoredBlock) -> Result<bool> {
        Ok(!matches!(self.ranges()?.get(self.number(block)), Place::Absent))
    }

    fn is_dense(&self) -> bool {
        self.ranges().is_ok_and(BlockRanges::is_dense)
    }

    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>> {
        let ranges = self.ranges()?;
        let number = self.number(block);
        let BlockRange { offset, length } = match ranges.get(number) {
            Place::At(range) => range,
            Place::Absent => return Ok(None),
            Place::Missing => return Err(self.arrays.missing(number, ranges.offsets.len())),
        };
        // Without compression the size is known. Wrong counts are a common mistake of writers.
        let end = match length {
            _ if self.storage.compression == compression::NONE => {
                offset.saturating_add(self.storage.pixels.stored_bytes(self.shape(block)) as u64)
            }
            Some(length) => offset.saturating_add(length),
            // The codec finds the end.
            None => ranges.next_offset(offset).min(self.source.size()).max(offset),
        };
        Ok(Some(offset..end))
    }

    fn coding(&self) -> Option<&dyn BlockCoding> {
        let is_old = self.storage.compression == compression::OLD_JPEG;
        let plain = self.storage.conversion == Conversion::None && !self.storage.reversed_bits && !is_old;
        self.storage.coding.as_ref().filter(|_| plain).map(|coding| coding as _)
    }

    fn samples(&self) -> Option<StoredSamples> {
        let (sample, bits, byte_order) = (self.storage.sample, self.storage.bits, self.storage.pixels.byte_order);
        self.storage.is_direct().then_some(StoredSamples { sample, bits, shift: 0, byte_order })
    }

    fn piece(&self, block: StoredBlock, _: Window) -> Result<Option<Piece>> {
        let Some(bytes) = self.range(block)? else { return Ok(None) };
        if self.decoder.is_none() {
            return Err(self.arrays.no_codec(self.storage.compression));
        }
        let rows = self.storage.pixel_rows(self.shape(block));
        Ok(Some(Piece::of_rows(bytes, self.layout.grid.full_block_window(block.at).width, 0..rows)))
    }

    fn decode(
        &self,
        block: StoredBlock,
        _: &Piece,
        stored: &[&[u8]],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Some(decoder) = &self.decoder else { return Err(self.arrays.no_codec(self.storage.compression)) };
        stored.iter().try_for_each(|stored| decoder.decode(self.shape(block), stored, out, scratch))
    }

    fn decode_rows(
        &self,
        block: StoredBlock,
        _: &Piece,
        stored: &[&[u8]],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> u32 {
        let (Some(decoder), &[stored], shape) = (&self.decoder, stored, self.shape(block)) else { return 0 };
        let rows = decoder.decode_rows(shape, stored, out, scratch);
        self.storage.pixel_rows(BlockShape { rows, ..shape })
    }

    fn name(&self, block: StoredBlock) -> String {
        self.arrays.name(self.number(block))
    }
}

impl RangeArrays {
    /// Finds the arrays of a directory.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the offsets are absent or lie outside of the file.
    fn find(directory: &Directory, storage: &Storage) -> Result<Self> {
        let (offsets_tag, counts_tag) = if storage.tiled {
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
        } else {
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
        };
        let blocks = storage.stored_blocks();
        let find = |tag| directory.places(tag);
        // Old writers store tiles under the tags of strips.
        let offsets = match find(offsets_tag)? {
            None if storage.tiled => find(tags::STRIP_OFFSETS)?,
            other => other,
        };
        let counts = match find(counts_tag)? {
            None if storage.tiled => find(tags::STRIP_BYTE_COUNTS)?,
            other => other,
        };
        let offsets = offsets.ok_or_else(|| directory.malformed(offsets_tag, "absent"))?;
        Ok(Self { offsets, counts, order: directory.order, blocks, segment: directory.segment() })
    }

    /// Reads the arrays.
    ///
    /// # Errors
    /// [`Error::Limit`] for too many blocks, or any error of reading.
    fn read(&self, source: &dyn ByteSource, limits: &Limits) -> Result<BlockRanges> {
        limits.check_metadata("block offsets and lengths", self.blocks.saturating_mul(32))?;
        let read = |array: &Array| -> Result<Vec<u64>> {
            let count = array.count.min(self.blocks);
            let bytes = source.read_range(array.offset, count * array.kind.bytes() as u64)?;
            match FieldValue::parse(array.kind, &bytes, self.order) {
                FieldValue::Unsigned(values) => Ok(values),
                _ => Err(self.malformed(array.tag, format!("{:?}", array.kind)).allowed("SHORT, LONG or LONG8")),
            }
        };
        let counts = self.counts.as_ref().map(read).transpose()?.unwrap_or_default();
        Ok(BlockRanges { offsets: read(&self.offsets)?, counts, ascending: Lazy::default() })
    }

    /// The name of a block in messages.
    fn name(&self, block: u64) -> String {
        format!("block {block} of {}", self.segment)
    }

    /// The error for a block that the arrays of `there` offsets lack.
    fn missing(&self, block: u64, there: usize) -> Error {
        let error = Error::malformed("number of blocks in tag").field(tags::describe(self.offsets.tag)).found(there);
        error.allowed(self.blocks).segment(self.name(block))
    }

    /// An error for a compression that is not implemented.
    fn no_codec(&self, code: u16) -> Error {
        Error::unsupported("tag").field(tags::describe(tags::COMPRESSION)).found(code).segment(&self.segment)
    }

    fn malformed(&self, tag: u16, found: impl std::fmt::Display) -> Error {
        Error::malformed("tag").field(tags::describe(tag)).found(found).segment(&self.segment)
    }
}

impl BlockRanges {
    /// The place of stored block number `block`.
    fn get(&self, block: u64) -> Place {
        let block = usize::try_from(block).unwrap_or(usize::MAX);
        let Some(offset) = self.offsets.get(block).copied() else { return Place::Missing };
        if offset == 0 {
            return Place::Absent;
        }
        // A length of zero is an unknown one: without bytes, a block has no offset either.
        let length = self.counts.get(block).copied().filter(|length| *length > 0);
        Place::At(BlockRange { offset, length })
    }

    /// The offset of the block that follows `offset` in the file.
    fn next_offset(&self, offset: u64) -> u64 {
        let made = self.ascending.get_or_make(|| {
            let mut offsets = self.offsets.clone();
            offsets.sort_unstable();
            Ok(offsets)
        });
        let Ok(offsets) = made else { return u64::MAX };
        offsets.get(offsets.partition_point(|other| *other <= offset)).copied().unwrap_or(u64::MAX)
    }

    /// True if no block is absent.
    fn is_dense(&self) -> bool {
        !self.offsets.contains(&0)
    }
}
