//! The coding of a block: planes, passes and segments (T.800 D.2 to D.4).

use super::contexts::UNIFORM;
use super::mq::MqCoder;
use super::passes::{Coding, Kind, Passes};
use super::planes::{BlockSamples, Coefficient, Planes};
use super::raw::RawBits;
use super::segment::{Bound, Stuffing};
use super::symbols::Symbols;
use super::{Orientation, Style};

/// A coded block.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CodedBlock {
    /// The bit length of the largest coded magnitude: 0 for a block without passes.
    pub planes: u32,
    /// The passes in coding order: cleanup of the first plane, then propagation, refinement and cleanup of each other.
    pub passes: Vec<Pass>,
    /// The codeword segments.
    pub bytes: Vec<u8>,
}

/// A coding pass of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pass {
    /// The length of the bytes of the block from which a decoder gets every symbol up to the end of this pass.
    pub length: u32,
    /// The decrease of the squared error of the block by this pass, in units of the squared step.
    pub distortion: f64,
    /// True if a codeword segment ends with this pass.
    pub terminated: bool,
}

/// Codes blocks one after the other; keeps its buffers, and nothing else, from block to block.
#[derive(Default)]
pub(crate) struct BlockCoder {
    planes: Planes,
    passes: Passes,
    symbols: Symbols,
    coder: MqCoder,
    raw: RawBits,
    marks: Vec<Mark>,
}

/// A pass of the open segment.
enum Mark {
    /// The upper end of the interval.
    Coded(Bound),
    /// Number of bits.
    Raw(usize),
}

impl BlockCoder {
    /// Codes the samples of a block. If the coefficients are `exact` integers (5/3), no error remains after the last plane.
    pub(crate) fn encode<T: Coefficient>(
        &mut self,
        block: &BlockSamples<'_, T>,
        orientation: Orientation,
        style: Style,
        exact: bool,
    ) -> CodedBlock {
        self.planes.fill(block, exact);
        let planes = self.planes.coded;
        let mut coded = CodedBlock { planes: planes as u32, ..CodedBlock::default() };
        if planes == 0 {
            return coded;
        }
        self.passes.start(&self.planes);
        self.coder.restart();
        self.coder.reset_contexts();
        self.marks.clear();
        let count = 3 * planes - 2;
        for number in 0..count {
            let (plane, kind) = place(number, planes);
            let raw = style.bypass && kind != Kind::Cleanup && plane + 4 < planes;
            let distortion = self.pass(kind, plane, Coding::new(orientation, style, raw), style).decrease(
                plane,
                exact,
                block.fraction(),
            );
            let mark = self.code(raw, style);
            self.marks.push(mark);
            let last = number + 1 == count;
            let terminated = last || terminates(kind, plane, planes, style);
            coded.passes.push(Pass { length: 0, distortion, terminated });
            if terminated {
                self.end_segment(raw, style, &mut coded);
            }
        }
        coded
    }

    /// Lists the symbols of a pass.
    fn pass(&mut self, kind: Kind, plane: usize, coding: Coding, style: Style) -> super::distortion::Distortion {
        self.symbols.clear();
        let Self { planes, passes, symbols, .. } = self;
        match kind {
            Kind::Propagation => {
                passes.next_plane();
                passes.propagation(planes, plane, coding, symbols)
            }
            Kind::Refinement => passes.refinement(planes, plane, coding, symbols),
            Kind::Cleanup => {
                let distortion = passes.cleanup(planes, plane, coding, symbols);
                if style.segmentation {
                    for bit in [1, 0, 1, 0] {
                        symbols.push(UNIFORM, bit);
                    }
                }
                distortion
            }
        }
    }

    /// Codes the listed symbols.
    fn code(&mut self, raw: bool, style: Style) -> Mark {
        if raw {
            self.raw.append(self.symbols.all());
            return Mark::Raw(self.raw.length());
        }
        self.coder.encode(self.symbols.all());
        if style.reset {
            self.coder.reset_contexts();
        }
        Mark::Coded(self.coder.upper())
    }

    /// Appends the bytes of the open segment, and sets the lengths of its passes.
    fn end_segment(&mut self, raw: bool, style: Style, coded: &mut CodedBlock) {
        let bits = self.coder.length();
        let number = if raw { self.raw.finish() } else { self.coder.finish() };
        let mut stuffing = Stuffing::new(number, &mut coded.bytes);
        let passes = coded.passes.len() - self.marks.len();
        let passes = &mut coded.passes[passes..];
        let last = passes.len() - 1;
        for (i, (pass, mark)) in passes.iter_mut().zip(&self.marks).enumerate() {
            pass.length = match mark {
                Mark::Raw(bits) => stuffing.cover(*bits),
                Mark::Coded(_) if style.predictable && i == last => stuffing.cover_some(bits),
                Mark::Coded(bound) => stuffing.cover_some(bound.needed(number)),
            } as u32;
        }
        let end = stuffing.end(raw) as u32;
        for pass in passes {
            pass.length = pass.length.min(end);
        }
        self.marks.clear();
        self.coder.restart();
        self.raw.restart();
    }
}

/// The plane and the kind of a pass, counted from 0.
fn place(number: usize, planes: usize) -> (usize, Kind) {
    let kind = [Kind::Propagation, Kind::Refinement, Kind::Cleanup][(number + 2) % 3];
    (planes - 1 - number.div_ceil(3), kind)
}

/// True if a segment ends with this pass (T.800 Table D.9).
fn terminates(kind: Kind, plane: usize, planes: usize, style: Style) -> bool {
    let bypassed = match kind {
        Kind::Propagation => false,
        Kind::Refinement => plane + 4 < planes,
        Kind::Cleanup => plane + 4 <= planes,
    };
    style.terminate || style.bypass && bypassed
}
