//! Segments of plain bits (T.800 D.6).

use super::segment::Bound;

/// Collects the bits of a raw segment.
#[derive(Default)]
pub(super) struct RawBits {
    number: Vec<u8>,
    /// The last bits, which do not fill a byte yet.
    open: u8,
    count: usize,
}

impl RawBits {
    /// Begins a segment.
    pub(super) fn restart(&mut self) {
        self.number.clear();
        self.open = 0;
        self.count = 0;
    }

    /// Appends the lowest bit of each symbol.
    pub(super) fn append(&mut self, symbols: &[u8]) {
        for symbol in symbols {
            self.open = self.open << 1 | symbol & 1;
            self.count += 1;
            if self.count.is_multiple_of(8) {
                self.number.push(self.open);
            }
        }
    }

    /// Number of bits.
    pub(super) fn length(&self) -> usize {
        self.count
    }

    /// Completes the number: the bits, and the alternating sequence that fills the last byte, which begins with 0.
    pub(super) fn finish(&mut self) -> &[u8] {
        let length = self.count;
        self.append(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
        self.count = length;
        self.number.extend([0; Bound::READ]);
        &self.number
    }
}
