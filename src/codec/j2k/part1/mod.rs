//! The block coder of Part 1: the quantised coefficients of one code-block to coding passes, and back (T.800 Annexes C and D).
//!
//! An encoder knows every bit-plane beforehand. So a stage here handles 64 samples at once, in words of 16 columns × 4 rows in
//! the order of the scan (`stripes`): which samples a pass codes (`passes`), in which contexts (`contexts`), and by how much
//! the pass lowers the error (`distortion`). The result is a list of symbols (`symbols`), which an arithmetic coder makes a
//! number (`mq`, `codeword`). `segment` turns the number into bytes and finds the length at which each pass can be cut.
//! `block` goes through the passes.
//!
//! The arithmetic coder takes the most time, and waits for itself. So `lanes` codes 64 blocks side by side if the processor has
//! the instructions. The bytes do not depend on it.
//!
//! A decoder learns each bit from the one before. So `block_decoder` goes from sample to sample of a pass, which it finds in the
//! same words of 64, with all that a context needs in another word (`flags`). `unstuffing` makes bytes the number again, and `mq_decoder` takes the symbols from it.
//!
//! Limits: sides of 1 to 1024 samples, at most 4096 in a block; magnitudes of up to 63 bits, or of 31 if they are decoded into
//! 32 bits.

mod block;
mod block_decoder;
mod coder;
mod codeword;
mod contexts;
mod distortion;
mod flags;
mod lanes;
mod mq;
mod mq_decoder;
mod passes;
mod planes;
mod raw;
mod segment;
mod stripes;
mod symbols;
mod transpose;
mod unstuffing;

use super::geometry::Orientation;
pub(crate) use block_decoder::{BlockDecoder, BlockShape, Magnitude, Segment};
pub(crate) use coder::BlockCoder;
pub(crate) use planes::{BlockSamples, Coefficient};

/// The style of code-blocks (T.800 Table A.19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "the standard has a bit for each")]
pub(crate) struct Style {
    /// From the fifth plane on, significance propagation and refinement store plain bits (D.6).
    pub bypass: bool,
    /// Each pass begins with the initial contexts.
    pub reset: bool,
    /// Each pass is a codeword segment of its own.
    pub terminate: bool,
    /// Contexts do not use the stripe below (D.7).
    pub vertical_causal: bool,
    /// Segments end by the procedure that a decoder can check (D.4.2).
    pub predictable: bool,
    /// Each cleanup pass ends with four fixed symbols (D.5).
    pub segmentation: bool,
}

/// The styles in the order of their bits, by name.
pub(crate) const STYLES: [&str; 6] = ["bypass", "reset", "terminate", "causal", "predictable", "segmentation"];

impl Style {
    /// The bit of [`Style::terminate`].
    pub(crate) const TERMINATE: u8 = 1 << 2;
    /// The bit of [`Style::vertical_causal`].
    pub(crate) const CAUSAL: u8 = 1 << 3;
    /// The bit of [`Style::predictable`].
    pub(crate) const PREDICTABLE: u8 = 1 << 4;

    /// The style of a byte of COD, which has no other bits than these.
    pub(crate) fn of(bits: u8) -> Self {
        let [bypass, reset, terminate, vertical_causal, predictable, segmentation] =
            std::array::from_fn(|bit| bits >> bit & 1 == 1);
        Self { bypass, reset, terminate, vertical_causal, predictable, segmentation }
    }

    /// True if a codeword segment ends with this pass, counted from 0 in the block (T.800 Table D.9).
    pub(crate) fn ends_segment(self, pass: u32) -> bool {
        // From the fourth cleanup on; propagation and refinement then share a segment.
        self.terminate || self.bypass && pass >= 9 && pass % 3 != 1
    }

    /// True if a pass, counted from 0 in the block, consists of plain bits.
    pub(crate) fn is_raw(self, pass: u32) -> bool {
        self.bypass && pass >= 10 && !pass.is_multiple_of(3)
    }
}

/// A coded block.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CodedBlock {
    /// The bit length of the largest magnitude, without the bits that are not coded.
    pub bits: u32,
    /// The planes from the first coded one down to the lowest: 0 for a block without passes.
    pub planes: u32,
    /// The passes in coding order: cleanup of the first plane, then propagation, refinement and cleanup of each other.
    pub passes: Vec<Pass>,
    /// The codeword segments.
    pub bytes: Vec<u8>,
}

/// A coding pass of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pass {
    /// The length of the bytes of the block from which a decoder gets every symbol up to the end of this pass.
    pub length: u32,
    /// The decrease of the squared error of the block by this pass, in units of the squared step.
    pub distortion: f64,
    /// True if a codeword segment ends with this pass.
    pub terminated: bool,
}

#[cfg(test)]
pub(crate) mod tests;
