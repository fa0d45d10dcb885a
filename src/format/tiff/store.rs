//! The stored blocks of a directory: strips or tiles.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::block_ranges::{BlockRanges, RangeArrays};
use super::compression;
use super::convert::Conversion;
use super::directory::Directory;
use super::storage::Storage;
use crate::codec::{BlockDecoder, BlockShape, Scratch};
use crate::error::Result;
use crate::image::{
    BlockCoding, BlockStore, ImageLayout, Interleave, PadValue, Piece, StoredBlock, StoredImage, StoredSamples,
};
use crate::io::ByteSource;
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
    ranges: OnceLock<BlockRanges>,
}

/// The image of a directory.
///
/// # Errors
/// [`crate::Error::Malformed`] or [`crate::Error::Unsupported`] with the tag, its value and its offset.
pub(super) fn image(
    source: Arc<dyn ByteSource>,
    limits: Limits,
    directory: &Directory,
    nodata: Option<PadValue>,
) -> Result<StoredImage> {
    let storage = Storage::read(directory)?;
    let arrays = RangeArrays::find(directory, &storage)?;
    let shown = storage.layout(nodata)?;
    let store = TiffStore {
        source,
        limits,
        decoder: storage.decoder(),
        layout: ImageLayout { grid: storage.grid, ..shown.clone() },
        storage,
        arrays,
        ranges: OnceLock::new(),
    };
    Ok(StoredImage::new(Arc::new(store), shown, limits))
}

impl TiffStore {
    /// The positions of the blocks, read from the file on first use.
    fn ranges(&self) -> Result<&BlockRanges> {
        if let Some(ranges) = self.ranges.get() {
            return Ok(ranges);
        }
        let ranges = self.arrays.read(&*self.source, &self.limits)?;
        Ok(self.ranges.get_or_init(|| ranges))
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

    fn has_block(&self, block: StoredBlock) -> Result<bool> {
        Ok(self.ranges()?.get(self.number(block)).is_some())
    }

    fn is_dense(&self) -> bool {
        self.ranges().is_ok_and(BlockRanges::is_dense)
    }

    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>> {
        let Some(found) = self.ranges()?.get(self.number(block)) else { return Ok(None) };
        // Without compression the size is known. Wrong counts are a common mistake of writers.
        let length = match found.length {
            Some(length) if self.storage.compression != compression::NONE => length,
            _ => self.storage.pixels.stored_bytes(self.shape(block)) as u64,
        };
        Ok(Some(found.offset..found.offset.saturating_add(length)))
    }

    fn coding(&self) -> Option<&dyn BlockCoding> {
        let plain = self.storage.conversion == Conversion::None && !self.storage.reversed_bits;
        self.storage.coding.as_ref().filter(|_| plain).map(|coding| coding as _)
    }

    fn samples(&self) -> Option<StoredSamples> {
        let (sample, bits, byte_order) = (self.storage.sample, self.storage.bits, self.storage.pixels.byte_order);
        self.storage.is_direct().then_some(StoredSamples { sample, bits, shift: 0, byte_order })
    }

    fn piece(&self, block: StoredBlock, _: Range<u32>) -> Result<Option<Piece>> {
        let Some(bytes) = self.range(block)? else { return Ok(None) };
        if self.decoder.is_none() {
            return Err(self.arrays.no_codec(self.storage.compression));
        }
        Ok(Some(Piece { bytes, rows: 0..self.storage.pixel_rows(self.shape(block)) }))
    }

    fn decode(
        &self,
        block: StoredBlock,
        _: &Piece,
        stored: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Some(decoder) = &self.decoder else { return Err(self.arrays.no_codec(self.storage.compression)) };
        decoder.decode(self.shape(block), stored, out, scratch)
    }

    fn name(&self, block: StoredBlock) -> String {
        self.arrays.name(self.number(block))
    }
}
