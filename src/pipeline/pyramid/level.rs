//! One level of a pyramid, reduced by two from the blocks of the level before, which arrive in any order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, PadValue, Reducer, Reduction, Window};

/// The pixels of a block, band after band, without padding.
pub(super) type Planes = Arc<Vec<u8>>;

/// A level: pixels arrive in the blocks of the source and leave in those of the target.
pub(super) struct Level {
    source: ImageLayout,
    target: ImageLayout,
    reducer: Reducer,
    /// Blocks of the source that wait for neighbours.
    units: Mutex<HashMap<BlockIndex, Unit>>,
    /// Blocks of the target that are not complete.
    open: Mutex<HashMap<BlockIndex, OpenBlock>>,
}

/// What the pixels of the level that end in one block of the source are made from: the block, and the row above and the column
/// to the left of it if the block begins at an odd row or column.
#[derive(Default)]
struct Unit {
    /// By [`Side`]; `None` if a part has not arrived.
    parts: [Option<Part>; 4],
}

/// A part of a unit, without pixels if they are absent.
struct Part {
    rows: usize,
    columns: usize,
    planes: Option<Planes>,
}

/// A part's place relative to the block of its unit: rows above, columns to the left.
type Side = (u32, u32);

const SIDES: [Side; 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

/// A block of the target.
struct OpenBlock {
    /// `None` while only absent parts have arrived.
    planes: Option<Vec<u8>>,
    /// Pixels that have not arrived.
    missing: u64,
}

impl Level {
    /// # Errors
    /// [`Error::Usage`] if the target does not have half the size of the source, or other bands or samples.
    pub(super) fn new(
        source: &ImageLayout,
        target: &ImageLayout,
        method: Reduction,
        nodata: Option<PadValue>,
    ) -> Result<Self> {
        let halves = [source.grid.columns().div_ceil(2), source.grid.rows().div_ceil(2), source.bands];
        let found = [target.grid.columns(), target.grid.rows(), target.bands];
        if halves != found || source.sample != target.sample {
            let text =
                |[columns, rows, bands]: [u32; 3], sample| format!("{columns} × {rows}, {bands} bands of {sample}");
            return Err(Error::usage("level of a pyramid:")
                .found(text(found, target.sample))
                .allowed(text(halves, source.sample)));
        }
        let reducer = Reducer::new(source.sample, 1, method, nodata)?;
        let (units, open) = (Mutex::default(), Mutex::default());
        Ok(Self { source: source.clone(), target: target.clone(), reducer, units, open })
    }

    /// The layout of the level.
    pub(super) fn target(&self) -> &ImageLayout {
        &self.target
    }

    /// True if no block waits for another one.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.units).is_empty() && lock(&self.open).is_empty()
    }

    /// Takes a block of the source, and returns the blocks of the target that it completes.
    pub(super) fn arrive(&self, at: BlockIndex, planes: Option<&Planes>) -> Vec<(BlockIndex, Option<Planes>)> {
        let mut done = Vec::new();
        for (down, right) in SIDES {
            let unit = BlockIndex { row: at.row + down, column: at.column + right };
            if unit.row >= self.source.grid.down() || unit.column >= self.source.grid.across() {
                continue;
            }
            let needed = self.needed(unit);
            if !needed.contains(&(down, right)) {
                continue;
            }
            let part = self.part(at, planes, (down, right));
            if let Some(unit_parts) = self.collect(unit, (down, right), part, &needed) {
                let window = self.made(unit);
                if !window.is_empty() {
                    let pixels = self.reduce(unit, &unit_parts, window);
                    self.deliver(window, pixels.as_deref(), &mut done);
                }
            }
        }
        done
    }

    /// The parts that a unit needs.
    fn needed(&self, unit: BlockIndex) -> Vec<Side> {
        let Window { x, y, .. } = self.source.grid.full_block_window(unit);
        let is_needed = |(up, left): &Side| (*up == 0 || !y.is_multiple_of(2)) && (*left == 0 || !x.is_multiple_of(2));
        SIDES.into_iter().filter(is_needed).collect()
    }

    /// The pixels of the level that a unit makes: those whose last row and column of the source lie in its block.
    fn made(&self, unit: BlockIndex) -> Window {
        let block = self.source.grid.block_window(unit);
        let before = |edge: u32, length: u32| if edge == length { length.div_ceil(2) } else { edge / 2 };
        let (columns, rows) = (self.source.grid.columns(), self.source.grid.rows());
        let (x, y) = (before(block.x, columns), before(block.y, rows));
        Window::new(x, y, before(block.right(), columns) - x, before(block.bottom(), rows) - y)
    }

    /// The part of block `at` that is on this side of the unit to the right of it, below it, or both.
    fn part(&self, at: BlockIndex, planes: Option<&Planes>, (down, right): Side) -> Part {
        let block = self.source.grid.block_window(at);
        let (height, width) = (block.height as usize, block.width as usize);
        let rows = if down == 1 { height - 1..height } else { 0..height };
        let columns = if right == 1 { width - 1..width } else { 0..width };
        let (count, length) = (rows.len(), columns.len());
        let planes = planes.map(|planes| {
            if (count, length) == (height, width) {
                return Arc::clone(planes);
            }
            let size = self.source.sample.bytes();
            let mut cut = Vec::with_capacity(self.source.bands as usize * count * length * size);
            for plane in planes.chunks_exact(height * width * size) {
                for row in plane.chunks_exact(width * size).skip(rows.start).take(count) {
                    cut.extend_from_slice(&row[columns.start * size..columns.end * size]);
                }
            }
            Arc::new(cut)
        });
        Part { rows: count, columns: length, planes }
    }

    /// Keeps a part; returns the unit if this was the last.
    fn collect(&self, unit: BlockIndex, side: Side, part: Part, needed: &[Side]) -> Option<Unit> {
        let mut units = lock(&self.units);
        let parts = &mut units.entry(unit).or_default().parts;
        parts[index(side)] = Some(part);
        if needed.iter().all(|side| parts[index(*side)].is_some()) { units.remove(&unit) } else { None }
    }

    /// The pixels that a unit makes, band after band; `None` if all its parts are absent.
    fn reduce(&self, unit: BlockIndex, parts: &Unit, made: Window) -> Option<Vec<u8>> {
        let planes = self.assemble(unit, parts)?;
        let block = self.source.grid.block_window(unit);
        let (left, top) = (block.x - 2 * made.x, block.y - 2 * made.y);
        let (width, height) = ((block.width + left) as usize, (block.height + top) as usize);
        let size = self.source.sample.bytes();
        // A last odd row or column belongs to the next unit.
        let (columns, rows) = (width.min(2 * made.width as usize), height.min(2 * made.height as usize));
        let mut out = vec![0; self.source.bands as usize * made.pixels() as usize * size];
        let mut targets = out.chunks_exact_mut(made.width as usize * size);
        for plane in planes.chunks_exact(width * height * size) {
            let lines: Vec<_> = plane.chunks_exact(width * size).take(rows).map(|row| &row[..columns * size]).collect();
            for (pair, target) in lines.chunks(2).zip(&mut targets) {
                self.reducer.row(pair, target);
            }
        }
        Some(out)
    }

    /// The parts of a unit as one block; absent parts have the pad value. `None` if all are absent.
    fn assemble(&self, unit: BlockIndex, Unit { parts }: &Unit) -> Option<Planes> {
        let present = || parts.iter().flatten().filter_map(|part| part.planes.as_ref());
        present().next()?;
        if parts.iter().flatten().count() == 1 {
            return present().next().cloned();
        }
        let size = self.source.sample.bytes();
        let block = self.source.grid.block_window(unit);
        let part = |side: Side| parts[index(side)].as_ref();
        let (left, top) = (part((0, 1)).map_or(0, |part| part.columns), part((1, 0)).map_or(0, |part| part.rows));
        let (width, height) = (block.width as usize + left, block.height as usize + top);
        let pad = self.source.pad_bytes();
        let mut out = pad.repeat(self.source.bands as usize * width * height);
        for ((up, to_left), part) in SIDES.iter().filter_map(|side| Some((side, part(*side)?))) {
            let Some(planes) = &part.planes else { continue };
            let (x, y) = (if *to_left == 1 { 0 } else { left }, if *up == 1 { 0 } else { top });
            let (from, to) =
                (planes.chunks_exact(part.rows * part.columns * size), out.chunks_exact_mut(width * height * size));
            for (from, to) in from.zip(to) {
                for (row, to) in from.chunks_exact(part.columns * size).zip(to.chunks_exact_mut(width * size).skip(y)) {
                    to[x * size..][..row.len()].copy_from_slice(row);
                }
            }
        }
        Some(Arc::new(out))
    }

    /// Copies pixels of the level to the blocks of the target, and adds the blocks that are complete to `done`.
    fn deliver(&self, window: Window, pixels: Option<&[u8]>, done: &mut Vec<(BlockIndex, Option<Planes>)>) {
        let grid: BlockGrid = self.target.grid;
        let mut open = lock(&self.open);
        for at in grid.blocks_of(window) {
            let block = grid.block_window(at);
            let entry = open.entry(at).or_insert(OpenBlock { planes: None, missing: block.pixels() });
            let part = block.intersect(&window);
            if let Some(pixels) = pixels {
                let planes = entry.planes.get_or_insert_with(|| {
                    self.target.pad_bytes().repeat(self.target.bands as usize * block.pixels() as usize)
                });
                self.copy(pixels, window, planes, block, part);
            }
            entry.missing -= part.pixels();
            if entry.missing == 0 {
                let complete = open.remove(&at).and_then(|block| block.planes);
                done.push((at, complete.map(Arc::new)));
            }
        }
    }

    /// Copies `part` from the planes of one window to those of another.
    fn copy(&self, from: &[u8], window: Window, to: &mut [u8], block: Window, part: Window) {
        let size = self.target.sample.bytes();
        let planes = |window: Window| window.pixels() as usize * size;
        let row = |window: Window, y: u32| {
            ((part.y + y - window.y) as usize * window.width as usize + (part.x - window.x) as usize) * size
        };
        let length = part.width as usize * size;
        for (from, to) in from.chunks_exact(planes(window)).zip(to.chunks_exact_mut(planes(block))) {
            for y in 0..part.height {
                to[row(block, y)..][..length].copy_from_slice(&from[row(window, y)..][..length]);
            }
        }
    }
}

/// The place of a side in [`Unit::parts`].
fn index((up, left): Side) -> usize {
    (2 * up + left) as usize
}

/// Whatever a worker that panicked left is complete: state changes last.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
