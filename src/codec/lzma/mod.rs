//! LZMA2 in an xz stream (The .xz File Format 1.2; Compression 34925 in TIFF): one stream per block.
//!
//! Streams with other filters before LZMA2 are read, such as the differences that libtiff writes. A stream whose dictionary
//! needs more than [`LARGEST_DICTIONARY`] is refused.

use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::sync::Arc;

use lzma_rust2::{CheckType, XzOptions, XzReader, XzWriter};

use super::bytewise::{ByteCoder, Effort, StoredRows, check_filled};
use super::{Codec, Predictor, Result};
use crate::error::Error;

/// The codec.
pub(crate) static CODEC: Codec = Codec {
    name: "lzma",
    lossless: true,
    predicts: true,
    params: |pixels| {
        Predictor::suiting(pixels).map(|predictor| Arc::new(Params { predictor, level: None }) as _).collect()
    },
};

/// The parameters of LZMA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params {
    /// Differencing before compression.
    pub predictor: Predictor,
    /// 0 to 9, as in xz; the default is [`DEFAULT_LEVEL`].
    pub level: Option<i32>,
}

/// The levels that may be requested.
pub(crate) const LEVELS: RangeInclusive<i32> = 0..=9;

/// The default of xz and of GDAL.
const DEFAULT_LEVEL: i32 = 6;

/// The limit on the memory of a decoder in KiB: level 9 of xz needs 65 MiB, for a dictionary of 64.
const LARGEST_DICTIONARY: u32 = 96 << 10;

/// The smallest dictionary of the format.
const SMALLEST_DICTIONARY: usize = 4096;

impl ByteCoder for Params {
    type State = ();

    fn codec(&self) -> &'static Codec {
        &CODEC
    }

    fn predictor(&self) -> Predictor {
        self.predictor
    }

    fn effort(&self) -> Option<Effort> {
        Some(Effort { name: "LZMA", level: self.level, levels: LEVELS })
    }

    fn compress(&self, _: StoredRows, stored: &[u8], out: &mut Vec<u8>, (): &mut ()) -> Result<()> {
        let mut options = XzOptions::with_preset(self.level.unwrap_or(DEFAULT_LEVEL) as u32);
        options.set_check_sum_type(CheckType::Crc32);
        // A dictionary that is larger than the block costs memory, here and in every reader.
        let needed = stored.len().clamp(SMALLEST_DICTIONARY, u32::MAX as usize) as u32;
        options.lzma_options.dict_size = options.lzma_options.dict_size.min(needed);
        let failed = |error: std::io::Error| Error::unsupported("LZMA block").found(error);
        let mut writer = XzWriter::new(out, options).map_err(failed)?;
        writer.write_all(stored).map_err(failed)?;
        writer.finish().map_err(failed).map(drop)
    }

    fn decompress(&self, data: &[u8], stored: &mut [u8], (): &mut ()) -> Result<()> {
        let mut reader = XzReader::new_mem_limit(data, false, LARGEST_DICTIONARY);
        let (filled, error) = fill(&mut reader, stored);
        if let Some(error) = error {
            return Err(Error::malformed("xz stream").found(error));
        }
        check_filled("LZMA block", filled, stored.len())?;
        // At the end of the data, the reader verifies their checksum.
        match fill(&mut reader, &mut [0]).1 {
            None => Ok(()),
            Some(error) => Err(Error::malformed("xz stream").found(error)),
        }
    }

    fn decompress_some(&self, data: &[u8], stored: &mut [u8], (): &mut ()) -> usize {
        fill(&mut XzReader::new_mem_limit(data, false, LARGEST_DICTIONARY), stored).0
    }
}

/// Reads until `out` is full, the stream ends or is damaged; returns the number of bytes, and the damage.
fn fill(reader: &mut impl Read, out: &mut [u8]) -> (usize, Option<std::io::Error>) {
    let mut filled = 0;
    while filled < out.len() {
        match reader.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{BlockShape, CodecParams, PixelCoding, Scratch};
    use crate::image::SampleType;

    #[test]
    fn every_level_is_read_and_others_are_refused() {
        let pixels = PixelCoding::new(1, SampleType::UInt8);
        let raw: Vec<u8> = (0..5000u32).map(|i| ((i * i) >> 9) as u8).collect();
        for level in [0, 3, 6, 9] {
            let params = Params { predictor: Predictor::None, level: Some(level) };
            let (mut stored, mut scratch) = (Vec::new(), Scratch::default());
            let shape = BlockShape::new(5000, 1);
            params.encoder(&pixels).unwrap().encode(shape, &mut raw.clone(), &mut stored, &mut scratch).unwrap();
            let mut out = vec![0; 5000];
            params.decoder(&pixels).decode(shape, &stored, &mut out, &mut scratch).unwrap();
            assert!(out == raw && stored.len() < 4000, "{level}");
        }
        assert!(Params { predictor: Predictor::None, level: Some(10) }.encoder(&pixels).is_err());
    }

    #[test]
    fn damage_after_the_pixels_is_an_error() {
        let params = Params { predictor: Predictor::None, level: None };
        let rows = StoredRows { bytes: 100, sample: 1 };
        let mut stored = Vec::new();
        params.compress(rows, &[7; 100], &mut stored, &mut ()).unwrap();
        // The checksum of the block stands before the index and the footer.
        let place = stored.len() - 12 - 8 - 4;
        stored[place] ^= 0xFF;
        let mut out = [0; 100];
        assert!(matches!(params.decompress(&stored, &mut out, &mut ()), Err(Error::Malformed(_))));
        assert_eq!(params.decompress_some(&stored, &mut out, &mut ()), 100);
    }
}
