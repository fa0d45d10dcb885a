//! A block while it is coded: planes, passes and segments (T.800 D.2 to D.4).

use super::codeword::Codeword;
use super::contexts::UNIFORM;
use super::distortion::Distortion;
use super::mq::MqCoder;
use super::passes::{Coding, Kind, Passes};
use super::planes::{BlockSamples, Coefficient, Planes};
use super::raw::RawBits;
use super::segment::{Bound, Stuffing};
use super::symbols::Symbols;
use super::{CodedBlock, Orientation, Pass, Style};

/// Lists the symbols of a block pass by pass, and makes segments of what a coder makes of them.
#[derive(Default)]
pub(super) struct Block {
    settings: Settings,
    planes: Planes,
    passes: Passes,
    raw: RawBits,
    /// The passes of the segment that is open.
    marks: Vec<Mark>,
    is_complete: bool,
    coded: CodedBlock,
}

/// How a block is coded.
#[derive(Clone, Copy)]
struct Settings {
    style: Style,
    orientation: Orientation,
    exact: bool,
    fraction: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { style: Style::default(), orientation: Orientation::LL, exact: true, fraction: 0 }
    }
}

/// A pass of the open segment.
enum Mark {
    /// The upper end of the interval.
    Coded(Bound),
    /// Number of bits.
    Raw(usize),
}

impl Block {
    /// Begins a block.
    pub(super) fn start<T: Coefficient>(
        &mut self,
        samples: &BlockSamples<'_, T>,
        orientation: Orientation,
        style: Style,
        exact: bool,
    ) {
        self.planes.fill(samples, exact);
        self.settings = Settings { style, orientation, exact, fraction: samples.fraction() };
        self.coded =
            CodedBlock { bits: self.planes.coded as u32, planes: self.planes.coded as u32, ..CodedBlock::default() };
        self.is_complete = self.planes.coded == 0;
        self.passes.start(&self.planes);
        self.raw.restart();
        self.marks.clear();
    }

    /// Lists the symbols of the next pass that has some in contexts; passes of plain bits are dealt with. False if the block is
    /// complete.
    pub(super) fn next_pass(&mut self, symbols: &mut Symbols) -> bool {
        let Settings { style, exact, fraction, .. } = self.settings;
        while !self.is_complete {
            let (plane, kind) = place(self.coded.passes.len(), self.planes.coded);
            let raw = style.is_raw(self.coded.passes.len() as u32);
            let distortion = self.list(plane, kind, raw, symbols).decrease(plane, exact, fraction);
            self.coded.passes.push(Pass { length: 0, distortion, terminated: false });
            if !raw {
                return true;
            }
            self.raw.append(symbols.all());
            self.marks.push(Mark::Raw(self.raw.length()));
            if self.ends_segment() {
                self.end_segment(None);
            }
        }
        false
    }

    /// Ends the pass whose symbols a coder has added to a codeword.
    pub(super) fn end_pass(&mut self, codeword: &mut Codeword) {
        self.marks.push(Mark::Coded(codeword.upper()));
        if self.ends_segment() {
            self.end_segment(Some(codeword));
        }
    }

    /// Codes the listed pass from its symbol `at`, and all passes after it.
    pub(super) fn code(&mut self, symbols: &mut Symbols, at: usize, coder: &mut MqCoder) {
        coder.encode(&symbols.all()[at..]);
        loop {
            self.end_pass(&mut coder.codeword);
            if self.settings.style.reset {
                coder.reset_contexts();
            }
            if !self.next_pass(symbols) {
                return;
            }
            coder.encode(symbols.all());
        }
    }

    /// Gives the block away.
    pub(super) fn take(&mut self) -> CodedBlock {
        std::mem::take(&mut self.coded)
    }

    fn list(&mut self, plane: usize, kind: Kind, raw: bool, symbols: &mut Symbols) -> Distortion {
        let Self { planes, passes, settings: Settings { style, orientation, .. }, .. } = self;
        let coding = Coding { orientation: *orientation, causal: style.vertical_causal, raw };
        symbols.clear();
        let distortion = match kind {
            Kind::Propagation => {
                passes.next_plane();
                passes.propagation(planes, plane, coding, symbols)
            }
            Kind::Refinement => passes.refinement(planes, plane, coding, symbols),
            Kind::Cleanup => passes.cleanup(planes, plane, coding, symbols),
        };
        if kind == Kind::Cleanup && style.segmentation {
            for bit in [1, 0, 1, 0] {
                symbols.push(UNIFORM, bit);
            }
        }
        symbols.end();
        distortion
    }

    /// Decides whether a segment, and whether the block, end with the last pass.
    fn ends_segment(&mut self) -> bool {
        let Self { coded, planes, settings, .. } = self;
        let number = coded.passes.len();
        let pass = coded.passes.last_mut().expect("a pass was begun");
        self.is_complete = number == 3 * planes.coded - 2;
        pass.terminated = self.is_complete || settings.style.ends_segment(number as u32 - 1);
        pass.terminated
    }

    /// Appends the bytes of the open segment, and sets the lengths of its passes.
    fn end_segment(&mut self, codeword: Option<&mut Codeword>) {
        let Self { coded, marks, raw, .. } = self;
        let is_raw = codeword.is_none();
        // The codeword to its last shift (D.4.2).
        let fixed = codeword.as_ref().filter(|_| self.settings.style.predictable).map(|codeword| codeword.length());
        let mut codeword = codeword;
        let number = match &mut codeword {
            Some(codeword) => codeword.finish(),
            None => raw.finish(),
        };
        let first = coded.passes.len() - marks.len();
        let last = marks.len() - 1;
        let mut stuffing = Stuffing::new(number, &mut coded.bytes);
        for (i, (pass, mark)) in coded.passes[first..].iter_mut().zip(marks.iter()).enumerate() {
            let length = match (mark, fixed) {
                (Mark::Raw(bits), _) => stuffing.cover(*bits),
                (Mark::Coded(_), Some(bits)) if i == last => stuffing.cover_some(bits),
                (Mark::Coded(bound), _) => stuffing.cover_some(bound.needed(number)),
            };
            pass.length = length as u32;
        }
        let end = stuffing.end(is_raw) as u32;
        for pass in &mut coded.passes[first..] {
            pass.length = pass.length.min(end);
        }
        marks.clear();
        match codeword {
            Some(codeword) => codeword.restart(),
            None => raw.restart(),
        }
    }
}

/// The plane and the kind of a pass, counted from 0.
fn place(number: usize, planes: usize) -> (usize, Kind) {
    let kind = [Kind::Propagation, Kind::Refinement, Kind::Cleanup][(number + 2) % 3];
    (planes - 1 - number.div_ceil(3), kind)
}
