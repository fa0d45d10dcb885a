use super::*;
use markers::{APP14, EOI, SOF0, SOI};

const SUBSAMPLINGS: [(u8, u8); 4] = [(1, 1), (2, 1), (1, 2), (2, 2)];

/// Gradients and a texture, in interleaved pixels.
fn picture(columns: usize, rows: usize, bands: usize) -> Vec<u8> {
    let sample = |i: usize| {
        let (band, x, y) = (i % bands, i / bands % columns, i / bands / columns);
        let wave = ((x * (band + 2)) as f64 / 9.0).sin() * 40.0 + (y as f64 / (7.0 + band as f64)).cos() * 40.0;
        (128.0 + wave + ((x * 7 + y * 13) % 11) as f64) as u8
    };
    (0..columns * rows * bands).map(sample).collect()
}

/// A block and its coding.
#[derive(Clone)]
struct Block {
    shape: BlockShape,
    pixels: PixelCoding,
    params: Params,
}

fn block(columns: u32, rows: u32, samples: u32, color: ColorModel, quality: u8) -> Block {
    let params = Params { color, quality: Some(quality), tables: None };
    Block { params, ..Block::of(columns, rows, samples, SampleType::UInt8) }
}

impl Block {
    fn of(columns: u32, rows: u32, samples: u32, sample: SampleType) -> Self {
        let (shape, pixels) = (BlockShape::new(columns, rows), PixelCoding::new(samples, sample));
        Self { shape, pixels, params: Params::default() }
    }

    fn encode(&self, raw: &[u8]) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let encoder = self.params.encoder(&self.pixels)?;
        encoder.encode(self.shape, &mut raw.to_vec(), &mut out, &mut Scratch::default())?;
        Ok(out)
    }
}

fn encoded(block: &Block) -> (Vec<u8>, Vec<u8>) {
    let BlockShape { columns, rows } = block.shape;
    let raw = picture(columns as usize, rows as usize, block.pixels.samples as usize);
    let stream = block.encode(&raw).unwrap();
    (raw, stream)
}

fn decoded(block: &Block, data: &[u8]) -> Result<Vec<u8>> {
    let mut out = vec![0; block.pixels.block_bytes(block.shape)];
    let decoder = block.params.decoder(&block.pixels);
    decoder.decode(block.shape, data, &mut out, &mut Scratch::default()).map(|()| out)
}

fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    let differences = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = differences.clone().map(u64::from).sum();
    (differences.max().unwrap_or(0), sum as f64 / a.len() as f64)
}

#[test]
fn samples_without_transform_come_back_within_the_quantiser() {
    for (bands, color) in
        [(1, ColorModel::Independent), (2, ColorModel::Independent), (3, ColorModel::Rgb), (4, ColorModel::Cmyk)]
    {
        for (columns, rows) in [(1, 1), (8, 8), (67, 45), (200, 33)] {
            let block = block(columns, rows, bands, color, 100);
            let (raw, stream) = encoded(&block);
            let (largest, _) = difference(&raw, &decoded(&block, &stream).unwrap());
            // Every step is one, so each of 64 coefficients is off by at most a half; the errors add up to a few levels.
            assert!(largest <= 3, "{bands} bands of {columns} × {rows}: {largest}");
        }
    }
}

#[test]
fn colour_comes_back_at_every_subsampling() {
    for (horizontal, vertical) in SUBSAMPLINGS {
        for (columns, rows) in [(1, 1), (3, 5), (16, 16), (67, 45), (200, 33)] {
            let block = block(columns, rows, 3, ColorModel::YCbCr { horizontal, vertical }, 95);
            let (raw, stream) = encoded(&block);
            let (_, mean) = difference(&raw, &decoded(&block, &stream).unwrap());
            // At full resolution only the quantiser causes errors; halved chrominance also blurs the waves of 18 pixels.
            let bound = if (horizontal, vertical) == (1, 1) { 2.0 } else { 6.0 };
            assert!(mean <= bound, "{horizontal} × {vertical} of {columns} × {rows}: {mean}");
        }
    }
}

#[test]
fn quality_trades_size_for_likeness() {
    let mut last = (0, f64::INFINITY);
    for quality in [5, 30, 60, 90, 100] {
        let block = block(128, 128, 3, ColorModel::YCbCr { horizontal: 1, vertical: 1 }, quality);
        let (raw, stream) = encoded(&block);
        let (_, mean) = difference(&raw, &decoded(&block, &stream).unwrap());
        assert!(stream.len() > last.0 && mean < last.1, "quality {quality}: {} bytes, {mean}", stream.len());
        last = (stream.len(), mean);
    }
}

