//! The image data mask table of IC NM and Mx (2500C Table A-3(A)): the offsets of blocks, which blocks are absent, which hold
//! pad pixels, and the pad pixel code.

use crate::error::{Error, Result};
use crate::io::ByteSource;

/// The offset of a block that is not recorded.
pub(super) const ABSENT: u32 = u32::MAX;

/// Bytes of the table before the pad pixel code.
const FIXED: u64 = 10;

/// A mask table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MaskTable {
    /// Bytes from the beginning of the image data to the first block.
    pub(super) data_offset: u64,
    /// Offsets of blocks after `data_offset`; if the bands are stored separately, those of the first band come first.
    pub(super) blocks: Option<Vec<u32>>,
    /// The pad pixel code, and its length in bits.
    pub(super) pad: Option<(u64, u32)>,
}

impl MaskTable {
    /// Bytes of a table with a pad pixel code of `code_bits` bits. `records` counts its block offsets and its pad records, if
    /// it has any.
    pub(super) fn bytes(records: u64, blocks: bool, pads: bool, code_bits: u32) -> u64 {
        let each = 4 * (u64::from(blocks) + u64::from(pads));
        FIXED + u64::from(code_bits.div_ceil(8)) + records * each
    }

    /// The bytes of the table. `pads` states for each block whether it holds pad pixels; the pad records repeat the offsets of
    /// such blocks. Without block offsets, blocks of `block_bytes` each are stored one after the other.
    pub(super) fn write(&self, pads: Option<&[bool]>, block_bytes: u64) -> Vec<u8> {
        let code_bits = self.pad.map_or(0, |(_, bits)| bits);
        let mut out = Vec::new();
        out.extend_from_slice(&(self.data_offset as u32).to_be_bytes());
        let length = |is: bool| if is { 4u16 } else { 0 }.to_be_bytes();
        out.extend_from_slice(&length(self.blocks.is_some()));
        out.extend_from_slice(&length(pads.is_some()));
        out.extend_from_slice(&(code_bits as u16).to_be_bytes());
        if let Some((code, bits)) = self.pad {
            let bytes = bits.div_ceil(8) as usize;
            out.extend_from_slice(&code.to_be_bytes()[8 - bytes..]);
        }
        for offset in self.blocks.iter().flatten() {
            out.extend_from_slice(&offset.to_be_bytes());
        }
        for (number, has_pads) in pads.into_iter().flatten().enumerate() {
            let offset = match &self.blocks {
                Some(offsets) => offsets[number],
                None => (number as u64 * block_bytes) as u32,
            };
            out.extend_from_slice(&if *has_pads { offset } else { ABSENT }.to_be_bytes());
        }
        out
    }

    /// Bytes of the table at the beginning of the image data, with `records` blocks. What follows up to the first block belongs to
    /// the coding.
    ///
    /// # Errors
    /// Errors of the source.
    pub(super) fn length(source: &dyn ByteSource, data: u64, records: u64) -> Result<u64> {
        let fixed = source.read_range(data, FIXED)?;
        let short = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        Ok(Self::bytes(records, short(4) > 0, short(6) > 0, short(8).into()))
    }

    /// Reads the table at the beginning of the image data, with `records` blocks.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a length is not allowed by the standard, or the table reaches past the data.
    pub(super) fn read(source: &dyn ByteSource, data: u64, data_length: u64, records: u64) -> Result<Self> {
        let wrong = |field: &str, found: u64| Error::malformed("mask table").field(field).found(found).at(data);
        let fixed = source.read_range(data, FIXED)?;
        let short = |at: usize| u64::from(u16::from_be_bytes([fixed[at], fixed[at + 1]]));
        let data_offset = u64::from(u32::from_be_bytes([fixed[0], fixed[1], fixed[2], fixed[3]]));
        let (block_bytes, pad_record_bytes, pad_bits) = (short(4), short(6), short(8));
        if !matches!(block_bytes, 0 | 4) {
            return Err(wrong("BMRLNTH", block_bytes).allowed("0 or 4"));
        }
        if !matches!(pad_record_bytes, 0 | 4) {
            return Err(wrong("TMRLNTH", pad_record_bytes).allowed("0 or 4"));
        }
        if pad_bits > 64 {
            return Err(wrong("TPXCDLNTH", pad_bits).allowed("0 to 64"));
        }
        let pad_bytes = pad_bits.div_ceil(8);
        let table = FIXED + pad_bytes + (block_bytes + pad_record_bytes) * records;
        if table > data_offset || data_offset > data_length {
            return Err(wrong("IMDATOFF", data_offset).allowed(format!("{table} to {data_length}")));
        }
        let code = source.read_range(data + FIXED, pad_bytes)?;
        let code = code.iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
        let blocks =
            (block_bytes == 4).then(|| source.read_range(data + FIXED + pad_bytes, 4 * records)).transpose()?;
        let blocks =
            blocks.map(|bytes| bytes.as_chunks::<4>().0.iter().map(|offset| u32::from_be_bytes(*offset)).collect());
        Ok(Self { data_offset, blocks, pad: (pad_bits > 0).then_some((code, pad_bits as u32)) })
    }
}

/// The pad pixel code of the table at the beginning of the image data, and its length in bits; `None` without a code or a
/// readable table.
pub(super) fn pad_code(source: &dyn ByteSource, data: u64, data_length: u64) -> Option<(u64, u32)> {
    let bytes = source.read_range(data, (FIXED + 8).min(data_length)).ok()?;
    let bits = u32::from(u16::from_be_bytes([*bytes.get(8)?, *bytes.get(9)?]));
    let code = bytes.get(FIXED as usize..FIXED as usize + bits.div_ceil(8) as usize)?;
    (1..=64).contains(&bits).then(|| (code.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)), bits))
}
