//! Tag trees (T.800 B.10.2): the smallest values of a grid and of its quarters, sent as far as a threshold asks.

use super::header_bits::{HeaderBits, HeaderReader};
use crate::error::Result;

/// A tag tree that is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TagTree {
    /// Nodes from the leaves to the root, each level row by row.
    nodes: Vec<Node>,
    /// The first node and the columns of each level.
    levels: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    value: u32,
    /// The receiver knows that the value is at least this.
    low: u32,
    /// The receiver knows the value.
    is_known: bool,
}

impl TagTree {
    /// A tree over `columns` × `rows` leaves of the value `u32::MAX`.
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        let (mut levels, mut count) = (Vec::new(), 0);
        let (mut columns, mut rows) = (columns, rows);
        while columns * rows > 0 {
            levels.push((count, columns));
            count += columns * rows;
            if columns * rows == 1 {
                break;
            }
            (columns, rows) = (columns.div_ceil(2), rows.div_ceil(2));
        }
        Self { nodes: vec![Node { value: u32::MAX, low: 0, is_known: false }; count], levels }
    }

    /// Lowers the value of a leaf. What was sent of the tree must stay true.
    pub(crate) fn lower(&mut self, leaf: usize, value: u32) {
        for level in 0..self.levels.len() {
            let place = self.place(leaf, level);
            let node = &mut self.nodes[place];
            node.value = node.value.min(value);
        }
    }

    /// Sends what the receiver needs to know whether the value of a leaf is less than `threshold`, and which it then is.
    pub(crate) fn send(&mut self, leaf: usize, threshold: u32, out: &mut HeaderBits<'_>) {
        let mut low = 0;
        for level in (0..self.levels.len()).rev() {
            let place = self.place(leaf, level);
            let node = &mut self.nodes[place];
            low = low.max(node.low);
            while low < threshold && !node.is_known {
                if low == node.value {
                    out.put(1, 1);
                    node.is_known = true;
                } else {
                    out.put(0, 1);
                    low += 1;
                }
            }
            node.low = low;
        }
    }

    /// Learns whether the value of a leaf is less than `threshold`. The values of a tree that is received are not used.
    ///
    /// # Errors
    /// As [`HeaderReader::bit`].
    pub(crate) fn is_less(&mut self, leaf: usize, threshold: u32, bits: &mut HeaderReader<'_>) -> Result<bool> {
        let (mut low, mut is_known) = (0, false);
        for level in (0..self.levels.len()).rev() {
            let place = self.place(leaf, level);
            let node = &mut self.nodes[place];
            low = low.max(node.low);
            while low < threshold && !node.is_known {
                if bits.bit()? == 1 { node.is_known = true } else { low += 1 }
            }
            node.low = low;
            is_known = node.is_known;
        }
        Ok(is_known && low < threshold)
    }

    /// The node above a leaf at a level, 0 for the leaf itself.
    fn place(&self, leaf: usize, level: usize) -> usize {
        let across = self.levels[0].1;
        let (first, columns) = self.levels[level];
        first + ((leaf / across) >> level) * columns + ((leaf % across) >> level)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_receiver_learns_every_value_threshold_by_threshold(
            (columns, rows) in (1usize..7, 1usize..7), values in prop::collection::vec(0u32..6, 36)
        ) {
            let mut tree = TagTree::new(columns, rows);
            let mut bytes = Vec::new();
            let mut out = HeaderBits::new(&mut bytes);
            for threshold in 1..7 {
                for (leaf, value) in values.iter().enumerate().take(columns * rows) {
                    if *value < threshold {
                        tree.lower(leaf, *value);
                    }
                }
                for leaf in 0..columns * rows {
                    tree.send(leaf, threshold, &mut out);
                }
            }
            out.finish();
            bytes.push(0);
            let (mut received, mut reader) = (TagTree::new(columns, rows), HeaderReader::new(&bytes));
            for threshold in 1..7 {
                for (leaf, value) in values.iter().enumerate().take(columns * rows) {
                    prop_assert_eq!(received.is_less(leaf, threshold, &mut reader).unwrap(), *value < threshold);
                }
            }
        }
    }
}