/// Splits a stream into its tables, as an abbreviated stream, and the rest.
fn abbreviated(stream: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let frame = stream.windows(2).position(|two| two == [0xFF, SOF0]).unwrap();
    let tables = [&stream[..frame], &[0xFF, EOI]].concat();
    (tables, [&stream[..2], &stream[frame..]].concat())
}

#[test]
fn tables_are_shared_by_abbreviated_streams() {
    let mut block = block(40, 30, 3, ColorModel::YCbCr { horizontal: 2, vertical: 2 }, 80);
    let (_, complete) = encoded(&block);
    let whole = decoded(&block, &complete).unwrap();
    let (tables, rest) = abbreviated(&complete);
    assert!(matches!(decoded(&block, &rest), Err(Error::Malformed(_))));
    block.params.tables = Some(tables.into());
    assert_eq!(decoded(&block, &rest).unwrap(), whole);
}

#[test]
fn restart_markers_change_nothing_but_the_bytes() {
    let encoder = Encoder::new(3, ColorModel::YCbCr { horizontal: 2, vertical: 2 }, 85).unwrap();
    let block = block(100, 100, 3, ColorModel::YCbCr { horizontal: 2, vertical: 2 }, 85);
    let (raw, plain) = encoded(&block);
    let mut stream = Vec::new();
    encoder.write_start(100, 100, &[], true, &mut stream);
    for (first, rows) in [(0, 48), (48, 48), (96, 4)] {
        let part = &raw[first * 300..][..rows * 300];
        let restarts = Restarts { first_row: first / 16, last: first == 96 };
        encoder.encode_rows(Rows::Interleaved(part), 100, rows, Some(restarts), &mut stream);
    }
    stream.extend_from_slice(&[0xFF, EOI]);
    assert_eq!(stream.windows(2).filter(|two| two[0] == 0xFF && (0xD0..=0xD7).contains(&two[1])).count(), 6);
    assert_eq!(decoded(&block, &stream).unwrap(), decoded(&block, &plain).unwrap());
}

#[test]
fn planes_and_pixels_give_the_same_stream() {
    for (bands, color) in [(3, ColorModel::YCbCr { horizontal: 2, vertical: 2 }), (4, ColorModel::Cmyk)] {
        let encoder = Encoder::new(bands, color, 75).unwrap();
        let bands = bands as usize;
        let together = picture(53, 37, bands);
        let apart: Vec<u8> = (0..bands).flat_map(|band| together.iter().skip(band).step_by(bands).copied()).collect();
        let (mut from_pixels, mut from_planes) = (Vec::new(), Vec::new());
        encoder.encode_rows(Rows::Interleaved(&together), 53, 37, None, &mut from_pixels);
        encoder.encode_rows(Rows::Planar(&apart), 53, 37, None, &mut from_planes);
        assert_eq!(from_pixels, from_planes);
    }
}

#[test]
fn stored_luminance_and_chrominance_are_not_touched_if_bands_are_independent() {
    let grey = block(16, 16, 3, ColorModel::YCbCr { horizontal: 1, vertical: 1 }, 100);
    let stream = grey.encode(&[200; 16 * 16 * 3]).unwrap();
    assert!(decoded(&grey, &stream).unwrap().iter().all(|sample| *sample == 200));
    for color in [ColorModel::Independent, ColorModel::Rgb] {
        let stored = decoded(&block(16, 16, 3, color, 100), &stream).unwrap();
        assert!(stored.as_chunks::<3>().0.iter().all(|pixel| *pixel == [200, 128, 128]), "{color:?}");
    }
}

#[test]
fn adobe_ycck_becomes_inks() {
    let block = block(8, 8, 4, ColorModel::Cmyk, 100);
    // Pure red: Y 76, Cb 85, Cr 255.
    let raw: Vec<u8> = [76, 85, 255, 40].repeat(64);
    let stream = block.encode(&raw).unwrap();
    let plain = decoded(&block, &stream).unwrap();
    assert_eq!(plain, raw);
    let mut adobe = stream[..2].to_vec();
    segments::write_segment(APP14, &[b"Adobe\0\x64\0\0\0\0\x02"], &mut adobe);
    adobe.extend_from_slice(&stream[2..]);
    let inks = decoded(&block, &adobe).unwrap();
    assert!(inks.as_chunks::<4>().0.iter().all(|pixel| difference(pixel, &[1, 255, 255, 40]).0 <= 1));
}

