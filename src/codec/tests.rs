//! Round trips of every kind of block through every lossless codec of the registry that encodes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::image::SampleType;
use crate::io::ByteOrder;

/// A block and its samples, generated from numbers that shrink easily.
#[derive(Debug, Clone)]
struct Block {
    shape: BlockShape,
    pixels: PixelCoding,
    raw: Vec<u8>,
}

fn any_block() -> impl Strategy<Value = Block> {
    let sample = prop::sample::select(SampleType::ALL.to_vec());
    let size = (1..60u32, 1..5u32, 1..6u32);
    (sample, size, any::<[bool; 2]>(), 1..=32u32, vec(any::<u8>(), 1..200)).prop_map(
        |(sample, (columns, rows, samples), [big, packed], bits, seed)| {
            let mut pixels = PixelCoding::new(samples, sample);
            pixels.byte_order = if big { ByteOrder::Big } else { ByteOrder::Little };
            if packed && sample.is_integer() && bits < sample.bits() {
                pixels.bits = bits;
            }
            let shape = BlockShape::new(columns, rows);
            let raw = seed.into_iter().cycle().take(pixels.block_bytes(shape)).collect();
            Block { raw: fitting(&pixels, raw), pixels, shape }
        },
    )
}

/// The samples reduced to their stored low bits.
fn fitting(pixels: &PixelCoding, mut raw: Vec<u8>) -> Vec<u8> {
    let size = pixels.sample.bytes();
    if pixels.bits < pixels.sample.bits() {
        for sample in raw.chunks_exact_mut(size) {
            let mut wide = [0; 8];
            wide[..size].copy_from_slice(sample);
            let unused = 64 - pixels.bits;
            let value = u64::from_le_bytes(wide) << unused;
            let signed = pixels.sample.is_signed_integer();
            let value = if signed { (value as i64 >> unused) as u64 } else { value >> unused };
            sample.copy_from_slice(&value.to_le_bytes()[..size]);
            if cfg!(target_endian = "big") {
                sample.reverse();
            }
        }
    }
    raw
}

/// Every lossless coding of these pixels that can be written.
fn lossless(pixels: &PixelCoding) -> impl Iterator<Item = (Coding, Box<dyn BlockEncoder>)> {
    let params = CODECS.iter().filter(|codec| codec.lossless).flat_map(|codec| (codec.params)(pixels));
    params.filter_map(|params| {
        let coding = Coding { pixels: *pixels, params };
        let encoder = coding.encoder().ok()?;
        Some((coding, encoder))
    })
}

/// The same for codecs with a predictor, which accept every kind of pixels.
fn general(pixels: &PixelCoding) -> impl Iterator<Item = (Coding, Box<dyn BlockEncoder>)> {
    lossless(pixels).filter(|(coding, _)| coding.params.codec().predicts)
}

fn encoded(encoder: &dyn BlockEncoder, block: &Block, scratch: &mut Scratch) -> Result<Vec<u8>> {
    let mut stored = b"before".to_vec();
    encoder.encode(block.shape, &mut block.raw.clone(), &mut stored, scratch)?;
    assert_eq!(&stored[..6], b"before");
    Ok(stored.split_off(6))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_lossless_codec_gives_back_every_block(block in any_block()) {
        let mut scratch = Scratch::default();
        for (coding, encoder) in lossless(&block.pixels) {
            // Some codecs support only some sample types, and report the others.
            match encoded(&*encoder, &block, &mut scratch) {
                Ok(mut stored) => {
                    for surplus in [0, 3] {
                        stored.extend(vec![0; surplus]);
                        let mut out = vec![0xA5; block.raw.len()];
                        coding.decoder().decode(block.shape, &stored, &mut out, &mut scratch).unwrap();
                        prop_assert_eq!(&out, &block.raw, "{:?}", coding);
                    }
                }
                Err(error) => {
                    let refused = !coding.params.codec().predicts && matches!(error, crate::Error::Unsupported(_));
                    prop_assert!(refused, "{error}");
                }
            }
        }
    }

    #[test]
    fn a_stream_of_more_rows_fills_a_block_of_fewer(block in any_block(), rows in 1..5u32) {
        let mut scratch = Scratch::default();
        for (coding, encoder) in general(&block.pixels) {
            let stored = encoded(&*encoder, &block, &mut scratch).unwrap();
            let shape = BlockShape { rows: rows.min(block.shape.rows), ..block.shape };
            let mut out = vec![0; coding.pixels.block_bytes(shape)];
            coding.decoder().decode(shape, &stored, &mut out, &mut scratch).unwrap();
            prop_assert_eq!(&out[..], &block.raw[..out.len()], "{:?}", coding);
        }
    }

    #[test]
    fn a_stream_of_fewer_rows_is_an_error(block in any_block()) {
        let mut scratch = Scratch::default();
        for (coding, encoder) in general(&block.pixels) {
            let stored = encoded(&*encoder, &block, &mut scratch).unwrap();
            let shape = BlockShape { rows: block.shape.rows + 1, ..block.shape };
            let mut out = vec![0; coding.pixels.block_bytes(shape)];
            let error = coding.decoder().decode(shape, &stored, &mut out, &mut scratch).unwrap_err();
            prop_assert!(matches!(error, crate::Error::Malformed(_)), "{:?}: {error}", coding);
        }
    }

    #[test]
    fn garbage_is_an_error_or_pixels(block in any_block(), garbage in vec(any::<u8>(), 0..300)) {
        let mut scratch = Scratch::default();
        for params in CODECS.iter().flat_map(|codec| (codec.params)(&block.pixels)) {
            let mut out = vec![0; block.raw.len()];
            // Either result is right; a panic is not.
            if let Err(error) = params.decoder(&block.pixels).decode(block.shape, &garbage, &mut out, &mut scratch) {
                prop_assert!(matches!(error, crate::Error::Malformed(_) | crate::Error::Unsupported(_)), "{error}");
            }
        }
    }
}

#[test]
fn every_truncation_is_an_error_or_the_block() {
    let mut scratch = Scratch::default();
    let (shape, pixels) = (BlockShape::new(37, 9), PixelCoding::new(3, SampleType::UInt8));
    let raw: Vec<u8> = (0..pixels.block_bytes(shape)).map(|i| (i * i / 700) as u8 ^ (i % 5) as u8).collect();
    let block = Block { shape, pixels, raw };
    for (coding, encoder) in lossless(&pixels) {
        let stored = encoded(&*encoder, &block, &mut scratch).unwrap();
        for length in 0..stored.len() {
            let mut out = vec![0; block.raw.len()];
            match coding.decoder().decode(shape, &stored[..length], &mut out, &mut scratch) {
                Ok(()) => assert_eq!(out, block.raw, "{coding:?} {length}"),
                Err(error) => assert!(matches!(error, crate::Error::Malformed(_)), "{coding:?} {length}: {error}"),
            }
        }
    }
}

#[test]
fn a_buffer_of_another_size_is_refused() {
    let shape = BlockShape::new(4, 4);
    for (coding, encoder) in general(&PixelCoding::new(1, SampleType::UInt16)) {
        let error = encoder.encode(shape, &mut [0; 31], &mut Vec::new(), &mut Scratch::default()).unwrap_err();
        assert_eq!(error.to_string(), "buffer of a block: got 31 bytes, expected 32 bytes", "{coding:?}");
    }
}

#[test]
fn names_are_unique() {
    let names: std::collections::BTreeSet<_> = CODECS.iter().map(|codec| codec.name).collect();
    assert_eq!(names.len(), CODECS.len());
}
