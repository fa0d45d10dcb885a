//! Pixels to the places of their blocks: gathered, turned into the file's byte order and interleave, and written by whichever
//! thread has them.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::pixels::{Mode, Storage};
use super::plan::ImagePlan;
use super::work_grid::stored_block;
use crate::codec::{BlockShape, CodecParams, raw};
use crate::error::{Error, Result};
use crate::image::{BlockIndex, Interleave, Padding, TargetBlock};
use crate::io::{ByteOrder, ByteSink, PositionedWrite};
use crate::pipeline::{BlockEncode, BlockSink, Encoded, Scratch};
use crate::simd;

/// Writes the pixels of an image.
pub(super) struct PixelBlocks<'a> {
    plan: &'a ImagePlan,
    /// The first byte of the blocks of each part.
    starts: &'a [u64],
    target: Option<&'a dyn PositionedWrite>,
    /// For each part and record of its mask table whether the block holds pad pixels; empty where nobody asks.
    pads: &'a [Vec<AtomicBool>],
    padding: Padding,
    /// True where samples are looked at for bits beyond ABPP, and whether some have been found.
    narrow: bool,
    excess: AtomicBool,
}

/// Takes blocks that are in their places.
pub(super) struct InPlace;

/// Puts the pieces of blocks at their places.
pub(super) struct Patch<'a> {
    plan: &'a ImagePlan,
    starts: &'a [u64],
    sink: &'a mut dyn ByteSink,
}

impl<'a> PixelBlocks<'a> {
    pub(super) fn new(
        plan: &'a ImagePlan,
        starts: &'a [u64],
        target: Option<&'a dyn PositionedWrite>,
        pads: &'a [Vec<AtomicBool>],
    ) -> Self {
        let storage = &plan.storage;
        let is_narrow = storage.sample.is_integer() && storage.actual_bits < storage.bits && storage.shift == 0;
        let padding = Padding::Value(plan.pad.clone());
        Self { plan, starts, target, pads, padding, narrow: is_narrow, excess: AtomicBool::new(false) }
    }

    /// True where a sample had more bits than ABPP says.
    pub(super) fn has_excess(&self) -> bool {
        self.excess.load(Ordering::Relaxed)
    }

    fn look(&self, samples: &[u8]) {
        let (storage, pad) = (&self.plan.storage, self.plan.pad.as_slice());
        if !self.narrow || self.excess.load(Ordering::Relaxed) || !exceeds(samples, storage) {
            return;
        }
        // Padding is not the caller's data.
        let is_data = |sample: &&[u8]| *sample != pad && exceeds(sample, storage);
        if !exceeds(pad, storage) || samples.chunks_exact(pad.len()).find(is_data).is_some() {
            self.excess.store(true, Ordering::Relaxed);
        }
    }

    fn interleave(&self) -> Interleave {
        match self.plan.storage.mode {
            Mode::Block | Mode::Sequential => Interleave::Band,
            Mode::Pixel => Interleave::Pixel,
            Mode::Row => Interleave::Row,
        }
    }

    /// The bytes of a piece, where they lie in the caller's memory as the file has them.
    fn borrowed<'b>(&self, block: &'b TargetBlock<'_>) -> Option<Vec<&'b [u8]>> {
        let storage = &self.plan.storage;
        let native = ByteOrder::Big.is_native() || storage.sample.swap_unit() == 1;
        if !native || storage.shift > 0 || !storage.is_whole_bytes() || !self.pads.is_empty() {
            return None;
        }
        match self.interleave() {
            Interleave::Band => {
                let bands: Option<Vec<_>> =
                    (0..storage.bands).map(|band| block.borrow_band(band, &self.padding)).collect();
                bands
            }
            interleave => block.borrow(interleave, &self.padding).map(|bytes| vec![bytes]),
        }
    }

