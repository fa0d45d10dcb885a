//! The image of a codestream, with its resolutions.

use std::sync::Arc;

use super::level::Level;
use super::samples::{bits, is_signed, sample_type};
use super::tiles::{Codestream, Tiles};
use crate::codec::j2k::header::MainHeader;
use crate::codec::j2k::markers::PART_15;
use crate::error::{Error, Result};
use crate::image::{ImageLayout, ImageProvider, PadValue, SampleType, StoredImage};

/// What a container states of the samples of its image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// Bits of a stored sample and how many of them carry information; `None` for those of the codestream.
    pub(crate) bits: Option<(u32, u32)>,
    /// The value of samples in tiles without pixels.
    pub(crate) pad: PadValue,
}

/// Facts of a codestream that hold for the whole image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodestreamInfo {
    /// Columns of the image.
    pub(crate) columns: u32,
    /// Rows of the image.
    pub(crate) rows: u32,
    /// Type of a sample in memory.
    pub(crate) sample: SampleType,
    /// Bits of the samples of each component.
    pub(crate) bits: Vec<u32>,
    /// Whether the samples of each component are signed.
    pub(crate) is_signed: Vec<bool>,
    /// Steps of each component on the reference grid.
    pub(crate) steps: Vec<(u8, u8)>,
    /// Size of a tile on the reference grid.
    pub(crate) tile: (u32, u32),
    /// Decompositions of the component that has the fewest.
    pub(crate) levels: u8,
    /// Quality layers.
    pub(crate) layers: u16,
    /// The progression order, 0 to 4.
    pub(crate) progression: u8,
    /// True for the reversible wavelet.
    pub(crate) is_reversible: bool,
    /// True if the first three components are transformed together.
    pub(crate) has_component_transform: bool,
    /// Columns and rows of a code-block.
    pub(crate) code_block: (u32, u32),
    /// True for high-throughput code-blocks (Part 15).
    pub(crate) is_high_throughput: bool,
}

impl CodestreamInfo {
    /// The facts in a main header.
    pub(crate) fn of(header: &MainHeader) -> Self {
        let (siz, parameters) = (&header.siz, &header.parameters);
        let components = &siz.components.0;
        let coding = parameters.coding(0);
        let levels = (0..components.len() as u16).filter_map(|n| parameters.coding(n)).map(|coding| coding.levels);
        let cod = parameters.cod.as_ref();
        let side = |log: u8| 4u32 << log;
        let full = Level::new(siz, 0).ok().flatten().map(|level| level.grid);
        Self {
            columns: full.map_or(0, |grid| grid.columns()),
            rows: full.map_or(0, |grid| grid.rows()),
            sample: sample_type(components).0,
            bits: components.iter().map(bits).collect(),
            is_signed: components.iter().map(is_signed).collect(),
            steps: components.iter().map(|part| (part.dx, part.dy)).collect(),
            tile: (siz.tile.x, siz.tile.y),
            levels: levels.min().unwrap_or_default(),
            layers: cod.map_or(1, |cod| cod.layers),
            progression: cod.map_or(0, |cod| cod.progression),
            is_reversible: coding.is_some_and(|coding| coding.wavelet == 1),
            has_component_transform: cod.is_some_and(|cod| cod.component_transform == 1),
            code_block: coding.map_or((64, 64), |coding| (side(coding.block_width), side(coding.block_height))),
            is_high_throughput: header.cap.as_ref().is_some_and(|cap| cap.parts & PART_15 != 0),
        }
    }
}

impl CodestreamInfo {
    /// The word for the compression.
    pub(crate) fn compression(&self) -> &'static str {
        if self.is_high_throughput { "htj2k" } else { "j2k" }
    }
}

/// The image of a codestream, as its container shows it.
///
/// # Errors
/// [`Error::Malformed`] for an image without pixels.
pub(crate) fn image(codestream: &Arc<Codestream>, shown: Option<&Shown>) -> Result<StoredImage> {
    let siz = &codestream.header.siz;
    let (sample, bits) = sample_type(&siz.components.0);
    let layout_of = |level: &Level| -> Result<ImageLayout> {
        let mut layout = ImageLayout::new(level.grid, siz.components.0.len() as u32, sample)?;
        (layout.bits_per_sample, layout.actual_bits) = shown.and_then(|shown| shown.bits).unwrap_or((bits, bits));
        layout.pad = shown.map_or(PadValue::ZERO, |shown| shown.pad);
        Ok(layout)
    };
    let stored = |level: Level| -> Result<StoredImage> {
        let layout = layout_of(&level)?;
        let store = Tiles::new(Arc::clone(codestream), level, layout.clone());
        Ok(StoredImage::new(Arc::new(store), layout, codestream.limits()))
    };
    let mut levels: Vec<Arc<dyn ImageProvider>> = Vec::new();
    for reduction in 1..=CodestreamInfo::of(&codestream.header).levels {
        let Some(level) = Level::new(siz, reduction)? else { break };
        levels.push(Arc::new(stored(level)?));
    }
    let full = Level::new(siz, 0)?.ok_or_else(|| Error::malformed("codestream: image without pixels"))?;
    Ok(stored(full)?.with_levels(levels))
}
