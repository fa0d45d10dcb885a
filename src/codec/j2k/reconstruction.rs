//! Reconstruction of coefficients (T.800 E.1): the code-blocks of a component, decoded and multiplied by the steps, where a part
//! of the image needs them.

use std::ops::Range;

use super::block_style::BlockStyle;
use super::components::Component;
use super::dwt::Plane;
use super::geometry::{Orientation, Rect};
use super::ht::{HtDecoder, HtShape, Sample};
use super::idwt::{self, Halves};
use super::packet_reader::ReadBlock;
use super::part1::{BlockDecoder, BlockShape, Magnitude, Segment};
use super::tile_reader::{ReadComponent, ReadTile};
use crate::error::{Error, Result};

/// A type of coefficients that are reconstructed.
pub(crate) trait Reconstructed: Component {
    /// What the block decoders return.
    type Magnitude: Sample;

    /// The coefficient of twice a magnitude, multiplied by `scale`.
    fn of_double(magnitude: Self::Magnitude, is_negative: bool, scale: f64) -> Self;
}

impl Reconstructed for i32 {
    type Magnitude = u32;

    #[inline(always)]
    fn of_double(magnitude: u32, is_negative: bool, _: f64) -> Self {
        let value = (magnitude >> 1) as i32;
        if is_negative { -value } else { value }
    }
}

impl Reconstructed for i64 {
    type Magnitude = u64;

    #[inline(always)]
    fn of_double(magnitude: u64, is_negative: bool, _: f64) -> Self {
        let value = (magnitude >> 1) as i64;
        if is_negative { -value } else { value }
    }
}

impl Reconstructed for f32 {
    type Magnitude = u32;

    #[inline(always)]
    fn of_double(magnitude: u32, is_negative: bool, scale: f64) -> Self {
        let scale = scale as f32;
        magnitude as f32 * if is_negative { -scale } else { scale }
    }
}

impl Reconstructed for f64 {
    type Magnitude = u64;

    #[inline(always)]
    fn of_double(magnitude: u64, is_negative: bool, scale: f64) -> Self {
        magnitude as f64 * if is_negative { -scale } else { scale }
    }
}

/// Decodes the code-blocks of a tile.
pub(crate) struct BlockReader<'t, T: Reconstructed> {
    tile: &'t ReadTile<'t>,
    part1: BlockDecoder<T::Magnitude>,
    high_throughput: HtDecoder<T::Magnitude>,
    /// The bytes of a block.
    bytes: Vec<u8>,
    /// Memory of planes that are not needed any more. New memory costs as much as a stage of the decoder.
    spare: Vec<Vec<T>>,
}

