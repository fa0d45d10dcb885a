//! JPEG 2000 codestreams (ITU-T T.800, ISO/IEC 15444-1): marker segments, the reference grid, and the coding of tiles.
//!
//! `markers`, `wire` and `header` hold the structures, `geometry` the arithmetic of the reference grid; the reader and every
//! coder use them. A tile is coded in stages: `components`, `dwt`, `quantization`, `part1` (code-blocks), `layers`, `packet`,
//! `progression`; `tile` runs them.

mod components;
mod dwt;
pub(crate) mod geometry;
pub(crate) mod header;
mod header_bits;
mod layers;
pub(crate) mod markers;
mod packet;
pub(crate) mod part1;
pub(crate) mod progression;
mod quantization;
mod tag_tree;
mod tile;
mod wire;

pub(crate) use layers::Budget;
pub(crate) use quantization::Quantizer;
pub(crate) use tile::TileCoding;
pub(crate) use wire::{Counted, Wire};
