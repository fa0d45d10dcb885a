//! Writing a codestream: the main header with room for the lengths of tile-parts, the tiles, the end.

use std::sync::Arc;

use super::options::{J2kOptions, Profile, Rate};
use super::tile_parts::{CodedTile, header_bytes};
use crate::codec::j2k::geometry::{Rect, TileGrid};
use crate::codec::j2k::header::{MainHeader, Parameters};
use crate::codec::j2k::markers::{
    self, Cap, Cod, CodingStyle, Com, Component, HAS_CAP, HIGH_THROUGHPUT, PART_15, PROFILE_1, Place, Siz, Tlm,
    write_segment,
};
use crate::codec::j2k::{Budget, Counted, Quantizer, Repeated, TileCoding, Wire};
use crate::codec::{BlockPixels, Borrow, Encoded, Gathering, ImageEncoder, Pieces, Receipt, Scratch};
use crate::codestream::{Codestream, StreamEnd};
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, Interleave, Padding};

/// The most tiles: Isot has 16 bits.
const MOST_TILES: u64 = 65_535;

/// The most entries of a TLM segment (6 bytes each).
const ENTRIES: usize = 10_921;

/// The most bits of a sample (T.800 Table A.11).
const MOST_BITS: u32 = 38;

/// The decompositions if the caller chooses none.
const DEFAULT_LEVELS: u8 = 5;

/// A codestream that is written.
pub(crate) struct J2kStream {
    tiles: Arc<TileEncoder>,
    header: Vec<u8>,
    /// Where the first TLM segment begins in the header.
    tlm_at: usize,
    /// The lengths of the tile-parts of each tile.
    lengths: Vec<Vec<u32>>,
}

/// Encodes tiles, each alone at its place on the reference grid.
struct TileEncoder {
    coding: TileCoding,
    grid: BlockGrid,
    tiles: TileGrid,
    /// Bits per pixel and band up to each layer; `None` for all bits.
    rates: Vec<Option<f64>>,
    /// Bytes of the main header and of the end.
    frame: u64,
    has_lengths: bool,
    /// True if each resolution of a tile is a tile-part.
    is_split: bool,
    gathering: Gathering,
    threads: usize,
    identity: String,
}

/// The receipt of a tile: bytes of its tile-parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct TileParts {
    bytes: Vec<u32>,
}

impl J2kStream {
    /// The stream of an image with this layout, in tiles of `tile` (columns, rows) and with samples of `bits`. `threads` code a
    /// tile if the image has few. If absent blocks are allowed, they become tiles without coefficients; else they are filled.
    ///
    /// # Errors
    /// [`Error::Usage`] for an image that a codestream cannot hold.
    pub(crate) fn new(
        layout: &ImageLayout,
        tile: (u32, u32),
        bits: u32,
        options: &J2kOptions,
        allows_absent: bool,
        threads: usize,
    ) -> Result<Self> {
        check(layout, bits)?;
        let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
        let grid = BlockGrid::new(columns, rows, tile.0, tile.1)?;
        if grid.count() > MOST_TILES {
            return Err(Error::usage("tiles of a JPEG 2000 image:")
                .found(grid.count())
                .allowed(format!("at most {MOST_TILES}")));
        }
        // `check` has verified the bits.
        let coding = coding(layout, &grid, bits as u8, options);
        let siz = siz(layout, &grid, bits as u8, options);
        let tiles = TileGrid::new(&siz);
        let mut rates: Vec<_> = options.rates(bits as u8).into_iter().map(Some).collect();
        rates.push(match options.rate {
            Rate::Lossless => None,
            Rate::Bits(rate) => Some(rate),
        });
        let is_split = options.profile == Some(Profile::Epje);
        let parts = if is_split { usize::from(coding.style.levels) + 1 } else { 1 };
        let (header, tlm_at) =
            header(siz, &coding, options.comments.clone(), rates.len() as u16, (grid.count(), parts));
        // Few tiles leave threads without work, which then code blocks of the same tile.
        let threads = if grid.count() < threads as u64 { threads } else { 1 };
        let gathering = Gathering {
            interleave: Interleave::Band,
            padding: Padding::Crop,
            absent: (!allows_absent).then(|| layout.pad_bytes()),
            borrow: Borrow::Block(Interleave::Band),
        };
        let identity = format!("JPEG 2000 {} {bits} {grid:?} {gathering:?}", options.identity());
        let tiles = TileEncoder {
            coding,
            grid,
            tiles,
            rates,
            frame: header.len() as u64 + 2,
            has_lengths: options.profile.is_some(),
            is_split,
            gathering,
            threads,
            identity,
        };
        Ok(Self { tiles: Arc::new(tiles), header, tlm_at, lengths: Vec::new() })
    }
}

