//! Codeword segments: their bytes, and the length at which each pass can be cut (T.800 C.2.9, D.4 and J.10).
//!
//! A segment is a binary fraction. Its bytes hold eight bits each, but seven after a byte FF (bit stuffing). A decoder that
//! reaches the end of the bytes it has reads ones.

/// The upper end of the interval after a pass, as the bits of it that can differ from the final number.
pub(super) struct Bound {
    /// The bit at which the window begins.
    start: usize,
    /// Number of bits in the window; all bits after it are ones.
    width: u32,
    window: u128,
}

impl Bound {
    /// Bytes that [`Bound::needed`] reads behind the last of a number.
    pub(super) const READ: usize = 16;

    /// The bits of `number`, plus a register of `width` bits and a carry.
    pub(super) fn new(number: &[u8], register: u64, width: u32) -> Self {
        // Bits before the window are not kept: `needed` finds them in the final number, of which they are at most one more.
        let (before, width_before) = match number.last_chunk::<4>() {
            Some(last) => (u32::from_be_bytes(*last), 32),
            None => (number.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)), 8 * number.len() as u32),
        };
        let window = (u128::from(before) << width) + u128::from(register);
        let width = width + width_before;
        Self { start: 8 * number.len() - width_before as usize, width, window: window & ((1 << width) - 1) }
    }

    /// The least number of bits of `number` which, followed by ones, are not above this bound. `number` itself is not above.
    pub(super) fn needed(&self, number: &[u8]) -> usize {
        let (before, bytes) = number.split_at(self.start / 8);
        let bytes = bytes.first_chunk::<{ Self::READ }>().expect("a number is followed by zeros");
        let value = u128::from_be_bytes(*bytes) >> (u128::BITS - self.width);
        if value > self.window {
            // The bound has a carry before the window: a one where the number has its last zero, and zeros after it.
            return self.start - trailing_ones(before);
        }
        let end = self.start + self.width as usize;
        // Up to and with the first bit that is less, or the last zero of the bound: ones follow both.
        let different = (u128::BITS - (value ^ self.window).leading_zeros()) as usize;
        let to_difference = if different == 0 { end } else { end - different + 1 };
        let ones = match self.window.trailing_ones() {
            ones if ones == self.width => self.width as usize + trailing_ones(before),
            ones => ones as usize,
        };
        to_difference.min(end - ones)
    }
}

/// Number of ones at the end of some bytes.
fn trailing_ones(bytes: &[u8]) -> usize {
    let whole = bytes.iter().rev().take_while(|byte| **byte == 0xFF).count();
    let next = bytes[..bytes.len() - whole].last().map_or(0, |byte| byte.trailing_ones());
    8 * whole + next as usize
}

/// Moves the bits of a number to bytes.
pub(super) struct Stuffing<'a> {
    number: &'a [u8],
    /// Number of bits that were moved.
    moved: usize,
    bytes: &'a mut Vec<u8>,
    /// Where the segment begins in `bytes`.
    start: usize,
}

impl<'a> Stuffing<'a> {
    /// Begins a segment at the end of `bytes`. Zeros must follow the number.
    pub(super) fn new(number: &'a [u8], bytes: &'a mut Vec<u8>) -> Self {
        let start = bytes.len();
        Self { number, moved: 0, bytes, start }
    }

    /// Appends bytes until they hold `bits` bits of the number. Returns the length of all bytes, without a last FF: a decoder
    /// reads ones there anyway.
    pub(super) fn cover(&mut self, bits: usize) -> usize {
        while self.moved < bits {
            self.append(bits - self.moved);
        }
        self.bytes.len() - usize::from(self.ends_with_ff())
    }

    /// As `cover`, but with at least one byte: decoders take a block without bytes as one without passes.
    pub(super) fn cover_some(&mut self, bits: usize) -> usize {
        let mut length = self.cover(bits);
        while length == self.start {
            length = self.cover(self.moved + 1);
        }
        length
    }

    /// Ends the segment without a last FF and then, if it is `raw`, without a last FF 7F: all are ones. Returns the length of
    /// all bytes.
    pub(super) fn end(self, raw: bool) -> usize {
        if self.ends_with_ff() {
            self.bytes.pop();
        }
        if raw && self.bytes[self.start..].ends_with(&[0xFF, 0x7F]) {
            self.bytes.truncate(self.bytes.len() - 2);
        }
        self.bytes.len()
    }

    fn append(&mut self, wanted: usize) {
        let at = self.moved / 8;
        let bytes = self.number[at..].first_chunk::<8>().expect("a number is followed by zeros");
        let word = u64::from_be_bytes(*bytes) << (self.moved % 8);
        if self.ends_with_ff() {
            self.bytes.push((word >> 57) as u8);
            self.moved += 7;
        } else if wanted >= 56 && !has_ff(word) {
            self.bytes.extend_from_slice(&word.to_be_bytes()[..7]);
            self.moved += 56;
        } else {
            self.bytes.push((word >> 56) as u8);
            self.moved += 8;
        }
    }

    fn ends_with_ff(&self) -> bool {
        self.bytes[self.start..].last() == Some(&0xFF)
    }
}

/// True if one of the upper seven bytes is FF.
fn has_ff(word: u64) -> bool {
    let zeros = !word | 1;
    zeros.wrapping_sub(0x0101_0101_0101_0101) & !zeros & 0x8080_8080_8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_is_exact_whichever_bits_have_left_the_register() {
        // A carry goes through bytes that have left the register, or ones go on in them: few bytes, and more than a window holds.
        for (ones, last) in [0, 1, 2, 3, 4, 5, 9].into_iter().flat_map(|ones| LAST.map(|last| (ones, last))) {
            let bytes = [&[0x5F], &vec![0xFF; ones][..], &u32::to_be_bytes(last)].concat();
            let lower = bytes.iter().fold(0, |all, byte| all << 8 | u128::from(*byte));
            let width = 8 * bytes.len();
            for (interval, more) in
                [0x8000_u32, 0x8001, 0xFFFF].into_iter().flat_map(|i| [0, 1, i / 2, i - 1].map(|m| (i, m)))
            {
                let (upper, number) = (lower + u128::from(interval) - 1, lower + u128::from(more));
                let is_enough = |bits: &usize| number | ((1 << (width - bits)) - 1) <= upper;
                let expected = (0..=width).find(is_enough).unwrap();
                let number = (number << (u128::BITS as usize - width)).to_be_bytes();
                let number = [&number[..], &[0; Bound::READ]].concat();
                for left in 0..=2 {
                    let (stored, register) = bytes.split_at(bytes.len() - 4 + left);
                    let register = register.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
                    let bound = Bound::new(stored, register + u64::from(interval) - 1, 32 - 8 * left as u32);
                    assert_eq!(bound.needed(&number), expected, "{ones} {last:x} {interval:x} {more:x} {left}");
                }
            }
        }
    }

    const LAST: [u32; 7] = [0, 1, 0x1234_5678, 0x12FF_FFFF, 0xFFFF_0000, 0xFFFF_8000, u32::MAX];
}
