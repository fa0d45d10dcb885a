//! Differences between neighbouring samples, and bytes of samples by significance.

/// Replaces every number of `size` bytes but the first `stride` of a row by its difference from the one `stride` before it.
pub fn difference(row: &mut [u8], size: usize, stride: usize) {
    match size {
        1 => difference_of::<1>(row, stride, |a, b| [a[0].wrapping_sub(b[0])]),
        2 => difference_of::<2>(row, stride, |a, b| {
            u16::from_ne_bytes(a).wrapping_sub(u16::from_ne_bytes(b)).to_ne_bytes()
        }),
        4 => difference_of::<4>(row, stride, |a, b| {
            u32::from_ne_bytes(a).wrapping_sub(u32::from_ne_bytes(b)).to_ne_bytes()
        }),
        _ => difference_of::<8>(row, stride, |a, b| {
            u64::from_ne_bytes(a).wrapping_sub(u64::from_ne_bytes(b)).to_ne_bytes()
        }),
    }
}

/// The reverse of [`difference`].
pub fn accumulate(row: &mut [u8], size: usize, stride: usize) {
    match size {
        1 => accumulate_of::<1>(row, stride, |a, b| [a[0].wrapping_add(b[0])]),
        2 => accumulate_of::<2>(row, stride, |a, b| {
            u16::from_ne_bytes(a).wrapping_add(u16::from_ne_bytes(b)).to_ne_bytes()
        }),
        4 => accumulate_of::<4>(row, stride, |a, b| {
            u32::from_ne_bytes(a).wrapping_add(u32::from_ne_bytes(b)).to_ne_bytes()
        }),
        _ => accumulate_of::<8>(row, stride, |a, b| {
            u64::from_ne_bytes(a).wrapping_add(u64::from_ne_bytes(b)).to_ne_bytes()
        }),
    }
}

/// Writes the bytes of the numbers of `size` bytes in `row` to `planes`: all most significant bytes, then all next ones.
pub fn split_planes(row: &[u8], size: usize, planes: &mut [u8]) {
    let count = row.len() / size;
    for (significance, plane) in planes.chunks_exact_mut(count.max(1)).enumerate() {
        let at = if cfg!(target_endian = "little") { size - 1 - significance } else { significance };
        row.iter().skip(at).step_by(size).zip(plane).for_each(|(byte, target)| *target = *byte);
    }
}

/// The reverse of [`split_planes`].
pub fn join_planes(planes: &[u8], size: usize, row: &mut [u8]) {
    let count = row.len() / size;
    for (significance, plane) in planes.chunks_exact(count.max(1)).enumerate() {
        let at = if cfg!(target_endian = "little") { size - 1 - significance } else { significance };
        row.iter_mut().skip(at).step_by(size).zip(plane).for_each(|(target, byte)| *target = *byte);
    }
}

fn difference_of<const SIZE: usize>(
    row: &mut [u8],
    stride: usize,
    subtract: impl Fn([u8; SIZE], [u8; SIZE]) -> [u8; SIZE],
) {
    let numbers = row.as_chunks_mut::<SIZE>().0;
    for i in (stride..numbers.len()).rev() {
        numbers[i] = subtract(numbers[i], numbers[i - stride]);
    }
}

fn accumulate_of<const SIZE: usize>(row: &mut [u8], stride: usize, add: impl Fn([u8; SIZE], [u8; SIZE]) -> [u8; SIZE]) {
    let numbers = row.as_chunks_mut::<SIZE>().0;
    for i in stride..numbers.len() {
        numbers[i] = add(numbers[i], numbers[i - stride]);
    }
}
