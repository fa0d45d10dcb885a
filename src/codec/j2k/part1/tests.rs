//! The fast coder against a slow one, and both against a decoder.

pub(crate) mod blocks;
mod decoder;
mod fast_decoder;
mod timing;
mod twin;

use super::*;
use blocks::{Random, Sample, samples};

const STYLES: [fn(&mut Style); 6] = [
    |style| style.bypass = true,
    |style| style.reset = true,
    |style| style.terminate = true,
    |style| style.vertical_causal = true,
    |style| style.predictable = true,
    |style| style.segmentation = true,
];

const ORIENTATIONS: [Orientation; 4] = [Orientation::LL, Orientation::HL, Orientation::LH, Orientation::HH];

fn style_of(number: usize) -> Style {
    let mut style = Style::default();
    for (i, set) in STYLES.iter().enumerate() {
        if number >> i & 1 == 1 {
            set(&mut style);
        }
    }
    style
}

/// Checks one block: the fast coder equals the slow one, and a decoder gets every pass from its length.
fn check(values: &[i64], width: usize, orientation: Orientation, style: Style, exact: bool, fraction: u32) {
    let height = values.len() / width;
    let block = BlockSamples::new(values, width, width, height, fraction).unwrap();
    let coded = BlockCoder::default().encode(&block, orientation, style, exact);
    let what = format!("{width} × {height} {orientation:?} {style:?}");
    let complete = decoder::decode(&coded, coded.passes.len(), width, height, orientation, style);
    let expected: Vec<i64> = values.iter().map(|v| v.signum() * (v.abs() >> fraction)).collect();
    assert!(complete.last().map_or_else(|| vec![0; values.len()], |state| state.values.clone()) == expected, "{what}");
    for passes in 1..=coded.passes.len() {
        let cut = decoder::decode(&coded, passes, width, height, orientation, style);
        let fast = if coded.planes > 31 { fast_decoder::decode::<u64> } else { fast_decoder::decode::<u32> };
        let fast = fast(&coded, passes, (width, height), orientation, style);
        assert!(fast == complete[passes - 1].values, "{what}: {passes} of {}, fast decoder", coded.passes.len());
        assert!(cut[passes - 1] == complete[passes - 1], "{what}: {passes} of {} passes", coded.passes.len());
    }
    let twin = twin::encode(values, width, orientation, style, exact, fraction);
    assert_eq!(coded.planes, twin.planes, "{what}");
    let lengths =
        |block: &CodedBlock| block.passes.iter().map(|pass| (pass.length, pass.terminated)).collect::<Vec<_>>();
    assert!(lengths(&coded) == lengths(&twin), "{what}: {:?} {:?}", lengths(&coded), lengths(&twin));
    assert!(coded.bytes == twin.bytes, "{what}: other bytes");
    let planes = coded.planes as i32;
    for (n, (pass, exactly)) in coded.passes.iter().zip(&twin.passes).enumerate() {
        let plane = planes - 1 - (n as i32 + 2) / 3;
        let allowed = if exact && plane <= 3 { 1e-9 } else { 4f64.powi(plane) * values.len() as f64 * 3.0 / 16.0 };
        assert!((pass.distortion - exactly.distortion).abs() <= allowed, "{what}: pass {n}: {pass:?} {exactly:?}");
    }
}

#[test]
fn blocks_of_all_shapes_and_kinds_decode_exactly_at_every_pass() {
    let mut random = Random::new(1);
    let shapes =
        [(1, 1), (1, 9), (9, 1), (2, 3), (4, 4), (5, 7), (16, 4), (17, 8), (31, 6), (33, 13), (64, 3), (3, 64)];
    for (width, height) in shapes {
        for kind in Sample::ALL {
            for orientation in ORIENTATIONS {
                check(&samples(kind, width * height, 9, &mut random), width, orientation, Style::default(), true, 0);
            }
        }
    }
}

#[test]
fn every_mix_of_styles_decodes_exactly_at_every_pass() {
    let mut random = Random::new(2);
    for number in 0..64 {
        for (kind, bits) in [(Sample::Laplace, 8), (Sample::Noise, 7), (Sample::Sparse, 10), (Sample::Largest, 6)] {
            let (width, height) = (1 + random.below(40), 1 + random.below(14));
            check(
                &samples(kind, width * height, bits, &mut random),
                width,
                ORIENTATIONS[number % 4],
                style_of(number),
                true,
                0,
            );
        }
    }
}