/// The most decompositions that tiles carry: the smaller side of a tile is then still a sample.
pub(crate) fn most_levels(grid: &BlockGrid) -> u8 {
    let (columns, rows) = (grid.block_columns().min(grid.columns()), grid.block_rows().min(grid.rows()));
    columns.min(rows).ilog2() as u8
}

fn check(layout: &ImageLayout, bits: u32) -> Result<()> {
    if !layout.sample.is_integer() {
        let error = Error::usage("dtype of a JPEG 2000 image:").found(layout.sample);
        return Err(error.allowed("an integer type of at most 38 bits"));
    }
    if bits == 0 || bits > MOST_BITS {
        return Err(Error::usage("bits of a sample of a JPEG 2000 image:")
            .found(bits)
            .allowed(format!("1 to {MOST_BITS}")));
    }
    if layout.bands > MOST_BANDS {
        return Err(Error::usage("bands of a JPEG 2000 image:")
            .found(layout.bands)
            .allowed(format!("at most {MOST_BANDS}")));
    }
    Ok(())
}

/// The most components (Table A.9).
const MOST_BANDS: u32 = 16_384;

fn coding(layout: &ImageLayout, grid: &BlockGrid, bits: u8, options: &J2kOptions) -> TileCoding {
    let levels = options.levels.unwrap_or(DEFAULT_LEVELS).min(most_levels(grid));
    // The list begins at full resolution and its last entry is repeated; COD begins at the lowest.
    let precinct = |below: usize| {
        let (width, height) = options.precincts[below.min(options.precincts.len() - 1)];
        width | height << 4
    };
    let precincts =
        if options.precincts.is_empty() { Vec::new() } else { (0..=usize::from(levels)).rev().map(precinct).collect() };
    let is_lossless = options.rate == Rate::Lossless;
    let style = CodingStyle {
        levels,
        block_width: options.code_block.0 - 2,
        block_height: options.code_block.1 - 2,
        block_style: options.block_style | if options.high_throughput { HIGH_THROUGHPUT } else { 0 },
        wavelet: is_lossless.into(),
        precincts,
    };
    let is_transformed = layout.bands >= 3 && options.component_transform.unwrap_or(layout.bands == 3);
    let quantizer = match options.rate {
        Rate::Lossless => Quantizer::reversible(bits, levels, is_transformed),
        Rate::Bits(rate) => {
            let quantizer = Quantizer::irreversible(bits, levels, base_step(rate));
            if options.high_throughput { quantizer.within_planes(HIGH_THROUGHPUT_PLANES) } else { quantizer }
        }
    };
    let (sample, components) = (layout.sample, layout.bands as usize);
    TileCoding { sample, bits, components, is_transformed, style, progression: options.progression, quantizer }
}

/// The most planes of a band of irreversible blocks of Part 15: OpenJPEG decodes no more.
const HIGH_THROUGHPUT_PLANES: u8 = 30;

/// The error of the image per quantiser step for a rate: so fine that images with little content can use the rate. Planes
/// below what the rate reaches are not coded, so a fine step costs nothing.
fn base_step(rate: f64) -> f64 {
    (-(rate.ceil() + 1.0)).exp2().max(1.0 / 1024.0)
}

