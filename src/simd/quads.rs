//! Samples of pairs of quads in the cleanup pass of T.814 §7.3: eight samples at once.
//!
//! A quad has two columns of two samples, which are numbered column by column.

#![cfg_attr(
    target_arch = "x86_64",
    allow(unsafe_code, reason = "stores and calls of vector code; see the SAFETY comments")
)]

/// Pairs of quads of a line, and where their samples go.
pub(crate) struct Pairs<'l> {
    /// The bits of magnitudes and signs, the lowest first. Ones follow them.
    pub bits: &'l [u8],
    /// The first bit.
    pub position: usize,
    /// For each quad ρ in the lowest bits, then `ε_k`, then `ε_1`, of four bits each.
    pub quads: &'l [[u16; 2]],
    /// The bounds of the exponents of each quad.
    pub bounds: &'l [[u8; 2]],
    /// The plane of the lowest bit.
    pub plane: u32,
    /// The upper and the lower row: twice the magnitudes and a bit for the middle, and the sign in the highest bit.
    pub rows: [&'l mut [[u32; 4]]; 2],
    /// The exponents of the lower row.
    pub exponents: &'l mut [[u8; 4]],
}

/// The largest bound of quads whose bits fit into a word.
pub(crate) const NARROW: u8 = 14;

/// Decodes pairs up to the first one with a bound above [`NARROW`], or none if the processor lacks the instructions. Returns the
/// number of pairs, and the bit after them.
#[inline(always)]
pub(crate) fn narrow_pairs(pairs: Pairs<'_>) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("bmi2") {
            // SAFETY: the processor has the instructions, the function's only requirement.
            return unsafe { avx2::narrow_pairs(pairs) };
        }
    }
    (0, pairs.position)
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{NARROW, Pairs};

    /// Four bits as four bytes of 0 or 1.
    const SPREAD: [u32; 16] = {
        let mut table = [0; 16];
        let mut bits = 0;
        while bits < 16 {
            table[bits as usize] = bits & 1 | (bits & 2) << 7 | (bits & 4) << 14 | (bits & 8) << 21;
            bits += 1;
        }
        table
    };

    /// Four bytes of 1.
    const EACH: u32 = 0x0101_0101;

    /// No byte, in a shuffle.
    const NONE: i8 = -1;

    #[target_feature(enable = "avx2,bmi2")]
    pub(super) fn narrow_pairs(pairs: Pairs<'_>) -> (usize, usize) {
        let Pairs { bits, mut position, quads, bounds, plane, rows: [upper, lower], exponents } = pairs;
        // The samples in the order of the vectors: the upper row, then the lower one.
        let samples = _mm256_setr_epi32(0, 2, 16, 18, 1, 3, 17, 19);
        let ones_at = _mm256_add_epi32(samples, _mm256_set1_epi32(8));
        let one = _mm256_set1_epi32(1);
        let plane = _mm_cvtsi32_si128(plane as i32);
        let count = quads.len();
        let items = quads.iter().zip(bounds).zip(upper.iter_mut().zip(lower)).zip(exponents).enumerate();
        for (n, (((quads, bounds), (upper, lower)), exponents)) in items {
            if bounds[0].max(bounds[1]) > NARROW {
                return (n, position);
            }
            let lengths = [0, 1].map(|n| {
                let quad = usize::from(quads[n]);
                (SPREAD[quad & 0xF] * u32::from(bounds[n])).wrapping_sub(SPREAD[quad >> 4 & 0xF])
            });
            let [first, second] = lengths.map(|lengths| lengths.wrapping_mul(EACH << 8));
            let [all_first, all_second] = lengths.map(|lengths| lengths.wrapping_mul(EACH) as usize >> 24);
            let (left, right) = (word(bits, position), word(bits, position + all_first));
            position += all_first + all_second;
            let raw = joined(shifted(left, first), shifted(right, second));
            let lengths = four_bytes(u64::from(lengths[0]) | u64::from(lengths[1]) << 32);
            let quads = _mm256_set1_epi32(i32::from(quads[0]) | i32::from(quads[1]) << 16);
            let significant = _mm256_and_si256(_mm256_srlv_epi32(quads, samples), one);
            let highest = _mm256_and_si256(_mm256_srlv_epi32(quads, ones_at), one);
            let above = _mm256_sllv_epi32(_mm256_set1_epi32(-1), lengths);
            let value = _mm256_or_si256(_mm256_andnot_si256(above, raw), _mm256_sllv_epi32(highest, lengths));
            let odd = _mm256_or_si256(value, significant);
            let double = _mm256_add_epi32(odd, _mm256_add_epi32(significant, significant));
            let all = _mm256_or_si256(_mm256_sll_epi32(double, plane), _mm256_slli_epi32::<31>(value));
            // SAFETY: both rows have room for four samples.
            unsafe {
                _mm_storeu_si128(upper.as_mut_ptr().cast(), _mm256_castsi256_si128(all));
                _mm_storeu_si128(lower.as_mut_ptr().cast(), _mm256_extracti128_si256::<1>(all));
            }
            *exponents = bit_lengths(_mm256_extracti128_si256::<1>(odd));
        }
        (count, position)
    }

    /// The bits from `position` on, of which 57 are sure to be there.
    #[inline]
    fn word(bits: &[u8], position: usize) -> u64 {
        let bytes = bits.get(position / 8..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes)) >> (position % 8)
    }

    /// A word shifted by each of four bytes: samples 0, 2, 1, 3 of a quad.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn shifted(word: u64, bytes: u32) -> __m256i {
        let place = _mm256_setr_epi8(
            0, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 2, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
            1, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 3, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
        );
        let by = _mm256_shuffle_epi8(_mm256_set1_epi32(bytes as i32), place);
        _mm256_srlv_epi64(_mm256_set1_epi64x(word as i64), by)
    }

    /// The lower halves of the words of two quads, in the order of the vectors.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn joined(first: __m256i, second: __m256i) -> __m256i {
        let (first, second) = (_mm256_castsi256_ps(first), _mm256_castsi256_ps(second));
        _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(first, second))
    }

    /// A byte for each sample of two quads, in the order of the vectors.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn four_bytes(bytes: u64) -> __m256i {
        let place = _mm256_setr_epi8(
            0, NONE, NONE, NONE, 2, NONE, NONE, NONE, 4, NONE, NONE, NONE, 6, NONE, NONE, NONE, //
            1, NONE, NONE, NONE, 3, NONE, NONE, NONE, 5, NONE, NONE, NONE, 7, NONE, NONE, NONE,
        );
        _mm256_shuffle_epi8(_mm256_set1_epi64x(bytes as i64), place)
    }

    /// The bit lengths of four numbers below 2^31.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn bit_lengths(values: __m128i) -> [u8; 4] {
        // Without the bits that could round up, the exponent of a float is that of the highest bit.
        let rounded = _mm_andnot_si128(_mm_srli_epi32::<8>(values), values);
        let biased = _mm_srli_epi32::<23>(_mm_castps_si128(_mm_cvtepi32_ps(rounded)));
        let lengths = _mm_subs_epu16(biased, _mm_set1_epi32(126));
        let place = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
        _mm_cvtsi128_si32(_mm_shuffle_epi8(lengths, place)).to_le_bytes()
    }
}
