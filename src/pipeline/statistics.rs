//! Statistics of the pixels of an image, collected while it is written.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::tap::{Tap, TapBlock};
use crate::error::Result;
use crate::image::{BlockIndex, PadValue};

/// The smallest and largest sample, sums and the number of samples of every band. Nodata and NaN samples do not count; of
/// complex samples, the real part counts. The result does not depend on the number of threads.
#[derive(Debug, Default)]
pub struct Statistics {
    nodata: Option<PadValue>,
    /// By block, so sums are added in a fixed order.
    blocks: Mutex<BTreeMap<BlockIndex, Vec<BandStatistics>>>,
}

/// The statistics of a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandStatistics {
    /// The smallest sample; infinity if no sample counts.
    pub minimum: f64,
    /// The largest sample; minus infinity if no sample counts.
    pub maximum: f64,
    /// The sum of the samples.
    pub sum: f64,
    /// The sum of the squares of the differences from the mean.
    pub squares: f64,
    /// The number of samples that count.
    pub count: u64,
}

impl Statistics {
    /// Empty statistics. Samples equal to `nodata` will not count.
    pub fn new(nodata: Option<PadValue>) -> Self {
        Self { nodata, blocks: Mutex::default() }
    }

    /// The statistics by band; empty before the first block.
    pub fn into_bands(self) -> Vec<BandStatistics> {
        let blocks = self.blocks.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut bands = Vec::new();
        for found in blocks.into_values() {
            bands.resize(found.len(), BandStatistics::default());
            bands.iter_mut().zip(&found).for_each(|(all, one): (&mut BandStatistics, _)| all.add(one));
        }
        bands
    }
}

impl Tap for Statistics {
    fn take(&self, block: &TapBlock<'_>) -> Result<()> {
        let sample = block.sample();
        let nodata = self.nodata.map(|value| value.bytes(sample));
        let mut found = vec![BandStatistics::default(); block.bands()];
        for (band, found) in found.iter_mut().enumerate() {
            for y in 0..block.window().height as usize {
                let counts = |bytes: &&[u8]| nodata.as_deref() != Some(*bytes);
                let values = || {
                    let values = block.row(band, y).filter(counts).map(|bytes| sample.read_value(bytes));
                    values.filter(|value| !value.is_nan())
                };
                found.add(&BandStatistics::of(values));
            }
        }
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).insert(block.at(), found);
        Ok(())
    }
}

impl BandStatistics {
    /// The mean; NaN if no sample counts.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// The standard deviation of the samples, as those of a whole population; NaN if no sample counts.
    pub fn deviation(&self) -> f64 {
        (self.squares / self.count as f64).sqrt()
    }

    /// The statistics of some values, which are asked for twice.
    fn of<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> Self {
        let mut found = values().fold(Self::default(), |found, value| Self {
            minimum: found.minimum.min(value),
            maximum: found.maximum.max(value),
            sum: found.sum + value,
            count: found.count + 1,
            ..found
        });
        let mean = found.mean();
        found.squares = values().map(|value| (value - mean) * (value - mean)).sum();
        found
    }

    fn add(&mut self, other: &Self) {
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        let counts = [self.count, other.count].map(|count| count as f64);
        if counts[0] > 0.0 && counts[1] > 0.0 {
            // T. F. Chan et al.: the squares of a union follow from the means.
            let apart = other.mean() - self.mean();
            self.squares += apart * apart * (counts[0] * counts[1] / (counts[0] + counts[1]));
        }
        self.squares += other.squares;
        self.sum += other.sum;
        self.count += other.count;
    }
}

impl Default for BandStatistics {
    fn default() -> Self {
        Self { minimum: f64::INFINITY, maximum: f64::NEG_INFINITY, sum: 0.0, squares: 0.0, count: 0 }
    }
}
