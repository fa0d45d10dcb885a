//! The tile-parts of a tile, as they are stored: their headers, checked, and where their packets are.

use std::borrow::Cow;

use super::geometry::{Rect, TileComponent, TileGrid};
use super::header::{MainHeader, Parameters};
use super::index::{TilePart, start_of};
use super::markers::{self, Continued, SOD, SOT_BYTES, Siz, Sot};
use super::packed_headers::PackedHeaders;
use super::wire::Fields;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// A tile of a codestream.
pub(crate) struct StoredTile<'a> {
    /// The main header.
    pub header: &'a MainHeader,
    /// The parameters: those of the tile before those of the main header.
    pub parameters: Parameters,
    /// The tile on the reference grid.
    pub rect: Rect,
    /// Its tile-parts, in order.
    pub parts: Vec<StoredPart<'a>>,
    /// True if damage is an error. Else the packets before it are decoded.
    pub is_strict: bool,
}

/// A tile-part.
pub(crate) struct StoredPart<'a> {
    /// SOT.
    pub sot: Sot,
    /// The bytes of the tile-part.
    pub bytes: &'a [u8],
    /// Where its packets begin: after SOD.
    pub packets: usize,
    /// Where the tile-part begins in the codestream.
    offset: u64,
    /// The packet headers that the main header has for it (PPM).
    pub of_main: Option<&'a [u8]>,
    /// The packet headers in its own header (PPT).
    packed: Vec<Continued>,
}

/// The most packets of a tile that are not compared with its bytes.
const FEW_PACKETS: u64 = 1 << 16;

/// Bytes that a decoder keeps for a code-block, about.
const BLOCK_BYTES: u64 = 128;

