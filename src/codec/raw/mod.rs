//! No compression (TIFF 6.0 §3, Compression 1): the stored rows in order.

use std::sync::Arc;

use super::bytewise::{ByteCoder, StoredRows, check_filled};
use super::{Codec, Result};

/// The codec.
pub(crate) static CODEC: Codec =
    Codec { name: "none", lossless: true, predicts: false, params: |_| vec![Arc::new(Params)] };

/// Stored unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params;

impl ByteCoder for Params {
    type State = ();

    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn compress(&self, _: StoredRows, stored: &[u8], out: &mut Vec<u8>, (): &mut ()) -> Result<()> {
        out.extend_from_slice(stored);
        Ok(())
    }

    fn decompress(&self, data: &[u8], stored: &mut [u8], state: &mut ()) -> Result<()> {
        check_filled("uncompressed block", self.decompress_some(data, stored, state), stored.len())
    }

    fn decompress_some(&self, data: &[u8], stored: &mut [u8], (): &mut ()) -> usize {
        let length = data.len().min(stored.len());
        stored[..length].copy_from_slice(&data[..length]);
        length
    }
}
