//! The complexity level of a file: the greatest level that any of its features requires (2500C Table A-10, Joint BIIF Profile
//! Table G-1).

use crate::schema::Record;

/// The features of a file that determine its level.
#[derive(Debug, Clone, Default)]
pub(super) struct Features {
    /// The level that the images require, each by itself.
    pub(super) images: u8,
    /// Bands of all images.
    pub(super) bands: u64,
    /// The last row or column of the common coordinate system.
    pub(super) extent: i64,
    pub(super) file_bytes: u64,
    pub(super) image_segments: usize,
    pub(super) graphic_segments: usize,
    pub(super) graphic_bytes: u64,
    pub(super) text_segments: usize,
    pub(super) data_segments: usize,
}

/// The levels. The limits below are those of 03, 05, 06 and 07, in that order; a file beyond them has level 09.
const LEVELS: [u8; 5] = [3, 5, 6, 7, 9];
const EXTENT: [u64; 4] = [2047, 8191, 65_535, 99_999_999];
const FILE_BYTES: [u64; 4] = [(50 << 20) - 1, (1 << 30) - 1, (2 << 30) - 1, (10 << 30) - 1];
const SIDE: [u64; 4] = [2048, 8192, 65_536, 99_999_999];
const BLOCK: [u64; 4] = [2048, 8192, 8192, 8192];
const BANDS: [u64; 4] = [9, 255, 255, 999];
const IMAGES: [u64; 4] = [20, 100, 100, 100];
const GRAPHICS: [u64; 4] = [100, 100, 100, 100];
const GRAPHIC_BYTES: [u64; 4] = [1 << 20, 2 << 20, 2 << 20, 2 << 20];
const TEXTS: [u64; 4] = [32, 32, 32, 32];
const DATA: [u64; 4] = [10, 10, 50, 100];

impl Features {
    /// The level.
    pub(super) fn level(&self) -> u8 {
        [
            level(self.extent.max(0) as u64, EXTENT),
            level(self.file_bytes, FILE_BYTES),
            // The bands of all images together count only if they exceed what one image may have.
            if self.bands > BANDS[3] { LEVELS[4] } else { LEVELS[0] },
            level(self.image_segments as u64, IMAGES),
            level(self.graphic_segments as u64, GRAPHICS),
            level(self.graphic_bytes, GRAPHIC_BYTES),
            level(self.text_segments as u64, TEXTS),
            level(self.data_segments as u64, DATA),
        ]
        .into_iter()
        .fold(self.images.max(LEVELS[0]), u8::max)
    }
}

/// The level that an image segment requires.
pub(super) fn of_image(subheader: &Record) -> u8 {
    let number = |name: &str| subheader.int(name).map_or(0, |value| value.max(0) as u64);
    let sides = [number("NROWS"), number("NCOLS")].map(|side| level(side, SIDE));
    let blocks = [number("NPPBH"), number("NPPBV")].map(|side| if side == 0 { 9 } else { level(side, BLOCK) });
    let bands = level(number("NBANDS") + number("XBANDS"), BANDS);
    let deep_colour = subheader.text("IREP") == Some("RGB") && number("NBPP") > 8;
    sides.into_iter().chain(blocks).chain([bands, if deep_colour { 6 } else { 3 }]).fold(LEVELS[0], u8::max)
}

fn level(value: u64, limits: [u64; 4]) -> u8 {
    LEVELS[limits.iter().position(|limit| value <= *limit).unwrap_or(limits.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_demand_decides() {
        assert_eq!(Features::default().level(), 3);
        assert_eq!(Features { extent: 2048, ..Features::default() }.level(), 5);
        assert_eq!(Features { file_bytes: 50 << 20, ..Features::default() }.level(), 5);
        assert_eq!(Features { file_bytes: 10 << 30, images: 6, ..Features::default() }.level(), 9);
        assert_eq!(Features { data_segments: 11, ..Features::default() }.level(), 6);
        assert_eq!(Features { bands: 999, ..Features::default() }.level(), 3);
        assert_eq!(Features { bands: 1000, ..Features::default() }.level(), 9);
    }

    #[test]
    fn an_image_asks_by_its_sides_blocks_bands_and_depth() {
        let image = |entries: &[(&str, u64)]| {
            let mut record: Record = [("IREP", "RGB")].into_iter().collect();
            for (name, value) in
                [("NROWS", 100), ("NCOLS", 100), ("NPPBH", 100), ("NPPBV", 100), ("NBPP", 8), ("NBANDS", 3)]
                    .iter()
                    .chain(entries)
            {
                record.set(*name, *value);
            }
            of_image(&record)
        };
        assert_eq!(image(&[]), 3);
        assert_eq!(image(&[("NCOLS", 2049)]), 5);
        assert_eq!(image(&[("NPPBV", 4096)]), 5);
        assert_eq!(image(&[("NPPBV", 0)]), 9);
        assert_eq!(image(&[("NBPP", 16)]), 6);
        assert_eq!(image(&[("NBANDS", 0), ("XBANDS", 300)]), 7);
    }
}
