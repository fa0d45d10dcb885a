//! Sixty-four adaptive binary arithmetic coders side by side: one step codes a symbol of each.
//!
//! A single coder waits for itself: each symbol needs the state and the interval that the one before left. Independent coders
//! fill that time. The coder is the one of ITU-T T.800 Annex C, except that it gives digits of eight bits and a carry, and
//! leaves it to the caller to add the carries.
//!
//! The vector version needs AVX-512 with byte permutations. It keeps the state of a context of all lanes in a register, so
//! that the choice of the context is a comparison for each context. On other processors one coder after the other is faster.

#![cfg_attr(
    target_arch = "x86_64",
    allow(unsafe_code, reason = "loads, stores and calls of vector code; see the SAFETY comments")
)]

/// Number of coders.
pub(crate) const LANES: usize = 64;
/// Number of contexts of each.
pub(crate) const CONTEXTS: usize = 19;
/// A symbol that leaves its lane as it is.
pub(crate) const NO_SYMBOL: u8 = 0xFE;

/// The bits that a register must hold before a digit leaves it: eight, and one more, so that an interval does not carry twice.
const FULL: u32 = 9;
/// A shift by more bits could push a carry out of the register before a digit left it.
const LONGEST_SHIFT: u32 = 8;
/// Marks a digit in the output of a step.
const PRESENT: u16 = 0x8000;

/// The states of a context. The lowest bit of a state is its more probable symbol; state 0 has the probability 0.
#[repr(C, align(64))]
pub(crate) struct States {
    /// The state after the more probable symbol.
    pub more: [u8; 128],
    /// The state after the less probable symbol.
    pub less: [u8; 128],
    /// The low and the high byte of the probability Qe.
    pub low: [u8; 128],
    pub high: [u8; 128],
}

/// The registers of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    /// The length of the interval.
    pub interval: u16,
    /// The lower end of the interval: 15 + `held` bits and a carry.
    pub code: u32,
    /// Bits above those that the interval reaches.
    pub held: u32,
}

/// The coders.
#[repr(C, align(64))]
pub(crate) struct Lanes {
    contexts: [[u8; LANES]; CONTEXTS],
    /// Halves of the lanes as widening of bytes gives them: see [`Place`].
    intervals: [[u16; 32]; 2],
    codes: [[u32; 16]; 4],
    held: [[u32; 16]; 4],
}

/// Where the registers of a lane are.
struct Place {
    /// The eight lanes of each sixteen that have the lower bytes, or the others.
    half: usize,
    word: usize,
    /// The even words of a half, or the odd ones.
    group: usize,
    double: usize,
}

impl Place {
    fn of(lane: usize) -> Self {
        let (half, word) = (lane / 8 % 2, lane / 16 * 8 + lane % 8);
        Self { half, word, group: 2 * half + word % 2, double: word / 2 }
    }

    /// The lane of a word, counted over both halves.
    fn lane(word: usize) -> usize {
        word % 32 / 8 * 16 + word / 32 * 8 + word % 8
    }
}

/// The digits of some steps.
#[derive(Default)]
pub(crate) struct Digits {
    steps: Vec<StepDigits>,
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct StepDigits {
    digits: [[u16; 32]; 2],
    /// The words with a digit.
    present: u64,
}

impl StepDigits {
    const NONE: Self = Self { digits: [[0; 32]; 2], present: 0 };
}

impl Digits {
    /// Passes each digit and its lane to `take`, those of a lane in order. A digit has eight bits, and a carry above.
    #[inline]
    pub(crate) fn for_each(&self, mut take: impl FnMut(usize, u16)) {
        for step in &self.steps {
            let mut left = step.present;
            while left != 0 {
                let word = left.trailing_zeros() as usize;
                take(Place::lane(word), step.digits.as_flattened()[word % LANES] & !PRESENT);
                left &= left - 1;
            }
        }
    }
}

impl Lanes {
    /// Coders that have no symbol to code.
    pub(crate) fn new() -> Box<Self> {
        let (contexts, held) = ([[0; LANES]; CONTEXTS], [[0; 16]; 4]);
        Box::new(Self { contexts, intervals: [[0x8000; 32]; 2], codes: [[0; 16]; 4], held })
    }

