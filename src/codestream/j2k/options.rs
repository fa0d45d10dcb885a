//! The choices for a codestream, and the metadata keys that state them.

use crate::codec::j2k::markers::Com;
use crate::codec::j2k::part1::STYLES;
use crate::codec::j2k::progression::{NAMES, Progression};
use crate::error::{Error, Result};
use crate::metadata::{Metadata, Value};

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

/// Metadata keys of the choices.
pub(crate) const LEVELS: &str = "J2K_DECOMPOSITION_LEVELS";
pub(crate) const LAYERS: &str = "J2K_QUALITY_LAYERS";
pub(crate) const LAYER_RATES: &str = "J2K_LAYER_RATES";
pub(crate) const PROGRESSION: &str = "J2K_PROGRESSION";
pub(crate) const CODE_BLOCK: &str = "J2K_CODE_BLOCK";
pub(crate) const BLOCK_STYLE: &str = "J2K_CODE_BLOCK_STYLE";
pub(crate) const PRECINCTS: &str = "J2K_PRECINCTS";
pub(crate) const COMPONENT_TRANSFORM: &str = "J2K_MCT";
pub(crate) const PROFILE: &str = "J2K_PROFILE";

/// The keys.
pub(crate) const HINTS: [&str; 9] =
    [LEVELS, LAYERS, LAYER_RATES, PROGRESSION, CODE_BLOCK, BLOCK_STYLE, PRECINCTS, COMPONENT_TRANSFORM, PROFILE];

/// The most quality layers that can be asked for.
const MOST_LAYERS: u32 = 255;

/// The most decompositions that can be asked for.
const MOST_LEVELS: u8 = 32;

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
            precincts: Vec::new(),
            component_transform: None,
            profile: None,
            comments: Vec::new(),
        }
    }
}

impl J2kOptions {
    /// The choices in metadata; other keys are ignored.
    ///
    /// # Errors
    /// [`Error::Usage`] with the key, its value and what is allowed.
    pub(crate) fn read(metadata: &Metadata, rate: Rate) -> Result<Self> {
        let mut options = Self { rate, ..Self::default() };
        if let Some(value) = metadata.get(PROFILE) {
            options.set_profile(profile(value)?);
        }
        if let Some(value) = metadata.get(LEVELS) {
            options.levels = Some(integer(LEVELS, value, 1..=MOST_LEVELS.into())? as u8);
        }
        if let Some(value) = metadata.get(LAYERS) {
            options.layers = integer(LAYERS, value, 1..=MOST_LAYERS.into())? as u32;
            options.layer_rates = None;
        }
        if let Some(value) = metadata.get(LAYER_RATES) {
            let rates = layer_rates(value)?;
            let count = rates.len() as u32 + 1;
            if metadata.get(LAYERS).is_some() && options.layers != count {
                let allowed = format!("{} rates, for all layers but the last", options.layers - 1);
                return Err(illegal(LAYER_RATES, rates.len(), &allowed));
            }
            (options.layers, options.layer_rates) = (count, Some(rates));
        }
        if let Some(value) = metadata.get(PROGRESSION) {
            options.progression = progression(value)?;
        }
        if let Some(value) = metadata.get(CODE_BLOCK) {
            options.code_block = code_block(value)?;
        }
        if let Some(value) = metadata.get(BLOCK_STYLE) {
            options.block_style = block_style(value)?;
        }
        if let Some(value) = metadata.get(PRECINCTS) {
            options.precincts = precincts(value)?;
        }
        if let Some(value) = metadata.get(COMPONENT_TRANSFORM) {
            options.component_transform = Some(flag(value)?);
        }
        Ok(options)
    }

