//! Steps of the quantiser (T.800 Annex E): what QCD states, the bit planes of a band, and its weight in the image's error.

use super::geometry::{Band, Orientation};
use super::markers::Quantization;

/// Guard bits: NPJE requires 2, which are enough for any image.
const GUARD_BITS: u8 = 2;

/// The largest exponent (5 bits) and number of guard bits (3 bits). So a coefficient can have 37 bits, which images of 34 bits
/// never exceed, and others rarely.
const MAX_EXPONENT: u8 = 31;
const MAX_GUARD_BITS: u8 = 7;

/// The gains of the wavelet leave a quarter of the magnitudes of LL unused. With so few bits, that is less than what rounding adds
/// in all levels, and LL needs a bit more.
const ROUNDED_BITS: u8 = 4;

/// Bits of a mantissa.
const MANTISSA_BITS: u32 = 11;

/// The quantiser of an image, for all its components.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantizer {
    /// Precision of a sample, plus one if colour is transformed reversibly: differences need a bit more.
    bits: u8,
    guard: u8,
    /// The largest error of the image per step, in units of a sample; `None` for reversible coding.
    base: Option<f64>,
    levels: u8,
}

/// The quantiser of a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BandStep {
    /// `M_b`: magnitude bits that a coefficient can have (E-2).
    pub planes: u8,
    /// `Δ_b` in units of a sample; 1 for reversible coding.
    pub step: f64,
    /// The squared error of the image per squared step of a coefficient.
    pub weight: f64,
    exponent: u8,
    mantissa: u16,
}

impl Quantizer {
    /// Reversible coding of samples of `bits`.
    pub(crate) fn reversible(bits: u8, levels: u8, is_transformed: bool) -> Self {
        let bits = bits + u8::from(is_transformed);
        let bits = bits + u8::from(bits <= ROUNDED_BITS);
        // The largest exponent is that of HH. What it has too much moves to the guard bits.
        let largest = bits + if levels > 0 { 2 } else { 0 };
        let guard = (GUARD_BITS + largest.saturating_sub(MAX_EXPONENT)).min(MAX_GUARD_BITS);
        Self { bits, guard, base: None, levels }
    }

    /// Irreversible coding: every band has such a step that an error of one step changes the image by `base` sample units (root
    /// of the sum of squares).
    pub(crate) fn irreversible(bits: u8, levels: u8, base: f64) -> Self {
        Self { bits, guard: GUARD_BITS, base: Some(base), levels }
    }

    /// The same with steps so coarse that no band has more than `most` planes.
    #[must_use]
    pub(crate) fn within_planes(mut self, most: u8) -> Self {
        while self.bands().any(|(orientation, level)| self.band(orientation, level).planes > most) {
            let Some(base) = &mut self.base else { break };
            *base *= 2.0;
        }
        self
    }

    /// True for reversible coding.
    pub(crate) fn is_reversible(&self) -> bool {
        self.base.is_none()
    }

    /// The bound of magnitudes that Ccap15 states (T.814 §8.7.3).
    pub(crate) fn magnitude_bound(&self) -> u8 {
        let bits = |(orientation, level)| {
            let planes = self.band(orientation, level).planes + 1;
            if self.is_reversible() { planes - 1 } else { planes.saturating_sub(level) }
        };
        self.bands().map(bits).max().unwrap_or_default()
    }

    /// QCD.
    pub(crate) fn segment(&self) -> Quantization {
        let steps = self.bands().map(|(orientation, level)| self.band(orientation, level));
        let guard = self.guard << 5;
        if self.base.is_none() {
            Quantization { style: guard, steps: steps.map(|step| step.exponent << 3).collect() }
        } else {
            let word = |step: BandStep| u16::from(step.exponent) << MANTISSA_BITS | step.mantissa;
            Quantization { style: guard | 2, steps: steps.flat_map(|step| word(step).to_be_bytes()).collect() }
        }
    }

    /// The quantiser of a band.
    pub(crate) fn of(&self, band: &Band) -> BandStep {
        self.band(band.orientation, band.level)
    }

