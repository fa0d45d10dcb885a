//! Encodes bytes to codes.

use super::{CLEAR, END, FIRST, NARROWEST, WIDEST};

/// The strings since the last clear code, by prefix and last byte: a hash table with open addressing.
///
/// A slot is the code of the prefix (12 bits), the last byte (8) and the code (12). The table has twice as many slots as there
/// can be strings, which keeps probes short, and fits the first-level cache.
pub(super) struct Strings(Box<[u32; SLOTS]>);

impl Default for Strings {
    #[allow(clippy::large_stack_arrays, reason = "made once per worker and moved to the heap at once")]
    fn default() -> Self {
        Self(vec![EMPTY; SLOTS].try_into().expect("as many slots"))
    }
}

impl Strings {
    /// The code of the string `key`, or the slot for it.
    #[inline]
    fn find(&self, key: u32) -> Result<u32, usize> {
        let mut slot = (key.wrapping_mul(SPREAD) >> (u32::BITS - SLOTS.trailing_zeros())) as usize;
        loop {
            let entry = self.0[slot];
            if entry >> WIDEST == key {
                return Ok(entry & CODE_MASK);
            }
            if entry == EMPTY {
                return Err(slot);
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

const SLOTS: usize = 8192;
/// An empty slot: its prefix would be the code 4095, which is never assigned.
const EMPTY: u32 = u32::MAX;
/// An odd number near 2^32 divided by the golden ratio, whose multiples spread evenly (Knuth, volume 3, §6.4).
const SPREAD: u32 = 0x9E37_79B1;
const CODE_MASK: u32 = (1 << WIDEST) - 1;

/// The table is cleared when this is the next free code, two codes before it is full, as other writers do.
const LAST: u32 = 4094;

/// Appends the codes of `bytes` to `out`.
pub(super) fn compress(bytes: &[u8], out: &mut Vec<u8>, strings: &mut Strings) {
    let mut codes = Codes::new(bytes.len(), out);
    strings.0.fill(EMPTY);
    codes.put(CLEAR.into());
    let (mut next, mut width_ends) = (u32::from(FIRST), FIRST_WIDTH_ENDS);
    if let Some((first, rest)) = bytes.split_first() {
        let mut string = u32::from(*first);
        for byte in rest {
            let key = string << 8 | u32::from(*byte);
            match strings.find(key) {
                Ok(code) => string = code,
                Err(slot) => {
                    codes.put(string);
                    strings.0[slot] = key << WIDEST | next;
                    string = u32::from(*byte);
                    next += 1;
                    if next == width_ends {
                        if next == LAST {
                            codes.put(CLEAR.into());
                            codes.width = NARROWEST;
                            strings.0.fill(EMPTY);
                            (next, width_ends) = (FIRST.into(), FIRST_WIDTH_ENDS);
                        } else {
                            codes.width += 1;
                            width_ends = if codes.width == WIDEST { LAST } else { 1 << codes.width };
                        }
                    }
                }
            }
        }
        codes.put(string);
        // The decoder also adds an entry for this code, and may change its width before the end code.
        if next + 1 == width_ends && codes.width < WIDEST {
            codes.width += 1;
        }
    }
    codes.put(END.into());
    codes.finish();
}

/// The next free code at which codes get wider.
const FIRST_WIDTH_ENDS: u32 = 1 << NARROWEST;

/// Writes codes to bytes.
struct Codes<'a> {
    out: &'a mut Vec<u8>,
    at: usize,
    width: u32,
    held: u64,
    bits: u32,
}

impl<'a> Codes<'a> {
    fn new(bytes: usize, out: &'a mut Vec<u8>) -> Self {
        let at = out.len();
        // A code of at most 12 bits per byte, a clear code about every 3800, and room for bytes written ahead.
        out.resize(at + (bytes + bytes / 2048) * 3 / 2 + 32, 0);
        Self { out, at, width: NARROWEST, held: 0, bits: 0 }
    }

    /// Appends a code; bytes are written four at a time.
    #[inline]
    fn put(&mut self, code: u32) {
        self.held = self.held << self.width | u64::from(code);
        self.bits += self.width;
        if self.bits >= 32 {
            self.bits -= 32;
            self.out[self.at..self.at + 4].copy_from_slice(&((self.held >> self.bits) as u32).to_be_bytes());
            self.at += 4;
        }
    }

    fn finish(self) {
        let last = self.held << (u64::BITS - self.bits.max(1));
        let length = self.bits.div_ceil(8) as usize;
        self.out[self.at..self.at + length].copy_from_slice(&last.to_be_bytes()[..length]);
        self.out.truncate(self.at + length);
    }
}
