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

#[test]
fn samples_in_vectors_and_one_by_one_make_the_same_bytes() {
    let mut random = Random::new(71);
    let (mut vectors, mut one_by_one) = (Cleanup::default(), Cleanup::default());
    for round in 0..cases(2000) {
        let width = 1 + random.below(if round % 16 == 0 { 1024 } else { 70 });
        let height = 1 + random.below((4096 / width).min(70));
        let (kind, bits) = (Kind::ALL[random.below(Kind::ALL.len())], 1 + random.below(line::NARROW as usize) as u32);
        let values = samples(kind, width * height, bits, &mut random);
        let block = BlockSamples::new(&values, width, width, height, 0).unwrap();
        let shift = random.below(bits as usize) as u32;
        if block.magnitudes() >> shift == 0 {
            continue;
        }
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        vectors.encode(&block, shift, bits, &mut found);
        one_by_one.encode(&block, shift, u64::BITS, &mut expected);
        assert!(found == expected, "{round}: {width} × {height} {kind:?} {bits} {shift}");
        // The type of the samples does not matter.
        let values: Vec<i32> = values.iter().map(|value| *value as i32).collect();
        let block = BlockSamples::new(&values, width, width, height, 0).unwrap();
        found.clear();
        vectors.encode(&block, shift, bits, &mut found);
        assert!(found == expected, "{round}: {width} × {height} {kind:?} {bits} {shift}");
    }
}
