mod tiles;

use proptest::prelude::*;

use super::*;
use crate::codec::j2k::ffi::{Request, decode};
use crate::codec::j2k::part1::Style;
use crate::codec::j2k::progression::Progression;
use crate::codestream::PieceOrder;
use crate::codestream::j2k::Profile;
use crate::image::{Pixels, SampleType};
use crate::io::{ByteSink, MemorySink};
use crate::pipeline::encode_block;

/// The stream with the tiles encoded in reverse order.
fn written(
    layout: &ImageLayout,
    tile: (u32, u32),
    bits: u32,
    options: &J2kOptions,
    pixels: &Pixels,
    threads: usize,
) -> Vec<u8> {
    let mut stream = J2kStream::new(layout, tile, bits, options, false, threads).unwrap();
    let (encoder, grid) = (stream.encoder(), stream.grid());
    let layout = ImageLayout { grid, ..layout.clone() };
    let block = |n: u64| {
        let part = pixels.window(grid.block_window(grid.at(n))).unwrap();
        encode_block(&*encoder, &layout, grid.at(n), &part, &mut crate::pipeline::Scratch::default()).unwrap()
    };
    let mut blocks: Vec<_> = (0..grid.count()).rev().map(block).collect();
    blocks.reverse();
    joined(&mut stream, &blocks)
}

/// The stream of its tiles.
fn joined(stream: &mut J2kStream, blocks: &[Encoded]) -> Vec<u8> {
    let (mut sink, bytes) = MemorySink::new();
    let mut order = PieceOrder::of(stream);
    sink.write(&stream.header()).unwrap();
    for block in blocks {
        stream.take(block).unwrap();
        order.append(block, &mut sink).unwrap();
    }
    order.finish(&mut sink, &|| Ok(())).unwrap();
    let end = stream.end();
    sink.write(&end.trailer).unwrap();
    end.patches.iter().for_each(|(at, bytes)| sink.patch(*at, bytes).unwrap());
    Box::new(sink).publish().unwrap();
    let bytes = bytes.lock().unwrap();
    bytes.clone()
}

fn decoded(stream: &[u8]) -> Vec<Vec<i32>> {
    let request =
        Request { codestream: &[stream], area: None, reduction: 0, layers: 0, components: &[], is_strict: true };
    let decoded = decode(&request).unwrap();
    assert_eq!(decoded.warnings, Vec::<String>::new());
    decoded.planes().unwrap().iter().map(|plane| plane.samples.to_vec()).collect()
}

/// An image of waves and noise, of samples of `bits`.
fn image(
    bands: u32,
    rows: u32,
    columns: u32,
    sample: SampleType,
    bits: u32,
    noise: f64,
) -> (ImageLayout, Pixels, Vec<Vec<i32>>) {
    let (top, bottom) = if sample.is_signed_integer() {
        ((1i64 << (bits - 1)) - 1, -(1i64 << (bits - 1)))
    } else {
        ((1i64 << bits) - 1, 0)
    };
    let mut state = 12_345u64;
    let mut value = |band: u32, y: u32, x: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = (state >> 40) as f64 / f64::from(1 << 24);
        let wave = ((f64::from(x) / 9.0 + f64::from(band)).sin() + (f64::from(y) / 7.0).cos() + 2.0) / 4.0;
        let level = wave * (1.0 - noise) + random * noise;
        (bottom as f64 + level * (top - bottom) as f64).round().clamp(bottom as f64, top as f64) as i32
    };
    let planes: Vec<Vec<i32>> = (0..bands)
        .map(|band| (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))).map(|(y, x)| value(band, y, x)).collect())
        .collect();
    let mut bytes = vec![0; (bands * rows * columns) as usize * sample.bytes()];
    for (out, sample_value) in bytes.chunks_exact_mut(sample.bytes()).zip(planes.iter().flatten()) {
        sample.write_value(f64::from(*sample_value), out);
    }
    let pixels = Pixels::from_vec(bytes, [bands, rows, columns].map(|n| n as usize), sample, Interleave::Band).unwrap();
    let layout = ImageLayout::new(BlockGrid::new(columns, rows, columns, rows).unwrap(), bands, sample).unwrap();
    (layout, pixels, planes)
}

fn error(found: &[Vec<i32>], expected: &[Vec<i32>]) -> f64 {
    let pairs = found.iter().flatten().zip(expected.iter().flatten());
    let sum: f64 = pairs.clone().map(|(a, b)| f64::from(a - b).powi(2)).sum();
    sum / pairs.count() as f64
}