#[test]
fn large_blocks_decode_exactly_at_every_pass() {
    let mut random = Random::new(3);
    for (width, height) in [(64, 64), (1024, 4), (4, 1024), (1, 1024), (1024, 1), (256, 16), (63, 65), (128, 32)] {
        for kind in [Sample::Laplace, Sample::Sparse] {
            check(&samples(kind, width * height, 6, &mut random), width, Orientation::HL, Style::default(), true, 0);
        }
    }
}

#[test]
fn small_blocks_decode_exactly_at_every_pass() {
    let mut random = Random::new(4);
    for round in 0..3000 {
        let (width, height) = (1 + random.below(5), 1 + random.below(5));
        let kind = Sample::ALL[random.below(Sample::ALL.len())];
        let bits = 1 + random.below(12) as u32;
        let style = style_of(if round % 2 == 0 { 0 } else { random.below(64) });
        check(&samples(kind, width * height, bits, &mut random), width, ORIENTATIONS[random.below(4)], style, true, 0);
    }
}

#[test]
fn magnitudes_of_43_bits_decode_exactly() {
    let mut random = Random::new(5);
    for kind in Sample::ALL {
        check(&samples(kind, 30 * 10, 43, &mut random), 30, Orientation::HH, Style::default(), true, 0);
        check(&samples(kind, 30 * 10, 43, &mut random), 30, Orientation::HH, style_of(63), false, 6);
    }
}

#[test]
fn bits_below_the_step_count_for_the_distortion_alone() {
    let mut random = Random::new(6);
    for fraction in 0..9 {
        let values = samples(Sample::Laplace, 40 * 12, 6 + fraction, &mut random);
        check(&values, 40, Orientation::LH, Style::default(), false, fraction);
    }
}

#[test]
fn smaller_integers_give_the_same_block() {
    let mut random = Random::new(7);
    for kind in Sample::ALL {
        let values = samples(kind, 50 * 20, 20, &mut random);
        let small: Vec<i32> = values.iter().map(|v| *v as i32).collect();
        let mut coder = BlockCoder::default();
        let of_large = BlockSamples::new(&values, 50, 40, 20, 2).unwrap();
        let of_small = BlockSamples::new(&small, 50, 40, 20, 2).unwrap();
        let style = Style::default();
        let large = coder.encode(&of_large, Orientation::LL, style, false);
        assert_eq!(large, coder.encode(&of_small, Orientation::LL, style, false));
    }
    let largest = [i32::MIN, i32::MAX, 0, -1];
    let block = BlockSamples::new(&largest, 2, 2, 2, 0).unwrap();
    let wide = largest.map(i64::from);
    let wide = BlockSamples::new(&wide, 2, 2, 2, 0).unwrap();
    let mut coder = BlockCoder::default();
    let result = coder.encode(&block, Orientation::LL, Style::default(), true);
    assert_eq!(result.planes, 32);
    assert_eq!(result, coder.encode(&wide, Orientation::LL, Style::default(), true));
}

#[test]
fn a_coder_keeps_nothing_from_block_to_block() {
    let mut random = Random::new(8);
    let mut coder = BlockCoder::default();
    for _ in 0..200 {
        let (width, height) = (1 + random.below(70), 1 + random.below(30));
        let values = samples(Sample::ALL[random.below(Sample::ALL.len())], width * height, 9, &mut random);
        let block = BlockSamples::new(&values, width, width, height, 0).unwrap();
        let style = style_of(random.below(64));
        let result = coder.encode(&block, Orientation::HL, style, true);
        assert_eq!(result, BlockCoder::default().encode(&block, Orientation::HL, style, true));
    }
}