    /// Sets what a profile demands.
    fn set_profile(&mut self, profile: Profile) {
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

fn illegal(key: &str, found: impl std::fmt::Display, allowed: &str) -> Error {
    Error::usage("value of").field(key).found(found).allowed(allowed)
}

fn integer(key: &str, value: &Value, range: std::ops::RangeInclusive<i128>) -> Result<i128> {
    let number = value.to_int().filter(|number| range.contains(number));
    number.ok_or_else(|| illegal(key, value, &format!("an integer from {} to {}", range.start(), range.end())))
}

fn profile(value: &Value) -> Result<Profile> {
    match value.as_text().map(|text| text.trim().to_ascii_uppercase()).as_deref() {
        Some("NPJE") => Ok(Profile::Npje),
        Some("EPJE") => Ok(Profile::Epje),
        _ => Err(illegal(PROFILE, value, "NPJE or EPJE")),
    }
}

fn progression(value: &Value) -> Result<Progression> {
    let word = value.as_text().map(|text| text.trim().to_ascii_uppercase());
    let place = word.and_then(|word| NAMES.iter().position(|name| *name == word));
    place.map(|place| Progression::ALL[place]).ok_or_else(|| illegal(PROGRESSION, value, &NAMES.join(", ")))
}

/// True, 1, `yes` or false, 0, `no`.
fn flag(value: &Value) -> Result<bool> {
    match (value.to_int(), value.as_text().map(|text| text.trim().to_ascii_lowercase()).as_deref()) {
        (Some(1), _) | (_, Some("yes" | "true" | "on")) => Ok(true),
        (Some(0), _) | (_, Some("no" | "false" | "off")) => Ok(false),
        _ => Err(illegal(COMPONENT_TRANSFORM, value, "0 or 1")),
    }
}

/// Numbers of a list, or of a text that separates them by spaces, commas or `x`.
fn numbers(value: &Value) -> Option<Vec<f64>> {
    match value.as_text() {
        Some(text) => {
            let parts = text.split([' ', ',', 'x', '×', '[', ']', '(', ')']).filter(|part| !part.is_empty());
            parts.map(|part| part.parse().ok()).collect()
        }
        None => value.to_floats(),
    }
}

/// A side of a code-block or precinct as its logarithm.
fn log2(side: f64, range: std::ops::RangeInclusive<u8>) -> Option<u8> {
    let log = side.log2();
    (log.fract() == 0.0 && (0.0..=15.0).contains(&log) && range.contains(&(log as u8))).then_some(log as u8)
}

fn code_block(value: &Value) -> Result<(u8, u8)> {
    let sides: Option<Vec<u8>> =
        numbers(value).and_then(|sides| sides.into_iter().map(|side| log2(side, 2..=10)).collect());
    match sides.as_deref() {
        Some(&[width, height]) if width + height <= 12 => Ok((width, height)),
        Some(&[side]) if side <= 6 => Ok((side, side)),
        _ => Err(illegal(CODE_BLOCK, value, "width and height: powers of two from 4 to 1024, at most 4096 samples")),
    }
}

/// The bits of the named styles.
fn block_style(value: &Value) -> Result<u8> {
    let words = value.as_text().map(|text| text.to_ascii_lowercase());
    let words = words.as_deref().map(|text| text.split([' ', ',']).filter(|word| !word.is_empty()));
    let bit = |word: &str| STYLES.iter().position(|style| *style == word).map(|bit| 1u8 << bit);
    let bits = words.and_then(|words| words.map(bit).collect::<Option<Vec<_>>>());
    let bits = bits.ok_or_else(|| illegal(BLOCK_STYLE, value, &format!("words of {}", STYLES.join(", "))))?;
    Ok(bits.into_iter().fold(0, |all, bit| all | bit))
}

fn precincts(value: &Value) -> Result<Vec<(u8, u8)>> {
    let allowed = "pairs of width and height from full resolution downwards: powers of two from 2 to 32768";
    let sides: Option<Vec<u8>> =
        numbers(value).and_then(|sides| sides.into_iter().map(|side| log2(side, 1..=15)).collect());
    let sides = sides.filter(|sides| !sides.is_empty() && sides.len() % 2 == 0);
    let sides = sides.ok_or_else(|| illegal(PRECINCTS, value, allowed))?;
    Ok(sides.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

fn layer_rates(value: &Value) -> Result<Vec<f64>> {
    let rates = numbers(value).filter(|rates| {
        (1..MOST_LAYERS as usize).contains(&rates.len())
            && rates.iter().all(|rate| *rate > 0.0 && *rate <= 37.0)
            && rates.is_sorted_by(|a, b| a < b)
    });
    rates.ok_or_else(|| illegal(LAYER_RATES, value, "1 to 254 ascending rates up to 37 bits per pixel and band"))
}
