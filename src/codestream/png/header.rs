//! The image header (ISO/IEC 15948, 11.2.2).

use crate::error::{Error, Result};
use crate::image::{ImageLayout, SampleType};

/// The meaning of a pixel's samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum ColorType {
    Grey = 0,
    Rgb = 2,
    Palette = 3,
    GreyAlpha = 4,
    Rgba = 6,
}

/// Size and kind of the pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    /// Bits of a stored sample: 1, 2, 4, 8 or 16.
    pub(crate) depth: u8,
    pub(crate) color: ColorType,
    pub(crate) interlaced: bool,
}

impl ColorType {
    /// Samples of a pixel.
    pub(crate) const fn bands(self) -> u32 {
        match self {
            Self::Grey | Self::Palette => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Colour samples, without alpha.
    pub(crate) const fn colors(self) -> usize {
        match self {
            Self::Grey | Self::GreyAlpha => 1,
            Self::Rgb | Self::Rgba | Self::Palette => 3,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Grey, Self::Rgb, Self::Palette, Self::GreyAlpha, Self::Rgba]
            .into_iter()
            .find(|color| *color as u8 == code)
    }

    fn allows_depth(self, depth: u8) -> bool {
        match self {
            Self::Grey => matches!(depth, 1 | 2 | 4 | 8 | 16),
            Self::Palette => matches!(depth, 1 | 2 | 4 | 8),
            Self::Rgb | Self::GreyAlpha | Self::Rgba => matches!(depth, 8 | 16),
        }
    }
}

impl Header {
    /// Reads the data of an IHDR chunk.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a value that the standard does not define.
    pub(crate) fn parse(data: &[u8; 13]) -> Result<Self> {
        let [size @ .., depth, color, compression, filter, interlace] = *data;
        let bad = |field: &'static str, found: String, allowed: &'static str| {
            Err(Error::malformed("value of").field(field).found(found).allowed(allowed).segment("IHDR"))
        };
        let size = u64::from_be_bytes(size);
        let (columns, rows) = ((size >> 32) as u32, size as u32);
        if !(1..=LARGEST).contains(&columns) || !(1..=LARGEST).contains(&rows) {
            return bad("image size", format!("{columns} × {rows}"), "1 to 2147483647 columns and rows");
        }
        let Some(known) = ColorType::from_code(color) else {
            return bad("colour type", color.to_string(), "0, 2, 3, 4 or 6");
        };
        if !known.allows_depth(depth) {
            return bad(
                "bit depth",
                format!("{depth} with colour type {color}"),
                "a combination of table 11.1 of the standard",
            );
        }
        if compression != 0 || filter != 0 {
            return bad("compression and filter method", format!("{compression}, {filter}"), "0, 0");
        }
        if interlace > 1 {
            return bad("interlace method", interlace.to_string(), "0 or 1");
        }
        Ok(Self { columns, rows, depth, color: known, interlaced: interlace == 1 })
    }

    /// The header of an image to be written; `palette` is true if its samples are indices.
    ///
    /// # Errors
    /// [`Error::Usage`] for an image whose size, bands or type PNG cannot hold.
    pub(crate) fn of(layout: &ImageLayout, palette: bool) -> Result<Self> {
        let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
        if columns > LARGEST || rows > LARGEST {
            return Err(Error::usage("size of a PNG file")
                .found(format!("{columns} × {rows}"))
                .allowed(format!("at most {LARGEST} columns and rows")));
        }
        let depth = match layout.sample {
            SampleType::UInt8 => 8,
            SampleType::UInt16 => 16,
            other => return Err(Error::usage("dtype of a PNG file").found(other).allowed("uint8 or uint16")),
        };
        let color = match layout.bands {
            1 if palette && depth == 8 => ColorType::Palette,
            1 => ColorType::Grey,
            2 => ColorType::GreyAlpha,
            3 => ColorType::Rgb,
            4 => ColorType::Rgba,
            other => {
                let allowed = "1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA)";
                return Err(Error::usage("bands of a PNG file").found(other).allowed(allowed));
            }
        };
        let header = Self { columns, rows, depth, color, interlaced: false };
        if header.row_bytes() > LONGEST_ROW {
            return Err(Error::usage("row of a PNG file")
                .found(format!("{} bytes", header.row_bytes()))
                .allowed(format!("at most {LONGEST_ROW} bytes")));
        }
        Ok(header)
    }

    /// The data of the IHDR chunk.
    pub(crate) fn bytes(&self) -> [u8; 13] {
        let mut out = [0; 13];
        out[..4].copy_from_slice(&self.columns.to_be_bytes());
        out[4..8].copy_from_slice(&self.rows.to_be_bytes());
        out[8] = self.depth;
        out[9] = self.color as u8;
        out[12] = self.interlaced.into();
        out
    }

    /// The sample type in memory.
    pub(crate) const fn sample(&self) -> SampleType {
        if self.depth == 16 { SampleType::UInt16 } else { SampleType::UInt8 }
    }

    /// The largest sample.
    pub(crate) const fn largest_sample(&self) -> u16 {
        ((1u32 << self.depth) - 1) as u16
    }

    /// Bytes of a stored row, without its filter type.
    pub(crate) const fn row_bytes(&self) -> u64 {
        (self.columns as u64 * self.color.bands() as u64 * self.depth as u64).div_ceil(8)
    }

    /// Bytes of a row in memory, with samples of whole bytes.
    pub(crate) const fn memory_row_bytes(&self) -> u64 {
        self.columns as u64 * self.color.bands() as u64 * self.sample().bytes() as u64
    }

    /// Bytes of a stored pixel, at least one: the distance to the left neighbour in a filter.
    pub(crate) const fn pixel_bytes(&self) -> usize {
        (self.color.bands() as usize * self.depth as usize).div_ceil(8)
    }
}

/// The largest number of columns, rows, and bytes of a chunk (7.1).
pub(crate) const LARGEST: u32 = (1 << 31) - 1;

/// The longest row that can be written: a band of rows is one chunk, whose length has 31 bits.
const LONGEST_ROW: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_combinations_of_the_standard_are_headers() {
        let mut good = 0;
        for (depth, color) in (0..=32u8).flat_map(|depth| (0..8u8).map(move |color| (depth, color))) {
            let data = [0, 0, 0, 9, 0, 0, 0, 2, depth, color, 0, 0, 1];
            if let Ok(header) = Header::parse(&data) {
                assert_eq!(header.bytes(), data);
                good += 1;
            }
        }
        assert_eq!(good, 15);
        assert!(Header::parse(&[0, 0, 0, 0, 0, 0, 0, 2, 8, 0, 0, 0, 0]).is_err());
        assert!(Header::parse(&[128, 0, 0, 0, 0, 0, 0, 2, 8, 0, 0, 0, 0]).is_err());
        assert!(Header::parse(&[0, 0, 0, 1, 0, 0, 0, 2, 8, 0, 0, 0, 2]).is_err());
        assert!(Header::parse(&[0, 0, 0, 1, 0, 0, 0, 2, 8, 0, 1, 0, 0]).is_err());
    }
}
