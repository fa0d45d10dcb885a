//! The block coder sample by sample, as T.800 Annexes C and D describe it: the slow twin of the fast one.

use super::super::mq::PROBABILITIES;
use super::{CodedBlock, Orientation, Pass, Style};

/// The states of all contexts, twice the number plus the more probable symbol.
pub(super) fn initial_contexts() -> [u8; 19] {
    let mut contexts = [0; 19];
    (contexts[0], contexts[17], contexts[18]) = (2 * 4, 2 * 3, 2 * 46);
    contexts
}

/// Codes a block.
pub(super) fn encode(
    values: &[i64],
    width: usize,
    orientation: Orientation,
    style: Style,
    exact: bool,
    fraction: u32,
) -> CodedBlock {
    let height = values.len() / width;
    let largest = values.iter().map(|v| v.unsigned_abs() >> fraction).max().unwrap();
    let planes = (64 - largest.leading_zeros()) as usize;
    let mut block = Block {
        flags: Flags::new(width, height),
        values,
        orientation,
        exact,
        fraction,
        mq: Mq::new(),
        contexts: initial_contexts(),
        raw: None,
        gain: 0.0,
    };
    let scan = Scan::new(width, height, style.vertical_causal);
    let mut coded = CodedBlock { bits: planes as u32, planes: planes as u32, ..CodedBlock::default() };
    let mut marks = Vec::new();
    let count = (3 * planes).saturating_sub(2);
    for number in 0..count {
        let (plane, kind) = (planes - 1 - number.div_ceil(3), (number + 2) % 3);
        let bypassed = plane + 4 < planes;
        if style.bypass && kind < 2 && bypassed && block.raw.is_none() {
            block.raw = Some(Vec::new());
        }
        block.gain = 0.0;
        match kind {
            0 => block.propagation(&scan, plane),
            1 => block.refinement(&scan, plane),
            _ => block.cleanup(&scan, plane, style.segmentation),
        }
        if style.reset {
            block.contexts = initial_contexts();
        }
        let bypass_ends = bypassed && kind > 0 || plane + 4 == planes && kind == 2;
        let terminated = number + 1 == count || style.terminate || style.bypass && bypass_ends;
        marks.push(block.raw.as_ref().map_or_else(|| block.mq.number(true), Clone::clone));
        coded.passes.push(Pass { length: 0, distortion: block.gain, terminated });
        if terminated {
            let lengths = match block.raw.take() {
                Some(bits) => end_raw(&bits, &marks, &mut coded.bytes),
                None => end_coded(&block.mq, &marks, style.predictable, &mut coded.bytes),
            };
            let first = coded.passes.len() - marks.len();
            for (pass, length) in coded.passes[first..].iter_mut().zip(lengths) {
                pass.length = length as u32;
            }
            marks.clear();
            block.mq = Mq::new();
        }
    }
    coded
}

/// Ends a segment; returns the lengths of its passes, whose upper ends are given.
fn end_coded(mq: &Mq, upper: &[Vec<bool>], predictable: bool, bytes: &mut Vec<u8>) -> Vec<usize> {
    let mut stream = stuffed(&mq.number(false), false);
    let start = bytes.len();
    let mut lengths: Vec<usize> = upper.iter().map(|bits| shortest(&stream, &stuffed(bits, true))).collect();
    if predictable {
        let mut length = (1..=stream.len()).find(|length| held(&stream[..*length]) >= mq.shifts).unwrap();
        while stream[length - 1] == 0xFF {
            length = if length > 1 { length - 1 } else { length + 1 };
        }
        *lengths.last_mut().unwrap() = length;
    }
    stream.truncate(*lengths.last().unwrap());
    bytes.extend(stream);
    lengths.iter().map(|length| start + length.min(lengths.last().unwrap())).collect()
}

/// The least length of a stream which, followed by ones, is not above the upper end.
fn shortest(stream: &[u8], upper: &[u8]) -> usize {
    (1..=stream.len())
        .find(|length| {
            let mut trial = stream[..*length].to_vec();
            while trial.len() < upper.len() {
                trial.push(if trial.last() == Some(&0xFF) { 0x7F } else { 0xFF });
            }
            stream[..upper.len().min(stream.len())] <= trial[..upper.len()]
                && trial[..upper.len()] <= *upper
                && stream[length - 1] != 0xFF
        })
        .unwrap()
}

/// Bits that bytes hold.
fn held(bytes: &[u8]) -> usize {
    8 * bytes.len() - bytes[..bytes.len() - 1].iter().map(|byte| usize::from(*byte == 0xFF)).sum::<usize>()
}