    /// True if the processor codes symbols of many lanes faster than one after the other.
    pub(crate) fn are_fast() -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            vectors::are_supported()
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            false
        }
    }

    /// Sets the states of the contexts of a lane.
    pub(crate) fn set_contexts(&mut self, lane: usize, states: &[u8; CONTEXTS]) {
        for (context, state) in self.contexts.iter_mut().zip(states) {
            context[lane] = *state;
        }
    }

    /// The states of the contexts of a lane.
    pub(crate) fn contexts(&self, lane: usize) -> [u8; CONTEXTS] {
        self.contexts.map(|context| context[lane])
    }

    /// Sets the registers of a lane.
    pub(crate) fn set_registers(&mut self, lane: usize, registers: Registers) {
        let Place { half, word, group, double } = Place::of(lane);
        self.intervals[half][word] = registers.interval;
        self.codes[group][double] = registers.code;
        self.held[group][double] = registers.held;
    }

    /// The registers of a lane.
    pub(crate) fn registers(&self, lane: usize) -> Registers {
        let Place { half, word, group, double } = Place::of(lane);
        Registers {
            interval: self.intervals[half][word],
            code: self.codes[group][double],
            held: self.held[group][double],
        }
    }

    /// Codes a symbol of each lane in each step: twice the context, plus the bit. `digits` receives what leaves the registers.
    pub(crate) fn encode(&mut self, steps: &[[u8; LANES]], states: &States, digits: &mut Digits) {
        #[cfg(target_arch = "x86_64")]
        if vectors::are_supported() {
            digits.steps.clear();
            // SAFETY: the processor has the instructions, the function's only requirement.
            return unsafe { vectors::encode(self, steps, states, &mut digits.steps) };
        }
        self.encode_plain(steps, states, digits);
    }

    fn encode_plain(&mut self, steps: &[[u8; LANES]], states: &States, digits: &mut Digits) {
        digits.steps.clear();
        for symbols in steps {
            let (mut step, mut further) = (StepDigits::NONE, StepDigits::NONE);
            for (lane, symbol) in symbols.iter().enumerate().filter(|(_, symbol)| **symbol != NO_SYMBOL) {
                let shift = self.encode_symbol(lane, *symbol, states);
                let first = shift.min(LONGEST_SHIFT);
                self.shift(lane, first, &mut step);
                self.shift(lane, shift - first, &mut further);
            }
            digits.steps.push(step);
            if further.present != 0 {
                digits.steps.push(further);
            }
        }
    }

    /// Codes a symbol, except for the shift of the code register, which it returns.
    fn encode_symbol(&mut self, lane: usize, symbol: u8, states: &States) -> u32 {
        let Place { half, word, group, double } = Place::of(lane);
        let context = &mut self.contexts[usize::from(symbol >> 1)][lane];
        let state = usize::from(*context);
        let probability = u16::from_le_bytes([states.low[state], states.high[state]]);
        let rest = self.intervals[half][word] - probability;
        let is_less_probable = (symbol ^ *context) & 1 == 1;
        let is_lower = (rest < probability) != is_less_probable;
        let part = if is_lower { probability } else { rest };
        if !is_lower {
            self.codes[group][double] += u32::from(probability);
        }
        let shift = part.leading_zeros();
        if shift > 0 {
            *context = if is_less_probable { states.less[state] } else { states.more[state] };
        }
        self.intervals[half][word] = part << shift;
        shift
    }

    fn shift(&mut self, lane: usize, shift: u32, step: &mut StepDigits) {
        let Place { half, word, group, double } = Place::of(lane);
        let (code, held) = (&mut self.codes[group][double], &mut self.held[group][double]);
        *code <<= shift;
        *held += shift;
        if *held >= FULL {
            let at = *held + 7;
            step.digits[half][word] = (*code >> at) as u16 | PRESENT;
            step.present |= 1 << (32 * half + word);
            *code &= (1 << at) - 1;
            *held -= 8;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    #[allow(clippy::wildcard_imports, reason = "the instructions are prefixed names")]
    use std::arch::x86_64::*;

    use super::{CONTEXTS, FULL, LANES, LONGEST_SHIFT, Lanes, NO_SYMBOL, PRESENT, States, StepDigits};

    /// Integers that fill a vector.
    trait Vector {}
    impl Vector for [u8; 64] {}
    impl Vector for [u16; 32] {}
    impl Vector for [u32; 16] {}

    /// The coders in registers. `places` are the numbers of bits held, plus 7: where a digit begins.
    struct Coders {
        contexts: [__m512i; CONTEXTS],
        intervals: [__m512i; 2],
        codes: [__m512i; 4],
        places: [__m512i; 4],
    }

    pub(super) fn are_supported() -> bool {
        std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512cd")
            && std::arch::is_x86_feature_detected!("avx512vbmi")
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi")]
    pub(super) fn encode(lanes: &mut Lanes, steps: &[[u8; LANES]], states: &States, digits: &mut Vec<StepDigits>) {
        let offset = _mm512_set1_epi32(7);
        let mut coders = Coders {
            contexts: std::array::from_fn(|n| load(&lanes.contexts[n])),
            intervals: std::array::from_fn(|n| load(&lanes.intervals[n])),
            codes: std::array::from_fn(|n| load(&lanes.codes[n])),
            places: std::array::from_fn(|n| _mm512_add_epi32(load(&lanes.held[n]), offset)),
        };
        for symbols in steps {
            let (mut shifts, is_long) = coders.step(load(symbols), states);
            if is_long {
                let longest = _mm512_set1_epi32(LONGEST_SHIFT as i32);
                let first = shifts.map(|shift| _mm512_min_epu32(shift, longest));
                digits.push(coders.shift(&first));
                shifts = std::array::from_fn(|n| _mm512_sub_epi32(shifts[n], first[n]));
            }
            digits.push(coders.shift(&shifts));
        }
        for (vector, to) in coders.contexts.into_iter().zip(&mut lanes.contexts) {
            store(vector, to);
        }
        for (vector, to) in coders.intervals.into_iter().zip(&mut lanes.intervals) {
            store(vector, to);
        }
        for n in 0..4 {
            store(coders.codes[n], &mut lanes.codes[n]);
            store(_mm512_sub_epi32(coders.places[n], offset), &mut lanes.held[n]);
        }
    }

    impl Coders {
        /// Codes a symbol of each lane, except for the shifts of the code registers, which it returns. The flag is set if one is
        /// longer than [`LONGEST_SHIFT`].
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi")]
        fn step(&mut self, symbols: __m512i, states: &States) -> ([__m512i; 4], bool) {
            let one = _mm512_set1_epi8(1);
            // No context equals that of NO_SYMBOL, so its state is 0.
            const { assert!(NO_SYMBOL as usize >= 2 * CONTEXTS && NO_SYMBOL & 1 == 0) };
            let context = _mm512_andnot_si512(one, symbols);
            let mut state = _mm512_setzero_si512();
            let mut chosen = [0; CONTEXTS];
            for (n, chosen) in chosen.iter_mut().enumerate() {
                *chosen = _mm512_cmpeq_epi8_mask(context, _mm512_set1_epi8(2 * n as i8));
                state = _mm512_mask_mov_epi8(state, *chosen, self.contexts[n]);
            }
            let less_probable = _mm512_test_epi8_mask(_mm512_xor_si512(symbols, state), one);
            let less_bytes = _mm512_movm_epi8(less_probable);
            let (low, high) = (look_up(&states.low, state), look_up(&states.high, state));
            let (first_codes, second_codes) = self.codes.split_at_mut(2);
            let first = interval(
                &mut self.intervals[0],
                _mm512_unpacklo_epi8(low, high),
                _mm512_movepi16_mask(_mm512_unpacklo_epi8(less_bytes, less_bytes)),
                first_codes,
            );
            let second = interval(
                &mut self.intervals[1],
                _mm512_unpackhi_epi8(low, high),
                _mm512_movepi16_mask(_mm512_unpackhi_epi8(less_bytes, less_bytes)),
                second_codes,
            );
            let shifts = _mm512_packus_epi16(first.words, second.words);
            let next = _mm512_mask_mov_epi8(look_up(&states.more, state), less_probable, look_up(&states.less, state));
            let state = _mm512_mask_mov_epi8(state, _mm512_test_epi8_mask(shifts, shifts), next);
            for (context, chosen) in self.contexts.iter_mut().zip(chosen) {
                *context = _mm512_mask_mov_epi8(*context, chosen, state);
            }
            let is_long = _mm512_cmpgt_epu8_mask(shifts, _mm512_set1_epi8(LONGEST_SHIFT as i8)) != 0;
            ([first.even, first.odd, second.even, second.odd], is_long)
        }

        /// Shifts the code registers; returns the digits that leave them.
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi")]
        fn shift(&mut self, shifts: &[__m512i; 4]) -> StepDigits {
            let present = _mm512_set1_epi32(i32::from(PRESENT));
            let full = _mm512_set1_epi32(FULL as i32 + 7);
            let eight = _mm512_set1_epi32(8);
            let mut digits = [_mm512_setzero_si512(); 4];
            for n in 0..4 {
                let (code, place) = (&mut self.codes[n], &mut self.places[n]);
                *code = _mm512_sllv_epi32(*code, shifts[n]);
                *place = _mm512_add_epi32(*place, shifts[n]);
                let is_full = _mm512_cmpge_epu32_mask(*place, full);
                let digit = _mm512_srlv_epi32(*code, *place);
                *code = _mm512_mask_sub_epi32(*code, is_full, *code, _mm512_sllv_epi32(digit, *place));
                *place = _mm512_mask_sub_epi32(*place, is_full, *place, eight);
                digits[n] = _mm512_maskz_or_epi32(is_full, digit, present);
            }
            let mut step = StepDigits::NONE;
            for half in 0..2 {
                let odd = _mm512_slli_epi32::<16>(digits[2 * half + 1]);
                let words = _mm512_or_si512(digits[2 * half], odd);
                step.present |= u64::from(_mm512_movepi16_mask(words)) << (32 * half);
                store(words, &mut step.digits[half]);
            }
            step
        }
    }

    /// The shifts of half of the lanes: as words, and as the even and the odd ones of these.
    struct Shifts {
        words: __m512i,
        even: __m512i,
        odd: __m512i,
    }

    /// Chooses the part of the interval of half of the lanes (T.800 C.2.4 to C.2.6).
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi")]
    fn interval(interval: &mut __m512i, probability: __m512i, less_probable: u32, codes: &mut [__m512i]) -> Shifts {
        let odd_words = _mm512_set1_epi32(!0xFFFF);
        let rest = _mm512_sub_epi16(*interval, probability);
        let lower = _mm512_cmplt_epu16_mask(rest, probability) ^ less_probable;
        let part = _mm512_mask_mov_epi16(rest, lower, probability);
        let before = _mm512_maskz_mov_epi16(!lower, probability);
        codes[0] = _mm512_add_epi32(codes[0], _mm512_andnot_si512(odd_words, before));
        codes[1] = _mm512_add_epi32(codes[1], _mm512_srli_epi32::<16>(before));
        let even = _mm512_lzcnt_epi32(_mm512_slli_epi32::<16>(part));
        let odd = _mm512_lzcnt_epi32(_mm512_and_si512(part, odd_words));
        let words = _mm512_or_si512(even, _mm512_slli_epi32::<16>(odd));
        *interval = _mm512_sllv_epi16(part, words);
        Shifts { words, even, odd }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi")]
    fn look_up(table: &[u8; 128], index: __m512i) -> __m512i {
        let [low, high] = table.as_chunks::<64>().0 else { return index };
        _mm512_permutex2var_epi8(load(low), index, load(high))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load<T: Vector>(from: &T) -> __m512i {
        const { assert!(size_of::<T>() == 64) };
        // SAFETY: the 64 bytes are readable; the load does not require alignment.
        unsafe { _mm512_loadu_si512((&raw const *from).cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store<T: Vector>(vector: __m512i, to: &mut T) {
        const { assert!(size_of::<T>() == 64) };
        // SAFETY: the 64 bytes are writable, any bits are integers; the store does not require alignment.
        unsafe { _mm512_storeu_si512((&raw mut *to).cast(), vector) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// States with all probabilities from the largest down to the least.
    fn states() -> States {
        let mut states = States { more: [0; 128], less: [0; 128], low: [0; 128], high: [0; 128] };
        for state in 2..96u8 {
            let probability = 0x5601u16 >> ((state - 2) / 6) | 1;
            let at = usize::from(state);
            [states.low[at], states.high[at]] = probability.to_le_bytes();
            states.more[at] = if state < 94 { state + 2 } else { state };
            states.less[at] = if state < 10 { state ^ 1 } else { state - 8 };
        }
        states
    }

    #[test]
    fn vectors_code_as_one_lane_after_the_other() {
        let states = states();
        let mut random = 1u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random >> 20
        };
        let (mut fast, mut slow) = (Lanes::new(), Lanes::new());
        for lane in 0..LANES {
            let contexts = std::array::from_fn(|_| 2 + (next() % 94) as u8);
            fast.set_contexts(lane, &contexts);
            slow.set_contexts(lane, &contexts);
        }
        let (mut fast_digits, mut slow_digits) = (Digits::default(), Digits::default());
        for round in 0..300 {
            let mut symbol = || {
                let bit = u64::from(next() % (1 + round % 40) == 0);
                if next() % 20 == 0 { NO_SYMBOL } else { (2 * (next() % CONTEXTS as u64) + bit) as u8 }
            };
            let steps: Vec<[u8; LANES]> = (0..round % 20).map(|_| std::array::from_fn(|_| symbol())).collect();
            fast.encode(&steps, &states, &mut fast_digits);
            slow.encode_plain(&steps, &states, &mut slow_digits);
            let (mut of_fast, mut of_slow) = (vec![Vec::new(); LANES], vec![Vec::new(); LANES]);
            fast_digits.for_each(|lane, digit| of_fast[lane].push(digit));
            slow_digits.for_each(|lane, digit| of_slow[lane].push(digit));
            assert_eq!(of_fast, of_slow);
            for lane in 0..LANES {
                assert_eq!(fast.registers(lane), slow.registers(lane));
                assert_eq!(fast.contexts(lane), slow.contexts(lane));
            }
        }
    }
}
