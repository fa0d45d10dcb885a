//! Samples with fewer stored bits than their type has in memory: packed most significant bit first, rows padded to a byte
//! (TIFF 6.0 §8, `BitsPerSample`). Samples of whole bytes (24 bits) are stored in the byte order instead.

use super::{BlockShape, PixelCoding};
use crate::error::{Error, Result};
use crate::image::SampleType;
use crate::io::ByteOrder;

/// Packs `samples` and replaces the content of `stored`.
///
/// # Errors
/// [`Error::Usage`] if a sample does not fit its stored bits, [`Error::Unsupported`] for types other than integers.
pub(super) fn pack(pixels: &PixelCoding, shape: BlockShape, samples: &[u8], stored: &mut Vec<u8>) -> Result<()> {
    check(pixels)?;
    stored.clear();
    stored.reserve(pixels.stored_bytes(shape));
    for row in samples.chunks_exact(pixels.row_bytes(shape.columns).max(1)) {
        match (pixels.sample, pixels.bits) {
            (SampleType::UInt8, 1) => pack_small::<8>(row, stored)?,
            (SampleType::UInt8, 2) => pack_small::<4>(row, stored)?,
            (SampleType::UInt8, 4) => pack_small::<2>(row, stored)?,
            _ => pack_any(pixels, row, stored)?,
        }
    }
    Ok(())
}

/// The reverse of [`pack`].
///
/// # Errors
/// [`Error::Unsupported`] for types other than integers.
pub(super) fn unpack(pixels: &PixelCoding, shape: BlockShape, stored: &[u8], samples: &mut [u8]) -> Result<()> {
    check(pixels)?;
    let rows = samples.chunks_exact_mut(pixels.row_bytes(shape.columns).max(1));
    for (stored, samples) in stored.chunks_exact(pixels.stored_row_bytes(shape.columns).max(1)).zip(rows) {
        match (pixels.sample, pixels.bits) {
            (SampleType::UInt8, 1) => unpack_small::<8>(stored, samples),
            (SampleType::UInt8, 2) => unpack_small::<4>(stored, samples),
            (SampleType::UInt8, 4) => unpack_small::<2>(stored, samples),
            (SampleType::UInt16, 12) => unpack_12(pixels, stored, samples),
            _ => unpack_any(pixels, stored, samples),
        }
    }
    Ok(())
}

/// Packs `COUNT` samples into a byte.
fn pack_small<const COUNT: usize>(samples: &[u8], stored: &mut Vec<u8>) -> Result<()> {
    let bits = 8 / COUNT;
    let too_large = samples.iter().fold(0, |all, sample| all | sample) >> bits;
    if too_large > 0 {
        let found = samples.iter().max().copied().unwrap_or(0);
        return Err(does_not_fit(found.into(), bits as u32));
    }
    let (bytes, rest) = samples.as_chunks::<COUNT>();
    stored.extend(bytes.iter().map(|samples| samples.iter().fold(0, |byte, sample| byte << bits | sample)));
    if !rest.is_empty() {
        let byte = rest.iter().fold(0, |byte, sample| byte << bits | sample);
        stored.push(byte << (bits * (COUNT - rest.len())));
    }
    Ok(())
}

fn unpack_small<const COUNT: usize>(stored: &[u8], samples: &mut [u8]) {
    let bits = 8 / COUNT;
    let all = |byte: u8| std::array::from_fn::<u8, COUNT, _>(|i| byte << (bits * i) >> (8 - bits));
    let (whole, rest) = samples.as_chunks_mut::<COUNT>();
    for (samples, byte) in whole.iter_mut().zip(stored) {
        *samples = all(*byte);
    }
    if let Some(last) = stored.get(whole.len()) {
        rest.copy_from_slice(&all(*last)[..rest.len()]);
    }
}

/// Unpacks two samples from three bytes.
fn unpack_12(pixels: &PixelCoding, stored: &[u8], samples: &mut [u8]) {
    let (threes, rest) = stored.as_chunks::<3>();
    let (pairs, last) = samples.as_chunks_mut::<4>();
    for ([a, b, c], pair) in threes.iter().zip(pairs) {
        let [a, b, c] = [a, b, c].map(|byte| u16::from(*byte));
        let [first, second] = [a << 4 | b >> 4, (b & 15) << 8 | c].map(u16::to_ne_bytes);
        *pair = [first[0], first[1], second[0], second[1]];
    }
    unpack_any(pixels, rest, last);
}

fn pack_any(pixels: &PixelCoding, row: &[u8], stored: &mut Vec<u8>) -> Result<()> {
    let signed = pixels.sample.is_signed_integer();
    let mut bits = BitWriter { out: stored, held: 0, count: 0 };
    for sample in row.chunks_exact(pixels.sample.bytes()) {
        let value = read(sample, signed);
        if extend(value as u64, pixels.bits, signed) != value {
            return Err(does_not_fit(value, pixels.bits));
        }
        let value = value as u64 & mask(pixels.bits);
        bits.put(if is_little(pixels) { swap(value, pixels.bits) } else { value }, pixels.bits);
    }
    bits.finish();
    Ok(())
}

