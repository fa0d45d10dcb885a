//! Compression of data to blocks that end at a byte boundary, each with the prices of the previous one.

use super::matches::{Effort, Finder, Pixels};
use super::prices::Prices;
use crate::codec::deflate::bits::BitWriter;
use crate::codec::deflate::block::{Block, store};
use crate::codec::deflate::frequencies::{Frequencies, count_bytes};
use crate::codec::deflate::sequence::Sequence;

/// Compresses data; keeps its buffers between calls.
#[derive(Default)]
pub(crate) struct Deflater {
    finder: Finder,
    sequences: Vec<Sequence>,
}

impl Deflater {
    /// Compresses `data`, which is filtered rows, and appends blocks that end at a byte boundary to `out`. The last piece of a
    /// stream is marked as last; any other ends with an empty stored block.
    pub(crate) fn compress(&mut self, data: &[u8], pixels: Pixels, effort: Effort, last: bool, out: &mut Vec<u8>) {
        let mut histogram = [0; 256];
        count_bytes(&data[..data.len().min(FIRST_BLOCK_SYMBOLS)], &mut histogram);
        let mut prices = Prices::guess(&histogram);
        let mut writer = BitWriter::new(out);
        self.finder.begin(effort, pixels);
        let (mut rest, mut symbols) = (data, FIRST_BLOCK_SYMBOLS);
        loop {
            self.sequences.clear();
            let bytes = self.finder.find(data, &prices, symbols, &mut self.sequences);
            let (raw, later) = rest.split_at(bytes);
            let frequencies = Frequencies::of_sequences(raw, &self.sequences);
            let block = Block::new(raw, &self.sequences, &frequencies);
            block.write_smallest(last && later.is_empty(), &mut writer);
            if later.is_empty() {
                break;
            }
            prices = Prices::of(block.codes());
            symbols = BLOCK_SYMBOLS;
            rest = later;
        }
        if last {
            writer.align();
        } else {
            store(&[], false, &mut writer);
        }
        writer.finish();
    }
}

/// Symbols of a block. With fewer, the codes fit better, but their descriptions cost more.
const BLOCK_SYMBOLS: usize = 48 << 10;

/// Symbols of the first block, whose prices are guesses.
const FIRST_BLOCK_SYMBOLS: usize = 12 << 10;