fn siz(layout: &ImageLayout, grid: &BlockGrid, bits: u8, options: &J2kOptions) -> Siz {
    let sign = if layout.sample.is_signed_integer() { 0x80 } else { 0 };
    let component = Component { depth: (bits - 1) | sign, dx: 1, dy: 1 };
    let origin = Place { x: 0, y: 0 };
    let capabilities = match (options.high_throughput, options.profile) {
        (true, _) => HAS_CAP,
        (false, Some(_)) => PROFILE_1,
        (false, None) => 0,
    };
    Siz {
        capabilities,
        end: Place { x: grid.columns(), y: grid.rows() },
        origin: origin.clone(),
        tile: Place { x: grid.block_columns(), y: grid.block_rows() },
        tile_origin: origin,
        components: Counted(vec![component; layout.bands as usize]),
    }
}

/// The main header, and where its TLM segments begin.
fn header(
    siz: Siz,
    coding: &TileCoding,
    comments: Vec<Com>,
    layers: u16,
    (tiles, parts): (u64, usize),
) -> (Vec<u8>, usize) {
    let cod = Cod {
        style: u8::from(!coding.style.precincts.is_empty()),
        progression: coding.progression.code(),
        layers,
        component_transform: coding.is_transformed.into(),
        coding: coding.style.clone(),
    };
    let parameters = Parameters { cod: Some(cod), qcd: Some(coding.quantizer.segment()), ..Parameters::default() };
    let cap = coding.style.is_high_throughput().then(|| cap(&coding.quantizer));
    let header = MainHeader { siz, cap, parameters, tlm: Vec::new(), ppm: Vec::new(), comments };
    let mut out = Vec::new();
    header.write(&mut out);
    let tlm_at = out.len();
    write_tlm(&vec![vec![0; parts]; tiles as usize], parts, &mut out);
    (out, tlm_at)
}

/// CAP (T.814 §8.7): only blocks of Part 15, each with one set of passes, without regions of interest.
fn cap(quantizer: &Quantizer) -> Cap {
    let bound = quantizer.magnitude_bound();
    let field = match bound {
        0..=8 => 0,
        9..=27 => bound - 8,
        28..=71 => 13 + bound / 4,
        _ => 31,
    };
    let is_irreversible = u16::from(!quantizer.is_reversible());
    Cap { parts: PART_15, details: Repeated(vec![is_irreversible << 5 | u16::from(field)]) }
}

/// The TLM segments (A.7.1): the tile-parts of every tile, in the order of the stream.
fn write_tlm(lengths: &[Vec<u32>], parts: usize, out: &mut Vec<u8>) {
    let round = |part: usize| lengths.iter().enumerate().map(move |(tile, lengths)| (tile, lengths[part]));
    let entries: Vec<(usize, u32)> = (0..parts).flat_map(round).collect();
    for (index, entries) in entries.chunks(ENTRIES).enumerate() {
        let mut parts = Vec::with_capacity(6 * entries.len());
        for (tile, length) in entries {
            // `J2kStream::new` has checked the number of tiles.
            Wire::write(&(*tile as u16), &mut parts);
            Wire::write(length, &mut parts);
        }
        // Two bytes for a tile, four for a length.
        let tlm = Tlm { index: index as u8, sizes: 0x60, parts };
        write_segment(markers::TLM, |out| tlm.write(out), out);
    }
}

impl Codestream for J2kStream {
    fn grid(&self) -> BlockGrid {
        self.tiles.grid
    }

    fn header(&self) -> Vec<u8> {
        self.header.clone()
    }

    fn encoder(&self) -> Arc<dyn ImageEncoder> {
        Arc::clone(&self.tiles) as _
    }

