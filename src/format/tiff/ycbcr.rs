//! YCbCr stored without JPEG: unpacks data units and converts colours to RGB (TIFF 6.0 §20, §21).

use super::directory::Directory;
use super::field::FieldValue;
use super::tags;
use crate::error::Result;

/// The data units of a block. Each holds the luminance samples of a few pixels, row by row, and then one sample of each
/// chrominance, which all those pixels share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DataUnits {
    horizontal: u32,
    vertical: u32,
    tables: Box<Tables>,
}

/// Contributions of each sample value: a pixel takes additions only. Those to green are in units of 1/65536.
#[derive(Debug, Clone, PartialEq)]
struct Tables {
    luminance: [i32; 256],
    cr_to_red: [i32; 256],
    cb_to_blue: [i32; 256],
    cr_to_green: [i32; 256],
    cb_to_green: [i32; 256],
}

/// Luminance of red, green and blue if `YCbCrCoefficients` is absent (CCIR 601-1).
const COEFFICIENTS: [f32; 3] = [0.299, 0.587, 0.114];

/// Black and white of Y, Cb and Cr if `ReferenceBlackWhite` is absent.
const BLACK_WHITE: [f32; 6] = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0];

/// Bits of the fraction in fixed-point numbers.
const FRACTION: u32 = 16;

/// Columns and rows that share a chrominance sample: `YCbCrSubSampling`, or 2 and 2 if it is absent.
///
/// # Errors
/// [`crate::Error::Malformed`] for factors other than 1, 2 and 4.
pub(super) fn subsampling(directory: &Directory) -> Result<(u8, u8)> {
    match directory.get(tags::YCBCR_SUB_SAMPLING)? {
        None => Ok((2, 2)),
        Some(FieldValue::Unsigned(values)) => match values[..] {
            [horizontal @ (1 | 2 | 4), vertical @ (1 | 2 | 4)] => Ok((horizontal as u8, vertical as u8)),
            _ => Err(directory
                .malformed(tags::YCBCR_SUB_SAMPLING, format!("{values:?}"))
                .allowed("two factors of 1, 2 or 4")),
        },
        Some(_) => Err(directory.malformed(tags::YCBCR_SUB_SAMPLING, "not unsigned integers")),
    }
}

impl DataUnits {
    /// Reads the fields that define luminance and chrominance.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] if a field does not hold the right count of finite numbers, or a coefficient is not above 0.
    pub(super) fn read(directory: &Directory, horizontal: u8, vertical: u8) -> Result<Self> {
        let coefficients = numbers(directory, tags::YCBCR_COEFFICIENTS, COEFFICIENTS)?;
        if coefficients.iter().any(|value| *value <= 0.0) {
            return Err(directory
                .malformed(tags::YCBCR_COEFFICIENTS, format!("{coefficients:?}"))
                .allowed("numbers above 0"));
        }
        let black_white = numbers(directory, tags::REFERENCE_BLACK_WHITE, BLACK_WHITE)?;
        let tables = Box::new(Tables::new(coefficients, black_white));
        Ok(Self { horizontal: horizontal.into(), vertical: vertical.into(), tables })
    }

    /// Bytes of a data unit.
    pub(super) const fn bytes(&self) -> u32 {
        self.horizontal * self.vertical + 2
    }

    /// Data units across and down in a block of `columns` × `rows`.
    pub(super) const fn count(&self, columns: u32, rows: u32) -> (u32, u32) {
        (columns.div_ceil(self.horizontal), rows.div_ceil(self.vertical))
    }

    /// Rows of pixels that `unit_rows` rows of data units hold.
    pub(super) const fn rows(&self, unit_rows: u32) -> u32 {
        unit_rows.saturating_mul(self.vertical)
    }

    /// Converts the data units of a block to RGB pixels; `out` holds rows of `columns` pixels.
    pub(super) fn to_rgb(&self, units: &[u8], columns: usize, out: &mut [u8]) {
        let (horizontal, vertical) = (self.horizontal as usize, self.vertical as usize);
        let unit_bytes = self.bytes() as usize;
        let unit_row = columns.div_ceil(horizontal) * unit_bytes;
        for (y, row) in out.chunks_exact_mut(columns * 3).enumerate() {
            let units = units[y / vertical * unit_row..][..unit_row].chunks_exact(unit_bytes);
            let start = y % vertical * horizontal;
            for (unit, pixels) in units.zip(row.chunks_mut(horizontal * 3)) {
                let [cb, cr] = [unit[unit_bytes - 2], unit[unit_bytes - 1]];
                for (luminance, pixel) in unit[start..].iter().zip(pixels.chunks_exact_mut(3)) {
                    pixel.copy_from_slice(&self.tables.rgb(*luminance, cb, cr));
                }
            }
        }
    }
}

