//! Reading a part of an image: blocks are decoded in parallel, directly into the output.

mod fetch;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use self::fetch::read_fetched;
use super::concurrency::{Concurrency, Control};
use super::ordered::contained;
use crate::error::{Error, Result};
use crate::image::{Access, BlockIndex, Canvas, IdleThreads, ImageProvider, TileMut, Visit, Wanted, Window};
use crate::io::is_fetched;

/// The part of an image to read.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// The rectangle, inside the image.
    pub window: Window,
    /// The bands, in output order.
    pub bands: Vec<u32>,
    /// One sample in native byte order, for pixels of absent blocks.
    pub fill: Vec<u8>,
}

/// Reads a region of `provider` into `out`, planar (bands, rows, columns) in native byte order.
///
/// # Errors
/// [`Error::OutOfRange`] for a window or band outside the image, [`Error::Usage`] for an output of another size, and the
/// errors of decoding. After an error, the content of the output is undefined.
pub fn read_region(
    provider: &dyn ImageProvider,
    request: &ReadRequest,
    out: &mut [u8],
    concurrency: Concurrency,
    control: &Control<'_>,
) -> Result<()> {
    read_blocks(provider, request, out, concurrency, control).map_err(|error| error.in_file(provider.path()))
}

fn read_blocks(
    provider: &dyn ImageProvider,
    request: &ReadRequest,
    out: &mut [u8],
    concurrency: Concurrency,
    control: &Control<'_>,
) -> Result<()> {
    request.check(provider)?;
    provider.check_unchanged()?;
    let grid = provider.layout().grid;
    let (rows, columns) = (request.window.height as usize, request.window.width as usize);
    let canvas = Canvas::new(out, request.bands.len(), rows, columns, provider.layout().sample.bytes())?;
    if let Some(image) = provider.in_file().filter(|image| is_fetched(image.source())) {
        return read_fetched(image, request, &canvas, concurrency, control);
    }
    let (rows_at_once, threads) = match provider.access() {
        Access::Serial => (u32::MAX, 1),
        Access::Parallel => request.strips(provider, concurrency.threads()),
    };
    let parts = grid.blocks_of(request.window).flat_map(|at| {
        let part = grid.block_window(at).intersect(&request.window);
        part.strips(rows_at_once).map(move |strip| (at, strip))
    });
    let count = parts.clone().count() as u64;
    let threads = concurrency.at_most(threads.min(count)).threads();
    let region = Region {
        provider,
        request,
        visit: request.visit(provider),
        canvas: &canvas,
        parts: Mutex::new(parts),
        done: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        idle: IdleThreads::new(concurrency.threads().saturating_sub(threads)),
    };
    if threads == 1 {
        return region.work(Some(control), count);
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(|| region.work(None, count))).collect();
        let mut result = region.work(Some(control), count);
        for worker in workers {
            let other = worker.join().unwrap_or_else(|_| Err(Error::Panic("reader".to_owned())));
            // The error that is not a cancellation stopped the others.
            if other.is_err() && !matches!(result, Err(ref error) if !matches!(error, Error::Cancelled)) {
                result = other;
            }
        }
        result
    })
}

impl ReadRequest {
    /// The whole image.
    pub fn whole(provider: &dyn ImageProvider) -> Self {
        let layout = provider.layout();
        Self { window: layout.grid.window(), bands: (0..layout.bands).collect(), fill: layout.pad_bytes() }
    }

    /// Bytes of the output.
    pub fn bytes(&self, provider: &dyn ImageProvider) -> u64 {
        let sample = self.bands.len() as u64 * provider.layout().sample.bytes() as u64;
        self.window.pixels().saturating_mul(sample)
    }

    /// Whether the blocks may be asked for again.
    fn visit(&self, provider: &dyn ImageProvider) -> Visit {
        let (grid, window) = (provider.layout().grid, self.window);
        if window == grid.window() {
            return Visit::Once;
        }
        let is_whole = window.x.is_multiple_of(grid.block_columns())
            && window.y.is_multiple_of(grid.block_rows())
            && (window.right().is_multiple_of(grid.block_columns()) || window.right() == grid.columns())
            && (window.bottom().is_multiple_of(grid.block_rows()) || window.bottom() == grid.rows());
        if is_whole { Visit::Blocks } else { Visit::Again }
    }

