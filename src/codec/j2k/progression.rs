//! The order of packets (T.800 B.12).

use super::geometry::{Rect, TileComponent};

/// The five progression orders, as in Table A.16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Progression {
    /// Layer, resolution, component, position.
    #[default]
    Lrcp,
    /// Resolution, layer, component, position.
    Rlcp,
    /// Resolution, position, component, layer.
    Rpcl,
    /// Position, component, resolution, layer.
    Pcrl,
    /// Component, position, resolution, layer.
    Cprl,
}

/// A precinct of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PrecinctId {
    /// Its component.
    pub component: usize,
    /// Its resolution.
    pub resolution: usize,
    /// Its number within the resolution.
    pub number: u32,
    /// Its place on the reference grid.
    place: (u64, u64),
}

/// The names in the order of their codes.
pub(crate) const NAMES: [&str; 5] = ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"];

impl Progression {
    /// The orders by code.
    pub(crate) const ALL: [Self; 5] = [Self::Lrcp, Self::Rlcp, Self::Rpcl, Self::Pcrl, Self::Cprl];

    /// The code in COD.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// Every packet of a tile with `layers` layers, as (layer, position of the precinct in `precincts`), in this order.
    pub(crate) fn packets(self, precincts: &[PrecinctId], layers: u32) -> Vec<(u32, usize)> {
        let mut packets: Vec<_> = (0..layers).flat_map(|layer| (0..precincts.len()).map(move |n| (layer, n))).collect();
        packets.sort_by_cached_key(|(layer, n)| self.key(&precincts[*n], *layer));
        packets
    }

    fn key(self, precinct: &PrecinctId, layer: u32) -> [u64; 6] {
        let PrecinctId { component, resolution, number, place: (x, y) } = *precinct;
        let (l, r, c, k) = (u64::from(layer), resolution as u64, component as u64, u64::from(number));
        match self {
            Self::Lrcp => [l, r, c, k, 0, 0],
            Self::Rlcp => [r, l, c, k, 0, 0],
            Self::Rpcl => [r, y, x, c, k, l],
            Self::Pcrl => [y, x, c, r, k, l],
            Self::Cprl => [c, y, x, r, k, l],
        }
    }
}

/// The precincts of a component of a tile, whose samples lie on every place of the reference grid.
pub(crate) fn precincts(component: usize, tile: Rect, samples: &TileComponent) -> Vec<PrecinctId> {
    let mut all = Vec::new();
    for (r, resolution) in samples.resolutions.iter().enumerate() {
        let levels = samples.resolutions.len() - 1 - r;
        // The first precinct may begin before the tile.
        let place = |first: u32, log: u8, at: u32, start: u32| {
            let edge = (u64::from(first >> log) + u64::from(at)) << log;
            (edge << levels.min(31)).max(start.into())
        };
        for number in 0..resolution.count() as u32 {
            let (column, row) = (number % resolution.precincts.0, number / resolution.precincts.0);
            let x = place(resolution.bounds.x0, resolution.precinct.0, column, tile.x0);
            let y = place(resolution.bounds.y0, resolution.precinct.1, row, tile.y0);
            all.push(PrecinctId { component, resolution: r, number, place: (x, y) });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::j2k::markers::CodingStyle;

    #[test]
    fn every_order_has_every_packet_once_and_layers_of_a_precinct_ascend() {
        let tile = Rect { x0: 13, y0: 7, x1: 110, y1: 88 };
        let sizes = vec![0x33, 0x44, 0x45, 0x54];
        let style =
            CodingStyle { levels: 3, block_width: 1, block_height: 1, block_style: 0, wavelet: 1, precincts: sizes };
        let samples = TileComponent::new(tile, &style);
        let all: Vec<_> = (0..3).flat_map(|component| precincts(component, tile, &samples)).collect();
        for order in Progression::ALL {
            let packets = order.packets(&all, 4);
            assert_eq!(packets.len(), 4 * all.len());
            for n in 0..all.len() {
                let layers: Vec<_> = packets.iter().filter(|packet| packet.1 == n).map(|packet| packet.0).collect();
                assert_eq!(layers, [0, 1, 2, 3], "{order:?}");
            }
        }
        let first = |order: Progression, key: fn(&PrecinctId) -> usize| {
            let packets = order.packets(&all, 2);
            let keys: Vec<_> = packets.iter().map(|packet| key(&all[packet.1])).collect();
            keys.is_sorted()
        };
        assert!(first(Progression::Rlcp, |precinct| precinct.resolution));
        assert!(first(Progression::Rpcl, |precinct| precinct.resolution));
        assert!(first(Progression::Cprl, |precinct| precinct.component));
        assert!(first(Progression::Pcrl, |precinct| precinct.place.1 as usize));
    }
}
