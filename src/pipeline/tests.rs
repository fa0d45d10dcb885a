//! Fetching and copying from a test store, whose blocks are stored as the complement of their pixels.

mod cached;

use std::any::Any;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use super::*;
use crate::codec::{BlockPixels, Borrow, Encoded, Gathering, ImageEncoder, Pieces};
use crate::error::{Error, Result};
use crate::image::{
    BlockCoding, BlockGrid, BlockIndex, BlockStore, FileImage, ImageLayout, ImageProvider, Interleave, Padding, Piece,
    SampleType, Scratch, StoredBlock, StoredImage, Window, WindowImage,
};
use crate::io::ByteSource;
use crate::limits::Limits;

/// A source that records its requests. A serial one accepts them from one thread only.
struct Counting {
    bytes: Vec<u8>,
    owner: ThreadId,
    is_parallel: bool,
    gap: u64,
    requests: Mutex<Vec<Range<u64>>>,
}

/// Blocks in row-major order; those in `absent` are absent although the source has their bytes.
struct Toy {
    source: Arc<dyn ByteSource>,
    layout: ImageLayout,
    absent: Vec<u64>,
    /// The threads that decode, and the number that wait for each other.
    threads: Mutex<HashSet<ThreadId>>,
    more: Condvar,
    awaited: usize,
}

#[derive(Debug)]
struct Complement(u8);

impl ByteSource for Counting {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        assert!(self.is_parallel || std::thread::current().id() == self.owner, "read on a worker");
        let end = offset + out.len() as u64;
        self.requests.lock().unwrap().push(offset..end);
        let bytes = self.bytes.get(offset as usize..end as usize);
        out.copy_from_slice(bytes.ok_or_else(|| Error::malformed("source: it ends").at(offset))?);
        Ok(())
    }

    fn is_parallel(&self) -> bool {
        self.is_parallel
    }

    fn gap(&self) -> u64 {
        self.gap
    }
}

impl BlockCoding for Complement {
    fn decodes_like(&self, other: &dyn BlockCoding) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref().is_some_and(|other: &Self| self.0 == other.0)
    }
}

impl Toy {
    fn block_bytes(&self) -> u64 {
        self.layout.block_bytes()
    }
}

impl BlockStore for Toy {
    fn source(&self) -> &Arc<dyn ByteSource> {
        &self.source
    }

    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn interleave(&self) -> Interleave {
        Interleave::Band
    }

    fn has_block(&self, block: StoredBlock) -> Result<bool> {
        Ok(!self.absent.contains(&self.layout.grid.position(block.at)))
    }

    fn is_dense(&self) -> bool {
        self.absent.is_empty()
    }

    fn range(&self, block: StoredBlock) -> Result<Option<Range<u64>>> {
        let start = self.layout.grid.position(block.at) * self.block_bytes();
        Ok(self.has_block(block)?.then(|| start..start + self.block_bytes()))
    }

    fn coding(&self) -> Option<&dyn BlockCoding> {
        Some(&Complement(0))
    }

    fn piece(&self, block: StoredBlock, _: Window) -> Result<Option<Piece>> {
        Ok(self
            .range(block)?
            .map(|bytes| Piece::of_rows(bytes, self.layout.grid.block_columns(), 0..self.layout.grid.block_rows())))
    }

    fn decode(&self, _: StoredBlock, _: &Piece, stored: &[&[u8]], out: &mut [u8], _: &mut Scratch) -> Result<()> {
        let mut threads = self.threads.lock().unwrap();
        threads.insert(std::thread::current().id());
        self.more.notify_all();
        let missing = |threads: &mut HashSet<ThreadId>| threads.len() < self.awaited;
        drop(self.more.wait_timeout_while(threads, Duration::from_secs(20), missing).unwrap());
        out.iter_mut().zip(stored[0]).for_each(|(to, from)| *to = !from);
        Ok(())
    }

    fn name(&self, block: StoredBlock) -> String {
        format!("block {}", self.layout.grid.position(block.at))
    }
}

/// A source of 8 × 8 blocks of 16 × 16 pixels, and a store over it.
fn toy(is_parallel: bool, gap: u64, absent: &[u64], awaited: usize) -> (Arc<Counting>, Arc<Toy>) {
    let bytes = (0..64 * 256u32).map(|place| !((place * 7 % 253) as u8)).collect();
    let owner = std::thread::current().id();
    let source = Arc::new(Counting { bytes, owner, is_parallel, gap, requests: Mutex::default() });
    let layout = ImageLayout::new(BlockGrid::new(128, 128, 16, 16).unwrap(), 1, SampleType::UInt8).unwrap();
    let store = Toy {
        source: Arc::<Counting>::clone(&source) as _,
        layout,
        absent: absent.to_vec(),
        threads: Mutex::default(),
        more: Condvar::new(),
        awaited,
    };
    (source, Arc::new(store))
}

