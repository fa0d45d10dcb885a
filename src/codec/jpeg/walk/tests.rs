use super::*;
use crate::codec::jpeg::huffman::tests::bits;
use crate::codec::jpeg::markers::{DQT, EOI, SOF0, SOI, SOS};
use crate::codec::jpeg::segments::write_segment;
use crate::codec::jpeg::tables::{DC, HuffmanSpec};

/// A progressive image of one component: DC, AC in two steps, with an end-of-band run over all blocks but the last.
fn progressive(blocks: u16, last_scan: &[u8]) -> (FrameHeader, Vec<u8>) {
    let mut out = vec![0xFF, SOI];
    write_segment(DQT, &[&[0], &[1; 64]], &mut out);
    let [rows, columns] = [8u16, 8 * blocks].map(u16::to_be_bytes);
    let frame = [8, rows[0], rows[1], columns[0], columns[1], 1, 1, 0x11, 0];
    write_segment(SOF0 + 2, &[&frame], &mut out);
    DC[0].write(0, 0, &mut out);
    // Codes 0 (a run of EOB of 8 to 15 blocks), 10 (one coefficient of one bit), 110 (the end of one band).
    let codes = HuffmanSpec { counts: [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], symbols: &[0x30, 0x01, 0x00] };
    codes.write(1, 0, &mut out);
    write_segment(SOS, &[&[1, 1, 0, 0, 0, 0]], &mut out);
    // DC of size 0 is the code 00.
    out.extend(vec![0; usize::from(blocks).div_ceil(4)]);
    write_segment(SOS, &[&[1, 1, 0, 1, 63, 1]], &mut out);
    // In the first block, a coefficient 1, then a run of 1 + (blocks - 1) bands.
    out.extend(bits(&format!("101 0{:03b}", blocks - 8)));
    write_segment(SOS, &[&[1, 1, 0, 1, 63, 0x10]], &mut out);
    out.extend_from_slice(last_scan);
    out.extend_from_slice(&[0xFF, EOI]);
    (FrameHeader::parse(SOF0 + 2, &frame, 0).unwrap(), out)
}

#[test]
fn a_refinement_is_walked_with_what_earlier_scans_found() {
    // A run over all 9 blocks, then the further bit of the one coefficient.
    let (frame, whole) = progressive(9, &bits("0001 0"));
    check(&frame, &whole).unwrap();
    let (frame, short) = progressive(9, &bits("1"));
    let error = check(&frame, &short).unwrap_err().to_string();
    assert_eq!(error, "malformed JPEG scan: ends early, MCUs of scan 3: got 0, expected 9");
    let end = whole_scans(&frame, &short).unwrap();
    let rest = check(&frame, &short[..end]).unwrap_err().to_string();
    assert!(rest.contains("whole coefficients: got 1, expected 64"), "{rest}");
}
