//! Codestreams for tests: headers that are right, and tile-parts with any data.

use super::header::{MainHeader, Parameters};
use super::markers::{Cod, CodingStyle, Component, EOC, Place, Quantization, SOD, SOT, Siz, Sot, write_segment};
use super::wire::{Counted, Wire};

/// The main header of an image of `tiles` tiles in a row, each of 8 × 8 pixels, one component, no decomposition.
pub(crate) fn header(tiles: u32) -> MainHeader {
    let place = |x, y| Place { x, y };
    let siz = Siz {
        capabilities: 0,
        end: place(8 * tiles, 8),
        origin: place(0, 0),
        tile: place(8, 8),
        tile_origin: place(0, 0),
        components: Counted(vec![Component { depth: 7, dx: 1, dy: 1 }]),
    };
    let coding =
        CodingStyle { levels: 0, block_width: 4, block_height: 4, block_style: 0, wavelet: 1, precincts: Vec::new() };
    let cod = Cod { style: 0, progression: 0, layers: 1, component_transform: 0, coding };
    let parameters = Parameters {
        cod: Some(cod),
        qcd: Some(Quantization { style: 0x40, steps: vec![0x40] }),
        ..Parameters::default()
    };
    MainHeader { siz, cap: None, parameters, tlm: Vec::new(), ppm: Vec::new(), comments: Vec::new() }
}

/// Part `part` of `parts` of a tile.
pub(crate) fn tile_part(tile: u16, part: u8, parts: u8, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let length = 14 + data.len() as u32;
    write_segment(SOT, |out| Sot { tile, length, part, parts }.write(out), &mut out);
    SOD.write(&mut out);
    out.extend_from_slice(data);
    out
}

/// A codestream, and where its first tile-part begins.
pub(crate) fn stream(header: &MainHeader, parts: &[Vec<u8>]) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    header.write(&mut out);
    let first = out.len();
    out.extend(parts.concat());
    EOC.write(&mut out);
    (out, first)
}
