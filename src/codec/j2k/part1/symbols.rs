//! The symbols of a pass in the order in which they are coded.

use super::contexts::{RUN, SIGN, UNIFORM};
use super::stripes::TOP;
use crate::simd::{Column, NO_SYMBOL, pack};

/// Symbols that coders side by side take at once.
pub(super) const AT_ONCE: usize = 16;
/// Room for the symbols of a word: at most a run that ends at the first sample of each column, and four new samples there.
const OF_A_WORD: usize = 256;
/// The second and fourth row of each column, and the last two.
const ODD_ROWS: u64 = TOP * 0b1010;
const LOWER_ROWS: u64 = TOP * 0b1100;

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

    /// The symbols from number `from` on. Symbols that code nothing follow the last.
    #[inline(always)]
    pub(super) fn next(&self, from: usize) -> &[u8; AT_ONCE] {
        self.symbols[from..].first_chunk().expect("room for a word follows the last symbol")
    }

    /// Ends the list.
    pub(super) fn end(&mut self) {
        self.room()[..AT_ONCE].fill(NO_SYMBOL);
    }

    /// Appends one symbol.
    pub(super) fn push(&mut self, context: u8, bit: u8) {
        self.room()[0] = context << 1 | bit;
        self.count += 1;
    }

    /// Appends a symbol for each sample.
    #[inline(always)]
    pub(super) fn append(&mut self, events: &Events) {
        self.count += pack(&[events.column()], self.room());
    }

    /// Appends a symbol for each sample, and after a sample that becomes significant its sign.
    #[inline(always)]
    pub(super) fn append_with_signs(&mut self, events: &Events, signs: &Signs) {
        self.count += pack(&[events.column(), signs.column()], self.room());
    }

    /// As `append_with_signs`, but the samples `ends` end a run of zeros: their place in the column precedes the sign.
    #[inline(always)]
    pub(super) fn append_with_runs(&mut self, events: &Events, signs: &Signs, ends: u64) {
        let place = |rows| Column { chosen: ends, slices: [rows, 0, 0, 0, 0, 0], base: UNIFORM << 1 };
        let columns = [events.column(), place(LOWER_ROWS), place(ODD_ROWS), signs.column()];
        self.count += pack(&columns, self.room());
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
    fn column(&self) -> Column {
        let [c0, c1, c2, c3, c4] = self.contexts;
        Column { chosen: self.samples, slices: [self.bits, c0, c1, c2, c3, c4], base: 0 }
    }
}

impl Signs {
    #[inline(always)]
    fn column(&self) -> Column {
        let [c0, c1, c2] = self.contexts;
        Column { chosen: self.samples, slices: [self.bits, c0, c1, c2, 0, 0], base: SIGN << 1 }
    }
}

/// Marks samples as the symbol for a run of zeros (T.800 D.3.4). Their zero-coding context is 0.
#[inline(always)]
pub(super) fn run_contexts([c0, c1, c2, c3]: [u64; 4], runs: u64) -> [u64; 5] {
    const { assert!(RUN == 0b10001) };
    [c0 | runs, c1, c2, c3, runs]
}
