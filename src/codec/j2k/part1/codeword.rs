//! The codeword of a segment while it is coded (T.800 C.2).
//!
//! The standard's coder stores bytes while it codes, and leaves room for a carry after each byte FF. Here the code register and
//! what left it are a plain binary number, and a carry goes into what was stored before. `segment` adds the room when the
//! number is complete. The number is the same, so a decoder sees the same symbols.

use super::segment::Bound;

/// The interval of a coder, and the number that is its lower end.
#[derive(Clone)]
pub(super) struct Codeword {
    /// The length of the interval, in the upper 16 bits (the register A of the standard).
    pub interval: u32,
    /// The lower end of the interval: 15 + `pending` bits and a carry.
    pub base: u64,
    /// Shifts of the register since bits left it.
    pub pending: u32,
    /// The bits above the register.
    pub number: Vec<u8>,
}

impl Default for Codeword {
    fn default() -> Self {
        Self { interval: 0x8000_0000, base: 0, pending: 0, number: Vec::new() }
    }
}

impl Codeword {
    /// Begins a segment (INITENC).
    pub(super) fn restart(&mut self) {
        self.interval = 0x8000_0000;
        self.base = 0;
        self.pending = 0;
        self.number.clear();
    }

    /// Number of bits that are decided but for a carry.
    pub(super) fn length(&self) -> usize {
        8 * self.number.len() + self.pending as usize
    }

    /// The upper end of the interval: numbers up to it decode to the symbols so far.
    pub(super) fn upper(&self) -> Bound {
        Bound::new(&self.number, self.base + u64::from(self.interval >> 16) - 1, 15 + self.pending)
    }

    /// Completes the number: the lower end of the interval, and zeros.
    pub(super) fn finish(&mut self) -> &[u8] {
        let (mut base, mut left) = (self.base, 15 + self.pending);
        while left > 0 {
            let count = left.min(8);
            left -= count;
            let byte = base >> left;
            base &= (1 << left) - 1;
            if byte >> count != 0 {
                carry(&mut self.number);
            }
            self.number.push((byte << (8 - count)) as u8);
        }
        self.number.extend([0; Bound::READ]);
        &self.number
    }

    /// Appends digits of eight bits and a carry.
    pub(super) fn append(&mut self, digits: &[u16]) {
        let start = self.number.len();
        self.number.resize(start + digits.len(), 0);
        let mut above = 0;
        for (byte, digit) in self.number[start..].iter_mut().zip(digits).rev() {
            let sum = digit + above;
            *byte = sum as u8;
            above = sum >> 8;
        }
        if above != 0 {
            carry(&mut self.number[..start]);
        }
    }
}

/// Moves the upper 32 bits of a register to the number.
#[inline(always)]
pub(super) fn move_bits(number: &mut Vec<u8>, base: u64, pending: u32) -> u64 {
    let below = pending - 17;
    let bits = base >> below;
    if bits >> 32 != 0 {
        carry(number);
    }
    number.extend_from_slice(&(bits as u32).to_be_bytes());
    base & ((1 << below) - 1)
}

/// Adds one to the last place of the number.
#[cold]
fn carry(number: &mut [u8]) {
    for byte in number.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}
