//! Huffman coding of blocks (ITU-T T.81 §F.1.2) into bytes with stuffing (§F.1.2.3).

use super::tables::{HuffmanSpec, ZIGZAG};
use crate::simd::Coefficients;

/// The symbols for sixteen zeros (Table F.1) and for no further coefficient.
const ZERO_RUN: usize = 0xF0;
const END_OF_BLOCK: usize = 0x00;

/// Codes of one component. An entry holds a code, shifted left by the bits that follow it, and the number of bits of both.
pub(super) struct HuffmanCodes {
    dc: [Code; 12],
    ac: [Code; 256],
}

#[derive(Debug, Clone, Copy, Default)]
struct Code {
    bits: u32,
    count: u32,
}

/// Collects bits, most significant first, and inserts a zero byte after each byte of ones.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    bits: u64,
    free: u32,
}

/// Zigzag positions of the coefficients in the order of [`Coefficients`], as masks: entry `[u][m]` has the bits of the
/// positions of those coefficients (u, v) for which bit v of m is set.
static POSITIONS: [[u64; 256]; 8] = positions();

/// Bits and size of each value from −2047 to 2047, modulo 4096: bits in the upper twelve bits, size in the lower four.
static MAGNITUDES: [u16; MAGNITUDE_COUNT as usize] = magnitudes();
const MAGNITUDE_COUNT: u16 = 4096;

/// Index in [`Coefficients`] of zigzag position k.
const PLACES: [u8; 64] = places();

impl HuffmanCodes {
    /// The codes of two tables (§C.2).
    pub(super) fn new(dc: &HuffmanSpec, ac: &HuffmanSpec) -> Self {
        let mut codes = Self { dc: [Code::default(); 12], ac: [Code::default(); 256] };
        for (symbol, bits, count) in assign(dc) {
            let extra = u32::from(symbol);
            codes.dc[usize::from(symbol)] = Code { bits: bits << extra, count: count + extra };
        }
        for (symbol, bits, count) in assign(ac) {
            let extra = u32::from(symbol & 15);
            codes.ac[usize::from(symbol)] = Code { bits: bits << extra, count: count + extra };
        }
        codes
    }

    /// Codes a block and returns its DC coefficient, which predicts that of the component's next block.
    #[inline]
    pub(super) fn encode(&self, block: &Coefficients, present: u64, prediction: i16, out: &mut BitWriter<'_>) -> i16 {
        // Both are within ±1023, so the difference has at most 11 bits.
        let (extra, size) = magnitude(block[0] - prediction);
        let code = self.dc[size];
        out.put(code.bits | extra, code.count);

        let mut left = zigzag(present) & !1;
        let mut last = 0;
        while left != 0 {
            let position = left.trailing_zeros();
            left &= left - 1;
            let mut run = position - last - 1;
            last = position;
            while run > 15 {
                out.put(self.ac[ZERO_RUN].bits, self.ac[ZERO_RUN].count);
                run -= 16;
            }
            let (extra, size) = magnitude(block[usize::from(PLACES[position as usize])]);
            let code = self.ac[(run as usize) << 4 | size];
            out.put(code.bits | extra, code.count);
        }
        if last != 63 {
            out.put(self.ac[END_OF_BLOCK].bits, self.ac[END_OF_BLOCK].count);
        }
        block[0]
    }

    /// Codes a flat block as bright as the previous one.
    pub(super) fn encode_unchanged(&self, out: &mut BitWriter<'_>) {
        out.put(self.dc[0].bits, self.dc[0].count);
        out.put(self.ac[END_OF_BLOCK].bits, self.ac[END_OF_BLOCK].count);
    }
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, bits: 0, free: 64 }
    }

    /// Appends the lowest `count` ≤ 32 bits; the bits above must be zero.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "much of the encoding time is spent here; a call doubles it")]
    fn put(&mut self, bits: u32, count: u32) {
        let bits = u64::from(bits);
        if count <= self.free {
            self.bits = self.bits.wrapping_shl(count) | bits;
            self.free -= count;
            return;
        }
        let over = count - self.free;
        self.drain(self.bits.wrapping_shl(self.free) | bits.wrapping_shr(over));
        // The bits that follow shift the written bits out at the top.
        self.bits = bits;
        self.free = 64 - over;
    }

    /// Fills the last byte with ones and appends a marker.
    pub(super) fn marker(&mut self, marker: u8) {
        self.finish();
        self.out.extend_from_slice(&[0xFF, marker]);
    }

    /// Fills the last byte with ones.
    pub(super) fn finish(&mut self) {
        let used = 64 - self.free;
        let whole = used.next_multiple_of(8);
        let bits = self.bits.unbounded_shl(whole - used) | ((1 << (whole - used)) - 1);
        for byte in (0..whole / 8).rev() {
            self.stuffed((bits >> (8 * byte)) as u8);
        }
        self.bits = 0;
        self.free = 64;
    }

    #[inline]
    fn drain(&mut self, word: u64) {
        // A byte of `word` is all ones if that of its inverse is zero.
        let inverse = !word;
        if inverse.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 == 0 {
            self.out.extend_from_slice(&word.to_be_bytes());
        } else {
            word.to_be_bytes().into_iter().for_each(|byte| self.stuffed(byte));
        }
    }

    fn stuffed(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xFF {
            self.out.push(0);
        }
    }
}

