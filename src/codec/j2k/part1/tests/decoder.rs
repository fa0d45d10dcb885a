//! A decoder of blocks, sample by sample, as T.800 Annexes C and D describe it.

use super::twin::{self, Flags, Scan};
use super::{CodedBlock, Orientation, Style};

/// What is known after a pass.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct State {
    pub values: Vec<i64>,
    flags: Vec<(bool, bool)>,
}

/// Decodes the first passes of a block from their bytes alone. Returns the state after each.
pub(super) fn decode(
    coded: &CodedBlock,
    passes: usize,
    width: usize,
    height: usize,
    orientation: Orientation,
    style: Style,
) -> Vec<State> {
    let planes = coded.planes as usize;
    let mut block = Block {
        scan: Scan::new(width, height, style.vertical_causal),
        flags: Flags::new(width, height),
        magnitudes: vec![0; width * height],
        orientation,
        source: Source::Coded(Mq::new(&[])),
        contexts: twin::initial_contexts(),
    };
    let (mut states, mut start, mut open) = (Vec::new(), 0, true);
    for number in 0..passes {
        let (plane, kind) = (planes - 1 - number.div_ceil(3), (number + 2) % 3);
        if open {
            let end = (number..passes).find(|n| coded.passes[*n].terminated).unwrap_or(passes - 1);
            let end = coded.passes[end].length as usize;
            let bytes = &coded.bytes[start..end];
            let raw = style.bypass && kind != 2 && plane + 4 < planes;
            block.source = if raw { Source::Raw(Bits::new(bytes)) } else { Source::Coded(Mq::new(bytes)) };
            start = end;
        }
        open = coded.passes[number].terminated;
        match kind {
            0 => block.propagation(plane),
            1 => block.refinement(plane),
            _ => block.cleanup(plane, style.segmentation),
        }
        if style.reset {
            block.contexts = twin::initial_contexts();
        }
        let values = block.scan.samples().map(|_| 0).collect::<Vec<i64>>();
        let mut state = State { values, flags: Vec::new() };
        for (i, magnitude) in block.magnitudes.iter().enumerate() {
            let negative = block.flags.is_negative(i);
            state.values[i] = if negative { -magnitude } else { *magnitude };
            state.flags.push((negative, block.flags.is_significant(i)));
        }
        states.push(state);
    }
    states
}

struct Block {
    scan: Scan,
    flags: Flags,
    magnitudes: Vec<i64>,
    orientation: Orientation,
    source: Source,
    contexts: [u8; 19],
}

enum Source {
    Coded(Mq),
    Raw(Bits),
}

impl Block {
    fn get(&mut self, context: usize) -> bool {
        match &mut self.source {
            Source::Coded(mq) => mq.decode(&mut self.contexts[context]),
            Source::Raw(bits) => bits.next(),
        }
    }

    fn propagation(&mut self, plane: usize) {
        for (i, last) in self.scan.samples().collect::<Vec<_>>() {
            if !self.flags.is_significant(i) && self.flags.has_neighbour(i, last) {
                self.flags.set_seen(i);
                self.zero_coding(i, last, plane);
            }
        }
    }

    fn refinement(&mut self, plane: usize) {
        for (i, last) in self.scan.samples().collect::<Vec<_>>() {
            if self.flags.is_significant(i) && !self.flags.is_seen(i) {
                let context = self.flags.refinement_context(i, last);
                self.magnitudes[i] |= i64::from(self.get(context)) << plane;
                self.flags.set_refined(i);
            }
        }
    }

