//! Running sums of the numbers of a row by vectors of sixteen bytes (SSSE3): a vector is added to itself shifted by one
//! pixel, by two, by four …, and then the last pixel before it to each of its pixels.

use std::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_add_epi16, _mm_add_epi32, _mm_add_epi64, _mm_loadu_si128, _mm_setzero_si128,
    _mm_shuffle_epi8, _mm_storeu_si128,
};

/// Adds to every number the one `stride` before it, from the front, as far as vectors go. The caller continues with the row from
/// the byte that is returned, whose first pixel is a sum. That is byte 0 if there is no vector code for such pixels or on this
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

/// Bytes of a vector.
const VECTOR: usize = 16;

/// The end of the bytes that it sums.
#[target_feature(enable = "ssse3")]
fn sum<const SIZE: usize>(row: &mut [u8], pixel: usize) -> usize {
    if pixel <= VECTOR { narrow::<SIZE>(row, pixel) } else { wide::<SIZE>(row, pixel) }
}

/// Pixels of at most a vector.
#[target_feature(enable = "ssse3")]
fn narrow<const SIZE: usize>(row: &mut [u8], pixel: usize) -> usize {
    let whole = VECTOR / pixel * pixel;
    // As many bytes as make whole pixels are summed; the rest of the vector keeps its values, for the next one.
    let shifts = [1, 2, 4, 8].map(|pixels| mask(|i| (i < whole && i >= pixels * pixel).then(|| i - pixels * pixel)));
    let carry = mask(|i| (i < whole).then(|| whole - pixel + i % pixel));
    let steps = (VECTOR / pixel).next_power_of_two().trailing_zeros() as usize;
    let mut last = _mm_setzero_si128();
    let mut next = load(row);
    let mut at = 0;
    while at + VECTOR <= row.len() {
        let mut sum = next;
        // Loaded before the store, because a load of bytes that were just stored in part has to wait for them.
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

/// Pixels of more than a vector: the numbers one pixel before stand in memory.
#[target_feature(enable = "ssse3")]
fn wide<const SIZE: usize>(row: &mut [u8], pixel: usize) -> usize {
    let mut at = pixel;
    while at + VECTOR <= row.len() {
        store(add::<SIZE>(load(&row[at..]), load(&row[at - pixel..])), &mut row[at..]);
        at += VECTOR;
    }
    at
}

/// A shuffle that takes byte `from(i)` to `i`, and zero where there is none.
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

/// The first sixteen bytes.
#[inline]
#[target_feature(enable = "ssse3")]
fn load(bytes: &[u8]) -> __m128i {
    let bytes = &bytes[..VECTOR];
    // SAFETY: the sixteen bytes are readable; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// To the first sixteen bytes.
#[inline]
#[target_feature(enable = "ssse3")]
fn store(vector: __m128i, bytes: &mut [u8]) {
    let bytes = &mut bytes[..VECTOR];
    // SAFETY: the sixteen bytes are writable; the store needs no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), vector) }
}
