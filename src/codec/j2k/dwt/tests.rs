use proptest::prelude::*;

use super::*;
use crate::codec::j2k::geometry::TileComponent;
use crate::codec::j2k::markers::CodingStyle;

/// A signal by the definition of Annex F, with absolute positions and symmetric extension.
fn lifted<T: Coefficient>(signal: &[T], origin: usize) -> Vec<T> {
    if signal.len() == 1 {
        return vec![if origin % 2 == 1 { signal[0].doubled() } else { signal[0] }];
    }
    let mut out = signal.to_vec();
    let mirrored = |at: isize| {
        let last = signal.len() as isize - 1;
        if at < 0 {
            -at
        } else if at > last {
            2 * last - at
        } else {
            at
        }
    };
    for step in 0..T::STEPS {
        for at in (0..out.len()).filter(|at| (at + origin) % 2 == (step + 1) % 2) {
            let neighbour = |offset: isize| out[mirrored(at as isize + offset) as usize];
            let (before, after) = (neighbour(-1), neighbour(1));
            T::step(step, &mut out[at..=at], &[before], &[after]);
        }
    }
    for (at, sample) in out.iter_mut().enumerate() {
        let factor = if (at + origin) % 2 == 1 { T::K as f32 } else { 1.0 / T::K as f32 };
        T::scale(std::slice::from_mut(sample), factor);
    }
    out
}

/// A level by its definition: columns, then rows, then the four bands.
fn by_definition<T: Coefficient>(plane: &Plane<T>, bounds: Rect) -> Vec<Vec<T>> {
    let (width, height) = (bounds.width() as usize, bounds.height() as usize);
    let mut rows: Vec<Vec<T>> = plane.samples.chunks_exact(width).map(<[T]>::to_vec).collect();
    for x in 0..width {
        let column: Vec<T> = rows.iter().map(|row| row[x]).collect();
        for (row, sample) in rows.iter_mut().zip(lifted(&column, bounds.y0 as usize)) {
            row[x] = sample;
        }
    }
    let rows: Vec<Vec<T>> = rows.iter().map(|row| lifted(row, bounds.x0 as usize)).collect();
    let mut bands = vec![Vec::new(); 4];
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let (right, below) = ((x + bounds.x0 as usize) % 2, (y + bounds.y0 as usize) % 2);
        bands[2 * below + right].push(rows[y][x]);
    }
    bands
}

fn bands<T: Coefficient>(level: Level<T>) -> Vec<Vec<T>> {
    std::iter::once(level.low).chain(level.bands).map(|plane| plane.samples).collect()
}

prop_compose! {
    fn images()(x0 in 0u32..5, y0 in 0u32..5, width in 1u32..30, height in 1u32..30)
        (bounds in Just(Rect { x0, y0, x1: x0 + width, y1: y0 + height }),
         samples in prop::collection::vec(-70_000i32..70_000, (width * height) as usize))
        -> (Rect, Plane<i32>) {
        (bounds, Plane { width: bounds.width() as usize, samples })
    }
}

proptest! {
    #[test]
    fn a_level_is_that_of_the_definition((bounds, plane) in images()) {
        prop_assert_eq!(bands(forward(plane.clone(), bounds)), by_definition(&plane, bounds));
        let wide = Plane { width: plane.width, samples: plane.samples.iter().map(|sample| i64::from(*sample)).collect() };
        let narrow = bands(forward(plane.clone(), bounds)).concat();
        let as_wide: Vec<i64> = narrow.into_iter().map(i64::from).collect();
        prop_assert_eq!(bands(forward(wide, bounds)).concat(), as_wide);
    }

    #[test]
    fn a_level_of_floats_is_near_that_of_the_definition((bounds, plane) in images()) {
        let plane = Plane { width: plane.width, samples: plane.samples.iter().map(|sample| *sample as f32).collect() };
        let (found, expected) = (bands(forward(plane.clone(), bounds)).concat(), by_definition(&plane, bounds).concat());
        prop_assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 0.5), "{:?} {:?}", found, expected);
    }

    #[test]
    fn bands_have_the_size_of_the_geometry((bounds, plane) in images(), levels in 1u8..6) {
        let style =
            CodingStyle { levels, block_width: 4, block_height: 4, block_style: 0, wavelet: 1, precincts: Vec::new() };
        let component = TileComponent::new(bounds, &style);
        let mut plane = plane;
        for resolution in component.resolutions[1..].iter().rev() {
            let level = forward(plane, resolution.bounds);
            for (band, found) in resolution.bands.iter().zip(&level.bands) {
                prop_assert_eq!(band.bounds.area(), found.samples.len() as u64);
            }
            plane = level.low;
        }
        prop_assert_eq!(component.resolutions[0].bands[0].bounds.area(), plane.samples.len() as u64);
    }
}
