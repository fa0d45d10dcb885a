//! Every codec of the registry that has an encoder and loses nothing, with every kind of block.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A block and its samples, from numbers that are easy to shrink.
#[derive(Debug, Clone)]
struct Block {
    spec: BlockSpec,
    raw: Vec<u8>,
}

fn predictors(sample: SampleType) -> Vec<Predictor> {
    match sample {
        _ if sample.is_integer() => vec![Predictor::None, Predictor::Horizontal],
        _ if sample.is_float() => vec![Predictor::None, Predictor::FloatingPoint],
        _ => vec![Predictor::None],
    }
}

fn any_block() -> impl Strategy<Value = Block> {
    let sample = prop::sample::select(SampleType::ALL.to_vec());
    let size = (1..60u32, 1..5u32, 1..6u32);
    (sample, size, any::<[bool; 3]>(), 1..=32u32, vec(any::<u8>(), 1..200)).prop_map(
        |(sample, (columns, rows, samples), [big, predicted, packed], bits, seed)| {
            let mut spec = BlockSpec::new(columns, rows, samples, sample);
            spec.byte_order = if big { ByteOrder::Big } else { ByteOrder::Little };
            if packed && sample.is_integer() && bits < sample.bits() {
                spec.bits = bits;
            } else if predicted {
                spec.predictor = *predictors(sample).last().unwrap();
            }
            let raw = seed.into_iter().cycle().take(spec.block_bytes()).collect();
            Block { raw: fitting(&spec, raw), spec }
        },
    )
}

/// The samples with as many low bits kept as are stored.
fn fitting(spec: &BlockSpec, mut raw: Vec<u8>) -> Vec<u8> {
    let size = spec.sample.bytes();
    if spec.bits < spec.sample.bits() {
        for sample in raw.chunks_exact_mut(size) {
            let mut wide = [0; 8];
            wide[..size].copy_from_slice(sample);
            let unused = 64 - spec.bits;
            let value = u64::from_le_bytes(wide) << unused;
            let value = if spec.sample.is_signed_integer() { (value as i64 >> unused) as u64 } else { value >> unused };
            sample.copy_from_slice(&value.to_le_bytes()[..size]);
            if cfg!(target_endian = "big") {
                sample.reverse();
            }
        }
    }
    raw
}

fn lossless() -> impl Iterator<Item = (&'static Codec, &'static dyn BlockEncoder)> {
    CODECS.iter().filter(|codec| codec.lossless).filter_map(|codec| Some((codec, codec.encoder?)))
}

fn encoded(encoder: &dyn BlockEncoder, block: &Block, scratch: &mut Scratch) -> Result<Vec<u8>> {
    let mut stored = b"before".to_vec();
    encoder.encode(&block.spec, &mut block.raw.clone(), &mut stored, scratch)?;
    assert_eq!(&stored[..6], b"before");
    Ok(stored.split_off(6))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_lossless_codec_gives_back_every_block(block in any_block()) {
        let mut scratch = Scratch::default();
        for (codec, encoder) in lossless() {
            // A codec may be made for some kinds of samples only, and then says so.
            match encoded(encoder, &block, &mut scratch) {
                Ok(mut stored) => {
                    for surplus in [0, 3] {
                        stored.extend(vec![0; surplus]);
                        let mut out = vec![0xA5; block.raw.len()];
                        codec.decoder.decode(&block.spec, &stored, &mut out, &mut scratch).unwrap();
                        prop_assert_eq!(&out, &block.raw, "{}", codec.name);
                    }
                }
                Err(error) => prop_assert!(!codec.predicts && matches!(error, crate::Error::Unsupported(_)), "{error}"),
            }
        }
    }

    #[test]
    fn a_stream_of_more_rows_fills_a_block_of_fewer(block in any_block(), rows in 1..5u32) {
        let mut scratch = Scratch::default();
        for (codec, encoder) in lossless().filter(|(codec, _)| codec.predicts) {
            let stored = encoded(encoder, &block, &mut scratch).unwrap();
            let spec = BlockSpec { rows: rows.min(block.spec.rows), ..block.spec.clone() };
            let mut out = vec![0; spec.block_bytes()];
            codec.decoder.decode(&spec, &stored, &mut out, &mut scratch).unwrap();
            prop_assert_eq!(&out[..], &block.raw[..out.len()], "{}", codec.name);
        }
    }

    #[test]
    fn a_stream_of_fewer_rows_is_an_error(block in any_block()) {
        let mut scratch = Scratch::default();
        for (codec, encoder) in lossless().filter(|(codec, _)| codec.predicts) {
            let stored = encoded(encoder, &block, &mut scratch).unwrap();
            let spec = BlockSpec { rows: block.spec.rows + 1, ..block.spec.clone() };
            let error = codec.decoder.decode(&spec, &stored, &mut vec![0; spec.block_bytes()], &mut scratch).unwrap_err();
            prop_assert!(matches!(error, crate::Error::Malformed(_)), "{}: {error}", codec.name);
        }
    }

    #[test]
    fn garbage_is_an_error_or_pixels(block in any_block(), garbage in vec(any::<u8>(), 0..300)) {
        let mut scratch = Scratch::default();
        for codec in CODECS {
            let mut out = vec![0; block.raw.len()];
            // Either result is right, as long as it is a result.
            if let Err(error) = codec.decoder.decode(&block.spec, &garbage, &mut out, &mut scratch) {
                prop_assert!(matches!(error, crate::Error::Malformed(_) | crate::Error::Unsupported(_)), "{error}");
            }
        }
    }
}

#[test]
fn every_truncation_is_an_error_or_the_block() {
    let mut scratch = Scratch::default();
    for predictor in [Predictor::None, Predictor::Horizontal] {
        let spec = BlockSpec { predictor, ..BlockSpec::new(37, 9, 3, SampleType::UInt8) };
        let raw: Vec<u8> = (0..spec.block_bytes()).map(|i| (i * i / 700) as u8 ^ (i % 5) as u8).collect();
        let block = Block { spec, raw };
        for (codec, encoder) in lossless() {
            let Ok(stored) = encoded(encoder, &block, &mut scratch) else { continue };
            for length in 0..stored.len() {
                let mut out = vec![0; block.raw.len()];
                match codec.decoder.decode(&block.spec, &stored[..length], &mut out, &mut scratch) {
                    Ok(()) => assert_eq!(out, block.raw, "{} {length}", codec.name),
                    Err(error) => {
                        assert!(matches!(error, crate::Error::Malformed(_)), "{} {length}: {error}", codec.name);
                    }
                }
            }
        }
    }
}

#[test]
fn a_buffer_of_another_size_is_refused() {
    let spec = BlockSpec::new(4, 4, 1, SampleType::UInt16);
    for (codec, encoder) in lossless().filter(|(codec, _)| codec.predicts) {
        let error = encoder.encode(&spec, &mut [0; 31], &mut Vec::new(), &mut Scratch::default()).unwrap_err();
        assert_eq!(error.to_string(), "buffer of a block: 31 bytes (allowed: 32 bytes)", "{}", codec.name);
    }
}

#[test]
fn names_are_unique_and_found() {
    for codec in CODECS {
        assert!(std::ptr::eq(by_name(codec.name).unwrap(), codec), "{}", codec.name);
    }
    assert!(by_name("arithmetic").is_none());
}
