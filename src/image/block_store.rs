//! The container's view of an image's blocks: their location, coding and samples, and the state that decoding them keeps.

use std::any::{Any, TypeId};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::grid::{BlockGrid, BlockIndex, Window};
use super::idle_threads::IdleThreads;
use super::layout::ImageLayout;
use super::sample::{Interleave, SampleType};
use crate::error::{Error, Result};
use crate::io::{ByteOrder, ByteSource};
use crate::simd;

/// The coding of blocks, as far as this layer needs it: whether blocks of one image can be used in another.
pub(crate) trait BlockCoding: Any + fmt::Debug + Send + Sync {
    /// True if a block of either coding decodes to the same pixels with the other.
    fn decodes_like(&self, other: &dyn BlockCoding) -> bool;
}

/// A stored block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StoredBlock {
    /// Its place in the grid.
    pub at: BlockIndex,
    /// Its plane: the band if each band has its own blocks, else 0.
    pub plane: u32,
}

/// A part of a block that can be decoded separately: the whole block, rows of an uncompressed one, or any rectangle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The stored bytes, as ranges of the source, in the order in which the codec takes them.
    pub bytes: Vec<Range<u64>>,
    /// The rectangle that the bytes decode to, relative to the block. It may extend past the edges of the image.
    pub window: Window,
}

/// How the blocks of an image are stored. Two images of equal form can exchange blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockForm<'a> {
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

/// The differences between stored samples and samples in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredSamples {
    /// Type of a sample in memory.
    pub sample: SampleType,
    /// Bits of a stored sample.
    pub bits: u32,
    /// Unused bits below the value; the value is shifted down by this number.
    pub shift: u32,
    /// Order of the bytes of a sample.
    pub byte_order: ByteOrder,
}

/// The stored blocks of an image. Every method except [`BlockStore::decode`] may read the container's tables on first use, so
/// call it on the thread that may read the source.
pub(crate) trait BlockStore: Send + Sync {
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

    /// False if a stream that is copied undecoded is known to be damaged. The tables of the container may be read.
    fn is_complete(&self) -> bool {
        true
    }

    /// The stored bytes of a block, even if the source ends before them. `None` if the block is absent.
    ///
    /// # Errors
    /// Errors of reading the tables; [`Error::Malformed`] if the tables state an impossible position; [`Error::Unsupported`]
    /// if the bytes are not in one place.
    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>>;

    /// The coding of the blocks. `None` if the stored bytes alone do not determine the pixels.
    fn coding(&self) -> Option<&dyn BlockCoding>;

    /// The stored samples of uncompressed blocks whose rows follow one another without padding.
    fn samples(&self) -> Option<StoredSamples> {
        None
    }

    /// The smallest part of a block that contains `window`, which is relative to the block. `None` if the block is absent.
    ///
    /// # Errors
    /// As [`BlockStore::range`]; [`Error::Unsupported`] for blocks that cannot be decoded.
    fn piece(&self, block: StoredBlock, window: Window) -> Result<Option<Piece>>;

    /// Fills `out` with the window of a piece, in the order of [`BlockStore::interleave`] and native byte order. `stored` has
    /// the bytes of each range of the piece. Does not read the source.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::Unsupported`] from the codec.
    fn decode(
        &self,
        block: StoredBlock,
        piece: &Piece,
        stored: &[&[u8]],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<()>;

    /// Decodes a piece of a damaged block: fills the first rows of `out` that `stored` hold whole, and returns their number. The
    /// content of further rows is undefined. `stored` has of each range the bytes that are there.
    fn decode_rows(
        &self,
        block: StoredBlock,
        piece: &Piece,
        stored: &[&[u8]],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> u32 {
        if self.decode(block, piece, stored, out, scratch).is_ok() { piece.window.height } else { 0 }
    }

    /// The bytes that must be there when `part` of a block is read: the part, or all of the block.
    fn required(&self, block: StoredBlock, part: Range<u64>) -> Range<u64> {
        let _ = block;
        part
    }

    /// What it costs to read a window of a block, as a number of bytes of a block that is loaded into the cache. `bytes` are those
    /// of the window.
    fn part_cost(&self, window: Window, bytes: usize) -> usize {
        let _ = window;
        // A byte loaded into new memory costs about twice a byte read from the file.
        bytes / 2
    }

    /// The end of the bytes that may belong to blocks: that of the source, or of the image data in it.
    fn end(&self) -> u64 {
        self.source().size()
    }

    /// The block's name in messages.
    fn name(&self, block: StoredBlock) -> String;
}

/// The buffers and coder states that a worker keeps from block to block to save allocations. Each codec keeps its own type of state here, unknown to other code.
#[derive(Default)]
pub struct Scratch {
    /// Bytes between two stages.
    pub(crate) bytes: Vec<u8>,
    /// Threads of the read that may help with a block.
    pub(crate) idle: IdleThreads,
    states: States,
}

/// One state of each type. A worker meets few codecs, so a list is the fastest map.
#[derive(Default)]
struct States(Vec<(TypeId, Box<dyn Any + Send>)>);

impl Piece {
    /// The first `rows` rows of a block of `columns` columns, or all of them, stored in one place.
    pub(crate) fn of_rows(bytes: Range<u64>, columns: u32, rows: Range<u32>) -> Self {
        Self { bytes: vec![bytes], window: Window::new(0, rows.start, columns, rows.len() as u32) }
    }
}

impl BlockForm<'_> {
    /// True if blocks of the other form can be stored as blocks of this form.
    pub(crate) fn takes(&self, other: &BlockForm<'_>) -> bool {
        let same = (self.grid, self.bands, self.interleave, self.is_cropped)
            == (other.grid, other.bands, other.interleave, other.is_cropped);
        same && self.coding.decodes_like(other.coding)
    }
}

impl dyn BlockStore + '_ {
    /// The form of the blocks, if their bytes alone determine the pixels.
    pub(crate) fn form(&self) -> Option<BlockForm<'_>> {
        let ImageLayout { grid, bands, .. } = *self.layout();
        let (interleave, is_cropped) = (self.interleave(), self.is_cropped());
        self.coding().map(|coding| BlockForm { grid, bands, interleave, is_cropped, coding })
    }

    /// Every stored block, plane by plane.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = StoredBlock> + use<> {
        let grid = self.layout().grid;
        (0..self.planes()).flat_map(move |plane| (0..grid.count()).map(move |n| StoredBlock { at: grid.at(n), plane }))
    }

    /// Checks that the bytes of a block lie inside the source.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the block, its offset, and how many of its bytes are there.
    pub(crate) fn check_inside(&self, block: StoredBlock, bytes: &Range<u64>) -> Result<()> {
        if bytes.end <= self.end() {
            return Ok(());
        }
        Err(Error::malformed("block: extends past the end of the data,")
            .field("bytes")
            .found(self.end().saturating_sub(bytes.start))
            .allowed(bytes.end - bytes.start)
            .segment(self.name(block))
            .at(self.source().origin().saturating_add(bytes.start)))
    }
}

