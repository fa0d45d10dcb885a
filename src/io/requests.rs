//! Combines many byte ranges into few requests: ranges close to each other are read at once.

use std::ops::Range;

use crate::error::{Error, Result};

/// The most bytes of a joined request, which bounds its memory. A single larger range is still read at once: its caller has
/// checked its size.
const LARGEST: u64 = 4 << 20;

/// The rule for joining ranges into requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joining {
    gap: u64,
    largest: u64,
}

/// The indices of the ranges, ordered by their starts; ranges with equal starts keep their order.
pub(super) fn in_order(ranges: &[Range<u64>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|n| ranges[*n].start);
    order
}

impl Joining {
    /// Joins ranges across gaps of up to `gap` bytes.
    pub(super) fn across(gap: u64) -> Self {
        Self { gap, largest: LARGEST }
    }

    /// The first request for ranges ordered by their starts, and the number of ranges that it serves.
    pub(super) fn first(self, ranges: &[Range<u64>], order: &[usize]) -> (usize, Range<u64>) {
        let mut sorted = order.iter().map(|n| &ranges[*n]);
        let Some(first) = sorted.next() else { return (0, 0..0) };
        let (mut count, mut request) = (1, first.start..first.start + length(first));
        for range in sorted {
            let end = request.end.max(range.start + length(range));
            let near = range.start <= request.end.saturating_add(self.gap);
            if !near || end - request.start > self.largest.max(length(&request)) {
                break;
            }
            request.end = end;
            count += 1;
        }
        (count, request)
    }
}

/// Bytes of a range; a range that ends before it begins is empty.
pub(super) fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// The bytes of a range within `bytes`, which begin at `start`.
///
/// # Errors
/// If the source returned fewer bytes than its size promised.
pub(super) fn part<'b>(bytes: &'b [u8], start: u64, range: &Range<u64>) -> Result<&'b [u8]> {
    let first = (range.start - start) as usize;
    let part = bytes.get(first..).and_then(|bytes| bytes.get(..length(range) as usize));
    part.ok_or_else(|| Error::malformed("byte range: the source has shrunk").at(range.start))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn requests_are_joined_up_to_a_size_and_no_further(
            starts in vec((0..3000u64, 0..200u64), 0..40), gap in 0..300u64, largest in 1..1000u64,
        ) {
            let ranges: Vec<_> = starts.into_iter().map(|(start, count)| start..start + count).collect();
            let order = in_order(&ranges);
            let joining = Joining { gap, largest };
            let mut before: Option<Range<u64>> = None;
            let mut rest = &order[..];
            while !rest.is_empty() {
                let (count, request) = joining.first(&ranges, rest);
                let (joined, others) = rest.split_at(count);
                let held = |n: &usize| request.start <= ranges[*n].start && ranges[*n].end <= request.end;
                prop_assert!(count > 0 && joined.iter().all(held));
                prop_assert!(length(&request) <= largest || joined.iter().any(|n| ranges[*n] == request));
                if let Some(before) = before {
                    let first = &ranges[joined[0]];
                    let far = first.start > before.end + gap;
                    prop_assert!(far || first.end.max(before.end) - before.start > largest);
                }
                (before, rest) = (Some(request), others);
            }
        }
    }
}