    fn take(&mut self, block: &Encoded) -> Result<()> {
        let TileParts { bytes } = block.receipt()?;
        if bytes.len() != self.rounds() {
            let error = Error::usage("tile-parts of a JPEG 2000 tile:").found(bytes.len());
            return Err(error.allowed(self.rounds()));
        }
        self.lengths.push(bytes);
        Ok(())
    }

    /// A tile without coefficients.
    fn absent_block(&self, at: BlockIndex) -> Option<Encoded> {
        // An empty packet is a byte of zeros.
        let packets = self.tiles.parts(at).iter().sum();
        let mut block = Encoded::absent(at);
        self.tiles.write(at, &vec![1; packets], &vec![0; packets], &mut block).ok()?;
        Some(block)
    }

    fn rounds(&self) -> usize {
        if self.tiles.is_split { usize::from(self.tiles.coding.style.levels) + 1 } else { 1 }
    }

    fn end(&self) -> StreamEnd {
        let mut tlm = Vec::new();
        write_tlm(&self.lengths, self.rounds(), &mut tlm);
        StreamEnd { trailer: markers::EOC.to_be_bytes().to_vec(), patches: vec![(self.tlm_at as u64, tlm)] }
    }
}

impl TileEncoder {
    fn rect(&self, at: BlockIndex) -> Rect {
        self.tiles.tile(at.column, at.row)
    }

    /// The bytes that the packets up to each layer may take: the tile's share of the image's bytes, by its pixels.
    fn budgets(&self, at: BlockIndex) -> Vec<Budget> {
        let tile = self.rect(at);
        let share = tile.area() as f64 / self.grid.window().pixels() as f64;
        let parts = self.parts(at);
        let headers: usize = parts.iter().map(|packets| header_bytes(*packets, self.has_lengths)).sum();
        let frame = share * self.frame as f64 + headers as f64;
        let samples = (tile.area() * self.coding.components as u64) as f64;
        let budget = |rate: &Option<f64>| match rate {
            None => Budget::All,
            Some(rate) => Budget::Bytes((rate * samples / 8.0 - frame).max(0.0) as u64),
        };
        self.rates.iter().map(budget).collect()
    }

    /// Packets of each tile-part of a tile.
    fn parts(&self, at: BlockIndex) -> Vec<usize> {
        let packets = self.coding.packet_counts(self.rect(at)).into_iter().map(|count| count * self.rates.len());
        if self.is_split { packets.collect() } else { vec![packets.sum()] }
    }

    /// Sets the tile-parts of a tile, and its receipt.
    fn write(&self, at: BlockIndex, lengths: &[u32], packets: &[u8], out: &mut Encoded) -> Result<()> {
        let (parts, has_lengths) = (self.parts(at), self.has_lengths);
        let tile = CodedTile { tile: self.grid.position(at) as u16, packets, lengths, parts: &parts, has_lengths };
        let bytes = tile.write(out)?;
        out.set_receipt(&TileParts { bytes });
        Ok(())
    }
}

impl ImageEncoder for TileEncoder {
    fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn encode<'p>(
        &self,
        at: BlockIndex,
        pixels: BlockPixels<'p>,
        out: &mut Encoded,
        scratch: &mut Scratch,
    ) -> Result<Pieces<'p>> {
        let bytes = pixels.bytes().ok_or_else(|| Error::usage("JPEG 2000 tile: bands are in separate buffers"))?;
        let (packets, ()) = scratch.bytes_and_state::<()>();
        packets.clear();
        let lengths = self.coding.encode(self.rect(at), bytes, &self.budgets(at), self.threads, packets)?;
        self.write(at, &lengths, packets, out)?;
        Ok(Pieces::Appended)
    }
}

impl Receipt for TileParts {
    fn write(&self, out: &mut Vec<u8>) {
        self.bytes.iter().for_each(|bytes| out.extend_from_slice(&bytes.to_be_bytes()));
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks();
        rest.is_empty().then(|| Self { bytes: numbers.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect() })
    }
}

#[cfg(test)]
mod tests;
