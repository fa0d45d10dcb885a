use super::*;
use crate::codec::j2k::markers::{Component, Place};
use crate::codec::j2k::wire::Counted;
use crate::io::MemorySource;

fn coding(levels: u8) -> CodingStyle {
    CodingStyle { levels, block_width: 4, block_height: 4, block_style: 0, wavelet: 1, precincts: Vec::new() }
}

fn header(components: usize) -> MainHeader {
    let place = |x, y| Place { x, y };
    let siz = Siz {
        capabilities: 0,
        end: place(2100, 1500),
        origin: place(0, 0),
        tile: place(1024, 1024),
        tile_origin: place(0, 0),
        components: Counted(vec![Component { depth: 7, dx: 1, dy: 1 }; components]),
    };
    let cod = Cod { style: 0, progression: 0, layers: 1, component_transform: 0, coding: coding(5) };
    let qcd = Quantization { style: 0x40, steps: vec![64; 16] };
    let mut parameters = Parameters { cod: Some(cod), qcd: Some(qcd), ..Parameters::default() };
    parameters.coc.insert(0, Coc { style: 0, coding: coding(3) });
    parameters.qcc.insert(0, Quantization { style: 0x40, steps: vec![64; 10] });
    let comments = vec![Com { kind: 1, text: b"a comment".to_vec() }];
    MainHeader { siz, cap: None, parameters, tlm: Vec::new(), ppm: Vec::new(), comments }
}

fn written(header: &MainHeader) -> Vec<u8> {
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    write_segment(markers::SOT, |out| out.extend_from_slice(&[0; 8]), &mut bytes);
    bytes
}

fn read(bytes: Vec<u8>) -> Result<(MainHeader, u64)> {
    let source = MemorySource(bytes);
    let mut ahead = MainHeader::look_ahead(&source)?;
    MainHeader::read(&mut ahead, 0)
}

#[test]
fn a_header_is_read_as_it_was_written() {
    for components in [1, 3, 256, 257, 1000] {
        let header = header(components);
        let bytes = written(&header);
        let length = bytes.len() as u64 - 12;
        assert_eq!(read(bytes).unwrap(), (header, length));
    }
}

#[test]
fn the_bytes_of_siz_are_those_of_the_standard() {
    let bytes = written(&header(1));
    let expected = "ff4fff5100290000 00000834000005dc 0000000000000000 0000040000000400 0000000000000000 0001070101";
    let digits = expected.replace(' ', "");
    let expected: Vec<u8> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    assert_eq!(bytes[..45], expected);
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = written(&header(3));
    for length in 0..bytes.len() - 8 {
        assert!(read(bytes[..length].to_vec()).is_err(), "{length}");
    }
}

#[test]
fn values_against_the_standard_are_named() {
    type Change = fn(&mut MainHeader);
    let cases: [(&str, Change); 12] = [
        ("XOsiz", |header| header.siz.origin.x = 2100),
        ("YTsiz", |header| header.siz.tile.y = 0),
        ("XTOsiz", |header| header.siz.tile_origin.x = 1),
        ("tiles", |header| header.siz.tile = Place { x: 1, y: 1 }),
        ("Csiz", |header| header.siz.components.0.clear()),
        ("Ssiz", |header| header.siz.components.0[0].depth = 38),
        ("XRsiz", |header| header.siz.components.0[0].dx = 0),
        ("layers", |header| header.parameters.cod.as_mut().unwrap().layers = 0),
        ("decomposition levels", |header| header.parameters.cod.as_mut().unwrap().coding.levels = 33),
        ("code-block size", |header| header.parameters.cod.as_mut().unwrap().coding.block_width = 5),
        ("component transform", |header| header.parameters.cod.as_mut().unwrap().component_transform = 1),
        ("quantisation steps", |header| header.parameters.qcc.get_mut(&0).unwrap().steps.truncate(9)),
    ];
    for (name, change) in cases {
        let mut header = header(1);
        change(&mut header);
        let error = read(written(&header)).unwrap_err().to_string();
        assert!(error.contains(name), "{name}: {error}");
    }
}

#[test]
fn parameters_of_a_tile_replace_those_of_the_image() {
    let main = header(2).parameters;
    let own = Cod { layers: 7, ..main.cod.clone().unwrap() };
    let tile = Parameters { cod: Some(own), ..Parameters::default() };
    let all = tile.over(&main);
    // The tile's default is stronger than the image's style of a component.
    assert_eq!(all.coding(0).unwrap().levels, 5);
    assert_eq!(all.quantization(0).unwrap().steps.len(), 10);
    assert_eq!(all.cod.unwrap().layers, 7);
}
