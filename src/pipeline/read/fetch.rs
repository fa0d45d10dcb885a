//! Reading from sources that are serial or slow: the calling thread fetches the bytes of the next blocks in few requests, and
//! workers decode them.

use std::collections::VecDeque;

use super::ReadRequest;
use crate::error::Result;
use crate::image::{BlockIndex, Canvas, FileImage, IdleThreads, TileMut, Wanted, Window};
use crate::io::{ENOUGH_AT_ONCE, Fetched, fetch};
use crate::pipeline::concurrency::{Concurrency, Control};
use crate::pipeline::ordered::ordered;

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

/// A block with its fetched bytes; `None` if it is absent.
struct Job<'a> {
    window: Window,
    tile: TileMut<'a>,
    bytes: Option<Fetched>,
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
    let threads = concurrency.threads();
    let concurrency = concurrency.at_most(count);
    let at_once = 2 * concurrency.threads();
    let idle = IdleThreads::new(threads - concurrency.threads());
    let fetcher = Fetcher { image, request, canvas, blocks, at_once, fetched: VecDeque::new() };
    let mut done = 0;
    ordered(
        concurrency,
        control,
        fetcher,
        |mut job, _| job.decode(image, request, &idle),
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
        let (mut parts, mut wanted, mut bytes) = (Vec::new(), Vec::new(), 0);
        while parts.len() < self.at_once && bytes < ENOUGH_AT_ONCE {
            let Some(at) = self.blocks.next() else { break };
            let window = self.image.layout().grid.block_window(at).intersect(&self.request.window);
            let tile = self.canvas.tile(window.relative_to(self.request.window.x, self.request.window.y))?;
            let mut ranges = Vec::new();
            let present = self.image.has_block(at)?;
            if present {
                self.image.ranges(window, &self.request.bands, &mut ranges)?;
                bytes += ranges.iter().map(|range| range.end - range.start).sum::<u64>();
            }
            wanted.push(ranges);
            parts.push((window, tile, present));
        }
        let fetched = parts.into_iter().zip(fetch(self.image.source(), wanted)?);
        let jobs =
            fetched.map(|((window, tile, present), bytes)| Job { window, tile, bytes: present.then_some(bytes) });
        self.fetched.extend(jobs);
        Ok(())
    }
}

impl Job<'_> {
    fn decode(&mut self, image: &dyn FileImage, request: &ReadRequest, idle: &IdleThreads) -> Result<()> {
        let wanted = Wanted { window: self.window, bands: &request.bands, visit: request.visit(image), idle };
        let present = match &self.bytes {
            Some(source) => image.read_from(source, wanted, &mut self.tile)?,
            None => false,
        };
        if !present {
            self.tile.fill(&request.fill);
        }
        Ok(())
    }
}