impl StoredSamples {
    /// True if stored samples of whole bytes are native as they are.
    pub(crate) fn is_native(&self) -> bool {
        self.shift == 0 && self.is_in_order()
    }

    /// Converts stored samples of whole bytes to native ones, in place.
    pub(crate) fn to_native(self, samples: &mut [u8]) {
        if !self.is_in_order() {
            simd::swap_bytes(samples, self.sample.swap_unit());
        }
        self.shift_down(samples);
    }

    fn is_in_order(&self) -> bool {
        self.byte_order.is_native() || self.sample.swap_unit() == 1
    }

    /// Shifts the values of native samples down to the low end of their bits, preserving signs.
    pub(crate) fn shift_down(&self, samples: &mut [u8]) {
        if self.shift == 0 {
            return;
        }
        let (size, unused) = (self.sample.bytes(), u64::BITS - self.bits);
        let place = if cfg!(target_endian = "little") { 0..size } else { 8 - size..8 };
        for sample in samples.chunks_exact_mut(size) {
            let mut wide = [0; 8];
            wide[place.clone()].copy_from_slice(sample);
            let value = u64::from_ne_bytes(wide) << unused;
            let value = if self.sample.is_signed_integer() {
                (value as i64 >> (unused + self.shift)) as u64
            } else {
                value >> (unused + self.shift)
            };
            sample.copy_from_slice(&value.to_ne_bytes()[place.clone()]);
        }
    }
}

impl Scratch {
    /// The state of type `T`, created on first use.
    pub(crate) fn state<T: Default + Send + 'static>(&mut self) -> &mut T {
        self.bytes_and_state().1
    }

    /// The buffer and a state, for coders that need both at once.
    pub(crate) fn bytes_and_state<T: Default + Send + 'static>(&mut self) -> (&mut Vec<u8>, &mut T) {
        (&mut self.bytes, self.states.get())
    }
}

impl States {
    fn get<T: Default + Send + 'static>(&mut self) -> &mut T {
        let id = TypeId::of::<T>();
        let place = self.0.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            self.0.push((id, Box::<T>::default()));
            self.0.len() - 1
        });
        self.0[place].1.downcast_mut().expect("each state is kept under its own type")
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_upper_end_are_moved_down_with_their_signs() {
        let stored = |sample, byte_order| StoredSamples { sample, bits: 16, shift: 5, byte_order };
        let mut samples = [0xFF, 0xE0, 0x00, 0x40];
        stored(SampleType::Int16, ByteOrder::Big).to_native(&mut samples);
        assert_eq!(samples, [(-1i16).to_ne_bytes(), 2i16.to_ne_bytes()].concat()[..]);
        let mut samples = [0xE0, 0xFF, 0x40, 0x00];
        stored(SampleType::UInt16, ByteOrder::Little).to_native(&mut samples);
        assert_eq!(samples, [0x7FFu16.to_ne_bytes(), 2u16.to_ne_bytes()].concat()[..]);
    }

    #[test]
    fn unpacked_samples_keep_to_their_bits() {
        let stored = StoredSamples { sample: SampleType::Int16, bits: 12, shift: 4, byte_order: ByteOrder::Big };
        let mut samples = [0x0800u16.to_ne_bytes(), 0x07F0u16.to_ne_bytes()].concat();
        stored.shift_down(&mut samples);
        assert_eq!(samples, [(-128i16).to_ne_bytes(), 127i16.to_ne_bytes()].concat());
    }

    #[test]
    fn each_type_has_one_state_that_is_kept() {
        let mut scratch = Scratch::default();
        scratch.state::<Vec<u8>>().push(7);
        *scratch.state::<u32>() = 9;
        scratch.state::<Vec<u8>>().push(8);
        assert_eq!(scratch.state::<Vec<u8>>().as_slice(), [7, 8]);
        assert_eq!(*scratch.state::<u32>(), 9);
    }
}
