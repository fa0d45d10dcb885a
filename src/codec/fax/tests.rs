use super::*;
use crate::image::SampleType;

/// Packs a text of zeros and ones into bytes; blanks are ignored.
fn bits(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    bits.chunks(8)
        .map(|chunk| chunk.iter().enumerate().fold(0, |byte, (place, bit)| byte | bit << (7 - place)))
        .collect()
}

fn decode(columns: u32, rows: u32, options: Params, data: &[u8]) -> Result<Vec<String>> {
    let pixels = PixelCoding { bits: 1, ..PixelCoding::new(1, SampleType::UInt8) };
    let mut out = vec![7; (columns * rows) as usize];
    options.decoder(&pixels).decode(BlockShape::new(columns, rows), data, &mut out, &mut Scratch::default())?;
    let rows = out.chunks(columns as usize);
    Ok(rows.map(|row| row.iter().map(|sample| char::from(b'0' + sample)).collect()).collect())
}

fn group(group: u8, t4_options: u32) -> Params {
    Params { group, t4_options, reversed_bits: false }
}

const MARK: &str = "000000000001";
/// White 2, black 3, white 3.
const ROW: &str = "0111 10 1000";

#[test]
fn modified_huffman_lines_begin_at_bytes() {
    // Ten bits, padded to sixteen; then a line that begins with black.
    let data = bits(&format!("{ROW} 000000 00110101 000101"));
    assert_eq!(decode(8, 2, group(2, 0), &data).unwrap(), ["00111000", "11111111"]);
}

#[test]
fn bits_may_stand_in_reverse() {
    let data: Vec<u8> = bits(ROW).into_iter().map(u8::reverse_bits).collect();
    let options = Params { reversed_bits: true, ..group(2, 0) };
    assert_eq!(decode(8, 1, options, &data).unwrap(), ["00111000"]);
}

#[test]
fn lines_of_t4_are_parted_by_marks_with_any_fill() {
    let data = bits(&format!("{MARK} {ROW} 0000 {MARK} {ROW} {MARK}"));
    assert_eq!(decode(8, 2, group(3, 4), &data).unwrap(), ["00111000"; 2]);
    // Two adjacent marks end the image; missing rows are white.
    let data = bits(&format!("{MARK} {ROW} {}", MARK.repeat(6)));
    assert_eq!(decode(8, 2, group(3, 0), &data).unwrap(), ["00111000", "00000000"]);
}

#[test]
fn lines_of_t4_may_be_coded_by_the_line_before() {
    // A line coded by itself; then one whose first change moves one column to the right and whose second stays.
    let data = bits(&format!("{MARK} 1 {ROW} {MARK} 0 011 1 1 {}", format!("{MARK}1").repeat(6)));
    assert_eq!(decode(8, 3, group(3, 1), &data).unwrap(), ["00111000", "00011000", "00000000"]);
}

#[test]
fn t6_codes_by_the_line_before() {
    // Horizontal mode 2 + 3, then to the end; the same line; a line that passes over the black run.
    let data = bits(&format!("001 0111 10 1 1 1 1 0001 1 {MARK} {MARK}"));
    assert_eq!(decode(8, 3, group(4, 0), &data).unwrap(), ["00111000", "00111000", "00000000"]);
    assert_eq!(decode(8, 4, group(4, 0), &data).unwrap()[3], "00000000");
}

#[test]
fn runs_longer_than_63_are_several_codes() {
    // White 64 + 0, black 3.
    let data = bits("11011 00110101 10");
    let row = decode(67, 1, group(2, 0), &data).unwrap().remove(0);
    assert_eq!(row, format!("{}111", "0".repeat(64)));
}

#[test]
fn damaged_codes_are_reported() {
    let cases = [
        (group(2, 0), "000000000", "malformed CCITT data: unknown code or end of data in row 0"),
        (group(2, 0), "110 11", "malformed CCITT data: run past the end of the line in row 0: got 64, expected 8"),
        (group(4, 0), "0000001 000", "unsupported CCITT data: uncompressed mode in row 0"),
        (group(4, 0), "011", "malformed CCITT data: change of colour outside the line"),
        (group(3, 0), "", "malformed CCITT data: ends in row 0"),
    ];
    for (options, text, message) in cases {
        let error = decode(8, 1, options, &bits(text)).unwrap_err().to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
    assert!(decode(8, 5, group(4, 0), &[]).is_err());
}

#[test]
fn any_bytes_give_an_error_or_an_image() {
    let mut random = 1u64;
    for length in 0..600 {
        let data: Vec<u8> = std::iter::repeat_with(|| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 56) as u8
        })
        .take(length % 60)
        .collect();
        for options in [group(2, 0), group(3, 0), group(3, 1), group(4, 0)] {
            let _ = decode(1 + length as u32, 20, options, &data);
        }
    }
}