/// Bits as bytes, followed by zeros or ones to twenty bytes more.
pub(super) fn stuffed(bits: &[bool], fill: bool) -> Vec<u8> {
    let mut bits = bits.iter().copied().chain(std::iter::repeat_n(fill, 160)).peekable();
    let mut bytes: Vec<u8> = Vec::new();
    while bits.peek().is_some() {
        let count = if bytes.last() == Some(&0xFF) { 7 } else { 8 };
        bytes.push((0..count).fold(0, |byte, _| byte << 1 | u8::from(bits.next().unwrap_or(fill))));
    }
    bytes
}

fn end_raw(bits: &[bool], marks: &[Vec<bool>], bytes: &mut Vec<u8>) -> Vec<usize> {
    let start = bytes.len();
    let mut padded = bits.to_vec();
    padded.extend([false, true, false, true, false, true, false, true]);
    let mut stream = stuffed(&padded, false);
    let length_of = |bits: &[bool]| {
        (0..=stream.len())
            .find(|length| *length == 0 && bits.is_empty() || *length > 0 && held(&stream[..*length]) >= bits.len())
            .unwrap()
    };
    let without_ff = |length: usize| if length > 0 && stream[length - 1] == 0xFF { length - 1 } else { length };
    let mut lengths: Vec<usize> = marks.iter().map(|bits| without_ff(length_of(bits))).collect();
    stream.truncate(*lengths.last().unwrap());
    if stream.ends_with(&[0xFF, 0x7F]) {
        stream.truncate(stream.len() - 2);
    }
    for length in &mut lengths {
        *length = start + (*length).min(stream.len());
    }
    bytes.extend(stream);
    lengths
}

struct Block<'a> {
    flags: Flags,
    values: &'a [i64],
    orientation: Orientation,
    exact: bool,
    fraction: u32,
    mq: Mq,
    contexts: [u8; 19],
    raw: Option<Vec<bool>>,
    gain: f64,
}

impl Block<'_> {
    fn put(&mut self, context: usize, bit: bool) {
        match &mut self.raw {
            Some(bits) => bits.push(bit),
            None => self.mq.encode(&mut self.contexts[context], bit),
        }
    }

    fn bit(&self, i: usize, plane: usize) -> bool {
        self.values[i].unsigned_abs() >> self.fraction >> plane & 1 == 1
    }

    /// The magnitude in units of the step.
    fn magnitude(&self, i: usize) -> f64 {
        let middle = if self.exact { 0.0 } else { 0.5 };
        (self.values[i].unsigned_abs() as f64 + middle) / f64::from(1u32 << self.fraction)
    }

    /// The error if a decoder knows the bits down to a plane.
    fn error(&self, i: usize, plane: i32) -> f64 {
        if self.exact && plane == 0 {
            return 0.0;
        }
        let (value, unit) = (self.magnitude(i), 2f64.powi(plane));
        value - ((value / unit).floor() + 0.5) * unit
    }

    fn propagation(&mut self, scan: &Scan, plane: usize) {
        for (i, last) in scan.samples() {
            if !self.flags.is_significant(i) && self.flags.has_neighbour(i, last) {
                self.flags.set_seen(i);
                self.zero_coding(i, last, plane);
            }
        }
    }

    fn refinement(&mut self, scan: &Scan, plane: usize) {
        for (i, last) in scan.samples() {
            if self.flags.is_significant(i) && !self.flags.is_seen(i) {
                self.put(self.flags.refinement_context(i, last), self.bit(i, plane));
                self.flags.set_refined(i);
                self.gain += self.error(i, plane as i32 + 1).powi(2) - self.error(i, plane as i32).powi(2);
            }
        }
    }

    fn cleanup(&mut self, scan: &Scan, plane: usize, segmentation: bool) {
        for column in scan.columns() {
            let mut from = 0;
            if column.len() == 4 && column.iter().all(|(i, last)| self.flags.is_quiet(*i, *last)) {
                let first = column.iter().position(|(i, _)| self.bit(*i, plane));
                self.put(17, first.is_some());
                let Some(first) = first else { continue };
                self.put(18, first >> 1 == 1);
                self.put(18, first & 1 == 1);
                self.sign(column[first].0, column[first].1, plane);
                from = first + 1;
            }
            for (i, last) in &column[from..] {
                if !self.flags.is_significant(*i) && !self.flags.is_seen(*i) {
                    self.zero_coding(*i, *last, plane);
                }
            }
        }
        self.flags.clear_seen();
        if segmentation {
            for bit in [true, false, true, false] {
                self.put(18, bit);
            }
        }
    }

    fn zero_coding(&mut self, i: usize, last: bool, plane: usize) {
        let bit = self.bit(i, plane);
        self.put(self.flags.zero_context(i, last, self.orientation), bit);
        if bit {
            self.sign(i, last, plane);
        }
    }

    fn sign(&mut self, i: usize, last: bool, plane: usize) {
        let (context, exchanged) = self.flags.sign_context(i, last);
        let negative = self.values[i] < 0;
        self.put(context, negative ^ (exchanged && self.raw.is_none()));
        self.flags.set_significant(i, negative);
        self.gain += self.magnitude(i).powi(2) - self.error(i, plane as i32).powi(2);
    }
}

