//! Quality layers (T.800 Annex J.13): which passes of each code-block a layer adds, so that the layers up to it take the bytes
//! they may and leave the least error.
//!
//! Every block has a convex hull of (bytes, error) over its passes. A layer takes from all blocks the passes above one slope;
//! the least such slope that fits its bytes, packet headers included, is searched for.

use super::packet::{Block, PrecinctState};

/// The code-blocks of a precinct.
#[derive(Debug, Clone)]
pub(crate) struct Precinct {
    /// Code-blocks across and down in each band.
    pub arrays: Vec<(u32, u32)>,
    /// The blocks of all bands.
    pub blocks: Vec<Block>,
    /// For each block, the squared error of the image per squared step.
    pub weights: Vec<f64>,
}

/// The bytes that the packets up to a layer may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Budget {
    /// At most this number.
    Bytes(u64),
    /// As many as there are.
    All,
}

/// The passes of every block in every layer: by layer, precinct and block.
pub(crate) type Allocation = Vec<Vec<Vec<usize>>>;

/// A point of a hull: truncating a block there.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    passes: usize,
    bytes: u64,
    /// Decrease of the error per byte since the point before; falls from point to point.
    slope: f64,
}

/// The hulls of a tile's blocks, by precinct and block.
struct Hulls(Vec<Vec<Vec<Point>>>);

/// The slope of passes without bytes: above all others.
const FREE: f64 = 1e100;

/// The search ends when two slopes differ by less than this factor.
const NEAR: f64 = 1.002;

/// Chooses the passes of each layer. Layers add to those before them.
pub(crate) fn allocate(precincts: &[Precinct], budgets: &[Budget]) -> Allocation {
    if let [Budget::All] = budgets {
        return vec![everything(precincts)];
    }
    let hulls = Hulls(precincts.iter().map(hulls).collect());
    let mut states: Vec<_> = precincts.iter().map(|one| PrecinctState::new(&one.arrays, &one.blocks)).collect();
    let mut until: Vec<Vec<usize>> = precincts.iter().map(|one| vec![0; one.blocks.len()]).collect();
    let (mut spent, mut layers) = (0, Vec::new());
    for (layer, budget) in budgets.iter().enumerate() {
        until = match budget {
            Budget::All => everything(precincts),
            Budget::Bytes(bytes) => {
                let trial = Trial { precincts, hulls: &hulls, states: &states, before: &until, layer: layer as u32 };
                trial.best(bytes.saturating_sub(spent))
            }
        };
        spent += advance(precincts, &mut states, &until, layer as u32);
        layers.push(until.clone());
    }
    layers
}

/// True if blocks of which all passes are used hold more than a few of the bytes: with further planes coded, the result would be
/// better.
pub(crate) fn is_starved(precincts: &[Precinct], allocation: &Allocation) -> bool {
    let Some(last) = allocation.last() else { return false };
    let blocks = precincts.iter().zip(last).flat_map(|(one, until)| one.blocks.iter().zip(until));
    let (mut all, mut exhausted) = (0, 0);
    for (block, until) in blocks {
        let bytes = block.bytes_after(*until);
        all += bytes;
        if *until == block.coded.passes.len() {
            exhausted += bytes;
        }
    }
    exhausted * FEW > all
}

/// True if more than a few of the bytes of a budget are left, and each pass that is left has more.
pub(crate) fn is_underused(precincts: &[Precinct], allocation: &Allocation, budget: u64) -> bool {
    let Some(last) = allocation.last() else { return false };
    let mut blocks = precincts.iter().zip(last).flat_map(|(one, until)| one.blocks.iter().zip(until));
    let spent: usize = blocks.clone().map(|(block, until)| block.bytes_after(*until)).sum();
    let unspent = budget.saturating_sub(spent as u64);
    unspent.saturating_mul(FEW as u64) > budget && blocks.any(|(block, until)| *until < block.coded.passes.len())
}

/// By how much the passes of the last layer lower the error of the image.
pub(crate) fn gain(precincts: &[Precinct], allocation: &Allocation) -> f64 {
    let Some(last) = allocation.last() else { return 0.0 };
    let blocks = |one: &Precinct, until: &[usize]| -> f64 {
        let taken = one.blocks.iter().zip(until).map(|(block, until)| &block.coded.passes[..*until]);
        let decrease = taken.map(|passes| passes.iter().map(|pass| pass.distortion).sum::<f64>());
        decrease.zip(&one.weights).map(|(decrease, weight)| decrease * weight).sum()
    };
    precincts.iter().zip(last).map(|(one, until)| blocks(one, until)).sum()
}

/// One part in this many is few.
const FEW: usize = 50;

/// All passes of every block.
fn everything(precincts: &[Precinct]) -> Vec<Vec<usize>> {
    let passes = |one: &Precinct| one.blocks.iter().map(|block| block.coded.passes.len()).collect();
    precincts.iter().map(passes).collect()
}

