use super::*;
use markers::{APP14, EOI, SOF0};

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
pub(super) struct Block {
    shape: BlockShape,
    pixels: PixelCoding,
    params: Params,
}

fn block(columns: u32, rows: u32, samples: u32, color: ColorModel, quality: u8) -> Block {
    let params = Params { color, quality: Some(quality), tables: None };
    Block { params, ..Block::of(columns, rows, samples, SampleType::UInt8) }
}

impl Block {
    pub(super) fn of(columns: u32, rows: u32, samples: u32, sample: SampleType) -> Self {
        let (shape, pixels) = (BlockShape::new(columns, rows), PixelCoding::new(samples, sample));
        Self { shape, pixels, params: Params::default() }
    }

    /// The number of rows that are decoded from damaged data.
    pub(super) fn rows_of(&self, data: &[u8], out: &mut [u8]) -> u32 {
        self.params.decoder(&self.pixels).decode_rows(self.shape, data, out, &mut Scratch::default())
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

pub(super) fn decoded(block: &Block, data: &[u8]) -> Result<Vec<u8>> {
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
    assert!(message(4, 12).starts_with("unsupported JPEG sample precision: got 12, expected 8"));
    assert!(message(9, 5).starts_with("unsupported number of JPEG components: got 5"));
}

/// A stream of 12 bits with the coefficients of a stream of 8.
fn of_12_bits(stream: &[u8]) -> Vec<u8> {
    let frame = stream.windows(2).position(|two| two == [0xFF, SOF0]).unwrap();
    let mut wide = stream.to_vec();
    (wide[frame + 1], wide[frame + 4]) = (SOF0 + 1, 12);
    wide
}

#[test]
fn samples_of_12_bits_have_the_waves_of_those_of_8() {
    let subsampled = ColorModel::YCbCr { horizontal: 2, vertical: 1 };
    for (color, bands) in [(ColorModel::Independent, 1), (ColorModel::Independent, 2), (subsampled, 3)] {
        let block = block(41, 35, bands, color, 90);
        let (_, stream) = encoded(&block);
        // Components, not red, green and blue, whose chrominance other decoders interpolate.
        let plain = if bands == 3 { ColorModel::Rgb } else { color };
        let narrow = decoded(&Block { params: Params { color: plain, ..Params::default() }, ..block.clone() }, &stream);
        let mut wide = Block::of(41, 35, bands, SampleType::UInt16);
        wide.params.color = plain;
        let found = decoded(&wide, &of_12_bits(&stream)).unwrap();
        let found = found.as_chunks::<2>().0.iter().map(|sample| i32::from(u16::from_ne_bytes(*sample)) - 2048);
        for (place, (wide, narrow)) in found.zip(narrow.unwrap()).enumerate() {
            let is_luminance = place % bands as usize == 0;
            let narrow = i32::from(narrow) - 128;
            assert!((wide.clamp(-128, 127) - narrow).abs() <= if bands == 3 && !is_luminance { 20 } else { 1 });
        }
    }
}

#[test]
fn luminance_and_chrominance_of_12_bits_become_colour() {
    let red = block(16, 16, 3, ColorModel::YCbCr { horizontal: 1, vertical: 1 }, 100);
    let stream = red.encode(&[255, 0, 0].repeat(256)).unwrap();
    let mut wide = Block::of(16, 16, 3, SampleType::UInt16);
    wide.params.color = ColorModel::YCbCr { horizontal: 1, vertical: 1 };
    let found = decoded(&wide, &of_12_bits(&stream)).unwrap();
    // Y 76, Cb 85, Cr 255, with 2048 in place of 128.
    let pixel: Vec<u16> = found[..6].as_chunks::<2>().0.iter().map(|sample| u16::from_ne_bytes(*sample)).collect();
    let expected = [2048 - 52 + 178, 2048 - 52 - 76, 2048 - 52 - 76];
    assert!(pixel.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 3), "{pixel:?}");
}

/// Blocks of one to four components, and their streams.
fn streams() -> Vec<(Block, Vec<u8>)> {
    let color = ColorModel::YCbCr { horizontal: 2, vertical: 2 };
    let grey = block(40, 33, 1, ColorModel::Independent, 75);
    let blocks = [grey, block(24, 24, 3, color, 60), block(40, 33, 2, ColorModel::Independent, 75)];
    let inks = block(16, 9, 4, ColorModel::Cmyk, 60);
    let mut all: Vec<_> = blocks.into_iter().chain([inks]).map(|block| (block.clone(), encoded(&block).1)).collect();
    all.push((Block::of(40, 33, 1, SampleType::UInt16), of_12_bits(&all[0].1)));
    all
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
        let frame = stream.windows(2).position(|two| matches!(two, [0xFF, SOF0 | 0xC1])).unwrap();
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
        let mut before = 0;
        for length in (0..stream.len() - 2).step_by(5) {
            let mut out = vec![7; whole.len()];
            let rows = block.rows_of(&stream[..length], &mut out);
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
    for (block, stream) in streams().into_iter().filter(|(block, _)| block.pixels.sample == SampleType::UInt8) {
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
    streams.push((Block::of(60, 50, 1, SampleType::UInt16), of_12_bits(&streams[streams.len() - 2].1)));
    streams.push(super::lossless::tests::any_stream());
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