#[test]
fn a_stream_may_be_larger_than_its_block_and_not_smaller() {
    let whole = block(48, 64, 1, ColorModel::Independent, 90);
    let (_, stream) = encoded(&whole);
    let all = decoded(&whole, &stream).unwrap();
    let part = decoded(&block(40, 10, 1, ColorModel::Independent, 90), &stream).unwrap();
    assert!(part.chunks_exact(40).zip(all.chunks_exact(48)).all(|(part, all)| part == &all[..40]));
    let message = decoded(&block(48, 65, 1, ColorModel::Independent, 90), &stream).unwrap_err().to_string();
    assert_eq!(message, "malformed JPEG image size: got 48 × 64, expected 48 × 65");
    assert!(decoded(&block(48, 64, 3, ColorModel::Rgb, 90), &stream).is_err());
    let wide = Block::of(48, 64, 1, SampleType::UInt16);
    assert!(decoded(&wide, &stream).is_err() && wide.encode(&vec![0; 6144]).is_err());
}

#[test]
fn a_frame_of_absurd_size_is_refused_before_it_is_decoded() {
    let block = block(16, 16, 1, ColorModel::Independent, 90);
    let (_, mut stream) = encoded(&block);
    let frame = stream.windows(2).position(|two| two == [0xFF, SOF0]).unwrap();
    stream[frame + 5..frame + 9].fill(0xFF);
    assert!(decoded(&block, &stream).unwrap_err().to_string().contains("65535 × 65535"));
}

#[test]
fn what_is_not_implemented_is_named() {
    let block = block(16, 16, 1, ColorModel::Independent, 90);
    let (_, stream) = encoded(&block);
    let frame = stream.windows(2).position(|two| two == [0xFF, SOF0]).unwrap();
    let message = |place: usize, value: u8| {
        let mut changed = stream.clone();
        changed[frame + place] = value;
        decoded(&block, &changed).unwrap_err().to_string()
    };
    assert_eq!(message(1, SOF0 + 9), format!("unsupported JPEG process SOF9: arithmetic coding at byte {frame}"));
    assert_eq!(message(1, SOF0 + 5), format!("unsupported JPEG process SOF5: hierarchical at byte {frame}"));
    assert!(message(4, 12).starts_with("unsupported JPEG sample precision: got 12"));
    assert!(message(9, 5).starts_with("unsupported number of JPEG components: got 5"));
}

/// A lossless stream with predictor 1 (the sample to the left) and a code of five bits for every size of difference.
fn lossless(columns: u16, rows: u16, precision: u8, samples: &[u16]) -> Vec<u8> {
    let mut out = vec![0xFF, SOI];
    let mut counts = [0; 16];
    counts[4] = 17;
    segments::write_segment(markers::DHT, &[&[0], &counts, &(0..17).collect::<Vec<u8>>()], &mut out);
    let ([r0, r1], [c0, c1]) = (rows.to_be_bytes(), columns.to_be_bytes());
    segments::write_segment(SOF0 + 3, &[&[precision, r0, r1, c0, c1, 1, 1, 0x11, 0]], &mut out);
    segments::write_segment(markers::SOS, &[&[1, 1, 0, 1, 0, 0]], &mut out);
    let mut bits = String::new();
    for (i, sample) in samples.iter().enumerate() {
        let width = usize::from(columns);
        let prediction = match (i % width, i / width) {
            (0, 0) => 1 << (precision - 1),
            (0, _) => samples[i - width],
            _ => samples[i - 1],
        };
        let difference = sample.wrapping_sub(prediction).cast_signed();
        let size = 16 - difference.unsigned_abs().leading_zeros() as usize;
        bits.extend([format!("{size:05b}")]);
        // A difference of 2¹⁵ needs no further bits.
        if (1..16).contains(&size) {
            let value = (i32::from(difference) - i32::from(difference < 0)) & ((1 << size) - 1);
            bits.extend([format!("{value:0size$b}")]);
        }
    }
    bits.push_str(&"1".repeat(bits.len().next_multiple_of(8) - bits.len()));
    for byte in bits.as_bytes().chunks(8).map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap())
    {
        out.push(byte);
        if byte == 0xFF {
            out.push(0);
        }
    }
    out.extend_from_slice(&[0xFF, EOI]);
    out
}

#[test]
fn the_lossless_process_is_exact_up_to_16_bits() {
    for (precision, sample) in [(8, SampleType::UInt8), (12, SampleType::UInt16), (16, SampleType::UInt16)] {
        let mask = u16::MAX >> (16 - precision);
        let samples: Vec<u16> = (0..19 * 11u32).map(|i| (i * i * 977) as u16 & mask).collect();
        let block = Block::of(19, 11, 1, sample);
        let found = decoded(&block, &lossless(19, 11, precision, &samples)).unwrap();
        let expected: Vec<u8> = match sample {
            SampleType::UInt8 => samples.iter().map(|value| *value as u8).collect(),
            _ => samples.iter().flat_map(|value| value.to_ne_bytes()).collect(),
        };
        assert_eq!(found, expected, "{precision} bits");
    }
}