fn unpack_any(pixels: &PixelCoding, stored: &[u8], samples: &mut [u8]) {
    let signed = pixels.sample.is_signed_integer();
    let (mut held, mut count, mut bytes) = (0u64, 0, stored.iter());
    for sample in samples.chunks_exact_mut(pixels.sample.bytes()) {
        while count < pixels.bits {
            held = held << 8 | u64::from(*bytes.next().unwrap_or(&0));
            count += 8;
        }
        count -= pixels.bits;
        let value = held >> count & mask(pixels.bits);
        write(extend(if is_little(pixels) { swap(value, pixels.bits) } else { value }, pixels.bits, signed), sample);
    }
}

fn does_not_fit(value: i64, bits: u32) -> Error {
    Error::usage("sample").found(value).allowed(format!("a value of {bits} bits"))
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

fn check(pixels: &PixelCoding) -> Result<()> {
    if pixels.sample.is_integer() && (1..=32).contains(&pixels.bits) && pixels.bits < pixels.sample.bits() {
        return Ok(());
    }
    Err(Error::unsupported("stored sample size").found(format!("{} bits for {}", pixels.bits, pixels.sample)))
}

fn is_little(pixels: &PixelCoding) -> bool {
    pixels.bits.is_multiple_of(8) && pixels.byte_order == ByteOrder::Little
}

/// Reverses the bytes of `value`.
const fn swap(value: u64, bits: u32) -> u64 {
    value.swap_bytes() >> (u64::BITS - bits)
}

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// Extends `value` of `bits` bits to 64 bits.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sample: SampleType, bits: u32, columns: u32, byte_order: ByteOrder) -> (PixelCoding, BlockShape) {
        (PixelCoding { bits, byte_order, ..PixelCoding::new(1, sample) }, BlockShape::new(columns, 1))
    }

    fn bytes_of<const N: usize, T>(samples: &[T], bytes: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
        samples.iter().flat_map(bytes).collect()
    }

    fn check_both((pixels, shape): (PixelCoding, BlockShape), samples: &[u8], stored: &[u8]) {
        let (mut packed, mut unpacked) = (vec![1, 2, 3], vec![0xA5; samples.len()]);
        pack(&pixels, shape, samples, &mut packed).unwrap();
        assert_eq!(packed, stored);
        unpack(&pixels, shape, stored, &mut unpacked).unwrap();
        assert_eq!(unpacked, samples);
    }

    #[test]
    fn the_first_sample_stands_in_the_highest_bits_and_rows_end_with_zeros() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let bits = row(SampleType::UInt8, 1, 10, order);
            check_both(bits, &[1, 0, 1, 1, 0, 0, 0, 1, 1, 1], &[0b1011_0001, 0b1100_0000]);
            check_both(row(SampleType::UInt8, 2, 5, order), &[3, 0, 1, 2, 3], &[0b1100_0110, 0b1100_0000]);
            check_both(row(SampleType::UInt8, 3, 3, order), &[5, 2, 7], &[0b1010_1011, 0b1000_0000]);
            check_both(row(SampleType::UInt8, 4, 3, order), &[1, 15, 8], &[0x1F, 0x80]);
            let samples = bytes_of(&[0x123u16, 0xABC, 0xFFF], |sample| sample.to_ne_bytes());
            check_both(row(SampleType::UInt16, 12, 3, order), &samples, &[0x12, 0x3A, 0xBC, 0xFF, 0xF0]);
        }
    }

    #[test]
    fn signed_samples_keep_their_sign() {
        let samples = bytes_of(&[-1i16, 5, -512, 511], |sample| sample.to_ne_bytes());
        let stored = [0xFF, 0xC0, 0x58, 0x01, 0xFF];
        check_both(row(SampleType::Int16, 10, 4, ByteOrder::Little), &samples, &stored);
        check_both(row(SampleType::Int8, 4, 2, ByteOrder::Little), &[0xFF, 7], &[0xF7]);
    }

    #[test]
    fn whole_bytes_stand_in_the_order_of_the_file() {
        let samples = bytes_of(&[0x01_0203u32, 0xFF_FEFD], |sample| sample.to_ne_bytes());
        let big = [1, 2, 3, 0xFF, 0xFE, 0xFD];
        check_both(row(SampleType::UInt32, 24, 2, ByteOrder::Big), &samples, &big);
        check_both(row(SampleType::UInt32, 24, 2, ByteOrder::Little), &samples, &[3, 2, 1, 0xFD, 0xFE, 0xFF]);
    }

    #[test]
    fn a_sample_with_more_bits_is_an_error_and_never_cut() {
        for (sample, bits, samples) in [
            (SampleType::UInt8, 1, vec![2]),
            (SampleType::UInt8, 3, vec![8]),
            (SampleType::Int8, 4, vec![8]),
            (SampleType::UInt16, 12, 4096u16.to_ne_bytes().to_vec()),
        ] {
            let (pixels, shape) = row(sample, bits, 1, ByteOrder::Big);
            let error = pack(&pixels, shape, &samples, &mut Vec::new()).unwrap_err();
            assert!(error.to_string().ends_with(&format!("expected a value of {bits} bits")), "{error}");
        }
    }

    #[test]
    fn floats_and_wide_samples_are_refused() {
        for (sample, bits) in [(SampleType::Float64, 48), (SampleType::UInt64, 40), (SampleType::UInt8, 0)] {
            let (pixels, shape) = row(sample, bits, 1, ByteOrder::Big);
            let error = unpack(&pixels, shape, &[0; 8], &mut [0; 8]).unwrap_err();
            assert!(matches!(error, Error::Unsupported(_)), "{error}");
        }
    }
}
