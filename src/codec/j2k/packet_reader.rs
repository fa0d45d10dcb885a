//! Reading of packets (T.800 B.9, B.10): the passes and bytes that each adds to the code-blocks of a precinct.

use std::ops::Range;

use super::block_style::BlockStyle;
use super::geometry::BlockArray;
use super::header_bits::HeaderReader;
use super::packet::FIRST_LENGTH_BITS;
use super::tag_tree::TagTree;
use crate::error::{Error, Result};

/// The code-blocks of a precinct as far as packets were read.
#[derive(Debug)]
pub(crate) struct ReadPrecinct {
    /// By band of the resolution.
    pub bands: Vec<ReadBand>,
}

/// The code-blocks of a band in a precinct.
#[derive(Debug)]
pub(crate) struct ReadBand {
    /// Their places.
    pub array: BlockArray,
    /// The blocks, in raster order.
    pub blocks: Vec<ReadBlock>,
    /// Magnitude bits of the band (`M_b`).
    planes: u32,
    inclusion: TagTree,
    zero_planes: TagTree,
}

/// A code-block.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadBlock {
    /// Planes with bits; meaningless without passes.
    pub planes: u32,
    /// Number of passes, as headers state it.
    pub passes: u32,
    /// What packets added to its codeword segments.
    pub parts: Vec<SegmentPart>,
    length_bits: u32,
    /// True if a segment has bytes.
    has_bytes: bool,
}

/// Bytes of a codeword segment that a packet adds.
#[derive(Debug, Clone)]
pub(crate) struct SegmentPart {
    /// True for the first part of a segment.
    pub is_first: bool,
    /// Passes of the segment that the packet adds.
    pub passes: u32,
    /// The bytes, as a range of the tile's data.
    pub bytes: Range<usize>,
}

/// What a packet adds to a block, before the place of its bytes is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addition {
    band: usize,
    block: usize,
    is_first: bool,
    passes: u32,
    bytes: u32,
}

impl ReadPrecinct {
    /// A precinct before its first packet: the code-blocks of each band, and the band's magnitude bits.
    pub(crate) fn new(bands: impl Iterator<Item = (BlockArray, u32)>) -> Self {
        let band = |(array, planes): (BlockArray, u32)| {
            let (columns, rows) = (array.size.0 as usize, array.size.1 as usize);
            ReadBand {
                array,
                blocks: vec![ReadBlock { length_bits: FIRST_LENGTH_BITS, ..ReadBlock::default() }; array.count()],
                planes,
                inclusion: TagTree::new(columns, rows),
                zero_planes: TagTree::new(columns, rows),
            }
        };
        Self { bands: bands.map(band).collect() }
    }

    /// Reads the header of the packet of `layer`: lists what it adds, and returns the bytes of the header.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a header that is incomplete or impossible.
    pub(crate) fn read_header(
        &mut self,
        layer: u32,
        style: BlockStyle,
        header: &[u8],
        additions: &mut Vec<Addition>,
    ) -> Result<usize> {
        additions.clear();
        let mut bits = HeaderReader::new(header);
        if bits.bit()? == 1 {
            for (number, band) in self.bands.iter_mut().enumerate() {
                band.read(number, layer, style, &mut bits, additions)?;
            }
        }
        bits.finish()
    }

    /// Gives the blocks what a header has listed. The bytes begin at `at`; returns where they end.
    ///
    /// # Errors
    /// [`Error::Malformed`] if they end after `end`.
    pub(crate) fn take_body(&mut self, additions: &[Addition], at: usize, end: usize) -> Result<usize> {
        let mut at = at;
        for Addition { band, block, is_first, passes, bytes } in additions {
            let next = at.checked_add(*bytes as usize).filter(|next| *next <= end);
            let next = next.ok_or_else(|| {
                let error = Error::malformed("packet: bytes of a code-block:").found(end - at);
                error.allowed(format!("{bytes}, as its header states"))
            })?;
            let part = SegmentPart { is_first: *is_first, passes: *passes, bytes: at..next };
            if *passes > 0 {
                self.bands[*band].blocks[*block].parts.push(part);
            }
            at = next;
        }
        Ok(at)
    }
}

impl ReadBand {
    fn read(
        &mut self,
        band: usize,
        layer: u32,
        style: BlockStyle,
        bits: &mut HeaderReader<'_>,
        additions: &mut Vec<Addition>,
    ) -> Result<()> {
        for (number, block) in self.blocks.iter_mut().enumerate() {
            if block.passes == 0 {
                if !self.inclusion.is_less(number, layer + 1, bits)? {
                    continue;
                }
                block.planes = self.planes - zero_planes(&mut self.zero_planes, number, self.planes, bits)?;
            } else if bits.bit()? == 0 {
                continue;
            }
            let (mut start, passes) = (block.passes, take_passes(bits)?);
            block.passes += passes;
            while bits.bit()? == 1 {
                block.length_bits += 1;
            }
            while start < block.passes {
                let (end, bytes) = block.take_length(style, start, bits)?;
                let is_first = start == 0 || style.ends_segment(start - 1);
                // Some writers state passes below the last plane. They carry nothing, as in other decoders.
                let passes = (end - start).min(block.most_passes().saturating_sub(start));
                additions.push(Addition { band, block: number, is_first, passes, bytes });
                start = end;
            }
        }
        Ok(())
    }
}

