//! Coding of a tile: components, wavelet, quantiser, code-blocks, layers, packets. Each stage has its own file.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::components::{self, Component};
use super::dwt::{self, Plane};
use super::geometry::{Band, Rect, TileComponent};
use super::ht::{HtCoder, Passes};
use super::layers::{self, Allocation, Budget, Precinct};
use super::markers::CodingStyle;
use super::packet::{Block, PrecinctState};
use super::part1::{self, BlockCoder, BlockSamples, CodedBlock, Style};
use super::progression::{PrecinctId, Progression, precincts};
use super::quantization::{BandStep, Quantizer};
use crate::error::{Error, Result};
use crate::image::SampleType;

/// How the tiles of an image are coded.
#[derive(Debug, Clone)]
pub(crate) struct TileCoding {
    /// Type of the samples.
    pub sample: SampleType,
    /// Bits of a sample.
    pub bits: u8,
    /// Components, all of the same type and on every place of the reference grid.
    pub components: usize,
    /// The first three components are transformed.
    pub is_transformed: bool,
    /// Decompositions, code-blocks, precincts.
    pub style: CodingStyle,
    /// The order of packets.
    pub progression: Progression,
    /// The steps.
    pub quantizer: Quantizer,
}

/// The coefficients of a band, quantised.
struct CodedBand<T> {
    plane: Plane<T>,
    band: Band,
    step: BandStep,
    /// The squared error of the image per squared step.
    weight: f64,
}

/// A component of a tile after the wavelet.
struct Transformed<T> {
    samples: TileComponent,
    /// By resolution and band.
    bands: Vec<Vec<CodedBand<T>>>,
}

/// The coder of the blocks.
#[derive(Debug, Clone, Copy)]
enum Coder {
    /// With this style, of coefficients that are exact or not.
    Part1(Style, bool),
    /// Part 15.
    HighThroughput(Passes),
}

/// A code-block to be coded: its band, and its place in the band.
struct Job<'b, T> {
    band: &'b CodedBand<T>,
    rect: Rect,
}

/// The planes of coefficients that are coded.
#[derive(Debug, Clone, Copy)]
struct Planes {
    /// Bits below the quantiser's step.
    fraction: u32,
    /// The lowest plane, from the step upwards.
    lowest: u32,
}

/// Bits below the step that are kept of irreversible coefficients. They refine the estimate of the error.
const FRACTION: u32 = 3;

/// Planes that are coded in addition if the first choice was too shallow.
const DEEPER: u32 = 2;

/// The highest plane that is tried: samples have 31 bits.
const HIGHEST_PLANE: u32 = 30 - FRACTION;

/// The code-blocks of a tile by precinct.
struct CodedTile {
    ids: Vec<PrecinctId>,
    precincts: Vec<Precinct>,
}

impl TileCoding {
    /// Appends the packets of a tile and returns their lengths. `bytes` holds its samples, band after band; `budgets` are the
    /// layers; `threads` code its blocks.
    ///
    /// # Errors
    /// [`Error::Usage`] for a sample that needs more bits than those stated.
    pub(crate) fn encode(
        &self,
        tile: Rect,
        bytes: &[u8],
        budgets: &[Budget],
        threads: usize,
        out: &mut Vec<u8>,
    ) -> Result<Vec<u32>> {
        components::check(bytes, self.sample, u32::from(self.bits))?;
        let (coded, allocation) = if !self.quantizer.is_reversible() {
            self.irreversible(tile, bytes, budgets, threads)?
        } else if u32::from(self.bits) + u32::from(self.is_transformed) <= components::NARROW_BITS {
            self.reversible::<i32>(tile, bytes, budgets, threads)?
        } else {
            self.reversible::<i64>(tile, bytes, budgets, threads)?
        };
        Ok(self.write(&coded, &allocation, out))
    }

    /// The packets of a layer of a tile in each resolution.
    pub(crate) fn packet_counts(&self, tile: Rect) -> Vec<usize> {
        let samples = TileComponent::new(tile, &self.style);
        samples.resolutions.iter().map(|resolution| resolution.count() as usize * self.components).collect()
    }

