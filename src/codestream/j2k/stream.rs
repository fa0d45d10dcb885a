//! Writing a codestream: the main header with room for the lengths of tile-parts, the tiles, the end.

use std::sync::Arc;

use super::options::{J2kOptions, Rate};
use crate::codec::j2k::geometry::{Rect, TileGrid};
use crate::codec::j2k::header::{MainHeader, Parameters};
use crate::codec::j2k::markers::{
    self, Cod, CodingStyle, Com, Component, Continued, PROFILE_1, Place, SOT_BYTES, Siz, Sot, Tlm, write_segment,
};
use crate::codec::j2k::{Budget, Counted, Quantizer, TileCoding, Wire};
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
    /// The length of each tile-part, in the order of tiles.
    lengths: Vec<u32>,
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
    gathering: Gathering,
    threads: usize,
    identity: String,
}

/// The receipt of a tile: bytes of its tile-part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct TilePart {
    bytes: u32,
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
        let (header, tlm_at) = header(siz, &coding, options.comments.clone(), rates.len() as u16, grid.count());
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
        block_style: options.block_style,
        wavelet: is_lossless.into(),
        precincts,
    };
    let is_transformed = layout.bands >= 3 && options.component_transform.unwrap_or(layout.bands == 3);
    let quantizer = match options.rate {
        Rate::Lossless => Quantizer::reversible(bits, levels, is_transformed),
        Rate::Bits(rate) => Quantizer::irreversible(bits, levels, base_step(rate)),
    };
    let (sample, components) = (layout.sample, layout.bands as usize);
    TileCoding { sample, bits, components, is_transformed, style, progression: options.progression, quantizer }
}

/// The error of the image per quantiser step for a rate: so fine that images with little content can use the rate. Planes
/// below what the rate reaches are not coded, so a fine step costs nothing.
fn base_step(rate: f64) -> f64 {
    (-(rate.ceil() + 1.0)).exp2().max(1.0 / 1024.0)
}

fn siz(layout: &ImageLayout, grid: &BlockGrid, bits: u8, options: &J2kOptions) -> Siz {
    let sign = if layout.sample.is_signed_integer() { 0x80 } else { 0 };
    let component = Component { depth: (bits - 1) | sign, dx: 1, dy: 1 };
    let origin = Place { x: 0, y: 0 };
    Siz {
        capabilities: if options.profile.is_some() { PROFILE_1 } else { 0 },
        end: Place { x: grid.columns(), y: grid.rows() },
        origin: origin.clone(),
        tile: Place { x: grid.block_columns(), y: grid.block_rows() },
        tile_origin: origin,
        components: Counted(vec![component; layout.bands as usize]),
    }
}

/// The main header, and where its TLM segments begin.
fn header(siz: Siz, coding: &TileCoding, comments: Vec<Com>, layers: u16, tiles: u64) -> (Vec<u8>, usize) {
    let cod = Cod {
        style: u8::from(!coding.style.precincts.is_empty()),
        progression: coding.progression.code(),
        layers,
        component_transform: coding.is_transformed.into(),
        coding: coding.style.clone(),
    };
    let parameters = Parameters { cod: Some(cod), qcd: Some(coding.quantizer.segment()), ..Parameters::default() };
    let header = MainHeader { siz, cap: None, parameters, tlm: Vec::new(), ppm: Vec::new(), comments };
    let mut out = Vec::new();
    header.write(&mut out);
    let tlm_at = out.len();
    write_tlm(&vec![0; tiles as usize], &mut out);
    (out, tlm_at)
}

