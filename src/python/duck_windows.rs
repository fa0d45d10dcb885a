//! A Python object that is read by windows, as an image of the engine: the source of chips.

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::duck::{DuckProvider, pixels_of};
use crate::error::{Error, Result};
use crate::image::{Access, Block, BlockGrid, BlockIndex, ImageLayout, ImageProvider, Pixels, TileMut, Wanted, Window};

/// A Python image whose method `read` returns any window. The engine sees it as one block and reads only the windows that it
/// needs.
pub(super) struct DuckWindows {
    blocks: DuckProvider,
    layout: ImageLayout,
    level: u32,
    read: Py<PyAny>,
}

impl DuckWindows {
    /// An image that is read by windows, with the layout of `blocks`, at a resolution level.
    pub(super) fn new(blocks: DuckProvider, level: u32, read: Py<PyAny>) -> PyResult<Self> {
        let grid = blocks.layout().grid;
        let grid = BlockGrid::new(grid.columns(), grid.rows(), grid.columns(), grid.rows())?;
        let layout = ImageLayout { grid, ..blocks.layout().clone() };
        Ok(Self { blocks, layout, level, read })
    }

    /// A window of all bands, or of some.
    fn window(&self, window: Window, bands: Option<&[u32]>) -> Result<Pixels> {
        let Window { x, y, width, height } = window;
        let origin = || format!("read(({x}, {y}, {width}, {height}))");
        let call = |method: &Bound<'_, PyAny>| {
            let bands = bands.map(|bands| PyList::new(method.py(), bands)).transpose()?;
            method.call1(((x, y, width, height), bands, self.level)).map(Bound::unbind)
        };
        let pixels = pixels_of(&self.read, origin, call, self.layout.sample)?;
        let count = bands.map_or(self.layout.bands as usize, <[u32]>::len);
        let expected = [count, height as usize, width as usize];
        if pixels.shape() != expected || pixels.sample() != self.layout.sample {
            let found = format!("{:?} {}", pixels.shape(), pixels.sample());
            let allowed = format!("{expected:?} {}", self.layout.sample);
            return Err(Error::usage("array from").field(origin()).found(found).allowed(allowed));
        }
        Ok(pixels)
    }
}

impl ImageProvider for DuckWindows {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        Access::Serial
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        self.has_pixels(self.layout.grid.block_window(self.layout.grid.check(at)?))
    }

    fn has_pixels(&self, window: Window) -> Result<bool> {
        self.blocks.has_pixels(window)
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.window(self.layout.grid.block_window(self.layout.grid.check(at)?), None).map(Block::Pixels)
    }

    fn is_dense(&self) -> bool {
        self.blocks.is_dense()
    }

    fn read_block(&self, at: BlockIndex, wanted: Wanted<'_>, out: &mut TileMut<'_>) -> Result<bool> {
        let Wanted { window, bands, .. } = wanted;
        self.layout.grid.check(at)?;
        let all = (0..self.layout.bands).eq(bands.iter().copied());
        let pixels = self.window(window, (!all).then_some(bands))?;
        let read: Vec<u32> = (0..bands.len() as u32).collect();
        pixels.copy_to_tile(&read, out);
        Ok(true)
    }
}
