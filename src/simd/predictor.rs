//! Differences of neighbouring samples and their sums (predictor 2), and grouping of bytes by significance (predictor 3).

use super::dispatch::widest;
use super::{deinterleave, interleave};

widest! {
    /// Replaces each number of `size` bytes (1, 2, 4, 8), except the first `stride` of a row, with its difference from the
    /// number `stride` before it.
    pub fn difference(row: &mut [u8], size: usize, stride: usize) as difference_plain
}

/// The reverse of [`difference`].
pub fn accumulate(row: &mut [u8], size: usize, stride: usize) {
    #[cfg(target_arch = "x86_64")]
    let row = {
        let rest = prefix::accumulate(row, size, stride);
        &mut row[rest..]
    };
    accumulate_plain(row, size, stride);
}

/// Writes the bytes of the numbers of `size` bytes (2, 4, 8) in `row` to `planes`: all most significant bytes, then all
/// next ones, and so on.
///
/// # Panics
/// If the two differ in length, or the length is not a multiple of `size`.
pub fn split_planes(row: &[u8], size: usize, planes: &mut [u8]) {
    let plane = planes.len() / size;
    match size {
        2 => deinterleave(row, 1, &mut most_significant_first(planes_of::<2>(planes, plane))),
        4 => deinterleave(row, 1, &mut most_significant_first(planes_of::<4>(planes, plane))),
        _ => deinterleave(row, 1, &mut most_significant_first(planes_of::<8>(planes, plane))),
    }
}

/// The reverse of [`split_planes`].
///
/// # Panics
/// If the two differ in length, or the length is not a multiple of `size`.
pub fn join_planes(planes: &[u8], size: usize, row: &mut [u8]) {
    fn planes_of<const SIZE: usize>(planes: &[u8]) -> [&[u8]; SIZE] {
        let length = planes.len() / SIZE;
        most_significant_first(std::array::from_fn(|plane| &planes[plane * length..][..length]))
    }
    match size {
        2 => interleave(&planes_of::<2>(planes), 1, row),
        4 => interleave(&planes_of::<4>(planes), 1, row),
        _ => interleave(&planes_of::<8>(planes), 1, row),
    }
}

/// Numbers with wrapping arithmetic.
trait Number<const SIZE: usize>: Copy {
    fn read(bytes: [u8; SIZE]) -> Self;
    fn bytes(self) -> [u8; SIZE];
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
}

macro_rules! number {
    ($($kind:ty, $size:literal;)*) => {$(
        impl Number<$size> for $kind {
            #[inline(always)]
            fn read(bytes: [u8; $size]) -> Self { Self::from_ne_bytes(bytes) }
            #[inline(always)]
            fn bytes(self) -> [u8; $size] { self.to_ne_bytes() }
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self.wrapping_add(other) }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self.wrapping_sub(other) }
        }
    )*};
}

number! { u8, 1; u16, 2; u32, 4; u64, 8; }

#[inline(always)]
fn difference_plain(row: &mut [u8], size: usize, stride: usize) {
    match size {
        1 => difference_of::<u8, 1>(row, stride),
        2 => difference_of::<u16, 2>(row, stride),
        4 => difference_of::<u32, 4>(row, stride),
        _ => difference_of::<u64, 8>(row, stride),
    }
}

fn accumulate_plain(row: &mut [u8], size: usize, stride: usize) {
    match size {
        1 => accumulate_of::<u8, 1>(row, stride),
        2 => accumulate_of::<u16, 2>(row, stride),
        4 => accumulate_of::<u32, 4>(row, stride),
        _ => accumulate_of::<u64, 8>(row, stride),
    }
}

/// Runs from the end, because each number is needed unchanged by its successor. Copies a constant length into registers,
/// because the compiler cannot prove that the overlap of the two ranges is harmless.
#[inline(always)]
fn difference_of<N: Number<SIZE>, const SIZE: usize>(row: &mut [u8], stride: usize) {
    const STEP: usize = 32;
    let numbers = row.as_chunks_mut::<SIZE>().0;
    let mut end = numbers.len();
    while end >= stride + STEP {
        let start = end - STEP;
        let mut before = [[0; SIZE]; STEP];
        before.copy_from_slice(&numbers[start - stride..end - stride]);
        for (number, before) in numbers[start..end].iter_mut().zip(before) {
            *number = N::read(*number).minus(N::read(before)).bytes();
        }
        end = start;
    }
    for i in (stride..end).rev() {
        numbers[i] = N::read(numbers[i]).minus(N::read(numbers[i - stride])).bytes();
    }
}