/// Samples in the order of the scan, each with whether the rows below do not count.
pub(super) struct Scan(Vec<Vec<(usize, bool)>>);

impl Scan {
    pub(super) fn new(width: usize, height: usize, causal: bool) -> Self {
        let mut columns = Vec::new();
        for top in (0..height).step_by(4) {
            for x in 0..width {
                columns.push((top..height.min(top + 4)).map(|y| (y * width + x, causal && y == top + 3)).collect());
            }
        }
        Self(columns)
    }

    pub(super) fn columns(&self) -> Vec<Vec<(usize, bool)>> {
        self.0.clone()
    }

    pub(super) fn samples(&self) -> impl Iterator<Item = (usize, bool)> {
        self.0.iter().flatten().copied()
    }
}

/// The state of each sample.
pub(super) struct Flags {
    width: usize,
    height: usize,
    samples: Vec<Sample>,
}

#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "as the standard describes it")]
struct Sample {
    significant: bool,
    negative: bool,
    seen: bool,
    refined: bool,
}

impl Flags {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, samples: vec![Sample::default(); width * height] }
    }

    pub(super) fn is_significant(&self, i: usize) -> bool {
        self.samples[i].significant
    }

    pub(super) fn is_negative(&self, i: usize) -> bool {
        self.samples[i].negative
    }

    pub(super) fn is_seen(&self, i: usize) -> bool {
        self.samples[i].seen
    }

    pub(super) fn set_significant(&mut self, i: usize, negative: bool) {
        self.samples[i].significant = true;
        self.samples[i].negative = negative;
    }

    pub(super) fn set_seen(&mut self, i: usize) {
        self.samples[i].seen = true;
    }

    pub(super) fn set_refined(&mut self, i: usize) {
        self.samples[i].refined = true;
    }

    pub(super) fn clear_seen(&mut self) {
        self.samples.iter_mut().for_each(|sample| sample.seen = false);
    }

    pub(super) fn has_neighbour(&self, i: usize, last: bool) -> bool {
        let (h, v, d) = self.counts(i, last);
        h + v + d > 0
    }

    /// True if a run of zeros may go over the sample.
    pub(super) fn is_quiet(&self, i: usize, last: bool) -> bool {
        !self.samples[i].significant && !self.samples[i].seen && !self.has_neighbour(i, last)
    }

    /// T.800 Table D.1.
    pub(super) fn zero_context(&self, i: usize, last: bool, orientation: Orientation) -> usize {
        let (h, v, d) = self.counts(i, last);
        let (h, v) = if orientation == Orientation::HL { (v, h) } else { (h, v) };
        if orientation == Orientation::HH {
            return match (d, h + v) {
                (3.., _) => 8,
                (2, 1..) => 7,
                (2, 0) => 6,
                (1, 2..) => 5,
                (1, 1) => 4,
                (1, 0) => 3,
                (0, 2..) => 2,
                (0, hv) => hv,
            };
        }
        match (h, v, d) {
            (2, _, _) => 8,
            (1, 1.., _) => 7,
            (1, 0, 1..) => 6,
            (1, 0, 0) => 5,
            (_, 2, _) => 4,
            (_, 1, _) => 3,
            (_, _, 2..) => 2,
            (_, _, d) => d,
        }
    }

    /// T.800 Tables D.2 and D.3.
    pub(super) fn sign_context(&self, i: usize, last: bool) -> (usize, bool) {
        let clamped = |a: i32, b: i32| (a + b).clamp(-1, 1);
        let h = clamped(self.sign(i, -1, 0), self.sign(i, 1, 0));
        let v = clamped(self.sign(i, 0, -1), if last { 0 } else { self.sign(i, 0, 1) });
        match (h, v) {
            (1, 1) => (13, false),
            (1, 0) => (12, false),
            (1, _) => (11, false),
            (0, 1) => (10, false),
            (0, 0) => (9, false),
            (0, _) => (10, true),
            (_, 1) => (11, true),
            (_, 0) => (12, true),
            _ => (13, true),
        }
    }

    /// T.800 Table D.4.
    pub(super) fn refinement_context(&self, i: usize, last: bool) -> usize {
        if self.samples[i].refined { 16 } else { 14 + usize::from(self.has_neighbour(i, last)) }
    }

    fn counts(&self, i: usize, last: bool) -> (usize, usize, usize) {
        let at = |x, y| usize::from((!last || y < 1) && self.sign(i, x, y) != 0);
        (at(-1, 0) + at(1, 0), at(0, -1) + at(0, 1), at(-1, -1) + at(1, -1) + at(-1, 1) + at(1, 1))
    }

    /// 0 if the neighbour is not significant, else its sign.
    fn sign(&self, i: usize, x: isize, y: isize) -> i32 {
        let column = (i % self.width).checked_add_signed(x).filter(|column| *column < self.width);
        let row = (i / self.width).checked_add_signed(y).filter(|row| *row < self.height);
        let (Some(column), Some(row)) = (column, row) else { return 0 };
        match self.samples[row * self.width + column] {
            Sample { significant: false, .. } => 0,
            Sample { negative: true, .. } => -1,
            Sample { .. } => 1,
        }
    }
}

