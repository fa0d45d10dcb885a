//! What a writer notes about the samples of a block, whatever their coding: pad pixels, and bits beyond ABPP.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::pixels::{Mode, Storage};
use crate::codec::Receipt;
use crate::format::Finding;

/// Inspects the samples of blocks.
pub(super) struct SampleNotes {
    storage: Storage,
    /// The value of padding, as a sample in native byte order.
    pad: Vec<u8>,
    /// True if pad pixels must be detected.
    finds_pads: bool,
    /// True if samples must be checked for bits beyond ABPP; the first excess is enough.
    is_narrow: bool,
    excess: AtomicBool,
}

/// The facts about the samples of a piece that the writer needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SampleReceipt {
    /// True if a sample has more bits than ABPP.
    pub(super) excess: bool,
    /// For each record of the block in the mask table, whether the piece holds pad pixels: one for each band in mode S, else
    /// one. Empty if pad pixels are not detected.
    pub(super) pads: Vec<bool>,
}

impl Receipt for SampleReceipt {
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

impl SampleNotes {
    /// Notes for an image with this storage, whose padding has the value `pad`.
    pub(super) fn new(storage: &Storage, pad: &[u8], finds_pads: bool) -> Self {
        let is_narrow = storage.sample.is_integer() && storage.actual_bits < storage.bits && storage.shift == 0;
        let (storage, pad, excess) = (storage.clone(), pad.to_vec(), AtomicBool::new(false));
        Self { storage, pad, finds_pads, is_narrow, excess }
    }

    /// True if pad pixels must be detected, which needs whole blocks.
    pub(super) fn finds_pads(&self) -> bool {
        self.finds_pads
    }

    /// The receipt of gathered samples in native byte order. Only the first `written` bytes of each plane count.
    pub(super) fn of_gathered(&self, raw: &[u8], written: usize) -> SampleReceipt {
        let pads = if self.finds_pads { self.pads(raw, written) } else { Vec::new() };
        SampleReceipt { excess: self.has_excess(raw), pads }
    }

    /// The receipt of planes in the caller's memory, in which no pad pixels are detected.
    pub(super) fn of_planes(&self, planes: &[&[u8]]) -> SampleReceipt {
        SampleReceipt { excess: planes.iter().any(|plane| self.has_excess(plane)), pads: Vec::new() }
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

/// The broken rule of an image with samples that ABPP does not cover.
pub(super) fn excess_finding(key: &str, storage: &Storage) -> Finding {
    Finding {
        clause: "2500C Table A-3",
        place: format!("ABPP of {key}"),
        value: format!("{:02}", storage.actual_bits),
        rule: "at least the bits of every sample".into(),
    }
}