    fn write(&self, coded: &CodedTile, allocation: &Allocation, out: &mut Vec<u8>) -> Vec<u32> {
        let CodedTile { ids, precincts } = coded;
        let mut states: Vec<_> = precincts.iter().map(|one| PrecinctState::new(&one.arrays, &one.blocks)).collect();
        let packet = |(layer, n): (u32, usize)| {
            let (one, state, until) = (&precincts[n], &mut states[n], &allocation[layer as usize][n]);
            let start = out.len();
            let parts: Vec<_> = state.parts(&one.blocks, until).collect();
            state.write_header(layer, &one.blocks, until, out);
            for part in parts {
                out.extend_from_slice(part);
            }
            (out.len() - start) as u32
        };
        self.progression.packets(ids, allocation.len() as u32).map(packet).collect()
    }

    fn reversible<T>(
        &self,
        tile: Rect,
        bytes: &[u8],
        budgets: &[Budget],
        threads: usize,
    ) -> Result<(CodedTile, Allocation)>
    where
        T: Component + part1::Coefficient,
    {
        let coded = self.code(tile, &self.transform::<T>(tile, bytes), Planes::ALL, threads)?;
        let allocation = layers::allocate(&coded.precincts, budgets);
        Ok((coded, allocation))
    }

    fn irreversible(
        &self,
        tile: Rect,
        bytes: &[u8],
        budgets: &[Budget],
        threads: usize,
    ) -> Result<(CodedTile, Allocation)> {
        let transformed: Vec<_> = self.transform::<f32>(tile, bytes).into_iter().map(Transformed::quantized).collect();
        let samples = || transformed.iter().flat_map(|component| component.bands.iter().flatten());
        let mut lowest = match budgets.last() {
            Some(Budget::Bytes(bytes)) => lowest_plane(samples().flat_map(|band| &band.plane.samples), 8 * bytes),
            _ => 0,
        };
        if self.style.is_high_throughput() {
            return self.high_throughput(tile, &transformed, lowest + 1, budgets, threads);
        }
        loop {
            let coded = self.code(tile, &transformed, Planes { fraction: FRACTION, lowest }, threads)?;
            let allocation = layers::allocate(&coded.precincts, budgets);
            if lowest == 0 || !layers::is_starved(&coded.precincts, &allocation) {
                return Ok((coded, allocation));
            }
            lowest = lowest.saturating_sub(DEEPER);
        }
    }

    /// The blocks of Part 15 have the passes of two planes. Beginning at the plane `lowest`, those that leave the least error are
    /// found: upwards, or else downwards.
    fn high_throughput(
        &self,
        tile: Rect,
        components: &[Transformed<i32>],
        lowest: u32,
        budgets: &[Budget],
        threads: usize,
    ) -> Result<(CodedTile, Allocation)> {
        let at = |lowest: u32| -> Result<(f64, CodedTile, Allocation)> {
            let coded = self.code(tile, components, Planes { fraction: FRACTION, lowest }, threads)?;
            let allocation = layers::allocate(&coded.precincts, budgets);
            Ok((layers::gain(&coded.precincts, &allocation), coded, allocation))
        };
        // A few large blocks may fill a budget badly: then the next plane decides, in which they take fewer bytes.
        let is_unsettled = |(_, coded, allocation): &(f64, CodedTile, Allocation)| match budgets.last() {
            Some(Budget::Bytes(bytes)) => layers::is_underused(&coded.precincts, allocation, *bytes),
            _ => false,
        };
        let mut best = at(lowest)?;
        let mut climb = |planes: &mut dyn Iterator<Item = u32>, is_upwards: bool| -> Result<bool> {
            let mut is_better = false;
            for plane in planes {
                let found = at(plane)?;
                if found.0 > best.0 {
                    (best, is_better) = (found, true);
                } else if !is_upwards || !is_unsettled(&found) {
                    break;
                }
            }
            Ok(is_better)
        };
        if !climb(&mut (lowest + 1..=HIGHEST_PLANE), true)? {
            climb(&mut (0..lowest).rev(), false)?;
        }
        Ok((best.1, best.2))
    }

