//! The most frequent values of boxes of samples.

use super::{Boxes, fill};

impl Boxes<'_> {
    /// Makes one row of most frequent values from several. Samples have `size` bytes.
    pub(super) fn mode(self, size: usize, rows: &[&[u8]], out: &mut [u8]) {
        let columns = rows[0].len() / size;
        let mut seen: Vec<(&[u8], u32)> = Vec::new();
        for (x, target) in out.chunks_exact_mut(size).enumerate() {
            seen.clear();
            let (mut best, mut most) = (None, 0);
            for (y, row) in rows.iter().enumerate() {
                for column in x * self.factor..columns.min((x + 1) * self.factor) {
                    let sample = &row[column * size..][..size];
                    if Some(sample) == self.nodata || !self.has(y, column) {
                        continue;
                    }
                    let place = seen.iter().position(|(known, _)| *known == sample).unwrap_or(seen.len());
                    if place == seen.len() {
                        seen.push((sample, 0));
                    }
                    seen[place].1 += 1;
                    if seen[place].1 > most {
                        (best, most) = (Some(sample), seen[place].1);
                    }
                }
            }
            match best {
                Some(sample) => target.copy_from_slice(sample),
                None => fill(self.nodata, target),
            }
        }
    }
}