impl ReadBlock {
    /// Takes the length of the segment that begins with pass `start`; returns the pass after its last new one, and the length.
    fn take_length(&mut self, style: BlockStyle, start: u32, bits: &mut HeaderReader<'_>) -> Result<(u32, u32)> {
        let end = (start..self.passes).find(|pass| style.ends_segment(*pass)).map_or(self.passes, |pass| pass + 1);
        if self.has_bytes || !matches!(style, BlockStyle::HighThroughput { .. }) {
            return Ok((end, bits.take(self.bits_of_length(end - start)?)?));
        }
        // Until a block of Part 15 has bytes, passes may stand for planes that its first cleanup pass codes as well. So the length
        // is that up to the last cleanup pass. If this is zero, it is that of all new passes, which may need more bits.
        let last_cleanup = (self.passes - 1) / 3 * 3;
        let end = if last_cleanup >= start { last_cleanup + 1 } else { self.passes };
        let count = self.bits_of_length(end - start)?;
        let bytes = bits.take(count)?;
        self.has_bytes = bytes > 0;
        if self.has_bytes {
            return Ok((end, bytes));
        }
        let more = self.bits_of_length(self.passes - start)? - count;
        Ok((self.passes, bits.take(more)?))
    }

    /// Bits of the length of a segment with so many new passes (B.10.7).
    fn bits_of_length(&self, passes: u32) -> Result<u32> {
        let count = self.length_bits + passes.ilog2();
        if count <= u32::BITS {
            return Ok(count);
        }
        let error = Error::malformed("code-block: bits of a length").found(count);
        Err(error.allowed(format!("at most {}", u32::BITS)))
    }

    /// The passes that its planes have.
    fn most_passes(&self) -> u32 {
        (3 * self.planes).saturating_sub(2)
    }
}

/// The planes without bits of a block that is included for the first time.
fn zero_planes(tree: &mut TagTree, leaf: usize, planes: u32, bits: &mut HeaderReader<'_>) -> Result<u32> {
    for count in 0..=planes {
        if tree.is_less(leaf, count + 1, bits)? {
            return Ok(count);
        }
    }
    Err(Error::malformed("code-block: planes without bits").allowed(format!("at most {planes}")))
}

/// The number of new passes (Table B.4).
fn take_passes(bits: &mut HeaderReader<'_>) -> Result<u32> {
    // The first number and the bits of each row; a row of ones leads to the next.
    for (first, count) in [(1, 1), (2, 1), (3, 2), (6, 5)] {
        let more = bits.take(count)?;
        if more + 1 < 1 << count {
            return Ok(first + more);
        }
    }
    Ok(37 + bits.take(7)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::j2k::geometry::Rect;
    use crate::codec::j2k::header_bits::HeaderBits;

    const HIGH: BlockStyle = BlockStyle::HighThroughput { causal: false };

    /// Reads the header of a packet of a precinct with one block, and gives it its bytes from `at` on; returns where they end.
    fn read(precinct: &mut ReadPrecinct, layer: u32, at: usize, groups: &[(u32, u32)]) -> usize {
        let (mut header, mut additions) = (Vec::new(), Vec::new());
        let mut bits = HeaderBits::new(&mut header);
        for (value, count) in groups {
            bits.put(*value, *count);
        }
        bits.finish();
        assert_eq!(precinct.read_header(layer, HIGH, &header, &mut additions).unwrap(), header.len());
        precinct.take_body(&additions, at, 1000).unwrap()
    }

    fn parts(precinct: &ReadPrecinct) -> Vec<(bool, u32, Range<usize>)> {
        let parts = precinct.bands[0].blocks[0].parts.iter();
        parts.map(|part| (part.is_first, part.passes, part.bytes.clone())).collect()
    }

    fn precinct() -> ReadPrecinct {
        let bounds = Rect { x0: 0, y0: 0, x1: 8, y1: 8 };
        ReadPrecinct::new(std::iter::once((BlockArray::of_one(bounds), 10)))
    }

    #[test]
    fn sets_of_passes_have_two_lengths() {
        let mut precinct = precinct();
        // Not empty, included, four planes without bits, three passes, Lblock 6, 33 and 70 bytes.
        let end = read(&mut precinct, 0, 0, &[(1, 1), (1, 1), (1, 5), (0b1100, 4), (0b1110, 4), (33, 6), (70, 7)]);
        assert_eq!((end, precinct.bands[0].blocks[0].planes), (103, 6));
        // The next set, and its last pass in another packet.
        let end = read(&mut precinct, 1, end, &[(1, 1), (1, 1), (0b10, 2), (0, 1), (9, 6), (5, 6)]);
        read(&mut precinct, 2, end, &[(1, 1), (1, 1), (0, 1), (0, 1), (4, 6)]);
        let expected =
            [(true, 1, 0..33), (true, 2, 33..103), (true, 1, 103..112), (true, 1, 112..117), (false, 1, 117..121)];
        assert_eq!(parts(&precinct), expected);
    }

    #[test]
    fn passes_before_the_first_bytes_share_a_length() {
        let mut precinct = precinct();
        // Five passes: the length up to the fourth, the last cleanup pass, is zero, so it is that of all five.
        let end = read(&mut precinct, 0, 0, &[(1, 1), (1, 1), (1, 5), (0b1110, 4), (0, 1), (0, 3 + 2)]);
        // Two more, again without bytes; the first length has no bit for the second pass.
        let end = read(&mut precinct, 1, end, &[(1, 1), (1, 1), (0b10, 2), (0, 1), (0, 3), (0, 1)]);
        assert_eq!((end, precinct.bands[0].blocks[0].passes), (0, 7));
        // Five: up to the tenth, which is a cleanup pass, and two behind it.
        read(&mut precinct, 2, end, &[(1, 1), (1, 1), (0b1110, 4), (0b10, 2), (21, 4 + 1), (6, 4 + 1)]);
        let expected = [(true, 5, 0..0), (false, 2, 0..0), (true, 3, 0..21), (true, 2, 21..27)];
        assert_eq!(parts(&precinct), expected);
    }
}
