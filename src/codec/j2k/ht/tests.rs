mod decoder;
mod twin;

use super::*;
use crate::codec::j2k::part1::tests::blocks::{Random, Sample as Kind, cases, samples};

fn encoded(rows: &[&[i32]]) -> Vec<u8> {
    let samples: Vec<i32> = rows.iter().flat_map(|row| row.iter().copied()).collect();
    let block = BlockSamples::new(&samples, rows[0].len(), rows[0].len(), rows.len(), 0).unwrap();
    HtCoder::default().encode(&block, Passes::Cleanup).bytes
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn small_blocks_have_the_bytes_of_other_encoders() {
    for (rows, bytes) in [
        (&[&[1][..]][..], "fe006300"),
        (&[&[-1]], "006300"),
        (&[&[5]], "f800477400"),
        (&[&[-37]], "c900877400"),
        (&[&[0, 0, 0, 0, 0, 0, 0, -3]], "fde0093400"),
        (&[&[3, -1, 0, 0], &[0, 2, 0, -7], &[1, 0, 0, 0], &[-4, 12, 0, 1]], "4405c7fa4335d693b47700"),
        (&[&[-20, 14, 9, -1, 0], &[7, -6, 0, 2, 30], &[1, 1, -1, 0, 0]], "87e905211af8019b801fa80b3800"),
    ] {
        assert_eq!(encoded(rows), bytes_of(bytes), "{rows:?}");
    }
}