/// Blocks of one to four components, and their streams.
fn streams() -> Vec<(Block, Vec<u8>)> {
    let color = ColorModel::YCbCr { horizontal: 2, vertical: 2 };
    let grey = block(40, 33, 1, ColorModel::Independent, 75);
    let blocks = [grey, block(24, 24, 3, color, 60), block(40, 33, 2, ColorModel::Independent, 75)];
    let inks = block(16, 9, 4, ColorModel::Cmyk, 60);
    blocks.into_iter().chain([inks]).map(|block| (block.clone(), encoded(&block).1)).collect()
}

#[test]
fn every_truncation_is_an_error_even_before_an_end_marker() {
    for (block, stream) in streams() {
        let data = stream.len() - 2;
        for length in 0..data {
            assert!(decoded(&block, &stream[..length]).is_err(), "{length} of {} bytes", stream.len());
            let ended = [&stream[..length], &[0xFF, EOI]].concat();
            assert!(decoded(&block, &ended).is_err(), "{length} of {} bytes, ended", stream.len());
        }
        let whole = decoded(&block, &stream).unwrap();
        for length in data..stream.len() {
            assert_eq!(decoded(&block, &stream[..length]).unwrap(), whole, "only the end marker is missing");
        }
    }
}

#[test]
fn a_frame_higher_than_its_data_is_an_error() {
    for (block, stream) in streams() {
        let frame = stream.windows(2).position(|two| two == [0xFF, SOF0]).unwrap();
        let mut higher = stream.clone();
        higher[frame + 5..frame + 7].copy_from_slice(&200u16.to_be_bytes());
        let block = Block { shape: BlockShape { rows: 200, ..block.shape }, ..block };
        assert!(decoded(&block, &higher).is_err(), "{} bands", block.pixels.samples);
    }
}

#[test]
fn the_rows_of_a_cut_stream_are_those_of_the_whole_one() {
    for (block, stream) in streams() {
        let whole = decoded(&block, &stream).unwrap();
        let decoder = block.params.decoder(&block.pixels);
        let mut before = 0;
        for length in (0..stream.len() - 2).step_by(5) {
            let mut out = vec![7; whole.len()];
            let rows = decoder.decode_rows(block.shape, &stream[..length], &mut out, &mut Scratch::default());
            assert!((before..=block.shape.rows).contains(&rows), "{rows} rows in {length} bytes");
            before = rows;
            // Chrominance is interpolated between rows, so the last ones may differ if more rows follow.
            let same = rows.saturating_sub(if block.pixels.samples == 3 { 2 } else { 0 }) as usize;
            let bytes = same * block.pixels.row_bytes(block.shape.columns);
            assert!(out[..bytes] == whole[..bytes], "{rows} rows in {length} bytes");
        }
        assert!(before > 0);
    }
}

#[test]
fn a_stream_without_huffman_tables_has_those_of_the_standard() {
    for (block, stream) in streams() {
        let (mut plain, mut at) = (stream[..2].to_vec(), 2);
        while let Some(segment) = segments::next_segment(&stream, at).unwrap() {
            if segment.marker != markers::DHT {
                plain.extend_from_slice(&stream[segment.offset..segment.end]);
            }
            at = segment.end;
            if segment.marker == markers::SOS {
                break;
            }
        }
        plain.extend_from_slice(&stream[at..]);
        assert!(plain.len() < stream.len());
        assert_eq!(decoded(&block, &plain).unwrap(), decoded(&block, &stream).unwrap());
    }
}

#[test]
fn no_mutation_makes_a_decoder_panic() {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    let color = |(horizontal, vertical)| ColorModel::YCbCr { horizontal, vertical };
    let mut streams: Vec<(Block, Vec<u8>)> = SUBSAMPLINGS
        .iter()
        .flat_map(|factors| [(20, 20), (70, 50)].map(|(columns, rows)| block(columns, rows, 3, color(*factors), 50)))
        .chain([block(60, 50, 1, ColorModel::Independent, 50), block(40, 40, 4, ColorModel::Cmyk, 50)])
        .map(|block| (block.clone(), encoded(&block).1))
        .collect();
    let samples: Vec<u16> = (0..64).map(|i| i * 991).collect();
    streams.push((Block::of(8, 8, 1, SampleType::UInt16), lossless(8, 8, 16, &samples)));
    for _ in 0..6000 {
        let (block, stream) = &streams[random() % streams.len()];
        let mut changed = stream.clone();
        for _ in 0..=random() % 4 {
            let place = random() % changed.len();
            changed[place] = if random() % 3 == 0 { 0xFF } else { random() as u8 };
        }
        // An error or an image of any content.
        let _ = decoded(block, &changed);
    }
}
