//! JPEG streams (ITU-T T.81): bands of rows encoded apart and joined by restart markers; read band by band if a stream has such
//! markers, else as a whole.
//!
//! An image of more than one band of rows is written with a restart marker after each row of MCUs. Several workers then encode
//! bands, and bands can be decoded apart again, so that memory is a few bands both ways. Streams without such markers are decoded
//! as a whole, as are progressive and lossless ones.

mod bands;
mod header;
mod image;
mod stream;

pub(crate) use header::{EXIF, Header, ICC, JFIF};
pub(crate) use image::JpegImage;
pub(crate) use stream::JpegStream;
