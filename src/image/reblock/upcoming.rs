//! The order in which re-blocking requests the blocks of a source.

use std::collections::VecDeque;

use crate::image::grid::{BlockGrid, BlockIndex};

/// The source blocks in the order of their first use by the blocks of a target grid of the same image, each once.
pub(super) struct Upcoming {
    source: BlockGrid,
    target: BlockGrid,
    next: u64,
    found: VecDeque<BlockIndex>,
}

impl Upcoming {
    /// The order for these grids.
    pub(super) fn new(source: BlockGrid, target: BlockGrid) -> Self {
        Self { source, target, next: 0, found: VecDeque::new() }
    }
}

impl Iterator for Upcoming {
    type Item = BlockIndex;

    fn next(&mut self) -> Option<BlockIndex> {
        while self.found.is_empty() && self.next < self.target.count() {
            let at = self.target.at(self.next);
            self.next += 1;
            let source = self.source;
            // The first target block of a source block, in row-major order, is the one of its first pixel.
            let first = |block: &BlockIndex| {
                let window = source.block_window(*block);
                self.target.block_of(window.x, window.y) == at
            };
            self.found.extend(source.blocks_of(self.target.block_window(at)).filter(first));
        }
        self.found.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_source_block_comes_once_in_the_order_of_its_first_use(
            size in (1u32..70, 1u32..70), source in (1u32..20, 1u32..20), target in (1u32..20, 1u32..20),
        ) {
            let grid = |blocks: (u32, u32)| BlockGrid::new(size.0, size.1, blocks.0, blocks.1).unwrap();
            let (source, target) = (grid(source), grid(target));
            let mut expected = Vec::new();
            for position in 0..target.count() {
                for block in source.blocks_of(target.block_window(target.at(position))) {
                    if !expected.contains(&block) {
                        expected.push(block);
                    }
                }
            }
            prop_assert_eq!(Upcoming::new(source, target).collect::<Vec<_>>(), expected);
        }
    }
}
