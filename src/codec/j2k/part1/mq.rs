//! The MQ coder (T.800 Annex C): symbols in contexts to the bits of a number.
//!
//! The standard's coder stores bytes while it codes, and leaves room for a carry after each byte FF. This one keeps the code
//! register as a plain binary number and propagates carries into what it stored before. `segment` adds the room when the
//! number is complete. The number is the same, so a decoder sees the same symbols.

use super::contexts::{RUN, UNIFORM};
use super::segment::Bound;

/// Codes the symbols of one codeword segment.
pub(super) struct MqCoder {
    /// The state of each context.
    contexts: [u32; 128],
    /// The length of the interval, in the upper 16 bits (the register A of the standard).
    interval: u32,
    /// The lower end of the interval: 15 + `pending` bits and a carry.
    base: u64,
    /// Shifts of the register since the last move to `number`.
    pending: u32,
    /// The bits above the register.
    number: Vec<u8>,
}

impl Default for MqCoder {
    fn default() -> Self {
        let mut coder = Self { contexts: [0; 128], interval: 0, base: 0, pending: 0, number: Vec::new() };
        coder.restart();
        coder.reset_contexts();
        coder
    }
}

impl MqCoder {
    /// Begins a segment (INITENC).
    pub(super) fn restart(&mut self) {
        self.interval = 0x8000_0000;
        self.base = 0;
        self.pending = 0;
        self.number.clear();
    }

    /// Gives each context its initial state (T.800 Table D.7).
    pub(super) fn reset_contexts(&mut self) {
        self.contexts.fill(STATES[0]);
        self.contexts[0] = STATES[2 * 4];
        self.contexts[usize::from(RUN)] = STATES[2 * 3];
        self.contexts[usize::from(UNIFORM)] = STATES[2 * 46];
    }

    /// Codes symbols (ENCODE): twice the context, plus the bit.
    ///
    /// No branch depends on a symbol, because most symbols cannot be predicted.
    #[inline(never)]
    pub(super) fn encode(&mut self, symbols: &[u8]) {
        let (mut interval, mut base, mut pending) = (self.interval, self.base, self.pending);
        for &symbol in symbols {
            let context = &mut self.contexts[usize::from(symbol >> 1)];
            let (state, bit) = (*context, u32::from(symbol & 1));
            let next = NEXT[(state & 0xFE | bit) as usize];
            let probability = state & 0xFFFF_0000;
            let rest = interval - probability;
            let less_probable = (state >> 1 ^ bit) & 1 == 1;
            // The less probable symbol takes the lower part of the interval, unless that is the larger one (C.2.5).
            let exchanged = rest < probability;
            let (part, other) = if less_probable { (probability, rest) } else { (rest, probability) };
            let part = if exchanged { other } else { part };
            let before = if exchanged == less_probable { probability } else { 0 };
            let shift = part.leading_zeros();
            *context = if shift == 0 { state } else { next };
            interval = part << shift;
            base = (base + u64::from(before >> 16)) << shift;
            pending += shift;
            // One shift more than the bits that leave: an interval is longer than 15 bits, and must not carry twice.
            if pending >= 33 {
                base = move_bits(&mut self.number, base, pending);
                pending -= 32;
            }
        }
        (self.interval, self.base, self.pending) = (interval, base, pending);
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
        let mut left = 15 + self.pending;
        // Aligned so that the carry is the top bit.
        let mut base = self.base;
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
}

/// Moves the upper 32 bits of the register to the number.
#[inline(always)]
fn move_bits(number: &mut Vec<u8>, base: u64, pending: u32) -> u64 {
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

/// A state as it is kept for a context: its Qe in the upper 16 bits, then its number × 4 + the more probable symbol × 2.
const fn packed(number: u32, more_probable: u32) -> u32 {
    PROBABILITIES[number as usize].0 << 16 | number << 2 | more_probable << 1
}

/// The states with 0, 1 as the more probable symbol.
const STATES: [u32; 2 * 47] = {
    let mut states = [0; 2 * 47];
    let mut i = 0;
    while i < states.len() {
        states[i] = packed(i as u32 / 2, i as u32 % 2);
        i += 1;
    }
    states
};

/// The state that follows a renormalisation: by the low bits of a state, plus the symbol.
const NEXT: [u32; 256] = {
    let mut next = [0; 256];
    let mut i = 0;
    while i < 4 * 47 {
        let (number, more_probable, bit) = (i / 4, i / 2 % 2, i % 2);
        let (_, after_more, after_less, exchange) = PROBABILITIES[number];
        next[i] = if bit == more_probable {
            packed(after_more, more_probable as u32)
        } else {
            packed(after_less, more_probable as u32 ^ exchange)
        };
        i += 1;
    }
    next
};

/// Qe, the next state after the more and after the less probable symbol, and whether the latter exchanges them (T.800 Table
/// C.2).
pub(super) const PROBABILITIES: [(u32, u32, u32, u32); 47] = [
    (0x5601, 1, 1, 1),
    (0x3401, 2, 6, 0),
    (0x1801, 3, 9, 0),
    (0x0AC1, 4, 12, 0),
    (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0),
    (0x5601, 7, 6, 1),
    (0x5401, 8, 14, 0),
    (0x4801, 9, 14, 0),
    (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0),
    (0x2401, 12, 18, 0),
    (0x1C01, 13, 20, 0),
    (0x1601, 29, 21, 0),
    (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0),
    (0x5101, 17, 15, 0),
    (0x4801, 18, 16, 0),
    (0x3801, 19, 17, 0),
    (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0),
    (0x2801, 22, 19, 0),
    (0x2401, 23, 20, 0),
    (0x2201, 24, 21, 0),
    (0x1C01, 25, 22, 0),
    (0x1801, 26, 23, 0),
    (0x1601, 27, 24, 0),
    (0x1401, 28, 25, 0),
    (0x1201, 29, 26, 0),
    (0x1101, 30, 27, 0),
    (0x0AC1, 31, 28, 0),
    (0x09C1, 32, 29, 0),
    (0x08A1, 33, 30, 0),
    (0x0521, 34, 31, 0),
    (0x0441, 35, 32, 0),
    (0x02A1, 36, 33, 0),
    (0x0221, 37, 34, 0),
    (0x0141, 38, 35, 0),
    (0x0111, 39, 36, 0),
    (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0),
    (0x0025, 42, 39, 0),
    (0x0015, 43, 40, 0),
    (0x0009, 44, 41, 0),
    (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0),
    (0x5601, 46, 46, 0),
];
