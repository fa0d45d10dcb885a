//! The bit streams of a block, read (T.814 §7.1): the reverse of `streams`.

use std::marker::PhantomData;

use super::streams::{AfterFf, AfterHigh, MEL_EXPONENTS, Stuffing};

/// The bits of a stream without the stuffed ones, the first lowest, followed by zeros or ones without end.
pub(super) struct PlainBits<S> {
    bytes: Vec<u8>,
    /// Eight bytes of what follows.
    end: u64,
    stuffing: PhantomData<S>,
}

/// The bits of a stream in ascending addresses.
pub(super) type ForwardPlain = PlainBits<AfterFf>;

/// The bits of a stream in descending addresses.
pub(super) type BackwardPlain = PlainBits<AfterHigh>;

impl<S> Default for PlainBits<S> {
    fn default() -> Self {
        Self { bytes: Vec::new(), end: 0, stuffing: PhantomData }
    }
}

impl<S: Stuffing> PlainBits<S> {
    fn fill(&mut self, stored: &[u8], start: &Start, end: u64) {
        self.bytes.clear();
        self.bytes.reserve(stored.len() + 9);
        self.end = end;
        let Start { mut held, mut count, mut is_after } = *start;
        let mut rest = stored;
        loop {
            while let Some((word, others)) = S::split_word(rest)
                && !S::is_shortened(word, is_after)
            {
                held |= u64::from(word) << count;
                self.bytes.extend_from_slice(&(held as u32).to_le_bytes());
                held >>= 32;
                is_after = S::shortens((word >> 24) as u8);
                rest = others;
            }
            let Some((byte, others)) = S::split_byte(rest) else { break };
            let length = if S::is_short(byte.into(), is_after) { 7 } else { 8 };
            held |= (u64::from(byte) & ((1 << length) - 1)) << count;
            count += length;
            if count >= 8 {
                self.bytes.push(held as u8);
                held >>= 8;
                count -= 8;
            }
            is_after = S::shortens(byte);
            rest = others;
        }
        self.bytes.extend_from_slice(&(held | end << count).to_le_bytes());
        self.bytes.push(end as u8);
    }

    /// The bits from bit `at` on: at least 57.
    #[inline(always)]
    pub(super) fn word(&self, at: usize) -> u64 {
        self.bytes_at(at / 8) >> (at % 8)
    }

    /// The bytes of the stream, and some of what follows.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Eight bytes from byte `at` on.
    #[inline(always)]
    pub(super) fn bytes_at(&self, at: usize) -> u64 {
        let bytes = self.bytes.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(self.end, |bytes| u64::from_le_bytes(*bytes))
    }
}

impl ForwardPlain {
    /// Reads magnitudes and signs: ones follow them.
    pub(super) fn read_magnitudes(&mut self, stored: &[u8]) {
        self.fill(stored, &Start::default(), u64::MAX);
    }

    /// Reads propagation: zeros follow it.
    pub(super) fn read_propagation(&mut self, stored: &[u8]) {
        self.fill(stored, &Start::default(), 0);
    }
}

impl BackwardPlain {
    /// Reads the VLC stream: `stored` is what MEL and VLC stream share, without its last byte.
    pub(super) fn read_vlc(&mut self, stored: &[u8]) {
        let (last, rest) = stored.split_last().map_or((0, stored), |(last, rest)| (*last | LENGTH, rest));
        // After a byte of ones, four bits are in the place of the length.
        let count = if AfterHigh::is_short(last.into(), true) { 3 } else { 4 };
        let held = u64::from(last >> 4) & ((1 << count) - 1);
        self.fill(rest, &Start { held, count, is_after: AfterHigh::shortens(last) }, 0);
    }

    /// Reads refinement from the end of a segment.
    pub(super) fn read_refinement(&mut self, stored: &[u8]) {
        self.fill(stored, &Start { is_after: true, ..Start::default() }, 0);
    }
}

/// The bits of the last byte of MEL and VLC stream that belong to their length. Readers see ones.
const LENGTH: u8 = 0xF;

/// What precedes the bytes of a stream.
#[derive(Default)]
struct Start {
    /// Bits, and their number, less than eight.
    held: u64,
    count: u32,
    /// True after a byte that can shorten the next.
    is_after: bool,
}

/// Reads the events of [`super::streams::MelRuns`].
pub(super) struct MelReader<'b> {
    /// The bytes that were not taken.
    rest: &'b [u8],
    /// Bits, the next highest, and their number.
    held: u64,
    count: u32,
    is_after_ff: bool,
    state: usize,
    /// The run that was begun.
    run: i32,
}

/// The events of a stream. Twice the number of those before the next that happens; if the run ends without one, 2 less than
/// twice the number of events.
pub(super) struct Events<'m, 'b> {
    mel: &'m mut MelReader<'b>,
    run: i32,
}

impl<'m, 'b> Events<'m, 'b> {
    /// Goes on with the events of a stream.
    pub(super) fn of(mel: &'m mut MelReader<'b>) -> Self {
        let run = mel.run;
        Self { mel, run }
    }

    /// Takes an event if `is_coded`, and returns true if it happened.
    #[inline(always)]
    pub(super) fn next(&mut self, is_coded: bool) -> bool {
        self.run -= i32::from(is_coded) * 2;
        let happened = self.run == -1;
        if self.run < 0 {
            self.run = self.mel.next_run();
        }
        happened
    }

