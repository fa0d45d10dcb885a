//! The three coding passes of a plane (T.800 D.3).
//!
//! Whether a sample is in the significance propagation pass depends on the samples before it, so that pass goes from word to
//! word in the order of the scan. Afterwards all that is significant is known, and so is every neighbour.

use super::Orientation;
use super::contexts::{Neighbours, REFINEMENT, Significance};
use super::distortion::{Distortion, Lower};
use super::planes::Planes;
use super::stripes::{BOTTOM, TOP, above, below, left, right};
use super::symbols::{Events, Signs, Symbols, run_contexts};

/// A coding pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Significance propagation.
    Propagation,
    /// Magnitude refinement.
    Refinement,
    /// Cleanup.
    Cleanup,
}

/// What is significant while the planes of a block are coded.
#[derive(Default)]
pub(super) struct Passes {
    /// Before the planes that are coded now and just before.
    earlier: Vec<u64>,
    before: Vec<u64>,
    /// After the significance propagation, and after the cleanup.
    propagated: Vec<u64>,
    after: Vec<u64>,
    /// The samples that the significance propagation coded.
    coded: Vec<u64>,
    /// For each sample, whether it or the one above or below it was significant before.
    tall: Vec<u64>,
}

/// How the samples of a plane are coded.
#[derive(Clone, Copy)]
pub(super) struct Coding {
    /// Selects the contexts.
    pub orientation: Orientation,
    /// Causal contexts.
    pub causal: bool,
    /// Plain bits: signs are not exchanged.
    pub raw: bool,
}

impl Passes {
    /// Begins a block.
    pub(super) fn start(&mut self, planes: &Planes) {
        let length = planes.stripes.length();
        for words in [
            &mut self.earlier,
            &mut self.before,
            &mut self.propagated,
            &mut self.after,
            &mut self.coded,
            &mut self.tall,
        ] {
            words.clear();
            words.resize(length, 0);
        }
    }

    /// Begins a plane below the first.
    pub(super) fn next_plane(&mut self) {
        std::mem::swap(&mut self.earlier, &mut self.before);
        std::mem::swap(&mut self.before, &mut self.after);
    }

    /// The significance propagation pass (D.3.1).
    pub(super) fn propagation(
        &mut self,
        planes: &Planes,
        plane: usize,
        coding: Coding,
        symbols: &mut Symbols,
    ) -> Distortion {
        let stripes = planes.stripes;
        let stride = stripes.stride;
        let (bits, lower) = (planes.plane(plane), Lower::new(planes, plane));
        let mut distortion = Distortion::default();
        self.find_tall(stride, coding.causal);
        for stripe in 0..stripes.count() {
            let first = stripes.first(stripe);
            // What became significant in the word before.
            let mut west = 0;
            for at in (first..).take(stripes.across()) {
                let free = planes.inside[at] & !self.before[at];
                let reached = self.reached(at, stride) | next_column(west) >> 60;
                let (samples, new) = propagate(reached & free, free, bits[at]);
                self.coded[at] = samples;
                self.propagated[at] = self.before[at] | new;
                west = new & 0xF << 60;
                if samples != 0 {
                    let planes_around =
                        Significance { before: &self.before, after: &self.propagated, stride, causal: coding.causal };
                    let neighbours = Neighbours::of(planes_around, at);
                    let contexts = run_contexts(neighbours.zero_coding(coding.orientation), 0);
                    let events = Events { samples, contexts, bits: bits[at] };
                    if new == 0 {
                        symbols.append(&events);
                    } else {
                        distortion.significant(new, &lower, at);
                        symbols.append_with_signs(&events, &signs(&neighbours, planes, at, coding, new));
                    }
                }
            }
        }
        distortion
    }

    /// The magnitude refinement pass (D.3.3).
    pub(super) fn refinement(
        &mut self,
        planes: &Planes,
        plane: usize,
        coding: Coding,
        symbols: &mut Symbols,
    ) -> Distortion {
        const { assert!(REFINEMENT == 0b01110) };
        let stripes = planes.stripes;
        let (bits, lower) = (planes.plane(plane), Lower::new(planes, plane));
        let mut distortion = Distortion::default();
        let around = Significance {
            before: &self.propagated,
            after: &self.propagated,
            stride: stripes.stride,
            causal: coding.causal,
        };
        for at in stripes.words() {
            let samples = self.before[at];
            if samples == 0 {
                continue;
            }
            let again = self.earlier[at];
            let first = samples & !again;
            let beside = if first == 0 { 0 } else { Neighbours::of(around, at).any() & first };
            let contexts = [beside, first, first, first, again];
            symbols.append(&Events { samples, contexts, bits: bits[at] });
            distortion.refined(samples, bits[at], &lower, at);
        }
        distortion
    }

