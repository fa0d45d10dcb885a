//! Imagery I/O: NITF, GeoTIFF, PNG and JPEG written and read block by block, from arrays, lazy providers and other files.
//!
//! The write path is one engine for every format: an [`image::ImageProvider`] is re-blocked to the file's grid, its
//! blocks are encoded in parallel and appended in order by a container, and the file appears under its name only when it
//! is complete. The read path mirrors it: headers first, then a region becomes blocks, byte ranges and pixels.
//!
//! `dataset` is the entry point: [`dataset::DatasetWriter`] and [`dataset::DatasetReader`]. `docs/design/architecture.md`
//! has the module map. Without the feature `python` there is no Python in this crate.

pub mod asset;
pub mod codec;
pub mod codestream;
pub mod dataset;
pub mod error;
pub mod format;
pub mod image;
pub mod io;
pub mod limits;
pub mod metadata;
pub mod pipeline;
pub mod schema;
pub mod simd;

#[cfg(feature = "python")]
mod python;

pub use error::{Error, Result};