    /// Leaves the other events to the stream.
    pub(super) fn end(self) {
        self.mel.run = self.run;
    }
}

impl<'b> MelReader<'b> {
    /// Reads from the start of what MEL and VLC stream share, without its last byte.
    pub(super) fn new(stored: &'b [u8]) -> Self {
        let mut reader = Self { rest: stored, held: 0, count: 0, is_after_ff: false, state: 0, run: 0 };
        reader.run = reader.next_run();
        reader
    }

    #[inline(never)]
    fn next_run(&mut self) -> i32 {
        let exponent = MEL_EXPONENTS[self.state];
        if self.count < 1 + exponent {
            self.fill();
        }
        let bits = self.held >> (63 - exponent);
        if bits >> exponent == 1 {
            self.take(1);
            self.state = (self.state + 1).min(MEL_EXPONENTS.len() - 1);
            (2 << exponent) - 2
        } else {
            self.take(1 + exponent);
            self.state = self.state.saturating_sub(1);
            2 * bits as i32 + 1
        }
    }

    fn take(&mut self, bits: u32) {
        self.held <<= bits;
        self.count -= bits;
    }

    /// Takes bytes until no other fits. After the last, ones follow.
    fn fill(&mut self) {
        while self.count <= 56 {
            let (byte, length) = match self.rest {
                [] => (0xFF, 8),
                [byte, ..] => {
                    let byte = if self.rest.len() == 1 { byte | LENGTH } else { *byte };
                    (byte, if self.is_after_ff { 7 } else { 8 })
                }
            };
            self.rest = self.rest.get(1..).unwrap_or_default();
            self.is_after_ff = byte == 0xFF;
            self.count += length;
            self.held |= (u64::from(byte) & ((1 << length) - 1)) << (64 - self.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::streams::{BackwardBits, ForwardBits, MelRuns, end_mel_and_vlc};
    use super::*;
    use crate::codec::j2k::part1::tests::blocks::Random;

    /// Groups of up to 32 bits with many ones, which are stuffed.
    fn groups(random: &mut Random, count: usize) -> Vec<(u64, u32)> {
        let group = |_| {
            let length = random.below(33) as u32;
            let bits = if random.below(3) == 0 { u64::MAX } else { random.next() };
            (bits & ((1 << length) - 1), length)
        };
        (0..count).map(group).collect()
    }

    fn check<S: Stuffing>(plain: &PlainBits<S>, groups: &[(u64, u32)], end: u64) {
        let mut at = 0;
        for (bits, length) in groups {
            assert_eq!(plain.word(at) & ((1 << length) - 1), *bits);
            at += *length as usize;
        }
        assert_eq!(plain.word(at) & 0xFF_FFFF, end & 0xFF_FFFF);
        assert_eq!(plain.word(at + 1000) & 0xFF_FFFF, end & 0xFF_FFFF);
    }

    #[test]
    fn plain_bits_are_those_that_were_put() {
        let mut random = Random::new(20);
        let (mut forward, mut backward) = (ForwardPlain::default(), BackwardPlain::default());
        for round in 0..2000 {
            let groups = groups(&mut random, round % 40);
            let (mut ones, mut zeros, mut vlc) =
                (ForwardBits::default(), ForwardBits::default(), BackwardBits::default());
            ones.restart();
            zeros.restart();
            vlc.restart();
            for (bits, length) in &groups {
                ones.put(*bits, *length);
                zeros.put(*bits, *length);
                vlc.put(*bits, *length);
            }
            forward.read_magnitudes(ones.end_with_ones());
            check(&forward, &groups, u64::MAX);
            forward.read_propagation(zeros.end_with_zeros());
            check(&forward, &groups, 0);
            let bytes: Vec<u8> = vlc.end_with_zeros().iter().rev().copied().collect();
            backward.read_refinement(&bytes);
            check(&backward, &groups, 0);
        }
    }

    #[test]
    fn events_and_codewords_share_their_bytes() {
        let mut random = Random::new(21);
        let mut backward = BackwardPlain::default();
        for round in 0..2000 {
            let groups = groups(&mut random, round % 30);
            let rarity = 1 + random.below(40);
            let events: Vec<bool> = (0..round % 300).map(|_| random.below(rarity) == 0).collect();
            let (mut mel, mut vlc, mut bytes) = (MelRuns::default(), BackwardBits::default(), Vec::new());
            mel.restart();
            vlc.restart_vlc();
            for event in &events {
                mel.event(*event);
            }
            for (bits, length) in &groups {
                vlc.put(*bits, *length);
            }
            end_mel_and_vlc(&mut mel, &mut vlc, &mut bytes);
            let shared = &bytes[..bytes.len() - 1];
            backward.read_vlc(shared);
            let mut at = 0;
            for (bits, length) in &groups {
                assert_eq!(backward.word(at) & ((1 << length) - 1), *bits);
                at += *length as usize;
            }
            let mut mel = MelReader::new(shared);
            let mut reader = Events::of(&mut mel);
            for (n, event) in events.iter().enumerate() {
                assert!(!reader.next(false));
                assert_eq!(reader.next(true), *event, "{n}");
            }
        }
    }
}
