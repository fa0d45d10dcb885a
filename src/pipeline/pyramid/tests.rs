use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::image::{Area, BlockGrid, MemoryImage, Reducer};

/// Bands of rows of samples of an image without blocks.
type Whole = Vec<Vec<Vec<u8>>>;

/// The blocks that the sink received, by level and index.
type Blocks = BTreeMap<(usize, BlockIndex), Option<Vec<u8>>>;

/// Blocks of the levels, and of their masks.
#[derive(Default)]
struct Taken(Mutex<Blocks>, Mutex<Blocks>);

fn insert(blocks: &Mutex<Blocks>, place: (usize, BlockIndex), pixels: Option<Pixels>) {
    let bytes = pixels.map(|pixels| pixels.contiguous(Interleave::Band).unwrap().to_vec());
    assert!(blocks.lock().unwrap().insert(place, bytes).is_none(), "a block is passed once");
}

impl LevelSink for Taken {
    fn take(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()> {
        insert(&self.0, (level, at), pixels);
        Ok(())
    }

    fn take_mask(&self, level: usize, at: BlockIndex, pixels: Option<Pixels>) -> Result<()> {
        insert(&self.1, (level, at), pixels);
        Ok(())
    }
}

/// The part of an image in a window.
fn raster(image: &Whole, valid: Option<&Whole>, window: Window, size: usize) -> Raster {
    Raster { window, samples: cut(image, window, size), valid: valid.map(|valid| cut(valid, window, 1)) }
}

fn cut(image: &Whole, window: Window, size: usize) -> Vec<u8> {
    let rows = window.y as usize..window.bottom() as usize;
    let columns = window.x as usize * size..window.right() as usize * size;
    image.iter().flat_map(|band| band[rows.clone()].iter().flat_map(|row| row[columns.clone()].to_vec())).collect()
}

/// An image and its mask, reduced as a whole.
fn halved(image: &Whole, valid: Option<&Whole>, reducer: &Reducer, size: usize) -> (Whole, Option<Whole>) {
    let (rows, columns) = (image[0].len() as u32, (image[0][0].len() / size) as u32);
    let whole = raster(image, valid, Window::new(0, 0, columns, rows), size);
    let made = Window::new(0, 0, columns.div_ceil(2), rows.div_ceil(2));
    let split = |plane: &[u8], size: usize| plane.chunks(made.width as usize * size).map(<[u8]>::to_vec).collect();
    let half = |area: Area<'_>| {
        let mut out = vec![0; made.pixels() as usize * size];
        reducer.area(&area, made, &mut out);
        split(&out, size)
    };
    let mut mask = vec![0; made.pixels() as usize];
    reducer.valid(&whole.areas(size).next().unwrap(), made, &mut mask);
    (whole.areas(size).map(half).collect(), valid.map(|_| vec![split(&mask, 1)]))
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

/// Blocks of the source that are missing get the pad value, and do not count if there is a mask.
fn clear(image: &mut Whole, window: Window, value: &[u8]) {
    for row in image.iter_mut().flat_map(|band| &mut band[window.y as usize..window.bottom() as usize]) {
        row[window.x as usize * value.len()..window.right() as usize * value.len()]
            .copy_from_slice(&value.repeat(window.width as usize));
    }
}

proptest! {
    #[test]
    fn levels_are_the_image_reduced_level_by_level_whatever_the_blocks_and_their_order(
        (columns, rows) in (1u32..40, 1u32..40),
        blocks in prop::collection::vec((1u32..17, 1u32..17), 1..4),
        (_, method) in prop::sample::select(Reduction::NAMES.to_vec()),
        wide in any::<bool>(),
        masked in any::<bool>(),
        seed in any::<u64>(),
        absent in prop::collection::hash_set(0u64..30, 0..8),
    ) {
        let sample = if wide { SampleType::UInt16 } else { SampleType::UInt8 };
        let size = sample.bytes();
        let halves = |n: u32, levels: usize| n.div_ceil(1 << levels);
        let layouts: Vec<_> = blocks
            .iter()
            .enumerate()
            .map(|(level, block)| layout(halves(columns, level), halves(rows, level), *block, sample))
            .collect();
        let base = &layouts[0];
        let mut image = noise(columns, rows, size);
        let mut mask = masked.then(|| vec![noise(columns, rows, 1).remove(0)]);
        mask.iter_mut().flatten().flatten().flatten().for_each(|byte| *byte = u8::from(*byte > 90));
        let mask_image = mask.as_ref().map(|mask| {
            let bytes = cut(mask, base.grid.window(), 1);
            let shape = [1, rows as usize, columns as usize];
            let pixels = Pixels::from_vec(bytes, shape, SampleType::UInt8, Interleave::Band).unwrap();
            MemoryImage::from_pixels(pixels, 7, 9).unwrap()
        });
        let pad = base.pad_bytes();
        for at in absent.iter().filter(|n| **n < base.grid.count()).map(|n| base.grid.at(*n)) {
            let window = base.grid.block_window(at);
            clear(&mut image, window, &pad);
            if let Some(mask) = &mut mask {
                clear(mask, window, &[0]);
            }
        }
        let sink = Taken::default();
        let pyramid = Pyramid::new(layouts[1..].to_vec(), method, Some(PadValue::Int(7)), &sink);
        let pyramid = match &mask_image {
            Some(mask) => pyramid.with_mask(mask),
            None => pyramid,
        };
        pyramid.begin(base).unwrap();
        let mut order: Vec<_> = (0..base.grid.count()).collect();
        order.sort_by_key(|n| (n ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for number in order {
            let at = base.grid.at(number);
            let window = base.grid.block_window(at);
            let valid = pyramid.valid(window).unwrap();
            let block = |valid| Arc::new(Raster { valid, ..raster(&image, None, window, size) });
            let block = (!absent.contains(&number)).then(|| block(valid));
            pyramid.arrive(0, at, block.as_ref()).unwrap();
        }
        let (taken, masks) = (sink.0.into_inner().unwrap(), sink.1.into_inner().unwrap());
        let reducer = Reducer::new(sample, 1, method, Some(PadValue::Int(7))).unwrap();
        for (level, layout) in layouts.iter().enumerate().skip(1) {
            (image, mask) = halved(&image, mask.as_ref(), &reducer, size);
            for at in (0..layout.grid.count()).map(|n| layout.grid.at(n)) {
                let window = layout.grid.block_window(at);
                let expected = cut(&image, window, size);
                match &taken[&(level, at)] {
                    Some(found) => prop_assert!(*found == expected, "level {} block {:?}", level, at),
                    None => prop_assert!(expected == pad.repeat(2 * window.pixels() as usize), "absent {:?}", at),
                }
                if let Some(mask) = &mask {
                    let expected = cut(mask, window, 1);
                    match &masks[&(level, at)] {
                        Some(found) => prop_assert!(*found == expected, "mask of level {} block {:?}", level, at),
                        None => prop_assert!(expected.iter().all(|byte| *byte == 0)),
                    }
                }
            }
        }
        let blocks = layouts[1..].iter().map(|layout| layout.grid.count()).sum::<u64>();
        prop_assert_eq!([taken.len() as u64, masks.len() as u64], [blocks, if masked { blocks } else { 0 }]);
    }
}

#[test]
fn a_mask_of_another_size_or_type_is_refused() {
    let sink = Taken::default();
    let base = layout(32, 20, (16, 16), SampleType::UInt8);
    let level = layout(16, 10, (16, 16), SampleType::UInt8);
    let mask = |columns, sample| {
        let layout = ImageLayout { bands: 1, ..layout(columns, 20, (16, 16), sample) };
        MemoryImage::new(layout)
    };
    for (mask, is_good) in
        [(mask(32, SampleType::UInt8), true), (mask(31, SampleType::UInt8), false), (mask(32, SampleType::Int8), false)]
    {
        let pyramid = Pyramid::new(vec![level.clone()], Reduction::Mode, None, &sink).with_mask(&mask);
        assert_eq!(pyramid.begin(&base).is_ok(), is_good);
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
        pyramid.arrive(0, at, Some(&Arc::new(raster(&image, None, base.grid.block_window(at), 1)))).unwrap();
        assert_eq!(sink.0.lock().unwrap().len(), done + 1);
        assert!(pyramid.levels.get().unwrap()[0].is_empty());
    }
}