#[test]
fn blocks_side_by_side_are_those_that_are_coded_alone() {
    let mut random = Random::new(13);
    let mut all = BlockCoder::default();
    // Short segments, so with styles that terminate every pass, have bounds of few bytes.
    let styles = [0, 1, 9, 63, 64, 65, 300].map(|count| (count, style_of(random.below(64))));
    let terminated = (0..64).filter(|number| style_of(*number).terminate).map(|number| (40, style_of(number)));
    for (count, style) in styles.into_iter().chain(terminated) {
        let blocks: Vec<_> = (0..count)
            .map(|_| {
                let (width, height) = (1 + random.below(70), 1 + random.below(30));
                let kind = Sample::ALL[random.below(Sample::ALL.len())];
                let bits = 1 + random.below(20) as u32;
                (width, height, samples(kind, width * height, bits, &mut random), ORIENTATIONS[random.below(4)])
            })
            .collect();
        let mut coder = BlockCoder::default();
        let block = |n: usize| {
            let (width, height, values, orientation) = blocks.get(n)?;
            Some((n, BlockSamples::new(values, *width, *width, *height, 0)?, *orientation))
        };
        let mut numbers = 0..count;
        let mut found = vec![None; count];
        all.encode_all(style, true, || numbers.next().and_then(block), |n, block| found[n] = Some(block));
        for (n, found) in found.into_iter().enumerate() {
            let (_, samples, orientation) = block(n).unwrap();
            assert_eq!(found, Some(coder.encode(&samples, orientation, style, true)), "{n} of {count} {style:?}");
        }
    }
}

#[test]
fn a_block_without_ones_has_no_passes() {
    let block = BlockSamples::new(&[1, -3, 2, 0], 2, 2, 2, 2).unwrap();
    assert_eq!(BlockCoder::default().encode(&block, Orientation::LL, Style::default(), false), CodedBlock::default());
}

#[test]
fn a_block_that_the_standard_does_not_have_is_refused() {
    let samples = vec![0; 5000];
    for (stride, width, height, fraction) in [
        (4096, 4096, 1, 0),
        (64, 64, 65, 0),
        (0, 0, 4, 0),
        (4, 4, 0, 0),
        (3, 4, 4, 0),
        (1250, 4, 5, 0),
        (4, 4, 4, 32),
        (1, 1, 1025, 0),
    ] {
        assert!(BlockSamples::new(&samples, stride, width, height, fraction).is_none(), "{width} × {height}");
    }
    assert!(BlockSamples::new(&samples, 1249, 4, 5, 0).is_some());
}

#[test]
fn planes_hold_the_bits_of_the_samples() {
    let mut random = Random::new(10);
    let mut planes = planes::Planes::default();
    let values = samples(Sample::Noise, 20 * 6, 43, &mut random);
    planes.fill(&BlockSamples::new(&values, 20, 20, 6, 0).unwrap(), true);
    for (i, value) in values.iter().enumerate() {
        let (x, y) = (i % 20, i / 20);
        let at = planes.stripes.first(y / 4) + x / 16;
        let bit = |words: &[u64]| words[at] >> (4 * (x % 16) + y % 4) & 1;
        assert_eq!(bit(&planes.negative) == 1, *value < 0);
        assert_eq!(bit(&planes.inside), 1);
        for plane in 0..planes.coded {
            assert_eq!(bit(planes.plane(plane)), value.unsigned_abs() >> plane & 1, "{x} {y} {plane}");
        }
    }
}

#[test]
fn lists_of_symbols_of_all_lengths_decode_from_the_least_number_of_bits() {
    let mut random = Random::new(11);
    for count in 0..3000 {
        let skew = 1 + random.below(12);
        let symbols: Vec<u8> =
            (0..count % 300).map(|_| (random.below(19) * 2 + usize::from(random.below(skew) == 0)) as u8).collect();
        let mut coder = mq::MqCoder::default();
        coder.encode(&symbols);
        let bound = coder.codeword.upper();
        let number = coder.codeword.finish();
        let bits = bound.needed(number);
        let mut bytes = Vec::new();
        segment::Stuffing::new(number, &mut bytes).cover_some(bits);
        let mut contexts = twin::initial_contexts();
        let mut decoder = decoder::Mq::new(&bytes);
        for (i, symbol) in symbols.iter().enumerate() {
            assert_eq!(decoder.decode(&mut contexts[usize::from(symbol >> 1)]), symbol & 1 == 1, "{i} of {count}");
        }
    }
}
