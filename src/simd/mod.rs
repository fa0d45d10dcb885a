//! Kernels on rows of samples. Each works for every sample size; where the processor allows, a faster twin of the plain
//! loop is chosen at run time, and the tests compare the two.

mod dct;
mod interleave;
mod predictor;
mod ycbcr;

pub use dct::{Coefficients, Quantizer, forward_dct};
pub use interleave::{deinterleave, interleave, swap_bytes};
pub use predictor::{accumulate, difference, join_planes, split_planes};
pub use ycbcr::{chroma, luma};
