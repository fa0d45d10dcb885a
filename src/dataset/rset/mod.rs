//! R-sets: an image and its reduced resolution levels, each in a file of its own. `scene.ntf` is the base, `scene.ntf.r1` has
//! half its columns and rows, `scene.ntf.r2` a quarter.

mod container;
mod keys;
mod level_files;
mod level_request;
mod paths;
mod reader;
mod writer;

pub use level_request::default_levels;
pub use paths::{MAX_LEVELS, RsetPaths};
#[cfg(feature = "python")]
pub(crate) use paths::{by_level, by_stated_level};
pub use writer::RsetWriter;
