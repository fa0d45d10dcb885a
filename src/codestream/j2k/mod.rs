//! The image of a JPEG 2000 codestream (T.800): tiles are decoded independently, at any resolution that the codestream has.
//!
//! Bands are the components. Components with fewer samples than others are enlarged by repeating samples, so that all bands have
//! the same size. The sample type is the smallest integer that holds the samples of every component.

mod boxes;
mod image;
mod level;
mod samples;
mod tiles;

pub(crate) use boxes::{BoxHeader, CODESTREAM, SIGNATURE, codestream_in, is_codestream, no_codestream, read_boxes};
pub(crate) use image::{CodestreamInfo, Shown, image};
pub(crate) use tiles::{Codestream, Presence};

#[cfg(test)]
mod tests;
