//! An image over the stored blocks of a file: blocks are found, read, decoded, and their pixels written to where they are
//! wanted. What a container or a codec is does not matter here.

mod image;
mod parts;
mod place;
mod reading;
mod samples;
pub(super) mod store;
mod workspace;

pub use image::StoredImage;
pub use samples::StoredSamples;
pub use store::{BlockCoding, BlockForm, BlockStore, Piece, StoredBlock};
