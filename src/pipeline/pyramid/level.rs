//! One level of a pyramid, reduced by two from the blocks of the level before, which arrive in any order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::raster::Raster;
use crate::error::{Error, Result};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, PadValue, Reducer, Reduction, Window};

/// A level: pixels arrive in the blocks of the source and leave in those of the target.
pub(super) struct Level {
    source: ImageLayout,
    target: ImageLayout,
    reducer: Reducer,
    is_masked: bool,
    /// Blocks of the source that wait for neighbours.
    units: Mutex<HashMap<BlockIndex, Unit>>,
    /// Blocks of the target that are not complete.
    open: Mutex<HashMap<BlockIndex, OpenBlock>>,
}

/// What the pixels of the level that end in one block of the source are made from: the block, and pixels of those around.
struct Unit {
    /// Parts of the window that they are made from, which together cover it; `None` if absent.
    parts: Vec<Option<Arc<Raster>>>,
    /// Pixels of the window that have not arrived.
    missing: u64,
}

/// A block of the target.
struct OpenBlock {
    /// `None` while only absent parts have arrived.
    raster: Option<Raster>,
    /// Pixels that have not arrived.
    missing: u64,
}

/// A block with its pixels, `None` if absent.
pub(super) type Done = (BlockIndex, Option<Arc<Raster>>);

impl Level {
    /// # Errors
    /// [`Error::Usage`] if the target does not have half the size of the source, or other bands or samples, and if the samples
    /// cannot be reduced by `method`.
    pub(super) fn new(
        source: &ImageLayout,
        target: &ImageLayout,
        method: Reduction,
        nodata: Option<PadValue>,
        is_masked: bool,
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
        Ok(Self { source: source.clone(), target: target.clone(), reducer, is_masked, units, open })
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
    pub(super) fn arrive(&self, at: BlockIndex, raster: Option<&Arc<Raster>>) -> Vec<Done> {
        let block = self.source.grid.block_window(at);
        let mut done = Vec::new();
        for unit in self.units_around(at) {
            let needed = self.needed(unit);
            let part = needed.intersect(&block);
            if part.is_empty() {
                continue;
            }
            // A neighbour keeps only the pixels at its side.
            let raster = raster.map(|raster| if unit == at { Arc::clone(raster) } else { self.cut(raster, part) });
            if let Some(parts) = self.collect(unit, raster, part.pixels(), needed.pixels()) {
                let made = self.made(unit);
                let raster = self.reduce(&parts, needed, made);
                self.deliver(made, raster.as_ref(), &mut done);
            }
        }
        done
    }

    /// The blocks of the source whose units may need pixels of block `at`.
    fn units_around(&self, at: BlockIndex) -> impl Iterator<Item = BlockIndex> + use<> {
        let grid = self.source.grid;
        let (before, after) = self.reducer.reach();
        // The first of the two pixels that are reduced to one may lie in the block before, too.
        let range = |place: u32, side: u32, count: u32| {
            place.saturating_sub(after.div_ceil(side))..(place + (before + 1).div_ceil(side) + 1).min(count)
        };
        let columns = range(at.column, grid.block_columns(), grid.across());
        let rows = range(at.row, grid.block_rows(), grid.down());
        rows.flat_map(move |row| columns.clone().map(move |column| BlockIndex { row, column }))
    }

    /// The pixels of the source that a unit needs.
    fn needed(&self, unit: BlockIndex) -> Window {
        let (made, (before, after)) = (self.made(unit), self.reducer.reach());
        if made.is_empty() {
            return Window::new(0, 0, 0, 0);
        }
        let (x, y) = ((2 * made.x).saturating_sub(before), (2 * made.y).saturating_sub(before));
        let end = |end: u32, length: u32| end.saturating_mul(2).saturating_add(after).min(length);
        let (right, bottom) =
            (end(made.right(), self.source.grid.columns()), end(made.bottom(), self.source.grid.rows()));
        Window::new(x, y, right - x, bottom - y)
    }

    /// The pixels of the level that a unit makes: those whose last row and column of the source lie in its block.
    fn made(&self, unit: BlockIndex) -> Window {
        let block = self.source.grid.block_window(unit);
        let before = |edge: u32, length: u32| if edge == length { length.div_ceil(2) } else { edge / 2 };
        let (columns, rows) = (self.source.grid.columns(), self.source.grid.rows());
        let (x, y) = (before(block.x, columns), before(block.y, rows));
        Window::new(x, y, before(block.right(), columns) - x, before(block.bottom(), rows) - y)
    }

    fn cut(&self, raster: &Raster, part: Window) -> Arc<Raster> {
        let mut cut = self.filled(&self.source, part);
        raster.copy_to(&mut cut, self.source.sample.bytes());
        Arc::new(cut)
    }

    /// Keeps a part; returns all parts of the unit if this was the last.
    fn collect(
        &self,
        unit: BlockIndex,
        raster: Option<Arc<Raster>>,
        pixels: u64,
        needed: u64,
    ) -> Option<Vec<Option<Arc<Raster>>>> {
        if pixels == needed {
            return Some(vec![raster]);
        }
        let mut units = lock(&self.units);
        let entry = units.entry(unit).or_insert_with(|| Unit { parts: Vec::new(), missing: needed });
        entry.parts.push(raster);
        entry.missing -= pixels;
        if entry.missing == 0 { units.remove(&unit).map(|unit| unit.parts) } else { None }
    }

    /// The pixels that a unit makes from parts of the window `needed`; `None` if all parts are absent.
    fn reduce(&self, parts: &[Option<Arc<Raster>>], needed: Window, made: Window) -> Option<Raster> {
        let size = self.source.sample.bytes();
        let assembled;
        let source = match parts {
            [Some(only)] => only,
            parts => {
                parts.iter().flatten().next()?;
                let mut all = self.filled(&self.source, needed);
                parts.iter().flatten().for_each(|part| part.copy_to(&mut all, size));
                assembled = all;
                &assembled
            }
        };
        let mut out = self.filled(&self.target, made);
        let planes = out.samples.chunks_exact_mut(made.pixels() as usize * size);
        for (area, plane) in source.areas(size).zip(planes) {
            self.reducer.area(&area, made, plane);
        }
        if let (Some(valid), Some(area)) = (&mut out.valid, source.areas(size).next()) {
            self.reducer.valid(&area, made, valid);
        }
        Some(out)
    }

    /// Copies pixels of the level to the blocks of the target, and adds the blocks that are complete to `done`.
    fn deliver(&self, window: Window, made: Option<&Raster>, done: &mut Vec<Done>) {
        let grid: BlockGrid = self.target.grid;
        let mut open = lock(&self.open);
        for at in grid.blocks_of(window) {
            let block = grid.block_window(at);
            let entry = open.entry(at).or_insert(OpenBlock { raster: None, missing: block.pixels() });
            if let Some(made) = made {
                let raster = entry.raster.get_or_insert_with(|| self.filled(&self.target, block));
                made.copy_to(raster, self.target.sample.bytes());
            }
            entry.missing -= block.intersect(&window).pixels();
            if entry.missing == 0 {
                let complete = open.remove(&at).and_then(|block| block.raster);
                done.push((at, complete.map(Arc::new)));
            }
        }
    }

    /// Pixels of the pad value.
    fn filled(&self, layout: &ImageLayout, window: Window) -> Raster {
        Raster::filled(window, layout.bands as usize, &layout.pad_bytes(), self.is_masked)
    }
}

/// Whatever a worker that panicked left is complete: state changes last.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
