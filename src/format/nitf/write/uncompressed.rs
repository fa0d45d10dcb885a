//! An uncompressed image that is being written: the pieces in which its blocks are gathered, their encoding (byte order,
//! interleave, packing), and its segments. All offsets are known before the first block; the mask tables are known at the end.

use std::sync::Arc;

use super::super::mask::{ABSENT, MaskTable};
use super::super::pixels::{Mode, Storage};
use super::blocks::BlockOffsets;
use super::image_data::{Finished, ImageData, MaskPlan};
use super::sample_notes::{SampleNotes, SampleReceipt, excess_finding};
use crate::codec::{
    BlockPixels, BlockShape, Borrow, CodecParams, Encoded, Gathering, ImageEncoder, Pieces, Scratch, raw,
};
use crate::error::{Error, Result};
use crate::format::OpenImage;
use crate::image::{BlockGrid, BlockIndex, Interleave, Padding};
use crate::io::{ByteOrder, ByteSink};
use crate::pipeline::{BlockPlaces, BlockPlan, BlocksEnd, Placement};
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
fn pad_rows(storage: &Storage, pad: &[u8], rows: u32) -> Result<Vec<u8>> {
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

/// The offsets of all pieces.
struct PieceOffsets {
    storage: Storage,
    work: PieceGrid,
    offsets: BlockOffsets,
    /// The first byte of the blocks of each part.
    starts: Vec<u64>,
}

/// An uncompressed image that was begun.
pub(super) struct Uncompressed {
    key: String,
    places: Arc<PieceOffsets>,
    mask: Option<MaskPlan>,
    pad: Vec<u8>,
    /// The first byte of the image data of each part, mask table included.
    data: Vec<u64>,
    /// For each part and record of its mask table, whether the block holds pad pixels; empty if the table does not list them.
    pads: Vec<Vec<bool>>,
    excess: bool,
}

impl Uncompressed {
    /// The segments of an image whose data begin at `data`, and the image that is opened for their blocks. `pad` is the value of
    /// padding and of absent blocks, as a sample in native byte order.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn new(
        key: &str,
        storage: Storage,
        (offsets, work): (BlockOffsets, PieceGrid),
        mask: Option<MaskPlan>,
        pad: Vec<u8>,
        data: Vec<u64>,
        sink: &mut dyn ByteSink,
    ) -> Result<(Self, OpenImage)> {
        let notes_pads = mask.as_ref().is_some_and(|mask| mask.pads);
        let records = |part| vec![false; offsets.record_count(part) as usize];
        let pads = if notes_pads { offsets.parts().iter().map(records).collect() } else { Vec::new() };
        let table = |part| mask.as_ref().map_or(0, |mask| mask.table_bytes(offsets.record_count(part)));
        let starts = offsets.parts().iter().zip(&data).map(|(part, data)| data + table(part)).collect();
        let encoder = PixelEncoder::new(&storage, work, &pad, notes_pads);
        let allows_absent = mask.is_some();
        let places = Arc::new(PieceOffsets { storage, work, offsets, starts });
        let placement = sink.positioned()?.map(|target| Placement { places: Arc::clone(&places) as _, target });
        let blocks = BlockPlan { grid: work.grid(), encoder: Arc::new(encoder), placement };
        let segments = Self { key: key.to_owned(), places, mask, pad, data, pads, excess: false };
        Ok((segments, OpenImage { blocks, form: None, allows_absent }))
    }

    /// Records of a block in the mask table.
    fn records_of_block(&self) -> u32 {
        let storage = &self.places.storage;
        if storage.mode == Mode::Sequential { storage.bands } else { 1 }
    }

    fn note_pads(&mut self, stored: BlockIndex, band: u32) {
        let offsets = &self.places.offsets;
        if let Some(pads) = self.pads.get_mut(offsets.part_of(stored.row)) {
            pads[offsets.record(stored, band)] = true;
        }
    }
}

impl ImageData for Uncompressed {
    fn append(&mut self, block: &Encoded, sink: &mut dyn ByteSink) -> Result<()> {
        let at = block.at();
        if block.is_absent() {
            return Ok(());
        }
        let SampleReceipt { excess, pads } = block.receipt()?;
        self.excess |= excess;
        let (stored, _) = self.places.work.stored_block(&self.places.storage, at);
        for (band, _) in pads.into_iter().enumerate().filter(|(_, has_pad)| *has_pad) {
            self.note_pads(stored, band as u32);
        }
        for (number, piece) in block.pieces().enumerate() {
            if let Some(offset) = self.places.offset(at, number) {
                sink.patch(offset, piece)?;
            }
        }
        Ok(())
    }

