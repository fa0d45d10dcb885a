//! Compression of a block's segments to the blocks of a zlib stream.

use super::matches::{Arrangement, Finder};
use crate::codec::deflate::block::{BitWriter, Block};
use crate::codec::deflate::codes::Frequencies;

/// Appends a zlib stream of `bytes` to `out`.
pub(in crate::codec::deflate) fn compress(
    bytes: &[u8],
    arrangement: Arrangement,
    out: &mut Vec<u8>,
    finder: &mut Finder,
) {
    out.extend_from_slice(&ZLIB_HEADER);
    let mut writer = BitWriter::new(out);
    let mut start = 0;
    loop {
        let end = if bytes.len() - start < SEGMENT * 3 / 2 { bytes.len() } else { start + SEGMENT };
        let segment = &bytes[start..end];
        let mut frequencies = Frequencies::of_literals(segment);
        let sequences = finder.find(bytes, start..end, arrangement, &mut frequencies);
        let last = end == bytes.len();
        Block::new(segment, sequences, &frequencies).write(last, &mut writer);
        start = end;
        if last {
            break;
        }
    }
    writer.align();
    writer.finish();
    out.extend_from_slice(&libdeflater::adler32(bytes).to_be_bytes());
}

/// Deflate with a window of 32 KiB, the fastest compression level (RFC 1950 §2.2).
const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];

/// Bytes that share their codes: long enough to pay for the description, short enough to adapt to the image.
const SEGMENT: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8], arrangement: Arrangement) {
        let mut out = b"before".to_vec();
        compress(bytes, arrangement, &mut out, &mut Finder::default());
        let mut back = vec![0; bytes.len()];
        let length = libdeflater::Decompressor::new().zlib_decompress(&out[6..], &mut back).unwrap();
        assert_eq!((length, &back[..]), (bytes.len(), bytes));
        assert_eq!(fdeflate::decompress_to_vec(&out[6..]).unwrap(), bytes);
    }

    #[test]
    fn blocks_of_one_value_and_of_none_are_valid_streams() {
        for length in [0, 1, 3, 4, 63, 64, 65, 258, 259, 1000, 98_303, 98_304, 200_000] {
            check(&vec![7; length], Arrangement { row: 50, number: 1 });
        }
    }

    #[test]
    fn a_row_that_repeats_costs_a_match() {
        let row: Vec<u8> = (0..255u32).map(|i| (i * 37) as u8).collect();
        let mut out = Vec::new();
        compress(&row.repeat(100), Arrangement { row: row.len(), number: 1 }, &mut out, &mut Finder::default());
        assert!(out.len() < 800, "{}", out.len());
        check(&row.repeat(100), Arrangement { row: row.len(), number: 1 });
    }

    #[test]
    fn rows_longer_than_the_window_are_not_looked_for() {
        check(&[1, 2, 3, 4, 5, 6, 7].repeat(20_000), Arrangement { row: 70_000, number: 4 });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn every_stream_is_read_by_others(
            values in vec(any::<u8>(), 1..3000),
            (shift, times) in (0..8u32, 1..90usize),
            (row, number) in (1..700usize, 1..9usize),
        ) {
            let mut bytes: Vec<u8> = values.iter().map(|value| value >> shift).collect();
            bytes = bytes.repeat(times);
            check(&bytes, Arrangement { row, number });
        }
    }
}
