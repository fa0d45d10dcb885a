use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::image::{MemoryImage, SampleType};

/// Provides blocks of an array, counts the requests, and leaves some blocks absent.
struct Blocks {
    image: MemoryImage,
    calls: AtomicUsize,
    missing: Option<BlockIndex>,
    padded: bool,
}

impl ImageProvider for Blocks {
    fn layout(&self) -> &ImageLayout {
        self.image.layout()
    }

    fn access(&self) -> Access {
        Access::Serial
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        Ok(self.missing != Some(at))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let Block::Pixels(pixels) = self.image.block(at)? else { return Ok(Block::Absent) };
        if !self.padded {
            return Ok(Block::Pixels(pixels));
        }
        let grid = self.layout().grid;
        let shape = [pixels.shape()[0], grid.block_rows() as usize, grid.block_columns() as usize];
        let mut bytes = vec![0xEE; shape.iter().product()];
        pixels.copy_to_block(&mut bytes, shape, 0, 0, Interleave::Band);
        Pixels::from_vec(bytes, shape, SampleType::UInt8, Interleave::Band).map(Block::Pixels)
    }
}

fn value(band: u32, row: u32, column: u32) -> u8 {
    (band * 101 + row * 17 + column * 3 + 1) as u8
}

fn blocks(size: (u32, u32), block: (u32, u32), bands: u32, missing: Option<BlockIndex>, padded: bool) -> Blocks {
    let mut bytes = Vec::new();
    for band in 0..bands {
        for row in 0..size.1 {
            bytes.extend((0..size.0).map(|column| value(band, row, column)));
        }
    }
    let shape = [bands as usize, size.1 as usize, size.0 as usize];
    let pixels = Pixels::from_vec(bytes, shape, SampleType::UInt8, Interleave::Band).unwrap();
    let image = MemoryImage::from_pixels(pixels, block.0, block.1).unwrap();
    Blocks { image, calls: AtomicUsize::new(0), missing, padded }
}

proptest! {
    #[test]
    fn any_grid_becomes_any_other(
        width in 1u32..40, height in 1u32..40, source in (1u32..20, 1u32..20), target in (1u32..20, 1u32..20),
        bands in 1u32..4, hole in any::<bool>(), padded: bool, interleave in 0usize..3, style in 0usize..3,
    ) {
        let missing = hole.then(BlockIndex::default);
        let interleave = [Interleave::Band, Interleave::Row, Interleave::Pixel][interleave];
        let padding = [Padding::Crop, Padding::Value(vec![9]), Padding::Replicate(vec![7])][style].clone();
        let provider = blocks((width, height), source, bands, missing, padded);
        let grid = BlockGrid::new(width, height, target.0, target.1).unwrap();
        let held_limit = provider.layout().grid.across() as usize
            * (target.1.div_ceil(source.1) as usize + 1);
        let mut reblock = Reblock::new(&provider, grid).unwrap();
        while let Some(block) = reblock.next() {
            let block = block.unwrap();
            prop_assert!(reblock.held.len() <= held_limit);
            let window = block.window();
            let hole = missing.map(|at| provider.layout().grid.block_window(at)).unwrap_or_default();
            let mut out = Vec::new();
            let present = block.gather(interleave, &padding, &mut out).unwrap();
            let expected = match hole.intersect(&window) {
                absent if absent == window => Present::Nothing,
                absent if absent.pixels() > 0 => Present::Part,
                _ => Present::Whole,
            };
            prop_assert_eq!(present, expected);
            if present == Present::Nothing { continue; }
            let (rows, columns) =
                if padding == Padding::Crop { (window.height, window.width) } else { (target.1, target.0) };
            for band in 0..bands { for row in 0..rows { for column in 0..columns {
                let inside = row < window.height && column < window.width;
                let (y, x) = (window.y + row.min(window.height - 1), window.x + column.min(window.width - 1));
                let absent = hole.x <= x && x < hole.right() && hole.y <= y && y < hole.bottom();
                let place = match interleave {
                    Interleave::Band => (band * rows + row) * columns + column,
                    Interleave::Row => (row * bands + band) * columns + column,
                    Interleave::Pixel => (row * columns + column) * bands + band,
                };
                let expected = match &padding {
                    Padding::Value(pad) if !inside || absent => pad[0],
                    Padding::Replicate(pad) if absent => pad[0],
                    _ if absent => 0,
                    _ => value(band, y, x),
                };
                prop_assert_eq!(out[place as usize], expected, "band {} row {} column {}", band, row, column);
            }}}
        }
        prop_assert!(reblock.held.is_empty());
        let total = provider.layout().grid.count() as usize - usize::from(hole);
        prop_assert_eq!(provider.calls.load(Ordering::Relaxed), total);
    }
}

#[test]
fn memory_in_the_files_layout_is_borrowed_and_not_copied() {
    let provider = blocks((8, 4), (8, 2), 1, None, false);
    let grid = BlockGrid::new(8, 4, 8, 2).unwrap();
    let block = Reblock::new(&provider.image, grid).unwrap().next().unwrap().unwrap();
    assert_eq!(block.borrow(Interleave::Band, &Padding::Crop).map(<[u8]>::len), Some(16));
    let narrow = BlockGrid::new(8, 4, 4, 2).unwrap();
    let block = Reblock::new(&provider.image, narrow).unwrap().next().unwrap().unwrap();
    assert_eq!(block.borrow(Interleave::Band, &Padding::Crop), None);
}
