//! Huffman codes as Deflate has them (RFC 1951 §3.2): lengths from counts, and codes from lengths.

/// Bits of the longest code this encoder gives. Deflate allows 15; with 14, four literals fit a word beside what a byte
/// keeps back, and the loss is not measurable.
pub(super) const LONGEST: usize = 14;

/// A code: its bits in the order they are written, least significant first, and their number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// Gives every symbol that occurs a code; at least two symbols get one, so that the code is complete.
pub(super) fn codes(counts: &mut [u32], longest: usize, codes: &mut [Code]) {
    for first in 0..2 {
        if counts.iter().filter(|count| **count > 0).count() < 2 {
            counts[first] = counts[first].max(1);
        }
    }
    let mut sorted: Vec<u64> = Vec::with_capacity(counts.len());
    sorted.extend(
        counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(n, count)| u64::from(*count) << 16 | n as u64),
    );
    sorted.sort_unstable();
    let per_length = lengths(&sorted, longest);

    codes.fill(Code::default());
    // The rarest symbols get the longest codes.
    let mut symbols = sorted.iter().map(|entry| (entry & 0xffff) as usize);
    for length in (1..=longest).rev() {
        for symbol in symbols.by_ref().take(per_length[length] as usize) {
            codes[symbol].length = length as u8;
        }
    }
    let mut next = [0u16; LONGEST + 2];
    for length in 1..=longest {
        next[length + 1] = (next[length] + per_length[length] as u16) << 1;
    }
    for code in codes.iter_mut().filter(|code| code.length > 0) {
        let value = &mut next[usize::from(code.length)];
        code.bits = value.reverse_bits() >> (16 - u32::from(code.length));
        *value += 1;
    }
}

/// How many codes of every length there are, for counts in ascending order (Moffat and Katajainen, "In-place calculation of
/// minimum-redundancy codes", 1995), none longer than `longest`.
fn lengths(sorted: &[u64], longest: usize) -> [u32; LONGEST + 1] {
    let mut node: Vec<u64> = sorted.iter().map(|entry| entry >> 16).collect();
    let count = node.len();
    // Sums of pairs, from the left; used entries become the index of their parent.
    let (mut leaf, mut root) = (0, 0);
    let weights = node.clone();
    for next in 0..count - 1 {
        let mut sum = 0;
        for _ in 0..2 {
            if leaf >= count || (root < next && node[root] < weights[leaf]) {
                sum += node[root];
                node[root] = next as u64;
                root += 1;
            } else {
                sum += weights[leaf];
                leaf += 1;
            }
        }
        node[next] = sum;
    }
    // Depths of the inner nodes, from the root down, and from them the number of leaves per depth.
    let mut inner = vec![0u32; count];
    let mut per_length = [0u32; LONGEST + 1];
    node[count - 2] = 0;
    for next in (0..count - 2).rev() {
        node[next] = node[node[next] as usize] + 1;
    }
    for depth in &node[..count - 1] {
        inner[*depth as usize] += 1;
    }
    let mut places = 1u32;
    for depth in 0..count {
        let leaves = places - inner[depth];
        per_length[depth.min(longest)] += leaves;
        places = 2 * inner[depth];
        if places == 0 {
            break;
        }
    }
    shorten(&mut per_length, longest);
    per_length
}

/// Makes a code of lengths that were cut to `longest` decodable again: as long as there are too many codes, one of the
/// longest takes a place below a shorter one.
fn shorten(per_length: &mut [u32; LONGEST + 1], longest: usize) {
    let taken = |per_length: &[u32; LONGEST + 1]| (1..=longest).map(|n| per_length[n] << (longest - n)).sum::<u32>();
    while taken(per_length) > 1 << longest {
        let shorter = (1..longest).rev().find(|n| per_length[*n] > 0).expect("not all codes are of the longest length");
        per_length[shorter] -= 1;
        per_length[shorter + 1] += 2;
        per_length[longest] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths_of(counts: &[u32], longest: usize) -> Vec<u8> {
        let mut result = vec![Code::default(); counts.len()];
        codes(&mut counts.to_vec(), longest, &mut result);
        // A complete code has no place left and none taken twice.
        let taken: u32 = result.iter().filter(|code| code.length > 0).map(|code| 1 << (16 - code.length)).sum();
        assert_eq!(taken, 1 << 16, "{counts:?}");
        for (n, a) in result.iter().enumerate() {
            for b in result[..n].iter().filter(|b| a.length > 0 && b.length > 0) {
                let shorter = u32::from(a.length.min(b.length));
                assert_ne!(a.bits << (16 - shorter), b.bits << (16 - shorter), "one code begins another");
            }
        }
        result.iter().map(|code| code.length).collect()
    }

    #[test]
    fn frequent_symbols_get_short_codes() {
        assert_eq!(lengths_of(&[1, 0, 5, 2, 1], LONGEST), [3, 0, 1, 2, 3]);
        assert_eq!(lengths_of(&[3; 8], LONGEST), [3; 8]);
    }

    #[test]
    fn one_symbol_or_none_gets_a_partner() {
        assert_eq!(lengths_of(&[0, 0, 0], LONGEST), [1, 1, 0]);
        assert_eq!(lengths_of(&[0, 0, 7], LONGEST), [1, 0, 1]);
        assert_eq!(lengths_of(&[7, 0, 0], LONGEST), [1, 1, 0]);
    }

    #[test]
    fn no_code_is_longer_than_allowed() {
        let mut fibonacci = vec![1, 1];
        for n in 2..30 {
            fibonacci.push(fibonacci[n - 1] + fibonacci[n - 2]);
        }
        for longest in [LONGEST, 7, 5] {
            let lengths = lengths_of(&fibonacci, longest);
            assert_eq!(usize::from(lengths[0]), longest);
            assert!(lengths.is_sorted_by(|a, b| a >= b), "{lengths:?}");
        }
    }
}
