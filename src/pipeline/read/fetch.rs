//! Reading from sources that are serial or slow: the calling thread fetches the bytes of the next blocks in few requests, and
//! workers decode them.

use std::collections::VecDeque;
use std::ops::Range;

use super::ReadRequest;
use crate::error::{Error, Result};
use crate::image::{BlockIndex, Canvas, FileImage, TileMut, Window};
use crate::io::ByteSource;
use crate::pipeline::concurrency::{Concurrency, Control};
use crate::pipeline::ordered::ordered;

/// Bytes at which one fetch stops to add blocks.
const AT_ONCE: u64 = 16 << 20;

/// Fetches the blocks of a request in turn.
struct Fetcher<'a, I> {
    image: &'a dyn FileImage,
    request: &'a ReadRequest,
    canvas: &'a Canvas<'a>,
    blocks: I,
    /// Most blocks of one fetch.
    at_once: usize,
    fetched: VecDeque<Job<'a>>,
}

/// A block with its fetched bytes.
struct Job<'a> {
    window: Window,
    tile: TileMut<'a>,
    /// `None` if the block is absent.
    bytes: Option<Fetched>,
}

/// Fetched ranges of a source.
struct Fetched {
    size: u64,
    /// In order of their start, each with its position in `bytes`.
    ranges: Vec<(Range<u64>, usize)>,
    bytes: Vec<u8>,
}

/// Reads the blocks of a request.
///
/// # Errors
/// The first error of fetching and decoding, in the order of the blocks.
pub(super) fn read_fetched(
    image: &dyn FileImage,
    request: &ReadRequest,
    canvas: &Canvas<'_>,
    concurrency: Concurrency,
    control: &Control<'_>,
) -> Result<()> {
    let blocks = image.layout().grid.blocks_of(request.window);
    let count = blocks.clone().count() as u64;
    let concurrency = concurrency.at_most(count);
    let at_once = 2 * concurrency.threads();
    let fetcher = Fetcher { image, request, canvas, blocks, at_once, fetched: VecDeque::new() };
    let mut done = 0;
    ordered(
        concurrency,
        control,
        fetcher,
        |mut job, _| job.decode(image, request),
        |()| {
            done += 1;
            control.progress(done, count)
        },
    )
}

impl<'a, I: Iterator<Item = BlockIndex>> Iterator for Fetcher<'a, I> {
    type Item = Result<Job<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.fetched.is_empty()
            && let Err(error) = self.fetch()
        {
            return Some(Err(error));
        }
        self.fetched.pop_front().map(Ok)
    }
}

impl<I: Iterator<Item = BlockIndex>> Fetcher<'_, I> {
    /// Fetches the next blocks.
    fn fetch(&mut self) -> Result<()> {
        let mut ranges = Vec::new();
        // For each range, its block and its position in the block's bytes.
        let mut owners = Vec::new();
        let mut bytes = 0;
        while self.fetched.len() < self.at_once && bytes < AT_ONCE {
            let Some(at) = self.blocks.next() else { break };
            let window = self.image.layout().grid.block_window(at).intersect(&self.request.window);
            let tile = self.canvas.tile(window.relative_to(self.request.window.x, self.request.window.y))?;
            let mut job = Job { window, tile, bytes: None };
            if self.image.has_block(at)? {
                let mut wanted = Vec::new();
                self.image.ranges(window, &self.request.bands, &mut wanted)?;
                let fetched = Fetched::new(self.image.source().size(), wanted);
                bytes += fetched.bytes.len() as u64;
                for range in &fetched.ranges {
                    ranges.push(range.0.clone());
                    owners.push((self.fetched.len(), range.1));
                }
                job.bytes = Some(fetched);
            }
            self.fetched.push_back(job);
        }
        self.image.source().read_ranges(&ranges, &mut |n, bytes| {
            let (owner, place) = owners[n];
            if let Some(fetched) = &mut self.fetched[owner].bytes {
                fetched.bytes[place..place + bytes.len()].copy_from_slice(bytes);
            }
            Ok(())
        })
    }
}

impl Job<'_> {
    fn decode(&mut self, image: &dyn FileImage, request: &ReadRequest) -> Result<()> {
        let present = match &self.bytes {
            Some(source) => image.read_from(source, self.window, &request.bands, &mut self.tile)?,
            None => false,
        };
        if !present {
            self.tile.fill(&request.fill);
        }
        Ok(())
    }
}

impl Fetched {
    /// Reserves memory for ranges.
    fn new(size: u64, mut wanted: Vec<Range<u64>>) -> Self {
        wanted.sort_by_key(|range| range.start);
        let mut length = 0;
        let mut ranges = Vec::with_capacity(wanted.len());
        for range in wanted {
            let place = length;
            length += (range.end - range.start) as usize;
            ranges.push((range, place));
        }
        Self { size, ranges, bytes: vec![0; length] }
    }
}

impl ByteSource for Fetched {
    fn size(&self) -> u64 {
        self.size
    }

    /// Reads bytes from one of the ranges.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let end = offset.saturating_add(out.len() as u64);
        let before = self.ranges.partition_point(|(range, _)| range.start <= offset);
        let holds = self.ranges[..before].iter().rfind(|(range, _)| end <= range.end);
        let Some((range, place)) = holds else {
            return Err(Error::Panic(format!("{} bytes at byte {offset} were not fetched", out.len())));
        };
        let start = place + (offset - range.start) as usize;
        out.copy_from_slice(&self.bytes[start..start + out.len()]);
        Ok(())
    }

    /// Zero, because bytes between ranges are not in memory.
    fn gap(&self) -> u64 {
        0
    }
}