    /// Notes which records of the mask table have pad pixels: a pixel all of whose bands have the pad value.
    fn note_pads(&self, stored: BlockIndex, raw: &[u8]) {
        let storage = &self.plan.storage;
        let Some(pads) = self.pads.get(self.plan.offsets.part_of(stored.row)) else { return };
        let pad = self.plan.pad.as_slice();
        let note = |band: u32| pads[self.plan.offsets.record(stored, band)].store(true, Ordering::Relaxed);
        let plane = raw.len() / storage.bands as usize;
        match storage.mode {
            Mode::Sequential => (0..storage.bands).zip(raw.chunks_exact(plane)).for_each(|(band, plane)| {
                if plane.chunks_exact(pad.len()).any(|sample| sample == pad) {
                    note(band);
                }
            }),
            Mode::Pixel => {
                let whole = pad.repeat(storage.bands as usize);
                if raw.chunks_exact(whole.len()).any(|pixel| pixel == whole) {
                    note(0);
                }
            }
            Mode::Block | Mode::Row => {
                // The samples of a pixel stand a plane, or a line, apart.
                let columns = storage.grid.block_columns() as usize * pad.len();
                let (line, step) = if storage.mode == Mode::Row { (columns, columns) } else { (plane, plane) };
                let group = line * storage.bands as usize;
                let is_pad = |group: &[u8], at: usize| {
                    (0..storage.bands as usize).all(|band| &group[band * step + at..][..pad.len()] == pad)
                };
                if raw.chunks_exact(group).any(|group| (0..line).step_by(pad.len()).any(|at| is_pad(group, at))) {
                    note(0);
                }
            }
        }
    }

    /// Samples in native order to the file's, with left-justified bits where the file has those, and packed: of a packed piece
    /// that begins at row `within` of its block just the rows the block has.
    fn to_stored(
        &self,
        within: u32,
        raw: &mut [u8],
        packed: &mut Vec<u8>,
        scratch: &mut crate::codec::Scratch,
    ) -> Result<bool> {
        let storage = &self.plan.storage;
        if storage.shift > 0 {
            shift_up(raw, storage)?;
        }
        if storage.is_whole_bytes() {
            if !ByteOrder::Big.is_native() {
                simd::swap_bytes(raw, storage.sample.swap_unit());
            }
            return Ok(false);
        }
        let taken = taken_samples(self.plan, within) * storage.sample.bytes();
        packed.clear();
        for plane in raw.chunks_exact_mut(raw.len() / storage.planes() as usize) {
            pack(storage, &mut plane[..taken], packed, scratch)?;
        }
        Ok(true)
    }

    /// Cuts the bytes of a gathered piece to those the file has of it, one slice for each run.
    fn runs<'b>(&self, within: u32, bytes: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        let plane = bytes.len() / self.plan.storage.planes() as usize;
        let taken = taken_bytes(self.plan, within).min(plane);
        bytes.chunks_exact(plane).map(move |plane| &plane[..taken])
    }

    fn put(&self, at: BlockIndex, pieces: &mut dyn Iterator<Item = &'_ [u8]>, out: &mut Encoded) -> Result<()> {
        let Some(target) = self.target else {
            for piece in pieces {
                out.piece(|bytes| {
                    bytes.extend_from_slice(piece);
                    Ok(())
                })?;
            }
            return Ok(());
        };
        out.set_placed();
        for (piece, offset) in pieces.zip(offsets(self.plan, self.starts, at)) {
            target.write_at(offset, piece)?;
        }
        Ok(())
    }
}

