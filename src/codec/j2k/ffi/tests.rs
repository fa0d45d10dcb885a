//! Tests with a codestream of 16 × 12 samples in one tile, two resolutions, coded without loss.

use super::*;
use crate::error::Error;

/// Sample n, in row order, is 5 · n modulo 256. Made by OpenJPEG.
const SMALL: &str = "\
    FF4FFF5100290002000000100000000C0000000000000000000000100000000C00000000000000000001070101FF52000E01\
    0000010001040400019899FF5C00074040484850FF90000A00000000007B0001FF93DF81701225F10E6A3B21B616150E4252\
    1E3F82D705039E233405C4892272C21D6681354A1E33EACEE3CD60C07F0988BA1FC7DA233F0198FC024024D876C80664A92A\
    1CFDD237B58CE984DF0ECA201B0037D67E10B9FC35E84F4D7C832BE048CBD62E9E3F16A6BF89CF0057FF7FFFD9";

/// Where the tile-part begins.
const SOT: usize = 70;

fn small() -> Vec<u8> {
    SMALL.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn request<'a>(codestream: &'a [&'a [u8]]) -> Request<'a> {
    Request { codestream, area: None, reduction: 0, layers: 0, components: &[], is_strict: true }
}

fn samples(request: &Request<'_>) -> (u32, Vec<i32>) {
    let decoded = decode(request).unwrap();
    assert_eq!(decoded.warnings, [""; 0]);
    let planes = decoded.planes().unwrap();
    assert_eq!(planes.len(), 1);
    (planes[0].columns, planes[0].samples.to_vec())
}

#[test]
fn a_codestream_in_parts_is_decoded_as_one_piece() {
    let (bytes, expected) = (small(), (0..16 * 12).map(|n| 5 * n % 256).collect::<Vec<i32>>());
    assert_eq!(samples(&request(&[&bytes])), (16, expected.clone()));
    for cut in 1..bytes.len() - 1 {
        let (first, rest) = bytes.split_at(cut);
        let (second, third) = rest.split_at(1);
        assert_eq!(samples(&request(&[first, second, &[], third])).1, expected, "cut at {cut}");
    }
}

#[test]
fn an_area_and_a_reduction_are_parts_of_the_image() {
    let bytes = small();
    let parts = [bytes.as_slice()];
    let (columns, part) = samples(&Request { area: Some([3, 2, 10, 7]), ..request(&parts) });
    let expected = (2..7).flat_map(|y| (3..10).map(move |x| 5 * (16 * y + x) % 256));
    assert_eq!((columns, part), (7, expected.collect()));
    let (columns, half) = samples(&Request { reduction: 1, ..request(&parts) });
    assert_eq!((columns, half.len()), (8, 8 * 6));
}

#[test]
fn errors_name_the_cause_and_never_stop_the_process() {
    let bytes = small();
    let parts = [bytes.as_slice()];
    let error = |request: &Request<'_>| decode(request).err().expect("an error");
    let outside = error(&Request { area: Some([20, 20, 30, 30]), ..request(&parts) });
    assert!(matches!(outside, Error::Malformed(_)), "{outside}");
    let huge = error(&Request { area: Some([0, 0, u32::MAX, 1]), ..request(&parts) });
    assert!(matches!(huge, Error::Unsupported(_)), "{huge}");
    assert!(error(&Request { reduction: 5, ..request(&parts) }).to_string().contains("OpenJPEG reports"));
    assert!(error(&Request { components: &[3], ..request(&parts) }).to_string().contains("OpenJPEG reports"));
    for end in 0..SOT {
        assert!(decode(&request(&[&bytes[..end]])).is_err(), "header cut at {end}");
    }
}

#[test]
fn data_that_end_early_are_an_error_only_if_strict() {
    let bytes = small();
    let cut = [&bytes[..bytes.len() - 40]];
    assert!(decode(&request(&cut)).is_err());
    let lenient = decode(&Request { is_strict: false, ..request(&cut) }).unwrap();
    assert_eq!(lenient.planes().unwrap()[0].samples.len(), 16 * 12);
    assert!(!lenient.warnings.is_empty());
}
