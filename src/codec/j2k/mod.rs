//! JPEG 2000 codestreams (ITU-T T.800, ISO/IEC 15444-1): marker segments, the reference grid, and the coding of tiles.
//!
//! `markers`, `wire` and `header` hold the structures, `geometry` the arithmetic of the reference grid; the reader and every
//! coder use them. A tile is coded in stages: `components`, `dwt`, `quantization`, `part1` or `ht` (code-blocks), `layers`, `packet`,
//! `progression`; `tile` runs them.
//!
//! For reading, `index` finds the tile-parts and `stored_tile` checks them. The stages in reverse: `tile_reader` and
//! `packet_reader`, `block_rows` with `part1` or `ht`, `coefficients`, `reconstruction`, `idwt`, `components`; `tile_decoder` runs them. Tiles with regions of
//! interest or with blocks of both kinds become a codestream of their own (`tile_stream`), which OpenJPEG decodes (`ffi`).

mod block_rows;
mod block_style;
mod coefficients;
mod components;
mod dwt;
pub(crate) mod ffi;
pub(crate) mod geometry;
pub(crate) mod header;
mod header_bits;
mod ht;
mod idwt;
pub(crate) mod index;
mod layers;
pub(crate) mod markers;
pub(crate) mod packed_headers;
mod packet;
mod packet_reader;
pub(crate) mod part1;
pub(crate) mod progression;
mod quantization;
mod reconstruction;
#[cfg(test)]
pub(crate) mod sample_stream;
pub(crate) mod stored_tile;
mod tag_tree;
mod tile;
pub(crate) mod tile_decoder;
mod tile_reader;
mod tile_stream;
mod wire;

pub(crate) use components::NARROW_BITS;
pub(crate) use layers::Budget;
pub(crate) use quantization::Quantizer;
pub(crate) use tile::TileCoding;
pub(crate) use wire::{Counted, Repeated, Wire};
