//! Samples as stored without compression, and their conversion to native samples.

use crate::image::SampleType;
use crate::io::ByteOrder;
use crate::simd;

/// The differences between stored samples and samples in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSamples {
    /// Type of a sample in memory.
    pub sample: SampleType,
    /// Bits of a stored sample.
    pub bits: u32,
    /// Unused bits below the value; the value is shifted down by this number.
    pub shift: u32,
    /// Order of the bytes of a sample.
    pub byte_order: ByteOrder,
}

impl StoredSamples {
    /// True if stored samples of whole bytes are native as they are.
    pub fn is_native(&self) -> bool {
        self.shift == 0 && self.is_in_order()
    }

    /// Converts stored samples of whole bytes to native ones, in place.
    pub fn to_native(&self, samples: &mut [u8]) {
        if !self.is_in_order() {
            simd::swap_bytes(samples, self.sample.swap_unit());
        }
        self.shift_down(samples);
    }

    fn is_in_order(&self) -> bool {
        self.byte_order.is_native() || self.sample.swap_unit() == 1
    }

    /// Shifts the values of native samples down to the low end of their bits, preserving signs.
    pub fn shift_down(&self, samples: &mut [u8]) {
        if self.shift == 0 {
            return;
        }
        let (size, unused) = (self.sample.bytes(), u64::BITS - self.bits);
        let place = if cfg!(target_endian = "little") { 0..size } else { 8 - size..8 };
        for sample in samples.chunks_exact_mut(size) {
            let mut wide = [0; 8];
            wide[place.clone()].copy_from_slice(sample);
            let value = u64::from_ne_bytes(wide) << unused;
            let value = if self.sample.is_signed_integer() {
                (value as i64 >> (unused + self.shift)) as u64
            } else {
                value >> (unused + self.shift)
            };
            sample.copy_from_slice(&value.to_ne_bytes()[place.clone()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_upper_end_are_moved_down_with_their_signs() {
        let stored = |sample, byte_order| StoredSamples { sample, bits: 16, shift: 5, byte_order };
        let mut samples = [0xFF, 0xE0, 0x00, 0x40];
        stored(SampleType::Int16, ByteOrder::Big).to_native(&mut samples);
        assert_eq!(samples, [(-1i16).to_ne_bytes(), 2i16.to_ne_bytes()].concat()[..]);
        let mut samples = [0xE0, 0xFF, 0x40, 0x00];
        stored(SampleType::UInt16, ByteOrder::Little).to_native(&mut samples);
        assert_eq!(samples, [0x7FFu16.to_ne_bytes(), 2u16.to_ne_bytes()].concat()[..]);
    }

    #[test]
    fn unpacked_samples_keep_to_their_bits() {
        let stored = StoredSamples { sample: SampleType::Int16, bits: 12, shift: 4, byte_order: ByteOrder::Big };
        let mut samples = [0x0800u16.to_ne_bytes(), 0x07F0u16.to_ne_bytes()].concat();
        stored.shift_down(&mut samples);
        assert_eq!(samples, [(-128i16).to_ne_bytes(), 127i16.to_ne_bytes()].concat());
    }
}
