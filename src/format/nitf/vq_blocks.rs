//! Image segments with vector quantisation (IC C4 and M4; MIL-STD-188-199, MIL-STD-2411-1). The codebook stands before the codes,
//! after the mask table if there is one. The codes of all blocks have the same length.

use std::ops::Range;
use std::sync::Arc;

use super::coded_store::{BlockIndexer, Index};
use super::mask::{ABSENT, MaskTable};
use super::pixels::Storage;
use super::store::SegmentBlocks;
use crate::codec::vq::{Codebook, Params};
use crate::codec::{BlockShape, Coding};
use crate::error::{Error, Result};
use crate::image::SampleType;
use crate::io::ByteSource;

/// Blocks of codes.
pub(super) struct VqBlocks;

/// The fields before the tables: rows of codes, codes of a row, bits of a code, the algorithm, the numbers of tables and of
/// parameters, and the offset and the length of the records of the tables. Offsets count from the last two fields.
const FIXED: u64 = 21;
const OFFSETS_FROM: u64 = 15;

/// Bytes of a table's record: its number, its values and how many are a record of the table, their bits, and its offset.
const RECORD: u64 = 14;

/// The only algorithm of the standard.
const VECTOR_QUANTISATION: u32 = 1;

impl BlockIndexer for VqBlocks {
    fn index(&self, blocks: &SegmentBlocks) -> Result<Index> {
        let SegmentBlocks { data, storage, .. } = blocks;
        let mask = blocks.mask()?;
        let start = data.range.start;
        let first = if data.is_masked { MaskTable::length(&*data.source, start, storage.stored_blocks())? } else { 0 };
        let header = start.saturating_add(first)..data.range.end;
        let (codebook, end) = codebook(blocks, &header).map_err(|error| error.segment(&data.key))?;
        let shape = BlockShape::new(storage.grid.block_columns(), storage.grid.block_rows());
        let length = codebook.block_bytes(shape);
        let codes = start.saturating_add(mask.data_offset).max(end);
        let range = |offset: u64| {
            let begin = codes.saturating_add(offset).min(data.range.end);
            begin..begin.saturating_add(length).min(data.range.end)
        };
        let ranges = match &mask.blocks {
            Some(offsets) => {
                offsets.iter().map(|offset| (*offset != ABSENT).then(|| range(u64::from(*offset)))).collect()
            }
            None => (0..storage.grid.count()).map(|number| Some(range(number.saturating_mul(length)))).collect(),
        };
        let params = Params { codebook: Arc::new(codebook) };
        Ok(Index::new("blocks of vector quantisation", ranges, Coding::new(storage.sample_coding(), params)))
    }
}

/// The codebook at the beginning of `range`, and the end of its tables.
fn codebook(blocks: &SegmentBlocks, range: &Range<u64>) -> Result<(Codebook, u64)> {
    let (source, limits) = (&*blocks.data.source, &blocks.limits);
    let wrong = |field: &str, found: u64| {
        Error::malformed("header of vector quantisation").field(field).found(found).at(range.start)
    };
    let fixed = part(source, range, 0, FIXED)?;
    let (rows, columns, bits) = (number(&fixed[..4]), number(&fixed[4..8]), number(&fixed[8..9]));
    let (algorithm, count) = (number(&fixed[9..11]), number(&fixed[11..13]));
    let (records, record) = (number(&fixed[15..19]), u64::from(number(&fixed[19..21])));
    if algorithm != VECTOR_QUANTISATION {
        let error = Error::unsupported("algorithm of vector quantisation").found(algorithm);
        return Err(error.allowed(VECTOR_QUANTISATION));
    }
    if record < RECORD {
        return Err(wrong("length of a record", record).allowed(format!("{RECORD} or more")));
    }
    let (mut tables, mut width, mut end) = (Vec::new(), None, range.start + FIXED);
    for table in 0..u64::from(count) {
        let record = part(source, range, OFFSETS_FROM + u64::from(records) + table * record, RECORD)?;
        let (patterns, values, value_bits) = (number(&record[2..6]), number(&record[6..8]), number(&record[8..10]));
        if value_bits != 8 || width.is_some_and(|width| width != values) {
            return Err(wrong("values of a table", values.into()).allowed("the same number of 8 bits in each"));
        }
        width = Some(values);
        let (offset, length) = (number(&record[10..14]), u64::from(patterns) * u64::from(values));
        limits.check_metadata("codebook of vector quantisation", length.saturating_mul(count.into()))?;
        let values = part(source, range, OFFSETS_FROM + u64::from(offset), length)?;
        end = end.max(range.start + OFFSETS_FROM + u64::from(offset) + length);
        tables.push(values);
    }
    let codebook = Codebook::new(width.unwrap_or(0), &tables, bits)?;
    let (grid, (kernel_columns, kernel_rows)) = (blocks.storage.grid, codebook.kernel());
    let stated = (u64::from(columns) * u64::from(kernel_columns), u64::from(rows) * u64::from(kernel_rows));
    if stated != (grid.block_columns().into(), grid.block_rows().into()) {
        let error = Error::malformed("block of vector quantisation").found(format!("{} × {}", stated.0, stated.1));
        return Err(error.allowed(format!("{} × {}", grid.block_columns(), grid.block_rows())));
    }
    Ok((codebook, end))
}

/// `length` bytes at an offset in `range`.
fn part(source: &dyn ByteSource, range: &Range<u64>, offset: u64, length: u64) -> Result<Vec<u8>> {
    let start = range.start.saturating_add(offset);
    if start.saturating_add(length) > range.end {
        return Err(Error::malformed("header of vector quantisation: reaches past the image data").at(start));
    }
    source.read_range(start, length)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

impl Storage {
    /// Checks that an image with vector quantisation may have these samples.
    ///
    /// # Errors
    /// [`Error::Unsupported`] that names the field.
    pub(super) fn check_vq(&self) -> Result<()> {
        if (self.sample, self.bits, self.bands) == (SampleType::UInt8, 8, 1) {
            return Ok(());
        }
        let error = Error::unsupported("samples of an image with vector quantisation,").field("PVTYPE, NBPP, NBANDS");
        Err(error.found(format!("{}, {}, {}", self.sample, self.bits, self.bands)).allowed("INT, 8, 1"))
    }
}