fn accumulate_of<N: Number<SIZE>, const SIZE: usize>(row: &mut [u8], stride: usize) {
    let numbers = row.as_chunks_mut::<SIZE>().0;
    for i in stride..numbers.len() {
        numbers[i] = N::read(numbers[i]).plus(N::read(numbers[i - stride])).bytes();
    }
}

fn planes_of<const SIZE: usize>(planes: &mut [u8], length: usize) -> [&mut [u8]; SIZE] {
    let mut rest = planes;
    std::array::from_fn(|_| rest.split_off_mut(..length).expect("as many planes as a number has bytes"))
}

/// Converts between the order of bytes in memory and that of significance.
fn most_significant_first<T, const SIZE: usize>(mut planes: [T; SIZE]) -> [T; SIZE] {
    if cfg!(target_endian = "little") {
        planes.reverse();
    }
    planes
}

/// Running sums of the numbers of a row in vectors of sixteen bytes (SSSE3). A vector is added to itself shifted by one
/// pixel, by two, by four and so on; then the last pixel before it is added to each of its pixels.
#[cfg(target_arch = "x86_64")]
mod prefix {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_add_epi16, _mm_add_epi32, _mm_add_epi64, _mm_loadu_si128, _mm_setzero_si128,
        _mm_shuffle_epi8, _mm_storeu_si128,
    };

    /// Adds to each number the one `stride` before it, from the front, in whole vectors. Returns the byte from which the caller
    /// continues; the pixel at that byte is already a sum. Returns 0 if these pixels or this processor lack vector code.
    pub(super) fn accumulate(row: &mut [u8], size: usize, stride: usize) -> usize {
        let pixel = size * stride;
        if pixel == 0 || row.len() < 2 * VECTOR || !std::arch::is_x86_feature_detected!("ssse3") {
            return 0;
        }
        // SAFETY: the processor has SSSE3.
        let end = unsafe {
            match size {
                1 => sum::<1>(row, pixel),
                2 => sum::<2>(row, pixel),
                4 => sum::<4>(row, pixel),
                8 => sum::<8>(row, pixel),
                _ => return 0,
            }
        };
        end.saturating_sub(pixel)
    }

    /// Bytes in a vector.
    const VECTOR: usize = 16;

    /// The end of the bytes that the function sums.
    #[target_feature(enable = "ssse3")]
    fn sum<const SIZE: usize>(row: &mut [u8], pixel: usize) -> usize {
        if pixel <= VECTOR { narrow::<SIZE>(row, pixel) } else { wide::<SIZE>(row, pixel) }
    }

    /// Sums pixels that fit in a vector.
    #[target_feature(enable = "ssse3")]
    fn narrow<const SIZE: usize>(row: &mut [u8], pixel: usize) -> usize {
        let whole = VECTOR / pixel * pixel;
        // The bytes of whole pixels are summed; the rest of the vector keeps its values for the next one.
        let shifts =
            [1, 2, 4, 8].map(|pixels| mask(|i| (i < whole && i >= pixels * pixel).then(|| i - pixels * pixel)));
        let carry = mask(|i| (i < whole).then(|| whole - pixel + i % pixel));
        let steps = (VECTOR / pixel).next_power_of_two().trailing_zeros() as usize;
        let mut last = _mm_setzero_si128();
        let mut next = load(row);
        let mut at = 0;
        while at + VECTOR <= row.len() {
            let mut sum = next;
            // Loaded before the store, because a load that overlaps a recent store has to wait for it.
            if at + whole + VECTOR <= row.len() {
                next = load(&row[at + whole..]);
            }
            for shift in &shifts[..steps] {
                sum = add::<SIZE>(sum, _mm_shuffle_epi8(sum, *shift));
            }
            sum = add::<SIZE>(sum, last);
            store(sum, &mut row[at..]);
            last = _mm_shuffle_epi8(sum, carry);
            at += whole;
        }
        at
    }

    /// Sums pixels larger than a vector: the previous pixel is read from memory.
    #[target_feature(enable = "ssse3")]
    fn wide<const SIZE: usize>(row: &mut [u8], pixel: usize) -> usize {
        let mut at = pixel;
        while at + VECTOR <= row.len() {
            store(add::<SIZE>(load(&row[at..]), load(&row[at - pixel..])), &mut row[at..]);
            at += VECTOR;
        }
        at
    }

    /// A shuffle that moves byte `from(i)` to `i`, or sets it to zero if `from(i)` is `None`.
    #[target_feature(enable = "ssse3")]
    fn mask(from: impl Fn(usize) -> Option<usize>) -> __m128i {
        load(&std::array::from_fn::<u8, VECTOR, _>(|i| from(i).map_or(0x80, |from| from as u8)))
    }

    #[inline]
    #[target_feature(enable = "ssse3")]
    fn add<const SIZE: usize>(a: __m128i, b: __m128i) -> __m128i {
        match SIZE {
            1 => _mm_add_epi8(a, b),
            2 => _mm_add_epi16(a, b),
            4 => _mm_add_epi32(a, b),
            _ => _mm_add_epi64(a, b),
        }
    }

    /// Loads the first sixteen bytes.
    #[inline]
    #[target_feature(enable = "ssse3")]
    fn load(bytes: &[u8]) -> __m128i {
        let bytes = &bytes[..VECTOR];
        // SAFETY: the sixteen bytes are readable; the load does not require alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    /// Stores to the first sixteen bytes.
    #[inline]
    #[target_feature(enable = "ssse3")]
    fn store(vector: __m128i, bytes: &mut [u8]) {
        let bytes = &mut bytes[..VECTOR];
        // SAFETY: the sixteen bytes are writable; the store does not require alignment.
        unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), vector) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(length)
        .collect()
    }

    #[test]
    fn differences_are_those_of_the_definition() {
        for size in [1, 2, 4, 8] {
            for stride in 1..20 {
                for count in [0, 1, 2, 5, 31, 32, 33, 63, 100, 257] {
                    let row = noise(count * size);
                    let number = |i: usize| {
                        let mut wide = [0; 8];
                        wide[..size].copy_from_slice(&row[i * size..][..size]);
                        u64::from_le_bytes(wide)
                    };
                    let mut differences = row.clone();
                    difference(&mut differences, size, stride);
                    if cfg!(target_endian = "little") {
                        for i in 0..count {
                            let before = if i < stride { 0 } else { number(i - stride) };
                            let expected = number(i).wrapping_sub(before).to_le_bytes();
                            assert_eq!(
                                differences[i * size..][..size],
                                expected[..size],
                                "{size} {stride} {count} {i}"
                            );
                        }
                    }
                    let mut plain = row.clone();
                    difference_plain(&mut plain, size, stride);
                    assert_eq!(plain, differences, "{size} {stride} {count}");
                    accumulate_plain(&mut plain, size, stride);
                    assert_eq!(plain, row, "{size} {stride} {count}");
                    accumulate(&mut differences, size, stride);
                    assert_eq!(differences, row, "{size} {stride} {count}");
                }
            }
        }
    }

    #[test]
    fn the_most_significant_plane_is_first_on_every_machine() {
        let row: Vec<u8> = [0x0102_0304u32, 0x1112_1314, 0x2122_2324].iter().flat_map(|n| n.to_ne_bytes()).collect();
        let mut planes = [0; 12];
        split_planes(&row, 4, &mut planes);
        assert_eq!(planes, [0x01, 0x11, 0x21, 0x02, 0x12, 0x22, 0x03, 0x13, 0x23, 0x04, 0x14, 0x24]);
    }

    #[test]
    fn planes_are_joined_to_what_they_were() {
        for size in [2, 4, 8] {
            for count in [0, 1, 3, 16, 17, 100] {
                let row = noise(count * size);
                let (mut planes, mut back) = (vec![0; row.len()], vec![0; row.len()]);
                split_planes(&row, size, &mut planes);
                join_planes(&planes, size, &mut back);
                assert_eq!(back, row, "{size} {count}");
            }
        }
    }
}
