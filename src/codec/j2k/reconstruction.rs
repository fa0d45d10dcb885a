//! Reconstruction of coefficients (T.800 E.1): the code-blocks of a component, decoded and multiplied by the steps, where a part
//! of the image needs them.

use super::block_rows::{self, BandPart, Decoders};
use super::coefficients::Reconstructed;
use super::components::Component;
use super::dwt::Plane;
use super::geometry::Rect;
use super::idwt::{self, Halves};
use super::part1::BlockDecoder;
use super::tile_reader::{ReadComponent, ReadTile};
use crate::error::Result;
use crate::image::IdleThreads;

/// Decodes the code-blocks of a tile.
pub(crate) struct BlockReader<'t, T: Reconstructed> {
    tile: &'t ReadTile<'t>,
    idle: &'t IdleThreads,
    decoders: Decoders<T::Magnitude>,
    /// Memory of planes that are not needed any more. New memory costs as much as a stage of the decoder.
    spare: Vec<Vec<T>>,
}

impl<'t, T: Reconstructed> BlockReader<'t, T>
where
    BlockDecoder<T::Magnitude>: Default,
{
    pub(crate) fn new(tile: &'t ReadTile<'t>, idle: &'t IdleThreads) -> Self {
        Self { tile, idle, decoders: Decoders::default(), spare: Vec::new() }
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
        let [mut plane] = self.bands(component, 0, [(part, scales.of(0, (false, false)))])?;
        for (r, with_reach) in (1..=resolution).zip(surrounded.iter().rev()) {
            let [_, parts @ ..] = idwt::halves(*with_reach);
            let scale = |number: usize| scales.of(r, resolutions[r].bands[number].orientation.high());
            let bands = self.bands(component, r, [0, 1, 2].map(|number| (parts[number], scale(number))))?;
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

    /// The coefficients of the bands of a resolution, each in a rectangle and multiplied by a factor.
    fn bands<const N: usize>(
        &mut self,
        component: &ReadComponent,
        resolution: usize,
        parts: [(Rect, f64); N],
    ) -> Result<[Plane<T>; N]> {
        let mut planes = parts.map(|(part, _)| {
            let mut samples = self.memory(part.area() as usize);
            // The code-blocks cover the band: each writes its coefficients.
            samples.resize(part.area() as usize, T::default());
            Plane { width: part.width() as usize, samples }
        });
        let mut rows = Vec::new();
        for (number, (plane, (part, factor))) in planes.iter_mut().zip(parts).enumerate() {
            // The magnitudes are doubled.
            let scale = component.steps[resolution][number].step * factor / 2.0;
            let band = BandPart { tile: self.tile, component, band: (resolution, number), part, scale };
            rows.extend(band.rows(&mut plane.samples));
        }
        block_rows::decode(rows, &mut self.decoders, self.idle)?;
        Ok(planes)
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
