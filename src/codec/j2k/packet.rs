//! Packets (T.800 B.9, B.10): the header that lists what a precinct adds in a layer, and the bytes of its code-blocks.

use super::header_bits::HeaderBits;
use super::part1::CodedBlock;
use super::tag_tree::TagTree;

/// A coded code-block of a tile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    /// Bit planes of the band that are zero in this block.
    pub zero_planes: u32,
    /// Its passes.
    pub coded: CodedBlock,
}

/// What the packets of a precinct have sent so far.
#[derive(Debug, Clone)]
pub(crate) struct PrecinctState {
    bands: Vec<BandState>,
}

#[derive(Debug, Clone)]
struct BandState {
    inclusion: TagTree,
    zero_planes: TagTree,
    blocks: Vec<Sent>,
}

/// What was sent of a code-block.
#[derive(Debug, Clone, Copy)]
struct Sent {
    passes: usize,
    /// Lblock: bits of the next length, apart from those for its number of passes.
    length_bits: u32,
}

/// A code-block that has passes in a packet.
struct Contribution {
    /// The new passes, and the segments they form: number of passes and bytes.
    segments: Vec<(usize, usize)>,
    passes: usize,
}

/// Lblock of a block that was not included yet.
pub(super) const FIRST_LENGTH_BITS: u32 = 3;

impl PrecinctState {
    /// The state before the first packet: `arrays` are the code-blocks across and down of each band, `blocks` all of them.
    pub(crate) fn new(arrays: &[(u32, u32)], blocks: &[Block]) -> Self {
        let mut rest = blocks;
        let bands = arrays.iter().map(|(columns, rows)| {
            let count = (columns * rows) as usize;
            let (own, others) = rest.split_at(count);
            rest = others;
            let mut zero_planes = TagTree::new(*columns as usize, *rows as usize);
            own.iter().enumerate().for_each(|(leaf, block)| zero_planes.lower(leaf, block.zero_planes));
            BandState {
                inclusion: TagTree::new(*columns as usize, *rows as usize),
                zero_planes,
                blocks: vec![Sent { passes: 0, length_bits: FIRST_LENGTH_BITS }; count],
            }
        });
        Self { bands: bands.collect() }
    }

    /// Appends the header of the packet of `layer`, after which the receiver has `until` passes of each block.
    pub(crate) fn write_header(&mut self, layer: u32, blocks: &[Block], until: &[usize], out: &mut Vec<u8>) {
        let mut bits = HeaderBits::new(out);
        let sent = self.bands.iter().flat_map(|band| &band.blocks);
        if sent.zip(until).all(|(sent, until)| sent.passes == *until) {
            bits.put(0, 1);
            return bits.finish();
        }
        bits.put(1, 1);
        let mut first = 0;
        for band in &mut self.bands {
            let range = first..first + band.blocks.len();
            first = range.end;
            band.write(layer, &blocks[range.clone()], &until[range], &mut bits);
        }
        bits.finish();
    }

    /// The number of bytes of [`PrecinctState::parts`].
    pub(crate) fn body_bytes(&self, blocks: &[Block], until: &[usize]) -> usize {
        self.parts(blocks, until).map(<[u8]>::len).sum()
    }

    /// The bytes of each block for the packet whose header comes next.
    pub(crate) fn parts<'b>(&self, blocks: &'b [Block], until: &[usize]) -> impl Iterator<Item = &'b [u8]> {
        let sent = self.bands.iter().flat_map(|band| &band.blocks);
        sent.zip(until)
            .zip(blocks)
            .map(|((sent, until), block)| &block.coded.bytes[block.bytes_after(sent.passes)..block.bytes_after(*until)])
    }
}

impl BandState {
    fn write(&mut self, layer: u32, blocks: &[Block], until: &[usize], bits: &mut HeaderBits<'_>) {
        for (leaf, (sent, until)) in self.blocks.iter().zip(until).enumerate() {
            if sent.passes == 0 && *until > 0 {
                self.inclusion.lower(leaf, layer);
            }
        }
        for (leaf, ((sent, until), block)) in self.blocks.iter_mut().zip(until).zip(blocks).enumerate() {
            let is_included = *until > sent.passes;
            if sent.passes == 0 {
                self.inclusion.send(leaf, layer + 1, bits);
                if is_included {
                    self.zero_planes.send(leaf, block.zero_planes + 1, bits);
                }
            } else {
                bits.put(is_included.into(), 1);
            }
            if is_included {
                let new = block.contribution(sent.passes, *until);
                put_passes(new.passes as u32, bits);
                put_lengths(&new, &mut sent.length_bits, bits);
                sent.passes = *until;
            }
        }
    }
}

impl Block {
    /// Bytes of the first `passes` passes.
    pub(crate) fn bytes_after(&self, passes: usize) -> usize {
        passes.checked_sub(1).map_or(0, |last| self.coded.passes[last].length as usize)
    }

    /// The passes from `from` to `until`, cut after each terminated one.
    fn contribution(&self, from: usize, until: usize) -> Contribution {
        let mut segments = Vec::with_capacity(1);
        let mut start = from;
        for pass in from..until {
            if self.coded.passes[pass].terminated || pass + 1 == until {
                segments.push((pass + 1 - start, self.bytes_after(pass + 1) - self.bytes_after(start)));
                start = pass + 1;
            }
        }
        Contribution { segments, passes: until - from }
    }
}

/// The number of new passes (Table B.4).
fn put_passes(passes: u32, bits: &mut HeaderBits<'_>) {
    match passes {
        1 => bits.put(0, 1),
        2 => bits.put(0b10, 2),
        3..=5 => bits.put(0b11 << 2 | (passes - 3), 4),
        6..=36 => bits.put(0b1111 << 5 | (passes - 6), 9),
        _ => bits.put(0b1_1111_1111 << 7 | (passes - 37), 16),
    }
}

/// The lengths of the segments (B.10.7), after the growth of Lblock that they need.
fn put_lengths(new: &Contribution, length_bits: &mut u32, bits: &mut HeaderBits<'_>) {
    let needed = new.segments.iter().map(|(passes, bytes)| bit_length(*bytes).saturating_sub(passes.ilog2())).max();
    while *length_bits < needed.unwrap_or(0) {
        bits.put(1, 1);
        *length_bits += 1;
    }
    bits.put(0, 1);
    for (passes, bytes) in &new.segments {
        bits.put(*bytes as u32, *length_bits + passes.ilog2());
    }
}

fn bit_length(value: usize) -> u32 {
    usize::BITS - value.leading_zeros()
}
