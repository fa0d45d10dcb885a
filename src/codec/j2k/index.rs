//! Where the tile-parts of a codestream lie: by TLM (T.800 A.7.1), or by following Psot from one SOT to the next (A.4.2).

use std::ops::Range;

use super::geometry::TileGrid;
use super::header::MainHeader;
use super::markers::{EOC, SOT, SOT_BYTES, Sot, Tlm};
use super::wire::Fields;
use crate::error::{Error, Result};
use crate::io::{ByteSource, Lookahead};
use crate::limits::Limits;

/// A tile-part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TilePart {
    /// Its tile, in row-major order.
    pub tile: u16,
    /// Its number among all tile-parts of the codestream, by which PPM refers to it.
    pub number: u32,
    /// Its bytes, from the marker SOT on. They may end past the source.
    pub bytes: Range<u64>,
}

/// The tile-parts of a codestream.
#[derive(Debug)]
pub(crate) struct Index {
    /// Ordered by tile; those of a tile in the order of the codestream.
    parts: Vec<TilePart>,
    /// Where the last tile-part ends.
    end: u64,
    /// The tile of the last tile-part, if neither a tile-part nor EOC follows that: its length is wrong.
    doubtful: Option<u16>,
}

/// Bytes that an entry of the index takes.
const ENTRY: u64 = size_of::<TilePart>() as u64;

/// The length of the shortest tile-part: SOT and SOD.
const SHORTEST: u64 = SOT_BYTES as u64 + 2;

impl Index {
    /// Finds the tile-parts of a codestream whose first SOT is at `first`. The codestream ends with the source.
    ///
    /// # Errors
    /// Errors of the source; [`Error::Limit`] for too many tile-parts.
    pub(crate) fn read(source: &dyn ByteSource, header: &MainHeader, first: u64, limits: &Limits) -> Result<Self> {
        let (across, down) = TileGrid::new(&header.siz).count();
        let tiles = across * down;
        let stated = if header.tlm.is_empty() { None } else { by_lengths(&header.tlm, tiles, first, source.size()) };
        let (mut parts, is_complete) = match stated {
            Some(parts) if is_there(source, &parts)? => (parts, true),
            _ => by_chain(source, first, limits)?,
        };
        let end = parts.last().map_or(first, |part| part.bytes.end);
        let doubtful = parts.last().filter(|_| !is_complete).map(|part| part.tile);
        // A stable sort keeps the order of the codestream within a tile.
        parts.sort_by_key(|part| part.tile);
        Ok(Self { parts, end, doubtful })
    }

    /// The tile-parts of a tile, in the order of the codestream.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there is none, or if a part does not end where the next one or the codestream does.
    pub(crate) fn tile(&self, tile: u16) -> Result<&[TilePart]> {
        if self.doubtful == Some(tile) {
            return Err(Error::malformed("codestream: after the tile, neither a tile-part nor EOC").at(self.end));
        }
        self.parts_of(tile)
    }

    /// True if each of so many tiles has parts, and EOC follows the last one.
    ///
    /// # Errors
    /// Errors of the source.
    pub(crate) fn is_complete(&self, tiles: u32, source: &dyn ByteSource) -> Result<bool> {
        let found = self.parts.chunk_by(|part, next| part.tile == next.tile).count();
        let has_end = self.end.checked_add(2).is_some_and(|end| end <= source.size());
        Ok(found == tiles as usize && has_end && source.read_range(self.end, 2)? == EOC.to_be_bytes())
    }

    /// As [`Index::tile`], but parts may end anywhere.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there is none.
    pub(crate) fn parts_of(&self, tile: u16) -> Result<&[TilePart]> {
        let first = self.parts.partition_point(|part| part.tile < tile);
        let count = self.parts[first..].partition_point(|part| part.tile == tile);
        if count == 0 {
            return Err(Error::malformed("codestream: it ends before the tile").at(self.end));
        }
        Ok(&self.parts[first..first + count])
    }
}

