//! JPEG streams (ITU-T T.81): bands of rows, encoded separately and joined by restart markers; read band by band if a stream
//! has such markers, else as a whole.
//!
//! An image of several bands is written with a restart marker after each row of MCUs. Workers then encode and decode bands
//! separately, and memory is bounded by a few bands. Streams without such markers are decoded as a whole, as are progressive
//! and lossless streams.

mod bands;
mod header;
mod image;
mod scan;
mod stream;

pub(crate) use header::{EXIF, Header, ICC, JFIF};
pub(crate) use image::JpegImage;
pub(crate) use scan::{framed_streams, streams};
pub(crate) use stream::{JpegOptions, JpegStream};
