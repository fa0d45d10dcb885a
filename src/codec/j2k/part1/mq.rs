//! The MQ coder (T.800 Annex C): symbols in contexts to the bits of a codeword.

use super::codeword::{Codeword, move_bits};
use super::contexts::{COUNT, RUN, UNIFORM};
use crate::simd::States;

/// Codes the symbols of one codeword segment after the other.
#[derive(Clone)]
pub(super) struct MqCoder {
    /// The state of each context.
    contexts: [u32; 128],
    /// The codeword of the open segment.
    pub codeword: Codeword,
}

impl Default for MqCoder {
    fn default() -> Self {
        Self::new(Codeword::default(), &INITIAL)
    }
}

impl MqCoder {
    /// Goes on with a codeword and the numbers of the states of its contexts.
    pub(super) fn new(codeword: Codeword, states: &[u8; COUNT]) -> Self {
        let mut coder = Self { contexts: [0; 128], codeword };
        coder.set_contexts(states);
        coder
    }

    /// Gives each context its initial state.
    pub(super) fn reset_contexts(&mut self) {
        self.set_contexts(&INITIAL);
    }

    fn set_contexts(&mut self, states: &[u8; COUNT]) {
        for (context, state) in self.contexts.iter_mut().zip(states) {
            *context = STATES[usize::from(*state)];
        }
    }

    /// Codes symbols (ENCODE): twice the context, plus the bit.
    ///
    /// No branch depends on a symbol, because most symbols cannot be predicted.
    #[inline(never)]
    pub(super) fn encode(&mut self, symbols: &[u8]) {
        let Codeword { mut interval, mut base, mut pending, .. } = self.codeword;
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
                base = move_bits(&mut self.codeword.number, base, pending);
                pending -= 32;
            }
        }
        (self.codeword.interval, self.codeword.base, self.codeword.pending) = (interval, base, pending);
    }
}

/// The states of the contexts at the beginning of a block (T.800 Table D.7).
pub(super) const INITIAL: [u8; COUNT] = {
    let mut states = [number_of(0, 0); COUNT];
    states[0] = number_of(4, 0);
    states[RUN as usize] = number_of(3, 0);
    states[UNIFORM as usize] = number_of(46, 0);
    states
};

/// The number of a state with its more probable symbol. State 0 stays free.
const fn number_of(row: u32, more_probable: u32) -> u8 {
    (2 * row + more_probable + 2) as u8
}

/// The row and the more probable symbol of a state.
const fn row_of(number: usize) -> (usize, u32) {
    (number / 2 - 1, number as u32 % 2)
}

/// The state that follows a renormalisation after the symbol `bit`.
pub(super) const fn next(number: usize, bit: u32) -> u8 {
    let (row, more_probable) = row_of(number);
    let (_, after_more, after_less, exchange) = PROBABILITIES[row];
    if bit == more_probable {
        number_of(after_more, more_probable)
    } else {
        number_of(after_less, more_probable ^ exchange)
    }
}

/// Qe of a state.
pub(super) const fn probability(number: usize) -> u32 {
    PROBABILITIES[row_of(number).0].0
}

/// Each state as it is kept for a context: its Qe in the upper 16 bits, then twice its number.
const STATES: [u32; 96] = {
    let mut states = [0; 96];
    let mut number = 2;
    while number < states.len() {
        states[number] = probability(number) << 16 | (number as u32) << 1;
        number += 1;
    }
    states
};

/// The state that follows a renormalisation: by twice the number of a state, plus the symbol.
const NEXT: [u32; 256] = {
    let mut states = [0; 256];
    let mut i = 4;
    while i < 2 * STATES.len() {
        states[i] = STATES[next(i / 2, i as u32 % 2) as usize];
        i += 1;
    }
    states
};

/// The states for coders side by side.
pub(super) static SIDE_BY_SIDE: States = {
    let mut states = States { more: [0; 128], less: [0; 128], low: [0; 128], high: [0; 128] };
    let mut number = 2;
    while number < STATES.len() {
        let (row, more_probable) = row_of(number);
        [states.low[number], states.high[number]] = (PROBABILITIES[row].0 as u16).to_le_bytes();
        states.more[number] = next(number, more_probable);
        states.less[number] = next(number, 1 - more_probable);
        number += 1;
    }
    states
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
