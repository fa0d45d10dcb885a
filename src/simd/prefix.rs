//! Running sums of the numbers of a row in vectors of sixteen bytes (SSSE3). A vector is added to itself shifted by one
//! pixel, by two, by four and so on; then the last pixel before it is added to each of its pixels.

use std::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_add_epi16, _mm_add_epi32, _mm_add_epi64, _mm_loadu_si128, _mm_setzero_si128,
    _mm_shuffle_epi8, _mm_storeu_si128,
};

/// Adds to each number the one `stride` before it, from the front, in whole vectors. Returns the byte from which the caller
/// continues; the pixel at that byte is already a sum. Returns 0 if there is no vector code for these pixels or this
/// processor.
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
    let shifts = [1, 2, 4, 8].map(|pixels| mask(|i| (i < whole && i >= pixels * pixel).then(|| i - pixels * pixel)));
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
