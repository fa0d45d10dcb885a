//! The tables of ITU-T T.81: the zigzag order, and the quantisation and Huffman tables of its Annex K.

use super::markers::DHT;
use super::segments::write_segment;

/// Index of zigzag position k in a row-major block (Figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Quantiser steps for luminance (Table K.1), in row-major order.
const LUMINANCE: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// Quantiser steps for chrominance (Table K.2), in row-major order.
const CHROMINANCE: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// A Huffman table as a file stores it (§B.2.4.2).
#[derive(Debug, Clone, Copy)]
pub(super) struct HuffmanSpec {
    /// Number of codes of 1 to 16 bits.
    pub(super) counts: [u8; 16],
    /// Symbols in the order of their codes.
    pub(super) symbols: &'static [u8],
}

/// DC tables for luminance (Table K.3) and chrominance (Table K.4).
pub(super) const DC: [HuffmanSpec; 2] = [
    HuffmanSpec {
        counts: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    },
    HuffmanSpec {
        counts: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
        symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    },
];

/// AC tables for luminance (Table K.5) and chrominance (Table K.6).
pub(super) const AC: [HuffmanSpec; 2] = [
    HuffmanSpec {
        counts: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D],
        symbols: &[
            0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
            0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72,
            0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37,
            0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
            0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83,
            0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3,
            0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
            0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
            0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
        ],
    },
    HuffmanSpec {
        counts: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
        symbols: &[
            0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
            0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1,
            0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36,
            0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
            0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A,
            0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A,
            0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA,
            0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA,
            0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
        ],
    },
];

impl HuffmanSpec {
    /// Appends the table as a segment. The class is 0 for DC, 1 for AC.
    pub(super) fn write(&self, class: u8, number: u8, out: &mut Vec<u8>) {
        write_segment(DHT, &[&[class << 4 | number], &self.counts, self.symbols], out);
    }
}

/// The steps for luminance (table 0) and chrominance (table 1) at a quality of 1 to 100, in row-major order: the tables of
/// Annex K, scaled as by the Independent JPEG Group (the usual meaning of "quality") and capped to 8 bits.
pub(super) fn quantizer_steps(quality: u8) -> [[u16; 64]; 2] {
    [LUMINANCE, CHROMINANCE].map(|table| table.map(|step| scaled(step, quality)))
}

/// A step of Annex K at a quality of 1 to 100.
fn scaled(step: u16, quality: u8) -> u16 {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u16
}

/// The 64 steps of a quantisation table, in row-major order.
pub(super) type QuantizerSteps = [u16; 64];

/// Takes the tables of a segment DQT, of 8 or 16 bits (§B.2.4.1); what breaks the standard is left out.
pub(super) fn read_quantizer_steps(mut payload: &[u8], tables: &mut [Option<QuantizerSteps>; 4]) {
    while let Some((head, rest)) = payload.split_first() {
        let bytes = if head >> 4 == 0 { 1 } else { 2 };
        let Some((values, rest)) = rest.split_at_checked(64 * bytes) else { return };
        if let Some(table) = tables.get_mut(usize::from(head & 15)) {
            let mut steps = [0; 64];
            for (value, place) in values.chunks_exact(bytes).zip(ZIGZAG) {
                steps[usize::from(place)] = value.iter().fold(0, |step, byte| step << 8 | u16::from(*byte));
            }
            *table = Some(steps);
        }
        payload = rest;
    }
}

/// Appends the segments of the Huffman tables that baseline decoders assume if a stream has none (§K.3).
pub(crate) fn put_standard_huffman_tables(out: &mut Vec<u8>) {
    for (class, specs) in (0..).zip([&DC, &AC]) {
        for (number, spec) in (0..).zip(specs) {
            spec.write(class, number, out);
        }
    }
}

/// The quality with these luminance steps (in zigzag order, as in a file), if there is one.
pub(crate) fn quality_of(luminance: &[u16; 64]) -> Option<u8> {
    let has_step = |quality: u8, step: u16, place: u8| step == scaled(LUMINANCE[usize::from(place)], quality);
    (1..=100).find(|quality| luminance.iter().zip(ZIGZAG).all(|(step, place)| has_step(*quality, *step, place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_complete() {
        let mut places = ZIGZAG;
        places.sort_unstable();
        assert!(places.iter().enumerate().all(|(i, place)| i == usize::from(*place)));
        for spec in DC.iter().chain(&AC) {
            assert_eq!(spec.counts.iter().map(|count| usize::from(*count)).sum::<usize>(), spec.symbols.len());
        }
        // Every run of 0 to 15 zeros before a coefficient of 1 to 10 bits, the end of block, and sixteen zeros.
        assert!(AC.iter().all(|spec| spec.symbols.len() == 162));
    }

    #[test]
    fn quality_is_found_again_from_the_steps() {
        for quality in [1, 49, 50, 85, 100] {
            let steps = quantizer_steps(quality)[0];
            let stored = ZIGZAG.map(|place| steps[usize::from(place)]);
            assert_eq!(quality_of(&stored), Some(quality));
        }
        assert_eq!(quality_of(&[3; 64]), None);
    }
}
