//! Blocks of a stream: literals and matches with dynamic or fixed codes, or stored bytes (RFC 1951 §3.2.3 to §3.2.7), written bit
//! by bit.

use super::codes::{
    Code, DISTANCES, END_OF_BLOCK, Frequencies, LITERALS, LONGEST, PrefixCode, Sequence, Symbol, distance_symbol,
    length_symbol,
};

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

/// The description of a block's codes: the code lengths of both alphabets, as runs with a separate code (RFC 1951 §3.2.7).
struct Description {
    runs: Vec<Symbol>,
    code: PrefixCode<RUNS>,
    literals: usize,
    distances: usize,
    /// Number of listed lengths of the code of runs.
    listed: usize,
}

/// The types of blocks (RFC 1951 §3.2.3).
#[derive(Clone, Copy)]
enum Type {
    Stored = 0,
    Fixed = 1,
    Described = 2,
}

/// Appends bits to bytes, packed least significant first (RFC 1951 §3.1.1). At most seven bits wait between calls of [`BitWriter::flush`].
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bytes of `out` that have been written; the bytes after them are room.
    length: usize,
    bits: u64,
    count: u32,
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

impl Description {
    /// Describes the codes of literals and of distances.
    fn new(literal: &PrefixCode<LITERALS>, distance: &PrefixCode<DISTANCES>) -> Self {
        let (literal, distance) = (literal.lengths(), distance.lengths());
        let used = |lengths: &[u8], least: usize| {
            lengths.iter().rposition(|length| *length > 0).map_or(least, |last| least.max(last + 1))
        };
        let (literals, distances) = (used(&literal, 257), used(&distance, 1));
        let runs = runs(&[&literal[..literals], &distance[..distances]].concat());
        let mut frequencies = [0; RUNS];
        for run in &runs {
            frequencies[usize::from(run.number)] += 1;
        }
        let code = PrefixCode::from_frequencies(&frequencies, LONGEST_RUN_CODE);
        let listed = used(&RUN_ORDER.map(|symbol| code.0[symbol].length), 4);
        Self { runs, code, literals, distances, listed }
    }

    /// Bits that [`Self::write`] takes.
    fn bits(&self) -> u64 {
        let run = |run: &Symbol| u64::from(self.code.0[usize::from(run.number)].length + run.extra_bits);
        14 + 3 * self.listed as u64 + self.runs.iter().map(run).sum::<u64>()
    }

    /// Writes the description, between the type and the symbols of the block.
    fn write(&self, writer: &mut BitWriter<'_>) {
        let counts = (self.literals - 257) | (self.distances - 1) << 5 | (self.listed - 4) << 10;
        writer.put(counts as u64, 14);
        for symbol in &RUN_ORDER[..self.listed] {
            writer.put(self.code.0[*symbol].length.into(), 3);
            writer.flush();
        }
        for run in &self.runs {
            writer.put_symbol(self.code.0[usize::from(run.number)], *run);
            writer.flush();
        }
    }
}

