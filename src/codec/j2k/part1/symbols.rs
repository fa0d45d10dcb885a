//! The symbols of a pass in the order in which they are coded.

use super::contexts::{RUN, SIGN, UNIFORM};

/// Symbols of a word at most: a run that ends at the first sample of each column, and four new samples there.
const OF_A_WORD: usize = 256;

/// A list of symbols: twice the context, plus the bit.
pub(super) struct Symbols {
    symbols: Vec<u8>,
    count: usize,
}

/// What is coded for the samples of a word.
#[derive(Clone, Copy)]
pub(super) struct Events {
    /// The samples that are coded.
    pub samples: u64,
    /// Their contexts, the lowest bit first.
    pub contexts: [u64; 5],
    /// Their bits.
    pub bits: u64,
}

/// The signs of the samples of a word that become significant.
#[derive(Clone, Copy)]
pub(super) struct Signs {
    /// The samples.
    pub samples: u64,
    /// Their contexts, less those of other symbols, the lowest bit first.
    pub contexts: [u64; 3],
    /// Their bits.
    pub bits: u64,
}

impl Default for Symbols {
    fn default() -> Self {
        Self { symbols: vec![0; 2 * OF_A_WORD], count: 0 }
    }
}

impl Symbols {
    /// Removes all symbols.
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// The symbols.
    pub(super) fn all(&self) -> &[u8] {
        &self.symbols[..self.count]
    }

    /// Appends one symbol.
    pub(super) fn push(&mut self, context: u8, bit: u8) {
        self.room()[0] = context << 1 | bit;
        self.count += 1;
    }

    /// Appends a symbol for each sample.
    #[inline(always)]
    pub(super) fn append(&mut self, events: &Events) {
        let room = self.room();
        let mut count = 0u8;
        let mut left = events.samples;
        while left != 0 {
            room[usize::from(count)] = events.symbol(left.trailing_zeros());
            count = count.wrapping_add(1);
            left &= left - 1;
        }
        self.count += usize::from(count);
    }

    /// Appends a symbol for each sample, and after a sample that becomes significant its sign.
    #[inline(always)]
    pub(super) fn append_with_signs(&mut self, events: &Events, signs: &Signs) {
        let list = signs.list();
        let room = self.room();
        let (mut count, mut sign) = (0u8, 0u8);
        let mut left = events.samples;
        while left != 0 {
            let sample = left.trailing_zeros();
            // The sign is stored in any case, because no branch should depend on a sample.
            room[usize::from(count)] = events.symbol(sample);
            room[usize::from(count.wrapping_add(1))] = list[usize::from(sign % 64)];
            let new = (signs.samples >> sample & 1) as u8;
            count = count.wrapping_add(1 + new);
            sign = sign.wrapping_add(new);
            left &= left - 1;
        }
        self.count += usize::from(count);
    }

    /// As `append_with_signs`, but the samples `ends` end a run of zeros: their place in the column precedes the sign.
    pub(super) fn append_with_runs(&mut self, events: &Events, signs: &Signs, ends: u64) {
        let list = signs.list();
        let room = self.room();
        let (mut count, mut sign) = (0u8, 0u8);
        let mut left = events.samples;
        while left != 0 {
            let sample = left.trailing_zeros();
            let mut put = |symbol| {
                room[usize::from(count)] = symbol;
                count = count.wrapping_add(1);
            };
            put(events.symbol(sample));
            if ends >> sample & 1 == 1 {
                let row = (sample % 4) as u8;
                put(UNIFORM << 1 | row >> 1);
                put(UNIFORM << 1 | row & 1);
            }
            if signs.samples >> sample & 1 == 1 {
                put(list[usize::from(sign % 64)]);
                sign = sign.wrapping_add(1);
            }
            left &= left - 1;
        }
        self.count += usize::from(count);
    }

    /// Space for the symbols of a word.
    #[inline(always)]
    fn room(&mut self) -> &mut [u8; OF_A_WORD] {
        if self.symbols.len() < self.count + OF_A_WORD {
            self.symbols.resize(2 * self.symbols.len(), 0);
        }
        self.symbols[self.count..].first_chunk_mut().expect("the list was made long enough")
    }
}

impl Events {
    #[inline(always)]
    fn symbol(&self, sample: u32) -> u8 {
        let bit = |word: u64| (word >> sample & 1) as u8;
        let [c0, c1, c2, c3, c4] = self.contexts.map(bit);
        bit(self.bits) | c0 << 1 | c1 << 2 | c2 << 3 | c3 << 4 | c4 << 5
    }
}

impl Signs {
    /// The symbols of all signs.
    #[inline(always)]
    fn list(&self) -> [u8; 64] {
        let mut list = [0; 64];
        let mut left = self.samples;
        let mut count = 0u8;
        while left != 0 {
            list[usize::from(count % 64)] = self.symbol(left.trailing_zeros());
            count = count.wrapping_add(1);
            left &= left - 1;
        }
        list
    }

    #[inline(always)]
    fn symbol(&self, sample: u32) -> u8 {
        let bit = |word: u64| (word >> sample & 1) as u8;
        let [c0, c1, c2] = self.contexts.map(bit);
        (SIGN << 1) + (bit(self.bits) | c0 << 1 | c1 << 2 | c2 << 3)
    }
}

/// Marks samples as the symbol for a run of zeros (T.800 D.3.4). Their zero-coding context is 0.
#[inline(always)]
pub(super) fn run_contexts([c0, c1, c2, c3]: [u64; 4], runs: u64) -> [u64; 5] {
    const { assert!(RUN == 0b10001) };
    [c0 | runs, c1, c2, c3, runs]
}
