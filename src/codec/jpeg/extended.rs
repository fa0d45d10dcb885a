//! Decoding of samples of 12 bits with the cosine transform: the extended sequential process (ITU-T T.81 §F.2).
//!
//! Each component becomes a plane of samples. Subsampled ones are repeated: at 12 bits, other readers differ in how they
//! interpolate.

use super::ColorModel;
use super::huffman::{Bits, Codes, Short};
use super::markers::FrameHeader;
use super::scans::{Cut, Part, Scan, each_scan};
use super::tables::{QuantizerSteps, ZIGZAG};
use crate::error::{Error, Result};

/// The samples of a component, padded to whole MCUs.
struct Plane {
    /// Samples of a row.
    width: usize,
    samples: Vec<u16>,
    /// False until a scan has the component.
    is_seen: bool,
}

/// Decodes the normalised stream `plain` to interleaved samples of 2 bytes in native order.
///
/// # Errors
/// [`Error::Malformed`] for scans that end early or are missing.
pub(super) fn decode(frame: &FrameHeader, plain: &[u8], color: ColorModel, out: &mut [u8]) -> Result<()> {
    let planes = frame.components.iter().map(|part| {
        let (across, down) = frame.padded_units(*part);
        let width = 8 * across as usize;
        Plane { width, samples: vec![0; width * 8 * down as usize], is_seen: false }
    });
    let mut planes: Vec<Plane> = planes.collect();
    each_scan(frame, plain, |scan| decode_scan(frame, scan, &mut planes))?;
    let there = planes.iter().filter(|plane| plane.is_seen).count();
    if there < planes.len() {
        return Err(Error::malformed("JPEG stream: ends early,")
            .field("components")
            .found(there)
            .allowed(planes.len()));
    }
    join(frame, &planes, out);
    if matches!(color, ColorModel::YCbCr { .. }) && planes.len() == 3 {
        to_rgb(frame.precision, out);
    }
    Ok(())
}

fn decode_scan(frame: &FrameHeader, scan: &Scan<'_>, planes: &mut [Plane]) -> std::result::Result<usize, Cut> {
    let middle = f32::from(1u16 << (frame.precision - 1));
    let mut predictions = [0i32; 4];
    scan.each_unit(frame, |(row, column), bits, restarts| {
        if restarts {
            predictions = [0; 4];
        }
        for Part { component, dc, ac, factors: (h, v) } in &scan.parts {
            let codes = (dc.ok_or(Short)?, ac.ok_or(Short)?);
            let steps = scan.steps[usize::from(frame.components[*component].table)].as_ref().ok_or(Short)?;
            let Plane { width, samples, is_seen } = &mut planes[*component];
            *is_seen = true;
            for y in row * v..(row + 1) * v {
                for x in column * h..(column + 1) * h {
                    let mut block = coefficients(bits, codes, steps, &mut predictions[*component])?;
                    inverse_dct(&mut block);
                    let first = 8 * (y as usize * *width + x as usize);
                    for (line, values) in samples[first..].chunks_mut(*width).zip(block.as_chunks::<8>().0) {
                        for (sample, value) in line.iter_mut().zip(values) {
                            *sample = (value + middle).round().clamp(0.0, 2.0 * middle - 1.0) as u16;
                        }
                    }
                }
            }
        }
        Ok(())
    })
}

/// The dequantised coefficients of a block in row-major order (§F.2.2). `prediction` is the last DC coefficient.
fn coefficients(
    bits: &mut Bits<'_>,
    (dc, ac): (&Codes, &Codes),
    steps: &QuantizerSteps,
    prediction: &mut i32,
) -> std::result::Result<[f32; 64], Short> {
    let mut block = [0.0; 64];
    let size = bits.symbol(dc)?;
    if size > 15 {
        return Err(Short);
    }
    *prediction = prediction.wrapping_add(bits.signed(size.into())?);
    block[0] = *prediction as f32 * f32::from(steps[0]);
    bits.ac(ac, |bits, k, size| {
        let place = usize::from(*ZIGZAG.get(k).ok_or(Short)?);
        block[place] = bits.signed(size)? as f32 * f32::from(steps[place]);
        Ok(())
    })?;
    Ok(block)
}

