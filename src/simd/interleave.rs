//! Interleaving and deinterleaving of bands, and byte order.

use super::dispatch::widest;

widest! {
    /// Interleaves the samples of `planes`, each `size` bytes, into `out`.
    ///
    /// # Panics
    /// If `out` is not as long as all planes together.
    pub fn interleave(planes: &[&[u8]], size: usize, out: &mut [u8]) as interleave_plain
}

widest! {
    /// Deinterleaves the samples of `pixels` into one plane per band.
    ///
    /// # Panics
    /// If the planes together are not as long as `pixels`.
    pub(crate) fn deinterleave(pixels: &[u8], size: usize, planes: &mut [&mut [u8]]) as deinterleave_plain
}

widest! {
    /// Reverses the bytes of every `unit` bytes.
    pub fn swap_bytes(bytes: &mut [u8], unit: usize) as swap_bytes_plain
}

#[inline(always)]
fn interleave_plain(planes: &[&[u8]], size: usize, out: &mut [u8]) {
    assert_eq!(out.len(), planes.iter().map(|plane| plane.len()).sum::<usize>(), "output holds every plane");
    match size {
        1 => gather::<1>(planes, out),
        2 => gather::<2>(planes, out),
        4 => gather::<4>(planes, out),
        8 => gather::<8>(planes, out),
        _ => gather::<16>(planes, out),
    }
}

#[inline(always)]
fn deinterleave_plain(pixels: &[u8], size: usize, planes: &mut [&mut [u8]]) {
    assert_eq!(pixels.len(), planes.iter().map(|plane| plane.len()).sum::<usize>(), "planes hold every sample");
    match size {
        1 => scatter::<1>(pixels, planes),
        2 => scatter::<2>(pixels, planes),
        4 => scatter::<4>(pixels, planes),
        8 => scatter::<8>(pixels, planes),
        _ => scatter::<16>(pixels, planes),
    }
}

#[inline(always)]
fn swap_bytes_plain(bytes: &mut [u8], unit: usize) {
    match unit {
        1 => {}
        2 => reverse_each::<2>(bytes),
        4 => reverse_each::<4>(bytes),
        8 => reverse_each::<8>(bytes),
        _ => bytes.chunks_exact_mut(unit).for_each(<[u8]>::reverse),
    }
}

#[inline(always)]
fn reverse_each<const UNIT: usize>(bytes: &mut [u8]) {
    bytes.as_chunks_mut::<UNIT>().0.iter_mut().for_each(|unit| unit.reverse());
}

/// Interleaves samples of a constant size, which are copied in registers. Common numbers of bands are constants too, so
/// their pixels are written in one pass.
#[inline(always)]
fn gather<const SIZE: usize>(planes: &[&[u8]], out: &mut [u8]) {
    match planes.len() {
        1 => out.copy_from_slice(planes[0]),
        2 => pixels_of::<SIZE, 2>(counted(planes), out),
        3 => {
            let planes = counted::<3>(planes);
            let done = interleave_three::<SIZE>(planes, out);
            pixels_of::<SIZE, 3>(planes.map(|plane| &plane[done * SIZE..]), &mut out[done * 3 * SIZE..]);
        }
        4 => pixels_of::<SIZE, 4>(counted(planes), out),
        8 => pixels_of_eight::<SIZE>(counted(planes), out),
        _ => {
            for (band, plane) in planes.iter().enumerate() {
                let targets = out.as_chunks_mut::<SIZE>().0.iter_mut().skip(band).step_by(planes.len());
                targets.zip(plane.as_chunks::<SIZE>().0).for_each(|(target, sample)| *target = *sample);
            }
        }
    }
}

#[inline(always)]
fn counted<'a, const BANDS: usize>(planes: &[&'a [u8]]) -> [&'a [u8]; BANDS] {
    planes.try_into().expect("the planes were counted")
}

#[inline(always)]
fn counted_mut<'a, const BANDS: usize>(planes: &'a mut [&mut [u8]]) -> [&'a mut [u8]; BANDS] {
    let planes: &mut [&mut [u8]; BANDS] = planes.try_into().expect("the planes were counted");
    planes.each_mut().map(|plane| &mut **plane)
}