    /// Fills what no block covers, and writes the mask tables.
    fn finish(
        mut self: Box<Self>,
        end: &BlocksEnd,
        sink: &mut dyn ByteSink,
        poll: &dyn Fn() -> Result<()>,
    ) -> Result<Finished> {
        let places = Arc::clone(&self.places);
        let PieceOffsets { storage, offsets, starts, .. } = &*places;
        places.fill_rest(&self.pad, sink)?;
        for block in places.blocks_with_rest() {
            (0..self.records_of_block()).for_each(|band| self.note_pads(block, band));
        }
        let mut lengths: Vec<u64> = (offsets.parts().iter().zip(starts).zip(&self.data))
            .map(|((part, start), data)| start - data + offsets.bytes(part))
            .collect();
        // From the last part on, so that a table that grows moves what is complete.
        for (number, part) in offsets.parts().iter().enumerate().rev() {
            let Some(mask) = &self.mask else { break };
            let (data, start) = (self.data[number], starts[number]);
            let mut missing = end.missing.iter().filter(|at| offsets.part_of(at.row) == number).peekable();
            let mut data_offset = start - data;
            let mut lists_blocks = mask.blocks;
            if !lists_blocks && missing.peek().is_some() {
                // All blocks were expected, and the table has no room to list them.
                lists_blocks = true;
                data_offset = MaskPlan { blocks: true, ..*mask }.table_bytes(offsets.record_count(part));
                sink.move_tail(start, data + data_offset, poll)?;
                lengths[number] += data_offset - (start - data);
            }
            let mut records = lists_blocks.then(|| offsets.records(part));
            for at in missing {
                for band in 0..self.records_of_block() {
                    if let Some(records) = &mut records {
                        records[offsets.record(*at, band)] = ABSENT;
                    }
                }
            }
            let table = MaskTable { data_offset, blocks: records, pad: mask.pad };
            let pads = self.pads.get(number).map(Vec::as_slice);
            sink.patch(data, &table.write(pads, storage.block_bytes()))?;
        }
        let finding = self.excess.then(|| excess_finding(&self.key, storage));
        Ok(Finished { lengths, rate: None, finding })
    }
}

impl BlockPlaces for PieceOffsets {
    /// The offset of a piece; each separately stored band has its own.
    fn offset(&self, at: BlockIndex, piece: usize) -> Option<u64> {
        let storage = &self.storage;
        let (stored, within) = self.work.stored_block(storage, at);
        let band = piece as u32;
        let block = self.starts[self.offsets.part_of(stored.row)] + self.offsets.offset(stored, band)?;
        let shift = if storage.mode == Mode::Block { u64::from(band) * storage.plane_bytes() } else { 0 };
        Some(block + shift + storage.row_bits(within) / 8)
    }
}

impl PieceOffsets {
    /// The last blocks, if no piece covers their last rows because these lie below the image.
    fn blocks_with_rest(&self) -> impl Iterator<Item = BlockIndex> {
        let row = self.storage.grid.down() - 1;
        let columns = 0..if self.rest() == 0 { 0 } else { self.storage.grid.across() };
        columns.map(move |column| BlockIndex { row, column }).filter(|at| self.offsets.offset(*at, 0).is_some())
    }

    /// Fills the rows of the last blocks that no piece covers with the pad value.
    ///
    /// # Errors
    /// If the sink fails.
    fn fill_rest(&self, pad: &[u8], sink: &mut dyn ByteSink) -> Result<()> {
        let storage = &self.storage;
        if self.rest() == 0 || pad.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        // Rows that fill whole bytes, then the rest.
        let aligned = u64::from(storage.aligned_rows());
        let unit = pad_rows(storage, pad, storage.aligned_rows())?;
        let last_rows = pad_rows(storage, pad, (self.rest() % aligned) as u32)?;
        let piece_row = self.work.grid().down() - 1;
        for block in self.blocks_with_rest() {
            let piece = BlockIndex { row: piece_row, column: block.column };
            let (_, within) = self.work.stored_block(storage, piece);
            for offset in (0..storage.planes() as usize).filter_map(|band| self.offset(piece, band)) {
                let mut at = offset - storage.row_bits(within) / 8 + storage.row_bits(self.covered() as u32) / 8;
                for _ in 0..self.rest() / aligned {
                    sink.patch(at, &unit)?;
                    at += unit.len() as u64;
                }
                sink.patch(at, &last_rows)?;
            }
        }
        Ok(())
    }

    /// Rows of the last blocks that pieces cover.
    fn covered(&self) -> u64 {
        let work = self.work.grid();
        let pieces = u64::from(work.down()) * u64::from(work.block_rows());
        pieces - u64::from(self.storage.grid.down() - 1) * u64::from(self.storage.grid.block_rows())
    }

    /// Rows of the last blocks that no piece covers.
    fn rest(&self) -> u64 {
        u64::from(self.storage.grid.block_rows()).saturating_sub(self.covered())
    }
}
