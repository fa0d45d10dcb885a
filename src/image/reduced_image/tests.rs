use proptest::prelude::*;

use super::*;
use crate::image::{Block, BlockIndex, IdleThreads, Interleave, MemoryImage, Pixels, SampleType, Visit, Wanted};

fn source(columns: u32, rows: u32, bands: u32, block: (u32, u32)) -> (Arc<MemoryImage>, Vec<u8>) {
    let length = columns as usize * rows as usize * bands as usize;
    let bytes: Vec<u8> = (0..length).map(|at| (at * at / 7 + at) as u8).collect();
    let shape = [bands, rows, columns].map(|n| n as usize);
    let pixels = Pixels::from_vec(bytes.clone(), shape, SampleType::UInt8, Interleave::Band).unwrap();
    (Arc::new(MemoryImage::from_pixels(pixels, block.0, block.1).unwrap()), bytes)
}

fn all(image: &ReducedImage) -> Vec<u8> {
    let grid = image.layout().grid;
    let bands: Vec<u32> = (0..image.layout().bands).collect();
    let mut out = vec![0; grid.window().pixels() as usize * bands.len()];
    let canvas = Canvas::new(&mut out, bands.len(), grid.rows() as usize, grid.columns() as usize, 1).unwrap();
    for at in grid.blocks_of(grid.window()) {
        let window = grid.block_window(at);
        let wanted = Wanted { window, bands: &bands, visit: Visit::Once, idle: &IdleThreads::default() };
        assert!(image.read_block(at, wanted, &mut canvas.tile(window).unwrap()).unwrap());
    }
    drop(canvas);
    out
}

proptest! {
    #[test]
    fn blocks_are_those_of_the_image_reduced_as_a_whole(
        size in (1u32..70, 1u32..70), block in (1u32..40, 1u32..40), bands in 1u32..4, levels in 0u8..5, nearest: bool,
    ) {
        let method = if nearest { Reduction::Nearest } else { Reduction::Average };
        let (source, bytes) = source(size.0, size.1, bands, block);
        let image = ReducedImage::new(source, levels, method, None).unwrap();
        let reducer = Reducer::new(SampleType::UInt8, levels, method, None).unwrap();
        let plane = image.layout().grid.window().pixels() as usize;
        let mut expected = vec![0; plane * bands as usize];
        let planes = bytes.chunks(size.0 as usize * size.1 as usize).zip(expected.chunks_mut(plane));
        for (plane, out) in planes {
            let rows: Vec<&[u8]> = plane.chunks(size.0 as usize).collect();
            let targets = out.chunks_mut(image.layout().grid.columns() as usize);
            rows.chunks(reducer.factor()).zip(targets).for_each(|(rows, target)| reducer.row(rows, target));
        }
        prop_assert_eq!(all(&image), expected);
    }
}

#[test]
fn a_large_block_is_made_in_pieces() {
    let (source, _) = source(8, 8, 1, (8, 8));
    let image = ReducedImage::new(source, 12, Reduction::Average, None).unwrap();
    assert_eq!(image.piece(Window::new(0, 0, 100, 100), 1), (1, 1));
    let image =
        ReducedImage { reducer: Reducer::new(SampleType::UInt8, 6, Reduction::Average, None).unwrap(), ..image };
    let (columns, rows) = image.piece(Window::new(0, 0, 100, 100), 1);
    assert_eq!((columns, rows), (100, 40));
    assert!(columns * rows * 64 * 64 <= PIECE as u32);
}

#[test]
fn absent_blocks_count_with_the_pad_value_beside_present_ones() {
    let mut layout = ImageLayout::new(BlockGrid::new(4, 2, 1, 2).unwrap(), 1, SampleType::UInt8).unwrap();
    layout.pad = PadValue::Int(9);
    let mut sparse = MemoryImage::new(layout);
    let one = Pixels::from_vec(vec![1, 1], [1, 2, 1], SampleType::UInt8, Interleave::Band).unwrap();
    sparse.set_block(BlockIndex { row: 0, column: 0 }, one).unwrap();
    let image = ReducedImage::new(Arc::new(sparse), 1, Reduction::Average, None).unwrap();
    let Block::Pixels(pixels) = image.block(BlockIndex::default()).unwrap() else { panic!("present") };
    assert_eq!(pixels.contiguous(Interleave::Band).unwrap(), [5]);
    // No pixel of block 1 remains after the reduction.
    assert!(matches!(image.block(BlockIndex { row: 0, column: 2 }).unwrap(), Block::Absent));
}
