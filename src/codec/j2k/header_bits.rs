//! Bits of packet headers (T.800 B.10.1): most significant first; the byte after FF has seven.

use crate::error::{Error, Result};

/// Appends bits to bytes.
pub(crate) struct HeaderBits<'o> {
    out: &'o mut Vec<u8>,
    byte: u8,
    /// Bits that the byte still takes.
    free: u32,
    /// Bits that the byte takes in all.
    room: u32,
}

impl<'o> HeaderBits<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, byte: 0, free: 8, room: 8 }
    }

    /// Appends the lowest `count` bits of a value.
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            self.free -= 1;
            self.byte |= ((value >> shift & 1) as u8) << self.free;
            if self.free == 0 {
                self.next_byte();
            }
        }
    }

    /// Fills the last byte with zeros. FF cannot be the last byte.
    pub(crate) fn finish(mut self) {
        if self.free < self.room || self.room == 7 {
            self.next_byte();
        }
    }

    fn next_byte(&mut self) {
        self.out.push(self.byte);
        self.room = if self.byte == 0xFF { 7 } else { 8 };
        self.free = self.room;
        self.byte = 0;
    }
}

/// Takes bits from bytes.
pub(crate) struct HeaderReader<'b> {
    bytes: &'b [u8],
    /// The next byte.
    at: usize,
    byte: u8,
    /// Bits of the byte that were not taken.
    left: u32,
}

impl<'b> HeaderReader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, byte: 0, left: 0 }
    }

    /// Takes a bit.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the bytes end.
    pub(crate) fn bit(&mut self) -> Result<u32> {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = *self.bytes.get(self.at).ok_or_else(|| Error::malformed("packet: its header is incomplete"))?;
            self.at += 1;
        }
        self.left -= 1;
        Ok(u32::from(self.byte >> self.left & 1))
    }

    /// Takes `count` bits, at most 32.
    ///
    /// # Errors
    /// As [`HeaderReader::bit`].
    pub(crate) fn take(&mut self, count: u32) -> Result<u32> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | self.bit()?))
    }

    /// The number of bytes of the header.
    ///
    /// # Errors
    /// As [`HeaderReader::bit`].
    pub(crate) fn finish(mut self) -> Result<usize> {
        if self.byte == 0xFF {
            self.left = 0;
            self.bit()?;
        }
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(groups: &[(u32, u32)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut bits = HeaderBits::new(&mut out);
        for (value, count) in groups {
            bits.put(*value, *count);
        }
        bits.finish();
        out
    }

    #[test]
    fn a_byte_after_all_ones_has_seven_bits() {
        assert_eq!(bits(&[]), [0u8; 0]);
        assert_eq!(bits(&[(0, 1)]), [0]);
        assert_eq!(bits(&[(1, 1), (5, 3)]), [0b1101_0000]);
        assert_eq!(bits(&[(0xFF, 8)]), [0xFF, 0]);
        assert_eq!(bits(&[(0xFF, 8), (0x7F, 7)]), [0xFF, 0x7F]);
        assert_eq!(bits(&[(0xFF, 8), (0x7F, 7), (1, 1)]), [0xFF, 0x7F, 0x80]);
        assert_eq!(bits(&[(0xFFFF, 16)]), [0xFF, 0x7F, 0x80]);
    }

    #[test]
    fn a_reader_takes_what_was_put() {
        for groups in [&[(1, 1), (5, 3)][..], &[(0xFF, 8)], &[(0xFFFF, 16), (3, 5)], &[(0xFF, 8), (0x7F, 7), (1, 1)]] {
            let mut bytes = bits(groups);
            let length = bytes.len();
            bytes.push(7);
            let mut reader = HeaderReader::new(&bytes);
            for (value, count) in groups {
                assert_eq!(reader.take(*count).unwrap(), *value);
            }
            assert_eq!(reader.finish().unwrap(), length);
        }
        assert!(HeaderReader::new(&[1]).take(9).is_err());
    }
}
