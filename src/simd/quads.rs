//! Samples of pairs of quads in the cleanup pass of T.814 §7.3: eight samples at once.
//!
//! A quad has two columns of two samples, which are numbered column by column.

#![cfg_attr(
    target_arch = "x86_64",
    allow(unsafe_code, reason = "stores and calls of vector code; see the SAFETY comments")
)]

/// Pairs of quads of a line, and where their samples go.
pub(crate) struct Pairs<'l, M> {
    /// The bits of magnitudes and signs, the lowest first, and eight bytes of ones. More ones follow them.
    pub bits: &'l [u8],
    /// The first bit.
    pub position: usize,
    /// For each quad the significant samples in the lowest four bits; four bits above them are not used; then the highest bits of
    /// the samples.
    pub quads: &'l [[u16; 2]],
    /// The bits that are stored of each sample, a byte each.
    pub lengths: &'l [[u32; 2]],
    /// The sums of these bits up to each sample of a quad, a byte each.
    pub sums: &'l [[u32; 2]],
    /// The plane of the lowest bit.
    pub plane: u32,
    /// The upper and the lower row.
    pub rows: [&'l mut [[M; 4]]; 2],
    /// The exponents of the lower row: the bit lengths of twice the magnitudes less one.
    pub exponents: &'l mut [[u8; 4]],
}

/// The most bits of a sample that [`decode_pairs`] takes.
pub(crate) const LONGEST: u32 = 28;

/// Bits of a word from any position on.
const WORD: usize = 57;

/// Decodes all pairs; returns the bit after them. `sample` is what a processor without vectors does, as [`decode_pairs_plain`]
/// describes it: twice the magnitude and a bit for the middle in the plane, and the sign in the highest bit.
#[inline(always)]
pub(crate) fn decode_pairs(pairs: Pairs<'_, u32>, sample: impl Fn(u64, u64) -> u32) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("bmi2") {
            // SAFETY: the processor has the instructions, the function's only requirement.
            return unsafe { avx2::decode_pairs(pairs) };
        }
    }
    decode_pairs_plain(pairs, sample)
}

/// As [`decode_pairs`], for samples of any type and length. `sample` makes one of the magnitude less one above the sign, and of 1
/// if it is not 0.
#[inline(always)]
pub(crate) fn decode_pairs_plain<M>(pairs: Pairs<'_, M>, sample: impl Fn(u64, u64) -> M) -> usize {
    let Pairs { bits, mut position, quads, lengths, sums, rows: [upper, lower], exponents, .. } = pairs;
    let items = quads.iter().zip(lengths).zip(sums).zip(upper.iter_mut().zip(lower)).zip(exponents);
    for ((((quads, lengths), sums), (upper, lower)), exponents) in items {
        for (quad, ((marks, lengths), sums)) in quads.iter().zip(lengths).zip(sums).enumerate() {
            let sample_of = |n: u32| {
                let byte = |bytes: u32| bytes >> (8 * n) & 0xFF;
                let (one, highest) = (u64::from(marks >> n & 1), u64::from(marks >> (8 + n) & 1));
                let stored = word(bits, position + byte(sums << 8) as usize);
                let length = byte(*lengths);
                (stored & !u64::MAX.wrapping_shl(length) | highest.wrapping_shl(length), one)
            };
            for column in 0..2 {
                let (value, one) = sample_of(2 * column);
                let at = 2 * quad + column as usize;
                upper[at] = sample(value, one);
                let (value, one) = sample_of(2 * column + 1);
                lower[at] = sample(value, one);
                exponents[at] = (u64::BITS - (value | one).leading_zeros()) as u8;
            }
            position += (sums >> 24) as usize;
        }
    }
    position
}

