//! Red, green, blue to luminance and chrominance (JFIF, ITU-R BT.601 at full range), with chrominance averaged over
//! rectangles of pixels on the way.
//!
//! Samples are scaled to 64 times their value, multiplied by factors of 15 bits with rounding, and summed: each product is
//! within 1/128 of the exact one. Both versions do the same arithmetic, so they agree bit for bit.

#![cfg_attr(
    target_arch = "x86_64",
    allow(unsafe_code, reason = "loads, stores and calls of vector code; see the SAFETY comments")
)]

/// 0.299, 0.587, 0.114 in units of 2⁻¹⁵; they sum to one.
const LUMA: [i16; 3] = [9798, 19235, 3735];
/// −0.168736, −0.331264, 0.5.
const BLUE: [i16; 3] = [-5529, -10855, 16384];
/// 0.5, −0.418688, −0.081312.
const RED: [i16; 3] = [16384, -13720, -2664];
/// Chrominance zero, in units of 1/64.
const CENTRE: i16 = 128 * 64;

/// The luminance of a row.
///
/// # Panics
/// Where the rows differ in length.
pub fn luma(rgb: [&[u8]; 3], y: &mut [u8]) {
    assert!(rgb.iter().all(|row| row.len() == y.len()), "rows of one length");
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        done = unsafe { avx2::luma(rgb, y) };
    }
    for (x, target) in y.iter_mut().enumerate().skip(done) {
        *target = level(rgb.map(|row| i16::from(row[x]) << 6), LUMA, 0);
    }
}

/// The chrominance of `upper` and `lower` row (the same one, where rows are not averaged): one sample of each kind for every
/// `per_sample` = 1 or 2 columns, the last column standing for one that is missing.
///
/// # Panics
/// Where the rows differ in length, or the outputs are not as long as that asks for.
pub fn chroma(upper: [&[u8]; 3], lower: [&[u8]; 3], per_sample: usize, cb: &mut [u8], cr: &mut [u8]) {
    let width = upper[0].len();
    assert!(upper.iter().chain(&lower).all(|row| row.len() == width), "rows of one length");
    assert!(matches!(per_sample, 1 | 2), "one or two columns for a sample");
    assert!(cb.len() == width.div_ceil(per_sample) && cr.len() == cb.len(), "outputs of the length asked for");
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        done = unsafe { avx2::chroma(upper, lower, per_sample, cb, cr) };
    }
    for x in done..cb.len() {
        let (left, right) = (x * per_sample, ((x + 1) * per_sample - 1).min(width - 1));
        let sums: [i16; 3] = std::array::from_fn(|band| {
            let (upper, lower) = (upper[band], lower[band]);
            [upper[left], upper[right], lower[left], lower[right]].into_iter().map(i16::from).sum::<i16>() << 4
        });
        cb[x] = level(sums, BLUE, CENTRE);
        cr[x] = level(sums, RED, CENTRE);
    }
}