#[inline(always)]
fn pixels_of<const SIZE: usize, const BANDS: usize>(planes: [&[u8]; BANDS], out: &mut [u8]) {
    let planes = planes.map(|plane| plane.as_chunks::<SIZE>().0);
    let pixels = out.as_chunks_mut::<SIZE>().0.as_chunks_mut::<BANDS>().0;
    let count = planes.iter().fold(pixels.len(), |count, plane| count.min(plane.len()));
    let planes = planes.map(|plane| &plane[..count]);
    for (x, pixel) in pixels[..count].iter_mut().enumerate() {
        *pixel = planes.map(|plane| plane[x]);
    }
}

/// Interleaves pixels of eight samples in three rounds of pairing. Each round is one or two instructions, which the compiler
/// does not find by itself.
#[inline(always)]
fn pixels_of_eight<const SIZE: usize>(planes: [&[u8]; 8], out: &mut [u8]) {
    const STEP: usize = 16;
    let done = out.len() / SIZE / 8 / STEP * STEP;
    let (mut pairs, mut fours) = ([[[0; SIZE]; 2 * STEP]; 2], [[[0; SIZE]; 4 * STEP]; 2]);
    for (step, out) in out.as_chunks_mut::<SIZE>().0.chunks_exact_mut(8 * STEP).enumerate() {
        let samples = planes.map(|plane| &plane.as_chunks::<SIZE>().0[step * STEP..][..STEP]);
        for (odd, four) in fours.iter_mut().enumerate() {
            zip(samples[odd], samples[odd + 4], &mut pairs[0]);
            zip(samples[odd + 2], samples[odd + 6], &mut pairs[1]);
            zip(&pairs[0], &pairs[1], four);
        }
        zip(&fours[0], &fours[1], out);
    }
    pixels_of::<SIZE, 8>(planes.map(|plane| &plane[done * SIZE..]), &mut out[done * 8 * SIZE..]);
}

#[inline(always)]
fn zip<T: Copy>(a: &[T], b: &[T], out: &mut [T]) {
    for ((a, b), out) in a.iter().zip(b).zip(out.as_chunks_mut::<2>().0) {
        *out = [*a, *b];
    }
}

/// The reverse of [`gather`].
#[inline(always)]
fn scatter<const SIZE: usize>(pixels: &[u8], planes: &mut [&mut [u8]]) {
    let count = planes.len();
    match count {
        1 => planes[0].copy_from_slice(pixels),
        2 => bands_of::<SIZE, 2>(pixels, counted_mut(planes)),
        3 => bands_of::<SIZE, 3>(pixels, counted_mut(planes)),
        4 => bands_of::<SIZE, 4>(pixels, counted_mut(planes)),
        8 => bands_of::<SIZE, 8>(pixels, counted_mut(planes)),
        _ => {
            for (band, plane) in planes.iter_mut().enumerate() {
                let samples = pixels.as_chunks::<SIZE>().0.iter().skip(band).step_by(count);
                plane.as_chunks_mut::<SIZE>().0.iter_mut().zip(samples).for_each(|(target, sample)| *target = *sample);
            }
        }
    }
}

#[inline(always)]
fn bands_of<const SIZE: usize, const BANDS: usize>(pixels: &[u8], planes: [&mut [u8]; BANDS]) {
    let planes = planes.map(|plane| plane.as_chunks_mut::<SIZE>().0);
    let pixels = pixels.as_chunks::<SIZE>().0.as_chunks::<BANDS>().0;
    let count = planes.iter().fold(pixels.len(), |count, plane| count.min(plane.len()));
    let mut planes = planes.map(|plane| &mut plane[..count]);
    for (x, pixel) in pixels[..count].iter().enumerate() {
        for (plane, sample) in planes.iter_mut().zip(pixel) {
            plane[x] = *sample;
        }
    }
}