    /// The cleanup pass (D.3.4).
    pub(super) fn cleanup(
        &mut self,
        planes: &Planes,
        plane: usize,
        coding: Coding,
        symbols: &mut Symbols,
    ) -> Distortion {
        let stripes = planes.stripes;
        let (bits, lower) = (planes.plane(plane), Lower::new(planes, plane));
        let mut distortion = Distortion::default();
        for (after, (propagated, bits)) in self.after.iter_mut().zip(self.propagated.iter().zip(bits)) {
            *after = propagated | bits;
        }
        let around = Significance {
            before: &self.propagated,
            after: &self.after,
            stride: stripes.stride,
            causal: coding.causal,
        };
        for at in stripes.words() {
            let samples = planes.inside[at] & !self.propagated[at] & !self.coded[at];
            if samples == 0 {
                continue;
            }
            let neighbours = Neighbours::of(around, at);
            let runs = Runs::of(samples & !neighbours.outside(), bits[at]);
            let contexts = run_contexts(neighbours.zero_coding(coding.orientation), runs.ends | runs.zeros);
            let events = Events { samples: samples & !runs.skipped, contexts, bits: bits[at] };
            let new = samples & bits[at];
            if new == 0 {
                symbols.append(&events);
            } else {
                distortion.significant(new, &lower, at);
                let signs = signs(&neighbours, planes, at, coding, new);
                if runs.ends == 0 {
                    symbols.append_with_signs(&events, &signs);
                } else {
                    symbols.append_with_runs(&events, &signs, runs.ends);
                }
            }
        }
        distortion
    }

    fn find_tall(&mut self, stride: usize, causal: bool) {
        let south = if causal { 0 } else { u64::MAX };
        let inner = stride..self.before.len() - stride;
        let around = self.before.iter().zip(&self.before[stride..]).zip(&self.before[2 * stride..]);
        for (tall, ((n, own), s)) in self.tall[inner].iter_mut().zip(around) {
            *tall = own | above(*own, *n) | below(*own, s & south);
        }
    }

    /// The samples of a word that have a significant neighbour before the word is scanned, or are significant themselves.
    #[inline(always)]
    fn reached(&self, at: usize, stride: usize) -> u64 {
        let tall = &self.tall[at - 1..at + 2];
        // The last row of the stripe above, as it is after the pass.
        let north = &self.propagated[at - stride - 1..at - stride + 2];
        let [w, own, e] = std::array::from_fn(|k| tall[k] | north[k] >> 3 & TOP);
        own | left(own, w) | right(own, e)
    }
}

/// The samples of a word that the significance propagation codes, and those of them that become significant.
#[inline(always)]
fn propagate(mut samples: u64, free: u64, bits: u64) -> (u64, u64) {
    loop {
        let new = samples & bits;
        let more = samples | (new << 1 & !TOP | next_column(new) << 4) & free;
        if more == samples {
            return (samples, new);
        }
        samples = more;
    }
}

/// The rows of the next column that touch each sample of a column.
#[inline(always)]
fn next_column(samples: u64) -> u64 {
    samples | samples << 1 & !TOP | samples >> 1 & !BOTTOM
}

/// The signs of new samples (D.3.2).
#[inline(always)]
fn signs(neighbours: &Neighbours, planes: &Planes, at: usize, coding: Coding, samples: u64) -> Signs {
    let (contexts, exchanged) = neighbours.sign_coding(&planes.negative, at, planes.stripes.stride);
    let exchanged = if coding.raw { 0 } else { exchanged };
    Signs { samples, contexts, bits: planes.negative[at] ^ exchanged }
}

/// Columns that the cleanup codes by the length of a run of zeros.
struct Runs {
    /// The first sample of the columns without a one.
    zeros: u64,
    /// The first one of the other columns.
    ends: u64,
    /// Samples without a symbol of their own.
    skipped: u64,
}

impl Runs {
    /// Columns of four `samples`, all of which are coded and have no significant neighbour when the column begins.
    #[inline(always)]
    fn of(samples: u64, bits: u64) -> Self {
        let pairs = samples & samples >> 1;
        let columns = (pairs & pairs >> 2 & TOP) * 0xF;
        let ones = bits & columns;
        // From the first one of each column down.
        let reached = ones | ones << 1 & !TOP;
        let reached = reached | reached << 2 & !(TOP | TOP << 1);
        let ends = reached & !(reached << 1 & !TOP);
        // The last row shows whether there is a one.
        let zeros = columns & TOP & !(reached >> 3);
        Self { zeros, ends, skipped: columns & !reached & !zeros }
    }
}
