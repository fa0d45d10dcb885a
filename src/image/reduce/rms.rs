//! Root mean squares of boxes of samples.

use super::real::{Half, Real, by_sample, counts, parts};
use super::{Boxes, fill};
use crate::image::sample::SampleType;

impl Boxes<'_> {
    /// Makes one row of root mean squares from several.
    pub(super) fn rms(self, sample: SampleType, rows: &[&[u8]], out: &mut [u8]) {
        by_sample!(sample, self.root_mean_square(rows, out));
    }

    fn root_mean_square<const N: usize, T: Real<N>, const PARTS: usize>(self, rows: &[&[u8]], out: &mut [u8]) {
        let size = N * PARTS;
        let columns = rows[0].len() / size;
        let nodata = self.nodata.map(parts::<N, T, PARTS>);
        for (x, target) in out.chunks_exact_mut(size).enumerate() {
            let (mut squares, mut count) = (0.0, 0u32);
            for (y, row) in rows.iter().enumerate() {
                for column in x * self.factor..columns.min((x + 1) * self.factor) {
                    let sample = parts::<N, T, PARTS>(&row[column * size..][..size]);
                    if counts(sample, nodata) && self.has(y, column) {
                        squares += sample[0] * sample[0];
                        count += 1;
                    }
                }
            }
            if count == 0 {
                fill(self.nodata, target);
            } else {
                target[..N].copy_from_slice(&T::bytes((squares / f64::from(count)).sqrt()));
            }
        }
    }
}
