//! Interleaving of three bands of small samples: sixteen bytes of each are spread over three vectors of pixels and joined.

/// Interleaves whole vectors of pixels and returns the number of pixels done; the caller does the rest.
#[inline]
pub(super) fn interleave<const SIZE: usize>(planes: [&[u8]; 3], out: &mut [u8]) -> usize {
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
