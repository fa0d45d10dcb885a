//! Encodes pixels to the stored bytes of uncompressed blocks: byte order, interleave and packing.

use super::super::pixels::{Mode, Storage};
use super::sample_notes::SampleNotes;
use crate::codec::{
    BlockPixels, BlockShape, Borrow, CodecParams, Encoded, Gathering, ImageEncoder, Pieces, Scratch, raw,
};
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, Interleave, Padding};
use crate::io::ByteOrder;
use crate::simd;

/// Bytes that are gathered at once: enough for one efficient write, few enough for the processor's cache.
const PIECE: u64 = 1 << 20;

/// Up to this size, a block whose height has no useful divisor is gathered whole.
const WHOLE: u64 = 16 << 20;

/// The grid of the pieces.
#[derive(Debug, Clone, Copy)]
pub(super) struct PieceGrid(BlockGrid);

/// Encodes pieces of blocks: of each plane, the rows that the file has.
pub(super) struct PixelEncoder {
    storage: Storage,
    work: PieceGrid,
    gathering: Gathering,
    notes: SampleNotes,
}

impl PixelEncoder {
    /// An encoder for the pieces of an image with this storage; `pad` is the value of padding as a sample in native byte order.
    pub(super) fn new(storage: &Storage, work: PieceGrid, pad: &[u8], notes_pads: bool) -> Self {
        let interleave = match storage.mode {
            Mode::Block | Mode::Sequential => Interleave::Band,
            Mode::Pixel => Interleave::Pixel,
            Mode::Row => Interleave::Row,
        };
        let is_native = ByteOrder::Big.is_native() || storage.sample.swap_unit() == 1;
        let is_as_stored = is_native && storage.shift == 0 && storage.is_whole_bytes() && !notes_pads;
        let borrow = match interleave {
            _ if !is_as_stored => Borrow::Nothing,
            Interleave::Band => Borrow::Bands,
            interleave => Borrow::Block(interleave),
        };
        let padding = Padding::Value(pad.to_vec());
        let gathering = Gathering { interleave, padding, absent: Some(pad.to_vec()), borrow };
        let notes = SampleNotes::new(storage, pad, notes_pads);
        Self { storage: storage.clone(), work, gathering, notes }
    }
}

impl PieceGrid {
    /// Blocks, cut into bands of rows if they are large.
    ///
    /// # Errors
    /// Never for a checked storage.
    pub(super) fn pieces(storage: &Storage) -> Result<Self> {
        let grid = storage.grid;
        let row = u64::from(grid.block_columns()) * u64::from(storage.bands) * storage.sample.bytes() as u64;
        let wanted = (PIECE / row.max(1)).clamp(1, u64::from(grid.block_rows())) as u32;
        // Every piece begins at a byte boundary.
        let aligned = storage.aligned_rows();
        let rows = if grid.down() == 1 {
            (wanted / aligned * aligned).max(aligned)
        } else {
            let is_good = |rows: &u32| grid.block_rows().is_multiple_of(*rows) && rows.is_multiple_of(aligned);
            let divisor = (1..=wanted.max(aligned)).rev().find(is_good).unwrap_or(grid.block_rows());
            let small = row.saturating_mul(grid.block_rows().into()) <= WHOLE;
            if divisor < wanted / 4 && small { grid.block_rows() } else { divisor }
        };
        let rows = rows.min(grid.block_rows());
        Ok(Self(BlockGrid::new(grid.columns(), grid.rows(), grid.block_columns(), rows)?))
    }

    /// Whole blocks.
    pub(super) fn blocks(storage: &Storage) -> Self {
        Self(storage.grid)
    }

    /// The grid.
    pub(super) fn grid(self) -> BlockGrid {
        self.0
    }

    /// The block of the file that holds the piece `at`, and the piece's first row in it.
    pub(super) fn stored_block(self, storage: &Storage, at: BlockIndex) -> (BlockIndex, u32) {
        let y = at.row * self.0.block_rows();
        let row = y / storage.grid.block_rows();
        (BlockIndex { row, column: at.column }, y - row * storage.grid.block_rows())
    }

    /// Rows of a piece that the file has; the piece begins at row `within` of its block. The last piece of a block may be cut.
    pub(super) fn taken_rows(self, storage: &Storage, within: u32) -> u32 {
        self.0.block_rows().min(storage.grid.block_rows() - within)
    }
}

impl ImageEncoder for PixelEncoder {
    fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    fn identity(&self) -> String {
        format!("NITF {:?} {:?} {:?} {}", self.storage, self.work, self.gathering, self.notes.finds_pads())
    }

