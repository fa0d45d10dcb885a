//! The codestream of one tile: the main header for an image that is this tile alone, at its place on the reference grid, the
//! tile-parts, and EOC. A decoder then needs neither the other tiles nor memory for them.

use super::geometry::Rect;
use super::header::MainHeader;
use super::markers::{self, Place, SOT_BYTES, Siz, Sot, write_segment};
use super::stored_tile::{StoredPart, StoredTile};
use super::wire::Wire;
use crate::error::{Error, Result};

/// The codestream of a tile.
pub(crate) struct TileStream<'a> {
    /// Main header, headers of tile-parts, and EOC.
    made: Vec<u8>,
    /// The parts in order: a range of `made`, then bytes of the file.
    parts: Vec<(std::ops::Range<usize>, &'a [u8])>,
}

impl<'a> TileStream<'a> {
    /// Makes the codestream of a tile.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for packet headers or tile-parts that are too long.
    pub(crate) fn new(tile: &StoredTile<'a>) -> Result<Self> {
        let mut made = Vec::new();
        main_header(tile.header, tile.rect).write(&mut made);
        let mut out = Vec::with_capacity(tile.parts.len() + 1);
        let (mut start, mut index) = (0, 0);
        // `start_of` has checked that parts are numbered from 0 in one byte.
        let count = tile.parts.len().min(255) as u8;
        for part in &tile.parts {
            let number = (out.len() as u8, count);
            write_part(part, &mut index, number, &mut made)?;
            out.push((start..made.len(), &part.bytes[part.packets - 2..]));
            start = made.len();
        }
        markers::EOC.write(&mut made);
        out.push((start..made.len(), &[]));
        Ok(Self { made, parts: out })
    }

    /// The bytes of the codestream, in parts.
    pub(crate) fn bytes(&self) -> Vec<&[u8]> {
        self.parts.iter().flat_map(|(made, body)| [&self.made[made.clone()], *body]).collect()
    }
}

/// Writes the header of a tile-part up to SOD, for tile 0, with packet headers that the main header has for this part. Some
/// writers state a number of parts that is too small by one, and decoders would stop there: `number` is the part's, and that of
/// all parts.
fn write_part(part: &StoredPart<'_>, index: &mut usize, number: (u8, u8), out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let sot = Sot { tile: 0, length: 0, part: number.0, parts: number.1 };
    write_segment(markers::SOT, |out| sot.write(out), out);
    out.extend_from_slice(&part.bytes[SOT_BYTES..part.packets - 2]);
    // A.7.5: a segment has at most 65 532 bytes of headers, and its number is one byte.
    for chunk in part.of_main.unwrap_or_default().chunks(65_532) {
        let number =
            u8::try_from(*index).map_err(|_| Error::unsupported("tile with more than 16 MB of packet headers"))?;
        write_segment(markers::PPT, |out| [&[number][..], chunk].concat().write(out), out);
        *index += 1;
    }
    let length = (out.len() - start + part.bytes.len() - (part.packets - 2)) as u64;
    let length = u32::try_from(length).map_err(|_| Error::unsupported("tile-part of more than 4 GB"))?;
    out[start + 6..start + 10].copy_from_slice(&length.to_be_bytes());
    Ok(())
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

#[cfg(test)]
mod tests;