/// The pixels of a window of the test image, with 9 in absent blocks.
fn expected(window: Window, absent: &[u64]) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let block = y / 16 * 8 + x / 16;
        let place = block * 256 + y % 16 * 16 + x % 16;
        if absent.contains(&u64::from(block)) { 9 } else { (place * 7 % 253) as u8 }
    };
    (window.y..window.bottom()).flat_map(|y| (window.x..window.right()).map(move |x| pixel(x, y))).collect()
}

fn read(store: &Arc<Toy>, window: Window, threads: usize, control: &Control<'_>) -> Result<Vec<u8>> {
    let image = StoredImage::new(Arc::<Toy>::clone(store) as _, store.layout.clone(), Limits::default());
    let request = ReadRequest { window, bands: vec![0], fill: vec![9] };
    let mut out = vec![0; request.bytes(&image) as usize];
    read_region(&image, &request, &mut out, Concurrency::new(threads).unwrap(), control)?;
    Ok(out)
}

const WHOLE: Window = Window::new(0, 0, 128, 128);

#[test]
fn the_calling_thread_reads_a_serial_source_in_few_requests_and_workers_decode() {
    let (source, store) = toy(false, 4096, &[], 2);
    let reported = Mutex::new(Vec::new());
    let progress = |done, total| {
        reported.lock().unwrap().push((done, total));
        Ok(true)
    };
    let out = read(&store, WHOLE, 2, &Control::new(None, Some(&progress))).unwrap();
    assert!(out == expected(WHOLE, &[]));
    // Four blocks at once: two for each worker.
    assert_eq!(source.requests.lock().unwrap().len(), 16);
    let threads = store.threads.lock().unwrap();
    assert!(threads.len() == 2 && !threads.contains(&source.owner));
    assert!(reported.into_inner().unwrap().into_iter().eq((1..=64).map(|done| (done, 64))));
}

/// Stores gathered pixels as they are.
struct Plain(Gathering);

impl ImageEncoder for Plain {
    fn gathering(&self) -> &Gathering {
        &self.0
    }

    fn identity(&self) -> String {
        String::new()
    }

    fn encode<'p>(
        &self,
        _: BlockIndex,
        pixels: BlockPixels<'p>,
        out: &mut Encoded,
        _: &mut crate::codec::Scratch,
    ) -> Result<Pieces<'p>> {
        let bytes = pixels.bytes().ok_or_else(|| Error::usage("bands that lie apart"))?;
        out.piece(|piece| {
            piece.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(Pieces::Appended)
    }
}

#[derive(Default)]
struct Blocks(Vec<Encoded>);

impl BlockSink for Blocks {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        self.0.push(block.clone());
        Ok(())
    }
}

/// The blocks of an image written in blocks of 48 × 40 pixels, each with its window.
fn written(image: &dyn ImageProvider) -> Vec<(Window, Vec<u8>)> {
    let whole = image.layout().grid;
    let grid = BlockGrid::new(whole.columns(), whole.rows(), 48, 40).unwrap();
    let absent = Some(vec![9]);
    let gathering = Gathering { interleave: Interleave::Band, padding: Padding::Crop, absent, borrow: Borrow::Nothing };
    let plan = BlockPlan { grid, encoder: Arc::new(Plain(gathering)), placement: None };
    let mut blocks = Blocks::default();
    write_blocks(image, &plan, &[], &mut blocks, Concurrency::new(2).unwrap(), &Control::default()).unwrap();
    blocks.0.iter().map(|block| (grid.block_window(block.at()), block.pieces().flatten().copied().collect())).collect()
}

#[test]
fn a_serial_source_is_fetched_ahead_when_its_image_is_written() {
    let (source, store) = toy(false, 0, &[], 2);
    let image = StoredImage::new(Arc::<Toy>::clone(&store) as _, store.layout.clone(), Limits::default());
    for (window, pixels) in written(&image) {
        assert!(pixels == expected(window, &[]), "{window:?}");
    }
    assert_eq!(source.requests.lock().unwrap().len(), 8, "a row of blocks at once");
    let threads = store.threads.lock().unwrap();
    assert!(threads.len() == 2 && !threads.contains(&source.owner));
}

#[test]
fn absent_blocks_of_a_serial_source_are_not_fetched_when_its_image_is_written() {
    let absent = [0, 1, 2, 8, 9, 10, 16, 17, 18, 63];
    let (source, store) = toy(false, 0, &absent, 1);
    let mut layout = store.layout.clone();
    layout.pad = crate::image::PadValue::Int(9);
    let image = StoredImage::new(Arc::<Toy>::clone(&store) as _, layout, Limits::default());
    for (window, pixels) in written(&image) {
        assert!(pixels == expected(window, &absent), "{window:?}");
    }
    let read = source.requests.lock().unwrap().iter().map(|range| range.end - range.start).sum::<u64>();
    assert_eq!(read, 54 * 256);
}

