//! Bands together or apart, and byte order.

/// Writes the samples of `planes`, each `size` bytes, to `out` with all planes of a pixel together.
///
/// # Panics
/// Where `out` is not as long as all planes together.
pub fn interleave(planes: &[&[u8]], size: usize, out: &mut [u8]) {
    let pixel = planes.len() * size;
    assert_eq!(out.len(), planes.iter().map(|plane| plane.len()).sum::<usize>(), "output holds every plane");
    for (band, plane) in planes.iter().enumerate() {
        for (sample, target) in plane.chunks_exact(size).zip(out.chunks_exact_mut(pixel)) {
            target[band * size..(band + 1) * size].copy_from_slice(sample);
        }
    }
}

/// Writes the samples of `pixels`, in which all bands of a pixel stand together, to one plane per band.
///
/// # Panics
/// Where the planes together are not as long as `pixels`.
pub fn deinterleave(pixels: &[u8], size: usize, planes: &mut [&mut [u8]]) {
    let pixel = planes.len() * size;
    assert_eq!(pixels.len(), planes.iter().map(|plane| plane.len()).sum::<usize>(), "planes hold every sample");
    for (band, plane) in planes.iter_mut().enumerate() {
        for (target, sample) in plane.chunks_exact_mut(size).zip(pixels.chunks_exact(pixel)) {
            target.copy_from_slice(&sample[band * size..(band + 1) * size]);
        }
    }
}

/// Reverses the bytes of every `unit` bytes.
pub fn swap_bytes(bytes: &mut [u8], unit: usize) {
    match unit {
        1 => {}
        2 => bytes.chunks_exact_mut(2).for_each(|two| two.swap(0, 1)),
        4 => bytes.chunks_exact_mut(4).for_each(<[u8]>::reverse),
        8 => bytes.chunks_exact_mut(8).for_each(<[u8]>::reverse),
        _ => bytes.chunks_exact_mut(unit).for_each(<[u8]>::reverse),
    }
}
