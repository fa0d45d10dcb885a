//! The bit streams of a block (T.814 §7.1): bits forward from the start (magnitudes and signs; propagation), bits backward from
//! the end (VLC; refinement), and run lengths (MEL).

use std::marker::PhantomData;

/// Where a stream leaves out the highest bit of a byte.
pub(super) trait Stuffing {
    /// True after a byte that can shorten the next.
    fn shortens(byte: u8) -> bool;

    /// True for four bytes of which one can be short.
    fn is_shortened(word: u32, is_after: bool) -> bool;

    /// True if a byte that begins with these bits has only seven.
    fn is_short(held: u64, is_after: bool) -> bool;

    /// The next four bytes of stored ones, the first of the stream lowest, and those that follow.
    fn split_word(stored: &[u8]) -> Option<(u32, &[u8])>;

    /// The next byte of stored ones, and those that follow.
    fn split_byte(stored: &[u8]) -> Option<(u8, &[u8])>;
}

/// A byte after 0xFF has seven bits.
#[derive(Default)]
pub(super) struct AfterFf;

/// If the byte before, at the next higher address, is above 0x8F, and seven bits of this one are ones, the eighth is zero.
#[derive(Default)]
pub(super) struct AfterHigh;

impl Stuffing for AfterFf {
    #[inline(always)]
    fn shortens(byte: u8) -> bool {
        byte == 0xFF
    }

    #[inline(always)]
    fn is_shortened(word: u32, is_after: bool) -> bool {
        // No byte is 0xFF if none of the complement is zero.
        is_after || (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0
    }

    #[inline(always)]
    fn is_short(_: u64, is_after: bool) -> bool {
        is_after
    }

    #[inline(always)]
    fn split_word(stored: &[u8]) -> Option<(u32, &[u8])> {
        stored.split_first_chunk().map(|(word, rest)| (u32::from_le_bytes(*word), rest))
    }

    #[inline(always)]
    fn split_byte(stored: &[u8]) -> Option<(u8, &[u8])> {
        stored.split_first().map(|(byte, rest)| (*byte, rest))
    }
}

impl Stuffing for AfterHigh {
    #[inline(always)]
    fn shortens(byte: u8) -> bool {
        byte > 0x8F
    }

    #[inline(always)]
    fn is_shortened(word: u32, _: bool) -> bool {
        // A carry reaches the highest bit of a byte whose seven lower bits are ones.
        ((word & 0x7F7F_7F7F) + 0x0101_0101) & 0x8080_8080 != 0
    }

    #[inline(always)]
    fn is_short(held: u64, is_after: bool) -> bool {
        is_after && held & 0x7F == 0x7F
    }

    #[inline(always)]
    fn split_word(stored: &[u8]) -> Option<(u32, &[u8])> {
        stored.split_last_chunk().map(|(rest, word)| (u32::from_be_bytes(*word), rest))
    }

    #[inline(always)]
    fn split_byte(stored: &[u8]) -> Option<(u8, &[u8])> {
        stored.split_last().map(|(byte, rest)| (*byte, rest))
    }
}

/// Bits of a stream, the lowest of a byte first. They are collected as they are, and stuffed at the end.
#[derive(Default)]
pub(super) struct Bits<S> {
    /// The bits, and room beyond those of any block.
    plain: Vec<u8>,
    /// Whole bytes of `plain`.
    whole: usize,
    /// The bits after them, less than eight.
    held: u64,
    count: u32,
    /// The stuffed bytes in the order of the stream.
    bytes: Vec<u8>,
    /// True after a byte that can shorten the next.
    is_after: bool,
    stuffing: PhantomData<S>,
}

/// Bits in ascending addresses.
pub(super) type ForwardBits = Bits<AfterFf>;

/// Bits in descending addresses.
pub(super) type BackwardBits = Bits<AfterHigh>;

/// Bytes that no block exceeds: 4096 samples of 64 bits, and a word.
const ROOM: usize = 4096 * 8 + 64;

/// The most bits of [`Bits::put`].
pub(super) const MOST: u32 = 56;

impl<S: Stuffing> Bits<S> {
    /// Appends the low `bits` of `value`, at most [`MOST`]; its other bits are zero.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u64, bits: u32) {
        self.held |= value << self.count;
        if let Some(bytes) = self.plain[self.whole..].first_chunk_mut() {
            *bytes = self.held.to_le_bytes();
        }
        self.count += bits;
        self.held >>= self.count & !7;
        self.whole += (self.count / 8) as usize;
        self.count %= 8;
    }

    /// Stuffs all whole bytes; returns the bits of the byte that is not complete, and their number.
    fn stuff(&mut self) -> (u64, u32) {
        let Self { plain, bytes, is_after, .. } = self;
        let (mut position, end) = (0, 8 * self.whole + self.count as usize);
        bytes.reserve(end / 7 + 8);
        loop {
            let (bits, left) = (word(plain, position), end - position);
            if left >= 32 && !S::is_shortened(bits as u32, *is_after) {
                bytes.extend_from_slice(&(bits as u32).to_le_bytes());
                *is_after = S::shortens((bits >> 24) as u8);
                position += 32;
                continue;
            }
            let room = if S::is_short(bits, *is_after) { 7 } else { 8 };
            if left < room {
                return (bits & ((1 << left) - 1), left as u32);
            }
            let byte = bits as u8 & (0xFF >> (8 - room));
            bytes.push(byte);
            *is_after = S::shortens(byte);
            position += room;
        }
    }

