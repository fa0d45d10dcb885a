use proptest::prelude::*;

use super::*;

/// Inflates with an independent decoder.
fn inflate(stream: &[u8], size: usize) -> Vec<u8> {
    let mut out = vec![0; size];
    let count = libdeflater::Decompressor::new().deflate_decompress(stream, &mut out).unwrap();
    assert_eq!(count, size);
    out
}

fn check(data: &[u8], cuts: &[usize]) -> usize {
    let mut smallest = usize::MAX;
    for (effort, row, size) in
        [(Effort::Quick, 601, 3), (Effort::Quick, 9, 2), (Effort::Quick, 1001, 1), (Effort::Thorough, 9, 8)]
    {
        let pixels = Pixels { row, size };
        let mut deflater = Deflater::default();
        let (mut out, mut start) = (Vec::new(), 0);
        for cut in cuts.iter().copied().chain([data.len()]) {
            deflater.compress(&data[start..cut], pixels, effort, cut == data.len(), &mut out);
            start = cut;
        }
        assert!(inflate(&out, data.len()) == data, "{effort:?} {} bytes", data.len());
        smallest = smallest.min(out.len());
    }
    smallest
}

fn noise(count: usize, bits: u32) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u8 & ((1u32 << bits) - 1) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn nothing_and_next_to_nothing() {
    for count in 0..20 {
        check(&noise(count, 8), &[]);
        check(&vec![7; count], &[]);
    }
}

#[test]
fn noise_is_stored_and_constants_vanish() {
    let data = noise(200_000, 8);
    assert!(check(&data, &[]) <= data.len() + 100);
    assert!(check(&vec![3; 1 << 20], &[]) < 2048);
    let bits = check(&noise(1 << 18, 1), &[]);
    assert!(bits < (3 << 14) + 2048, "{bits}");
}

#[test]
fn every_length_and_distance_is_coded() {
    for length in 3..=600 {
        for distance in [1, 2, 3, 4, 5, 8, 9, 100, 257, 1000, 5000, 32_767, 32_768, 32_769] {
            if length % 97 != 3 && distance > 300 {
                continue;
            }
            let mut data = noise(distance.max(length), 8);
            let start = data.len() - distance;
            for i in 0..length {
                data.push(data[start + i]);
            }
            data.extend(noise(9, 7));
            check(&data, &[]);
        }
    }
}

proptest! {
    #[test]
    fn what_is_compressed_comes_back(
        pieces in proptest::collection::vec((0u8..=255, 1usize..700, 1u32..9), 0..40),
        cuts in proptest::collection::vec(0.0f64..1.0, 0..4),
    ) {
        let mut data = Vec::new();
        for (value, count, bits) in pieces {
            match bits {
                1..3 => data.extend(std::iter::repeat_n(value, count)),
                3..5 if !data.is_empty() => {
                    let from = value as usize % data.len();
                    let copy: Vec<u8> = data[from..].iter().copied().cycle().take(count).collect();
                    data.extend(copy);
                }
                _ => data.extend(noise(count, bits)),
            }
        }
        let mut cuts: Vec<_> = cuts.iter().map(|part| (part * data.len() as f64) as usize).collect();
        cuts.sort_unstable();
        check(&data, &cuts);
    }
}
