//! The codestream of one tile: the main header for an image that is this tile alone, at its place on the reference grid, the
//! tile-parts, and EOC. A decoder then needs neither the other tiles nor memory for them.

use super::geometry::{Rect, TileComponent, TileGrid};
use super::header::{MainHeader, Parameters};
use super::index::{TilePart, start_of};
use super::markers::{self, Place, SOD, SOT_BYTES, Siz, Sot, write_segment};
use super::packed_headers::PackedHeaders;
use super::wire::Wire;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// The codestream of a tile.
pub(crate) struct TileStream<'a> {
    /// Main header, headers of tile-parts, and EOC.
    made: Vec<u8>,
    /// The parts in order: a range of `made`, then bytes of the file.
    parts: Vec<(std::ops::Range<usize>, &'a [u8])>,
    /// True if the first three components are transformed together.
    pub has_component_transform: bool,
}

/// The header of a tile-part.
struct PartHeader {
    sot: Sot,
    /// Bytes up to and including SOD.
    length: usize,
}

/// The most packets of a tile that are not compared with its bytes.
const FEW_PACKETS: u64 = 1 << 16;

/// Bytes that a decoder keeps for a code-block, about.
const BLOCK_BYTES: u64 = 128;

impl<'a> TileStream<'a> {
    /// Checks the tile-parts of a tile and makes its codestream. `stored` has the bytes of each part.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the place in the tile-part for headers that break the standard and tile-parts that are
    /// missing; [`Error::Limit`] for a tile whose structures would take too much memory.
    pub(crate) fn new(
        header: &MainHeader,
        packed: &PackedHeaders,
        parts: &[TilePart],
        stored: &[&'a [u8]],
        limits: &Limits,
    ) -> Result<Self> {
        let mut made = Vec::new();
        let mut of_tile = Parameters::default();
        let mut bodies = Vec::with_capacity(parts.len());
        for (number, (part, bytes)) in parts.iter().zip(stored).enumerate() {
            let at = |error: Error| error.at(part.bytes.start);
            let head = PartHeader::read(header, bytes, &mut of_tile).map_err(at)?;
            if head.sot.tile != part.tile || usize::from(head.sot.part) != number {
                let found = format!("tile {}, part {}", head.sot.tile, head.sot.part);
                let allowed = format!("tile {}, part {number}", part.tile);
                return Err(at(Error::malformed("tile-part").found(found).allowed(allowed)));
            }
            bodies.push((head, *bytes));
        }
        let stated = bodies.iter().map(|(head, _)| usize::from(head.sot.parts)).max().unwrap_or_default();
        if stated > parts.len() {
            let end = parts.last().map_or(0, |part| part.bytes.end);
            let error = Error::malformed("tile-parts of the tile:").found(parts.len()).allowed(stated);
            return Err(error.at(end));
        }
        let all = of_tile.over(&header.parameters);
        all.check(&header.siz)?;
        let rect = tile_rect(&header.siz, parts.first().map_or(0, |part| part.tile));
        check_cost(&all, &header.siz, rect, stored.iter().map(|part| part.len() as u64).sum(), limits)?;
        main_header(header, rect).write(&mut made);
        let mut out = Vec::with_capacity(bodies.len() + 1);
        let (mut start, mut index) = (0, 0);
        // `start_of` has checked that parts are numbered from 0 in one byte.
        let count = bodies.len().min(255) as u8;
        for (part, (head, bytes)) in parts.iter().zip(bodies) {
            let ppt = packed.of(part.number)?;
            let number = (out.len() as u8, count);
            head.write(ppt, &mut index, number, bytes, &mut made)?;
            out.push((start..made.len(), &bytes[head.length - 2..]));
            start = made.len();
        }
        markers::EOC.write(&mut made);
        out.push((start..made.len(), &[]));
        let has_component_transform = all.cod.as_ref().is_some_and(|cod| cod.component_transform == 1);
        Ok(Self { made, parts: out, has_component_transform })
    }

    /// The bytes of the codestream, in parts.
    pub(crate) fn bytes(&self) -> Vec<&[u8]> {
        self.parts.iter().flat_map(|(made, body)| [&self.made[made.clone()], *body]).collect()
    }
}

impl PartHeader {
    /// Reads the header of a tile-part. The parameters of a first tile-part are added to `of_tile`.
    fn read(main: &MainHeader, bytes: &[u8], of_tile: &mut Parameters) -> Result<Self> {
        let sot = start_of(bytes)?;
        let mut at = SOT_BYTES;
        loop {
            let ends = || Error::malformed("header of a tile-part: it ends before SOD");
            let marker = bytes.get(at..at + 2).ok_or_else(ends)?;
            let marker = u16::from_be_bytes([marker[0], marker[1]]);
            at += 2;
            if marker == SOD {
                return Ok(Self { sot, length: at });
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
                markers::PLT | markers::PPT | markers::COM => {}
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

    /// Writes the header up to SOD, for tile 0, with packet headers that the main header has for this part. Some writers state
    /// a number of parts that is too small by one, and decoders would stop there: `number` is the part's, and that of all parts.
    fn write(
        &self,
        packed: Option<&[u8]>,
        index: &mut usize,
        number: (u8, u8),
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let start = out.len();
        let sot = Sot { tile: 0, length: 0, part: number.0, parts: number.1 };
        write_segment(markers::SOT, |out| sot.write(out), out);
        out.extend_from_slice(&bytes[SOT_BYTES..self.length - 2]);
        // A.7.5: a segment has at most 65 532 bytes of headers, and its number is one byte.
        for chunk in packed.unwrap_or_default().chunks(65_532) {
            let number =
                u8::try_from(*index).map_err(|_| Error::unsupported("tile with more than 16 MB of packet headers"))?;
            write_segment(markers::PPT, |out| [&[number][..], chunk].concat().write(out), out);
            *index += 1;
        }
        let length = (out.len() - start + bytes.len() - (self.length - 2)) as u64;
        let length = u32::try_from(length).map_err(|_| Error::unsupported("tile-part of more than 4 GB"))?;
        out[start + 6..start + 10].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

/// The rectangle of a tile on the reference grid.
fn tile_rect(siz: &Siz, tile: u16) -> Rect {
    let grid = TileGrid::new(siz);
    let (across, _) = grid.count();
    grid.tile(u32::from(tile) % across, u32::from(tile) / across)
}

/// The main header of an image that is one tile.
fn main_header(header: &MainHeader, rect: Rect) -> MainHeader {
    let place = |x, y| Place { x, y };
    let siz = Siz {
        end: place(rect.x1, rect.y1),
        origin: place(rect.x0, rect.y0),
        tile: place(rect.width(), rect.height()),
        tile_origin: place(rect.x0, rect.y0),
        ..header.siz.clone()
    };
    let (tlm, ppm, comments) = (Vec::new(), Vec::new(), Vec::new());
    MainHeader { siz, cap: header.cap.clone(), parameters: header.parameters.clone(), tlm, ppm, comments }
}

/// Checks that the structures of a tile, which its parameters determine, suit its size.
fn check_cost(all: &Parameters, siz: &Siz, rect: Rect, bytes: u64, limits: &Limits) -> Result<()> {
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
    if packets > FEW_PACKETS && packets > bytes {
        return Err(Error::malformed("tile: packets for which it has too few bytes:").found(packets));
    }
    limits.check_metadata("code-blocks of a tile", blocks.saturating_mul(BLOCK_BYTES))?;
    let components = siz.components.0.len() as u64;
    let places = layers.saturating_mul(most_levels).saturating_mul(components).saturating_mul(most_precincts);
    limits.check_metadata("packets of a tile", places.saturating_mul(2))
}

#[cfg(test)]
mod tests;