    /// Bytes without those that stuffing adds, at most.
    pub(super) fn length(&self) -> usize {
        self.bytes.len() + self.whole + 1
    }

    fn begin(&mut self, is_after: bool) {
        self.plain.resize(ROOM, 0);
        self.bytes.clear();
        (self.whole, self.held, self.count, self.is_after) = (0, 0, 0, is_after);
    }
}

/// The bits from a position on, of which [`MOST`] are sure to be there.
#[inline(always)]
fn word(plain: &[u8], position: usize) -> u64 {
    let bytes = plain[position / 8..].first_chunk();
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes)) >> (position % 8)
}

impl ForwardBits {
    pub(super) fn restart(&mut self) {
        self.begin(false);
    }

    /// The bytes of a stream that a reader continues with ones. They do not end in 0xFF.
    pub(super) fn end_with_ones(&mut self) -> &[u8] {
        let (held, count) = self.stuff();
        if count > 0 {
            let room = if self.is_after { 7 } else { 8 };
            let byte = (held | u64::MAX << count) as u8 & (0xFF >> (8 - room));
            if byte != 0xFF {
                self.bytes.push(byte);
            }
        } else if self.is_after {
            self.bytes.pop();
        }
        &self.bytes
    }

    /// The bytes of a stream that a reader continues with zeros. They do not end in 0xFF: another stream follows.
    pub(super) fn end_with_zeros(&mut self) -> &[u8] {
        let (held, count) = self.stuff();
        if count > 0 || self.is_after {
            // At most 7 bits are held, and those of a byte after 0xFF may be none.
            self.bytes.push(held as u8);
        }
        &self.bytes
    }
}

impl BackwardBits {
    /// Begins the VLC stream of a cleanup pass: a byte and four bits, all ones, are in the place of its length.
    pub(super) fn restart_vlc(&mut self) {
        self.begin(true);
        self.bytes.push(0xFF);
        self.put(0xF, 4);
    }

    /// Begins a stream of refinements.
    pub(super) fn restart(&mut self) {
        self.begin(true);
    }

    /// The bytes of a stream that a reader continues with zeros, from the highest address down.
    pub(super) fn end_with_zeros(&mut self) -> &[u8] {
        let (held, count) = self.stuff();
        if count > 0 {
            self.bytes.push(held as u8);
        }
        &self.bytes
    }
}

/// Run lengths of events (§7.1.3): bits in ascending addresses, the highest of a byte first. A byte after 0xFF has 7 bits.
#[derive(Default)]
pub(super) struct MelRuns {
    bytes: Vec<u8>,
    held: u8,
    /// Bits that the open byte has left.
    left: u32,
    run: u32,
    state: usize,
}

/// Log2 of the run length in each state (Table 4).
pub(super) const MEL_EXPONENTS: [u32; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

impl MelRuns {
    /// Bytes so far, with the one that is not complete.
    pub(super) fn length(&self) -> usize {
        self.bytes.len() + 1
    }

    pub(super) fn restart(&mut self) {
        self.bytes.clear();
        (self.held, self.left, self.run, self.state) = (0, 8, 0, 0);
    }

    #[inline(always)]
    pub(super) fn event(&mut self, happened: bool) {
        let exponent = MEL_EXPONENTS[self.state];
        if happened {
            self.bit(0);
            for place in (0..exponent).rev() {
                self.bit(self.run >> place & 1);
            }
            (self.run, self.state) = (0, self.state.saturating_sub(1));
        } else {
            self.run += 1;
            if self.run == 1 << exponent {
                self.bit(1);
                (self.run, self.state) = (0, (self.state + 1).min(MEL_EXPONENTS.len() - 1));
            }
        }
    }

    fn bit(&mut self, bit: u32) {
        self.left -= 1;
        self.held |= (bit as u8) << self.left;
        if self.left == 0 {
            self.bytes.push(self.held);
            self.left = if self.held == 0xFF { 7 } else { 8 };
            self.held = 0;
        }
    }
}

/// Appends the MEL and the VLC stream, which share a byte if their open bits permit it, with their length in the last 12 bits.
pub(super) fn end_mel_and_vlc(mel: &mut MelRuns, vlc: &mut BackwardBits, out: &mut Vec<u8>) {
    if mel.run > 0 {
        // A run of more events than there are does no harm.
        mel.bit(1);
    }
    let start = out.len();
    out.extend_from_slice(&mel.bytes);
    // An open byte after 0xFF has its highest bit, which is zero.
    let (high, high_mask) = (mel.held, (0xFFu32 << mel.left) as u8);
    let (low, count) = vlc.stuff();
    let low = low as u8;
    let low_mask = ((1u32 << count) - 1) as u8;
    if high_mask | low_mask != 0 {
        let both = high | low;
        let agrees = (both ^ high) & high_mask == 0 && (both ^ low) & low_mask == 0;
        if agrees && both != 0xFF && vlc.bytes.len() > 1 {
            out.push(both);
        } else {
            out.extend([high, low]);
        }
    }
    out.extend(vlc.bytes.iter().rev());
    let length = out.len() - start;
    let [.., before, last] = out.as_mut_slice() else { return };
    *last = (length >> 4) as u8;
    *before = *before & 0xF0 | (length & 0xF) as u8;
}
