//! The MQ decoder (T.800 C.3): the bits of a number to symbols in contexts; and plain bits (D.6).
//!
//! The standard keeps the distance C of the number from the lower end of the interval. Here it is `upper`, the distance from the
//! upper end: the more probable symbol leaves it as it is. So such a symbol without a renormalisation, which is most of them,
//! takes a subtraction and a comparison.

use super::contexts::COUNT;
use super::mq::{INITIAL, next, probability};
use super::unstuffing::Number;

/// Where a pass takes its bits from.
pub(super) trait Source {
    /// True if bits are stored as they are, without contexts.
    const IS_RAW: bool;

    /// The next bit, 0 or 1.
    fn bit(&mut self, contexts: &mut Contexts, context: u8) -> u32;

    /// As [`Source::bit`]; the faster way if neither value is much more probable.
    fn even_bit(&mut self, contexts: &mut Contexts, context: u8) -> u32;
}

/// The state of each context: its Qe in the upper 16 bits, and twice its number below.
#[derive(Clone)]
pub(super) struct Contexts([u64; 32]);

/// Decodes the symbols of one codeword segment.
pub(super) struct MqDecoder<'n> {
    /// A, in the upper 16 bits.
    interval: u64,
    /// The upper end of the interval, less the number as far as it was read.
    upper: u64,
    /// The least interval in which the next symbol is the more probable one and needs no renormalisation.
    least: u64,
    /// Where the lowest bit of the next word belongs.
    place: i32,
    number: &'n Number,
    at: usize,
}

/// Bits of a raw segment.
pub(super) struct RawBits<'n> {
    number: &'n Number,
    at: usize,
}

/// From this place on, the next word is read. At lower places the number is known to the lowest bit of Qe.
const HIGHEST: i32 = 16;

/// The bits of Qe.
const QE: u64 = 0xFFFF << 48;

const HALF: u64 = 1 << 63;

impl Default for Contexts {
    fn default() -> Self {
        let mut states = [STATES[2]; 32];
        for (state, number) in states.iter_mut().zip(INITIAL) {
            *state = STATES[number as usize];
        }
        Self(states)
    }
}

impl<'n> MqDecoder<'n> {
    /// Begins a segment (INITDEC).
    pub(super) fn new(number: &'n Number) -> Self {
        let mut decoder = Self { interval: HALF, upper: HALF, least: HALF, place: 31, number, at: 0 };
        decoder.fill();
        decoder
    }

    /// Reads bits of the number if they are needed, after `upper` has changed.
    #[inline(always)]
    fn fill(&mut self) {
        if self.place >= HIGHEST {
            self.upper = self.upper.wrapping_sub(u64::from(self.number.word(self.at)) << self.place);
            self.at += 4;
            self.place -= 32;
        }
        self.least = self.upper.max(HALF);
    }
}

impl Source for MqDecoder<'_> {
    const IS_RAW: bool = false;

    /// DECODE.
    #[inline(always)]
    fn bit(&mut self, contexts: &mut Contexts, context: u8) -> u32 {
        let state = contexts.0[usize::from(context & 31)];
        let probability = state & QE;
        if self.interval.wrapping_sub(probability) >= self.least {
            self.interval -= probability;
            return (state >> 1 & 1) as u32;
        }
        self.even_bit(contexts, context)
    }

    /// No branch depends on the symbol, because it cannot be predicted.
    #[inline(always)]
    fn even_bit(&mut self, contexts: &mut Contexts, context: u8) -> u32 {
        let place = &mut contexts.0[usize::from(context & 31)];
        let state = *place;
        let [after_more, after_less] = NEXT[usize::from(state as u8 >> 1 & 0x7F)];
        let probability = state & QE;
        let rest = self.interval.wrapping_sub(probability);
        let is_lower = self.upper > rest;
        let is_less = is_lower != (rest < probability);
        self.upper = self.upper.wrapping_sub(if is_lower { rest } else { 0 });
        let interval = if is_lower { probability } else { rest };
        let shift = interval.leading_zeros();
        self.interval = interval << (shift & 63);
        self.upper <<= shift & 63;
        self.place += shift as i32;
        let next = if is_less { after_less } else { after_more };
        *place = if shift == 0 { state } else { next };
        self.fill();
        (state >> 1 & 1) as u32 ^ u32::from(is_less)
    }
}

impl<'n> RawBits<'n> {
    /// Begins a segment.
    pub(super) fn new(number: &'n Number) -> Self {
        Self { number, at: 0 }
    }
}

impl Source for RawBits<'_> {
    const IS_RAW: bool = true;

    #[inline(always)]
    fn bit(&mut self, _: &mut Contexts, _: u8) -> u32 {
        let bit = self.number.word(self.at / 8) << (self.at % 8) >> 31;
        self.at += 1;
        bit
    }

    #[inline(always)]
    fn even_bit(&mut self, contexts: &mut Contexts, context: u8) -> u32 {
        self.bit(contexts, context)
    }
}

/// The states by number.
const STATES: [u64; 96] = {
    let mut states = [0; 96];
    let mut number = 2;
    while number < states.len() {
        states[number] = (probability(number) as u64) << 48 | (number as u64) << 1;
        number += 1;
    }
    states
};

/// The states that follow a renormalisation after the more and after the less probable symbol, by the number of a state.
static NEXT: [[u64; 2]; 128] = {
    let mut states = [[0; 2]; 128];
    let mut number = 2;
    while number < STATES.len() {
        // The more probable symbol is the lowest bit of the number.
        let more_probable = number as u32 % 2;
        states[number] =
            [STATES[next(number, more_probable) as usize], STATES[next(number, 1 - more_probable) as usize]];
        number += 1;
    }
    states
};

/// Contexts are fewer than their array has places, so that an index needs no check.
const _: () = assert!(COUNT <= 32);
