//! JPEG (ITU-T T.81 | ISO/IEC 10918-1): the streams in TIFF tiles and strips, and what JPEG files are made of.
//!
//! Decoding does the baseline, extended and progressive processes with 8 bits a sample and one to four components, and the
//! lossless process with 8 to 16. Not done: arithmetic coding, 12 bits with the cosine transform, hierarchical frames, a
//! height that follows the image. Encoding is baseline with 8 bits and the standard's Huffman tables; luminance and
//! chrominance at full, half or quarter resolution for red, green and blue, every other sample as it is.

mod decode;
mod encode;
mod entropy;
pub mod markers;
pub mod segments;
mod stream;
mod tables;

pub use decode::working_bytes;
pub use encode::{Encoder, Restarts, Rows};
pub use tables::quality_of;

use super::{BlockDecoder, BlockEncoder, BlockSpec, Scratch};
use crate::error::{Error, Result};
use crate::image::SampleType;
use markers::{EOI, SOI};

/// Quality of a block that does not name one: that of most cameras' and viewers' own default for good pictures.
pub const DEFAULT_QUALITY: u8 = 85;

/// The encoder.
pub(super) static ENCODER: &dyn BlockEncoder = &JpegEncoder;

/// The decoder.
pub(super) static DECODER: &dyn BlockDecoder = &decode::JpegDecoder;

struct JpegEncoder;

impl BlockEncoder for JpegEncoder {
    /// A complete stream, or, where the block has shared tables (of [`shared_tables`]), one without them.
    fn encode(&self, spec: &BlockSpec, raw: &mut [u8], out: &mut Vec<u8>, _: &mut Scratch) -> Result<()> {
        let size = |length: u32| {
            u16::try_from(length)
                .ok()
                .filter(|length| *length > 0)
                .ok_or_else(|| Error::unsupported("JPEG columns or rows").found(length).allowed("1 to 65535"))
        };
        let (columns, rows) = (size(spec.columns)?, size(spec.rows)?);
        let encoder = encoder(spec)?;
        out.extend_from_slice(&[0xFF, SOI]);
        if spec.tables.is_none() {
            encoder.write_tables(out);
        }
        encoder.write_frame_header(columns, rows, out);
        encoder.write_scan_header(out);
        encoder.encode_rows(Rows::Interleaved(raw), columns.into(), rows.into(), None, out);
        out.extend_from_slice(&[0xFF, EOI]);
        Ok(())
    }
}

/// The abbreviated stream with the tables that every block of this kind uses (§B.4), for [`BlockSpec::tables`].
///
/// # Errors
/// [`Error::Unsupported`] where such blocks cannot be encoded.
pub fn shared_tables(spec: &BlockSpec) -> Result<Vec<u8>> {
    let mut out = vec![0xFF, SOI];
    encoder(spec)?.write_tables(&mut out);
    out.extend_from_slice(&[0xFF, EOI]);
    Ok(out)
}

fn encoder(spec: &BlockSpec) -> Result<Encoder> {
    if spec.sample != SampleType::UInt8 || spec.bits != 8 {
        return Err(Error::unsupported("samples in JPEG")
            .found(format!("{} of {} bits", spec.sample, spec.bits))
            .allowed("uint8 of 8 bits"));
    }
    Encoder::new(spec.samples, spec.color, spec.quality.unwrap_or(DEFAULT_QUALITY))
}

#[cfg(test)]
mod tests;