    /// The bands in the order of QCD: LL, then HL, LH, HH from the lowest resolution to the highest.
    fn bands(&self) -> impl Iterator<Item = (Orientation, u8)> + use<> {
        let high = [Orientation::HL, Orientation::LH, Orientation::HH];
        let levels = (1..=self.levels).rev().flat_map(move |level| high.map(|orientation| (orientation, level)));
        std::iter::once((Orientation::LL, self.levels)).chain(levels)
    }

    fn band(&self, orientation: Orientation, level: u8) -> BandStep {
        let range = self.bits + orientation.gain();
        let (exponent, mantissa, step) = match self.base {
            None => ((range - (self.guard - GUARD_BITS)).min(MAX_EXPONENT), 0, 1.0),
            Some(base) => coded(base / norm(orientation, level, false), range),
        };
        let norm = norm(orientation, level, self.is_reversible());
        BandStep { planes: self.guard + exponent - 1, step, weight: (norm * step).powi(2), exponent, mantissa }
    }
}

/// What a codestream states of the quantiser of a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StatedStep {
    /// `M_b`: magnitude bits that a coefficient can have (E-2).
    pub planes: u32,
    /// `Δ_b` in units of a sample (E-3); 1 without quantisation.
    pub step: f64,
}

impl Quantization {
    /// The step of the band with this number, counted from the lowest resolution. `bits` is the precision of the component,
    /// `levels` the number of its decompositions. The caller has checked that there are enough steps.
    pub(crate) fn of(&self, number: usize, band: &Band, bits: u32, levels: u8) -> StatedStep {
        let word =
            |at: usize| self.steps.get(2 * at..2 * at + 2).map_or(0, |two| u16::from(two[0]) << 8 | u16::from(two[1]));
        let (exponent, mantissa) = match self.style & 31 {
            0 => (self.steps.get(number).map_or(0, |step| step >> 3), 0),
            style => {
                let word = word(if style == 1 { 0 } else { number });
                let exponent = (word >> MANTISSA_BITS) as u8;
                // E-5: the exponents follow from that of LL.
                let below = if style == 1 { levels - band.level } else { 0 };
                (exponent.saturating_sub(below), word & ((1 << MANTISSA_BITS) - 1))
            }
        };
        let range = bits as i32 + i32::from(band.orientation.gain());
        let relative = 1.0 + f64::from(mantissa) / f64::from(1 << MANTISSA_BITS);
        StatedStep {
            planes: (u32::from(self.style >> 5) + u32::from(exponent)).saturating_sub(1),
            step: relative * 2f64.powi(range - i32::from(exponent)),
        }
    }
}

/// The exponent, the mantissa and the step that they stand for (E-3): the coded step nearest to `step` for a band of this
/// dynamic range.
fn coded(step: f64, range: u8) -> (u8, u16, f64) {
    let scale = 2f64.powi(i32::from(range));
    let unit = f64::from(1 << MANTISSA_BITS);
    let mut exponent = 0;
    let mut relative = step / scale;
    while relative < 1.0 && exponent < MAX_EXPONENT {
        relative *= 2.0;
        exponent += 1;
    }
    let mantissa = ((relative - 1.0) * unit).round().clamp(0.0, unit - 1.0);
    (exponent, mantissa as u16, scale / 2f64.powi(i32::from(exponent)) * (1.0 + mantissa / unit))
}

/// The norm of a band's synthesis vectors: LL, HL and LH, HH of levels 1 to 6; from level 7 on it doubles.
const REVERSIBLE: [[f64; 3]; 6] = [
    [1.5, 1.0383, 0.7188],
    [2.75, 1.5922, 0.9219],
    [5.375, 2.9197, 1.5859],
    [10.6875, 5.7028, 3.0430],
    [21.3437, 11.3367, 6.0215],
    [42.6719, 22.6389, 12.0107],
];

const IRREVERSIBLE: [[f64; 3]; 6] = [
    [1.9659, 1.0113, 0.5202],
    [4.1224, 1.9968, 0.9672],
    [8.4167, 4.1834, 2.0793],
    [16.9356, 8.5341, 4.3005],
    [33.9249, 17.1667, 8.6867],
    [67.8772, 34.3852, 17.4188],
];

