//! Writing the tile-parts of a tile (T.800 A.4.2): the header, the lengths of packets if they are wanted, the packets.

use crate::codec::Encoded;
use crate::codec::j2k::Wire;
use crate::codec::j2k::markers::{self, Continued, SOT_BYTES, Sot, write_segment};
use crate::error::{Error, Result};

/// The most bytes of packet lengths in a PLT segment; a length of five bytes may follow them.
const MOST_PLT: usize = 65_000;

/// A tile whose packets are known.
pub(super) struct CodedTile<'t> {
    /// Its number.
    pub(super) tile: u16,
    /// The packets.
    pub(super) packets: &'t [u8],
    /// The bytes of each packet.
    pub(super) lengths: &'t [u32],
    /// Packets of each tile-part.
    pub(super) parts: &'t [usize],
    /// True if PLT segments state the lengths.
    pub(super) has_lengths: bool,
}

/// Bytes of a tile-part before its packets, without PLT segments.
pub(super) const HEADER_BYTES: usize = SOT_BYTES + 2;

/// Bytes of a PLT segment before its lengths.
const PLT_BYTES: usize = 5;

/// Bytes of the header of a tile-part of `packets` packets, about: as if the bytes of a packet were below 2^14.
pub(super) fn header_bytes(packets: usize, has_lengths: bool) -> usize {
    HEADER_BYTES + if has_lengths { PLT_BYTES + 2 * packets } else { 0 }
}

impl CodedTile<'_> {
    /// Appends each tile-part as a piece of the block and returns their lengths.
    ///
    /// # Errors
    /// [`Error::Usage`] for a tile-part of 4 GiB or more.
    pub(super) fn write(&self, out: &mut Encoded) -> Result<Vec<u32>> {
        let (mut packets, mut lengths) = (self.packets, self.lengths);
        let mut written = Vec::with_capacity(self.parts.len());
        for (part, count) in self.parts.iter().enumerate() {
            let (own, later) = lengths.split_at(*count);
            let (bytes, rest) = packets.split_at(own.iter().map(|length| *length as usize).sum());
            (packets, lengths) = (rest, later);
            out.piece(|out| {
                written.push(self.write_part(part as u8, own, bytes, out)?);
                Ok(())
            })?;
        }
        Ok(written)
    }

    fn write_part(&self, part: u8, lengths: &[u32], packets: &[u8], out: &mut Vec<u8>) -> Result<u32> {
        let start = out.len();
        let sot = Sot { tile: self.tile, length: 0, part, parts: self.parts.len() as u8 };
        write_segment(markers::SOT, |out| sot.write(out), out);
        if self.has_lengths {
            write_plt(lengths, out);
        }
        markers::SOD.write(out);
        out.extend_from_slice(packets);
        let length = u32::try_from(out.len() - start).map_err(|_| {
            let error = Error::usage("bytes of a JPEG 2000 tile:").found(out.len() - start);
            error.allowed("less than 4 GiB; use smaller tiles")
        })?;
        // Psot follows the marker, Lsot and Isot.
        out[start + 6..start + 10].copy_from_slice(&length.to_be_bytes());
        Ok(length)
    }
}

/// The PLT segments (A.7.3): seven bits of a length in each byte, the most significant first.
fn write_plt(lengths: &[u32], out: &mut Vec<u8>) {
    let mut data = Vec::new();
    let mut index = 0;
    let mut flush = |data: &mut Vec<u8>, out: &mut Vec<u8>| {
        let plt = Continued { index, data: std::mem::take(data) };
        write_segment(markers::PLT, |out| plt.write(out), out);
        index = index.wrapping_add(1);
    };
    for length in lengths {
        let groups = (u32::BITS - length.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let more = if group > 0 { 0x80 } else { 0 };
            data.push((length >> (7 * group)) as u8 & 0x7F | more);
        }
        if data.len() > MOST_PLT {
            flush(&mut data, out);
        }
    }
    if !data.is_empty() {
        flush(&mut data, out);
    }
}