fn runs(lengths: &[u8]) -> Vec<Symbol> {
    let mut runs = Vec::with_capacity(lengths.len());
    for same in lengths.chunk_by(|a, b| a == b) {
        let length = u16::from(same[0]);
        let mut left = same.len();
        if length > 0 {
            runs.push(Symbol { number: length, extra_bits: 0, extra: 0 });
            left -= 1;
        }
        while left > 0 {
            let (number, extra_bits, least, most) = match (length, left) {
                (_, 1..3) => (length, 0, 1, 1),
                (0, 3..11) => (ZEROS, 3, 3, 10),
                (0, _) => (MANY_ZEROS, 7, 11, 138),
                _ => (REPEAT, 2, 3, 6),
            };
            let taken = left.min(most);
            runs.push(Symbol { number, extra_bits, extra: (taken - least) as u16 });
            left -= taken;
        }
    }
    runs
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let length = out.len();
        Self { out, length, bits: 0, count: 0 }
    }

    /// Makes room for `bits` bits. Required before [`BitWriter::flush`].
    pub(super) fn reserve(&mut self, bits: u64) {
        // A flush always stores eight bytes.
        self.out.resize(self.length + (bits / 8) as usize + 32, 0);
    }

    /// Adds the lowest `count` bits of `bits`, whose other bits are zero. With the waiting bits they must be fewer than 64.
    #[inline]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        debug_assert!(self.count + count < 64 && bits >> count == 0, "{count} bits fit");
        self.bits |= bits << self.count;
        self.count += count;
    }

    /// Adds the code of a symbol.
    #[inline]
    pub(super) fn put_code(&mut self, code: Code) {
        self.put(code.bits.into(), code.length.into());
    }

    /// Adds the code of a symbol and its extra bits.
    #[inline]
    pub(super) fn put_symbol(&mut self, code: Code, symbol: Symbol) {
        self.put_code(code);
        self.put(symbol.extra.into(), symbol.extra_bits.into());
    }

    /// Stores all whole bytes.
    #[inline]
    pub(super) fn flush(&mut self) {
        self.out[self.length..self.length + 8].copy_from_slice(&self.bits.to_le_bytes());
        self.length += (self.count / 8) as usize;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }

    /// Pads the last byte with zeros.
    pub(super) fn align(&mut self) {
        if self.count > 0 {
            self.count = self.count.next_multiple_of(8);
            self.flush();
        }
    }

    /// Appends bytes at a byte boundary.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.count, 0, "aligned");
        self.out.truncate(self.length);
        self.out.extend_from_slice(bytes);
        self.length = self.out.len();
    }

    /// Removes the unused room. The last byte must be complete.
    pub(super) fn finish(self) {
        debug_assert_eq!(self.count, 0, "aligned");
        self.out.truncate(self.length);
    }
}

/// Bits before a block: the flag of the last block, and the type.
const TYPE_BITS: u64 = 3;

/// Four literals and seven waiting bits fit into 64 bits. Deflate allows 15 bits; the loss is not measurable.
const LONGEST_LITERAL_CODE: u8 = 14;

/// Lengths 0 to 15, and three kinds of runs.
const RUNS: usize = 19;
const REPEAT: u16 = 16;
const ZEROS: u16 = 17;
const MANY_ZEROS: u16 = 18;

/// Lengths of the codes for runs have three bits.
const LONGEST_RUN_CODE: u8 = 7;

/// The order of the lengths of the code of runs.
const RUN_ORDER: [usize; RUNS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_stand_for_the_lengths_they_were_made_of(
            pieces in proptest::collection::vec((prop_oneof![Just(0u8), Just(5), 0u8..15], 1..150usize), 1..12),
        ) {
            let lengths: Vec<u8> =
                pieces.iter().flat_map(|(length, times)| std::iter::repeat_n(*length, *times)).collect();
            let mut back = Vec::new();
            for run in runs(&lengths) {
                let (value, times) = match run.number {
                    REPEAT => (*back.last().unwrap(), run.extra + 3),
                    ZEROS => (0, run.extra + 3),
                    MANY_ZEROS => (0, run.extra + 11),
                    length => (length as u8, 1),
                };
                prop_assert!(run.extra < 1 << run.extra_bits);
                back.extend(std::iter::repeat_n(value, times.into()));
            }
            prop_assert_eq!(back, lengths);
        }
    }

    #[test]
    fn bits_fill_bytes_from_the_least_significant_one() {
        let mut out = vec![9];
        let mut writer = BitWriter::new(&mut out);
        writer.reserve(32);
        writer.put(0b1, 1);
        writer.put_symbol(Code { bits: 0b101, length: 3 }, Symbol { number: 0, extra_bits: 5, extra: 0b10011 });
        writer.flush();
        writer.align();
        writer.bytes(&[7]);
        writer.finish();
        assert_eq!(out, [9, 0b0011_1011, 0b1, 7]);
    }
}
