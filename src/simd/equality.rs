//! Comparison of two rows byte by byte.

/// One bit for each of 64 bytes, the first least significant: set if the bytes of `a` and `b` are equal.
#[inline]
pub(crate) fn equal_bytes(a: &[u8; 64], b: &[u8; 64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        equal_bytes_sse2(a, b)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        equal_bytes_plain(a, b)
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn equal_bytes_plain(a: &[u8; 64], b: &[u8; 64]) -> u64 {
    a.iter().zip(b).rev().fold(0, |bits, (a, b)| bits << 1 | u64::from(a == b))
}

/// SSE2 belongs to every x86-64 processor.
#[cfg(target_arch = "x86_64")]
#[inline]
fn equal_bytes_sse2(a: &[u8; 64], b: &[u8; 64]) -> u64 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8};
    let mut bits = 0;
    for (part, (a, b)) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0).enumerate() {
        // SAFETY: both are sixteen readable bytes; the loads do not require alignment.
        let equal = unsafe {
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(a.as_ptr().cast()), _mm_loadu_si128(b.as_ptr().cast())))
        };
        bits |= u64::from(equal as u16) << (16 * part);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_stands_for_each_equal_byte() {
        for seed in 0..200u64 {
            let expected = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed << 40;
            let a: [u8; 64] = std::array::from_fn(|i| (i as u64 * seed) as u8);
            let b = std::array::from_fn(|i| if expected >> i & 1 == 1 { a[i] } else { a[i] ^ 0x80 });
            assert_eq!(equal_bytes(&a, &b), expected);
            assert_eq!(equal_bytes_plain(&a, &b), expected);
        }
    }
}