    fn encode<'p>(
        &self,
        at: BlockIndex,
        pixels: BlockPixels<'p>,
        out: &mut Encoded,
        scratch: &mut Scratch,
    ) -> Result<Pieces<'p>> {
        let storage = &self.storage;
        let (_, within) = self.work.stored_block(storage, at);
        let rows = self.work.taken_rows(storage, within);
        let samples = rows as usize * storage.row_samples() as usize;
        let raw = match pixels {
            BlockPixels::Gathered(raw) => raw,
            BlockPixels::Borrowed(bytes) => return Ok(self.as_they_are(vec![bytes], samples, out)),
            BlockPixels::Bands(bands) => return Ok(self.as_they_are(bands, samples, out)),
        };
        let taken = samples * storage.sample.bytes();
        out.set_receipt(&self.notes.of_gathered(raw, taken));
        shift_up(raw, storage)?;
        let planes = raw.chunks_exact_mut(raw.len() / storage.planes() as usize).map(|plane| &mut plane[..taken]);
        if storage.is_whole_bytes() {
            let swapped = planes.map(|plane| {
                to_file_order(plane, storage);
                &*plane
            });
            return Ok(Pieces::Of(swapped.collect()));
        }
        for plane in planes {
            out.piece(|bytes| pack(storage, plane, bytes, scratch))?;
        }
        Ok(Pieces::Appended)
    }
}

impl PixelEncoder {
    /// Planes with the byte order and layout of the file, cut to the samples that the file has of each.
    fn as_they_are<'p>(&self, planes: Vec<&'p [u8]>, samples: usize, out: &mut Encoded) -> Pieces<'p> {
        out.set_receipt(&self.notes.of_planes(&planes));
        let taken = samples * self.storage.sample.bytes();
        Pieces::Of(planes.into_iter().map(|plane| &plane[..taken.min(plane.len())]).collect())
    }
}

/// Stored rows of a plane that hold only the pad value.
///
/// # Errors
/// If the value has more bits than ABPP.
pub(super) fn pad_rows(storage: &Storage, pad: &[u8], rows: u32) -> Result<Vec<u8>> {
    let mut line = pad.repeat(storage.row_samples() as usize * rows as usize);
    shift_up(&mut line, storage)?;
    if storage.is_whole_bytes() {
        to_file_order(&mut line, storage);
        return Ok(line);
    }
    let mut packed = Vec::new();
    if !line.is_empty() {
        pack(storage, &mut line, &mut packed, &mut Scratch::default())?;
    }
    Ok(packed)
}

fn to_file_order(samples: &mut [u8], storage: &Storage) {
    if !ByteOrder::Big.is_native() {
        simd::swap_bytes(samples, storage.sample.swap_unit());
    }
}

/// Appends packed samples as one row, however long, so that only its end is padded.
fn pack(storage: &Storage, samples: &mut [u8], packed: &mut Vec<u8>, scratch: &mut Scratch) -> Result<()> {
    let count = u32::try_from(samples.len() / storage.sample.bytes());
    let count = count.map_err(|_| Error::unsupported("packed rows of more than 2^32 samples"))?;
    let encoder = raw::Params.encoder(&storage.sample_coding())?;
    encoder.encode(BlockShape::new(count, 1), samples, packed, scratch)
}

/// Shifts right-justified values to left-justified ones, if the file has those.
///
/// # Errors
/// [`Error::Usage`] for a value with more bits than ABPP, which would lose them.
fn shift_up(samples: &mut [u8], storage: &Storage) -> Result<()> {
    if storage.shift == 0 {
        return Ok(());
    }
    let (unused, signed) = (64 - storage.actual_bits, storage.sample.is_signed_integer());
    for sample in samples.chunks_exact_mut(storage.sample.bytes()) {
        let mut wide = [0; 8];
        if cfg!(target_endian = "big") {
            sample.reverse();
        }
        wide[..sample.len()].copy_from_slice(sample);
        let value = u64::from_le_bytes(wide);
        let used = if signed { (((value << unused) as i64) >> unused) as u64 } else { value << unused >> unused };
        let kept = used.to_le_bytes();
        if kept[..sample.len()] != *sample {
            return Err(Error::usage("sample that does not fit ABPP:")
                .found(value)
                .allowed(format!("{} bits", storage.actual_bits)));
        }
        let value = (value << storage.shift).to_le_bytes();
        sample.copy_from_slice(&value[..sample.len()]);
        if cfg!(target_endian = "big") {
            sample.reverse();
        }
    }
    Ok(())
}
