//! The blocks of an image that is written: their sizes, the segments they lie in, their offsets if they are uncompressed, and which
//! are left out.

use std::ops::Range;

use super::super::capacity::{MAX_BLOCK, MAX_BLOCKS, MAX_IMAGE_BYTES, MAX_LOCATION, MAX_OFFSET, MAX_SIDE};
use super::super::ic::Ic;
use super::super::mask::{ABSENT, MaskTable};
use super::super::pixels::{Mode, Storage};
use super::given::Given;
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, ImageProvider};
use crate::schema::{FieldData, Record};

/// Rows of blocks of an image that lie in one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// The first row of pixels.
    first_row: u32,
    /// Rows of pixels.
    rows: u32,
    /// The first row of blocks, and how many there are.
    first_block_row: u32,
    block_rows: u32,
    /// The number of stored blocks; in mode S each band has its own.
    present: u64,
}

/// The offsets of all blocks.
#[derive(Debug, Clone)]
pub(super) struct BlockOffsets {
    parts: Vec<Part>,
    /// For each block of the grid, how many present blocks precede it and whether it is present; `None` if all are.
    ranks: Option<Vec<(u64, bool)>>,
    across: u32,
    count_of_bands: u64,
    block_bytes: u64,
}

impl Part {
    /// The rows of pixels.
    pub(super) fn rows(&self) -> Range<u32> {
        self.first_row..self.first_row + self.rows
    }

    /// Blocks of the part's grid.
    fn blocks(&self, across: u32) -> u64 {
        u64::from(self.block_rows) * u64::from(across)
    }
}

