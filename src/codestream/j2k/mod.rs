//! JPEG 2000 codestreams (T.800) as containers embed them: `.j2k`, `.jp2` and NITF C8.
//!
//! Writing: `options` are the choices, `stream` joins tiles, each coded alone at its place on the reference grid.
//!
//! Reading: tiles are decoded independently, at any resolution that the codestream has. Bands are the components. Components with
//! fewer samples than others are enlarged by repeating samples, so that all bands have the same size. The sample type is the
//! smallest integer that holds the samples of every component.

mod block;
mod boxes;
mod image;
mod level;
mod options;
mod samples;
mod stream;
mod tile_parts;
mod tiles;

pub(crate) use block::{BlockParams, CODEC};
pub(crate) use boxes::{BoxHeader, CODESTREAM, SIGNATURE, codestream_in, is_codestream, no_codestream, read_boxes};
pub(crate) use image::{CodestreamInfo, Shown, image};
pub(crate) use options::{J2kOptions, Profile, Rate};
pub(crate) use stream::{J2kStream, most_levels};
pub(crate) use tiles::{Codestream, Presence};

#[cfg(test)]
mod tests;
