//! Round trips of LERC, and what it refuses.

use super::*;

fn round_trip(params: Params, pixels: PixelCoding, shape: BlockShape, raw: &[u8]) -> Result<Vec<u8>> {
    let (mut stored, mut scratch) = (Vec::new(), Scratch::default());
    params.encoder(&pixels)?.encode(shape, &mut raw.to_vec(), &mut stored, &mut scratch)?;
    let mut out = vec![0xA5; raw.len()];
    params.decoder(&pixels).decode(shape, &stored, &mut out, &mut scratch)?;
    // The last byte of a further compression is not needed.
    let last = if params.further == Further::None { stored.len() - 1 } else { 0 };
    for length in [0, 10, stored.len() / 2, last] {
        let mut part = vec![0; raw.len()];
        let error = params.decoder(&pixels).decode(shape, &stored[..length], &mut part, &mut scratch).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{length}: {error}");
    }
    Ok(out)
}

#[test]
fn every_type_is_lossless_with_every_further_compression() {
    let shape = BlockShape::new(37, 19);
    for sample in SampleType::ALL {
        for samples in [1, 3] {
            let pixels = PixelCoding::new(samples, sample);
            let count = pixels.block_bytes(shape) / sample.bytes();
            let bytes = |i: usize| {
                let mut bytes = vec![0; sample.bytes()];
                sample.write_value(((i * i / 50) % 120) as f64, &mut bytes);
                bytes
            };
            let raw: Vec<u8> = (0..count).flat_map(bytes).collect();
            for further in [Further::None, Further::Deflate, Further::Zstd] {
                let found = round_trip(Params { further, max_error: 0.0 }, pixels, shape, &raw);
                match data_type(&pixels) {
                    Ok(_) => assert!(found.unwrap() == raw, "{sample} {samples} {further:?}"),
                    Err(_) => assert!(matches!(found, Err(Error::Unsupported(_)))),
                }
            }
        }
    }
}

#[test]
fn an_error_is_kept() {
    let (shape, pixels) = (BlockShape::new(64, 64), PixelCoding::new(1, SampleType::Float32));
    let values: Vec<f32> = (0..4096u16).map(|i| (f32::from(i) / 37.0).sin() * 100.0).collect();
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    let found = round_trip(Params { max_error: 0.25, ..Params::default() }, pixels, shape, &raw).unwrap();
    let differences =
        found.as_chunks().0.iter().zip(&values).map(|(bytes, value)| (f32::from_ne_bytes(*bytes) - value).abs());
    let largest = differences.fold(0.0, f32::max);
    assert!(largest > 0.0 && largest <= 0.25, "{largest}");
}

#[test]
fn pixels_of_nan_come_back_and_half_of_one_is_refused() {
    let shape = BlockShape::new(16, 2);
    let raw = |samples: usize, gaps: &[usize]| -> Vec<u8> {
        let value = |i: usize| if gaps.contains(&i) { f32::NAN } else { i as f32 };
        (0..32 * samples).flat_map(|i| value(i).to_ne_bytes()).collect()
    };
    let pixels = |samples| PixelCoding::new(samples, SampleType::Float32);
    let same = |samples: u32, gaps: &[usize]| {
        let raw = raw(samples as usize, gaps);
        let found = round_trip(Params::default(), pixels(samples), shape, &raw)?;
        let values =
            |bytes: &[u8]| -> Vec<f32> { bytes.as_chunks().0.iter().map(|b| f32::from_ne_bytes(*b)).collect() };
        let mut pairs = values(&raw).into_iter().zip(values(&found));
        Ok::<_, Error>(pairs.all(|(one, two)| one == two || (one.is_nan() && two.is_nan())))
    };
    assert!(same(1, &[3, 17]).unwrap() && same(2, &[4, 5]).unwrap());
    assert!(matches!(same(2, &[4]), Err(Error::Unsupported(_))));
    let all: Vec<usize> = (0..32).collect();
    assert!(same(1, &all).unwrap());
}

#[test]
fn blobs_of_another_size_or_type_are_malformed() {
    let (shape, pixels) = (BlockShape::new(16, 16), PixelCoding::new(1, SampleType::UInt8));
    let (mut stored, mut scratch) = (Vec::new(), Scratch::default());
    let params = Params::default();
    params.encoder(&pixels).unwrap().encode(shape, &mut [7; 256], &mut stored, &mut scratch).unwrap();
    let mut decode = |pixels: PixelCoding, shape: BlockShape| {
        let mut out = vec![0; pixels.block_bytes(shape)];
        params.decoder(&pixels).decode(shape, &stored, &mut out, &mut scratch).map(|()| out)
    };
    assert_eq!(decode(pixels, BlockShape::new(16, 9)).unwrap(), [7; 144]);
    for (samples, sample, shape) in
        [(1, SampleType::UInt8, BlockShape::new(17, 16)), (1, SampleType::Int8, shape), (3, SampleType::UInt8, shape)]
    {
        let error = decode(PixelCoding::new(samples, sample), shape).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error}");
    }
    // With one band more, the mask is the alpha channel.
    assert_eq!(decode(PixelCoding::new(2, SampleType::UInt8), shape).unwrap(), [7, 255].repeat(256));
}
