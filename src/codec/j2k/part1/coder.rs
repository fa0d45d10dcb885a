//! The face of the block coder.

use super::block::Block;
use super::lanes::BlockLanes;
use super::mq::MqCoder;
use super::planes::{BlockSamples, Coefficient};
use super::symbols::Symbols;
use super::{CodedBlock, Orientation, Style};
use crate::simd::Lanes;

/// Codes blocks; keeps its buffers, and nothing else, from block to block.
#[derive(Default)]
pub(crate) struct BlockCoder {
    block: Block,
    symbols: Symbols,
    coder: MqCoder,
    lanes: Option<Box<BlockLanes>>,
}

impl BlockCoder {
    /// Codes the samples of a block. If the coefficients are `exact` integers (5/3), no error remains after the last plane.
    pub(crate) fn encode<T: Coefficient>(
        &mut self,
        samples: &BlockSamples<'_, T>,
        orientation: Orientation,
        style: Style,
        exact: bool,
    ) -> CodedBlock {
        let Self { block, symbols, coder, .. } = self;
        block.start(samples, orientation, style, exact);
        coder.codeword.restart();
        coder.reset_contexts();
        if block.next_pass(symbols) {
            block.code(symbols, 0, coder);
        }
        block.take()
    }

    /// Codes the blocks that `next` gives, as `encode` does, and passes each with its key to `done`, in any order. If the
    /// processor can, 64 blocks are coded side by side.
    pub(crate) fn encode_all<'a, K, T: Coefficient + 'a>(
        &mut self,
        style: Style,
        exact: bool,
        mut next: impl FnMut() -> Option<(K, BlockSamples<'a, T>, Orientation)>,
        mut done: impl FnMut(K, CodedBlock),
    ) {
        if Lanes::are_fast() {
            return self.lanes.get_or_insert_default().encode_all(style, exact, next, done);
        }
        while let Some((key, samples, orientation)) = next() {
            done(key, self.encode(&samples, orientation, style, exact));
        }
    }
}