/// Interleaves whole vectors of pixels of three bands of small samples: sixteen bytes of each band are spread over three vectors
/// of pixels and joined. Returns the number of pixels done; the caller does the rest.
#[inline]
fn interleave_three<const SIZE: usize>(planes: [&[u8]; 3], out: &mut [u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if SIZE <= 2 && std::arch::is_x86_feature_detected!("ssse3") {
        // SAFETY: the processor has SSSE3.
        return unsafe { x86::interleave::<SIZE>(planes, out) };
    }
    let _ = (planes, out);
    0
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_or_si128, _mm_shuffle_epi8, _mm_storeu_si128};

    #[target_feature(enable = "ssse3")]
    pub(super) fn interleave<const SIZE: usize>(planes: [&[u8]; 3], out: &mut [u8]) -> usize {
        let spread: [[__m128i; 3]; 3] =
            std::array::from_fn(|part| std::array::from_fn(|plane| load(&SPREAD[SIZE - 1][part][plane])));
        let planes = planes.map(|plane| plane.as_chunks::<16>().0);
        let steps = out.as_chunks_mut::<48>().0;
        let count = planes.iter().fold(steps.len(), |count, plane| count.min(plane.len()));
        for (step, out) in steps[..count].iter_mut().enumerate() {
            let [a, b, c] = planes.map(|plane| load(&plane[step]));
            for (out, spread) in out.as_chunks_mut::<16>().0.iter_mut().zip(&spread) {
                let two = _mm_or_si128(_mm_shuffle_epi8(a, spread[0]), _mm_shuffle_epi8(b, spread[1]));
                store(_mm_or_si128(two, _mm_shuffle_epi8(c, spread[2])), out);
            }
        }
        count * 16 / SIZE
    }

    /// For samples of one and two bytes: the shuffles of each plane's bytes to each third of sixteen pixels' bytes.
    const SPREAD: [[[[u8; 16]; 3]; 3]; 2] = [spread(1), spread(2)];

    const fn spread(size: usize) -> [[[u8; 16]; 3]; 3] {
        let mut spread = [[[0x80; 16]; 3]; 3];
        let mut byte = 0;
        while byte < 48 {
            let (sample, within) = (byte / size, byte % size);
            spread[byte / 16][sample % 3][byte % 16] = (sample / 3 * size + within) as u8;
            byte += 1;
        }
        spread
    }

    #[inline]
    #[target_feature(enable = "ssse3")]
    fn load(bytes: &[u8; 16]) -> __m128i {
        // SAFETY: the sixteen bytes are readable; the load does not require alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "ssse3")]
    fn store(vector: __m128i, bytes: &mut [u8; 16]) {
        // SAFETY: the sixteen bytes are writable; the store does not require alignment.
        unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), vector) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Interleaves by definition.
    fn expected(planes: &[Vec<u8>], size: usize) -> Vec<u8> {
        let count = planes[0].len() / size;
        (0..count).flat_map(|x| planes.iter().flat_map(move |plane| plane[x * size..][..size].to_vec())).collect()
    }

    #[test]
    fn bands_go_together_and_apart_again() {
        for size in [1, 2, 4, 8, 16] {
            for bands in 1..=9 {
                for count in [0, 1, 7, 16, 33, 200] {
                    let planes: Vec<Vec<u8>> =
                        (0..bands).map(|band| (0..count * size).map(|i| (i * 7 + band * 31) as u8).collect()).collect();
                    let slices: Vec<&[u8]> = planes.iter().map(Vec::as_slice).collect();
                    let (mut fast, mut plain) = (vec![0; bands * count * size], vec![0; bands * count * size]);
                    interleave(&slices, size, &mut fast);
                    interleave_plain(&slices, size, &mut plain);
                    assert_eq!(fast, expected(&planes, size), "{size} {bands} {count}");
                    assert_eq!(plain, fast, "{size} {bands} {count}");

                    for deinterleave in [deinterleave, deinterleave_plain] {
                        let mut apart = vec![vec![0; count * size]; bands];
                        deinterleave(&fast, size, &mut apart.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
                        assert_eq!(apart, planes, "{size} {bands} {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_bytes_of_every_unit_are_reversed() {
        for unit in [1, 2, 3, 4, 8] {
            let bytes: Vec<u8> = (0..unit * 37).map(|i| i as u8).collect();
            let expected: Vec<u8> = bytes.chunks(unit).flat_map(|unit| unit.iter().rev().copied()).collect();
            for swap in [swap_bytes, swap_bytes_plain] {
                let mut swapped = bytes.clone();
                swap(&mut swapped, unit);
                assert_eq!(swapped, expected, "{unit}");
            }
        }
    }
}