fn norm(orientation: Orientation, level: u8, is_reversible: bool) -> f64 {
    if level == 0 {
        return 1.0;
    }
    let table = if is_reversible { &REVERSIBLE } else { &IRREVERSIBLE };
    let row = usize::from(level - 1).min(table.len() - 1);
    let beyond = i32::from(level) - 1 - row as i32;
    table[row][usize::from(orientation.gain())] * 2f64.powi(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponents_of_a_lossless_eight_bit_image_are_those_of_the_standard() {
        let segment = Quantizer::reversible(8, 5, false).segment();
        assert_eq!(segment.style, 0x40);
        assert_eq!(segment.steps[..4], [0x40, 0x48, 0x48, 0x50]);
        assert_eq!(segment.steps.len(), 16);
    }

    #[test]
    fn large_exponents_move_to_the_guard_bits() {
        for bits in 1..=38 {
            for is_transformed in [false, true] {
                let quantizer = Quantizer::reversible(bits, 5, is_transformed);
                for (orientation, level) in quantizer.bands() {
                    let step = quantizer.band(orientation, level);
                    assert!(step.exponent <= MAX_EXPONENT && quantizer.guard <= MAX_GUARD_BITS);
                    let used = bits + u8::from(is_transformed);
                    let used = used + u8::from(used <= ROUNDED_BITS);
                    assert_eq!(step.planes, (used + orientation.gain() + 1).min(37));
                }
            }
        }
    }

    #[test]
    fn stated_steps_are_those_of_the_quantizer() {
        let styles = |quantizer: &Quantizer, bits: u32, levels: u8| {
            let segment = quantizer.segment();
            for (number, (orientation, level)) in quantizer.bands().enumerate() {
                let band = Band::of(orientation, level);
                let (step, stated) = (quantizer.of(&band), segment.of(number, &band, bits, levels));
                assert_eq!(stated.planes, u32::from(step.planes), "{orientation:?} {level}");
                assert!(quantizer.is_reversible() || stated.step == step.step, "{orientation:?} {level}");
            }
        };
        for levels in [0, 1, 6] {
            styles(&Quantizer::reversible(12, levels, false), 12, levels);
            styles(&Quantizer::irreversible(12, levels, 0.3), 12, levels);
        }
        let derived = Quantization { style: 0x41, steps: vec![0x48, 0x00] };
        let band = |level| Band::of(Orientation::HL, level);
        assert_eq!((derived.of(1, &band(3), 8, 3).planes, derived.of(7, &band(1), 8, 3).planes), (10, 8));
    }

    #[test]
    fn steps_are_coarser_only_if_planes_are_too_many() {
        let most = |quantizer: &Quantizer| quantizer.bands().map(|(at, level)| quantizer.band(at, level).planes).max();
        for (bits, levels) in (1..=38).flat_map(|bits| [0, 5, 32].map(|levels| (bits, levels))) {
            let fine = Quantizer::irreversible(bits, levels, 1.0 / 1024.0);
            let coarse = fine.clone().within_planes(30);
            assert!(most(&coarse) <= Some(30), "{bits} {levels}");
            assert!(coarse == fine || most(&coarse) >= Some(29) && most(&fine) > Some(30), "{bits} {levels}");
        }
        let reversible = Quantizer::reversible(38, 5, true);
        assert_eq!(reversible.clone().within_planes(30), reversible);
    }

    #[test]
    fn coded_steps_are_near_the_wanted_ones() {
        for base in [2.0, 1.0, 0.5, 0.01] {
            let quantizer = Quantizer::irreversible(12, 6, base);
            for (orientation, level) in quantizer.bands() {
                let step = quantizer.band(orientation, level);
                let wanted = base / norm(orientation, level, false);
                assert!((step.step / wanted - 1.0).abs() < 1e-3, "{orientation:?} {level}");
                assert!((step.weight / base.powi(2) - 1.0).abs() < 1e-2);
            }
        }
    }
}