    /// The wavelet coefficients of every component.
    fn transform<T: Component>(&self, tile: Rect, bytes: &[u8]) -> Vec<Transformed<T>> {
        let width = tile.width() as usize;
        let shift = components::level_shift(self.sample, u32::from(self.bits));
        let mut planes = components::planes::<T>(bytes, self.sample, width, self.components, shift);
        if self.is_transformed
            && let Some(first) = planes.first_chunk_mut()
        {
            T::transform(first);
        }
        let component = |(number, plane): (usize, Plane<T>)| {
            let norm = if self.is_transformed { T::NORMS.get(number).copied().unwrap_or(1.0) } else { 1.0 };
            self.decompose(tile, plane, norm)
        };
        planes.into_iter().enumerate().map(component).collect()
    }

    fn decompose<T: Component>(&self, tile: Rect, mut plane: Plane<T>, norm: f64) -> Transformed<T> {
        let samples = TileComponent::new(tile, &self.style);
        let coded = |plane: Plane<T>, band: &Band| {
            let step = self.quantizer.of(band);
            CodedBand { plane, band: *band, step, weight: step.weight * norm }
        };
        let mut bands = Vec::new();
        for resolution in samples.resolutions[1..].iter().rev() {
            let level = dwt::forward(plane, resolution.bounds);
            bands
                .push(level.bands.into_iter().zip(&resolution.bands).map(|(plane, band)| coded(plane, band)).collect());
            plane = level.low;
        }
        bands.push(vec![coded(plane, &samples.resolutions[0].bands[0])]);
        bands.reverse();
        Transformed { samples, bands }
    }

    /// Codes every block.
    fn code<T>(&self, tile: Rect, components: &[Transformed<T>], planes: Planes, threads: usize) -> Result<CodedTile>
    where
        T: part1::Coefficient + Sync,
    {
        let ids: Vec<_> = components
            .iter()
            .enumerate()
            .flat_map(|(number, component)| precincts(number, tile, &component.samples, (1, 1)))
            .collect();
        let (mut jobs, mut all) = (Vec::new(), Vec::new());
        for id in &ids {
            let component = &components[id.component];
            let resolution = &component.samples.resolutions[id.resolution];
            let mut precinct = Precinct { arrays: Vec::new(), blocks: Vec::new(), weights: Vec::new() };
            for band in &component.bands[id.resolution] {
                let array = band.band.blocks(resolution, id.number);
                precinct.arrays.push(array.size);
                // Distortions are in units of the lowest plane that is coded.
                let weight = band.weight * f64::from(planes.lowest).exp2().powi(2);
                precinct.weights.extend(std::iter::repeat_n(weight, array.count()));
                jobs.extend((0..array.count()).map(|n| Job { band, rect: array.block(n) }));
            }
            all.push(precinct);
        }
        let block_coder = match (self.style.is_high_throughput(), self.quantizer.is_reversible()) {
            (false, is_exact) => Coder::Part1(Style::of(self.style.block_style), is_exact),
            (true, true) => Coder::HighThroughput(Passes::Cleanup),
            (true, false) => {
                let causal = self.style.block_style & Style::CAUSAL != 0;
                Coder::HighThroughput(Passes::Three { causal })
            }
        };
        let mut coded = code_blocks(&jobs, planes, block_coder, threads)?.into_iter();
        for precinct in &mut all {
            precinct.blocks = coded.by_ref().take(precinct.weights.len()).collect();
        }
        Ok(CodedTile { ids, precincts: all })
    }
}

impl Planes {
    /// Every bit of integers.
    const ALL: Self = Self { fraction: 0, lowest: 0 };
}

impl Transformed<f32> {
    fn quantized(self) -> Transformed<i32> {
        let bands = self.bands.into_iter().map(|bands| bands.into_iter().map(CodedBand::quantized).collect());
        Transformed { samples: self.samples, bands: bands.collect() }
    }
}