    fn cleanup(&mut self, plane: usize, segmentation: bool) {
        for column in self.scan.columns() {
            let mut from = 0;
            if column.len() == 4 && column.iter().all(|(i, last)| self.flags.is_quiet(*i, *last)) {
                if !self.get(17) {
                    continue;
                }
                let k = usize::from(self.get(18)) << 1 | usize::from(self.get(18));
                self.sign(column[k].0, column[k].1, plane);
                from = k + 1;
            }
            for (i, last) in &column[from..] {
                if !self.flags.is_significant(*i) && !self.flags.is_seen(*i) {
                    self.zero_coding(*i, *last, plane);
                }
            }
        }
        self.flags.clear_seen();
        if segmentation {
            assert_eq!([self.get(18), self.get(18), self.get(18), self.get(18)], [true, false, true, false]);
        }
    }

    fn zero_coding(&mut self, i: usize, last: bool, plane: usize) {
        let context = self.flags.zero_context(i, last, self.orientation);
        if self.get(context) {
            self.sign(i, last, plane);
        }
    }

    fn sign(&mut self, i: usize, last: bool, plane: usize) {
        let (context, exchanged) = self.flags.sign_context(i, last);
        let exchanged = exchanged && matches!(self.source, Source::Coded(_));
        let negative = self.get(context) ^ exchanged;
        self.flags.set_significant(i, negative);
        self.magnitudes[i] |= 1 << plane;
    }
}

/// The MQ decoder (T.800 C.3).
pub(super) struct Mq {
    bytes: Vec<u8>,
    at: usize,
    interval: u32,
    code: u32,
    count: u32,
}

impl Mq {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut bytes = bytes.to_vec();
        bytes.extend([0xFF, 0xFF]);
        let code = u32::from(bytes[0]) << 16;
        let mut decoder = Self { bytes, at: 0, interval: 0x8000, code, count: 0 };
        decoder.byte_in();
        decoder.code <<= 7;
        decoder.count -= 7;
        decoder
    }

    fn byte_in(&mut self) {
        if self.bytes[self.at] == 0xFF {
            if self.bytes[self.at + 1] > 0x8F {
                self.code += 0xFF00;
                self.count = 8;
            } else {
                self.at += 1;
                self.code += u32::from(self.bytes[self.at]) << 9;
                self.count = 7;
            }
        } else {
            self.at += 1;
            self.code += u32::from(self.bytes[self.at]) << 8;
            self.count = 8;
        }
    }

    pub(super) fn decode(&mut self, context: &mut u8) -> bool {
        let (number, more_probable) = (*context >> 1, *context & 1);
        let (probability, after_more, after_less, exchange) = super::super::mq::PROBABILITIES[usize::from(number)];
        let less = |state: &mut u8| *state = (after_less as u8) << 1 | more_probable ^ exchange as u8;
        let more = |state: &mut u8| *state = (after_more as u8) << 1 | more_probable;
        self.interval -= probability;
        let bit;
        if self.code >> 16 < probability {
            if self.interval < probability {
                bit = more_probable;
                more(context);
            } else {
                bit = 1 - more_probable;
                less(context);
            }
            self.interval = probability;
        } else {
            self.code -= probability << 16;
            if self.interval & 0x8000 != 0 {
                return more_probable == 1;
            }
            if self.interval < probability {
                bit = 1 - more_probable;
                less(context);
            } else {
                bit = more_probable;
                more(context);
            }
        }
        while self.interval & 0x8000 == 0 {
            if self.count == 0 {
                self.byte_in();
            }
            self.interval <<= 1;
            self.code <<= 1;
            self.count -= 1;
        }
        bit == 1
    }
}

/// The bits of a raw segment, followed by ones.
struct Bits {
    bits: std::vec::IntoIter<bool>,
}

impl Bits {
    fn new(bytes: &[u8]) -> Self {
        let mut bits = Vec::new();
        let mut before = 0;
        for byte in bytes {
            let count = if before == 0xFF { 7 } else { 8 };
            bits.extend((0..count).rev().map(|bit| byte >> bit & 1 == 1));
            before = *byte;
        }
        Self { bits: bits.into_iter() }
    }

    fn next(&mut self) -> bool {
        self.bits.next().unwrap_or(true)
    }
}
