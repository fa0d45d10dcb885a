//! Samples with fewer stored bits than their type has in memory: packed most significant bit first, rows padded to a byte
//! (TIFF 6.0 §8, `BitsPerSample`). Samples of whole bytes (24 bits) follow the byte order instead.

use super::BlockSpec;
use crate::error::{Error, Result};
use crate::io::ByteOrder;

/// Packs `samples` to `stored`, which is replaced.
///
/// # Errors
/// [`Error::Usage`] where a sample does not fit its stored bits, [`Error::Unsupported`] for floats.
pub(super) fn pack(spec: &BlockSpec, samples: &[u8], stored: &mut Vec<u8>) -> Result<()> {
    check(spec)?;
    stored.clear();
    stored.reserve(spec.stored_bytes());
    for row in samples.chunks_exact(spec.row_bytes().max(1)) {
        let mut bits = BitWriter { out: stored, held: 0, count: 0 };
        for sample in row.chunks_exact(spec.sample.bytes()) {
            let value = read(sample, spec.sample.is_signed_integer());
            if extend(value as u64, spec.bits, spec.sample.is_signed_integer()) != value {
                return Err(Error::usage("sample").found(value).allowed(format!("{} bits", spec.bits)));
            }
            let value = value as u64 & mask(spec.bits);
            if is_little(spec) {
                (0..spec.bits / 8).for_each(|byte| bits.put(value >> (8 * byte) & 0xff, 8));
            } else {
                bits.put(value, spec.bits);
            }
        }
        bits.finish();
    }
    Ok(())
}

/// The reverse of [`pack`].
///
/// # Errors
/// [`Error::Unsupported`] for floats.
pub(super) fn unpack(spec: &BlockSpec, stored: &[u8], samples: &mut [u8]) -> Result<()> {
    check(spec)?;
    let signed = spec.sample.is_signed_integer();
    let rows =
        stored.chunks_exact(spec.stored_row_bytes().max(1)).zip(samples.chunks_exact_mut(spec.row_bytes().max(1)));
    for (stored, samples) in rows {
        let (mut held, mut count, mut bytes) = (0u64, 0, stored.iter());
        for sample in samples.chunks_exact_mut(spec.sample.bytes()) {
            while count < spec.bits {
                held = held << 8 | u64::from(*bytes.next().unwrap_or(&0));
                count += 8;
            }
            count -= spec.bits;
            let mut value = held >> count & mask(spec.bits);
            if is_little(spec) {
                value = value.swap_bytes() >> (64 - spec.bits);
            }
            write(extend(value, spec.bits, signed), sample);
        }
    }
    Ok(())
}

struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter<'_> {
    fn put(&mut self, value: u64, bits: u32) {
        self.held = self.held << bits | value;
        self.count += bits;
        while self.count >= 8 {
            self.count -= 8;
            self.out.push((self.held >> self.count) as u8);
        }
    }

    fn finish(self) {
        if self.count > 0 {
            self.out.push((self.held << (8 - self.count)) as u8);
        }
    }
}

fn check(spec: &BlockSpec) -> Result<()> {
    if spec.sample.is_integer() && (1..=32).contains(&spec.bits) && spec.bits < spec.sample.bits() {
        return Ok(());
    }
    Err(Error::unsupported("bits of a stored sample").found(format!("{} for {}", spec.bits, spec.sample)))
}

fn is_little(spec: &BlockSpec) -> bool {
    spec.bits.is_multiple_of(8) && spec.byte_order == ByteOrder::Little
}

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// `value` of `bits` bits as a number.
const fn extend(value: u64, bits: u32, signed: bool) -> i64 {
    let unused = 64 - bits;
    if signed { (value << unused) as i64 >> unused } else { (value << unused >> unused) as i64 }
}

fn read(sample: &[u8], signed: bool) -> i64 {
    let mut bytes = [0; 8];
    let size = sample.len();
    let at = if cfg!(target_endian = "little") { 0 } else { 8 - size };
    bytes[at..at + size].copy_from_slice(sample);
    extend(u64::from_ne_bytes(bytes), size as u32 * 8, signed)
}

fn write(value: i64, sample: &mut [u8]) {
    let size = sample.len();
    let at = if cfg!(target_endian = "little") { 0 } else { 8 - size };
    sample.copy_from_slice(&value.to_ne_bytes()[at..at + size]);
}