/// The lowest plane worth coding if a tile may take so many bits. The estimate counts the bits of significant coefficients and
/// their signs; it is too low, and the plane below is coded as well.
fn lowest_plane<'s>(samples: impl Iterator<Item = &'s i32>, bits: u64) -> u32 {
    let mut lengths = [0u64; 33];
    samples.for_each(|sample| lengths[(32 - sample.unsigned_abs().leading_zeros()) as usize] += 1);
    let cost = |plane: usize| -> u64 {
        let longer = lengths.iter().enumerate().skip(plane + 1);
        longer.map(|(length, count)| (length - plane) as u64 * count + count).sum()
    };
    let reached = (FRACTION as usize..32).rev().find(|plane| cost(*plane) >= bits).unwrap_or(FRACTION as usize);
    (reached as u32 - FRACTION).saturating_sub(1)
}

impl CodedBand<f32> {
    /// The coefficients in units of the step, with [`FRACTION`] bits below it.
    fn quantized(self) -> CodedBand<i32> {
        let scale = (f64::from(1 << FRACTION) / self.step.step) as f32;
        let samples = self.plane.samples.iter().map(|sample| (sample * scale) as i32).collect();
        let Self { band, step, weight, .. } = self;
        CodedBand { plane: Plane { width: self.plane.width, samples }, band, step, weight }
    }
}

/// Codes blocks on several threads. The result does not depend on their number.
fn code_blocks<T>(jobs: &[Job<'_, T>], planes: Planes, coder: Coder, threads: usize) -> Result<Vec<Block>>
where
    T: part1::Coefficient + Sync,
{
    // From the highest resolution down: its blocks are the largest, and the small ones at the end keep all threads busy.
    let next = AtomicUsize::new(jobs.len());
    let blocks: Vec<OnceLock<CodedBlock>> = jobs.iter().map(|_| OnceLock::new()).collect();
    let work = || {
        let next = || {
            let left = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            left.ok().map(|left| (left - 1, jobs[left - 1].samples(planes), jobs[left - 1].band.band.orientation))
        };
        let done = |number: usize, block| {
            blocks[number].get_or_init(|| block);
        };
        match coder {
            Coder::Part1(style, is_exact) => BlockCoder::default().encode_all(style, is_exact, next, done),
            Coder::HighThroughput(passes) => {
                let mut coder = HtCoder::default();
                while let Some((number, samples, _)) = next() {
                    done(number, coder.encode(&samples, passes));
                }
            }
        }
    };
    if threads <= 1 {
        work();
    } else {
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    }
    let blocks = blocks.into_iter().filter_map(OnceLock::into_inner);
    jobs.iter().zip(blocks).map(|(job, block)| job.block(block, planes)).collect()
}

impl<T: part1::Coefficient> Job<'_, T> {
    fn samples(&self, planes: Planes) -> BlockSamples<'_, T> {
        let CodedBand { plane, band, .. } = self.band;
        let (x, y) = ((self.rect.x0 - band.bounds.x0) as usize, (self.rect.y0 - band.bounds.y0) as usize);
        let (width, height) = (self.rect.width() as usize, self.rect.height() as usize);
        let samples = &plane.samples[y * plane.width + x..];
        BlockSamples::new(samples, plane.width, width, height, planes.fraction + planes.lowest)
            .expect("the geometry divides bands into blocks of legal size")
    }

    fn block(&self, coded: CodedBlock, planes: Planes) -> Result<Block> {
        let most = u32::from(self.band.step.planes);
        if coded.planes == 0 {
            return Ok(Block { zero_planes: most, coded });
        }
        if planes.lowest + coded.bits > most {
            let error = Error::usage("bits of a wavelet coefficient:").found(planes.lowest + coded.bits);
            return Err(error.allowed(format!("at most {most}; fewer decompositions need fewer bits")));
        }
        // A block of Part 15 can begin at any plane, so below that of its largest magnitude, but has two planes at least.
        Ok(Block { zero_planes: most.saturating_sub(planes.lowest + coded.planes), coded })
    }
}
