//! LZW against its definition and an independent coder.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode::compress(bytes, &mut out, &mut encode::Strings::default());
    out
}

fn expanded(data: &[u8], length: usize) -> Result<Vec<u8>> {
    let mut out = vec![0xA5; length];
    Params { predictor: Predictor::None }.decompress(data, &mut out, &mut State::default())?;
    Ok(out)
}

/// Bytes of few values, which make strings long, or of many, which fill the table.
fn image_like() -> impl Strategy<Value = Vec<u8>> {
    (vec(any::<u8>(), 1..5000), 0..8u32, 1..8usize)
        .prop_map(|(bytes, shift, times)| bytes.iter().map(|byte| byte >> shift).collect::<Vec<_>>().repeat(times))
}

#[test]
fn the_example_of_the_standard_is_coded_as_printed() {
    let bytes = [7, 7, 7, 8, 8, 7, 7, 6, 6];
    let stored = [0x80, 0x01, 0xE0, 0x40, 0x80, 0x44, 0x08, 0x0C, 0x06, 0x80, 0x80];
    assert_eq!(compressed(&bytes), stored);
    assert_eq!(expanded(&stored, 9).unwrap(), bytes);
}

#[test]
fn an_empty_block_is_a_clear_and_an_end_code() {
    assert_eq!(compressed(&[]), [0x80, 0x40, 0x40]);
    assert!(expanded(&[0x80, 0x40, 0x40], 0).unwrap().is_empty());
}

#[test]
fn the_error_for_a_code_without_a_string_has_its_offset() {
    // Clear, 7, 300.
    let error = expanded(&[0x80, 0x01, 0xE5, 0x80, 0, 0], 4).unwrap_err();
    assert_eq!(error.to_string(), "malformed LZW code: 300 (not yet defined) at byte 3");
}

#[test]
fn old_streams_with_reversed_bits_are_read() {
    let bytes: Vec<u8> = (0..3000u32).map(|i| ((i * i) >> 7) as u8).collect();
    let stored = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 8).encode(&bytes).unwrap();
    assert_eq!(&stored[..1], [0]);
    assert_eq!(expanded(&stored, bytes.len()).unwrap(), bytes);
}

#[test]
fn every_length_around_a_change_of_width_is_decoded() {
    // Bytes without repeated pairs add one string each, so the end code falls on every place.
    let bytes: Vec<u8> = (0..9000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 19) as u8).collect();
    for change in [253, 765, 1789, 3836] {
        for length in change - 6..change + 6 {
            let stored = compressed(&bytes[..length]);
            assert_eq!(expanded(&stored, length).unwrap(), bytes[..length], "{length}");
            let decoded =
                weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).decode(&stored).unwrap();
            assert_eq!(decoded, bytes[..length], "{length}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn an_independent_coder_reads_and_writes_the_same(bytes in image_like()) {
        let decoded = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).decode(&compressed(&bytes));
        prop_assert_eq!(decoded.unwrap(), &bytes[..]);
        let stored = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&bytes).unwrap();
        prop_assert_eq!(expanded(&stored, bytes.len()).unwrap(), &bytes[..]);
        // A shorter output decodes as well.
        let half = bytes.len() / 2;
        prop_assert_eq!(expanded(&stored, half).unwrap(), &bytes[..half]);
    }
}