impl BlockOffsets {
    /// The offsets of the blocks of `storage`. `mask` reports for each block whether it is present; without it all are.
    ///
    /// # Errors
    /// [`Error::Usage`] if segments cannot hold the image, and any error of the mask.
    pub(super) fn new(storage: &Storage, mask: Option<&dyn ImageProvider>, limit: u64) -> Result<Self> {
        let grid = storage.grid;
        let ranks = mask.map(|provider| ranks(grid, provider)).transpose()?;
        let mut offsets = Self {
            parts: Vec::new(),
            ranks,
            across: grid.across(),
            count_of_bands: if storage.mode == Mode::Sequential { u64::from(storage.bands) } else { 1 },
            block_bytes: storage.block_bytes(),
        };
        let most = limit.min(MAX_IMAGE_BYTES);
        let whole = grid.down();
        if offsets.fits(0, whole, most) {
            offsets.parts = offsets.cut(grid, whole);
            return Ok(offsets);
        }
        let tallest = whole.min(MAX_LOCATION / grid.block_rows()).clamp(1, MAX_BLOCKS);
        let fits = |rows: u32| {
            (0..whole).step_by(rows as usize).all(|first| offsets.fits(first, rows.min(whole - first), most))
        };
        // Fewer rows of blocks never take more bytes, so bisection finds the most that fit.
        let (mut low, mut high) = (0, tallest);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if fits(middle) { low = middle } else { high = middle - 1 }
        }
        if grid.block_rows() > MAX_LOCATION {
            return Err(Error::usage("rows of a block in an image of several segments,")
                .field("NPPBV")
                .found(grid.block_rows())
                .allowed("1 to 8192, as segments are cut between blocks"));
        }
        if low == 0 {
            return Err(Error::usage("bytes of a row of blocks:")
                .found(u64::from(grid.across()) * offsets.block_bytes * offsets.count_of_bands)
                .allowed(format!("at most {MAX_IMAGE_BYTES} in a segment; choose a smaller NPPBV")));
        }
        offsets.parts = offsets.cut(grid, low);
        Ok(offsets)
    }

    /// The parts, one for each segment, in order.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Bytes of a part's blocks.
    pub(super) fn bytes(&self, part: &Part) -> u64 {
        part.present.saturating_mul(self.count_of_bands).saturating_mul(self.block_bytes)
    }

    /// The number of the part that holds block row `row`.
    pub(super) fn part_of(&self, row: u32) -> usize {
        self.parts.partition_point(|part| part.first_block_row + part.block_rows <= row)
    }

    /// The offset of a block of a band among the bytes of its part; `None` if the block is left out.
    pub(super) fn offset(&self, at: BlockIndex, band: u32) -> Option<u64> {
        let part = &self.parts[self.part_of(at.row)];
        let number = self.number(at);
        let rank = match &self.ranks {
            None => number - self.number(BlockIndex { row: part.first_block_row, column: 0 }),
            Some(ranks) => {
                let (rank, present) = ranks[number as usize];
                if !present {
                    return None;
                }
                rank - ranks[self.number(BlockIndex { row: part.first_block_row, column: 0 }) as usize].0
            }
        };
        let band = if self.count_of_bands > 1 { u64::from(band) } else { 0 };
        Some((band * part.present + rank) * self.block_bytes)
    }

    /// The records of the mask table of a part: the offset of each block, band after band if the bands are stored separately.
    pub(super) fn records(&self, part: &Part) -> Vec<u32> {
        let blocks = part.blocks(self.across);
        let first = self.number(BlockIndex { row: part.first_block_row, column: 0 });
        let across = u64::from(self.across);
        (0..self.count_of_bands)
            .flat_map(|band| (first..first + blocks).map(move |number| (band, number)))
            .map(|(band, number)| {
                let at = BlockIndex { row: (number / across) as u32, column: (number % across) as u32 };
                self.offset(at, band as u32).map_or(ABSENT, |offset| offset as u32)
            })
            .collect()
    }

    /// The number of a block's record in the mask table of its part.
    pub(super) fn record(&self, at: BlockIndex, band: u32) -> usize {
        let part = &self.parts[self.part_of(at.row)];
        let within = self.number(at) - self.number(BlockIndex { row: part.first_block_row, column: 0 });
        let band = if self.count_of_bands > 1 { u64::from(band) } else { 0 };
        (band * part.blocks(self.across) + within) as usize
    }

    /// The number of records in the mask table of a part.
    pub(super) fn record_count(&self, part: &Part) -> u64 {
        part.blocks(self.across) * self.count_of_bands
    }

    fn number(&self, at: BlockIndex) -> u64 {
        u64::from(at.row) * u64::from(self.across) + u64::from(at.column)
    }

    /// Blocks that are present in `rows` rows of blocks, from the row `first` on.
    fn present(&self, first: u32, rows: u32) -> u64 {
        let (start, end) =
            (u64::from(first) * u64::from(self.across), u64::from(first + rows) * u64::from(self.across));
        let Some(ranks) = &self.ranks else { return end - start };
        let before = |number: u64| match ranks.get(number as usize) {
            Some((rank, _)) => *rank,
            None => ranks.last().map_or(0, |(rank, present)| rank + u64::from(*present)),
        };
        before(end) - before(start)
    }

    fn fits(&self, first: u32, rows: u32, most: u64) -> bool {
        let present = self.present(first, rows) * self.count_of_bands;
        let bytes = present.saturating_mul(self.block_bytes);
        let records = u64::from(rows) * u64::from(self.across) * self.count_of_bands;
        let table = if self.ranks.is_some() {
            MaskTable::bytes(records, true, true, 64)
        } else {
            MaskTable::bytes(0, false, false, 64)
        };
        let last = present.saturating_sub(1).saturating_mul(self.block_bytes);
        bytes.saturating_add(table) <= most && (self.ranks.is_none() || last <= MAX_OFFSET)
    }

    /// Cuts the grid into parts of `rows_of_blocks` rows of blocks.
    fn cut(&self, grid: BlockGrid, rows_of_blocks: u32) -> Vec<Part> {
        let first_rows = (0..grid.down()).step_by(rows_of_blocks as usize);
        let part = |first_block_row: u32| {
            let block_rows = rows_of_blocks.min(grid.down() - first_block_row);
            let first_row = first_block_row * grid.block_rows();
            let end =
                (u64::from(first_block_row + block_rows) * u64::from(grid.block_rows())).min(u64::from(grid.rows()));
            let present = self.present(first_block_row, block_rows);
            Part { first_row, rows: end as u32 - first_row, first_block_row, block_rows, present }
        };
        first_rows.map(part).collect()
    }
}

