//! Datasets: a file opened for reading, or a file being written. The entry point for Rust programs.

mod one_liners;
mod reader;
mod writer;

pub use one_liners::{ReadOptions, SaveOptions, expanded, read, save};
pub use reader::DatasetReader;
#[cfg(test)]
pub(crate) use writer::write_image;
pub use writer::{DatasetWriter, ImageWriter, publish_all, remote_encoder};