    /// The most rows of a block that one thread reads at once, and the most of `threads` that make the read faster.
    ///
    /// A few samples are copied sooner than a thread starts. Blocks that must be decoded are read whole. Those that are only
    /// copied are divided if there are too few of them to give each thread the same work.
    fn strips(&self, provider: &dyn ImageProvider, threads: usize) -> (u32, u64) {
        let (threads, copies) = (threads as u64, 1 + self.bytes(provider) / COPIED_BYTES);
        let (grid, window) = (provider.layout().grid, self.window);
        let whole = |threads| (u32::MAX, threads);
        if threads == 1 || copies >= threads && grid.blocks_of(window).count() as u64 >= SHARES * threads {
            return whole(threads);
        }
        match (provider.decodes(window, &self.bands), threads.min(copies)) {
            (0, 1) => whole(1),
            (0, threads) => {
                let (first, last) = (grid.block_of(window.x, window.y), grid.block_of(window.right() - 1, window.y));
                let across = u64::from(last.column - first.column) + 1;
                let rows = (u64::from(window.height) * across).div_ceil(SHARES * threads);
                (rows.min(u32::MAX.into()) as u32, threads)
            }
            (decodes, _) => whole(threads.min(copies.max(decodes))),
        }
    }

    /// Checks that the image has the window and the bands.
    fn check(&self, provider: &dyn ImageProvider) -> Result<()> {
        let layout = provider.layout();
        if self.window.is_empty() || self.window.intersect(&layout.grid.window()) != self.window {
            return Err(Error::out_of_range("window").found(format!("{:?}", self.window)).allowed(format!(
                "{} × {}",
                layout.grid.columns(),
                layout.grid.rows()
            )));
        }
        match self.bands.iter().find(|band| **band >= layout.bands) {
            Some(band) => Err(Error::out_of_range("band").found(band).allowed(format!("0–{}", layout.bands - 1))),
            None => Ok(()),
        }
    }
}

/// Samples to copy that are worth a thread: some 100 µs with what lies between them, several times what it takes to start one.
const COPIED_BYTES: u64 = 256 << 10;

/// Parts for each thread, so that no thread waits long for the last part of another.
const SHARES: u64 = 4;

struct Region<'a, I> {
    provider: &'a dyn ImageProvider,
    request: &'a ReadRequest,
    visit: Visit,
    canvas: &'a Canvas<'a>,
    parts: Mutex<I>,
    done: AtomicU64,
    failed: AtomicBool,
    idle: IdleThreads,
}

