//! Decoding of a tile: its components in a part of the image, at any resolution. Each stage has its own file: packets
//! (`tile_reader`), code-blocks (`reconstruction`), wavelet (`idwt`), components.
//!
//! OpenJPEG decodes what these stages do not: regions of interest, and code-blocks of both Parts in one component.

use super::block_style::BlockStyle;
use super::coefficients::Reconstructed;
use super::components::{self, Component, NARROW_SAMPLE_BITS, Samples};
use super::dwt::Plane;
use super::ffi;
use super::geometry::Rect;
use super::ht::Sample;
use super::part1::{BlockDecoder, Magnitude};
use super::reconstruction::BlockReader;
use super::stored_tile::StoredTile;
use super::tile_reader::ReadTile;
use super::tile_stream::TileStream;
use crate::error::{Error, Result};
use crate::image::IdleThreads;

/// What to decode of a tile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileRequest<'a> {
    /// The area of the reference grid; inside of the tile.
    pub area: Rect,
    /// Resolutions to discard.
    pub reduction: u8,
    /// The components to decode, ascending; none for all.
    pub components: &'a [u32],
    /// Threads that may help.
    pub idle: &'a IdleThreads,
}

/// The decoded components of a tile.
pub(crate) enum DecodedTile {
    /// By this crate.
    Own(Vec<SamplePlane>),
    /// By OpenJPEG.
    OpenJpeg(ffi::Decoded),
}

/// The samples of a component.
pub(crate) struct SamplePlane {
    columns: u32,
    samples: Samples,
}

/// The samples of a decoded component.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DecodedPlane<'d> {
    /// Columns.
    pub columns: u32,
    /// In row order.
    pub samples: DecodedSamples<'d>,
}

/// Samples of at most 31 bits, or of more.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DecodedSamples<'d> {
    /// At most 31.
    Narrow(&'d [i32]),
    /// More.
    Wide(&'d [i64]),
}

/// Decodes a part of a tile. If the tile is not strict, coefficients that are not there are 0.
///
/// # Errors
/// [`Error::Malformed`] for data that break the standard or are incomplete, or without any code-block if the tile is not strict;
/// [`Error::Unsupported`] for what is not implemented.
pub(crate) fn decode(tile: &StoredTile<'_>, request: &TileRequest<'_>) -> Result<DecodedTile> {
    if is_own(tile) { decode_own(tile, request).map(DecodedTile::Own) } else { decode_other(tile, request) }
}

impl DecodedTile {
    /// The planes of the decoded components, in the order of the codestream.
    ///
    /// # Errors
    /// [`Error::Malformed`] if one was not decoded.
    pub(crate) fn planes(&self) -> Result<Vec<DecodedPlane<'_>>> {
        let other =
            |ffi::Plane { columns, samples }| DecodedPlane { columns, samples: DecodedSamples::Narrow(samples) };
        Ok(match self {
            Self::Own(planes) => planes.iter().map(SamplePlane::as_decoded).collect(),
            Self::OpenJpeg(decoded) => decoded.planes()?.into_iter().map(other).collect(),
        })
    }
}

impl SamplePlane {
    fn as_decoded(&self) -> DecodedPlane<'_> {
        let samples = match &self.samples {
            Samples::Narrow(samples) => DecodedSamples::Narrow(samples),
            Samples::Wide(samples) => DecodedSamples::Wide(samples),
        };
        DecodedPlane { columns: self.columns, samples }
    }
}

/// True if the stages of this crate decode the tile.
pub(crate) fn is_own(tile: &StoredTile<'_>) -> bool {
    let parameters = &tile.parameters;
    let has_region = parameters.rgn.values().any(|rgn| rgn.shift > 0);
    let components = 0..tile.header.siz.components.0.len() as u16;
    let is_known = |component: u16| {
        let (Some(coding), Some(steps)) = (parameters.coding(component), parameters.quantization(component)) else {
            return false;
        };
        let is_reversible = coding.wavelet == 1;
        BlockStyle::of(coding.block_style).is_some() && (!is_reversible || steps.style << 3 == 0)
    };
    let wavelet = |component: u16| parameters.coding(component).map(|coding| coding.wavelet);
    let is_joint = !tile.has_component_transform() || wavelet(0) == wavelet(1) && wavelet(1) == wavelet(2);
    !has_region && is_joint && components.into_iter().all(is_known)
}

/// Decodes a part of a tile with OpenJPEG.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decode_other(tile: &StoredTile<'_>, request: &TileRequest<'_>) -> Result<DecodedTile> {
    let bits = tile.header.siz.components.0.iter().map(|part| u32::from(part.depth & 0x7F) + 1);
    if let Some(bits) = bits.max().filter(|bits| *bits > NARROW_SAMPLE_BITS) {
        let error = Error::unsupported("bits of a sample in a tile that OpenJPEG decodes:").found(bits);
        return Err(error.allowed(format!("at most {NARROW_SAMPLE_BITS}")));
    }
    let stream = TileStream::new(tile)?;
    let Rect { x0, y0, x1, y1 } = request.area;
    let decoded = ffi::decode(&ffi::Request {
        codestream: &stream.bytes(),
        // Without an area, OpenJPEG computes other sizes of reduced components if the image does not begin at 0.
        area: Some([x0, y0, x1, y1]),
        reduction: request.reduction,
        layers: 0,
        components: request.components,
        is_strict: tile.is_strict,
    })?;
    Ok(DecodedTile::OpenJpeg(decoded))
}

