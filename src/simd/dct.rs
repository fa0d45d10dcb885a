//! Forward discrete cosine transform and quantisation of 8 × 8 blocks (ITU-T T.81 §A.3.3, §A.3.4), the hot half of JPEG
//! encoding.
//!
//! The transform is the scaled one of Arai, Agui and Nakajima in single precision: five multiplications for eight samples,
//! with the scale factors folded into the quantiser. Both versions perform the same operations in the same order and round
//! to even, so they agree bit for bit.

#![cfg_attr(
    target_arch = "x86_64",
    allow(unsafe_code, reason = "loads, stores and calls of vector code; see the SAFETY comments")
)]

/// One block of quantised coefficients in column-major order: the coefficient of horizontal frequency u and vertical
/// frequency v is at `8 u + v`. The order avoids a transposition; the caller's zigzag table accounts for it.
pub(crate) type Coefficients = [i16; 64];

/// Quantised coefficients are clamped to ±1023, the range of the Huffman codes of 8-bit baseline JPEG.
const LARGEST: i16 = 1023;

/// Scale of frequency k in the output of the transform: 1 for k = 0, else √2 · cos(kπ/16).
const SCALE: [f64; 8] = [
    1.0,
    1.387_039_845_322_147_8,
    1.306_562_964_876_376_4,
    1.175_875_602_419_359,
    1.0,
    0.785_694_958_387_102_3,
    0.541_196_100_146_197,
    0.275_899_379_282_943_1,
];

const COS_4: f32 = std::f32::consts::FRAC_1_SQRT_2;
const SIN_2: f32 = 0.382_683_43;
const LOW: f32 = 0.541_196_1;
const HIGH: f32 = 1.306_563;

/// The factors of the transform's output: the inverse of quantiser step and scale, in the order of
/// [`Coefficients`].
#[derive(Debug, Clone)]
pub(crate) struct Quantizer([f32; 64]);

impl Quantizer {
    /// The quantiser of these steps in row-major order: step (u, v) at `8 v + u`.
    pub(crate) fn new(steps: &[u16; 64]) -> Self {
        Self(std::array::from_fn(|place| {
            let (u, v) = (place / 8, place % 8);
            (1.0 / (f64::from(steps[8 * v + u]) * SCALE[u] * SCALE[v] * 8.0)) as f32
        }))
    }
}

/// Transforms and quantises adjacent blocks in eight lines of samples, `stride` bytes apart. `present` receives a mask for
/// each block; bit n is set if coefficient n is not zero.
///
/// # Panics
/// If the lines are shorter than the blocks, or `present` and `blocks` differ in length.
pub(crate) fn forward_dct(
    lines: &[u8],
    stride: usize,
    quantizer: &Quantizer,
    blocks: &mut [Coefficients],
    present: &mut [u64],
) {
    assert_eq!(blocks.len(), present.len(), "a mask for each block");
    assert!(stride >= 8 * blocks.len() && lines.len() >= 7 * stride + 8 * blocks.len(), "lines hold the blocks");
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { avx2::forward_dct(lines, stride, quantizer, blocks, present) };
        return;
    }
    portable(lines, stride, quantizer, blocks, present);
}

fn portable(lines: &[u8], stride: usize, quantizer: &Quantizer, blocks: &mut [Coefficients], present: &mut [u64]) {
    for (i, (block, mask)) in blocks.iter_mut().zip(present).enumerate() {
        let mut rows: [[f32; 8]; 8] =
            std::array::from_fn(|y| std::array::from_fn(|x| f32::from(lines[y * stride + 8 * i + x]) - 128.0));
        rows = transform(&rows);
        let turned: [[f32; 8]; 8] = std::array::from_fn(|x| std::array::from_fn(|y| rows[y][x]));
        let frequencies = transform(&turned);
        *mask = 0;
        for (n, target) in block.iter_mut().enumerate() {
            let value = (frequencies[n / 8][n % 8] * quantizer.0[n]).round_ties_even();
            *target = (value as i16).clamp(-LARGEST, LARGEST);
            *mask |= u64::from(*target != 0) << n;
        }
    }
}

