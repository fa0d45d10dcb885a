//! What all compressions of plain bytes share: samples become stored bytes (packed bits, predictor, byte order) before
//! compression, and samples again after it.

use super::{BlockDecoder, BlockEncoder, BlockSpec, Predictor, Scratch, deflate, lzw, packing, predictor, zstd};
use crate::error::{Error, Result};
use crate::image::SampleType;
use crate::simd;

/// A compression of bytes that knows nothing of samples. Each is a codec by what this file adds.
pub(crate) trait ByteCoder: Send + Sync {
    /// Appends the compressed form of `stored` to `out`.
    fn compress(&self, spec: &BlockSpec, stored: &[u8], out: &mut Vec<u8>, coders: &mut Coders) -> Result<()>;

    /// Fills `stored` from `data`, which may hold more, but not less.
    fn decompress(&self, spec: &BlockSpec, data: &[u8], stored: &mut [u8], coders: &mut Coders) -> Result<()>;
}

/// States that coders keep from block to block.
#[derive(Default)]
pub(crate) struct Coders {
    pub(crate) deflate: deflate::State,
    pub(crate) lzw: lzw::State,
    pub(crate) zstd: zstd::State,
}

impl std::fmt::Debug for Coders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coders").finish_non_exhaustive()
    }
}

impl<C: ByteCoder> BlockEncoder for C {
    fn encode(&self, spec: &BlockSpec, raw: &mut [u8], out: &mut Vec<u8>, scratch: &mut Scratch) -> Result<()> {
        check_size(spec, raw.len())?;
        let Scratch { bytes, coders, .. } = scratch;
        if is_packed(spec) {
            check_unpredicted(spec)?;
            packing::pack(spec, raw, bytes)?;
            return self.compress(spec, bytes, out, coders);
        }
        predictor::apply(spec, raw, bytes)?;
        if spec.predictor != Predictor::FloatingPoint {
            to_other_order(spec, raw);
        }
        self.compress(spec, raw, out, coders)
    }
}

impl<C: ByteCoder> BlockDecoder for C {
    fn decode(&self, spec: &BlockSpec, data: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        check_size(spec, out.len())?;
        let Scratch { bytes, coders, .. } = scratch;
        if is_packed(spec) {
            bytes.resize(spec.stored_bytes(), 0);
            self.decompress(spec, data, bytes, coders)?;
            if spec.sample == SampleType::Float32 && spec.bits == 24 {
                return predictor::restore_float24(spec, bytes, out);
            }
            check_unpredicted(spec)?;
            return packing::unpack(spec, bytes, out);
        }
        self.decompress(spec, data, out, coders)?;
        if spec.predictor != Predictor::FloatingPoint {
            to_other_order(spec, out);
        }
        predictor::restore(spec, out, bytes)
    }
}

/// The error of a block that ends early.
pub(crate) fn check_filled(subject: &'static str, filled: usize, wanted: usize) -> Result<()> {
    if filled == wanted {
        return Ok(());
    }
    Err(Error::malformed(subject).found(format!("{filled} bytes")).allowed(format!("{wanted} bytes")))
}

fn is_packed(spec: &BlockSpec) -> bool {
    spec.bits != spec.sample.bits()
}

/// Between the order of this machine and that of the stored samples.
fn to_other_order(spec: &BlockSpec, samples: &mut [u8]) {
    if !spec.byte_order.is_native() {
        simd::swap_bytes(samples, predictor::number_bytes(spec));
    }
}

fn check_size(spec: &BlockSpec, length: usize) -> Result<()> {
    if length == spec.block_bytes() {
        return Ok(());
    }
    Err(Error::usage("buffer of a block")
        .found(format!("{length} bytes"))
        .allowed(format!("{} bytes", spec.block_bytes())))
}

fn check_unpredicted(spec: &BlockSpec) -> Result<()> {
    if spec.predictor == Predictor::None {
        return Ok(());
    }
    Err(Error::unsupported("predictor for samples of")
        .found(format!("{} bits", spec.bits))
        .allowed("8, 16, 32, 64 bits"))
}
