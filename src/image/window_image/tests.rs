use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::image::{
    Block, BlockIndex, Canvas, IdleThreads, Interleave, MemoryImage, PadValue, Pixels, SampleType, Visit, Wanted,
};

/// An image with pixels of column + 100 · row that records the requested blocks.
struct Source {
    image: MemoryImage,
    asked: Mutex<Vec<BlockIndex>>,
}

impl Source {
    fn new(columns: u32, rows: u32, block: (u32, u32)) -> Arc<Self> {
        let values = (0..rows).flat_map(|y| (0..columns).map(move |x| (x + 100 * y) as u16));
        let bytes: Vec<u8> = values.flat_map(u16::to_ne_bytes).collect();
        let shape = [1, rows as usize, columns as usize];
        let pixels = Pixels::from_vec(bytes, shape, SampleType::UInt16, Interleave::Band).unwrap();
        Arc::new(Self { image: MemoryImage::from_pixels(pixels, block.0, block.1).unwrap(), asked: Mutex::default() })
    }
}

impl ImageProvider for Source {
    fn layout(&self) -> &ImageLayout {
        self.image.layout()
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.asked.lock().unwrap().push(at);
        self.image.block(at)
    }
}

/// The pixels of an image, block by block.
fn all(image: &dyn ImageProvider) -> Vec<u16> {
    let grid = image.layout().grid;
    let mut out = vec![0; grid.window().pixels() as usize * 2];
    let canvas = Canvas::new(&mut out, 1, grid.rows() as usize, grid.columns() as usize, 2).unwrap();
    for at in grid.blocks_of(grid.window()) {
        let window = grid.block_window(at);
        let wanted = Wanted { window, bands: &[0], visit: Visit::Once, idle: &IdleThreads::default() };
        assert!(image.read_block(at, wanted, &mut canvas.tile(window).unwrap()).unwrap());
    }
    drop(canvas);
    out.as_chunks().0.iter().map(|bytes| u16::from_ne_bytes(*bytes)).collect()
}

fn expected(window: Window) -> Vec<u16> {
    let rows = window.y..window.bottom();
    rows.flat_map(|y| (window.x..window.right()).map(move |x| (x + 100 * y) as u16)).collect()
}

proptest! {
    #[test]
    fn the_blocks_of_a_window_are_its_pixels(
        size in (1u32..60, 1u32..60), block in (1u32..30, 1u32..30), corner in (0u32..60, 0u32..60),
        length in (1u32..60, 1u32..60), other in (1u32..30, 1u32..30),
    ) {
        let source = Source::new(size.0, size.1, block);
        let window = Window::new(corner.0 % size.0, corner.1 % size.1, length.0, length.1);
        let window = window.intersect(&source.layout().grid.window());
        let image = WindowImage::new(Arc::clone(&source) as _, window).unwrap();
        prop_assert_eq!(all(&image), expected(window));
        let mut asked = source.asked.lock().unwrap().clone();
        asked.dedup();
        let needed: Vec<_> = source.layout().grid.blocks_of(window).collect();
        prop_assert_eq!(asked, needed, "each block once");
        let image = Arc::new(image.with_blocks(other.0, other.1).unwrap());
        prop_assert_eq!(all(&*image), expected(window));
        let inner = Window::new(0, 0, window.width.div_ceil(2), window.height);
        let nested = WindowImage::new(image, inner).unwrap();
        prop_assert_eq!(all(&nested), expected(Window { width: inner.width, ..window }));
    }
}

#[test]
fn pixels_in_memory_are_not_copied_and_absent_blocks_stay_absent() {
    let source = Arc::new(Source::new(8, 8, (4, 4)).image.clone());
    let image = WindowImage::new(source, Window::new(2, 1, 3, 3)).unwrap();
    assert_eq!(image.pixels().unwrap().shape(), [1, 3, 3]);
    let grid = BlockGrid::new(8, 8, 4, 4).unwrap();
    let mut sparse = MemoryImage::new(ImageLayout { grid, pad: PadValue::Int(7), ..image.layout().clone() });
    let one = Pixels::from_vec(vec![1; 32], [1, 4, 4], SampleType::UInt16, Interleave::Band).unwrap();
    sparse.set_block(BlockIndex { row: 1, column: 1 }, one).unwrap();
    let image = WindowImage::new(Arc::new(sparse), Window::new(3, 3, 5, 5)).unwrap().with_blocks(2, 5).unwrap();
    let has = |column| image.has_block(BlockIndex { row: 0, column }).unwrap();
    assert!(has(0) && has(1) && has(2) && image.has_block(BlockIndex { row: 0, column: 3 }).is_err());
    let Block::Pixels(first) = image.block(BlockIndex::default()).unwrap() else { panic!("present") };
    let bytes = first.contiguous(Interleave::Band).unwrap();
    assert_eq!(bytes.as_chunks().0.iter().map(|two| u16::from_ne_bytes(*two)).collect::<Vec<_>>(), {
        [7, 7, 7, 0x0101, 7, 0x0101, 7, 0x0101, 7, 0x0101]
    });
}

#[test]
fn a_window_outside_is_an_error() {
    let source = Source::new(8, 8, (4, 4));
    for window in [Window::new(0, 0, 0, 1), Window::new(7, 0, 2, 1), Window::new(8, 8, 1, 1)] {
        assert!(matches!(WindowImage::new(Arc::clone(&source) as _, window), Err(Error::OutOfRange(_))));
    }
}
