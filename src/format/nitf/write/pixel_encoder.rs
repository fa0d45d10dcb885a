//! Encodes pixels to the stored bytes of uncompressed blocks: byte order, interleave and packing.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::pixels::{Mode, Storage};
use super::work_grid::WorkGrid;
use crate::codec::{
    BlockPixels, BlockShape, Borrow, CodecParams, Encoded, Gathering, ImageEncoder, Pieces, Receipt, Scratch, raw,
};
use crate::error::{Error, Result};
use crate::image::{BlockIndex, Interleave, Padding};
use crate::io::ByteOrder;
use crate::simd;

/// Encodes pieces of blocks: of each plane, the rows that the file has.
pub(super) struct PixelEncoder {
    storage: Storage,
    work: WorkGrid,
    /// The value of padding and of absent blocks, as a sample in native byte order.
    pad: Vec<u8>,
    gathering: Gathering,
    /// True if pad pixels must be detected.
    notes_pads: bool,
    /// True if samples must be checked for bits beyond ABPP; the first excess is enough.
    is_narrow: bool,
    excess: AtomicBool,
}

/// The facts about a piece that the writer needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PixelReceipt {
    /// True if a sample has more bits than ABPP.
    pub(super) excess: bool,
    /// For each record of the block in the mask table, whether the piece holds pad pixels: one for each band in mode S, else
    /// one. Empty if pad pixels are not detected.
    pub(super) pads: Vec<bool>,
}

impl Receipt for PixelReceipt {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.excess.into());
        out.extend(self.pads.iter().map(|pad| u8::from(*pad)));
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let flag = |byte: &u8| [false, true].get(usize::from(*byte)).copied();
        let (excess, pads) = bytes.split_first()?;
        Some(Self { excess: flag(excess)?, pads: pads.iter().map(flag).collect::<Option<_>>()? })
    }
}

impl PixelEncoder {
    /// An encoder for the pieces of an image with this storage; `pad` is the value of padding as a sample in native byte order.
    pub(super) fn new(storage: &Storage, work: WorkGrid, pad: &[u8], notes_pads: bool) -> Self {
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
        let is_narrow = storage.sample.is_integer() && storage.actual_bits < storage.bits && storage.shift == 0;
        let (pad, excess) = (pad.to_vec(), AtomicBool::new(false));
        Self { storage: storage.clone(), work, pad, gathering, notes_pads, is_narrow, excess }
    }

    /// True if a sample that is not padding has more bits than ABPP.
    fn has_excess(&self, samples: &[u8]) -> bool {
        let (storage, pad) = (&self.storage, self.pad.as_slice());
        if !self.is_narrow || self.excess.load(Ordering::Relaxed) || !exceeds(samples, storage) {
            return false;
        }
        let is_data = |sample: &&[u8]| *sample != pad && exceeds(sample, storage);
        let found = !exceeds(pad, storage) || samples.chunks_exact(pad.len()).find(is_data).is_some();
        self.excess.fetch_or(found, Ordering::Relaxed);
        found
    }

    /// For each record of the block, whether it has pad pixels: pixels that have the pad value in all bands. Gathered rows
    /// below the end of the block do not count, only the first `written` bytes of each plane.
    fn pads(&self, raw: &[u8], written: usize) -> Vec<bool> {
        let (storage, pad) = (&self.storage, self.pad.as_slice());
        let bands = storage.bands as usize;
        let planes = raw.chunks_exact(raw.len() / storage.planes() as usize).map(|plane| &plane[..written]);
        match storage.mode {
            Mode::Sequential => planes.map(|plane| plane.chunks_exact(pad.len()).any(|sample| sample == pad)).collect(),
            Mode::Pixel => {
                let whole = pad.repeat(bands);
                vec![planes.flat_map(|plane| plane.chunks_exact(whole.len())).any(|pixel| pixel == whole)]
            }
            Mode::Block => {
                let planes: Vec<&[u8]> = planes.collect();
                let is_pad = |at: usize| planes.iter().all(|plane| &plane[at..][..pad.len()] == pad);
                vec![(0..written).step_by(pad.len()).any(is_pad)]
            }
            Mode::Row => {
                // The samples of a pixel are one line apart.
                let line = storage.grid.block_columns() as usize * pad.len();
                let is_pad =
                    |group: &[u8], at: usize| (0..bands).all(|band| &group[band * line + at..][..pad.len()] == pad);
                let mut groups = planes.flat_map(|plane| plane.chunks_exact(line * bands));
                vec![groups.any(|group| (0..line).step_by(pad.len()).any(|at| is_pad(group, at)))]
            }
        }
    }
}

impl ImageEncoder for PixelEncoder {
    fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    fn identity(&self) -> String {
        format!("NITF {:?} {:?} {:?} {}", self.storage, self.work, self.gathering, self.notes_pads)
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
        let pads = if self.notes_pads { self.pads(raw, taken) } else { Vec::new() };
        out.set_receipt(&PixelReceipt { excess: self.has_excess(raw), pads });
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
        let excess = planes.iter().any(|plane| self.has_excess(plane));
        out.set_receipt(&PixelReceipt { excess, pads: Vec::new() });
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

/// True if a sample in native order has more bits than ABPP.
fn exceeds(samples: &[u8], storage: &Storage) -> bool {
    let bits = storage.actual_bits;
    // The excess bits; in a signed value, those that differ from its sign.
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