/// The weighted sum of three levels in units of 1/64, rounded to an integer.
fn level(samples: [i16; 3], factors: [i16; 3], offset: i16) -> u8 {
    let products = std::iter::zip(samples, factors).map(|(sample, factor)| {
        // As the vector instruction has it: the upper bits of the product, rounded.
        ((i32::from(sample) * i32::from(factor) + 0x4000) >> 15) as i16
    });
    let sum: i16 = products.sum::<i16>() + (offset + 32);
    (sum >> 6).clamp(0, 255) as u8
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{BLUE, CENTRE, LUMA, RED};

    /// Samples written at once.
    const STEP: usize = 32;

    /// Does whole steps and tells how many samples are done. The caller has checked the lengths.
    #[target_feature(enable = "avx2")]
    pub(super) fn luma(rgb: [&[u8]; 3], y: &mut [u8]) -> usize {
        let steps = y.len() / STEP;
        for step in 0..steps {
            let halves = [0, 16].map(|half| {
                let samples = rgb.map(|row| {
                    // SAFETY: `step` counts whole steps of 32 samples that the rows hold.
                    let bytes = unsafe { _mm_loadu_si128(row.as_ptr().add(step * STEP + half).cast()) };
                    _mm256_slli_epi16(_mm256_cvtepu8_epi16(bytes), 6)
                });
                level(samples, LUMA, 0)
            });
            store(halves, &mut y[step * STEP..][..STEP]);
        }
        steps * STEP
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn chroma(
        upper: [&[u8]; 3],
        lower: [&[u8]; 3],
        per_sample: usize,
        cb: &mut [u8],
        cr: &mut [u8],
    ) -> usize {
        let steps = upper[0].len() / per_sample / STEP;
        for step in 0..steps {
            let halves = [0, 16].map(|half| {
                let at = (step * STEP + half) * per_sample;
                let sums: [__m256i; 3] = std::array::from_fn(|band| {
                    let sum = _mm256_add_epi16(sums(upper[band], at, per_sample), sums(lower[band], at, per_sample));
                    _mm256_slli_epi16(sum, 4)
                });
                (level(sums, BLUE, CENTRE), level(sums, RED, CENTRE))
            });
            store(halves.map(|(blue, _)| blue), &mut cb[step * STEP..][..STEP]);
            store(halves.map(|(_, red)| red), &mut cr[step * STEP..][..STEP]);
        }
        steps * STEP
    }

    /// Sixteen sums of two columns from `at` on, or sixteen samples twice.
    #[target_feature(enable = "avx2")]
    fn sums(row: &[u8], at: usize, per_sample: usize) -> __m256i {
        let row = &row[at..at + 16 * per_sample];
        if per_sample == 2 {
            // SAFETY: the row holds 32 bytes.
            let bytes = unsafe { _mm256_loadu_si256(row.as_ptr().cast()) };
            _mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1))
        } else {
            // SAFETY: the row holds 16 bytes.
            let bytes = unsafe { _mm_loadu_si128(row.as_ptr().cast()) };
            _mm256_slli_epi16(_mm256_cvtepu8_epi16(bytes), 1)
        }
    }

    #[target_feature(enable = "avx2")]
    fn level(samples: [__m256i; 3], factors: [i16; 3], offset: i16) -> __m256i {
        let product = |band: usize| _mm256_mulhrs_epi16(samples[band], _mm256_set1_epi16(factors[band]));
        let sum = _mm256_add_epi16(_mm256_add_epi16(product(0), product(1)), product(2));
        _mm256_srai_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(offset + 32)), 6)
    }

    /// Narrows twice sixteen levels to bytes.
    #[target_feature(enable = "avx2")]
    fn store(halves: [__m256i; 2], out: &mut [u8]) {
        assert!(out.len() >= STEP, "room for a step");
        let bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(halves[0], halves[1]), 0b11_01_10_00);
        // SAFETY: `out` holds 32 bytes.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(rgb: [f64; 3], factors: [f64; 3], offset: f64) -> f64 {
        (std::iter::zip(rgb, factors).map(|(sample, factor)| sample * factor).sum::<f64>() + offset).clamp(0.0, 255.0)
    }

    /// Rows long enough for vector code and a remainder, with every extreme.
    fn rows() -> [Vec<u8>; 3] {
        let row = |seed: usize| {
            let values =
                (0..203).map(|i| if i % 3 == 0 { [0, 255][(i / 3 + seed) % 2] } else { (i * seed * 37 % 256) as u8 });
            values.collect()
        };
        [row(1), row(2), row(5)]
    }

    #[test]
    fn levels_are_those_of_bt_601_within_rounding() {
        let rows = rows();
        let rgb = [&rows[0][..], &rows[1], &rows[2]];
        let (mut y, mut cb, mut cr) = (vec![0; 203], vec![0; 203], vec![0; 203]);
        luma(rgb, &mut y);
        chroma(rgb, rgb, 1, &mut cb, &mut cr);
        for x in 0..203 {
            let pixel = rgb.map(|row| f64::from(row[x]));
            // Half a unit of rounding, and three products each within 1/128.
            let near = |found: u8, exact: f64| (f64::from(found) - exact).abs() <= 0.5 + 3.0 / 128.0 + 0.01;
            assert!(near(y[x], exact(pixel, [0.299, 0.587, 0.114], 0.0)), "Y of {pixel:?}");
            assert!(near(cb[x], exact(pixel, [-0.168_736, -0.331_264, 0.5], 128.0)), "Cb of {pixel:?}");
            assert!(near(cr[x], exact(pixel, [0.5, -0.418_688, -0.081_312], 128.0)), "Cr of {pixel:?}");
        }
    }

    #[test]
    fn vectors_and_plain_loops_agree() {
        let rows = rows();
        let part =
            |range: std::ops::Range<usize>| -> [&[u8]; 3] { std::array::from_fn(|band| &rows[band][range.clone()]) };
        let mut y = vec![0; 203];
        luma(part(0..203), &mut y);
        for per_sample in [1, 2] {
            let count = 202usize.div_ceil(per_sample);
            let (mut cb, mut cr) = (vec![0; count], vec![0; count]);
            chroma(part(0..202), part(1..203), per_sample, &mut cb, &mut cr);
            for x in 0..count {
                // A row this short is done by plain loops.
                let (from, to) = (x * per_sample, ((x + 1) * per_sample).min(202));
                let (mut one_cb, mut one_cr) = ([0], [0]);
                chroma(part(from..to), part(from + 1..to + 1), per_sample, &mut one_cb, &mut one_cr);
                assert_eq!((cb[x], cr[x]), (one_cb[0], one_cr[0]), "sample {x} of {per_sample}");
            }
        }
        for x in 0..203 {
            let mut one = [0];
            luma(part(x..x + 1), &mut one);
            assert_eq!(y[x], one[0]);
        }
    }
}
