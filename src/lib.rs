//! Imagery I/O: writes and reads NITF, GeoTIFF, PNG and JPEG block by block, from arrays, lazy providers and other files.
//!
//! One engine writes every format. It re-blocks an [`image::ImageProvider`] to the file's grid, encodes the blocks in parallel,
//! and passes them to a container in order. The file appears under its name only when it is complete. The read path mirrors
//! this: headers first, then a region becomes blocks, byte ranges and pixels.
//!
//! `dataset` is the entry point: [`dataset::DatasetWriter`] and [`dataset::DatasetReader`]. `docs/design/architecture.md` has
//! the module map. Without the feature `python`, the crate contains no Python.

pub mod asset;
pub mod codec;
mod codestream;
pub mod dataset;
pub mod error;
pub mod format;
pub mod image;
pub mod io;
pub mod limits;
pub mod metadata;
pub mod pipeline;
pub mod schema;
// Hidden: only the benches use it from outside.
#[doc(hidden)]
pub mod simd;

#[cfg(feature = "python")]
mod python;

pub use dataset::{ConversionReport, ConvertOptions, convert};
pub use error::{Error, Result};