/// Writes the packets of a layer into nothing; returns their bytes.
fn advance(precincts: &[Precinct], states: &mut [PrecinctState], until: &[Vec<usize>], layer: u32) -> u64 {
    let mut header = Vec::new();
    let mut bytes = 0;
    for ((one, state), until) in precincts.iter().zip(states).zip(until) {
        bytes += state.body_bytes(&one.blocks, until) as u64;
        header.clear();
        state.write_header(layer, &one.blocks, until, &mut header);
        bytes += header.len() as u64;
    }
    bytes
}

/// The layer for which slopes are tried.
struct Trial<'t> {
    precincts: &'t [Precinct],
    hulls: &'t Hulls,
    states: &'t [PrecinctState],
    /// The passes of the layers before.
    before: &'t [Vec<usize>],
    layer: u32,
}

impl Trial<'_> {
    /// The passes that fit the bytes and leave the least error.
    fn best(&self, bytes: u64) -> Vec<Vec<usize>> {
        let Some((low, high)) = self.hulls.slopes() else { return self.before.to_vec() };
        if self.cost(&self.at(low)) <= bytes {
            return self.at(low);
        }
        // `low` takes too much, `high` fits.
        let (mut low, mut high) = (low, high * NEAR);
        while high / low > NEAR {
            let middle = low.sqrt() * high.sqrt();
            if self.cost(&self.at(middle)) <= bytes { high = middle } else { low = middle }
        }
        self.topped_up(self.filled(self.at(high), bytes), bytes)
    }

    /// Adds further points of single blocks, the steepest first, while they fit.
    fn filled(&self, mut until: Vec<Vec<usize>>, bytes: u64) -> Vec<Vec<usize>> {
        let mut left = bytes.saturating_sub(self.cost(&until));
        let mut next: Vec<(f64, u64, usize, usize, usize)> = Vec::new();
        for (p, hulls) in self.hulls.0.iter().enumerate() {
            for (b, hull) in hulls.iter().enumerate() {
                let now = until[p][b];
                let held = self.precincts[p].blocks[b].bytes_after(now) as u64;
                let point = hull.iter().find(|point| point.passes > now);
                next.extend(point.map(|point| (point.slope, point.bytes.saturating_sub(held), point.passes, p, b)));
            }
        }
        next.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, more, passes, p, b) in next {
            if more + HEADER_BYTES > left {
                continue;
            }
            let before = std::mem::replace(&mut until[p][b], passes);
            let cost = self.cost(&until);
            if cost > bytes {
                until[p][b] = before;
                break;
            }
            left = bytes - cost;
        }
        until
    }

    /// Adds passes between the points of hulls while more than a few bytes are left: a small tile has few points.
    fn topped_up(&self, mut until: Vec<Vec<usize>>, bytes: u64) -> Vec<Vec<usize>> {
        for _ in 0..TOP_UPS {
            let left = bytes.saturating_sub(self.cost(&until));
            if left * FEW as u64 <= bytes {
                break;
            }
            let blocks = self.precincts.iter().zip(&until).enumerate().flat_map(|(p, (one, until))| {
                one.blocks.iter().zip(until).enumerate().map(move |(b, (block, until))| ((p, b), block, *until))
            });
            let largest = blocks.filter_map(|(at, block, now)| {
                let most = block.bytes_after(now) as u64 + left.saturating_sub(HEADER_BYTES);
                let passes = block.coded.passes.partition_point(|pass| u64::from(pass.length) <= most);
                let gain: f64 = block.coded.passes.get(now..passes)?.iter().map(|pass| pass.distortion).sum();
                (gain > 0.0).then(|| (block.bytes_after(passes) - block.bytes_after(now), passes, at))
            });
            let Some((_, passes, (p, b))) = largest.max() else { break };
            let before = std::mem::replace(&mut until[p][b], passes);
            if self.cost(&until) > bytes {
                until[p][b] = before;
                break;
            }
        }
        until
    }

    /// The passes above a slope, and those of the layers before.
    fn at(&self, slope: f64) -> Vec<Vec<usize>> {
        let block = |(hull, before): (&Vec<Point>, &usize)| {
            let above = hull.partition_point(|point| point.slope >= slope);
            let passes = above.checked_sub(1).map_or(0, |last| hull[last].passes);
            passes.max(*before)
        };
        let precinct = |(hulls, before): (&Vec<Vec<Point>>, &Vec<usize>)| hulls.iter().zip(before).map(block).collect();
        self.hulls.0.iter().zip(self.before).map(precinct).collect()
    }

    /// Bytes of the layer's packets.
    fn cost(&self, until: &[Vec<usize>]) -> u64 {
        advance(self.precincts, &mut self.states.to_vec(), until, self.layer)
    }
}

/// The most blocks that get passes between the points of their hulls.
const TOP_UPS: usize = 8;

/// What a block takes in a packet header, at most, when it is included for the first time.
const HEADER_BYTES: u64 = 3;