/// The tile-parts by their lengths in the main header; `None` if they contradict each other or the codestream.
fn by_lengths(segments: &[Tlm], tiles: u32, first: u64, size: u64) -> Option<Vec<TilePart>> {
    let mut segments: Vec<&Tlm> = segments.iter().collect();
    segments.sort_by_key(|segment| segment.index);
    let (mut parts, mut at) = (Vec::new(), first);
    for segment in segments {
        let tile_bytes = usize::from(segment.sizes >> 4 & 3);
        let length_bytes = if segment.sizes & 0x40 == 0 { 2 } else { 4 };
        let entry = tile_bytes + length_bytes;
        if tile_bytes == 3 || segment.parts.len() % entry != 0 {
            return None;
        }
        let value = |bytes: &[u8]| bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        for entry in segment.parts.chunks_exact(entry) {
            let (tile, length) = entry.split_at(tile_bytes);
            let number = parts.len() as u32;
            let tile = if tile.is_empty() { u64::from(number) } else { value(tile) };
            let end = at + value(length);
            if tile >= tiles.into() || value(length) < SHORTEST || end > size {
                return None;
            }
            parts.push(TilePart { tile: tile as u16, number, bytes: at..end });
            at = end;
        }
    }
    Some(parts)
}

/// True if the first and the last of the tile-parts are where the lengths put them. The reader of a tile checks its own parts.
fn is_there(source: &dyn ByteSource, parts: &[TilePart]) -> Result<bool> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(false) };
    let ranges = [first, last].map(|part| part.bytes.start..part.bytes.start + SOT_BYTES as u64);
    let mut right = true;
    source.read_ranges(&ranges, &mut |n, bytes| {
        right &= start_of(bytes).is_ok_and(|sot| sot.tile == if n == 0 { first.tile } else { last.tile });
        Ok(())
    })?;
    Ok(right)
}

/// The tile-parts by following each SOT to the next; and whether they end at EOC or with the source, not at other bytes.
fn by_chain(source: &dyn ByteSource, first: u64, limits: &Limits) -> Result<(Vec<TilePart>, bool)> {
    // Headers that lie near each other are read at once, in requests that cost as much as another call.
    let mut ahead = Lookahead::new(source, 0, source.gap())?;
    let (mut parts, mut at) = (Vec::new(), first);
    while let Ok(sot) = start_of(ahead.up_to(at, SOT_BYTES as u64)?) {
        limits.check_metadata("index of tile-parts", (parts.len() as u64 + 1) * ENTRY)?;
        let end = match u64::from(sot.length) {
            // A.4.2: the last tile-part extends to EOC.
            0 => without_end(source)?,
            length => at + length.max(SHORTEST),
        };
        parts.push(TilePart { tile: sot.tile, number: parts.len() as u32, bytes: at..end });
        at = end;
    }
    let rest = ahead.up_to(at, SOT_BYTES as u64)?;
    // The source may end inside of the next SOT.
    let is_cut = rest.len() < SOT_BYTES && rest.iter().zip(SOT.to_be_bytes()).all(|(found, of_sot)| *found == of_sot);
    let is_complete = is_cut || rest.starts_with(&EOC.to_be_bytes());
    Ok((parts, is_complete))
}

/// Where a codestream ends that fills the source, without its EOC.
fn without_end(source: &dyn ByteSource) -> Result<u64> {
    let size = source.size();
    let is_there = size >= 2 && source.read_range(size - 2, 2)? == EOC.to_be_bytes();
    Ok(if is_there { size - 2 } else { size })
}

/// The SOT segment at the beginning of `bytes`.
///
/// # Errors
/// [`Error::Malformed`] if there is none.
pub(super) fn start_of(bytes: &[u8]) -> Result<Sot> {
    match bytes.get(..SOT_BYTES) {
        Some([a, b, 0, 10, fields @ ..]) if [*a, *b] == SOT.to_be_bytes() => Fields::all("SOT", fields),
        _ => Err(Error::malformed("codestream: no tile-part begins here")),
    }
}

#[cfg(test)]
mod tests;