impl BlockEncode for PixelBlocks<'_> {
    fn encode(&self, block: &TargetBlock<'_>, out: &mut Encoded, scratch: &mut Scratch) -> Result<()> {
        let plan = self.plan;
        let (stored, within) = stored_block(&plan.storage, plan.work, block.at());
        if plan.offsets.offset(stored, 0).is_none() {
            out.set_placed();
            return Ok(());
        }
        if let Some(planes) = self.borrowed(block) {
            for plane in &planes {
                self.look(plane);
            }
            let taken = taken_bytes(plan, within);
            let mut cut = planes.into_iter().map(|plane| &plane[..taken.min(plane.len())]);
            return self.put(block.at(), &mut cut, out);
        }
        let mut raw = std::mem::take(&mut scratch.raw);
        if !block.gather(self.interleave(), &self.padding, &mut raw)? {
            let samples =
                plan.work.block_columns() as usize * plan.work.block_rows() as usize * plan.storage.bands as usize;
            raw.clear();
            raw.extend(std::iter::repeat_n(plan.pad.as_slice(), samples).flatten());
        }
        // Rows below the block's last are gathered, and not written.
        let written = taken_samples(plan, within) * plan.storage.sample.bytes();
        let plane = raw.len() / plan.storage.planes() as usize;
        if !self.pads.is_empty() {
            if written < plane {
                let kept: Vec<u8> = raw.chunks_exact(plane).flat_map(|plane| &plane[..written]).copied().collect();
                self.note_pads(stored, &kept);
            } else {
                self.note_pads(stored, &raw);
            }
        }
        self.look(&raw);
        let mut packed = Vec::new();
        let is_packed = self.to_stored(within, &mut raw, &mut packed, &mut scratch.codec)?;
        let bytes = if is_packed { &packed } else { &raw };
        let result = self.put(block.at(), &mut self.runs(within, bytes), out);
        scratch.raw = raw;
        result
    }
}

impl BlockSink for InPlace {
    fn append(&mut self, _block: &Encoded) -> Result<()> {
        Ok(())
    }
}

impl<'a> Patch<'a> {
    pub(super) fn new(plan: &'a ImagePlan, starts: &'a [u64], sink: &'a mut dyn ByteSink) -> Self {
        Self { plan, starts, sink }
    }
}

impl BlockSink for Patch<'_> {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        for (piece, offset) in block.pieces().zip(offsets(self.plan, self.starts, block.at())) {
            self.sink.patch(offset, piece)?;
        }
        Ok(())
    }
}

/// Where the pieces of block `at` of the work grid go: one for each band that stands apart.
fn offsets(plan: &ImagePlan, starts: &[u64], at: BlockIndex) -> impl Iterator<Item = u64> {
    let storage = &plan.storage;
    let (stored, within) = stored_block(storage, plan.work, at);
    let start = starts[plan.offsets.part_of(stored.row)];
    let row = storage.row_bits(within) / 8;
    (0..storage.planes()).map(move |band| {
        let shift = if storage.mode == Mode::Block { u64::from(band) * storage.plane_bytes() } else { 0 };
        start + plan.offsets.offset(stored, band).unwrap_or(0) + shift + row
    })
}

/// Bytes that the file has of each plane of a piece which begins at row `within` of its block: the last piece of a block may be
/// cut.
fn taken_bytes(plan: &ImagePlan, within: u32) -> usize {
    plan.storage.row_bits(taken_rows(plan, within)).div_ceil(8) as usize
}

/// Samples that the file has of each plane of such a piece.
fn taken_samples(plan: &ImagePlan, within: u32) -> usize {
    taken_rows(plan, within) as usize * plan.storage.row_samples() as usize
}

fn taken_rows(plan: &ImagePlan, within: u32) -> u32 {
    plan.work.block_rows().min(plan.storage.grid.block_rows() - within)
}

/// Appends samples of fewer bits than bytes, as one row however long: only its end is padded.
fn pack(
    storage: &Storage,
    samples: &mut [u8],
    packed: &mut Vec<u8>,
    scratch: &mut crate::codec::Scratch,
) -> Result<()> {
    let count = u32::try_from(samples.len() / storage.sample.bytes());
    let count = count.map_err(|_| Error::unsupported("packed rows of more than 2^32 samples"))?;
    let encoder = raw::Params.encoder(&storage.sample_coding())?;
    encoder.encode(BlockShape::new(count, 1), samples, packed, scratch)
}

