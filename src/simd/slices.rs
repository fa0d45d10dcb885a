//! Bytes from bit slices. Masks choose the bytes that are stored, one after the other.

#![cfg_attr(
    target_arch = "x86_64",
    allow(unsafe_code, reason = "stores and calls of vector code; see the SAFETY comments")
)]

/// Sixty-four bytes, and which of them are stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Column {
    /// Bit n is set if byte n is stored.
    pub chosen: u64,
    /// Bit k of byte n is bit n of word k.
    pub slices: [u64; 6],
    /// This is added to each byte.
    pub base: u8,
}

/// Stores the chosen bytes: byte 0 of each column, byte 1 of each, and so on. The first column has all positions that others
/// have. Returns the number of bytes; what follows them in `out` is undefined.
///
/// There are one, two or four columns.
#[inline(always)]
pub(crate) fn pack<const N: usize>(columns: &[Column; N], out: &mut [u8; 256]) -> usize {
    const { assert!(N == 1 || N == 2 || N == 4) };
    #[cfg(target_arch = "x86_64")]
    if vectors::are_supported() {
        // SAFETY: the processor has the instructions, the function's only requirement.
        return unsafe { vectors::pack(columns, out) };
    }
    pack_plain(columns, out)
}

/// No branch depends on a bit, because most bits cannot be predicted; the few words with four columns are an exception.
#[inline(always)]
fn pack_plain<const N: usize>(columns: &[Column; N], out: &mut [u8; 256]) -> usize {
    let mut count = 0u8;
    let mut left = columns[0].chosen;
    if let [first, second] = &columns[..] {
        let list = second.list();
        let mut taken = 0u8;
        while left != 0 {
            let n = left.trailing_zeros();
            out[usize::from(count)] = first.byte(n);
            out[usize::from(count.wrapping_add(1))] = list[usize::from(taken % 64)];
            let further = (second.chosen >> n & 1) as u8;
            count = count.wrapping_add(1 + further);
            taken = taken.wrapping_add(further);
            left &= left - 1;
        }
        return usize::from(count);
    }
    while left != 0 {
        let n = left.trailing_zeros();
        for column in columns {
            if N == 1 || column.chosen >> n & 1 == 1 {
                out[usize::from(count)] = column.byte(n);
                count = count.wrapping_add(1);
            }
        }
        left &= left - 1;
    }
    usize::from(count)
}

impl Column {
    #[inline(always)]
    fn byte(&self, n: u32) -> u8 {
        let bits = self.slices.iter().enumerate();
        self.base + bits.fold(0, |byte, (k, slice)| byte | ((slice >> n & 1) as u8) << k)
    }

    /// The chosen bytes.
    #[inline(always)]
    fn list(&self) -> [u8; 64] {
        let mut list = [0; 64];
        let (mut left, mut count) = (self.chosen, 0u8);
        while left != 0 {
            list[usize::from(count % 64)] = self.byte(left.trailing_zeros());
            count = count.wrapping_add(1);
            left &= left - 1;
        }
        list
    }
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    #[allow(clippy::wildcard_imports, reason = "the instructions are prefixed names")]
    use std::arch::x86_64::*;

    use super::Column;

    #[inline(always)]
    pub(super) fn are_supported() -> bool {
        std::arch::is_x86_feature_detected!("avx512vbmi2") && std::arch::is_x86_feature_detected!("bmi2")
    }

