//! Tests of the two ways to find tile-parts.

use super::*;
use crate::codec::j2k::sample_stream::{header, stream, tile_part};
use crate::io::MemorySource;

fn read(header: &MainHeader, bytes: Vec<u8>, first: usize) -> Index {
    Index::read(&MemorySource(bytes), header, first as u64, &Limits::default()).unwrap()
}

/// Start and end of each part of a tile.
fn places(index: &Index, tile: u16) -> Vec<(u64, u64)> {
    index.tile(tile).unwrap().iter().map(|part| (part.bytes.start, part.bytes.end)).collect()
}

fn tlm(index: u8, sizes: u8, parts: &[u8]) -> Tlm {
    Tlm { index, sizes, parts: parts.to_vec() }
}

#[test]
fn tile_parts_are_found_by_their_lengths_and_by_the_chain() {
    // Two tiles in three parts: 0, 1, 0.
    let parts = [tile_part(0, 0, 2, &[1; 5]), tile_part(1, 0, 1, &[2; 7]), tile_part(0, 1, 2, &[3; 4])];
    let chain = header(2);
    let (bytes, first) = stream(&chain, &parts);
    let start = first as u64;
    let expected = (vec![(start, start + 19), (start + 40, start + 58)], vec![(start + 19, start + 40)]);
    let found = |index: Index| (places(&index, 0), places(&index, 1));
    assert_eq!(found(read(&chain, bytes.clone(), first)), expected);
    for lengths in [
        vec![tlm(1, 0x50, &[0, 0, 0, 0, 18]), tlm(0, 0x50, &[0, 0, 0, 0, 19, 1, 0, 0, 0, 21])],
        vec![tlm(0, 0x20, &[0, 0, 0, 19, 0, 1, 0, 21, 0, 0, 0, 18])],
    ] {
        let stated = MainHeader { tlm: lengths, ..header(2) };
        assert_eq!(found(read(&stated, bytes.clone(), first)), expected);
    }
}

#[test]
fn wrong_lengths_are_not_used() {
    let parts = [tile_part(0, 0, 1, &[1; 5]), tile_part(1, 0, 1, &[2; 7])];
    let (bytes, first) = stream(&header(2), &parts);
    let start = first as u64;
    for lengths in [
        tlm(0, 0x40, &[0, 0, 0, 20, 0, 0, 0, 20]),
        tlm(0, 0x40, &[0, 0, 0, 19, 0, 0, 1, 0]),
        tlm(0, 0x40, &[0, 0, 0, 2, 0, 0, 0, 20]),
        tlm(0, 0x50, &[7, 0, 0, 0, 19]),
        tlm(0, 0x70, &[0; 7]),
        tlm(0, 0x40, &[]),
        tlm(0, 0x40, &[0, 0, 0]),
    ] {
        let stated = MainHeader { tlm: vec![lengths.clone()], ..header(2) };
        let index = read(&stated, bytes.clone(), first);
        assert_eq!(places(&index, 1), [(start + 19, start + 40)], "{lengths:?}");
    }
}

#[test]
fn a_length_of_zero_reaches_to_the_end_of_the_codestream() {
    let mut part = tile_part(1, 0, 1, &[2; 7]);
    part[6..10].fill(0);
    let (bytes, first) = stream(&header(2), &[tile_part(0, 0, 1, &[]), part.clone()]);
    let index = read(&header(2), bytes.clone(), first);
    let end = bytes.len() as u64 - 2;
    assert_eq!(places(&index, 1), [(end - 21, end)]);
    let index = read(&header(2), bytes[..end as usize].to_vec(), first);
    assert_eq!(places(&index, 1), [(end - 21, end)], "without EOC");
}

#[test]
fn a_tile_part_with_a_wrong_length_is_an_error_of_its_tile() {
    let (mut bytes, first) = stream(&header(2), &[tile_part(0, 0, 1, &[1; 5]), tile_part(1, 0, 1, &[2; 40])]);
    bytes[first + 19 + 9] -= 20;
    let index = read(&header(2), bytes, first);
    assert_eq!(places(&index, 0).len(), 1);
    assert!(index.tile(1).unwrap_err().to_string().ends_with(&format!("at byte {}", first + 19 + 34)));
}

#[test]
fn a_codestream_that_ends_early_has_the_tiles_before() {
    let (bytes, first) = stream(&header(2), &[tile_part(0, 0, 1, &[1; 5]), tile_part(1, 0, 1, &[2; 7])]);
    let index = read(&header(2), bytes[..first + 19 + 11].to_vec(), first);
    let error = index.tile(1).unwrap_err().to_string();
    assert!(error.ends_with(&format!("at byte {}", first + 19)), "{error}");
    // The bytes of a part may end past the source: who reads them reports it.
    let index = read(&header(2), bytes[..first + 19 + 15].to_vec(), first);
    assert_eq!(places(&index, 1)[0].1, first as u64 + 40);
}
