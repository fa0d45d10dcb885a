//! The stream in the IDAT chunks of PNG files (ISO/IEC 15948, clause 10): bands of rows, filtered and compressed separately
//! and joined to one zlib stream (RFC 1950).

mod filter;
mod guarded;
mod header;
mod image;
mod rescue;
mod stream;

pub(crate) use guarded::LastData;
pub(crate) use header::{ColorType, Header, LARGEST};
pub(crate) use image::PngImage;
#[cfg(test)]
pub(crate) use image::READ_AHEAD;
pub(crate) use stream::{BandReceipt, Compression, PngStream};
