//! An image over the stored blocks of a file: locates, reads and decodes blocks, and writes their pixels to the output. It does
//! not depend on the container or the codec.

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
