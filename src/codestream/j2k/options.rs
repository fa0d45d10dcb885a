//! The choices for a codestream.

use crate::codec::j2k::markers::Com;
use crate::codec::j2k::progression::Progression;

/// The choices for a codestream. What is not chosen has the default of [`J2kOptions::default`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct J2kOptions {
    /// The rate.
    pub(crate) rate: Rate,
    /// Number of decompositions; by default 5, or what the tiles carry.
    pub(crate) levels: Option<u8>,
    /// Number of quality layers.
    pub(crate) layers: u32,
    /// The rates of the layers but the last, in bits per pixel and band, ascending; by default geometric.
    pub(crate) layer_rates: Option<Vec<f64>>,
    /// The order of packets.
    pub(crate) progression: Progression,
    /// Log2 of the width and height of a code-block.
    pub(crate) code_block: (u8, u8),
    /// The style of code-blocks (T.800 Table A.19).
    pub(crate) block_style: u8,
    /// Whether the blocks are those of Part 15 (HTJ2K).
    pub(crate) high_throughput: bool,
    /// Log2 of the width and height of precincts, from full resolution downwards; the last is repeated.
    pub(crate) precincts: Vec<(u8, u8)>,
    /// Whether red, green and blue are transformed; by default for three bands that are colour.
    pub(crate) component_transform: Option<bool>,
    /// A profile of STDI-0006.
    pub(crate) profile: Option<Profile>,
    /// Comments.
    pub(crate) comments: Vec<Com>,
}

/// The rate of a codestream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rate {
    /// Every bit of every sample.
    Lossless,
    /// Bits per pixel and band.
    Bits(f64),
}

/// The profiles of STDI-0006 for NITF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// NPJE: layer by layer, tile by tile.
    Npje,
    /// EPJE: resolution by resolution.
    Epje,
}

/// The layers of the profiles, in bits per pixel and band (STDI-0006 Table 2.3-3); a lossless image has one more.
const PROFILE_RATES: [f64; 19] =
    [0.03125, 0.0625, 0.125, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.7, 2.0, 2.3, 3.5, 3.9];

impl Default for J2kOptions {
    fn default() -> Self {
        Self {
            rate: Rate::Lossless,
            levels: None,
            layers: 1,
            layer_rates: None,
            progression: Progression::Lrcp,
            code_block: (6, 6),
            block_style: 0,
            high_throughput: false,
            precincts: Vec::new(),
            component_transform: None,
            profile: None,
            comments: Vec::new(),
        }
    }
}

impl J2kOptions {
    /// Sets what a profile demands.
    pub(crate) fn set_profile(&mut self, profile: Profile) {
        let limit = match self.rate {
            Rate::Lossless => f64::INFINITY,
            Rate::Bits(rate) => rate,
        };
        let mut rates: Vec<f64> = PROFILE_RATES.into_iter().filter(|rate| *rate < limit).collect();
        if limit.is_infinite() {
            rates = PROFILE_RATES.to_vec();
        }
        self.profile = Some(profile);
        self.layers = rates.len() as u32 + 1;
        self.layer_rates = Some(rates);
        self.levels = Some(5);
        self.component_transform = Some(false);
        self.progression = if profile == Profile::Npje { Progression::Lrcp } else { Progression::Rlcp };
    }

    /// The rates of all layers but the last, for samples of `bits`.
    pub(crate) fn rates(&self, bits: u8) -> Vec<f64> {
        if let Some(rates) = &self.layer_rates {
            return rates.clone();
        }
        // The layers double the rate up to the target. A lossless image has about half its bits.
        let (top, steps) = match self.rate {
            Rate::Lossless => (f64::from(bits) / 2.0, self.layers - 1),
            Rate::Bits(rate) => (rate, self.layers),
        };
        let lowest = LOWEST_RATE.min(top / 2.0);
        let doublings = (top / lowest).log2();
        let step = if f64::from(steps) <= doublings { 1.0 } else { doublings / f64::from(steps) };
        (1..self.layers).map(|layer| top * (-step * f64::from(steps - layer)).exp2()).collect()
    }

    /// The choices as text, for the identity of encoders.
    pub(crate) fn identity(&self) -> String {
        format!("{self:?}")
    }
}

/// The lowest rate of a first layer.
const LOWEST_RATE: f64 = 1.0 / 32.0;
