//! JPEG 2000 codestreams (ITU-T T.800, ISO/IEC 15444-1): marker segments, the reference grid, and the coding of tiles.
//!
//! `markers`, `wire` and `header` hold the structures, `geometry` the arithmetic of the reference grid; the reader and every
//! coder use them. `part1` codes code-blocks. `ffi` decodes with OpenJPEG; `index` finds the tile-parts.

pub(crate) mod ffi;
pub(crate) mod geometry;
pub(crate) mod header;
pub(crate) mod markers;
mod wire;
