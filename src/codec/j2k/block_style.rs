//! The coder of a component's code-blocks, by `SPcod` (T.800 Table A.19, T.814 A.4).

use super::markers::HIGH_THROUGHPUT;
use super::part1::Style;

/// How code-blocks are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockStyle {
    /// As in Part 1.
    Part1(Style),
    /// As in Part 15. Propagation does not use the stripe below if `causal`.
    HighThroughput {
        /// [`Style::vertical_causal`].
        causal: bool,
    },
}

impl BlockStyle {
    /// The style of a byte of COD. `None` for blocks that this crate does not decode: of both Parts in one tile, and of styles
    /// that the Parts do not have.
    pub(crate) fn of(bits: u8) -> Option<Self> {
        const CAUSAL: u8 = HIGH_THROUGHPUT | Style::CAUSAL;
        match bits {
            ..HIGH_THROUGHPUT => Some(Self::Part1(Style::of(bits))),
            HIGH_THROUGHPUT | CAUSAL => Some(Self::HighThroughput { causal: bits == CAUSAL }),
            _ => None,
        }
    }

    /// True if a codeword segment ends with this pass, counted from 0 in the block.
    pub(crate) fn ends_segment(self, pass: u32) -> bool {
        match self {
            Self::Part1(style) => style.ends_segment(pass),
            // A cleanup pass is a segment, and the other two passes of a set are the next.
            Self::HighThroughput { .. } => pass % 3 != 1,
        }
    }
}