impl<'t, T: Reconstructed> BlockReader<'t, T>
where
    BlockDecoder<T::Magnitude>: Default,
{
    pub(crate) fn new(tile: &'t ReadTile<'t>) -> Self {
        let (part1, high_throughput) = Default::default();
        Self { tile, part1, high_throughput, bytes: Vec::new(), spare: Vec::new() }
    }

    /// The samples of a component in a part of one of its resolutions, before the transform of components.
    ///
    /// # Errors
    /// [`Error::Malformed`] for code-blocks that break the standard; [`Error::Unsupported`] for coefficients with too many bits.
    pub(crate) fn component(&mut self, component: &ReadComponent, resolution: usize, part: Rect) -> Result<Plane<T>> {
        let resolutions = &component.samples.resolutions[..=resolution];
        // From the highest resolution downwards: what is needed of each, and with what surrounds it.
        let (mut needed, mut surrounded) = (vec![part], Vec::new());
        let mut part = part;
        for resolution in resolutions[1..].iter().rev() {
            let with_reach = extended(part, idwt::reach::<T>(), resolution.bounds);
            part = idwt::halves(with_reach)[0];
            surrounded.push(with_reach);
            needed.push(part);
        }
        let scales = Scales::new::<T>(resolutions.iter().map(|resolution| resolution.bounds));
        let mut plane = self.band(component, (0, 0), part, scales.of(0, (false, false)))?;
        for (r, with_reach) in (1..=resolution).zip(surrounded.iter().rev()) {
            let [_, parts @ ..] = idwt::halves(*with_reach);
            let mut bands: [Plane<T>; 3] = Default::default();
            for (number, (band, part)) in bands.iter_mut().zip(parts).enumerate() {
                let high = resolutions[r].bands[number].orientation.high();
                *band = self.band(component, (r, number), part, scales.of(r, high))?;
            }
            let memory = self.memory(with_reach.area() as usize);
            let mut halves = Halves { low: plane, bands };
            let whole = idwt::inverse(&mut halves, *with_reach, memory);
            let Halves { low, bands } = halves;
            self.spare.extend(bands.into_iter().chain([low]).map(|plane| plane.samples));
            plane = cropped(whole, *with_reach, needed[resolution - r]);
        }
        Ok(plane)
    }

    /// Memory for some samples, which holds any samples.
    fn memory(&mut self, samples: usize) -> Vec<T> {
        let fits = self.spare.iter().position(|spare| spare.capacity() >= samples);
        fits.map_or_else(Vec::new, |at| self.spare.swap_remove(at))
    }

    /// The coefficients of a band in a rectangle.
    fn band(
        &mut self,
        component: &ReadComponent,
        (resolution, number): (usize, usize),
        part: Rect,
        scale: f64,
    ) -> Result<Plane<T>> {
        let width = part.width() as usize;
        let mut plane = Plane { width, samples: self.memory(part.area() as usize) };
        // The code-blocks cover the band: each writes its coefficients.
        plane.samples.resize(part.area() as usize, T::default());
        if part.is_empty() {
            return Ok(plane);
        }
        let orientation = component.samples.resolutions[resolution].bands[number].orientation;
        let step = component.steps[resolution][number];
        // The magnitudes are doubled.
        let scale = step.step * scale / 2.0;
        let tile = self.tile;
        for precinct in &tile.precincts[component.precincts(resolution)] {
            let band = &precinct.bands[number];
            for (place, block) in band.blocks.iter().enumerate() {
                let rect = band.array.block(place);
                if rect.intersect(&part).is_empty() {
                    continue;
                }
                if block.parts.is_empty() {
                    clear(rect, part, &mut plane);
                    continue;
                }
                let of_band = (orientation, step.planes);
                match (self.decode(component.style, block, rect, of_band), component.style) {
                    (Err(Error::Malformed(_)), _) if !tile.is_strict => clear(rect, part, &mut plane),
                    (Err(error), _) => return Err(error),
                    (Ok(()), BlockStyle::Part1(_)) => {
                        put(|y, columns| self.part1.row(y, columns), rect, part, scale, &mut plane);
                    }
                    (Ok(()), BlockStyle::HighThroughput { .. }) => {
                        put(|y, columns| self.high_throughput.row(y, columns), rect, part, scale, &mut plane);
                    }
                }
            }
        }
        Ok(plane)
    }

    /// Decodes a block of a band of some orientation and magnitude bits; the decoder of its style keeps it.
    fn decode(
        &mut self,
        style: BlockStyle,
        block: &ReadBlock,
        rect: Rect,
        (orientation, of_band): (Orientation, u32),
    ) -> Result<()> {
        let segments = self.segments(block)?;
        let (bytes, planes) = (&self.bytes, block.planes);
        let (width, height) = (rect.width() as usize, rect.height() as usize);
        let segments = segments.into_iter().map(|(passes, range)| Segment { passes, bytes: &bytes[range] });
        match style {
            BlockStyle::Part1(style) => {
                self.part1.decode(BlockShape { width, height, orientation, planes }, style, segments)
            }
            BlockStyle::HighThroughput { causal } => {
                self.high_throughput.decode(HtShape { width, height, of_band, planes, causal }, segments)
            }
        }
    }

    /// Gathers the segments of a block: the passes of each, and where its bytes are.
    fn segments(&mut self, block: &ReadBlock) -> Result<Vec<(u32, Range<usize>)>> {
        let most = T::Magnitude::PLANES;
        if block.planes > most {
            let error = Error::unsupported("bits of a wavelet coefficient:").found(block.planes);
            return Err(error.allowed(format!("at most {most}")));
        }
        self.bytes.clear();
        let mut segments: Vec<(u32, Range<usize>)> = Vec::new();
        for part in &block.parts {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(&self.tile.bytes[part.bytes.clone()]);
            match segments.last_mut() {
                Some((passes, range)) if !part.is_first => {
                    *passes += part.passes;
                    range.end = self.bytes.len();
                }
                _ => segments.push((part.passes, start..self.bytes.len())),
            }
        }
        Ok(segments)
    }
}

