//! Huffman-coded data (ITU-T T.81 Annexes C, F.2.2): the codes of a table, and entropy-coded data read bit by bit.

use super::markers::{RST0, RST7};

/// Bits of a code that a table resolves at once.
const FAST: u32 = 9;

/// Most bits of a code.
const LONGEST: usize = 16;

/// The tables of a stream that are defined so far: those of DC codes and of differences, then those of AC codes.
#[derive(Default)]
pub(super) struct CodeTables([[Option<Codes>; 4]; 2]);

/// The codes of a Huffman table.
#[derive(Clone)]
pub(super) struct Codes {
    /// For each value of the next [`FAST`] bits, the length of the code and its symbol; a length of 0 for longer codes.
    fast: Box<[(u8, u8); 1 << FAST]>,
    /// For each length, the end of its codes (exclusive), shifted up to [`LONGEST`] bits.
    ends: [u32; LONGEST + 1],
    /// For each length, the number that turns a code into the position of its symbol.
    offsets: [i32; LONGEST + 1],
    symbols: Vec<u8>,
}

/// Entropy-coded data, read bit by bit up to the next marker.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

/// The data ended before the scan did, or a code is not in its table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short;

impl CodeTables {
    /// Takes the tables of a segment; what breaks the standard is left out.
    pub(super) fn define(&mut self, mut payload: &[u8]) {
        while let Some((class, rest)) = payload.split_first() {
            let Some((counts, rest)) = rest.split_first_chunk::<LONGEST>() else { return };
            let count = counts.iter().map(|count| usize::from(*count)).sum::<usize>();
            let Some((symbols, rest)) = rest.split_at_checked(count) else { return };
            if let Some(table) = self.0.get_mut(usize::from(class >> 4))
                && let Some(place) = table.get_mut(usize::from(class & 15))
            {
                *place = Some(Codes::new(counts, symbols));
            }
            payload = rest;
        }
    }

    /// The codes of DC coefficients or of differences that a scan header selects.
    pub(super) fn dc(&self, selected: u8) -> Option<&Codes> {
        self.0[0].get(usize::from(selected >> 4))?.as_ref()
    }

    /// The codes of AC coefficients that a scan header selects.
    pub(super) fn ac(&self, selected: u8) -> Option<&Codes> {
        self.0[1].get(usize::from(selected & 15))?.as_ref()
    }
}

impl Codes {
    fn new(counts: &[u8; LONGEST], symbols: &[u8]) -> Self {
        let mut codes = Self {
            fast: Box::new([(0, 0); 1 << FAST]),
            ends: [0; LONGEST + 1],
            offsets: [0; LONGEST + 1],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0u32, 0i32);
        for (length, count) in (1..).zip(counts) {
            codes.offsets[length] = place - code as i32;
            for _ in 0..*count {
                let shift = FAST.wrapping_sub(length as u32);
                if length as u32 <= FAST && (code as usize) < 1 << length {
                    let first = (code << shift) as usize;
                    codes.fast[first..first + (1 << shift)].fill((length as u8, symbols[place as usize]));
                }
                code += 1;
                place += 1;
            }
            codes.ends[length] = code << (LONGEST - length);
            code <<= 1;
        }
        codes
    }

    /// The length and the symbol of a code longer than [`FAST`] bits, at the start of 16 bits.
    #[cold]
    fn long(&self, next: u32) -> Option<(u32, u8)> {
        let length = (FAST as usize + 1..=LONGEST).find(|length| next < self.ends[*length])?;
        let place = (next >> (LONGEST - length)) as i32 + self.offsets[length];
        let symbol = usize::try_from(place).ok().and_then(|place| self.symbols.get(place))?;
        Some((length as u32, *symbol))
    }
}