/// The inverse cosine transform (§A.3.3): columns, then rows.
fn inverse_dct(block: &mut [f32; 64]) {
    let lines = block.as_chunks::<8>().0;
    let mut columns = [[0.0f32; 8]; 8];
    for (line, cosines) in lines.iter().zip(&COSINES) {
        if line.iter().any(|value| *value != 0.0) {
            for (sums, cosine) in columns.iter_mut().zip(cosines) {
                sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += value * cosine);
            }
        }
    }
    for (out, line) in block.as_chunks_mut::<8>().0.iter_mut().zip(&columns) {
        let mut sums = [0.0f32; 8];
        for (value, cosines) in line.iter().zip(&COSINES) {
            sums.iter_mut().zip(cosines).for_each(|(sum, cosine)| *sum += value * cosine);
        }
        *out = sums;
    }
}

/// Writes the planes as interleaved samples.
fn join(frame: &FrameHeader, planes: &[Plane], out: &mut [u8]) {
    let (horizontal, vertical) = if planes.len() > 1 { frame.sampling() } else { (1, 1) };
    let count = planes.len();
    for (number, (part, plane)) in frame.components.iter().zip(planes).enumerate() {
        let (h, v) = if count > 1 { (part.horizontal, part.vertical) } else { (1, 1) };
        let place = |at: usize, own: u8, most: u8| at * usize::from(own) / usize::from(most);
        for (y, row) in out.chunks_exact_mut(2 * count * usize::from(frame.columns)).enumerate() {
            let line = &plane.samples[place(y, v, vertical) * plane.width..][..plane.width];
            for (x, pixel) in row.chunks_exact_mut(2 * count).enumerate() {
                pixel[2 * number..2 * number + 2].copy_from_slice(&line[place(x, h, horizontal)].to_ne_bytes());
            }
        }
    }
}

/// Converts luminance and chrominance to red, green and blue (ITU-R BT.601).
fn to_rgb(precision: u8, out: &mut [u8]) {
    let (middle, largest) = (f32::from(1u16 << (precision - 1)), f32::from(u16::MAX >> (16 - precision)));
    for pixel in out.chunks_exact_mut(6) {
        let [y, cb, cr] = [0, 2, 4].map(|at| f32::from(u16::from_ne_bytes([pixel[at], pixel[at + 1]])));
        let (cb, cr) = (cb - middle, cr - middle);
        let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        for (sample, value) in pixel.as_chunks_mut::<2>().0.iter_mut().zip(rgb) {
            *sample = (value.round().clamp(0.0, largest) as u16).to_ne_bytes();
        }
    }
}

/// For each frequency, its cosine at the eight samples, with the factors of the transform: cos((2x + 1)uπ/16)/2, and √½ of it
/// for frequency 0.
#[rustfmt::skip]
const COSINES: [[f32; 8]; 8] = {
    const C: [f32; 8] = [
        0.353_553_4, 0.490_392_65, 0.461_939_77, 0.415_734_8, 0.353_553_4, 0.277_785_12, 0.191_341_72, 0.097_545_16,
    ];
    [
        [C[0], C[0], C[0], C[0], C[0], C[0], C[0], C[0]],
        [C[1], C[3], C[5], C[7], -C[7], -C[5], -C[3], -C[1]],
        [C[2], C[6], -C[6], -C[2], -C[2], -C[6], C[6], C[2]],
        [C[3], -C[7], -C[1], -C[5], C[5], C[1], C[7], -C[3]],
        [C[4], -C[4], -C[4], C[4], C[4], -C[4], -C[4], C[4]],
        [C[5], -C[1], C[7], C[3], -C[3], -C[7], C[1], -C[5]],
        [C[6], -C[2], C[2], -C[6], -C[6], C[2], -C[2], C[6]],
        [C[7], -C[5], C[3], -C[1], C[1], -C[3], C[5], -C[7]],
    ]
};
