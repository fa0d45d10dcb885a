//! Reading of a tile's packets (T.800 B.10, B.12): which bytes belong to which code-block.

use std::borrow::Cow;

use super::block_style::BlockStyle;
use super::geometry::TileComponent;
use super::header::ProgressionChange;
use super::packet_reader::{Addition, ReadPrecinct};
use super::progression::{PrecinctId, Progression, precincts};
use super::quantization::StatedStep;
use super::stored_tile::StoredTile;
use crate::error::{Error, Result};

/// A tile whose packets are read.
pub(crate) struct ReadTile<'a> {
    /// Its components.
    pub components: Vec<ReadComponent>,
    /// Its precincts: all of the first component, and so on.
    pub ids: Vec<PrecinctId>,
    /// Their code-blocks.
    pub precincts: Vec<ReadPrecinct>,
    /// The bytes that the parts of segments refer to.
    pub bytes: Cow<'a, [u8]>,
    /// True if damage is an error.
    pub is_strict: bool,
}

/// A component of a tile.
pub(crate) struct ReadComponent {
    /// Its samples, resolutions and bands.
    pub samples: TileComponent,
    /// The style of its code-blocks.
    pub style: BlockStyle,
    /// True for the reversible wavelet.
    pub is_reversible: bool,
    /// The quantiser by resolution and band.
    pub steps: Vec<Vec<StatedStep>>,
    /// Where the precincts of each resolution begin among those of the tile, and where the last ones end.
    first: Vec<usize>,
}

/// Bits of `Scod`.
const HAS_SOP: u8 = 2;
const HAS_EPH: u8 = 4;

/// The most packets that POC may visit, most of them again and again.
const MOST_VISITS: u64 = 1 << 26;

/// SOP with its segment (A.8.1), and EPH (A.8.2).
const SOP: [u8; 4] = [0xFF, 0x91, 0, 4];
const SOP_BYTES: usize = 6;
const EPH: [u8; 2] = [0xFF, 0x92];