/// The MQ encoder (T.800 C.2), with its procedure BYTEOUT.
struct Mq {
    interval: u32,
    code: u32,
    count: u32,
    /// A byte before the first, and the bytes.
    bytes: Vec<u8>,
    shifts: usize,
}

impl Mq {
    pub(super) fn new() -> Self {
        Self { interval: 0x8000, code: 0, count: 12, bytes: vec![0], shifts: 0 }
    }

    pub(super) fn encode(&mut self, context: &mut u8, bit: bool) {
        let (number, more_probable) = (*context >> 1, *context & 1);
        let (probability, after_more, after_less, exchange) = PROBABILITIES[usize::from(number)];
        self.interval -= probability;
        if bit == (more_probable == 1) {
            if self.interval & 0x8000 != 0 {
                self.code += probability;
                return;
            }
            if self.interval < probability {
                self.interval = probability;
            } else {
                self.code += probability;
            }
            *context = (after_more as u8) << 1 | more_probable;
        } else {
            if self.interval < probability {
                self.code += probability;
            } else {
                self.interval = probability;
            }
            *context = (after_less as u8) << 1 | more_probable ^ exchange as u8;
        }
        while self.interval & 0x8000 == 0 {
            self.interval <<= 1;
            self.code <<= 1;
            self.count -= 1;
            self.shifts += 1;
            if self.count == 0 {
                (self.code, self.count) = byte_out(&mut self.bytes, self.code);
            }
        }
    }

    /// The lower or the upper end of the interval as bits, all carries propagated.
    pub(super) fn number(&self, upper: bool) -> Vec<bool> {
        let mut bytes = self.bytes.clone();
        let (mut code, mut count) = (if upper { self.code + self.interval - 1 } else { self.code }, self.count);
        for _ in 0..5 {
            (code, count) = byte_out(&mut bytes, code << count | if upper { (1 << count) - 1 } else { 0 });
        }
        let mut bits: Vec<bool> = Vec::new();
        let mut before = 0;
        for byte in &bytes[1..] {
            if before == 0xFF {
                // The place for a carry.
                if byte & 0x80 != 0 {
                    let zero = bits.iter().rposition(|bit| !bit).unwrap();
                    bits[zero] = true;
                    bits[zero + 1..].fill(false);
                }
                bits.extend((0..7).rev().map(|bit| byte >> bit & 1 == 1));
            } else {
                bits.extend((0..8).rev().map(|bit| byte >> bit & 1 == 1));
            }
            before = *byte;
        }
        bits
    }
}

fn byte_out(bytes: &mut Vec<u8>, mut code: u32) -> (u32, u32) {
    let last = bytes.last_mut().unwrap();
    if *last != 0xFF && code & 0x800_0000 != 0 {
        *last += 1;
        code &= 0x7FF_FFFF;
    }
    if *last == 0xFF {
        bytes.push((code >> 20) as u8);
        (code & 0xF_FFFF, 7)
    } else {
        bytes.push((code >> 19) as u8);
        (code & 0x7_FFFF, 8)
    }
}