fn decode_own(tile: &StoredTile<'_>, request: &TileRequest<'_>) -> Result<Vec<SamplePlane>> {
    let read = ReadTile::read(tile)?;
    let all: Vec<u32> = (0..read.components.len() as u32).collect();
    let wanted = if request.components.is_empty() { &all } else { request.components };
    let decoding = Decoding { tile, read: &read, request };
    if !tile.is_strict && !wanted.iter().any(|component| read.has_blocks(*component as usize)) {
        return Err(Error::malformed("tile: no code-block is whole"));
    }
    let mut planes = Vec::with_capacity(wanted.len());
    let mut rest = wanted;
    if tile.has_component_transform()
        && let [0, 1, 2, others @ ..] = wanted
    {
        planes.extend(decoding.joint()?);
        rest = others;
    }
    for component in rest {
        planes.push(decoding.single(*component as usize)?);
    }
    Ok(planes)
}

/// A tile that is being decoded.
struct Decoding<'t> {
    tile: &'t StoredTile<'t>,
    read: &'t ReadTile<'t>,
    request: &'t TileRequest<'t>,
}

/// The types of coefficients; of each wavelet the longer one last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Integer,
    LongInteger,
    Float,
    LongFloat,
}

impl Decoding<'_> {
    /// The first three components, which are transformed together.
    fn joint(&self) -> Result<[SamplePlane; 3]> {
        // All have the same wavelet.
        match (0..3).map(|component| self.kind(component, 1)).max() {
            Some(Kind::LongFloat) => self.joint_of::<f64>(),
            Some(Kind::LongInteger) => self.joint_of::<i64>(),
            Some(Kind::Integer) => self.joint_of::<i32>(),
            _ => self.joint_of::<f32>(),
        }
    }

    fn joint_of<T: Reconstructed>(&self) -> Result<[SamplePlane; 3]>
    where
        BlockDecoder<T::Magnitude>: Default,
    {
        let mut reader = BlockReader::new(self.read, self.request.idle);
        let mut plane = |component| self.plane::<T>(component, &mut reader);
        let mut planes = [plane(0)?, plane(1)?, plane(2)?];
        T::restore(&mut planes);
        let [first, second, third] = planes;
        Ok([self.samples(0, first), self.samples(1, second), self.samples(2, third)])
    }

    /// A component that is coded alone.
    fn single(&self, component: usize) -> Result<SamplePlane> {
        match self.kind(component, 0) {
            Kind::Integer => self.single_of::<i32>(component),
            Kind::LongInteger => self.single_of::<i64>(component),
            Kind::Float => self.single_of::<f32>(component),
            Kind::LongFloat => self.single_of::<f64>(component),
        }
    }

    fn single_of<T: Reconstructed>(&self, component: usize) -> Result<SamplePlane>
    where
        BlockDecoder<T::Magnitude>: Default,
    {
        Ok(self.samples(component, self.plane::<T>(component, &mut BlockReader::new(self.read, self.request.idle))?))
    }

    /// The type of the coefficients of a component whose transform takes `more` bits.
    fn kind(&self, component: usize, more: u32) -> Kind {
        let read = &self.read.components[component];
        let planes = read.steps.iter().flatten().map(|step| step.planes).max().unwrap_or_default();
        let most = match read.style {
            BlockStyle::Part1(_) => u32::PLANES,
            BlockStyle::HighThroughput { .. } => u32::MOST,
        };
        let bits = self.bits(component);
        match read.is_reversible {
            true if bits + more <= components::NARROW_BITS && planes <= most => Kind::Integer,
            true => Kind::LongInteger,
            false if bits <= NARROW_SAMPLE_BITS && planes <= most => Kind::Float,
            false => Kind::LongFloat,
        }
    }

    fn bits(&self, component: usize) -> u32 {
        u32::from(self.tile.header.siz.components.0[component].depth & 0x7F) + 1
    }

    fn plane<T: Reconstructed>(&self, component: usize, reader: &mut BlockReader<'_, T>) -> Result<Plane<T>>
    where
        BlockDecoder<T::Magnitude>: Default,
    {
        let read = &self.read.components[component];
        let part = &self.tile.header.siz.components.0[component];
        let resolution = read.samples.resolutions.len().checked_sub(1 + usize::from(self.request.reduction));
        let resolution = resolution.ok_or_else(|| {
            let error = Error::usage("resolutions of a tile to discard:").found(self.request.reduction);
            error.allowed(format!("at most {}", read.samples.resolutions.len() - 1))
        })?;
        let area = self.request.area.divided(part.dx.into(), part.dy.into()).reduced(self.request.reduction);
        let area = area.intersect(&read.samples.resolutions[resolution].bounds);
        reader.component(read, resolution, area)
    }

    fn samples<T: Component>(&self, component: usize, plane: Plane<T>) -> SamplePlane {
        let bits = self.bits(component);
        let is_signed = self.tile.header.siz.components.0[component].depth & 0x80 != 0;
        let (low, high) = components::range(is_signed, bits);
        let shift = if is_signed { 0 } else { 1 << (bits - 1) };
        SamplePlane { columns: plane.width as u32, samples: T::samples(plane, shift, (low, high)) }
    }
}
