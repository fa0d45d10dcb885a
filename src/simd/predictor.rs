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
        let rest = super::prefix::accumulate(row, size, stride);
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