impl<'a> Bits<'a> {
    /// The bits of `data` from the byte at `at`.
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, held: 0, count: 0 }
    }

    /// An offset between the bits that were read and the next marker.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Holds at least 32 bits if the data have them.
    #[inline]
    fn refill(&mut self) {
        if self.count <= 32
            && let Some(next) = self.data.get(self.at..).and_then(<[u8]>::first_chunk)
        {
            let next = u32::from_be_bytes(*next);
            // True if no byte is 0xFF: none of the bytes of the complement is zero.
            if (!next).wrapping_sub(0x0101_0101) & next & 0x8080_8080 == 0 {
                self.held = self.held << 32 | u64::from(next);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        while self.count <= 48 {
            let Some(byte) = self.data.get(self.at) else { return };
            if *byte == 0xFF {
                if self.data.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = self.held << 8 | u64::from(*byte);
            self.count += 8;
        }
    }

    /// Passes over bits, at most 64.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) -> std::result::Result<(), Short> {
        if count > 32 {
            self.take(32)?;
        }
        self.take(if count > 32 { count - 32 } else { count }).map(|_| ())
    }

    /// The value of the next bits, at most 32.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> std::result::Result<u32, Short> {
        if self.count < count {
            self.refill();
            if self.count < count {
                return Err(Short);
            }
        }
        self.count -= count;
        Ok((self.held >> self.count & ((1 << count) - 1)) as u32)
    }

    /// A value of `size` bits, at most 16, whose upper half is positive (§F.2.2.1).
    #[inline]
    pub(super) fn signed(&mut self, size: u32) -> std::result::Result<i32, Short> {
        if size == 0 {
            return Ok(0);
        }
        let value = self.take(size)?.cast_signed();
        Ok(if value >> (size - 1) == 0 { value - (1 << size) + 1 } else { value })
    }

    /// The symbol of the next code.
    #[inline]
    pub(super) fn symbol(&mut self, codes: &Codes) -> std::result::Result<u8, Short> {
        if self.count < 32 {
            self.refill();
        }
        // Missing bits are zeros; the length of the code shows whether it needed them.
        let next = (if self.count >= LONGEST as u32 {
            self.held >> (self.count - LONGEST as u32)
        } else {
            self.held << (LONGEST as u32 - self.count)
        } & 0xFFFF) as u32;
        let (length, symbol) = match codes.fast[(next >> (LONGEST as u32 - FAST)) as usize] {
            (0, _) => codes.long(next).ok_or(Short)?,
            (length, symbol) => (u32::from(length), symbol),
        };
        if length > self.count {
            return Err(Short);
        }
        self.count -= length;
        Ok(symbol)
    }

    /// Reads the AC coefficients of a block of a sequential scan (§F.2.2.2). `coefficient` reads those that are not zero: it gets the
    /// position in zigzag order, which is past the block in damaged data, and the number of bits.
    pub(super) fn ac(
        &mut self,
        codes: &Codes,
        mut coefficient: impl FnMut(&mut Self, usize, u32) -> std::result::Result<(), Short>,
    ) -> std::result::Result<(), Short> {
        let mut k = 1;
        while k < 64 {
            let symbol = self.symbol(codes)?;
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (zeros, size) {
                // Sixteen zeros, or only zeros.
                (15, 0) => k += 16,
                (_, 0) => break,
                _ => {
                    coefficient(self, k + zeros, size)?;
                    k += zeros + 1;
                }
            }
        }
        Ok(())
    }

    /// Continues after a restart marker; bits before it are padding.
    pub(super) fn restart(&mut self) -> std::result::Result<(), Short> {
        (self.held, self.count) = (0, 0);
        while let Some([first, second]) = self.data.get(self.at..self.at + 2) {
            match (*first, *second) {
                (0xFF, RST0..=RST7) => {
                    self.at += 2;
                    return Ok(());
                }
                (0xFF, 0) => self.at += 2,
                (0xFF, 0xFF) => self.at += 1,
                (0xFF, _) => return Err(Short),
                _ => self.at += 1,
            }
        }
        Err(Short)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bits as bytes, padded with ones; a zero follows each byte of ones.
    pub(in super::super) fn bits(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').map(|byte| byte - b'0').collect();
        let bytes = digits.chunks(8).map(|byte| (0..8).fold(0, |value, at| value << 1 | byte.get(at).unwrap_or(&1)));
        bytes.flat_map(|byte| [byte].into_iter().chain((byte == 0xFF).then_some(0))).collect()
    }

    #[test]
    fn codes_of_every_length_are_found() {
        let counts = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
        let symbols: Vec<u8> = (10..26).collect();
        let codes = Codes::new(&counts, &symbols);
        for length in 1..=LONGEST {
            let data = bits(&format!("{}0{}", "1".repeat(length - 1), "1".repeat(16)));
            let mut bits = Bits::new(&data, 0);
            assert!(bits.symbol(&codes).is_ok_and(|symbol| usize::from(symbol) == 9 + length), "{length}");
            assert!(bits.symbol(&codes).is_err(), "all ones are not a code");
        }
    }

    #[test]
    fn the_upper_half_of_the_values_is_positive() {
        let data = bits("0 1 00 11 0000000000000000 1000000000000000");
        let mut bits = Bits::new(&data, 0);
        let values = [0, 1, 1, 2, 2, 16, 16].map(|size| bits.signed(size).unwrap());
        assert_eq!(values, [0, -1, 1, -3, 3, -65535, 32768]);
    }
}