prop_compose! {
    fn choices()(
        levels in prop::option::of(1u8..8), layers in 1u32..5, order in 0usize..5, transform in any::<bool>(),
        width in 2u8..7, height in 2u8..7, precincts in prop::collection::vec((2u8..9, 2u8..9), 0..3),
        profile in prop::option::weighted(0.3, prop::sample::select(vec![Profile::Npje, Profile::Epje])), block_style in prop::option::of(0u8..64),
    ) -> J2kOptions {
        J2kOptions {
            block_style: block_style.unwrap_or(0),
            levels, layers, precincts, profile,
            progression: if profile == Some(Profile::Epje) { Progression::Rlcp } else { Progression::ALL[order] },
            component_transform: Some(transform),
            code_block: (width, height),
            ..J2kOptions::default()
        }
    }
}

/// The types of samples that the tests cover.
const INTEGERS: [SampleType; 6] =
    [SampleType::UInt8, SampleType::Int8, SampleType::UInt16, SampleType::Int16, SampleType::UInt32, SampleType::Int32];

/// Checks that a lossless stream has the pixels of an image, and the same bytes for any number of threads.
fn check_lossless(
    options: &J2kOptions,
    tile: (u32, u32),
    bits: u32,
    (layout, pixels, planes): &(ImageLayout, Pixels, Vec<Vec<i32>>),
) -> std::result::Result<(), TestCaseError> {
    let tile = (tile.0.max(layout.grid.columns() / 8), tile.1.max(layout.grid.rows() / 8));
    let stream = written(layout, tile, bits, options, pixels, 1);
    prop_assert!(decoded(&stream) == *planes);
    prop_assert!(written(layout, tile, bits, options, pixels, 3) == stream, "bytes depend on the threads");
    Ok(())
}

/// The choices of a stream whose blocks are those of Part 15.
fn high_throughput(options: J2kOptions) -> J2kOptions {
    J2kOptions { high_throughput: true, layers: 1, block_style: options.block_style & Style::CAUSAL, ..options }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn openjpeg_decodes_every_lossless_stream_of_part_15_exactly(
        options in choices(), (rows, columns) in (1u32..140, 1u32..140), tile in (1u32..150, 1u32..150), bands in 1u32..5,
        kind in 0usize..6, spare in 0u32..8, noise in prop::sample::select(vec![0.0, 0.05, 1.0]),
    ) {
        let sample = INTEGERS[kind];
        // Planes of a band: 3 more than bits, and 1 more with a transform. OpenJPEG takes 30.
        let bits = sample.bits().min(26) - spare.min(sample.bits() - 1);
        check_lossless(&high_throughput(options), tile, bits, &image(bands, rows, columns, sample, bits, noise))?;
    }

    #[test]
    fn openjpeg_decodes_every_lossless_stream_exactly(
        options in choices(), (rows, columns) in (1u32..90, 1u32..90), tile in (1u32..100, 1u32..100), bands in 1u32..5,
        kind in 0usize..6, spare in 0u32..8, noise in prop::sample::select(vec![0.0, 0.05, 1.0]),
    ) {
        let sample = INTEGERS[kind];
        let bits = sample.bits().min(28) - spare.min(sample.bits() - 1);
        check_lossless(&options, tile, bits, &image(bands, rows, columns, sample, bits, noise))?;
    }

    #[test]
    fn lossy_streams_keep_to_their_rates(
        options in choices(), (rows, columns) in (48u32..90, 48u32..90), bands in 1u32..4, rate in 0.3f64..4.0, wide in any::<bool>(),
    ) {
        let sample = if wide { SampleType::UInt16 } else { SampleType::UInt8 };
        let (layout, pixels, planes) = image(bands, rows, columns, sample, sample.bits(), 0.5);
        let options = J2kOptions { rate: Rate::Bits(rate), layers: options.layers.min(3), precincts: Vec::new(), profile: None, ..options };
        // A decoder that checks predictable ends finds others in a segment that is cut.
        let options = J2kOptions { block_style: options.block_style & !Style::PREDICTABLE, ..options };
        let stream = written(&layout, (columns, rows), sample.bits(), &options, &pixels, 1);
        let achieved = 8.0 * stream.len() as f64 / f64::from(bands * rows * columns);
        // A stream has at least its headers and a packet for each precinct.
        let nothing = J2kOptions { rate: Rate::Bits(0.001), ..options };
        let least = 8.0 * written(&layout, (columns, rows), sample.bits(), &nothing, &pixels, 1).len() as f64;
        let least = least / f64::from(bands * rows * columns);
        prop_assert!(achieved <= least.max(rate * 1.02), "{} of {}, at least {}", achieved, rate, least);
        // The next pass of a block may take some 60 bytes, which is much of a small image, and more if each pass is terminated.
        let pass = if options.block_style & Style::TERMINATE == 0 { 60.0 } else { 90.0 };
        let pass = 8.0 * pass / f64::from(bands * rows * columns);
        prop_assert!(achieved + pass >= rate * 0.95, "{} of {}", achieved, rate);
        let flat: Vec<Vec<i32>> = planes.iter().map(|plane| {
            let mean = plane.iter().map(|value| i64::from(*value)).sum::<i64>() / plane.len() as i64;
            vec![mean as i32; plane.len()]
        }).collect();
        // A rate that the headers nearly use up leaves no pass for the pixels.
        prop_assert!(rate <= least + pass || error(&decoded(&stream), &planes) < error(&flat, &planes));
    }
}

