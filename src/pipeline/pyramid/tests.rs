use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::image::{BlockGrid, Reducer, SampleType, Window};

/// Bands of rows of samples of an image without blocks.
type Whole = Vec<Vec<Vec<u8>>>;

/// The blocks that the sink received, by level and index.
type Blocks = BTreeMap<(usize, BlockIndex), Option<Vec<u8>>>;

#[derive(Default)]
struct Taken(Mutex<Blocks>);

impl LevelSink for Taken {
    fn take(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()> {
        let bytes = pixels.map(|pixels| pixels.contiguous(Interleave::Band).unwrap().to_vec());
        assert!(self.0.lock().unwrap().insert((level, at), bytes).is_none(), "a block is passed once");
        Ok(())
    }
}

fn cut(image: &Whole, window: Window, size: usize) -> Vec<u8> {
    let rows = window.y as usize..window.bottom() as usize;
    let columns = window.x as usize * size..window.right() as usize * size;
    image.iter().flat_map(|band| band[rows.clone()].iter().flat_map(|row| row[columns.clone()].to_vec())).collect()
}

fn halved(image: &Whole, reducer: &Reducer, size: usize) -> Whole {
    let half = |rows: &[Vec<u8>]| {
        let lines: Vec<_> = rows.iter().map(Vec::as_slice).collect();
        let mut out = vec![0; (rows[0].len() / size).div_ceil(2) * size];
        reducer.row(&lines, &mut out);
        out
    };
    image.iter().map(|band| band.chunks(2).map(half).collect()).collect()
}

fn layout(columns: u32, rows: u32, block: (u32, u32), sample: SampleType) -> ImageLayout {
    let mut layout = ImageLayout::new(BlockGrid::new(columns, rows, block.0, block.1).unwrap(), 2, sample).unwrap();
    layout.pad = PadValue::Int(7);
    layout
}

fn noise(columns: u32, rows: u32, size: usize) -> Whole {
    let sample = |band: usize, y: u32, x: u32| {
        let value =
            (u64::from(x) * 7919 + u64::from(y) * 104_729 + band as u64 * 31).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        value.to_le_bytes()[..size].to_vec()
    };
    let row = |band, y| (0..columns).flat_map(|x| sample(band, y, x)).collect();
    (0..2).map(|band| (0..rows).map(|y| row(band, y)).collect()).collect()
}

proptest! {
    #[test]
    fn levels_are_the_image_reduced_level_by_level_whatever_the_blocks_and_their_order(
        (columns, rows) in (1u32..40, 1u32..40),
        blocks in prop::collection::vec((1u32..17, 1u32..17), 1..4),
        average in any::<bool>(),
        wide in any::<bool>(),
        seed in any::<u64>(),
        absent in prop::collection::hash_set(0u64..30, 0..8),
    ) {
        let sample = if wide { SampleType::UInt16 } else { SampleType::UInt8 };
        let (size, method) = (sample.bytes(), if average { Reduction::Average } else { Reduction::Nearest });
        let halves = |n: u32, levels: usize| n.div_ceil(1 << levels);
        let layouts: Vec<_> = blocks
            .iter()
            .enumerate()
            .map(|(level, block)| layout(halves(columns, level), halves(rows, level), *block, sample))
            .collect();
        let base = &layouts[0];
        let mut image = noise(columns, rows, size);
        let pad = base.pad_bytes();
        for at in absent.iter().filter(|n| **n < base.grid.count()).map(|n| base.grid.at(*n)) {
            let window = base.grid.block_window(at);
            for row in image.iter_mut().flat_map(|band| &mut band[window.y as usize..window.bottom() as usize]) {
                row[window.x as usize * size..window.right() as usize * size].copy_from_slice(&pad.repeat(window.width as usize));
            }
        }
        let sink = Taken::default();
        let pyramid = Pyramid::new(layouts[1..].to_vec(), method, Some(PadValue::Int(7)), &sink);
        pyramid.begin(base).unwrap();
        let mut order: Vec<_> = (0..base.grid.count()).collect();
        order.sort_by_key(|n| (n ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for number in order {
            let at = base.grid.at(number);
            let planes = (!absent.contains(&number)).then(|| Arc::new(cut(&image, base.grid.block_window(at), size)));
            pyramid.arrive(0, at, planes.as_ref()).unwrap();
        }
        let taken = sink.0.into_inner().unwrap();
        let reducer = Reducer::new(sample, 1, method, Some(PadValue::Int(7))).unwrap();
        for (level, layout) in layouts.iter().enumerate().skip(1) {
            image = halved(&image, &reducer, size);
            for at in (0..layout.grid.count()).map(|n| layout.grid.at(n)) {
                let window = layout.grid.block_window(at);
                let expected = cut(&image, window, size);
                match &taken[&(level, at)] {
                    Some(found) => prop_assert!(*found == expected, "level {} block {:?}", level, at),
                    None => prop_assert!(expected == pad.repeat(2 * window.pixels() as usize), "absent {:?}", at),
                }
            }
        }
        prop_assert_eq!(taken.len() as u64, layouts[1..].iter().map(|layout| layout.grid.count()).sum::<u64>());
    }
}

#[test]
fn levels_of_another_size_band_count_or_sample_are_refused() {
    let sink = Taken::default();
    let base = layout(31, 20, (16, 16), SampleType::UInt8);
    let good = layout(16, 10, (16, 16), SampleType::UInt8);
    for wrong in [
        layout(15, 10, (16, 16), SampleType::UInt8),
        layout(16, 11, (16, 16), SampleType::UInt8),
        layout(16, 10, (16, 16), SampleType::UInt16),
        ImageLayout { bands: 3, ..good.clone() },
    ] {
        let pyramid = Pyramid::new(vec![wrong], Reduction::Average, None, &sink);
        assert!(matches!(pyramid.begin(&base), Err(Error::Usage(_))));
    }
    let pyramid = Pyramid::new(vec![good], Reduction::Average, None, &sink);
    assert!(pyramid.arrive(0, BlockIndex::default(), None).is_err());
    pyramid.begin(&base).unwrap();
    assert!(matches!(pyramid.begin(&base), Err(Error::Usage(_))));
}

#[test]
fn nothing_is_kept_of_blocks_that_begin_at_even_rows_and_columns() {
    let sink = Taken::default();
    let base = layout(64, 48, (16, 16), SampleType::UInt8);
    let pyramid = Pyramid::new(vec![layout(32, 24, (8, 8), SampleType::UInt8)], Reduction::Average, None, &sink);
    pyramid.begin(&base).unwrap();
    let image = noise(64, 48, 1);
    for (done, at) in (0..base.grid.count()).map(|n| base.grid.at(n)).enumerate() {
        pyramid.arrive(0, at, Some(&Arc::new(cut(&image, base.grid.block_window(at), 1)))).unwrap();
        assert_eq!(sink.0.lock().unwrap().len(), done + 1);
        assert!(pyramid.levels.get().unwrap()[0].is_empty());
    }
}
