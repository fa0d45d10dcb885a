//! Bits of packet headers (T.800 B.10.1): most significant first; the byte after FF has seven.

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
}
