//! JPEG 2000 codestreams (ITU-T T.800, ISO/IEC 15444-1): marker segments, the reference grid, and the coding of tiles.
//!
//! `markers`, `wire` and `header` hold the structures, `geometry` the arithmetic of the reference grid; the reader and every
//! coder use them. `part1` codes code-blocks. `index` finds the tile-parts, `tile_stream` makes a codestream of one tile of them, and
//! `ffi` decodes it with OpenJPEG.

pub(crate) mod ffi;
pub(crate) mod geometry;
pub(crate) mod header;
pub(crate) mod index;
pub(crate) mod markers;
pub(crate) mod packed_headers;
#[cfg(test)]
pub(crate) mod sample_stream;
pub(crate) mod tile_stream;
mod wire;
