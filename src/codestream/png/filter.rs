//! Row filters (ISO/IEC 15948 clause 9) and their selection.

/// The filter types of method 0.
const NONE: u8 = 0;
const SUB: u8 = 1;
const UP: u8 = 2;
const AVERAGE: u8 = 3;
const PAETH: u8 = 4;

/// All filter types, indexed by number; the first two do not use the row above.
const FILTERS: [u8; 5] = [NONE, SUB, UP, AVERAGE, PAETH];

/// The filtering of rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Filtering {
    /// Unfiltered: palette indices, and data with few values.
    None,
    /// Each row with the filter whose result looks cheapest.
    Adaptive,
}

/// Appends the filtered rows of `raw`, with their filter types, to `out`. `pixel` is the distance in bytes to the left
/// neighbour of a byte, at least one. The first row does not use a row above it.
pub(super) fn filter_rows(filtering: Filtering, raw: &[u8], row_bytes: usize, pixel: usize, out: &mut Vec<u8>) {
    let (pixel, start) = (pixel.min(row_bytes), out.len());
    out.resize(start + raw.len() + raw.len() / row_bytes, 0);
    let mut above: &[u8] = &[];
    for (row, out) in raw.chunks_exact(row_bytes).zip(out[start..].chunks_exact_mut(row_bytes + 1)) {
        let lines = Lines { row, above, pixel };
        let filter = if filtering == Filtering::None { NONE } else { lines.best() };
        out[0] = filter;
        let (first, rest) = out[1..].split_at_mut(pixel);
        lines.apply_first(filter, first);
        lines.apply(filter, pixel, rest);
        above = row;
    }
}

/// A row and the one above it, which is empty for the first row of a band.
struct Lines<'a> {
    row: &'a [u8],
    above: &'a [u8],
    pixel: usize,
}

impl Lines<'_> {
    /// The filter whose results look cheapest to code, estimated from pieces of the row.
    ///
    /// The usual measure is the sum of absolute values (clause 12.8). This one gives small values more weight, by their number
    /// of bits, and makes repeated values cheaper, because prefix codes and repetitions do the same.
    fn best(&self) -> u8 {
        let filters = if self.above.is_empty() { &FILTERS[..2] } else { &FILTERS[..] };
        let step = if self.row.len() > SAMPLE_ABOVE { PIECE * SAMPLE_ONE_IN } else { PIECE };
        let mut weights = [0u32; FILTERS.len()];
        let mut buffer = [0; PIECE];
        for start in (self.pixel..self.row.len()).step_by(step) {
            // The rest of the last piece stays zero for every filter.
            let count = PIECE.min(self.row.len() - start);
            buffer[count..].fill(0);
            for filter in filters {
                self.apply(*filter, start, &mut buffer[..count]);
                weights[*filter as usize] += weight(&buffer);
            }
        }
        filters.iter().copied().min_by_key(|filter| weights[*filter as usize]).unwrap_or(NONE)
    }

    /// Filters the first pixel, which has no left neighbour.
    fn apply_first(&self, filter: u8, out: &mut [u8]) {
        for (i, out) in out.iter_mut().enumerate() {
            let above = self.above.get(i).copied().unwrap_or(0);
            *out = self.row[i].wrapping_sub(match filter {
                UP | PAETH => above,
                AVERAGE => above / 2,
                _ => 0,
            });
        }
    }

    /// Fills `out` with filtered bytes from `start`, which is not in the first pixel. Each filter is one pass over slices
    /// without branches, which the compiler turns into vector instructions.
    fn apply(&self, filter: u8, start: usize, out: &mut [u8]) {
        let count = out.len();
        let row = &self.row[start..start + count];
        let left = &self.row[start - self.pixel..][..count];
        if filter == NONE {
            return out.copy_from_slice(row);
        }
        if filter == SUB {
            return out.iter_mut().zip(row).zip(left).for_each(|((out, x), a)| *out = x.wrapping_sub(*a));
        }
        let above = &self.above[start..start + count];
        let corner = &self.above[start - self.pixel..][..count];
        let pairs = out.iter_mut().zip(row).zip(above);
        match filter {
            UP => pairs.for_each(|((out, x), b)| *out = x.wrapping_sub(*b)),
            // The mean, rounded down, without a ninth bit.
            AVERAGE => pairs.zip(left).for_each(|(((out, x), b), a)| *out = x.wrapping_sub((a & b) + ((a ^ b) >> 1))),
            _ => pairs.zip(left.iter().zip(corner)).for_each(|(((out, x), b), (a, c))| {
                *out = x.wrapping_sub(predict(*a, *b, *c));
            }),
        }
    }
}

/// The approximate bits of a piece of filtered bytes: the bits of their absolute values, and one for each byte that differs
/// from the previous one. Each step is a separate loop over bytes, which the compiler turns into vector instructions.
fn weight(piece: &[u8; PIECE]) -> u32 {
    let mut bits = [0u8; PIECE];
    for (bits, byte) in bits.iter_mut().zip(piece) {
        let size = byte.min(&byte.wrapping_neg()).to_owned();
        *bits = [1, 2, 4, 8, 16, 32, 64].into_iter().map(|limit| u8::from(size >= limit)).sum();
    }
    for ((bits, one), next) in bits.iter_mut().zip(piece).zip(&piece[1..]) {
        *bits += u8::from(one != next);
    }
    bits.iter().map(|bits| u32::from(*bits)).sum()
}

/// The nearest of left, above and upper left to left + above − upper left (clause 9.4).
#[inline]
fn predict(a: u8, b: u8, c: u8) -> u8 {
    let (a16, b16, c16) = (i16::from(a), i16::from(b), i16::from(c));
    let (pa, pb) = (b16 - c16, a16 - c16);
    let (pa, pb, pc) = (pa.abs(), pb.abs(), (pa + pb).abs());
    let other = if pb <= pc { b } else { c };
    if pa <= pb && pa <= pc { a } else { other }
}

/// Bytes of a piece.
const PIECE: usize = 64;

/// In rows longer than `SAMPLE_ABOVE` bytes, one piece in `SAMPLE_ONE_IN` is evaluated.
const SAMPLE_ABOVE: usize = 1024;
const SAMPLE_ONE_IN: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reverses the filters byte by byte, as defined in clause 9.2.
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
                filter_rows(filtering, raw, row_bytes, pixel, &mut out);
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
            filter_rows(Filtering::Adaptive, raw, row_bytes, 1, &mut out);
            out.chunks(row_bytes + 1).map(|row| row[0]).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&across, 40), [SUB]);
        assert_eq!(kinds(&across.repeat(2), 40), [SUB, UP]);
        assert!(kinds(&plane, 20)[1..].iter().all(|kind| *kind == PAETH || *kind == UP));
        assert_eq!(kinds(&[0; 40], 20), [NONE, NONE]);
    }
}
