//! Ranges of a source that were read into memory.

use std::ops::Range;

use super::source::{ByteSource, LOCAL_GAP};
use crate::error::{Error, Result};

/// Bytes of a request at which no further block is added to it.
pub(crate) const ENOUGH_AT_ONCE: u64 = 16 << 20;

/// Ranges of a source in memory. As a source it has the size of the whole, and its bytes can be read where a range has them.
pub(crate) struct Fetched {
    size: u64,
    /// In order of their start, each with its position in `bytes`.
    ranges: Vec<(Range<u64>, usize)>,
    bytes: Vec<u8>,
}

/// True if the calling thread fetches the bytes that workers decode: because only it may read the source, or because separate
/// reads cost so much that the ranges of several blocks are read at once.
pub(crate) fn is_fetched(source: &dyn ByteSource) -> bool {
    !source.is_parallel() || source.gap() > LOCAL_GAP
}

/// Reads several sets of ranges in one request.
///
/// # Errors
/// The errors of the source.
pub(crate) fn fetch(source: &dyn ByteSource, wanted: Vec<Vec<Range<u64>>>) -> Result<Vec<Fetched>> {
    let mut sets: Vec<Fetched> = wanted.into_iter().map(|ranges| Fetched::new(source.size(), ranges)).collect();
    // For each range, its set and its position in the set's bytes.
    let owners: Vec<(usize, usize)> = (sets.iter().enumerate())
        .flat_map(|(set, fetched)| fetched.ranges.iter().map(move |(_, place)| (set, *place)))
        .collect();
    let ranges: Vec<_> =
        sets.iter().flat_map(|fetched| fetched.ranges.iter().map(|(range, _)| range.clone())).collect();
    source.read_ranges(&ranges, &mut |n, bytes| {
        let (set, place) = owners[n];
        sets[set].bytes[place..place + bytes.len()].copy_from_slice(bytes);
        Ok(())
    })?;
    Ok(sets)
}

impl Fetched {
    /// Reserves memory for ranges.
    fn new(size: u64, mut wanted: Vec<Range<u64>>) -> Self {
        wanted.sort_by_key(|range| range.start);
        let mut length = 0;
        let mut ranges = Vec::with_capacity(wanted.len());
        for range in wanted {
            let place = length;
            length += (range.end - range.start) as usize;
            ranges.push((range, place));
        }
        Self { size, ranges, bytes: vec![0; length] }
    }
}

impl ByteSource for Fetched {
    fn size(&self) -> u64 {
        self.size
    }

    /// Reads bytes from one of the ranges.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let end = offset.saturating_add(out.len() as u64);
        let before = self.ranges.partition_point(|(range, _)| range.start <= offset);
        let holds = self.ranges[..before].iter().rfind(|(range, _)| end <= range.end);
        let Some((range, place)) = holds else {
            return Err(Error::Panic(format!("{} bytes at byte {offset} were not fetched", out.len())));
        };
        let start = place + (offset - range.start) as usize;
        out.copy_from_slice(&self.bytes[start..start + out.len()]);
        Ok(())
    }

    /// Zero, because bytes between ranges are not in memory.
    fn gap(&self) -> u64 {
        0
    }
}