/// The bits from `position` on, of which [`WORD`] are sure to be there.
#[inline(always)]
fn word(bits: &[u8], position: usize) -> u64 {
    let bytes = bits.get(position / 8..).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes)) >> (position % 8)
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_andnot_si128, _mm_castps_si128, _mm_cvtepi32_ps, _mm_cvtsi32_si128, _mm_cvtsi128_si32,
        _mm_set_epi64x, _mm_set1_epi32, _mm_setr_epi8, _mm_shuffle_epi8, _mm_srli_epi32, _mm_storeu_si128,
        _mm_subs_epu16, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_broadcastsi128_si256,
        _mm256_castps_si256, _mm256_castsi256_ps, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_or_si256,
        _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setr_epi8, _mm256_setr_epi32, _mm256_shuffle_epi8,
        _mm256_shuffle_ps, _mm256_sll_epi32, _mm256_slli_epi32, _mm256_sllv_epi32, _mm256_srlv_epi32,
        _mm256_srlv_epi64,
    };

    use super::{Pairs, WORD, word};

    /// No byte, in a shuffle.
    const NONE: i8 = -1;

    #[target_feature(enable = "avx2,bmi2")]
    pub(super) fn decode_pairs(pairs: Pairs<'_, u32>) -> usize {
        let Pairs { bits, mut position, quads, lengths, sums, plane, rows: [upper, lower], exponents } = pairs;
        // The samples in the order of the vectors: the upper row, then the lower one.
        let samples = _mm256_setr_epi32(0, 2, 16, 18, 1, 3, 17, 19);
        let highest_at = _mm256_add_epi32(samples, _mm256_set1_epi32(8));
        let one = _mm256_set1_epi32(1);
        let plane = _mm_cvtsi32_si128(plane as i32);
        let items = quads.iter().zip(lengths).zip(sums).zip(upper.iter_mut().zip(lower)).zip(exponents);
        for ((((quads, lengths), sums), (upper, lower)), exponents) in items {
            let all = sums.map(|sums| (sums >> 24) as usize);
            let stored = if all[0].max(all[1]) <= WORD {
                let quad = |at: usize, sums: u32| shifted(_mm256_set1_epi64x(word(bits, at) as i64), before(sums));
                joined(quad(position, sums[0]), quad(position + all[0], sums[1]))
            } else {
                let quad = |at: usize, lengths: u32, sums: u32| {
                    let second = word(bits, at + (sums >> 8 & 0xFF) as usize);
                    let words = _mm_set_epi64x(second as i64, word(bits, at) as i64);
                    shifted(_mm256_broadcastsi128_si256(words), before_in_column(lengths))
                };
                joined(quad(position, lengths[0], sums[0]), quad(position + all[0], lengths[1], sums[1]))
            };
            position += all[0] + all[1];
            let lengths = of_samples(u64::from(lengths[0]) | u64::from(lengths[1]) << 32);
            let quads = _mm256_set1_epi32((u32::from(quads[0]) | u32::from(quads[1]) << 16) as i32);
            let significant = _mm256_and_si256(_mm256_srlv_epi32(quads, samples), one);
            let highest = _mm256_and_si256(_mm256_srlv_epi32(quads, highest_at), one);
            let above = _mm256_sllv_epi32(_mm256_set1_epi32(-1), lengths);
            let value = _mm256_or_si256(_mm256_andnot_si256(above, stored), _mm256_sllv_epi32(highest, lengths));
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
        position
    }

    /// For samples 0, 2, 1, 3 of a quad the bits of those before them.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn before(sums: u32) -> __m256i {
        let place = _mm256_setr_epi8(
            NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 1, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
            0, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 2, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
        );
        _mm256_shuffle_epi8(_mm256_set1_epi32(sums as i32), place)
    }

    /// For samples 0, 2, 1, 3 of a quad the bits of the one before them in their column.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn before_in_column(lengths: u32) -> __m256i {
        let place = _mm256_setr_epi8(
            NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, //
            0, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 2, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
        );
        _mm256_shuffle_epi8(_mm256_set1_epi32(lengths as i32), place)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn shifted(words: __m256i, by: __m256i) -> __m256i {
        _mm256_srlv_epi64(words, by)
    }

    /// The lower halves of the words of two quads, in the order of the vectors.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn joined(first: __m256i, second: __m256i) -> __m256i {
        let (first, second) = (_mm256_castsi256_ps(first), _mm256_castsi256_ps(second));
        _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(first, second))
    }

    /// The bytes of eight samples in the order of the vectors.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of_samples(bytes: u64) -> __m256i {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`Pairs`] refers to.
    struct Line {
        bits: Vec<u8>,
        quads: Vec<[u16; 2]>,
        lengths: Vec<[u32; 2]>,
        sums: Vec<[u32; 2]>,
    }

    /// Quads with lengths of up to `longest`.
    fn line(count: usize, longest: u32, seed: u64) -> Line {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32
        };
        let bits = (0..count * 20).map(|_| next() as u8).collect();
        let quads: Vec<[u16; 2]> = (0..count).map(|_| [0, 1].map(|_| (next() & 0xF) as u16)).collect();
        let mut length = |rho: u16, n: u32| (u32::from(rho >> n & 1) * (next() % (longest + 1))) << (8 * n);
        let mut lengths = |rho: u16| (0..4).fold(0, |all, n| all | length(rho, n));
        let lengths: Vec<[u32; 2]> = quads.iter().map(|quads| quads.map(&mut lengths)).collect();
        let sums = lengths.iter().map(|lengths| lengths.map(|lengths| lengths.wrapping_mul(0x0101_0101))).collect();
        // The highest bits are those of significant samples.
        let quads = quads.iter().map(|quads| quads.map(|rho| rho | (rho & 0b1011) << 8)).collect();
        Line { bits, quads, lengths, sums }
    }

    fn sample(plane: u32) -> impl Fn(u64, u64) -> u32 {
        move |value, one| (((value | one) + 2 * one) << plane | value << 31) as u32
    }

    fn with_vectors(pairs: Pairs<'_, u32>) -> usize {
        let sample = sample(pairs.plane);
        decode_pairs(pairs, sample)
    }

    fn plain(pairs: Pairs<'_, u32>) -> usize {
        let sample = sample(pairs.plane);
        decode_pairs_plain(pairs, sample)
    }

    #[test]
    fn vectors_are_the_plain_samples() {
        for (seed, count) in (0..40).zip([0, 1, 2, 7, 16, 33].into_iter().cycle()) {
            for longest in [0, 1, 7, 14, 15, 20, LONGEST] {
                let Line { bits, quads, lengths, sums } = line(count, longest, seed);
                // Some lines go beyond the end of the bits.
                for bits in [&bits[..], &bits[..bits.len() / 3]] {
                    let bits = &[bits, &[0xFF; 8]].concat()[..];
                    let decoded = |decode: fn(Pairs<'_, u32>) -> usize| {
                        let (mut upper, mut lower) = (vec![[7; 4]; count], vec![[7; 4]; count]);
                        let mut exponents = vec![[7; 4]; count];
                        let (position, plane) = (seed as usize, seed as u32 % 3);
                        let rows = [&mut upper[..], &mut lower[..]];
                        let end = decode(Pairs {
                            bits,
                            position,
                            quads: &quads,
                            lengths: &lengths,
                            sums: &sums,
                            plane,
                            rows,
                            exponents: &mut exponents,
                        });
                        (end, upper, lower, exponents)
                    };
                    assert!(decoded(with_vectors) == decoded(plain), "{seed} {count} {longest}");
                }
            }
        }
    }
}
