//! No compression (TIFF 6.0 §3, Compression 1): the stored rows one after the other.

use super::bytewise::{ByteCoder, Coders, check_filled};
use super::{BlockSpec, Result};

/// Stored as it is.
#[derive(Debug)]
pub struct Raw;

impl ByteCoder for Raw {
    fn compress(&self, _: &BlockSpec, stored: &[u8], out: &mut Vec<u8>, _: &mut Coders) -> Result<()> {
        out.extend_from_slice(stored);
        Ok(())
    }

    fn decompress(&self, _: &BlockSpec, data: &[u8], stored: &mut [u8], _: &mut Coders) -> Result<()> {
        let length = data.len().min(stored.len());
        stored[..length].copy_from_slice(&data[..length]);
        check_filled("uncompressed block", length, stored.len())
    }
}
