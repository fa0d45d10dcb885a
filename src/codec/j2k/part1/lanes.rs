//! Blocks coded side by side, one in each lane of `simd::Lanes`.

use super::block::Block;
use super::codeword::Codeword;
use super::mq::{INITIAL, MqCoder, SIDE_BY_SIDE};
use super::planes::{BlockSamples, Coefficient};
use super::symbols::{AT_ONCE, Symbols};
use super::transpose::transpose_bytes;
use super::{CodedBlock, Orientation, Style};
use crate::simd::{Digits, LANES, Lanes, NO_SYMBOL, Registers};

/// With so few blocks left, one after the other is faster.
const FEW: usize = 8;

/// Codes as many blocks as there are lanes at a time.
pub(super) struct BlockLanes {
    coders: Box<Lanes>,
    blocks: Vec<Block>,
    lanes: Vec<Lane>,
    /// The next symbols of each lane.
    steps: [[u8; LANES]; AT_ONCE],
    digits: Digits,
}

/// What each step needs of the block in a lane.
#[derive(Default)]
struct Lane {
    codeword: Codeword,
    /// Digits that are not in the codeword yet.
    digits: Vec<u16>,
    symbols: Symbols,
    /// The next symbol of the pass.
    at: usize,
    is_busy: bool,
}

impl Default for BlockLanes {
    fn default() -> Self {
        let blocks = std::iter::repeat_with(Block::default).take(LANES).collect();
        let lanes = std::iter::repeat_with(Lane::default).take(LANES).collect();
        Self { coders: Lanes::new(), blocks, lanes, steps: [[NO_SYMBOL; LANES]; AT_ONCE], digits: Digits::default() }
    }
}

impl BlockLanes {
    /// Codes the blocks that `next` gives, and passes each with its key to `done`.
    pub(super) fn encode_all<'a, K, T: Coefficient + 'a>(
        &mut self,
        style: Style,
        exact: bool,
        mut next: impl FnMut() -> Option<(K, BlockSamples<'a, T>, Orientation)>,
        mut done: impl FnMut(K, CodedBlock),
    ) {
        // Begins blocks in a lane until one has passes.
        let mut begin = |this: &mut Self, number: usize, done: &mut dyn FnMut(K, CodedBlock)| {
            while let Some((key, samples, orientation)) = next() {
                this.blocks[number].start(&samples, orientation, style, exact);
                if this.begin(number) {
                    return Some(key);
                }
                done(key, this.blocks[number].take());
            }
            None
        };
        let mut keys: [Option<K>; LANES] = std::array::from_fn(|number| begin(self, number, &mut done));
        while keys.iter().flatten().count() > FEW {
            self.code();
            for (number, key) in keys.iter_mut().enumerate() {
                while self.has_ended(number) {
                    if !self.next_pass(number, style)
                        && let Some(key) = key.take()
                    {
                        done(key, self.blocks[number].take());
                    }
                    if key.is_none() {
                        *key = begin(self, number, &mut done);
                    }
                }
            }
        }
        for (number, key) in keys.into_iter().enumerate() {
            if let Some(key) = key {
                done(key, self.complete(number));
            }
        }
    }

    /// Begins the block of a lane. False if it has no passes.
    fn begin(&mut self, number: usize) -> bool {
        let lane = &mut self.lanes[number];
        lane.codeword.restart();
        lane.begin_pass(&mut self.blocks[number]);
        self.coders.set_contexts(number, &INITIAL);
        self.coders.set_registers(number, lane.registers());
        lane.is_busy
    }

    /// Codes the next symbols of all lanes.
    fn code(&mut self) {
        let Self { coders, lanes, steps, digits, .. } = self;
        for (eight, lanes) in lanes.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let symbols: [&[u8; AT_ONCE]; 8] = lanes.each_ref().map(Lane::next);
            for (first, steps) in steps.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                let mut words = symbols.map(|symbols| u64::from_le_bytes(symbols.as_chunks().0[first]));
                transpose_bytes(&mut words);
                for (step, word) in steps.iter_mut().zip(words) {
                    step.as_chunks_mut().0[eight] = word.to_le_bytes();
                }
            }
            for lane in lanes {
                lane.at += AT_ONCE;
            }
        }
        coders.encode(steps, &SIDE_BY_SIDE, digits);
        digits.for_each(|number, digit| lanes[number % LANES].digits.push(digit));
    }

    /// True if the lane has coded the last symbol of a pass.
    fn has_ended(&self, number: usize) -> bool {
        let lane = &self.lanes[number];
        lane.is_busy && lane.at >= lane.symbols.all().len()
    }

    /// Ends the pass of a lane and begins the next. False if the block is complete.
    fn next_pass(&mut self, number: usize, style: Style) -> bool {
        let lane = &mut self.lanes[number];
        lane.complete_codeword(self.coders.registers(number));
        self.blocks[number].end_pass(&mut lane.codeword);
        lane.begin_pass(&mut self.blocks[number]);
        if style.reset {
            self.coders.set_contexts(number, &INITIAL);
        }
        self.coders.set_registers(number, lane.registers());
        lane.is_busy
    }

    /// Codes the rest of the block of a lane.
    fn complete(&mut self, number: usize) -> CodedBlock {
        let lane = &mut self.lanes[number];
        lane.complete_codeword(self.coders.registers(number));
        lane.is_busy = false;
        let mut coder = MqCoder::new(std::mem::take(&mut lane.codeword), &self.coders.contexts(number));
        self.blocks[number].code(&mut lane.symbols, lane.at, &mut coder);
        lane.codeword = coder.codeword;
        self.blocks[number].take()
    }
}

impl Lane {
    fn begin_pass(&mut self, block: &mut Block) {
        self.at = 0;
        self.is_busy = block.next_pass(&mut self.symbols);
    }

    fn next(&self) -> &[u8; AT_ONCE] {
        if self.is_busy { self.symbols.next(self.at) } else { &[NO_SYMBOL; AT_ONCE] }
    }

    fn registers(&self) -> Registers {
        let Codeword { interval, base, pending, .. } = self.codeword;
        Registers { interval: (interval >> 16) as u16, code: base as u32, held: pending }
    }

    fn complete_codeword(&mut self, Registers { interval, code, held }: Registers) {
        self.codeword.append(&self.digits);
        self.digits.clear();
        self.codeword.interval = u32::from(interval) << 16;
        self.codeword.base = u64::from(code);
        self.codeword.pending = held;
    }
}