impl Hulls {
    /// The least and the greatest slope. `None` without passes.
    fn slopes(&self) -> Option<(f64, f64)> {
        let all = || self.0.iter().flatten().flatten().map(|point| point.slope);
        Some((all().reduce(f64::min)?, all().reduce(f64::max)?))
    }
}

/// The hull of every block of a precinct.
fn hulls(precinct: &Precinct) -> Vec<Vec<Point>> {
    precinct.blocks.iter().zip(&precinct.weights).map(|(block, weight)| hull(block, *weight)).collect()
}

fn hull(block: &Block, weight: f64) -> Vec<Point> {
    // The kept points, each with the decrease of the error up to it.
    let mut kept: Vec<(Point, f64)> = Vec::new();
    let mut decrease = 0.0;
    for (n, pass) in block.coded.passes.iter().enumerate() {
        decrease += pass.distortion * weight;
        let bytes = u64::from(pass.length);
        loop {
            let (last_bytes, last_decrease) =
                kept.last().map_or((0, 0.0), |(point, decrease)| (point.bytes, *decrease));
            let gain = decrease - last_decrease;
            if gain <= 0.0 {
                break;
            }
            let slope = if bytes == last_bytes { FREE } else { gain / (bytes - last_bytes) as f64 };
            if kept.last().is_some_and(|(point, _)| slope >= point.slope) {
                kept.pop();
                continue;
            }
            kept.push((Point { passes: n + 1, bytes, slope }, decrease));
            break;
        }
    }
    kept.into_iter().map(|(point, _)| point).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::j2k::part1::{CodedBlock, Pass};

    fn block(passes: &[(u32, f64)]) -> Block {
        let mut length = 0;
        let passes = passes.iter().map(|(bytes, distortion)| {
            length += bytes;
            Pass { length, distortion: *distortion, terminated: false }
        });
        let passes: Vec<_> = passes.collect();
        let bytes = vec![1; length as usize];
        Block { zero_planes: 1, coded: CodedBlock { bits: 3, planes: 3, passes, bytes } }
    }

    fn precinct(blocks: Vec<Block>) -> Precinct {
        let weights = vec![1.0; blocks.len()];
        Precinct { arrays: vec![(blocks.len() as u32, 1)], blocks, weights }
    }

    #[test]
    fn the_slopes_of_a_hull_fall() {
        let points = hull(&block(&[(10, 10.0), (10, 30.0), (0, 5.0), (20, 1.0), (5, -3.0), (5, 10.0)]), 1.0);
        assert_eq!(points.iter().map(|point| point.passes).collect::<Vec<_>>(), [3, 6]);
        assert!(points.is_sorted_by(|a, b| a.slope > b.slope));
        assert!(hull(&block(&[(10, 0.0), (10, -1.0)]), 1.0).is_empty());
        assert!(hull(&block(&[(0, 3.0), (4, 1.0)]), 1.0)[0].slope >= FREE);
    }

    #[test]
    fn the_steepest_passes_come_first() {
        let one = precinct(vec![block(&[(100, 1000.0), (100, 10.0)]), block(&[(100, 500.0), (100, 400.0)])]);
        let layers = allocate(std::slice::from_ref(&one), &[Budget::Bytes(130), Budget::Bytes(330), Budget::All]);
        assert_eq!(layers, [vec![vec![1, 0]], vec![vec![1, 2]], vec![vec![2, 2]]]);
        assert!(is_starved(&[one], &layers));
    }

    #[test]
    fn a_budget_below_a_header_takes_nothing() {
        let one = precinct(vec![block(&[(100, 1000.0)])]);
        assert_eq!(allocate(&[one], &[Budget::Bytes(0), Budget::Bytes(3)]), vec![vec![vec![0]]; 2]);
    }

    proptest! {
        #[test]
        fn layers_grow_and_keep_to_their_budgets(
            blocks in prop::collection::vec(prop::collection::vec((0u32..50, 0.0f64..100.0), 0..12), 1..12),
            budgets in prop::collection::vec(0u64..2000, 1..5),
        ) {
            let one = precinct(blocks.iter().map(|passes| block(passes)).collect());
            let mut budgets = budgets;
            budgets.sort_unstable();
            let asked: Vec<_> = budgets.iter().map(|bytes| Budget::Bytes(*bytes)).collect();
            let layers = allocate(std::slice::from_ref(&one), &asked);
            let mut states = vec![PrecinctState::new(&one.arrays, &one.blocks)];
            let (mut spent, mut before) = (0, vec![0; one.blocks.len()]);
            for (layer, (until, budget)) in layers.iter().zip(&budgets).enumerate() {
                spent += advance(std::slice::from_ref(&one), &mut states, until, layer as u32);
                // An empty packet takes a byte, whatever the budget is.
                prop_assert!(spent <= budget + layer as u64 + 1, "layer {}: {} of {}", layer, spent, budget);
                prop_assert!(before.iter().zip(&until[0]).all(|(before, until)| before <= until));
                before.clone_from(&until[0]);
            }
        }
    }
}
