//! The speed of the coder: `cargo test --release --lib part1::tests::timing -- --ignored --nocapture`.

use std::time::Instant;

use super::blocks::Random;
use super::{BlockCoder, BlockSamples, Orientation, Style};

const SIDE: usize = 512;

#[test]
#[ignore = "it measures"]
#[allow(clippy::print_stdout, reason = "the measurement is its result")]
fn nanoseconds_per_sample() {
    for (name, contrast, noise) in [("8 bits", 90.0, 1.5), ("16 bits", 20_000.0, 60.0)] {
        let bands = bands(scene(contrast, noise), 4);
        let mut coder = BlockCoder::default();
        let mut best = f64::MAX;
        let mut bytes = 0;
        for _ in 0..7 {
            let start = Instant::now();
            bytes = bands.iter().map(|band| band.encode(&mut coder)).sum();
            best = best.min(start.elapsed().as_secs_f64());
        }
        let samples = (SIDE * SIDE) as f64;
        println!("{name}: {:.2} bits and {:.1} ns a sample", f64::from(bytes) * 8.0 / samples, best * 1e9 / samples);
    }
}

/// A band of the wavelet transform.
struct Band {
    samples: Vec<i32>,
    side: usize,
    orientation: Orientation,
}

impl Band {
    /// Codes the band in blocks of 64 × 64 samples; returns the number of bytes.
    fn encode(&self, coder: &mut BlockCoder) -> u32 {
        let mut bytes = 0;
        for y in (0..self.side).step_by(64) {
            for x in (0..self.side).step_by(64) {
                let size = self.side.min(64);
                let block = BlockSamples::new(&self.samples[y * self.side + x..], self.side, size, size, 0).unwrap();
                bytes += coder.encode(&block, self.orientation, Style::default(), true).bytes.len() as u32;
            }
        }
        bytes
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
