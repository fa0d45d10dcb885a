//! Conversion of red, green and blue to luminance and chrominance (JFIF, ITU-R BT.601 at full range), with chrominance
//! averaged over rectangles of pixels.
//!
//! Samples are scaled by 64, multiplied by factors of 15 bits with rounding, and summed. Each product is within 1/128 of the
//! exact one. Both versions perform the same arithmetic, so they agree bit for bit.

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
/// Zero chrominance, in units of 1/64.
const CENTRE: i16 = 128 * 64;

/// Computes the luminance of a row.
///
/// # Panics
/// If the rows differ in length.
pub(crate) fn luma(rgb: [&[u8]; 3], y: &mut [u8]) {
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

/// Computes the chrominance of the rows `upper` and `lower` (the same row if rows are not averaged): one sample of each kind
/// for every `per_sample` = 1 or 2 columns. The last column replaces a missing one.
///
/// # Panics
/// If the rows differ in length, or the outputs do not have the resulting length.
pub(crate) fn chroma(upper: [&[u8]; 3], lower: [&[u8]; 3], per_sample: usize, cb: &mut [u8], cr: &mut [u8]) {
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
        // The upper bits of the product, rounded, as in the vector instruction.
        ((i32::from(sample) * i32::from(factor) + 0x4000) >> 15) as i16
    });
    let sum: i16 = products.sum::<i16>() + (offset + 32);
    (sum >> 6).clamp(0, 255) as u8
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    #[allow(clippy::wildcard_imports, reason = "its names are unambiguous")]
    use std::arch::x86_64::*;

    use super::{BLUE, CENTRE, LUMA, RED};

    /// Samples written at once.
    const STEP: usize = 32;

    /// Converts whole steps and returns the number of samples done. The caller has checked the lengths.
    #[target_feature(enable = "avx2")]
    pub(super) fn luma(rgb: [&[u8]; 3], y: &mut [u8]) -> usize {
        let [red, green, blue] = rgb.map(|row| row.as_chunks::<STEP>().0);
        for (((red, green), blue), out) in red.iter().zip(green).zip(blue).zip(y.as_chunks_mut::<STEP>().0) {
            let ((r0, r1), (g0, g1), (b0, b1)) = (wide(red), wide(green), wide(blue));
            store(level([r0, g0, b0], LUMA, 0), level([r1, g1, b1], LUMA, 0), out);
        }
        y.len() / STEP * STEP
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
            let at = step * STEP * per_sample;
            let (r0, r1) = sums(upper[0], lower[0], at, per_sample);
            let (g0, g1) = sums(upper[1], lower[1], at, per_sample);
            let (b0, b1) = sums(upper[2], lower[2], at, per_sample);
            let (first, second) = ([r0, g0, b0], [r1, g1, b1]);
            let range = step * STEP..(step + 1) * STEP;
            if let (Some(cb), Some(cr)) = (cb[range.clone()].first_chunk_mut(), cr[range].first_chunk_mut()) {
                store(level(first, BLUE, CENTRE), level(second, BLUE, CENTRE), cb);
                store(level(first, RED, CENTRE), level(second, RED, CENTRE), cr);
            }
        }
        steps * STEP
    }

    /// Means of one or two columns of two rows in units of 1/64, for a step of outputs.
    #[target_feature(enable = "avx2")]
    fn sums(upper: &[u8], lower: &[u8], at: usize, per_sample: usize) -> (__m256i, __m256i) {
        let (upper, lower) = (&upper[at..at + STEP * per_sample], &lower[at..at + STEP * per_sample]);
        let row = |row: &[u8]| {
            if per_sample == 2 {
                // SAFETY: the row holds 64 bytes.
                let halves = unsafe { (load(row), load(&row[32..])) };
                let ones = _mm256_set1_epi8(1);
                (_mm256_maddubs_epi16(halves.0, ones), _mm256_maddubs_epi16(halves.1, ones))
            } else {
                // SAFETY: the row holds 32 bytes.
                let bytes = unsafe { load(row) };
                let low = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(bytes));
                let high = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(bytes, 1));
                (_mm256_slli_epi16(low, 1), _mm256_slli_epi16(high, 1))
            }
        };
        let ((a0, a1), (b0, b1)) = (row(upper), row(lower));
        (_mm256_slli_epi16(_mm256_add_epi16(a0, b0), 4), _mm256_slli_epi16(_mm256_add_epi16(a1, b1), 4))
    }

    /// Converts samples to units of 1/64.
    #[target_feature(enable = "avx2")]
    fn wide(samples: &[u8; STEP]) -> (__m256i, __m256i) {
        // SAFETY: the slice holds 32 bytes.
        let bytes = unsafe { load(samples) };
        let low = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(bytes));
        let high = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(bytes, 1));
        (_mm256_slli_epi16(low, 6), _mm256_slli_epi16(high, 6))
    }

    #[target_feature(enable = "avx2")]
    fn level(samples: [__m256i; 3], factors: [i16; 3], offset: i16) -> __m256i {
        let red = _mm256_mulhrs_epi16(samples[0], _mm256_set1_epi16(factors[0]));
        let green = _mm256_mulhrs_epi16(samples[1], _mm256_set1_epi16(factors[1]));
        let blue = _mm256_mulhrs_epi16(samples[2], _mm256_set1_epi16(factors[2]));
        let sum = _mm256_add_epi16(_mm256_add_epi16(red, green), blue);
        _mm256_srai_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(offset + 32)), 6)
    }

    /// Loads the first 32 bytes.
    ///
    /// # Safety
    /// The slice must hold at least 32 bytes.
    #[target_feature(enable = "avx2")]
    unsafe fn load(bytes: &[u8]) -> __m256i {
        // SAFETY: the caller guarantees the length.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    /// Narrows two vectors of sixteen levels to bytes.
    #[target_feature(enable = "avx2")]
    fn store(first: __m256i, second: __m256i, out: &mut [u8; STEP]) {
        let bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(first, second), 0b11_01_10_00);
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
                // Plain loops process a row this short.
                let (from, to) = (x * per_sample, ((x + 1) * per_sample).min(202));
                let mut one = ([0], [0]);
                chroma(part(from..to), part(from + 1..to + 1), per_sample, &mut one.0, &mut one.1);
                assert_eq!((cb[x], cr[x]), (one.0[0], one.1[0]), "sample {x} of {per_sample}");
            }
        }
        for (x, level) in y.into_iter().enumerate() {
            let mut one = [0];
            luma(part(x..x + 1), &mut one);
            assert_eq!(level, one[0]);
        }
    }
}
