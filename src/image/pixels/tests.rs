use proptest::prelude::*;

use super::*;

/// The reference for every fast path: one sample at a time.
fn slow(pixels: &Pixels, order: impl Fn(usize, usize, usize) -> usize) -> Vec<u8> {
    let [bands, rows, columns] = pixels.shape();
    let size = pixels.sample().bytes();
    let mut out = vec![0; bands * rows * columns * size];
    for band in 0..bands {
        for y in 0..rows {
            for x in 0..columns {
                let from = pixels.byte(band, y, x);
                let mut sample = pixels.memory.bytes()[from..from + size].to_vec();
                if pixels.swapped {
                    sample.chunks_mut(pixels.sample().swap_unit()).for_each(<[u8]>::reverse);
                }
                let to = order(band, y, x) * size;
                out[to..to + size].copy_from_slice(&sample);
            }
        }
    }
    out
}

fn view(shape: [usize; 3], sample: SampleType, kind: usize, swapped: bool) -> Pixels {
    let [bands, rows, columns] = shape;
    let size = sample.bytes() as isize;
    let count = bands * rows * columns * sample.bytes();
    let bytes: Vec<u8> = (0..2 * count).map(|i| (i * 37 + i / 251) as u8).collect();
    let (r, c, b) = (rows as isize, columns as isize, bands as isize);
    let (strides, origin) = match kind {
        0 => ([r * c * size, c * size, size], 0),
        1 => ([size, c * b * size, b * size], 0),
        2 => ([r * c * size, -c * size, size], (r - 1) * c * size),
        3 => ([2 * r * c * size, 2 * c * size, 2 * size], 0),
        _ => ([c * size, b * c * size, -size], (c - 1) * size),
    };
    Pixels::new(Arc::new(bytes), origin as usize, strides, shape, sample, swapped).unwrap()
}

proptest! {
    #[test]
    fn every_layout_copies_to_every_interleave(
        bands in 1usize..6, rows in 1usize..5, columns in 1usize..40, sample in 0usize..13, kind in 0usize..5,
        swapped: bool,
    ) {
        let sample = SampleType::ALL[sample];
        let pixels = view([bands, rows, columns], sample, kind, swapped);
        let block = [bands, rows, columns];
        for (interleave, index) in [
            (Interleave::Band, &(|b: usize, y: usize, x: usize| (b * rows + y) * columns + x) as &dyn Fn(_, _, _) -> _),
            (Interleave::Row, &|b, y, x| (y * bands + b) * columns + x),
            (Interleave::Pixel, &|b, y, x| (y * columns + x) * bands + b),
        ] {
            let expected = slow(&pixels, index);
            let mut out = vec![0xAA; expected.len()];
            pixels.copy_to_block(&mut out, block, 0, 0, interleave);
            prop_assert_eq!(&out, &expected);
            if let Some(bytes) = pixels.contiguous(interleave) {
                prop_assert_eq!(bytes, &expected[..]);
            }
            if interleave == Interleave::Band {
                for (band, plane) in expected.chunks_exact(rows * columns * sample.bytes()).enumerate() {
                    prop_assert!(pixels.contiguous_band(band).is_none_or(|bytes| bytes == plane));
                }
                prop_assert!(pixels.contiguous(interleave).is_none() || pixels.contiguous_band(0).is_some());
            }
        }
    }

    #[test]
    fn tiles_receive_the_chosen_bands(
        bands in 1usize..6, rows in 1usize..5, columns in 1usize..40, sample in 0usize..13, kind in 0usize..5,
        swapped: bool, first in 0usize..6,
    ) {
        let sample = SampleType::ALL[sample];
        let pixels = view([bands, rows, columns], sample, kind, swapped);
        let all: Vec<u32> = (0..bands as u32).collect();
        let mut turned = all.clone();
        turned.rotate_left(first % bands);
        for chosen in [all, turned, vec![(first % bands) as u32]] {
            let mut out = vec![0; chosen.len() * rows * columns * sample.bytes()];
            let canvas = crate::image::Canvas::new(&mut out, chosen.len(), rows, columns, sample.bytes()).unwrap();
            pixels.copy_to_tile(&chosen, &mut canvas.whole().unwrap());
            drop(canvas);
            let planes = slow(&pixels, |b, y, x| (b * rows + y) * columns + x);
            let plane = rows * columns * sample.bytes();
            let expected: Vec<u8> = chosen.iter().flat_map(|b| planes[*b as usize * plane..][..plane].to_vec()).collect();
            prop_assert_eq!(out, expected);
        }
    }
}

#[test]
fn a_view_outside_of_its_memory_is_refused() {
    let bytes: Arc<dyn Memory> = Arc::new(vec![0; 10]);
    assert!(Pixels::new(bytes.clone(), 0, [10, 5, 1], [1, 2, 5], SampleType::UInt8, false).is_ok());
    assert!(Pixels::new(bytes.clone(), 1, [10, 5, 1], [1, 2, 5], SampleType::UInt8, false).is_err());
    assert!(Pixels::new(bytes, 0, [10, -5, 1], [1, 2, 5], SampleType::UInt8, false).is_err());
}