/// Sets the coefficients of a block without passes, which lies at `block`, to 0 in the plane of a part of the band.
fn clear<T: Reconstructed>(block: Rect, part: Rect, plane: &mut Plane<T>) {
    let both = block.intersect(&part);
    for y in both.y0..both.y1 {
        let row = plane.row_mut((y - part.y0) as usize);
        row[(both.x0 - part.x0) as usize..(both.x1 - part.x0) as usize].fill(T::default());
    }
}

/// Writes the coefficients of a decoded block, which lies at `block`, to the plane of a part of the band. `values` returns those
/// of a row in some columns.
fn put<T: Reconstructed, I: Iterator<Item = (T::Magnitude, bool)>>(
    values: impl Fn(usize, Range<usize>) -> I,
    block: Rect,
    part: Rect,
    scale: f64,
    plane: &mut Plane<T>,
) {
    let both = block.intersect(&part);
    let columns = (both.x0 - block.x0) as usize..(both.x1 - block.x0) as usize;
    for y in both.y0..both.y1 {
        let first = (y - part.y0) as usize * plane.width + (both.x0 - part.x0) as usize;
        let row = &mut plane.samples[first..first + columns.len()];
        let values = values((y - block.y0) as usize, columns.clone());
        for (sample, (magnitude, is_negative)) in row.iter_mut().zip(values) {
            *sample = T::of_double(magnitude, is_negative, scale);
        }
    }
}

/// What coefficients are multiplied by so that the filters need no scaling: the powers of K (F.3.8) of the resolution that a
/// band belongs to, and of all higher ones.
struct Scales {
    /// For each resolution, K in each direction.
    own: Vec<(f64, f64)>,
}

impl Scales {
    fn new<T: Component>(resolutions: impl Iterator<Item = Rect>) -> Self {
        // A single sample is not filtered, and so not scaled.
        let factor = |length: u32| if length == 1 { 1.0 } else { T::K };
        Self { own: resolutions.map(|bounds| (factor(bounds.width()), factor(bounds.height()))).collect() }
    }

    /// The factor for a band of a resolution that is high-pass in these directions.
    fn of(&self, resolution: usize, (high_x, high_y): (bool, bool)) -> f64 {
        let higher: f64 = self.own[resolution + 1..].iter().map(|(x, y)| x * y).product();
        if resolution == 0 {
            return higher;
        }
        let (x, y) = self.own[resolution];
        let factor = |factor: f64, is_high: bool| if is_high { 1.0 / factor } else { factor };
        higher * factor(x, high_x) * factor(y, high_y)
    }
}

/// A rectangle with some samples on each side, as far as there are.
fn extended(part: Rect, reach: u32, bounds: Rect) -> Rect {
    if part.is_empty() {
        return part;
    }
    let Rect { x0, y0, x1, y1 } = part;
    let wide = Rect {
        x0: x0.saturating_sub(reach),
        y0: y0.saturating_sub(reach),
        x1: x1.saturating_add(reach),
        y1: y1.saturating_add(reach),
    };
    wide.intersect(&bounds)
}

/// The part of a plane, which lies at `whole`.
fn cropped<T: Copy>(plane: Plane<T>, whole: Rect, part: Rect) -> Plane<T> {
    if whole == part {
        return plane;
    }
    let columns = (part.x0 - whole.x0) as usize..(part.x1 - whole.x0) as usize;
    let rows = (part.y0 - whole.y0) as usize..(part.y1 - whole.y0) as usize;
    let samples = rows.flat_map(|y| &plane.row(y)[columns.clone()]).copied().collect();
    Plane { width: columns.len(), samples }
}
