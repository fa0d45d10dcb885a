//! The quantisation tables that COMRAT names if a stream has none (MIL-STD-188-198A, appendix A).

use crate::codec::jpeg::{markers::DQT, segments::write_segment};

/// Appends the table of COMRAT `rate` as a segment. False for a rate without a known table: those of general imagery are known.
pub(super) fn put_table(rate: &str, out: &mut Vec<u8>) -> bool {
    let level = rate.trim().strip_prefix("00.").and_then(|level| level.parse::<usize>().ok());
    let Some(steps) = level.and_then(|level| LEVELS.get(level.checked_sub(1)?)) else { return false };
    write_segment(DQT, &[&[0], steps], out);
    true
}

/// The steps of levels 1 to 5 for one band of 8 bits, in zigzag order.
#[rustfmt::skip]
const LEVELS: [[u8; 64]; 5] = [
    [
        8, 72, 72, 72, 72, 72, 72, 72, 72, 72, 78, 74, 76, 74, 78, 89, 81, 84, 84, 81, 89, 106, 93, 94, 99, 94, 93, 106, 129, 111, 108,
        116, 116, 108, 111, 129, 135, 128, 136, 145, 136, 128, 135, 155, 160, 177, 177, 160, 155, 193, 213, 228, 213, 193, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255,
    ],
    [
        8, 36, 36, 36, 36, 36, 36, 36, 36, 36, 39, 37, 38, 37, 39, 45, 41, 42, 42, 41, 45, 53, 47, 47, 50, 47, 47, 53, 65, 56, 54, 59,
        59, 54, 56, 65, 68, 64, 69, 73, 69, 64, 68, 78, 81, 89, 89, 81, 78, 98, 108, 115, 108, 98, 130, 144, 144, 130, 178, 190, 178,
        243, 243, 255,
    ],
    [
        8, 10, 10, 10, 10, 10, 10, 10, 10, 10, 11, 10, 11, 10, 11, 13, 11, 12, 12, 11, 13, 15, 13, 13, 14, 13, 13, 15, 18, 16, 15, 16,
        16, 15, 16, 18, 19, 18, 19, 21, 19, 18, 19, 22, 23, 25, 25, 23, 22, 27, 30, 32, 30, 27, 36, 40, 40, 36, 50, 53, 50, 68, 68, 91,
    ],
    [
        8, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 7, 8, 9, 8, 8, 8, 8, 9, 11, 9, 9, 10, 9, 9, 11, 13, 11, 11, 12, 12, 11, 11, 13, 14, 13, 14,
        15, 14, 13, 14, 16, 16, 18, 18, 16, 16, 20, 22, 23, 22, 20, 26, 29, 29, 26, 36, 38, 36, 49, 49, 65,
    ],
    [
        4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6, 5, 5, 6, 5, 5, 6, 7, 6, 6, 6, 6, 6, 6, 7, 8, 7, 8, 8, 8, 7, 8, 9,
        9, 10, 10, 9, 9, 11, 12, 13, 12, 11, 14, 16, 16, 14, 20, 21, 20, 27, 27, 36,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_imagery_has_five_levels() {
        let table = |rate: &str| {
            let mut out = Vec::new();
            put_table(rate, &mut out).then_some(out)
        };
        assert_eq!(table("00.5").unwrap()[..6], [0xFF, DQT, 0, 67, 0, 4]);
        assert!(["00.0", "00.6", "01.3", "75.0", "00.", ""].into_iter().all(|rate| table(rate).is_none()));
        assert!(LEVELS.windows(2).all(|pair| pair[0].iter().zip(&pair[1]).all(|(coarse, fine)| coarse >= fine)));
    }
}