/// Fills the rows of the last blocks that no piece covers, which lie below the image, with the pad value.
///
/// # Errors
/// Where the sink refuses.
pub(super) fn fill_rest(
    plan: &ImagePlan,
    starts: &[u64],
    pads: &[Vec<AtomicBool>],
    sink: &mut dyn ByteSink,
) -> Result<()> {
    let storage = &plan.storage;
    let covered = u64::from(plan.work.down()) * u64::from(plan.work.block_rows());
    let last = storage.grid.down() - 1;
    let covered = covered - u64::from(last) * u64::from(storage.grid.block_rows());
    let rest = u64::from(storage.grid.block_rows()).saturating_sub(covered);
    if rest == 0 {
        return Ok(());
    }
    let present = |column: &u32| plan.offsets.offset(BlockIndex { row: last, column: *column }, 0).is_some();
    if let Some(pads) = pads.get(plan.offsets.part_of(last)) {
        for column in (0..storage.grid.across()).filter(present) {
            for band in 0..if storage.mode == Mode::Sequential { storage.bands } else { 1 } {
                pads[plan.offsets.record(BlockIndex { row: last, column }, band)].store(true, Ordering::Relaxed);
            }
        }
    }
    if plan.pad.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    // As many rows as are whole bytes, and what is left of those.
    let aligned = storage.aligned_rows();
    let unit = pad_rows(plan, aligned)?;
    let last_rows = pad_rows(plan, (rest % u64::from(aligned)) as u32)?;
    let at = |column| BlockIndex { row: plan.work.down() - 1, column };
    for column in (0..storage.grid.across()).filter(present) {
        let (_, within) = stored_block(storage, plan.work, at(column));
        for offset in offsets(plan, starts, at(column)) {
            let mut at = offset - storage.row_bits(within) / 8 + storage.row_bits(covered as u32) / 8;
            for _ in 0..rest / u64::from(aligned) {
                sink.patch(at, &unit)?;
                at += unit.len() as u64;
            }
            sink.patch(at, &last_rows)?;
        }
    }
    Ok(())
}

/// Rows of a plane that hold nothing but the pad value, as they are stored.
fn pad_rows(plan: &ImagePlan, rows: u32) -> Result<Vec<u8>> {
    let storage = &plan.storage;
    let samples = storage.row_samples() as usize * rows as usize;
    let mut line = plan.pad.repeat(samples);
    if storage.shift > 0 {
        shift_up(&mut line, storage)?;
    }
    if !storage.is_whole_bytes() {
        let mut packed = Vec::new();
        if !line.is_empty() {
            pack(storage, &mut line, &mut packed, &mut crate::codec::Scratch::default())?;
        }
        return Ok(packed);
    }
    if !ByteOrder::Big.is_native() {
        simd::swap_bytes(&mut line, storage.sample.swap_unit());
    }
    Ok(line)
}

/// True where a sample in native order has more bits than ABPP says.
fn exceeds(samples: &[u8], storage: &Storage) -> bool {
    let bits = storage.actual_bits;
    // The bits beyond: of a signed value those that differ from its sign.
    macro_rules! any {
        ($unsigned:ty, $signed:ty) => {{
            let (units, _) = samples.as_chunks::<{ size_of::<$unsigned>() }>();
            if storage.sample.is_signed_integer() {
                let beyond = |unit: &[u8; size_of::<$unsigned>()]| {
                    let value = <$signed>::from_ne_bytes(*unit);
                    (value >> (bits - 1)) ^ (value >> (<$signed>::BITS - 1))
                };
                units.iter().fold(0, |all, unit| all | beyond(unit)) != 0
            } else {
                units.iter().fold(0, |all, unit| all | <$unsigned>::from_ne_bytes(*unit)) >> bits != 0
            }
        }};
    }
    match storage.sample.bytes() {
        1 => any!(u8, i8),
        2 => any!(u16, i16),
        4 => any!(u32, i32),
        _ => any!(u64, i64),
    }
}

/// Right-justified values to left-justified ones.
///
/// # Errors
/// [`Error::Usage`] for a value that has more bits than ABPP says: they would be lost.
fn shift_up(samples: &mut [u8], storage: &Storage) -> Result<()> {
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
