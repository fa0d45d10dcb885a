//! Tests of the codestream of one tile.

use super::*;
use crate::codec::j2k::index::TilePart;
use crate::codec::j2k::markers::{Cod, Continued};
use crate::codec::j2k::packed_headers::PackedHeaders;
use crate::codec::j2k::sample_stream::{header, stream, tile_part};
use crate::limits::Limits;

/// The tile-parts of a tile, as an index has them.
fn parts(tile: u16, stored: &[Vec<u8>]) -> Vec<TilePart> {
    let mut at = 100;
    let part = |(number, bytes): (u32, &Vec<u8>)| {
        let start = at;
        at += bytes.len() as u64;
        TilePart { tile, number, bytes: start..at }
    };
    (0..).zip(stored).map(part).collect()
}

fn made(header: &MainHeader, tile: u16, stored: &[Vec<u8>]) -> Result<Vec<u8>> {
    let packed = PackedHeaders::read(&header.ppm)?;
    let bytes: Vec<&[u8]> = stored.iter().map(Vec::as_slice).collect();
    let parts = parts(tile, stored);
    let tile = StoredTile::read(header, &packed, &parts, &bytes, &Limits::default(), true)?;
    Ok(TileStream::new(&tile)?.bytes().concat())
}

#[test]
fn a_tile_becomes_an_image_at_its_place() {
    let found = made(&header(3), 2, &[tile_part(2, 0, 2, &[7; 5]), tile_part(2, 1, 2, &[8; 3])]).unwrap();
    let place = |x, y| Place { x, y };
    let mut alone = header(3);
    alone.siz.origin = place(16, 0);
    alone.siz.tile_origin = place(16, 0);
    let (expected, _) = stream(&alone, &[tile_part(0, 0, 2, &[7; 5]), tile_part(0, 1, 2, &[8; 3])]);
    assert_eq!(found, expected);
}

#[test]
fn a_number_of_parts_that_is_too_small_is_corrected() {
    let found = made(&header(1), 0, &[tile_part(0, 0, 1, &[7; 5]), tile_part(0, 1, 1, &[8; 3])]).unwrap();
    let (expected, _) = stream(&header(1), &[tile_part(0, 0, 2, &[7; 5]), tile_part(0, 1, 2, &[8; 3])]);
    assert_eq!(found, expected);
}

#[test]
fn packet_headers_of_the_main_header_become_those_of_the_tile_part() {
    let mut main = header(2);
    main.ppm = vec![Continued { index: 0, data: vec![0, 0, 0, 2, 11, 12, 0, 0, 0, 1, 13] }];
    let found = made(&main, 1, &[tile_part(1, 0, 2, &[7; 5]), tile_part(1, 1, 2, &[])]).unwrap();
    let ppt = |number: u8, data: &[u8]| [&[0xFF, 0x61, 0, 3 + data.len() as u8, number][..], data].concat();
    for (number, data) in [(0, &[11, 12][..]), (1, &[13])] {
        let segment = ppt(number, data);
        assert!(found.windows(segment.len()).any(|window| window == segment), "{number}");
    }
    assert!(!found.windows(2).any(|window| window == [0xFF, 0x60]));
    // Psot counts the new segment.
    let length = u32::from_be_bytes(*found[found.len() - 2 - 20..][6..].first_chunk().unwrap());
    assert_eq!(length, 20);
}

#[test]
fn tile_parts_that_contradict_the_index_are_errors_with_their_offsets() {
    let error = |stored: &[Vec<u8>]| made(&header(3), 1, stored).unwrap_err().to_string();
    let other = error(&[tile_part(2, 0, 1, &[])]);
    assert!(other.contains("got tile 2, part 0, expected tile 1, part 0") && other.ends_with("at byte 100"), "{other}");
    assert!(error(&[tile_part(1, 0, 0, &[]), tile_part(1, 2, 0, &[])]).ends_with("at byte 114"));
    let missing = error(&[tile_part(1, 0, 3, &[])]);
    assert!(missing.contains("got 1, expected 3") && missing.ends_with("at byte 114"), "{missing}");
    for bytes in [vec![], tile_part(1, 0, 1, &[])[..13].to_vec(), vec![0; 40]] {
        assert!(error(&[bytes]).ends_with("at byte 100"));
    }
}

#[test]
fn segments_that_do_not_belong_into_a_tile_part_are_errors() {
    let with = |part: u8, segment: &[u8]| {
        let mut bytes = tile_part(0, part, 0, &[]);
        bytes.splice(12..12, segment.iter().copied());
        bytes
    };
    assert!(made(&header(1), 0, &[with(0, &[0xFF, 0x64, 0, 4, 0, 0])]).is_ok());
    for segment in
        [&[0xFF, 0x51, 0, 2][..], &[0xFF, 0x74, 0, 2], &[0xFF, 0x64, 0, 1], &[0xFF, 0x64, 9, 9], &[0xFF, 0x52, 0, 3, 0]]
    {
        assert!(made(&header(1), 0, &[with(0, segment)]).is_err(), "{segment:X?}");
    }
    let qcd = [0xFF, 0x5C, 0, 4, 0x40, 0x40];
    assert!(made(&header(1), 0, &[with(0, &qcd)]).is_ok());
    assert!(made(&header(1), 0, &[tile_part(0, 0, 0, &[]), with(1, &qcd)]).is_err());
}

#[test]
fn a_tile_of_more_packets_than_bytes_or_memory_is_refused() {
    let many = |layers: u16, precincts: Vec<u8>, side: u32| {
        let mut header = header(1);
        (header.siz.end, header.siz.tile) = (Place { x: side, y: side }, Place { x: side, y: side });
        let cod = header.parameters.cod.as_mut().unwrap();
        let coding = markers::CodingStyle { precincts, ..cod.coding.clone() };
        *cod = Cod { layers, style: 1, coding, ..cod.clone() };
        made(&header, 0, &[tile_part(0, 0, 1, &[0; 50])])
    };
    assert!(many(1, vec![0xFF], 8).is_ok());
    assert!(matches!(many(60_000, vec![0x11], 8), Err(Error::Malformed(_))));
    assert!(many(1, vec![0x00], 1 << 20).is_err());
    assert!(matches!(many(1, vec![0xFF], 1 << 17), Err(Error::Limit { .. })));
}