impl<'a> StoredTile<'a> {
    /// Checks the tile-parts of a tile. `stored` has the bytes of each part. If `is_strict` is false, the bytes may end early:
    /// the tile then consists of the parts before the first one that has no whole header.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the place in the tile-part for headers that break the standard and tile-parts that are
    /// missing; [`Error::Limit`] for a tile whose structures would take too much memory.
    pub(crate) fn read(
        header: &'a MainHeader,
        packed: &'a PackedHeaders,
        parts: &[TilePart],
        stored: &[&'a [u8]],
        limits: &Limits,
        is_strict: bool,
    ) -> Result<Self> {
        let mut of_tile = Parameters::default();
        let mut read = Vec::with_capacity(parts.len());
        for (part, bytes) in parts.iter().zip(stored) {
            let own = StoredPart::read_as(part, read.len(), header, bytes, &mut of_tile);
            match own.map_err(|error| error.at(part.bytes.start)) {
                Ok(own) => read.push(StoredPart { of_main: packed.of(part.number)?, ..own }),
                // The parts after it need its packets.
                Err(Error::Malformed(_)) if !is_strict && !read.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        let stated = read.iter().map(|part| usize::from(part.sot.parts)).max().unwrap_or_default();
        if is_strict && stated > parts.len() {
            let end = parts.last().map_or(0, |part| part.bytes.end);
            let error = Error::malformed("tile-parts of the tile:").found(parts.len()).allowed(stated);
            return Err(error.at(end));
        }
        let parameters = of_tile.over(&header.parameters);
        parameters.check(&header.siz)?;
        let rect = tile_rect(&header.siz, parts.first().map_or(0, |part| part.tile));
        let bytes = is_strict.then(|| stored.iter().map(|part| part.len() as u64).sum());
        check_cost(&parameters, &header.siz, rect, bytes, limits)?;
        Ok(Self { header, parameters, rect, parts: read, is_strict })
    }

    /// True if the first three components are transformed together.
    pub(crate) fn has_component_transform(&self) -> bool {
        self.parameters.cod.as_ref().is_some_and(|cod| cod.component_transform == 1)
    }

    /// The bytes of all packets, without their headers if these are packed elsewhere.
    pub(crate) fn packets(&self) -> Cow<'a, [u8]> {
        match &self.parts[..] {
            [part] => Cow::Borrowed(part.body()),
            parts => Cow::Owned(parts.iter().flat_map(StoredPart::body).copied().collect()),
        }
    }

    /// The packet headers of all tile-parts, if they are packed in the main header or in those of the tile-parts.
    pub(crate) fn packed_headers(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut is_packed = false;
        for part in &self.parts {
            let mut segments: Vec<&Continued> = part.packed.iter().collect();
            segments.sort_by_key(|segment| segment.index);
            is_packed |= part.of_main.is_some() || !segments.is_empty();
            bytes.extend_from_slice(part.of_main.unwrap_or_default());
            for segment in segments {
                bytes.extend_from_slice(&segment.data);
            }
        }
        is_packed.then_some(bytes)
    }

    /// The offset in the codestream of byte `at` of the packets.
    pub(crate) fn offset(&self, at: usize) -> u64 {
        let mut before = 0;
        for part in &self.parts {
            let length = part.body().len();
            if at < before + length {
                return part.offset + (part.packets + at - before) as u64;
            }
            before += length;
        }
        self.parts.last().map_or(0, |part| part.offset + part.bytes.len() as u64)
    }
}

impl<'a> StoredPart<'a> {
    /// Reads the header of the tile-part with this number in its tile, which lies at `place`.
    fn read_as(
        place: &TilePart,
        number: usize,
        main: &MainHeader,
        bytes: &'a [u8],
        of_tile: &mut Parameters,
    ) -> Result<Self> {
        let own = Self::read(main, bytes, of_tile)?;
        if own.sot.tile != place.tile || usize::from(own.sot.part) != number {
            let found = format!("tile {}, part {}", own.sot.tile, own.sot.part);
            let allowed = format!("tile {}, part {number}", place.tile);
            return Err(Error::malformed("tile-part").found(found).allowed(allowed));
        }
        Ok(Self { offset: place.bytes.start, ..own })
    }

    /// Reads the header of a tile-part. The parameters of a first tile-part are added to `of_tile`.
    fn read(main: &MainHeader, bytes: &'a [u8], of_tile: &mut Parameters) -> Result<Self> {
        let sot = start_of(bytes)?;
        let mut at = SOT_BYTES;
        let mut packed = Vec::new();
        loop {
            let ends = || Error::malformed("header of a tile-part: it ends before SOD");
            let marker = bytes.get(at..at + 2).ok_or_else(ends)?;
            let marker = u16::from_be_bytes([marker[0], marker[1]]);
            at += 2;
            if marker == SOD {
                return Ok(Self { sot, bytes, packets: at, offset: 0, of_main: None, packed });
            }
            if markers::ALONE.contains(&marker) {
                continue;
            }
            let length = bytes.get(at..at + 2).map(|length| usize::from(u16::from_be_bytes([length[0], length[1]])));
            let length = length.filter(|length| *length >= 2).ok_or_else(ends)?;
            let payload = bytes.get(at + 2..at + length).ok_or_else(ends)?;
            match marker {
                markers::COD | markers::COC | markers::QCD | markers::QCC | markers::RGN if sot.part > 0 => {
                    let error = Error::malformed("header of a tile-part other than the first: it has the segment");
                    return Err(error.found(markers::name(marker)));
                }
                markers::PLT | markers::COM => {}
                markers::PPT => packed.push(Fields::all("PPT", payload)?),
                markers::COD | markers::COC | markers::QCD | markers::QCC | markers::RGN | markers::POC => {
                    of_tile.take(marker, payload, main.is_wide())?;
                }
                _ => {
                    let error = Error::malformed("header of a tile-part: it has the marker");
                    return Err(error.found(format!("{marker:04X}")));
                }
            }
            at += length;
        }
    }

    /// The bytes after SOD.
    pub(crate) fn body(&self) -> &'a [u8] {
        &self.bytes[self.packets..]
    }
}

/// The rectangle of a tile on the reference grid.
fn tile_rect(siz: &Siz, tile: u16) -> Rect {
    let grid = TileGrid::new(siz);
    let (across, _) = grid.count();
    grid.tile(u32::from(tile) % across, u32::from(tile) / across)
}

/// Checks that the structures of a tile, which its parameters determine, suit its size. `bytes` are those of the tile if they are
/// whole.
fn check_cost(all: &Parameters, siz: &Siz, rect: Rect, bytes: Option<u64>, limits: &Limits) -> Result<()> {
    let layers = all.cod.as_ref().map_or(0, |cod| u64::from(cod.layers));
    let (mut packets, mut blocks, mut most_levels, mut most_precincts) = (0u64, 0u64, 0, 0);
    for (number, component) in siz.components.0.iter().enumerate() {
        let Some(coding) = all.coding(number as u16) else { continue };
        let bounds = rect.divided(component.dx.into(), component.dy.into());
        let tile = TileComponent::new(bounds, coding);
        most_levels = most_levels.max(tile.resolutions.len() as u64);
        for resolution in &tile.resolutions {
            packets = packets.saturating_add(resolution.count().saturating_mul(layers));
            most_precincts = most_precincts.max(resolution.count());
            // Code-blocks are at most as large as a precinct's part of a band.
            let (width, height) = (coding.block_width + 2, coding.block_height + 2);
            let side = |log: u8, precinct: u8| log.min(precinct.max(1));
            let log = side(width, resolution.precinct.0) + side(height, resolution.precinct.1);
            blocks = blocks.saturating_add((resolution.bounds.area() >> log).saturating_add(4 * resolution.count()));
        }
    }
    // Each packet has a header of a byte at least (B.10).
    if packets > FEW_PACKETS && bytes.is_some_and(|bytes| packets > bytes) {
        return Err(Error::malformed("tile: packets for which it has too few bytes:").found(packets));
    }
    limits.check_metadata("code-blocks of a tile", blocks.saturating_mul(BLOCK_BYTES))?;
    let components = siz.components.0.len() as u64;
    let places = layers.saturating_mul(most_levels).saturating_mul(components).saturating_mul(most_precincts);
    limits.check_metadata("packets of a tile", places.saturating_mul(2))
}