    #[target_feature(enable = "avx512vbmi2,bmi2")]
    pub(super) fn pack<const N: usize>(columns: &[Column; N], out: &mut [u8; 256]) -> usize {
        let mut count = 0;
        let mut store = |chosen: u64, bytes: __m512i| {
            let to: &mut [u8; 64] = out[count..].first_chunk_mut().expect("each vector adds at most its own length");
            // SAFETY: the 64 bytes are writable; the store does not require alignment.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), _mm512_maskz_compress_epi8(chosen, bytes)) };
            count += chosen.count_ones() as usize;
        };
        match &columns[..] {
            [one] => store(one.chosen, bytes(one)),
            [first, second] => {
                for (part, pairs) in interleave_bytes(bytes(first), bytes(second)).into_iter().enumerate() {
                    let chosen = |n: usize| columns[n].chosen >> (32 * part) & 0xFFFF_FFFF;
                    let even = 0x5555_5555_5555_5555;
                    store(_pdep_u64(chosen(0), even) | _pdep_u64(chosen(1), even << 1), pairs);
                }
            }
            [first, second, third, fourth] => {
                let before = interleave_bytes(bytes(first), bytes(second));
                let after = interleave_bytes(bytes(third), bytes(fourth));
                for part in 0..4 {
                    let fours = interleave_pairs(before[part / 2], after[part / 2])[part % 2];
                    let chosen = |n: usize| {
                        let chosen = columns[n].chosen >> (16 * part) & 0xFFFF;
                        _pdep_u64(chosen, 0x1111_1111_1111_1111 << n)
                    };
                    store(chosen(0) | chosen(1) | chosen(2) | chosen(3), fours);
                }
            }
            _ => {}
        }
        count
    }

    #[inline]
    #[target_feature(enable = "avx512vbmi2,bmi2")]
    fn bytes(column: &Column) -> __m512i {
        let mut bytes = _mm512_set1_epi8(column.base as i8);
        for (k, slice) in column.slices.iter().enumerate() {
            bytes = _mm512_mask_add_epi8(bytes, *slice, bytes, _mm512_set1_epi8(1 << k));
        }
        bytes
    }

    #[inline]
    #[target_feature(enable = "avx512vbmi2,bmi2")]
    fn interleave_bytes(a: __m512i, b: __m512i) -> [__m512i; 2] {
        in_order(_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b))
    }

    #[inline]
    #[target_feature(enable = "avx512vbmi2,bmi2")]
    fn interleave_pairs(a: __m512i, b: __m512i) -> [__m512i; 2] {
        in_order(_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b))
    }

    /// Instructions interleave each 128 bits apart: this puts the parts in order.
    #[inline]
    #[target_feature(enable = "avx512vbmi2,bmi2")]
    fn in_order(low: __m512i, high: __m512i) -> [__m512i; 2] {
        let first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
        let second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
        [_mm512_permutex2var_epi64(low, first, high), _mm512_permutex2var_epi64(low, second, high)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_and_plain_loops_store_the_chosen_bytes() {
        let mut random = 1u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random.wrapping_mul(0x2545_F491_4F6C_DD1D)
        };
        for round in 0..500 {
            let mut column = |chosen: u64| {
                let slices = std::array::from_fn(|_| next());
                Column { chosen: next() & chosen, slices, base: (next() % 64) as u8 }
            };
            let first = column(if round % 3 == 0 { 0x00F0_0000_0F00_0001 } else { u64::MAX });
            // Not more than fit: four bytes for a quarter of the bits.
            let columns = [first, column(first.chosen), column(first.chosen), column(first.chosen)];
            check(&[columns[0]]);
            check(&[columns[0], columns[1]]);
            check(&columns.map(|column| Column { chosen: column.chosen & 0x1111_2222_4444_8888, ..column }));
        }
    }

    fn check<const N: usize>(columns: &[Column; N]) {
        let mut expected = Vec::new();
        for n in 0..64 {
            for column in columns.iter().filter(|column| column.chosen >> n & 1 == 1) {
                let bits = column.slices.iter().enumerate();
                expected.push(column.base + bits.map(|(k, slice)| ((slice >> n & 1) as u8) << k).sum::<u8>());
            }
        }
        let mut out = [0; 256];
        let count = pack(columns, &mut out);
        assert_eq!(out[..count], expected);
        let mut out = [0; 256];
        let count = pack_plain(columns, &mut out);
        assert_eq!(out[..count], expected);
    }
}
