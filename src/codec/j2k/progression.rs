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

    /// Every packet of these precincts in `layers` layers, as (layer, position of the precinct in `precincts`), in this order.
    pub(crate) fn packets(self, precincts: &[PrecinctId], layers: u32) -> Packets {
        self.packets_of(precincts, layers, |_| true)
    }

    /// The packets of those precincts that `is_wanted` chooses.
    pub(crate) fn packets_of(
        self,
        precincts: &[PrecinctId],
        layers: u32,
        is_wanted: impl Fn(&PrecinctId) -> bool,
    ) -> Packets {
        let mut order: Vec<usize> = (0..precincts.len()).filter(|n| is_wanted(&precincts[*n])).collect();
        order.sort_by_cached_key(|n| self.key(&precincts[*n]));
        let ends = order.iter().zip(order.iter().skip(1)).enumerate().filter_map(|(n, (this, next))| {
            let is_end = match self {
                Self::Lrcp => false,
                Self::Rlcp => precincts[*this].resolution != precincts[*next].resolution,
                Self::Rpcl | Self::Pcrl | Self::Cprl => true,
            };
            is_end.then_some(n + 1)
        });
        let mut ends: Vec<usize> = ends.chain([order.len()]).collect();
        ends.reverse();
        Packets { order, ends, layers, group: 0, layer: 0, next: 0 }
    }

    fn key(self, precinct: &PrecinctId) -> [u64; 5] {
        let PrecinctId { component, resolution, number, place: (x, y) } = *precinct;
        let (r, c, k) = (resolution as u64, component as u64, u64::from(number));
        match self {
            Self::Lrcp | Self::Rlcp => [r, c, k, 0, 0],
            Self::Rpcl => [r, y, x, c, k],
            Self::Pcrl => [y, x, c, r, k],
            Self::Cprl => [c, y, x, r, k],
        }
    }
}

/// Packets in order. Precincts form groups; each layer of a group comes before the next one.
#[derive(Debug, Clone)]
pub(crate) struct Packets {
    order: Vec<usize>,
    /// Where the groups end in `order`, the first one last.
    ends: Vec<usize>,
    layers: u32,
    /// Where the group begins.
    group: usize,
    layer: u32,
    next: usize,
}

impl Iterator for Packets {
    type Item = (u32, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let end = *self.ends.last()?;
        if self.next == end {
            self.layer += 1;
            if self.layer >= self.layers {
                self.ends.pop();
                (self.group, self.layer) = (end, 0);
            }
            self.next = self.group;
            if self.next >= self.order.len() {
                return None;
            }
        }
        let precinct = *self.order.get(self.next)?;
        self.next += 1;
        Some((self.layer, precinct))
    }
}

/// The precincts of a component of a tile, with the steps from sample to sample on the reference grid.
pub(crate) fn precincts(component: usize, tile: Rect, samples: &TileComponent, steps: (u8, u8)) -> Vec<PrecinctId> {
    let mut all = Vec::new();
    for (r, resolution) in samples.resolutions.iter().enumerate() {
        let levels = samples.resolutions.len() - 1 - r;
        // The first precinct may begin before the tile.
        let place = |first: u32, log: u8, at: u32, step: u8, start: u32| {
            let edge = (u64::from(first >> log) + u64::from(at)) << log;
            // An edge other than 0 lies in the component, so its place has 32 bits at most.
            ((edge << levels) * u64::from(step)).max(start.into())
        };
        for number in 0..resolution.count() as u32 {
            let (column, row) = (number % resolution.precincts.0, number / resolution.precincts.0);
            let x = place(resolution.bounds.x0, resolution.precinct.0, column, steps.0, tile.x0);
            let y = place(resolution.bounds.y0, resolution.precinct.1, row, steps.1, tile.y0);
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
        let all: Vec<_> = (0..3).flat_map(|component| precincts(component, tile, &samples, (1, 1))).collect();
        for order in Progression::ALL {
            let packets: Vec<_> = order.packets(&all, 4).collect();
            assert_eq!(packets.len(), 4 * all.len());
            for n in 0..all.len() {
                let layers: Vec<_> = packets.iter().filter(|packet| packet.1 == n).map(|packet| packet.0).collect();
                assert_eq!(layers, [0, 1, 2, 3], "{order:?}");
            }
        }
        let first = |order: Progression, key: fn(&PrecinctId) -> usize| {
            let keys: Vec<_> = order.packets(&all, 2).map(|packet| key(&all[packet.1])).collect();
            keys.is_sorted()
        };
        assert!(first(Progression::Rlcp, |precinct| precinct.resolution));
        assert!(first(Progression::Rpcl, |precinct| precinct.resolution));
        assert!(first(Progression::Cprl, |precinct| precinct.component));
        assert!(first(Progression::Pcrl, |precinct| precinct.place.1 as usize));
    }
}
