//! The speed of the coder: `cargo test --release --lib part1::tests::timing -- --ignored --nocapture`.

use std::time::Instant;

use super::blocks::Random;
use super::fast_decoder::segments;
use super::{BlockCoder, BlockDecoder, BlockSamples, BlockShape, Orientation, Style};

const SIDE: usize = 512;

#[test]
#[ignore = "it measures"]
#[allow(clippy::print_stdout, reason = "the measurement is its result")]
fn nanoseconds_per_sample() {
    for (name, contrast, noise) in [("8 bits", 90.0, 1.5), ("16 bits", 20_000.0, 60.0)] {
        let bands = bands(scene(contrast, noise), 4);
        let blocks: Vec<_> = bands.iter().flat_map(Band::blocks).collect();
        let mut coder = BlockCoder::default();
        let alone = fastest(|| {
            let code = |(samples, orientation): &_| coder.encode(samples, *orientation, Style::default(), true);
            blocks.iter().map(code).map(|block| block.bytes.len()).sum()
        });
        let together = fastest(|| {
            let (mut next, mut bytes) = (blocks.iter().map(|(samples, orientation)| ((), *samples, *orientation)), 0);
            coder.encode_all(Style::default(), true, || next.next(), |(), block| bytes += block.bytes.len());
            bytes
        });
        assert_eq!(alone.0, together.0);
        let encoded: Vec<_> = blocks
            .iter()
            .map(|(samples, orientation)| {
                let (width, height) = (samples.width(), samples.height());
                let block = coder.encode(samples, *orientation, Style::default(), true);
                (BlockShape { width, height, orientation: *orientation, planes: block.planes }, block)
            })
            .collect();
        let mut decoder = BlockDecoder::<u32>::default();
        let decoding = fastest(|| {
            for (shape, block) in &encoded {
                let segments = segments(block, block.passes.len()).into_iter();
                decoder.decode(*shape, Style::default(), segments).unwrap();
            }
            0
        });
        let bits = alone.0 as f64 * 8.0 / (SIDE * SIDE) as f64;
        println!(
            "{name}: {bits:.2} bits a sample, {:.1} ns alone, {:.1} ns side by side; decoding {:.1} ns",
            alone.1, together.1, decoding.1
        );
    }
}

/// The number of bytes, and the nanoseconds a sample in the fastest of some runs.
fn fastest(mut code: impl FnMut() -> usize) -> (usize, f64) {
    let mut best = (0, f64::MAX);
    for _ in 0..9 {
        let start = Instant::now();
        best.0 = code();
        best.1 = f64::min(best.1, start.elapsed().as_secs_f64() * 1e9 / (SIDE * SIDE) as f64);
    }
    best
}

/// A band of the wavelet transform.
struct Band {
    samples: Vec<i32>,
    side: usize,
    orientation: Orientation,
}

impl Band {
    /// The band in blocks of 64 × 64 samples.
    fn blocks(&self) -> impl Iterator<Item = (BlockSamples<'_, i32>, Orientation)> {
        let size = self.side.min(64);
        (0..self.side * self.side / (size * size)).map(move |n| {
            let (x, y) = (n * size % self.side, n * size / self.side * size);
            let samples = &self.samples[y * self.side + x..];
            (BlockSamples::new(samples, self.side, size, size, 0).unwrap(), self.orientation)
        })
    }
}

/// Structures of all sizes, and a sensor's noise.
fn scene(contrast: f64, noise: f64) -> Vec<i32> {
    let mut random = Random::new(12);
    let mut uniform = move || (random.next() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
    let mut pixels = vec![0.0; SIDE * SIDE];
    for octave in 1..8 {
        let step = 1 << octave;
        let across = SIDE / step + 2;
        let grid: Vec<f64> = (0..across * across).map(|_| uniform()).collect();
        for (i, pixel) in pixels.iter_mut().enumerate() {
            let (x, y) = (i % SIDE, i / SIDE);
            let at = |dx: usize, dy: usize| grid[(y / step + dy) * across + x / step + dx];
            let part = |v: usize| (v % step) as f64 / step as f64;
            let row = |dy: usize| at(0, dy) + (at(1, dy) - at(0, dy)) * part(x);
            *pixel += contrast * step as f64 / 256.0 * (row(0) + (row(1) - row(0)) * part(y));
        }
    }
    pixels.iter().map(|pixel| (pixel + noise * (uniform() + uniform() + uniform())) as i32).collect()
}

/// The bands of the 5/3 transform of a square image.
fn bands(mut image: Vec<i32>, levels: usize) -> Vec<Band> {
    let mut bands = Vec::new();
    let mut side = SIDE;
    for _ in 0..levels {
        let rows: Vec<i32> = image.chunks_exact(side).flat_map(lift).collect();
        let columns = transposed(&rows, side);
        let both: Vec<i32> = columns.chunks_exact(side).flat_map(lift).collect();
        let both = transposed(&both, side);
        let half = side / 2;
        let quarter = |x: usize, y: usize| {
            (0..half * half).map(|i| both[(i / half + y) * side + i % half + x]).collect::<Vec<i32>>()
        };
        for (x, y, orientation) in
            [(half, 0, Orientation::HL), (0, half, Orientation::LH), (half, half, Orientation::HH)]
        {
            bands.push(Band { samples: quarter(x, y), side: half, orientation });
        }
        image = quarter(0, 0);
        side = half;
    }
    bands.push(Band { samples: image, side, orientation: Orientation::LL });
    bands
}

/// Low and high half of a row.
fn lift(row: &[i32]) -> Vec<i32> {
    let half = row.len() / 2;
    let even = |i: usize| row[2 * i.min(half - 1)];
    let high: Vec<i32> = (0..half).map(|i| row[2 * i + 1] - ((even(i) + even(i + 1)) >> 1)).collect();
    let low = (0..half).map(|i| even(i) + ((high[i.saturating_sub(1)] + high[i] + 2) >> 2));
    low.chain(high.iter().copied()).collect()
}

fn transposed(square: &[i32], side: usize) -> Vec<i32> {
    (0..side * side).map(|i| square[i % side * side + i / side]).collect()
}
