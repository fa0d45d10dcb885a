//! Filters of rows (ISO/IEC 15948 clause 9) and the choice between them.

/// The filter types of method 0.
const NONE: u8 = 0;
const SUB: u8 = 1;
const UP: u8 = 2;
const AVERAGE: u8 = 3;
const PAETH: u8 = 4;

/// Those that change the row.
const FILTERS: [u8; 4] = [SUB, UP, AVERAGE, PAETH];

/// How rows are filtered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Filtering {
    /// Not at all: palette indices, and data with few values.
    None,
    /// Each row by the filter with the least sum of absolute differences (clause 12.8).
    Adaptive,
}

/// Filters rows; keeps its buffers.
#[derive(Default)]
pub(super) struct Filter {
    candidates: [Vec<u8>; 4],
}

impl Filter {
    /// Appends the rows of `raw` with their filter types to `out`. `pixel` is the number of bytes from a byte to the one it
    /// is compared with on its left, at least one. The first row does not look at a row above it.
    pub(super) fn rows(&mut self, filtering: Filtering, raw: &[u8], row_bytes: usize, pixel: usize, out: &mut Vec<u8>) {
        out.reserve(raw.len() + raw.len() / row_bytes);
        let mut above: Option<&[u8]> = None;
        for row in raw.chunks_exact(row_bytes) {
            match filtering {
                Filtering::None => {
                    out.push(NONE);
                    out.extend_from_slice(row);
                }
                Filtering::Adaptive => self.adaptive(row, above, pixel.min(row_bytes), out),
            }
            above = Some(row);
        }
    }

    fn adaptive(&mut self, row: &[u8], above: Option<&[u8]>, pixel: usize, out: &mut Vec<u8>) {
        for candidate in &mut self.candidates {
            candidate.resize(row.len(), 0);
        }
        let [left, up_row, average_row, paeth_row] = &mut self.candidates;
        sub(row, pixel, left);
        if let Some(above) = above {
            up(row, above, up_row);
            average(row, above, pixel, average_row);
            paeth(row, above, pixel, paeth_row);
        }
        let known = if above.is_some() { 4 } else { 1 };
        let weights =
            FILTERS.into_iter().zip(&self.candidates[..known]).map(|(filter, candidate)| (weight(candidate), filter));
        let (_, filter) = weights.fold((weight(row), NONE), std::cmp::min);
        out.push(filter);
        out.extend_from_slice(if filter == NONE { row } else { &self.candidates[filter as usize - 1] });
    }
}

/// The sum of absolute values of bytes as signed numbers.
fn weight(bytes: &[u8]) -> u64 {
    // Sums of 128 bytes fit into 16 bits, which the compiler adds up many at a time.
    let sum = |part: &[u8]| part.iter().map(|byte| u32::from((*byte).min(byte.wrapping_neg()))).sum::<u32>();
    bytes.chunks(1 << 16).map(|part| u64::from(sum(part))).sum()
}

// In the filters, bytes left of the row count as zero. Each is one pass over whole slices without branches, which the
// compiler turns into vector instructions.

fn sub(row: &[u8], pixel: usize, out: &mut [u8]) {
    out[..pixel].copy_from_slice(&row[..pixel]);
    for ((out, x), a) in out[pixel..].iter_mut().zip(&row[pixel..]).zip(row) {
        *out = x.wrapping_sub(*a);
    }
}

fn up(row: &[u8], above: &[u8], out: &mut [u8]) {
    for ((out, x), b) in out.iter_mut().zip(row).zip(above) {
        *out = x.wrapping_sub(*b);
    }
}

fn average(row: &[u8], above: &[u8], pixel: usize, out: &mut [u8]) {
    for ((out, x), b) in out.iter_mut().zip(row).zip(above).take(pixel) {
        *out = x.wrapping_sub(b / 2);
    }
    for (((out, x), a), b) in out[pixel..].iter_mut().zip(&row[pixel..]).zip(row).zip(&above[pixel..]) {
        // The mean rounded down, without a ninth bit.
        *out = x.wrapping_sub((a & b) + ((a ^ b) >> 1));
    }
}

fn paeth(row: &[u8], above: &[u8], pixel: usize, out: &mut [u8]) {
    up(&row[..pixel], &above[..pixel], out);
    let neighbours = row.iter().zip(&above[pixel..]).zip(above);
    for ((out, x), ((a, b), c)) in out[pixel..].iter_mut().zip(&row[pixel..]).zip(neighbours) {
        *out = x.wrapping_sub(predict(*a, *b, *c));
    }
}

/// The one of left, above and upper left that is nearest to left + above − upper left (clause 9.4).
#[inline]
fn predict(a: u8, b: u8, c: u8) -> u8 {
    let (a16, b16, c16) = (i16::from(a), i16::from(b), i16::from(c));
    let (pa, pb) = (b16 - c16, a16 - c16);
    let (pa, pb, pc) = (pa.abs(), pb.abs(), (pa + pb).abs());
    let other = if pb <= pc { b } else { c };
    if pa <= pb && pa <= pc { a } else { other }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Undoes the filters byte by byte, as clause 9.2 writes them.
    fn unfilter(filtered: &[u8], row_bytes: usize, pixel: usize) -> Vec<u8> {
        let mut above = vec![0; row_bytes];
        let mut out = Vec::new();
        for row in filtered.chunks_exact(row_bytes + 1) {
            let mut done = vec![0u8; row_bytes];
            for i in 0..row_bytes {
                let left = |line: &[u8]| if i < pixel { 0 } else { line[i - pixel] };
                let (a, b, c) = (left(&done), above[i], left(&above));
                let p = i32::from(a) + i32::from(b) - i32::from(c);
                let nearest = [a, b, c].into_iter().min_by_key(|n| (p - i32::from(*n)).abs()).unwrap();
                let predicted = [0, a, b, u8::midpoint(a, b), nearest][row[0] as usize];
                done[i] = row[i + 1].wrapping_add(predicted);
            }
            out.extend_from_slice(&done);
            above = done;
        }
        out
    }

    proptest! {
        #[test]
        fn filters_are_undone(
            bytes in proptest::collection::vec(prop_oneof![0u8..3, 0u8..=255], 1..600),
            row_bytes in 1usize..60,
            pixel in 1usize..9,
        ) {
            let raw = &bytes[..bytes.len() / row_bytes * row_bytes];
            for filtering in [Filtering::None, Filtering::Adaptive] {
                let mut out = Vec::new();
                Filter::default().rows(filtering, raw, row_bytes, pixel, &mut out);
                prop_assert_eq!(unfilter(&out, row_bytes, pixel), raw);
            }
        }
    }

    #[test]
    fn the_filter_that_fits_is_chosen() {
        let across: Vec<u8> = (0..40).map(|i| i * 5).collect();
        let plane: Vec<u8> = (0..10u8).flat_map(|y| (0..20u8).map(move |x| x * 7 + y * 3)).collect();
        let kinds = |raw: &[u8], row_bytes| {
            let mut out = Vec::new();
            Filter::default().rows(Filtering::Adaptive, raw, row_bytes, 1, &mut out);
            out.chunks(row_bytes + 1).map(|row| row[0]).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&across, 40), [SUB]);
        assert_eq!(kinds(&across.repeat(2), 40), [SUB, UP]);
        assert!(kinds(&plane, 20)[1..].iter().all(|kind| *kind == PAETH || *kind == UP));
        assert_eq!(kinds(&[0; 40], 20), [NONE, NONE]);
    }
}
