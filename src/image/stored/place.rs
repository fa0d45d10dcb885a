//! Writing decoded rows to the output.

use crate::image::TileMut;

/// Writes row `y` of the rectangle from pixel-interleaved samples of `samples` bands; `bands` are the requested ones.
pub(super) fn put_pixels(tile: &mut TileMut<'_>, bands: &[u32], samples: usize, y: usize, pixels: &[u8]) {
    let size = tile.sample_bytes();
    if bands.len() == samples && bands.iter().zip(0..).all(|(band, place)| *band == place) {
        return tile.deinterleave_row(y, pixels, size);
    }
    for (out, band) in bands.iter().enumerate() {
        let row = tile.row(out, y);
        let from = &pixels[*band as usize * size..];
        match size {
            1 => gather::<1>(from, samples, row),
            2 => gather::<2>(from, samples, row),
            4 => gather::<4>(from, samples, row),
            8 => gather::<8>(from, samples, row),
            _ => gather::<16>(from, samples, row),
        }
    }
}

/// Fills one band of a rectangle with a sample.
pub(super) fn fill_band(tile: &mut TileMut<'_>, band: usize, sample: &[u8]) {
    let [_, rows, _] = tile.shape();
    for y in 0..rows {
        tile.row(band, y).chunks_exact_mut(sample.len()).for_each(|out| out.copy_from_slice(sample));
    }
}

/// Copies every `samples`-th sample, each of `N` bytes.
fn gather<const N: usize>(pixels: &[u8], samples: usize, out: &mut [u8]) {
    let from = pixels.as_chunks::<N>().0.iter().step_by(samples);
    out.as_chunks_mut::<N>().0.iter_mut().zip(from).for_each(|(to, sample)| *to = *sample);
}