impl Tables {
    /// The tables of TIFF 6.0 §21 in fixed-point arithmetic, on which readers agree to the last bit: colour differences are
    /// integers, factors have 16 bits of fraction.
    fn new([red, green, blue]: [f32; 3], black_white: [f32; 6]) -> Self {
        let fixed = |factor: f32| (f64::from(factor.clamp(0.0, 2.0)) * f64::from(1 << FRACTION) + 0.5) as i32;
        let (red_factor, blue_factor) = (2.0 - 2.0 * red, 2.0 - 2.0 * blue);
        let green_by_red = -fixed(red * red_factor / green);
        let green_by_blue = -fixed(blue * blue_factor / green);
        let half = 1 << (FRACTION - 1);
        let mut tables = Self {
            luminance: [0; 256],
            cr_to_red: [0; 256],
            cb_to_blue: [0; 256],
            cr_to_green: [0; 256],
            cb_to_green: [0; 256],
        };
        let [grey_range, blue_range, red_range] = [0, 2, 4].map(|place| [black_white[place], black_white[place + 1]]);
        let chrominance = |code: usize, range: [f32; 2]| scale(code as i32 - 128, range.map(|end| end - 128.0), 127.0);
        for code in 0..256 {
            tables.luminance[code] = scale(code as i32, grey_range, 255.0);
            let cr = chrominance(code, red_range);
            tables.cr_to_red[code] = (fixed(red_factor) * cr + half) >> FRACTION;
            tables.cr_to_green[code] = green_by_red * cr;
            let cb = chrominance(code, blue_range);
            tables.cb_to_blue[code] = (fixed(blue_factor) * cb + half) >> FRACTION;
            tables.cb_to_green[code] = green_by_blue * cb + half;
        }
        tables
    }

    fn rgb(&self, luminance: u8, cb: u8, cr: u8) -> [u8; 3] {
        let (cb, cr) = (cb as usize, cr as usize);
        let luminance = self.luminance[luminance as usize];
        let green = (self.cb_to_green[cb] + self.cr_to_green[cr]) >> FRACTION;
        [luminance + self.cr_to_red[cr], luminance + green, luminance + self.cb_to_blue[cb]]
            .map(|value| value.clamp(0, 255) as u8)
    }
}

/// Scales a code between black and white to an integer between 0 and `full`, bounded to keep factors from overflowing.
fn scale(code: i32, [black, white]: [f32; 2], full: f32) -> i32 {
    let black = black.trunc();
    let range = if white - black == 0.0 { 1.0 } else { white - black };
    ((code as f32 - black) * full / range).clamp(-4096.0, 4096.0) as i32
}

fn numbers<const N: usize>(directory: &Directory, tag: u16, default: [f32; N]) -> Result<[f32; N]> {
    let values: Vec<f32> = match directory.get(tag)? {
        None => return Ok(default),
        Some(FieldValue::Rationals(values)) => values.iter().map(|(n, d)| *n as f32 / *d as f32).collect(),
        Some(FieldValue::Floats(values)) => values.iter().map(|value| *value as f32).collect(),
        Some(FieldValue::Unsigned(values)) => values.iter().map(|value| *value as f32).collect(),
        Some(_) => Vec::new(),
    };
    let whole = <[f32; N]>::try_from(values).ok().filter(|values| values.iter().all(|value| value.is_finite()));
    whole.ok_or_else(|| directory.malformed(tag, "other values").allowed(format!("{N} finite numbers")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(horizontal: u32, vertical: u32) -> DataUnits {
        DataUnits { horizontal, vertical, tables: Box::new(Tables::new(COEFFICIENTS, BLACK_WHITE)) }
    }

    #[test]
    fn pixels_of_a_unit_share_their_chrominance() {
        // Two units of 2 × 2 side by side for three columns and two rows: grey, then one of strong red.
        let stored = [10, 20, 30, 40, 128, 128, 76, 0, 76, 0, 85, 255];
        let mut out = [0; 18];
        units(2, 2).to_rgb(&stored, 3, &mut out);
        assert_eq!(out[..6], [10, 10, 10, 20, 20, 20]);
        assert_eq!(out[9..15], [30, 30, 30, 40, 40, 40]);
        assert_eq!((out[6..9].to_vec(), out[15..18].to_vec()), (vec![254, 0, 0], vec![254, 0, 0]));
    }

    #[test]
    fn counts_are_rounded_up() {
        assert_eq!(units(4, 2).count(9, 3), (3, 2));
        assert_eq!(units(4, 2).bytes(), 10);
    }
}
