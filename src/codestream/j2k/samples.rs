//! The samples of decoded components as pixels of an image.

use super::level::{Area, Level, samples};
use crate::codec::j2k::markers::Component;
use crate::codec::j2k::tile_decoder::{DecodedPlane, DecodedSamples};
use crate::error::{Error, Result};
use crate::image::SampleType;

/// The smallest sample type that holds the samples of every component, and the bits it needs.
pub(super) fn sample_type(components: &[Component]) -> (SampleType, u32) {
    use SampleType as S;
    let is_signed = components.iter().any(is_signed);
    let bits = components.iter().map(|part| bits(part) + u32::from(is_signed && !self::is_signed(part)));
    let bits = bits.max().unwrap_or(1);
    let sample = match (bits, is_signed) {
        (..=8, false) => S::UInt8,
        (..=8, true) => S::Int8,
        (..=16, false) => S::UInt16,
        (..=16, true) => S::Int16,
        (..=32, false) => S::UInt32,
        (..=32, true) => S::Int32,
        (_, false) => S::UInt64,
        (_, true) => S::Int64,
    };
    (sample, bits)
}

/// Bits of a sample.
pub(super) fn bits(component: &Component) -> u32 {
    u32::from(component.depth & 0x7F) + 1
}

/// True if samples are signed.
pub(super) fn is_signed(component: &Component) -> bool {
    component.depth & 0x80 != 0
}

/// Writes row `y` of the pixels of an area from a component to `out`.
///
/// # Errors
/// [`Error::Malformed`] if the decoder returned another number of samples than the header states.
pub(super) fn put_row(
    level: &Level,
    area: &Area,
    component: &Component,
    plane: &DecodedPlane<'_>,
    y: u32,
    (sample, out): (SampleType, &mut [u8]),
) -> Result<()> {
    match plane.samples {
        DecodedSamples::Narrow(samples) => {
            put_row_of(level, area, component, (samples, plane.columns), y, (sample, out))
        }
        DecodedSamples::Wide(samples) => put_row_of(level, area, component, (samples, plane.columns), y, (sample, out)),
    }
}

fn put_row_of<T: Decoded>(
    level: &Level,
    area: &Area,
    component: &Component,
    (plane, plane_columns): (&[T], u32),
    y: u32,
    (sample, out): (SampleType, &mut [u8]),
) -> Result<()> {
    let steps = (u64::from(component.dx) << level.reduction, u64::from(component.dy) << level.reduction);
    let Area { pixels, tile, decoded } = area;
    let across = samples((decoded.x0, decoded.x1), steps.0);
    let down = samples((decoded.y0, decoded.y1), steps.1);
    let columns = across.len();
    if plane_columns as usize != columns || plane.len() != columns * down.len() {
        let found = format!("{} in {plane_columns} columns", plane.len());
        let allowed = format!("{} × {columns}", down.len());
        return Err(Error::malformed("tile: decoded samples").found(found).allowed(allowed));
    }
    if plane.is_empty() {
        return Err(Error::unsupported("tile without samples of a component"));
    }
    let step = level.step();
    let row = Level::sample_of(pixels.y0 + y, step.1, steps.1, &samples((tile.y0, tile.y1), steps.1)) - down.start;
    let row = &plane[row as usize * columns..][..columns];
    if step.0 == steps.0 {
        T::put(row[(pixels.x0 - across.start) as usize..].iter().copied(), sample.bytes(), out);
    } else {
        let of_tile = samples((tile.x0, tile.x1), steps.0);
        let column = |x: u32| row[(Level::sample_of(x, step.0, steps.0, &of_tile) - across.start) as usize];
        T::put((pixels.x0..pixels.x1).map(column), sample.bytes(), out);
    }
    Ok(())
}

/// A type of decoded samples.
trait Decoded: Copy {
    /// Writes samples of so many bytes, which hold them, in native byte order.
    fn put(values: impl Iterator<Item = Self>, bytes: usize, out: &mut [u8]);
}

impl Decoded for i32 {
    fn put(values: impl Iterator<Item = Self>, bytes: usize, out: &mut [u8]) {
        match bytes {
            1 => out.iter_mut().zip(values).for_each(|(out, sample)| *out = sample as u8),
            2 => each(out, values, |sample| (sample as u16).to_ne_bytes()),
            4 => each(out, values, Self::to_ne_bytes),
            _ => each(out, values, |sample| i64::from(sample).to_ne_bytes()),
        }
    }
}

impl Decoded for i64 {
    /// Samples of at most 31 bits are of the other type.
    fn put(values: impl Iterator<Item = Self>, bytes: usize, out: &mut [u8]) {
        match bytes {
            4 => each(out, values, |sample| (sample as u32).to_ne_bytes()),
            _ => each(out, values, Self::to_ne_bytes),
        }
    }
}

fn each<T, const N: usize>(out: &mut [u8], values: impl Iterator<Item = T>, bytes: impl Fn(T) -> [u8; N]) {
    out.as_chunks_mut::<N>().0.iter_mut().zip(values).for_each(|(out, sample)| *out = bytes(sample));
}