impl<'a> ReadTile<'a> {
    /// Reads every packet of a tile; if the tile is not strict, those before the first one that is damaged, of which the
    /// code-blocks before the damage count as well.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset in the codestream for packets that break the standard or are incomplete.
    pub(crate) fn read(tile: &StoredTile<'a>) -> Result<Self> {
        let (mut components, mut ids, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (number, part) in tile.header.siz.components.0.iter().enumerate() {
            let component = ReadComponent::new(tile, number, ids.len())?;
            let own = precincts(number, tile.rect, &component.samples, (part.dx, part.dy));
            all.extend(own.iter().map(|id| component.precinct(id)));
            ids.extend(own);
            components.push(component);
        }
        let mut read = Self { components, ids, precincts: all, bytes: tile.packets(), is_strict: tile.is_strict };
        match read.packets(tile) {
            Err(Error::Malformed(_)) if !tile.is_strict => Ok(read),
            result => result.map(|()| read),
        }
    }

    /// True if a code-block of the component has bytes.
    pub(crate) fn has_blocks(&self, component: usize) -> bool {
        let precincts = self.ids.iter().zip(&self.precincts).filter(|(id, _)| id.component == component);
        let mut bands = precincts.flat_map(|(_, precinct)| &precinct.bands);
        bands.any(|band| band.blocks.iter().any(|block| !block.parts.is_empty()))
    }

    fn packets(&mut self, tile: &StoredTile<'_>) -> Result<()> {
        let Some(cod) = &tile.parameters.cod else { return Err(Error::malformed("tile: COD is missing")) };
        let packed = tile.packed_headers();
        let (mut at, mut packed_at) = (0, 0);
        let mut additions = Vec::new();
        let mut layers = vec![0; self.precincts.len()];
        let whole;
        let changes = if tile.parameters.poc.is_empty() {
            whole = [all_packets(cod.progression, cod.layers)];
            &whole[..]
        } else {
            &tile.parameters.poc
        };
        let visits = (changes.len() as u64).saturating_mul(self.ids.len() as u64).saturating_mul(cod.layers.into());
        if changes.len() > 1 && visits > MOST_VISITS {
            return Err(Error::unsupported("tile: changes of progression order").found(changes.len()));
        }
        for change in changes {
            for (layer, precinct) in packets_of(change, &self.ids, cod.layers) {
                // Earlier progressions have had the layers below.
                if layers[precinct] != layer {
                    continue;
                }
                // The parts of the tile are whole: their writer has left out the packets that follow.
                if packed.as_ref().map_or(at == self.bytes.len(), |headers| packed_at == headers.len()) {
                    return Ok(());
                }
                layers[precinct] += 1;
                let in_file = |error: Error| error.at(tile.offset(at));
                let place = (layer, precinct);
                let place_packed = packed.as_deref().map(|headers| (headers, &mut packed_at));
                at = self.packet(place, cod.style, at, place_packed, &mut additions).map_err(in_file)?;
            }
        }
        match layers.iter().position(|count| *count < u32::from(cod.layers)) {
            Some(_) => Err(Error::malformed("tile: POC leaves out packets").at(tile.offset(0))),
            None => Ok(()),
        }
    }

    /// Reads a packet, and returns where its bytes end.
    fn packet(
        &mut self,
        (layer, number): (u32, usize),
        style: u8,
        at: usize,
        packed: Option<(&[u8], &mut usize)>,
        additions: &mut Vec<Addition>,
    ) -> Result<usize> {
        let Self { components, ids, precincts, bytes, .. } = self;
        let mut at = at;
        if style & HAS_SOP != 0 && bytes[at..].starts_with(&SOP) {
            at = bytes.len().min(at + SOP_BYTES);
        }
        let precinct = &mut precincts[number];
        let block_style = components[ids[number].component].style;
        let header = packed.as_ref().map_or(&bytes[at..], |(headers, packed_at)| &headers[**packed_at..]);
        let mut length = precinct.read_header(layer, block_style, header, additions)?;
        if style & HAS_EPH != 0 && header[length..].starts_with(&EPH) {
            length += EPH.len();
        }
        match packed {
            Some((_, packed_at)) => *packed_at += length,
            None => at += length,
        }
        precinct.take_body(additions, at, bytes.len())
    }
}

impl ReadComponent {
    fn new(tile: &StoredTile<'_>, number: usize, first: usize) -> Result<Self> {
        let part = &tile.header.siz.components.0[number];
        let parameters = &tile.parameters;
        let missing = || Error::malformed("tile: component without coding parameters").found(number);
        let coding = parameters.coding(number as u16).ok_or_else(missing)?;
        let quantization = parameters.quantization(number as u16).ok_or_else(missing)?;
        let samples = TileComponent::new(tile.rect.divided(part.dx.into(), part.dy.into()), coding);
        let mut count = 0;
        let bits = u32::from(part.depth & 0x7F) + 1;
        let steps = samples.resolutions.iter().map(|resolution| {
            let step = |band| {
                count += 1;
                quantization.of(count - 1, band, bits, coding.levels)
            };
            resolution.bands.iter().map(step).collect()
        });
        let steps = steps.collect();
        let ends = samples.resolutions.iter().scan(first, |end, resolution| {
            *end += resolution.count() as usize;
            Some(*end)
        });
        let first = std::iter::once(first).chain(ends).collect();
        let style = BlockStyle::of(coding.block_style)
            .ok_or_else(|| Error::unsupported("style of code-blocks:").found(coding.block_style))?;
        Ok(Self { samples, style, is_reversible: coding.wavelet == 1, steps, first })
    }

    /// The precincts of a resolution.
    pub(crate) fn precincts(&self, resolution: usize) -> std::ops::Range<usize> {
        self.first[resolution]..self.first[resolution + 1]
    }

    fn precinct(&self, id: &PrecinctId) -> ReadPrecinct {
        let resolution = &self.samples.resolutions[id.resolution];
        let steps = &self.steps[id.resolution];
        let bands = resolution.bands.iter().zip(steps);
        ReadPrecinct::new(bands.map(|(band, step)| (band.blocks(resolution, id.number), step.planes)))
    }
}

/// The packets of an entry of POC.
fn packets_of(
    change: &ProgressionChange,
    ids: &[PrecinctId],
    layers: u16,
) -> impl Iterator<Item = (u32, usize)> + use<> {
    // The header's reader has checked the code.
    let order = Progression::ALL.get(usize::from(change.progression)).copied().unwrap_or_default();
    let resolutions = usize::from(change.first_resolution)..usize::from(change.end_resolution);
    let end = if change.end_component == 0 { usize::MAX } else { usize::from(change.end_component) };
    let components = usize::from(change.first_component)..end;
    let layers = u32::from(change.end_layer.min(layers));
    order
        .packets_of(ids, layers, |id| resolutions.contains(&id.resolution) && components.contains(&id.component))
        .take_while(move |(layer, _)| *layer < layers)
}

/// Every packet of a tile without POC, as an entry of it.
fn all_packets(progression: u8, layers: u16) -> ProgressionChange {
    ProgressionChange {
        first_resolution: 0,
        first_component: 0,
        end_layer: layers,
        end_resolution: u8::MAX,
        end_component: 0,
        progression,
    }
}
