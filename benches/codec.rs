//! Throughput in bytes of pixels of every codec in the registry (encoding and decoding, one thread) and of the kernels around
//! them.
//!
//! Blocks are 256 × 256 pixels, the default block size of files. The data is synthetic: structure with sensor noise (imagery),
//! smooth, thematic and constant.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use osml_io::codec::{BlockShape, CODECS, PixelCoding, Scratch};
use osml_io::image::SampleType;
use osml_io::simd;

const SIDE: u32 = 256;
const SHAPE: BlockShape = BlockShape::new(SIDE, SIDE);

/// A kind of data: its name, its block, and a function that returns a sample by column, row and band.
struct Data {
    name: &'static str,
    pixels: PixelCoding,
    raw: Vec<u8>,
}

fn data() -> Vec<Data> {
    let mut noise = 1u32;
    let mut die = move |sides: u32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 16) % sides
    };
    // The sum of four dice approximates a normal distribution.
    let mut sensor = move |size: u32| (0..4).map(|_| die(size)).sum::<u32>();
    let relief = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) / 40.0, f64::from(y) / 55.0);
        ((x + y.sin()).sin() * (y * 1.3).cos() + 1.5) * 60.0
    };
    vec![
        block("imagery rgb8", SampleType::UInt8, 3, |x, y, band| relief(x + band, y) as u32 + sensor(4)),
        block("imagery pan16", SampleType::UInt16, 1, |x, y, _| relief(x, y) as u32 * 100 + sensor(200)),
        block("imagery 8 x uint16", SampleType::UInt16, 8, |x, y, band| {
            relief(x + 9 * band, y) as u32 * 20 + sensor(40)
        }),
        block("elevation float32", SampleType::Float32, 1, |x, y, _| {
            ((relief(x, y) * 9.0 + f64::from(sensor(9)) / 64.0) as f32).to_bits()
        }),
        block("smooth", SampleType::UInt8, 1, |x, y, _| x / 3 + y / 5),
        block("thematic", SampleType::UInt8, 1, |x, y, _| relief(x / 4 * 4, y / 4 * 4) as u32 / 15),
        block("one value", SampleType::UInt8, 3, |_, _, _| 17),
    ]
}

fn block(name: &'static str, sample: SampleType, samples: u32, mut value: impl FnMut(u32, u32, u32) -> u32) -> Data {
    let pixels = PixelCoding::new(samples, sample);
    let mut raw = Vec::with_capacity(pixels.block_bytes(SHAPE));
    for y in 0..SIDE {
        for x in 0..SIDE {
            for band in 0..samples {
                let value = value(x, y, band);
                match sample.bytes() {
                    1 => raw.push(value as u8),
                    2 => raw.extend((value as u16).to_ne_bytes()),
                    _ => raw.extend(value.to_ne_bytes()),
                }
            }
        }
    }
    Data { name, pixels, raw }
}

fn codecs(criterion: &mut Criterion) {
    let data = data();
    for codec in CODECS {
        let mut group = criterion.benchmark_group(codec.name);
        for data in &data {
            let coding = codec.coding(data.pixels);
            let Ok(encoder) = coding.encoder() else { continue };
            let decoder = coding.decoder();
            let (mut scratch, mut raw, mut stored) = (Scratch::default(), data.raw.clone(), Vec::new());
            // Some codecs support only some sample types.
            if encoder.encode(SHAPE, &mut raw, &mut stored, &mut scratch).is_err() {
                continue;
            }
            group.throughput(Throughput::Bytes(data.raw.len() as u64));
            let mut out = Vec::new();
            group.bench_function(BenchmarkId::new("encode", data.name), |bencher| {
                bencher.iter(|| {
                    raw.copy_from_slice(&data.raw);
                    out.clear();
                    encoder.encode(SHAPE, &mut raw, &mut out, &mut scratch)
                });
            });
            let mut pixels = vec![0; data.raw.len()];
            group.bench_function(BenchmarkId::new("decode", data.name), |bencher| {
                bencher.iter(|| decoder.decode(SHAPE, &stored, &mut pixels, &mut scratch));
            });
        }
        group.finish();
    }
}

fn kernels(criterion: &mut Criterion) {
    const ROW: usize = 12_288;
    let mut group = criterion.benchmark_group("kernels");
    group.throughput(Throughput::Bytes(ROW as u64));
    for (size, bands) in [(1, 3), (1, 4), (2, 3), (2, 4), (2, 8), (4, 3), (8, 2)] {
        let name = format!("{bands} bands of {size} bytes");
        let planes = vec![vec![1u8; ROW / bands]; bands];
        let planes: Vec<&[u8]> = planes.iter().map(Vec::as_slice).collect();
        let mut row = vec![0; ROW];
        group.bench_function(BenchmarkId::new("interleave", &name), |bencher| {
            bencher.iter(|| simd::interleave(black_box(&planes), size, &mut row));
        });
        group.bench_function(BenchmarkId::new("difference", &name), |bencher| {
            bencher.iter(|| simd::difference(black_box(&mut row), size, bands));
        });
        group.bench_function(BenchmarkId::new("accumulate", &name), |bencher| {
            bencher.iter(|| simd::accumulate(black_box(&mut row), size, bands));
        });
    }
    for size in [2, 4, 8] {
        let (mut row, mut planes) = (vec![1; ROW], vec![0; ROW]);
        group.bench_function(BenchmarkId::new("split planes", size), |bencher| {
            bencher.iter(|| simd::split_planes(black_box(&row), size, &mut planes));
        });
        group.bench_function(BenchmarkId::new("join planes", size), |bencher| {
            bencher.iter(|| simd::join_planes(black_box(&planes), size, &mut row));
        });
        group.bench_function(BenchmarkId::new("swap bytes", size), |bencher| {
            bencher.iter(|| simd::swap_bytes(black_box(&mut planes), size));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(600)).sample_size(20);
    targets = codecs, kernels
}
criterion_main!(benches);
