//! Blocks: literals and matches with dynamic or fixed codes, or stored bytes (RFC 1951 §3.2.3 to §3.2.7).

use super::bits::BitWriter;
use super::description::Description;
use super::frequencies::Frequencies;
use super::prefix_code::{Code, LONGEST, PrefixCode};
use super::sequence::Sequence;
use super::symbols::{DISTANCES, END_OF_BLOCK, LITERALS, distance_symbol, length_symbol};

/// The codes of both alphabets.
pub(super) struct Codes {
    pub(super) literal: PrefixCode<LITERALS>,
    pub(super) distance: PrefixCode<DISTANCES>,
}

/// Data divided into sequences that share their codes.
pub(super) struct Block<'a> {
    data: &'a [u8],
    sequences: &'a [Sequence],
    frequencies: &'a Frequencies,
    codes: Codes,
}

impl Codes {
    /// The best codes for these frequencies.
    fn new(frequencies: &Frequencies) -> Self {
        Self {
            literal: PrefixCode::from_frequencies(&frequencies.literals, LONGEST_LITERAL_CODE),
            distance: PrefixCode::from_frequencies(&frequencies.distances, LONGEST),
        }
    }

    /// The codes of blocks without a description (RFC 1951 §3.2.6).
    fn fixed() -> Self {
        // The code of literals includes two symbols that never occur.
        let literal: PrefixCode<288> = PrefixCode::from_lengths(&std::array::from_fn(|symbol| match symbol {
            0..=143 | 280..=287 => 8,
            144..=255 => 9,
            _ => 7,
        }));
        Self {
            literal: PrefixCode(*literal.0.first_chunk().expect("288 symbols")),
            distance: PrefixCode::from_lengths(&[5; DISTANCES]),
        }
    }

    /// Bits that symbols with these frequencies take.
    fn cost(&self, frequencies: &Frequencies) -> u64 {
        let Frequencies { literals, distances, extra_bits } = frequencies;
        self.literal.cost(literals) + self.distance.cost(distances) + extra_bits
    }
}

impl<'a> Block<'a> {
    /// `frequencies` are those of `data` divided into `sequences`.
    pub(super) fn new(data: &'a [u8], sequences: &'a [Sequence], frequencies: &'a Frequencies) -> Self {
        Self { data, sequences, frequencies, codes: Codes::new(frequencies) }
    }

    /// The codes made for the block.
    pub(super) fn codes(&self) -> &Codes {
        &self.codes
    }

    /// Writes the block with dynamic codes.
    pub(super) fn write(&self, last: bool, writer: &mut BitWriter<'_>) {
        let description = Description::new(&self.codes.literal, &self.codes.distance);
        self.write_described(&description, last, writer);
    }

    /// Writes the block in its smallest form.
    pub(super) fn write_smallest(&self, last: bool, writer: &mut BitWriter<'_>) {
        let description = Description::new(&self.codes.literal, &self.codes.distance);
        let described = description.bits() + self.codes.cost(self.frequencies);
        let fixed_codes = Codes::fixed();
        let fixed = fixed_codes.cost(self.frequencies);
        let stored = (self.data.len() as u64 + 5 * (self.data.len() as u64 / u64::from(u16::MAX) + 1)) * 8;
        if stored <= described.min(fixed) {
            store(self.data, last, writer);
        } else if fixed <= described {
            writer.reserve(TYPE_BITS + fixed);
            begin(Type::Fixed, last, writer);
            self.write_symbols(&fixed_codes, writer);
        } else {
            self.write_described(&description, last, writer);
        }
    }

    fn write_described(&self, description: &Description, last: bool, writer: &mut BitWriter<'_>) {
        writer.reserve(TYPE_BITS + description.bits() + self.codes.cost(self.frequencies));
        begin(Type::Described, last, writer);
        description.write(writer);
        self.write_symbols(&self.codes, writer);
    }

    fn write_symbols(&self, codes: &Codes, writer: &mut BitWriter<'_>) {
        let (literal, distance) = (&codes.literal.0, &codes.distance.0);
        let mut rest = self.data;
        for sequence in self.sequences {
            let (literals, later) = rest.split_at(sequence.literals as usize);
            put_literals(literals, literal, writer);
            if sequence.length > 0 {
                let symbol = length_symbol(sequence.length.into());
                writer.put_symbol(literal[usize::from(symbol.number)], symbol);
                let symbol = distance_symbol(sequence.distance.into());
                writer.put_symbol(distance[usize::from(symbol.number)], symbol);
                writer.flush();
            }
            rest = &later[usize::from(sequence.length)..];
        }
        writer.put_code(literal[END_OF_BLOCK]);
        writer.flush();
    }
}

/// Writes stored bytes, in as many blocks as the length field requires (RFC 1951 §3.2.4); ends at a byte boundary.
pub(super) fn store(mut data: &[u8], last: bool, writer: &mut BitWriter<'_>) {
    loop {
        let (piece, rest) = data.split_at(data.len().min(u16::MAX.into()));
        writer.reserve(64);
        begin(Type::Stored, last && rest.is_empty(), writer);
        writer.align();
        let length = piece.len() as u16;
        writer.bytes(&length.to_le_bytes());
        writer.bytes(&(!length).to_le_bytes());
        writer.bytes(piece);
        if rest.is_empty() {
            return;
        }
        data = rest;
    }
}

/// The types of blocks (RFC 1951 §3.2.3).
#[derive(Clone, Copy)]
enum Type {
    Stored = 0,
    Fixed = 1,
    Described = 2,
}

/// Bits before a block: the flag of the last block, and the type.
const TYPE_BITS: u64 = 3;

fn begin(kind: Type, last: bool, writer: &mut BitWriter<'_>) {
    writer.put(u64::from(last) | (kind as u64) << 1, TYPE_BITS as u32);
}

#[inline]
fn put_literals(literals: &[u8], codes: &[Code; LITERALS], writer: &mut BitWriter<'_>) {
    let (fours, rest) = literals.as_chunks::<4>();
    for four in fours {
        for literal in four {
            writer.put_code(codes[usize::from(*literal)]);
        }
        writer.flush();
    }
    for literal in rest {
        writer.put_code(codes[usize::from(*literal)]);
    }
    writer.flush();
}

/// Four literals and seven waiting bits fit into 64 bits. Deflate allows 15 bits; the loss is not measurable.
const LONGEST_LITERAL_CODE: u8 = 14;