#[test]
fn a_window_of_an_image_in_a_serial_source_is_fetched_ahead_too() {
    let (source, store) = toy(false, 0, &[], 2);
    let image = StoredImage::new(Arc::<Toy>::clone(&store) as _, store.layout.clone(), Limits::default());
    let part = Window::new(10, 20, 100, 90);
    let chip = WindowImage::new(Arc::new(image), part).unwrap();
    let request = ReadRequest { window: Window::new(0, 0, 100, 90), bands: vec![0], fill: vec![9] };
    let mut out = vec![0; 9000];
    read_region(&chip, &request, &mut out, Concurrency::new(2).unwrap(), &Control::default()).unwrap();
    assert!(out == expected(part, &[]));
    assert!(source.requests.lock().unwrap().len() <= 17, "several of 42 blocks at once");
    source.requests.lock().unwrap().clear();
    for (window, pixels) in written(&chip) {
        let window = Window { x: window.x + part.x, y: window.y + part.y, ..window };
        assert!(pixels == expected(window, &[]), "{window:?}");
    }
    assert_eq!(source.requests.lock().unwrap().len(), 6, "a row of blocks at once");
    assert!(!store.threads.lock().unwrap().contains(&source.owner));
}

#[test]
fn one_thread_fetches_and_decodes_itself() {
    let (source, store) = toy(false, 0, &[], 1);
    let window = Window::new(5, 20, 60, 3);
    assert!(read(&store, window, 1, &Control::default()).unwrap() == expected(window, &[]));
    assert_eq!(*source.requests.lock().unwrap(), [8 * 256..10 * 256, 10 * 256..12 * 256, 12 * 256..13 * 256]);
    assert!(store.threads.lock().unwrap().iter().eq([&source.owner]));
}

#[test]
fn a_source_with_a_wide_gap_is_read_across_it() {
    let (source, store) = toy(true, 64 << 10, &[], 1);
    let window = Window::new(15, 0, 2, 128);
    assert!(read(&store, window, 2, &Control::default()).unwrap() == expected(window, &[]));
    assert_eq!(source.requests.lock().unwrap().len(), 4, "four blocks, two of each row, at once");
}

#[test]
fn workers_read_a_local_source_themselves() {
    let (source, store) = toy(true, 4096, &[], 2);
    assert!(read(&store, WHOLE, 2, &Control::default()).unwrap() == expected(WHOLE, &[]));
    assert_eq!(source.requests.lock().unwrap().len(), 64);
    assert_eq!(store.threads.lock().unwrap().len(), 2);
}

#[test]
fn absent_blocks_are_filled_and_not_fetched() {
    let absent = [0, 9, 63];
    let (source, store) = toy(false, 0, &absent, 1);
    assert!(read(&store, WHOLE, 3, &Control::default()).unwrap() == expected(WHOLE, &absent));
    let read = source.requests.lock().unwrap().iter().map(|range| range.end - range.start).sum::<u64>();
    assert_eq!(read, 61 * 256);
}

#[test]
fn a_store_of_the_same_form_takes_blocks_as_they_are() {
    let absent = [3, 4];
    let (source, store) = toy(true, 4096, &absent, 1);
    let image = StoredImage::new(Arc::<Toy>::clone(&store) as _, store.layout.clone(), Limits::default());
    let stored: &dyn BlockStore = &**image.behind().image.and_then(FileImage::store).unwrap();
    let (form, other) = (stored.form().unwrap(), Complement(1));
    assert!(form.takes(&form));
    assert!(!form.takes(&crate::image::BlockForm { coding: &other, ..form }));
    assert!(!form.takes(&crate::image::BlockForm { is_cropped: true, ..form }));
    let mut copied = Vec::new();
    let mut lengths = Vec::new();
    copy_blocks(stored, &Control::default(), &mut |bytes| {
        lengths.push(bytes.len());
        copied.extend_from_slice(bytes);
        Ok(())
    })
    .unwrap();
    assert!(lengths.into_iter().eq((0..64).map(|block| if absent.contains(&block) { 0 } else { 256 })));
    assert!(copied[..3 * 256] == source.bytes[..3 * 256] && copied[3 * 256..] == source.bytes[5 * 256..]);
    assert_eq!(source.requests.lock().unwrap().len(), 1, "small blocks are read together");
}

#[test]
fn a_large_block_is_copied_in_pieces() {
    let (source, _) = toy(true, 4096, &[], 1);
    let bytes: Vec<u8> = source.bytes.iter().copied().cycle().take(3000 * 3000).collect();
    let source =
        Arc::new(Counting { bytes, owner: source.owner, is_parallel: true, gap: 0, requests: Mutex::default() });
    let layout = ImageLayout::new(BlockGrid::new(3000, 3000, 3000, 3000).unwrap(), 1, SampleType::UInt8).unwrap();
    let store = Toy {
        source: Arc::<Counting>::clone(&source) as _,
        layout,
        absent: Vec::new(),
        threads: Mutex::default(),
        more: Condvar::new(),
        awaited: 1,
    };
    let mut copied = Vec::new();
    copy_blocks(&store, &Control::default(), &mut |bytes| {
        assert!(bytes.len() <= 4 << 20);
        copied.extend_from_slice(bytes);
        Ok(())
    })
    .unwrap();
    assert!(copied == source.bytes);
}
