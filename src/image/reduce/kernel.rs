//! Weighted averages of the pixels around those that are reduced to one.
//!
//! The weights of columns and rows are multiplied, so an area is reduced row by row and then column by column. Pixels that do not
//! count, and those beyond the image, have no weight.

use super::real::{Half, Real, by_sample, counts, parts};
use super::{Area, fill};
use crate::image::grid::Window;
use crate::image::sample::SampleType;

/// The weights of neighbouring pixels, in columns as in rows. They sum to 1.
pub(super) struct Kernel {
    /// The first pixel with a weight, from the first of the two that are reduced to one.
    first: i32,
    weights: &'static [f64],
}

/// If the pixels that count have less than this of the weights, the result is the average of those among the 2 × 2: a sum of
/// few weights, some of which are negative, may be anything.
const LEAST: f64 = 0.25;

impl Kernel {
    /// A triangle of 4 pixels.
    pub(super) const BILINEAR: Self = Self { first: -1, weights: &[0.125, 0.375, 0.375, 0.125] };

    /// The convolution with a = −1/2 (Keys 1981) at distances of 1/4, 3/4, 5/4 and 7/4.
    pub(super) const CUBIC: Self = Self {
        first: -3,
        weights: &[
            -0.011_718_75,
            -0.035_156_25,
            0.113_281_25,
            0.433_593_75,
            0.433_593_75,
            0.113_281_25,
            -0.035_156_25,
            -0.011_718_75,
        ],
    };

    /// GDAL's 3 pixels around the second of the two.
    pub(super) const GAUSS: Self = Self { first: 0, weights: &[0.25, 0.5, 0.25] };

    /// Pixels before and after the two that are reduced to one.
    pub(super) fn reach(&self) -> (u32, u32) {
        let last = self.first + self.weights.len() as i32 - 1;
        (self.first.min(0).unsigned_abs(), (last - 1).max(0).unsigned_abs())
    }

    /// Makes the pixels `made` from an area.
    pub(super) fn make(
        &self,
        sample: SampleType,
        area: &Area<'_>,
        made: Window,
        nodata: Option<&[u8]>,
        out: &mut [u8],
    ) {
        let filter = Filter { kernel: self, area, made, nodata };
        by_sample!(sample, filter.make(out));
    }

    /// The pixels of a line from `start` to `end` that make pixel `at`, as places on the line, with their weights.
    pub(super) fn taps(&self, at: u32, (start, end): (u32, u32)) -> impl Iterator<Item = (usize, f64)> {
        let first = i64::from(at) * 2 + i64::from(self.first);
        let places = self.weights.iter().enumerate().map(move |(tap, weight)| (first + tap as i64, *weight));
        let line = i64::from(start)..i64::from(end);
        places.filter(move |(place, _)| line.contains(place)).map(move |(place, weight)| {
            (usize::try_from(place - i64::from(start)).expect("the place is on the line"), weight)
        })
    }
}

struct Filter<'a> {
    kernel: &'a Kernel,
    area: &'a Area<'a>,
    made: Window,
    nodata: Option<&'a [u8]>,
}

/// The sum of the weighted numbers of some samples, and of their weights.
type Weighted<const PARTS: usize> = ([f64; PARTS], f64);

impl Filter<'_> {
    fn make<const N: usize, T: Real<N>, const PARTS: usize>(&self, out: &mut [u8]) {
        let (window, size) = (self.area.window, N * PARTS);
        let columns: Vec<Vec<_>> = (self.made.x..self.made.right())
            .map(|x| self.kernel.taps(x, (window.x, window.right())).collect())
            .collect();
        let width = window.width as usize;
        let mut samples = vec![([0.0; PARTS], 0.0); width];
        let mut lines: Vec<Vec<Weighted<PARTS>>> = Vec::with_capacity(window.height as usize);
        for y in 0..window.height as usize {
            self.read::<N, T, PARTS>(y, &mut samples);
            lines.push(columns.iter().map(|taps| weighted(taps, |place| samples[place])).collect());
        }
        let targets = out.chunks_exact_mut(self.made.width as usize * size);
        for (y, targets) in (self.made.y..).zip(targets) {
            let taps: Vec<_> = self.kernel.taps(y, (window.y, window.bottom())).collect();
            for (x, target) in targets.chunks_exact_mut(size).enumerate() {
                let mut found = weighted(&taps, |place| lines[place][x]);
                if found.1 < LEAST {
                    found = self.average::<N, T, PARTS>(x, y);
                }
                self.write::<N, T, PARTS>(found, target);
            }
        }
    }

    /// The samples of a row of the area, each with weight 1 if it counts, otherwise 0.
    fn read<const N: usize, T: Real<N>, const PARTS: usize>(&self, y: usize, out: &mut [Weighted<PARTS>]) {
        let (width, size) = (self.area.window.width as usize, N * PARTS);
        let nodata = self.nodata.map(parts::<N, T, PARTS>);
        let row = self.area.samples[y * width * size..][..width * size].chunks_exact(size);
        let valid = self.area.valid.map(|valid| &valid[y * width..][..width]);
        for (x, (sample, out)) in row.zip(out).enumerate() {
            let sample = parts::<N, T, PARTS>(sample);
            let is_counted = counts(sample, nodata) && valid.is_none_or(|valid| valid[x] != 0);
            *out = if is_counted { (sample, 1.0) } else { ([0.0; PARTS], 0.0) };
        }
    }

    /// The sum of the pixels that count among the 2 × 2 that are reduced to column `x` of `made` and row `y` of its image.
    fn average<const N: usize, T: Real<N>, const PARTS: usize>(&self, x: usize, y: u32) -> Weighted<PARTS> {
        let window = self.area.window;
        let column = (2 * self.made.x - window.x) as usize + 2 * x;
        let mut samples = vec![([0.0; PARTS], 0.0); window.width as usize];
        let mut sum = ([0.0; PARTS], 0.0);
        for row in (2 * y)..(2 * y + 2).min(window.bottom()) {
            self.read::<N, T, PARTS>((row - window.y) as usize, &mut samples);
            for sample in samples[column..].iter().take(2) {
                add(&mut sum, *sample, 1.0);
            }
        }
        sum
    }

    fn write<const N: usize, T: Real<N>, const PARTS: usize>(&self, (sum, weight): Weighted<PARTS>, target: &mut [u8]) {
        if weight == 0.0 {
            return fill(self.nodata, target);
        }
        for (part, target) in target.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            *target = T::bytes(sum[part] / weight);
        }
    }
}

/// The weighted sum of samples that are sums themselves.
fn weighted<const PARTS: usize>(taps: &[(usize, f64)], sample: impl Fn(usize) -> Weighted<PARTS>) -> Weighted<PARTS> {
    let mut sum = ([0.0; PARTS], 0.0);
    for (place, weight) in taps {
        add(&mut sum, sample(*place), *weight);
    }
    sum
}

fn add<const PARTS: usize>(sum: &mut Weighted<PARTS>, sample: Weighted<PARTS>, weight: f64) {
    sum.0.iter_mut().zip(sample.0).for_each(|(sum, part)| *sum += part * weight);
    sum.1 += sample.1 * weight;
}
