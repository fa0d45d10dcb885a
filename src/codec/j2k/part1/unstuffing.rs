//! The number that the bytes of a codeword segment stand for (T.800 C.3.4, D.6): the reverse of `segment`.

/// The bits of a segment without the stuffed ones, followed by ones.
#[derive(Default)]
pub(super) struct Number {
    bytes: Vec<u8>,
}

/// Bytes of ones that follow the number. A reader that has passed them sees ones without reading.
const ONES: usize = 8;

impl Number {
    /// Takes the number from the bytes of a segment. Bytes from a marker on are not a part of it.
    pub(super) fn read(&mut self, segment: &[u8]) {
        self.bytes.clear();
        self.bytes.reserve(segment.len() + ONES + 1);
        let (mut rest, mut before) = (segment, Held::default());
        while !rest.is_empty() {
            let plain = rest.iter().position(|byte| *byte == 0xFF).map_or(rest.len(), |at| at + 1);
            before.append(&rest[..plain], &mut self.bytes);
            let is_stuffed = rest[plain - 1] == 0xFF;
            rest = &rest[plain..];
            match rest.split_first() {
                Some((next, others)) if is_stuffed && *next <= 0x8F => {
                    before.append_stuffed(*next, &mut self.bytes);
                    rest = others;
                    // A stuffed byte is never FF: at most 8F.
                }
                _ if is_stuffed => break,
                _ => {}
            }
        }
        before.finish(&mut self.bytes);
        self.bytes.extend([0xFF; ONES]);
    }

    /// The 32 bits from byte `at` on.
    #[inline(always)]
    pub(super) fn word(&self, at: usize) -> u32 {
        self.bytes
            .get(at..at + 4)
            .and_then(|word| word.first_chunk())
            .map_or(u32::MAX, |word| u32::from_be_bytes(*word))
    }
}

/// Bits that do not fill a byte yet.
#[derive(Default)]
struct Held {
    bits: u32,
    count: u32,
}

impl Held {
    fn append(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.count == 0 {
            return out.extend_from_slice(bytes);
        }
        for byte in bytes {
            self.bits = self.bits << 8 | u32::from(*byte);
            out.push((self.bits >> self.count) as u8);
        }
        self.bits &= (1 << self.count) - 1;
    }

    /// Appends the byte after FF: seven bits, and a carry into the bits before.
    fn append_stuffed(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte >= 0x80 {
            self.carry(out);
        }
        self.bits = self.bits << 7 | u32::from(byte & 0x7F);
        self.count += 7;
        if self.count >= 8 {
            self.count -= 8;
            out.push((self.bits >> self.count) as u8);
            self.bits &= (1 << self.count) - 1;
        }
    }

    fn carry(&mut self, out: &mut [u8]) {
        self.bits += 1;
        if self.bits >> self.count == 0 {
            return;
        }
        self.bits &= (1 << self.count) - 1;
        for byte in out.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return;
            }
        }
    }

    fn finish(self, out: &mut Vec<u8>) {
        if self.count > 0 {
            let free = 8 - self.count;
            out.push((self.bits << free) as u8 | ((1u32 << free) - 1) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(segment: &[u8]) -> Vec<u8> {
        let mut number = Number::default();
        number.read(segment);
        number.bytes
    }

    #[test]
    fn a_byte_after_ff_has_seven_bits_and_a_carry() {
        assert_eq!(number(&[1, 2]), [&[1, 2][..], &[0xFF; 8]].concat());
        assert_eq!(number(&[0xFF, 0]), [&[0xFF, 1][..], &[0xFF; 8]].concat());
        assert_eq!(number(&[1, 0xFF, 0x80]), [&[2, 0, 1][..], &[0xFF; 8]].concat());
        assert_eq!(number(&[0xFF, 0x7F, 0xFF, 0x00])[..4], [0xFF, 0xFF, 0xFE, 0x03]);
        assert_eq!(number(&[3, 0xFF, 0x90, 7]), [&[3, 0xFF][..], &[0xFF; 8]].concat());
    }

    #[test]
    fn ones_follow() {
        let mut number = Number::default();
        number.read(&[]);
        assert_eq!((number.word(0), number.word(6), number.word(100)), (u32::MAX, u32::MAX, u32::MAX));
    }
}