/// Symbols with their codes and the lengths of the codes (§C.2).
fn assign(spec: &HuffmanSpec) -> impl Iterator<Item = (u8, u32, u32)> {
    let lengths =
        (1..=16u32).zip(spec.counts).flat_map(|(length, count)| std::iter::repeat_n(length, usize::from(count)));
    let (mut code, mut last) = (0, 0);
    spec.symbols.iter().zip(lengths).map(move |(symbol, length)| {
        code <<= length - last;
        last = length;
        code += 1;
        (*symbol, code - 1, length)
    })
}

/// The bits that distinguish a value of at most 11 bits from others of its size, and the size: the number of bits of its
/// magnitude (§F.1.2.1.1).
#[inline]
fn magnitude(value: i16) -> (u32, usize) {
    let entry = MAGNITUDES[(value as u16 & (MAGNITUDE_COUNT - 1)) as usize];
    (u32::from(entry >> 4), usize::from(entry & 15))
}

/// Reorders a mask of coefficients to zigzag order.
#[inline]
fn zigzag(present: u64) -> u64 {
    let bytes = present.to_le_bytes();
    std::iter::zip(&POSITIONS, bytes).fold(0, |mask, (table, byte)| mask | table[usize::from(byte)])
}

const fn magnitudes() -> [u16; MAGNITUDE_COUNT as usize] {
    let mut out = [0; MAGNITUDE_COUNT as usize];
    let mut value: i16 = -2047;
    while value <= 2047 {
        let size = 16 - value.unsigned_abs().leading_zeros() as u16;
        // Negative values are stored minus one.
        let bits = (value + (value >> 15)) as u16 & ((1 << size) - 1);
        out[(value as u16 & (MAGNITUDE_COUNT - 1)) as usize] = bits << 4 | size;
        value += 1;
    }
    out
}

const fn places() -> [u8; 64] {
    let mut out = [0; 64];
    let mut k = 0;
    while k < 64 {
        // From row-major to column-major order.
        out[k] = ZIGZAG[k] % 8 * 8 + ZIGZAG[k] / 8;
        k += 1;
    }
    out
}

const fn positions() -> [[u64; 256]; 8] {
    let mut out = [[0; 256]; 8];
    let mut k = 0;
    while k < 64 {
        let (u, v) = (PLACES[k] / 8, PLACES[k] % 8);
        let mut mask = 0;
        while mask < 256 {
            out[u as usize][mask] |= ((mask as u64 >> v) & 1) << k;
            mask += 1;
        }
        k += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tables::{AC, DC};
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        let codes = HuffmanCodes::new(&DC[0], &AC[0]);
        // Table K.5: 0/0 is 1010, 15/0 is 11111111001, 0/1 is 00 (and one bit more for the coefficient).
        assert_eq!((codes.ac[0].bits, codes.ac[0].count), (0b1010, 4));
        assert_eq!((codes.ac[0xF0].bits, codes.ac[0xF0].count), (0b111_1111_1001, 11));
        assert_eq!((codes.ac[1].bits, codes.ac[1].count), (0, 3));
    }

    #[test]
    fn a_block_is_coded_as_in_the_standard() {
        let codes = HuffmanCodes::new(&DC[0], &AC[0]);
        let mut block = [0; 64];
        block[0] = 3;
        // Zigzag position 63 after 62 zeros: three times sixteen, and 14/1.
        block[63] = -1;
        let mut out = Vec::new();
        let mut writer = BitWriter::new(&mut out);
        assert_eq!(codes.encode(&block, 1 | 1 << 63, 5, &mut writer), 3);
        writer.finish();
        let mut bits = String::from("01101"); // size 2 (011), −2 (01)
        bits.push_str(&"11111111001".repeat(3));
        bits.push_str("11111111111010110"); // 14/1 (1111111111101011), −1 (0)
        bits.push('1'); // padding
        let expected: Vec<u8> =
            (0..bits.len() / 8).map(|i| u8::from_str_radix(&bits[8 * i..][..8], 2).unwrap()).collect();
        let stuffed: Vec<u8> =
            expected.iter().flat_map(|byte| if *byte == 0xFF { vec![0xFF, 0] } else { vec![*byte] }).collect();
        assert_eq!(out, stuffed);
    }

    #[test]
    fn bits_come_out_in_order_across_words() {
        let mut out = Vec::new();
        let mut writer = BitWriter::new(&mut out);
        let pieces: Vec<(u32, u32)> = (1..200).map(|i| (i * 2_654_435 % (1 << (1 + i % 27)), 1 + i % 27)).collect();
        for (bits, count) in &pieces {
            writer.put(*bits, *count);
        }
        writer.marker(0xD3);
        let texts = pieces.iter().map(|(bits, count)| format!("{bits:0width$b}", width = *count as usize));
        let mut expected = texts.collect::<Vec<_>>().concat();
        expected.push_str(&"1".repeat(expected.len().next_multiple_of(8) - expected.len()));
        assert!(out.ends_with(&[0xFF, 0xD3]));
        out.truncate(out.len() - 2);
        let mut found = String::new();
        let mut bytes = out.iter();
        while let Some(byte) = bytes.next() {
            found.extend([format!("{byte:08b}")]);
            if *byte == 0xFF {
                assert_eq!(bytes.next(), Some(&0));
            }
        }
        assert_eq!(found, expected);
    }
}