/// The one-dimensional transform along the first axis.
fn transform(d: &[[f32; 8]; 8]) -> [[f32; 8]; 8] {
    let mut out = [[0.0; 8]; 8];
    for x in 0..8 {
        let (s07, d07) = (d[0][x] + d[7][x], d[0][x] - d[7][x]);
        let (s16, d16) = (d[1][x] + d[6][x], d[1][x] - d[6][x]);
        let (s25, d25) = (d[2][x] + d[5][x], d[2][x] - d[5][x]);
        let (s34, d34) = (d[3][x] + d[4][x], d[3][x] - d[4][x]);

        let (e0, e3) = (s07 + s34, s07 - s34);
        let (e1, e2) = (s16 + s25, s16 - s25);
        let z1 = (e2 + e3) * COS_4;
        (out[0][x], out[4][x]) = (e0 + e1, e0 - e1);
        (out[2][x], out[6][x]) = (e3 + z1, e3 - z1);

        let (o0, o1, o2) = (d34 + d25, d25 + d16, d16 + d07);
        let z5 = (o0 - o2) * SIN_2;
        let z2 = o0 * LOW + z5;
        let z4 = o2 * HIGH + z5;
        let z3 = o1 * COS_4;
        let (z11, z13) = (d07 + z3, d07 - z3);
        (out[5][x], out[3][x]) = (z13 + z2, z13 - z2);
        (out[1][x], out[7][x]) = (z11 + z4, z11 - z4);
    }
    out
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    #[allow(clippy::wildcard_imports, reason = "its names are unambiguous")]
    use std::arch::x86_64::*;

    use super::{COS_4, Coefficients, HIGH, LARGEST, LOW, Quantizer, SIN_2};

    /// As [`super::portable`]; the caller has checked the lengths.
    #[target_feature(enable = "avx2")]
    pub(super) fn forward_dct(
        lines: &[u8],
        stride: usize,
        quantizer: &Quantizer,
        blocks: &mut [Coefficients],
        present: &mut [u64],
    ) {
        let half = _mm256_set1_ps(128.0);
        // SAFETY: the quantiser holds eight rows of eight floats.
        let scale: [__m256; 8] =
            std::array::from_fn(|row| unsafe { _mm256_loadu_ps(quantizer.0.as_ptr().add(8 * row)) });
        for (i, (block, mask)) in blocks.iter_mut().zip(present).enumerate() {
            let rows: [__m256; 8] = std::array::from_fn(|y| {
                // SAFETY: `super::forward_dct` has checked that eight lines hold eight samples for each block.
                let samples = unsafe { _mm_loadl_epi64(lines.as_ptr().add(y * stride + 8 * i).cast()) };
                _mm256_sub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(samples)), half)
            });
            let rows = transform(&transpose(&transform(&rows)));
            let whole: [__m256i; 8] =
                std::array::from_fn(|row| _mm256_cvtps_epi32(_mm256_mul_ps(rows[row], scale[row])));
            *mask = store(&whole, block);
        }
    }

    /// Narrows eight rows to 16 bits, stores them, and returns the mask of nonzero coefficients.
    #[target_feature(enable = "avx2")]
    fn store(rows: &[__m256i; 8], block: &mut Coefficients) -> u64 {
        const STRAIGHTEN: i32 = 0b11_01_10_00;
        let (low, high, zero) = (_mm256_set1_epi16(-LARGEST), _mm256_set1_epi16(LARGEST), _mm256_setzero_si256());
        let pairs: [__m256i; 4] = std::array::from_fn(|pair| {
            let packed = _mm256_packs_epi32(rows[2 * pair], rows[2 * pair + 1]);
            let straight = _mm256_permute4x64_epi64(packed, STRAIGHTEN);
            let kept = _mm256_max_epi16(_mm256_min_epi16(straight, high), low);
            // SAFETY: the block holds four times sixteen numbers.
            unsafe { _mm256_storeu_si256(block.as_mut_ptr().add(16 * pair).cast(), kept) };
            kept
        });
        let halves: [u64; 2] = std::array::from_fn(|half| {
            let empty = [0, 1].map(|i| _mm256_cmpeq_epi16(pairs[2 * half + i], zero));
            let bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(empty[0], empty[1]), STRAIGHTEN);
            u64::from(!_mm256_movemask_epi8(bytes).cast_unsigned())
        });
        halves[0] | halves[1] << 32
    }

    #[target_feature(enable = "avx2")]
    fn transform(d: &[__m256; 8]) -> [__m256; 8] {
        let (add, sub) = (|a, b| _mm256_add_ps(a, b), |a, b| _mm256_sub_ps(a, b));
        let times = |a, factor| _mm256_mul_ps(a, _mm256_set1_ps(factor));
        let (s07, d07) = (add(d[0], d[7]), sub(d[0], d[7]));
        let (s16, d16) = (add(d[1], d[6]), sub(d[1], d[6]));
        let (s25, d25) = (add(d[2], d[5]), sub(d[2], d[5]));
        let (s34, d34) = (add(d[3], d[4]), sub(d[3], d[4]));

        let (e0, e3) = (add(s07, s34), sub(s07, s34));
        let (e1, e2) = (add(s16, s25), sub(s16, s25));
        let z1 = times(add(e2, e3), COS_4);

        let (o0, o1, o2) = (add(d34, d25), add(d25, d16), add(d16, d07));
        let z5 = times(sub(o0, o2), SIN_2);
        let z2 = add(times(o0, LOW), z5);
        let z4 = add(times(o2, HIGH), z5);
        let z3 = times(o1, COS_4);
        let (z11, z13) = (add(d07, z3), sub(d07, z3));
        [add(e0, e1), add(z11, z4), add(e3, z1), sub(z13, z2), sub(e0, e1), add(z13, z2), sub(e3, z1), sub(z11, z4)]
    }

    #[target_feature(enable = "avx2")]
    fn transpose(r: &[__m256; 8]) -> [__m256; 8] {
        let pairs: [__m256; 8] = std::array::from_fn(|i| {
            let (a, b) = (r[i / 2 * 2], r[i / 2 * 2 + 1]);
            if i % 2 == 0 { _mm256_unpacklo_ps(a, b) } else { _mm256_unpackhi_ps(a, b) }
        });
        let fours: [__m256; 8] = std::array::from_fn(|i| {
            let (a, b) = (pairs[i / 4 * 4 + i % 4 / 2], pairs[i / 4 * 4 + i % 4 / 2 + 2]);
            if i % 2 == 0 { _mm256_shuffle_ps(a, b, 0b01_00_01_00) } else { _mm256_shuffle_ps(a, b, 0b11_10_11_10) }
        });
        std::array::from_fn(|i| {
            let (a, b) = (fours[i % 4], fours[i % 4 + 4]);
            if i < 4 { _mm256_permute2f128_ps(a, b, 0x20) } else { _mm256_permute2f128_ps(a, b, 0x31) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize) -> Vec<u8> {
        let mut state = 0x9E37_79B9_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..count).map(|i| if i % 5 == 0 { [0, 255][i % 2] } else { next() }).collect()
    }

    #[test]
    fn vectors_and_plain_loops_agree() {
        let steps: [u16; 64] = std::array::from_fn(|i| 1 + (i as u16 * 7) % 99);
        for steps in [[1; 64], steps, [255; 64]] {
            let quantizer = Quantizer::new(&steps);
            let lines = noise(8 * 100);
            let (mut fast, mut slow) = ([[0; 64]; 12], [[1; 64]; 12]);
            let (mut fast_masks, mut slow_masks) = ([0; 12], [1; 12]);
            forward_dct(&lines, 100, &quantizer, &mut fast, &mut fast_masks);
            portable(&lines, 100, &quantizer, &mut slow, &mut slow_masks);
            assert_eq!(fast, slow);
            assert_eq!(fast_masks, slow_masks);
        }
    }

    #[test]
    fn the_transform_is_that_of_the_standard() {
        let lines = noise(64);
        let mut block = [[0; 64]];
        forward_dct(&lines, 8, &Quantizer::new(&[1; 64]), &mut block, &mut [0]);
        let pi = std::f64::consts::PI;
        for (u, v) in (0..8).flat_map(|u| (0..8).map(move |v| (u, v))) {
            let factor = |k: usize| if k == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
            let mut sum = 0.0;
            for (x, y) in (0..8).flat_map(|x| (0..8).map(move |y| (x, y))) {
                let angle = |n: usize, k: usize| ((2 * n + 1) as f64 * k as f64 * pi / 16.0).cos();
                sum += (f64::from(lines[8 * y + x]) - 128.0) * angle(x, u) * angle(y, v);
            }
            let exact = sum * factor(u) * factor(v) / 4.0;
            // Rounding to an integer errs by half a unit; single precision adds a little.
            assert!((f64::from(block[0][8 * u + v]) - exact).abs() < 0.502, "coefficient ({u}, {v})");
        }
    }
}
