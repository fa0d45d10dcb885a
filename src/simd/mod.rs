//! Kernels on rows of samples, for every sample size. If the processor allows, a faster version of the plain loop is chosen
//! at run time; the tests compare the two.

#![allow(
    unsafe_code,
    reason = "code compiled for a processor's own instructions may only be called on such a processor"
)]

mod dct;
mod dispatch;
mod equality;
mod interleave;
mod lanes;
mod predictor;
mod quads;
mod slices;
mod wavelet;
mod ycbcr;

pub(crate) use dct::{Coefficients, Quantizer, forward_dct};
pub(crate) use dispatch::{Work, with_widest};
pub(crate) use equality::equal_bytes;
pub(crate) use interleave::deinterleave;
pub use interleave::{interleave, swap_bytes};
pub(crate) use lanes::{Digits, LANES, Lanes, NO_SYMBOL, Registers, States};
pub use predictor::{accumulate, difference, join_planes, split_planes};
pub(crate) use quads::{LONGEST, Pairs, decode_pairs, decode_pairs_plain};
pub(crate) use slices::{Column, pack};
pub(crate) use wavelet::{lift, predict, shift_and_clamp, undo_predict, undo_update, update};
pub(crate) use ycbcr::{chroma, luma};
