//! Datasets: a file opened for reading, or a file being written. The entry point for Rust programs.

mod companions;
mod convert;
mod one_liners;
mod overviews;
mod reader;
mod rset;
mod settled;
mod writer;

pub use convert::{ConversionReport, ConvertOptions, convert, convert_into};
pub use one_liners::{ReadOptions, SaveOptions, expanded, read, read_in_part, save};
pub use reader::DatasetReader;
pub use rset::{MAX_LEVELS, RsetPaths, RsetWriter, default_levels};
#[cfg(feature = "python")]
pub(crate) use rset::{by_level, by_stated_level};
#[cfg(feature = "python")]
pub(crate) use settled::Settled;
#[cfg(test)]
pub(crate) use writer::write_image;
pub use writer::{DatasetWriter, ImageWriter, publish_all, remote_encoder};