/// For each block of the grid, how many present blocks precede it and whether it is present. A block is present if it overlaps
/// a present block of the provider.
fn ranks(grid: BlockGrid, provider: &dyn ImageProvider) -> Result<Vec<(u64, bool)>> {
    let source = provider.layout().grid;
    let mut rank = 0;
    let mut ranks = Vec::with_capacity(grid.count() as usize);
    for number in 0..grid.count() {
        let mut present = false;
        for at in source.blocks_of(grid.block_window(grid.at(number))) {
            present |= provider.has_block(at)?;
        }
        ranks.push((rank, present));
        rank += u64::from(present);
    }
    Ok(ranks)
}

/// NROWS, NCOLS, NPPBH, NPPBV, NBPR, NBPC. `limit` is the most bytes of a segment if the image may be split.
pub(super) fn set_blocks(
    record: &mut Record,
    given: &Given,
    layout: &ImageLayout,
    ic: Ic,
    limit: Option<u64>,
) -> Result<()> {
    let (columns, rows) = (layout.grid.columns(), layout.grid.rows());
    for (name, side) in [("columns", columns), ("rows", rows)] {
        if side > MAX_SIDE {
            return Err(Error::usage(format!("{name} of a NITF image:"))
                .found(side)
                .allowed(format!("1 to {MAX_SIDE}")));
        }
    }
    record.set("NROWS", rows);
    record.set("NCOLS", columns);
    let same_size = ["NROWS", "NCOLS"].map(|name| given.get(name).and_then(FieldData::to_int));
    let same_size = same_size == [Some(rows.into()), Some(columns.into())];
    let axes =
        [("NPPBH", "NBPR", columns, layout.grid.block_columns()), ("NPPBV", "NBPC", rows, layout.grid.block_rows())];
    let mut row_bytes = 0;
    for (name, count_name, whole, provided) in axes {
        let block = match given.get(name) {
            Some(value) => {
                let size = value.to_int().filter(|size| (0..=i128::from(MAX_BLOCK)).contains(size));
                let wrong =
                    || Error::usage("value of").field(name).found(value).allowed("1 to 8192, or 0 for the whole side");
                let size = size.ok_or_else(wrong)? as u32;
                let copied = !given.is_chosen(name) && !same_size;
                match size {
                    0 => whole,
                    // A copied block size may come from a larger image.
                    size if copied => size.min(whole),
                    size => size,
                }
            }
            None if ic.is_single_block() => whole,
            None => default_block(provided, whole),
        };
        let limit = limit.filter(|limit| name == "NPPBV" && needs_segments(rows, row_bytes, *limit));
        let is_split = limit.is_some();
        let block = match limit {
            Some(limit) if !given.is_chosen(name) => cut(block, row_bytes, limit),
            _ => block,
        };
        let count = whole.div_ceil(block);
        if ic.is_single_block() && count > 1 {
            let error = Error::usage("value of").field(name).found(block);
            return Err(error.allowed(format!("{whole} or more: an image with IC {} has a single block", ic.code)));
        }
        // Each segment of a split image counts its own blocks.
        if count > MAX_BLOCKS && !is_split {
            let error = Error::usage("number of blocks").field(count_name).found(count);
            return Err(error.allowed(format!("1 to {MAX_BLOCKS}, which takes a larger {name}")));
        }
        record.set(name, if block > MAX_BLOCK { 0 } else { block });
        record.set(count_name, count);
        let bits = record.int("NBPP").map_or(8, |bits| bits.max(1) as u64);
        row_bytes = (u64::from(count) * u64::from(block) * u64::from(layout.bands)).saturating_mul(bits).div_ceil(8);
    }
    Ok(())
}

/// True for an image with rows of `row_bytes` bytes that one segment cannot hold.
fn needs_segments(rows: u32, row_bytes: u64, limit: u64) -> bool {
    // The mask table takes more, or too little to matter: an image that just fits is cut into smaller blocks anyway.
    const TABLE: u64 = 64;
    row_bytes.saturating_mul(rows.into()).saturating_add(TABLE) > limit.min(MAX_IMAGE_BYTES)
}