/// The TLM segments (A.7.1): a tile-part for each tile, in order.
fn write_tlm(lengths: &[u32], out: &mut Vec<u8>) {
    for (index, part) in lengths.chunks(ENTRIES).enumerate() {
        let mut parts = Vec::with_capacity(6 * part.len());
        for (n, length) in part.iter().enumerate() {
            // `J2kStream::new` has checked the number of tiles.
            Wire::write(&((index * ENTRIES + n) as u16), &mut parts);
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
        let TilePart { bytes } = block.receipt()?;
        self.lengths.push(bytes);
        Ok(())
    }

    /// A tile without coefficients.
    fn absent_block(&self, at: BlockIndex) -> Option<Encoded> {
        let packets = self.tiles.coding.packet_count(self.tiles.rect(at)) * self.tiles.rates.len();
        let mut part = Vec::new();
        // An empty packet is a byte of zeros.
        self.tiles.write_part(at, &vec![1; packets], &vec![0; packets], &mut part);
        let mut block = Encoded::absent(at);
        let bytes = u32::try_from(part.len()).ok()?;
        block
            .piece(|out| {
                *out = part;
                Ok(())
            })
            .ok()?;
        block.set_receipt(&TilePart { bytes });
        Some(block)
    }

    fn end(&self) -> StreamEnd {
        let mut tlm = Vec::new();
        write_tlm(&self.lengths, &mut tlm);
        StreamEnd { trailer: markers::EOC.to_be_bytes().to_vec(), patches: vec![(self.tlm_at as u64, tlm)] }
    }
}

impl TileEncoder {
    fn rect(&self, at: BlockIndex) -> Rect {
        self.tiles.tile(at.column, at.row)
    }

    /// The bytes that the packets up to each layer may take: the tile's share of the image's bytes, by its pixels.
    fn budgets(&self, tile: Rect) -> Vec<Budget> {
        let share = tile.area() as f64 / self.grid.window().pixels() as f64;
        let frame = share * self.frame as f64 + SOT_BYTES as f64 + 2.0;
        let samples = (tile.area() * self.coding.components as u64) as f64;
        let budget = |rate: &Option<f64>| match rate {
            None => Budget::All,
            Some(rate) => Budget::Bytes((rate * samples / 8.0 - frame).max(0.0) as u64),
        };
        self.rates.iter().map(budget).collect()
    }

    /// Appends a tile-part: its header, with the lengths of its packets if the profile asks for them, and the packets.
    fn write_part(&self, at: BlockIndex, lengths: &[u32], packets: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        let sot = Sot { tile: self.grid.position(at) as u16, length: 0, part: 0, parts: 1 };
        write_segment(markers::SOT, |out| sot.write(out), out);
        if self.has_lengths {
            write_plt(lengths, out);
        }
        markers::SOD.write(out);
        out.extend_from_slice(packets);
        let length = (out.len() - start) as u32;
        out[start + 6..start + 10].copy_from_slice(&length.to_be_bytes());
    }
}

/// The PLT segments (A.7.3): seven bits of a length in each byte, the most significant first.
fn write_plt(lengths: &[u32], out: &mut Vec<u8>) {
    const MOST: usize = 65_000;
    let mut data = Vec::new();
    let mut index = 0;
    let mut flush = |data: &mut Vec<u8>, out: &mut Vec<u8>| {
        let plt = Continued { index, data: std::mem::take(data) };
        write_segment(markers::PLT, |out| plt.write(out), out);
        index = index.wrapping_add(1);
    };
    for length in lengths {
        let groups = (u32::BITS - length.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let more = if group > 0 { 0x80 } else { 0 };
            data.push((length >> (7 * group)) as u8 & 0x7F | more);
        }
        if data.len() > MOST {
            flush(&mut data, out);
        }
    }
    if !data.is_empty() {
        flush(&mut data, out);
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
        let tile = self.rect(at);
        let (packets, ()) = scratch.bytes_and_state::<()>();
        packets.clear();
        let lengths = self.coding.encode(tile, bytes, &self.budgets(tile), self.threads, packets)?;
        let mut length = 0;
        out.piece(|out| {
            let start = out.len();
            self.write_part(at, &lengths, packets, out);
            length = out.len() - start;
            Ok(())
        })?;
        let bytes = u32::try_from(length).map_err(|_| {
            Error::usage("bytes of a JPEG 2000 tile:").found(length).allowed("less than 4 GiB; use smaller tiles")
        })?;
        out.set_receipt(&TilePart { bytes });
        Ok(Pieces::Appended)
    }
}

impl Receipt for TilePart {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self { bytes: u32::from_be_bytes(bytes) })
    }
}

#[cfg(test)]
mod tests;