impl<I: Iterator<Item = (BlockIndex, Window)>> Region<'_, I> {
    /// Reads parts of blocks until none are left or a thread fails. The calling thread has a control.
    fn work(&self, control: Option<&Control<'_>>, count: u64) -> Result<()> {
        while let Some((at, part, mut tile)) = self.next()? {
            if self.failed.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            let result = contained(|| self.read(at, part, &mut tile)).and_then(|()| {
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                control.map_or(Ok(()), |control| control.poll().and_then(|()| control.progress(done, count)))
            });
            if result.is_err() {
                self.failed.store(true, Ordering::Relaxed);
                return result;
            }
        }
        // This thread may help the others.
        self.idle.add(1);
        Ok(())
    }

    fn next(&self) -> Result<Option<(BlockIndex, Window, TileMut<'_>)>> {
        // The tile of the output is taken under the same lock, so tiles are taken in order.
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((at, part)) = parts.next() else { return Ok(None) };
        let tile = self.canvas.tile(part.relative_to(self.request.window.x, self.request.window.y))?;
        Ok(Some((at, part, tile)))
    }

    fn read(&self, at: BlockIndex, part: Window, tile: &mut TileMut<'_>) -> Result<()> {
        let wanted = Wanted { window: part, bands: &self.request.bands, visit: self.visit, idle: &self.idle };
        if !self.provider.has_block(at)? || !self.provider.read_block(at, wanted, tile)? {
            tile.fill(&self.request.fill);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Block, BlockGrid, ImageLayout, SampleType};

    /// An image of absent blocks that counts the checks for a changed file.
    struct Checked {
        layout: ImageLayout,
        checks: AtomicU64,
    }

    impl ImageProvider for Checked {
        fn layout(&self) -> &ImageLayout {
            &self.layout
        }

        fn block(&self, _at: BlockIndex) -> Result<Block> {
            Ok(Block::Absent)
        }

        fn check_unchanged(&self) -> Result<()> {
            match self.checks.fetch_add(1, Ordering::Relaxed) {
                0 => Ok(()),
                _ => Err(Error::malformed("file: it was changed while open")),
            }
        }
    }

    /// An image whose blocks are copied (`decodes` is 0) or decoded, and that records what is read of them.
    struct Recorded {
        layout: ImageLayout,
        decodes: u64,
        parts: Mutex<Vec<(BlockIndex, Window)>>,
    }

    impl ImageProvider for Recorded {
        fn layout(&self) -> &ImageLayout {
            &self.layout
        }

        fn block(&self, _at: BlockIndex) -> Result<Block> {
            Ok(Block::Absent)
        }

        fn decodes(&self, _window: Window, _bands: &[u32]) -> u64 {
            self.decodes
        }

        fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
            self.parts.lock().unwrap().push((at, wanted.window));
            out.fill(&[7]);
            Ok(true)
        }
    }

    /// The parts that two threads read of a window of an image in blocks of 1024².
    fn parts_of(window: Window, decodes: u64) -> Vec<(BlockIndex, Window)> {
        let layout = ImageLayout::new(BlockGrid::new(4096, 4096, 1024, 1024).unwrap(), 1, SampleType::UInt8).unwrap();
        let provider = Recorded { layout, decodes, parts: Mutex::default() };
        let request = ReadRequest { window, bands: vec![0], fill: vec![0] };
        let mut out = vec![0; window.pixels() as usize];
        let concurrency = Concurrency::new(2).unwrap();
        read_region(&provider, &request, &mut out, concurrency, &Control::default()).unwrap();
        assert!(out.iter().all(|sample| *sample == 7));
        provider.parts.into_inner().unwrap()
    }

    #[test]
    fn a_few_blocks_that_are_only_copied_are_divided_among_the_threads() {
        for (window, parts) in [
            (Window::new(10, 10, 1000, 1000), 8),
            (Window::new(700, 100, 1000, 800), 8),
            (Window::new(700, 900, 700, 801), 10),
            (Window::new(10, 10, 100, 100), 1),
            (Window::new(0, 0, 4096, 4096), 16),
        ] {
            let read = parts_of(window, 0);
            assert_eq!(read.len(), parts, "{window:?}");
            assert_eq!(read.iter().map(|(_, part)| part.pixels()).sum::<u64>(), window.pixels());
        }
    }

    #[test]
    fn a_block_that_must_be_decoded_is_read_whole() {
        assert_eq!(parts_of(Window::new(10, 10, 1000, 1000), 1).len(), 1);
        assert_eq!(parts_of(Window::new(700, 900, 700, 801), 4).len(), 4);
    }

    #[test]
    fn a_change_of_the_file_is_looked_for_once_per_read() {
        let grid = BlockGrid::new(64, 64, 8, 8).unwrap();
        let layout = ImageLayout::new(grid, 1, SampleType::UInt8).unwrap();
        let provider = Checked { layout, checks: AtomicU64::new(0) };
        let (request, mut out) = (ReadRequest::whole(&provider), vec![1; 64 * 64]);
        let mut read = || read_region(&provider, &request, &mut out, Concurrency::new(3).unwrap(), &Control::default());
        read().unwrap();
        assert!(matches!(read(), Err(Error::Malformed(_))));
        assert!(out.iter().all(|sample| *sample == 0));
    }
}
