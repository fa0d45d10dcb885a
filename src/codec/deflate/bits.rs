//! Bits packed least significant first (RFC 1951 §3.1.1).

use super::prefix_code::Code;
use super::symbols::Symbol;

/// Appends bits to bytes. At most seven bits wait between calls of [`BitWriter::flush`].
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bytes of `out` that have been written; the bytes after them are room.
    length: usize,
    bits: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let length = out.len();
        Self { out, length, bits: 0, count: 0 }
    }

    /// Makes room for `bits` bits. Required before [`BitWriter::flush`].
    pub(super) fn reserve(&mut self, bits: u64) {
        // A flush always stores eight bytes.
        self.out.resize(self.length + (bits / 8) as usize + 32, 0);
    }

    /// Adds the lowest `count` bits of `bits`, whose other bits are zero. With the waiting bits they must be fewer than 64.
    #[inline]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        debug_assert!(self.count + count < 64 && bits >> count == 0, "{count} bits fit");
        self.bits |= bits << self.count;
        self.count += count;
    }

    /// Adds the code of a symbol.
    #[inline]
    pub(super) fn put_code(&mut self, code: Code) {
        self.put(code.bits.into(), code.length.into());
    }

    /// Adds the code of a symbol and its extra bits.
    #[inline]
    pub(super) fn put_symbol(&mut self, code: Code, symbol: Symbol) {
        self.put_code(code);
        self.put(symbol.extra.into(), symbol.extra_bits.into());
    }

    /// Stores all whole bytes.
    #[inline]
    pub(super) fn flush(&mut self) {
        self.out[self.length..self.length + 8].copy_from_slice(&self.bits.to_le_bytes());
        self.length += (self.count / 8) as usize;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }

    /// Pads the last byte with zeros.
    pub(super) fn align(&mut self) {
        if self.count > 0 {
            self.count = self.count.next_multiple_of(8);
            self.flush();
        }
    }

    /// Appends bytes at a byte boundary.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.count, 0, "aligned");
        self.out.truncate(self.length);
        self.out.extend_from_slice(bytes);
        self.length = self.out.len();
    }

    /// Removes the unused room. The last byte must be complete.
    pub(super) fn finish(self) {
        debug_assert_eq!(self.count, 0, "aligned");
        self.out.truncate(self.length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_fill_bytes_from_the_least_significant_one() {
        let mut out = vec![9];
        let mut writer = BitWriter::new(&mut out);
        writer.reserve(32);
        writer.put(0b1, 1);
        writer.put_symbol(Code { bits: 0b101, length: 3 }, Symbol { number: 0, extra_bits: 5, extra: 0b10011 });
        writer.flush();
        writer.align();
        writer.bytes(&[7]);
        writer.finish();
        assert_eq!(out, [9, 0b0011_1011, 0b1, 7]);
    }
}