/// The rows of a block of an image of several segments. Segments are cut between blocks, so a row of blocks must fit a segment,
/// and each segment states the height of its blocks.
fn cut(block: u32, row_bytes: u64, limit: u64) -> u32 {
    let mut block = block.min(MAX_BLOCK);
    while block > 1 && needs_segments(block, row_bytes, limit) {
        block /= 2;
    }
    block
}

/// The block of the provider, as far as NITF can have such blocks.
fn default_block(provided: u32, whole: u32) -> u32 {
    if provided >= whole {
        return whole;
    }
    let mut block = provided.min(MAX_BLOCK);
    while whole.div_ceil(block) > MAX_BLOCKS && block < MAX_BLOCK {
        block = (block * 2).min(MAX_BLOCK);
    }
    if whole.div_ceil(block) > MAX_BLOCKS { whole } else { block }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Block, SampleType};

    /// An image with a block wherever the sum of row and column is even.
    struct Sparse(ImageLayout);

    impl ImageProvider for Sparse {
        fn layout(&self) -> &ImageLayout {
            &self.0
        }
        fn has_block(&self, at: BlockIndex) -> Result<bool> {
            Ok((at.row + at.column).is_multiple_of(2))
        }
        fn block(&self, _: BlockIndex) -> Result<Block> {
            Ok(Block::Absent)
        }
    }

    fn storage(mode: Mode, rows: u32) -> Storage {
        let grid = BlockGrid::new(50, rows, 20, 10).unwrap();
        Storage { grid, bands: 2, sample: SampleType::UInt8, bits: 8, actual_bits: 8, shift: 0, mode }
    }

    #[test]
    fn dense_blocks_follow_one_another() {
        let offsets = BlockOffsets::new(&storage(Mode::Sequential, 35), None, u64::MAX).unwrap();
        assert_eq!(offsets.parts().len(), 1);
        assert_eq!(offsets.bytes(&offsets.parts()[0]), 12 * 2 * 200);
        assert_eq!(offsets.offset(BlockIndex { row: 1, column: 2 }, 1), Some((12 + 5) * 200));
        let offsets = BlockOffsets::new(&storage(Mode::Block, 35), None, u64::MAX).unwrap();
        assert_eq!(offsets.offset(BlockIndex { row: 1, column: 2 }, 1), Some(5 * 400));
    }

    #[test]
    fn blocks_that_are_absent_take_no_bytes() {
        for mode in [Mode::Block, Mode::Sequential] {
            let storage = storage(mode, 35);
            let sparse = Sparse(ImageLayout::new(storage.grid, 2, SampleType::UInt8).unwrap());
            let offsets = BlockOffsets::new(&storage, Some(&sparse), u64::MAX).unwrap();
            let part = offsets.parts()[0];
            let records = offsets.records(&part);
            assert_eq!(records.len() as u64, offsets.record_count(&part));
            assert_eq!(records[offsets.record(BlockIndex { row: 0, column: 1 }, 0)], ABSENT);
            let mut stored: Vec<u32> = records.iter().copied().filter(|offset| *offset != ABSENT).collect();
            stored.sort_unstable();
            let block = storage.block_bytes() as u32;
            assert!(stored.iter().copied().eq((0..stored.len() as u32).map(|n| n * block)), "{stored:?}");
            assert_eq!(offsets.bytes(&part), stored.len() as u64 * u64::from(block));
        }
    }

    #[test]
    fn large_images_are_cut_by_rows_of_blocks() {
        let storage = storage(Mode::Block, 95);
        let row = 3 * storage.block_bytes();
        let offsets = BlockOffsets::new(&storage, None, 2 * row + 100).unwrap();
        let parts: Vec<_> = offsets.parts().iter().map(|part| (part.first_row, part.rows)).collect();
        assert_eq!(parts, [(0, 20), (20, 20), (40, 20), (60, 20), (80, 15)]);
        assert_eq!(offsets.offset(BlockIndex { row: 3, column: 1 }, 0), Some(4 * storage.block_bytes()));
        assert_eq!((offsets.part_of(0), offsets.part_of(3), offsets.part_of(9)), (0, 1, 4));
        assert!(BlockOffsets::new(&storage, None, row - 1).is_err());
    }
}
