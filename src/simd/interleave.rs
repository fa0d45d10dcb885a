//! Bands together or apart, and byte order.

/// Writes the samples of `planes`, each `size` bytes, to `out` with all planes of a pixel together.
///
/// # Panics
/// Where `out` is not as long as all planes together.
pub fn interleave(planes: &[&[u8]], size: usize, out: &mut [u8]) {
    assert_eq!(out.len(), planes.iter().map(|plane| plane.len()).sum::<usize>(), "output holds every plane");
    match size {
        1 => gather::<1>(planes, out),
        2 => gather::<2>(planes, out),
        4 => gather::<4>(planes, out),
        8 => gather::<8>(planes, out),
        _ => gather::<16>(planes, out),
    }
}

/// Writes the samples of `pixels`, in which all bands of a pixel stand together, to one plane per band.
///
/// # Panics
/// Where the planes together are not as long as `pixels`.
pub fn deinterleave(pixels: &[u8], size: usize, planes: &mut [&mut [u8]]) {
    assert_eq!(pixels.len(), planes.iter().map(|plane| plane.len()).sum::<usize>(), "planes hold every sample");
    match size {
        1 => scatter::<1>(pixels, planes),
        2 => scatter::<2>(pixels, planes),
        4 => scatter::<4>(pixels, planes),
        8 => scatter::<8>(pixels, planes),
        _ => scatter::<16>(pixels, planes),
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

/// Samples of a constant size, which are copied in registers. Pixels of three and four samples, the most common ones, are
/// done in one pass.
fn gather<const SIZE: usize>(planes: &[&[u8]], out: &mut [u8]) {
    fn pixels<const SIZE: usize, const BANDS: usize>(planes: [&[u8]; BANDS], out: &mut [u8]) {
        let planes = planes.map(|plane| plane.as_chunks::<SIZE>().0);
        let count = planes.iter().map(|plane| plane.len()).min().unwrap_or(0);
        let planes = planes.map(|plane| &plane[..count]);
        for (x, pixel) in out.as_chunks_mut::<SIZE>().0.chunks_exact_mut(BANDS).take(count).enumerate() {
            for band in 0..BANDS {
                pixel[band] = planes[band][x];
            }
        }
    }
    match *planes {
        [a, b, c] => pixels::<SIZE, 3>([a, b, c], out),
        [a, b, c, d] => pixels::<SIZE, 4>([a, b, c, d], out),
        _ => {
            for (band, plane) in planes.iter().enumerate() {
                let targets = out.as_chunks_mut::<SIZE>().0.iter_mut().skip(band).step_by(planes.len());
                targets.zip(plane.as_chunks::<SIZE>().0).for_each(|(target, sample)| *target = *sample);
            }
        }
    }
}

/// The reverse of [`gather`].
fn scatter<const SIZE: usize>(pixels: &[u8], planes: &mut [&mut [u8]]) {
    fn bands<const SIZE: usize, const BANDS: usize>(pixels: &[u8], planes: [&mut [u8]; BANDS]) {
        let planes = planes.map(|plane| plane.as_chunks_mut::<SIZE>().0);
        let count = planes.iter().map(|plane| plane.len()).min().unwrap_or(0);
        let planes = planes.map(|plane| &mut plane[..count]);
        for (x, pixel) in pixels.as_chunks::<SIZE>().0.chunks_exact(BANDS).take(count).enumerate() {
            for band in 0..BANDS {
                planes[band][x] = pixel[band];
            }
        }
    }
    let count = planes.len();
    match planes {
        [a, b, c] => bands::<SIZE, 3>(pixels, [a, b, c]),
        [a, b, c, d] => bands::<SIZE, 4>(pixels, [a, b, c, d]),
        _ => {
            for (band, plane) in planes.iter_mut().enumerate() {
                let samples = pixels.as_chunks::<SIZE>().0.iter().skip(band).step_by(count);
                plane.as_chunks_mut::<SIZE>().0.iter_mut().zip(samples).for_each(|(target, sample)| *target = *sample);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_go_together_and_apart_again() {
        for size in [1, 2, 4, 8, 16] {
            for bands in 1..=5 {
                let planes: Vec<Vec<u8>> =
                    (0..bands).map(|band| (0..7 * size).map(|i| (i * 10 + band) as u8).collect()).collect();
                let mut together = vec![0; bands * 7 * size];
                interleave(&planes.iter().map(Vec::as_slice).collect::<Vec<_>>(), size, &mut together);
                for (n, sample) in together.chunks_exact(size).enumerate() {
                    assert_eq!(sample, &planes[n % bands][n / bands * size..][..size]);
                }
                let mut apart = vec![vec![0; 7 * size]; bands];
                deinterleave(&together, size, &mut apart.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
                assert_eq!(apart, planes);
            }
        }
    }
}