#[test]
fn more_bytes_leave_less_error() {
    let (layout, pixels, planes) = image(3, 200, 230, SampleType::UInt8, 8, 0.2);
    let mut last = f64::INFINITY;
    for rate in [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 7.0] {
        let options = J2kOptions { rate: Rate::Bits(rate), ..J2kOptions::default() };
        let error = error(&decoded(&written(&layout, (128, 128), 8, &options, &pixels, 2)), &planes);
        assert!(error < last, "{rate}: {error} after {last}");
        last = error;
    }
    assert!(last < 0.2, "{last}");
}

#[test]
fn streams_of_part_15_keep_to_their_rates_and_more_bytes_leave_less_error() {
    let (layout, pixels, planes) = image(3, 200, 230, SampleType::UInt8, 8, 0.2);
    let mut last = f64::INFINITY;
    for rate in [0.25, 0.5, 1.0, 2.0, 4.0, 6.0] {
        let options = high_throughput(J2kOptions { rate: Rate::Bits(rate), ..J2kOptions::default() });
        let stream = written(&layout, (128, 128), 8, &options, &pixels, 2);
        let achieved = 8.0 * stream.len() as f64 / f64::from(3 * 200 * 230);
        assert!((rate * 0.95..=rate * 1.01).contains(&achieved), "{achieved} of {rate}");
        let error = error(&decoded(&stream), &planes);
        assert!(error < last, "{rate}: {error} after {last}");
        last = error;
    }
    assert!(last < 0.5, "{last}");
}

#[test]
fn lossy_streams_of_part_15_have_no_more_planes_than_openjpeg_decodes() {
    for bits in [16, 20, 24] {
        let (layout, pixels, planes) = image(1, 90, 120, SampleType::UInt32, bits, 0.2);
        let options = high_throughput(J2kOptions { rate: Rate::Bits(f64::from(bits)), ..J2kOptions::default() });
        let stream = written(&layout, (120, 90), bits, &options, &pixels, 1);
        let error = error(&decoded(&stream), &planes);
        // The decoded image is the image, not only a part of its bands.
        assert!(error < f64::from(1 << (2 * bits - 29)), "{bits}: {error}");
    }
}

#[test]
fn samples_beyond_the_bits_are_refused() {
    let (layout, pixels, _) = image(1, 10, 10, SampleType::UInt16, 12, 1.0);
    let stream = J2kStream::new(&layout, (10, 10), 11, &J2kOptions::default(), false, 1).unwrap();
    let at = BlockIndex::default();
    let result = encode_block(&*stream.encoder(), &layout, at, &pixels, &mut crate::pipeline::Scratch::default());
    assert!(matches!(result, Err(Error::Usage(_))));
}

#[test]
fn images_that_no_codestream_holds_are_refused() {
    let layout =
        |bands, sample, side| ImageLayout::new(BlockGrid::new(side, side, side, side).unwrap(), bands, sample).unwrap();
    for (layout, tile, bits) in [
        (layout(1, SampleType::Float32, 10), 10, 32),
        (layout(1, SampleType::UInt64, 10), 10, 39),
        (layout(1, SampleType::UInt8, 10), 10, 0),
        (layout(20_000, SampleType::UInt8, 10), 10, 8),
        (layout(1, SampleType::UInt8, 300), 1, 8),
    ] {
        let stream = J2kStream::new(&layout, (tile, tile), bits, &J2kOptions::default(), false, 1);
        assert!(matches!(stream, Err(Error::Usage(_))));
    }
}

#[test]
fn an_absent_block_is_a_tile_of_the_middle_value() {
    let (layout, pixels, planes) = image(2, 40, 64, SampleType::UInt8, 8, 0.1);
    let mut stream = J2kStream::new(&layout, (32, 40), 8, &J2kOptions::default(), true, 1).unwrap();
    let (encoder, grid) = (stream.encoder(), stream.grid());
    let blocks = ImageLayout { grid, ..layout };
    let part = pixels.window(grid.block_window(grid.at(0))).unwrap();
    let first = encode_block(&*encoder, &blocks, grid.at(0), &part, &mut crate::pipeline::Scratch::default()).unwrap();
    let absent = stream.absent_block(grid.at(1)).unwrap();
    let found = decoded(&joined(&mut stream, &[first, absent]));
    for (found, expected) in found.iter().zip(&planes) {
        for (found, expected) in found.chunks_exact(64).zip(expected.chunks_exact(64)) {
            assert!(found[..32] == expected[..32] && found[32..].iter().all(|value| *value == 128));
        }
    }
}
