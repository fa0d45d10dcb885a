//! `ImageWriter`: an image of a file being written whose blocks the caller encodes.

use std::sync::Arc;

use pyo3::prelude::*;

use super::super::block_encoder::{BlockEncoder, EncodedBlock, Recipe, block_index};
use super::DatasetWriter;
use crate::codec::ImageEncoder;
use crate::image::ImageLayout;

/// An image of a file being written; the caller encodes and appends its blocks. Made by `DatasetWriter.begin_image`.
///
/// A context manager: leaving its body completes the image. After an exception in the body the file cannot be completed.
#[pyclass(frozen, module = "aws.osml.io")]
pub(in super::super) struct ImageWriter {
    writer: Py<DatasetWriter>,
    layout: ImageLayout,
    encoder: Py<BlockEncoder>,
}

impl ImageWriter {
    pub(super) fn new(
        py: Python<'_>,
        writer: Py<DatasetWriter>,
        recipe: Recipe,
        encoder: Arc<dyn ImageEncoder>,
        layout: ImageLayout,
    ) -> PyResult<Self> {
        let encoder = BlockEncoder::new(recipe, layout.clone(), encoder);
        Ok(Self { writer, layout, encoder: Py::new(py, encoder)? })
    }
}

#[pymethods]
impl ImageWriter {
    /// (rows, columns) of the grid of blocks in the file.
    #[getter]
    fn grid_shape(&self) -> (u32, u32) {
        (self.layout.grid.down(), self.layout.grid.across())
    }

    /// The image's pixels in a block of the file: (x, y, width, height).
    ///
    /// Raises `OutOfRangeError` (an `IndexError`) for a block outside of the grid.
    #[pyo3(signature = (row, col))]
    fn block_window(&self, row: &Bound<'_, PyAny>, col: &Bound<'_, PyAny>) -> PyResult<(u32, u32, u32, u32)> {
        let window = self.layout.grid.block_window(block_index(row, col, &self.layout.grid)?);
        Ok((window.x, window.y, window.width, window.height))
    }

    /// The encoder of the blocks. Pickle it to encode in other processes.
    #[getter]
    fn encoder(&self, py: Python<'_>) -> Py<BlockEncoder> {
        self.encoder.clone_ref(py)
    }

    /// Appends an encoded block. Blocks may come in any order; an early block is kept in memory until its turn.
    ///
    /// Raises `OptionError` for a block that was already appended or belongs to another image, `OutOfRangeError` for a block
    /// outside of the grid.
    fn append(&self, py: Python<'_>, block: &EncodedBlock) -> PyResult<()> {
        self.writer.get().append_block(py, block.block().clone())
    }

    fn __enter__<'py>(slf: &Bound<'py, Self>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let key = self.encoder.get().key();
        self.writer.get().finish_image(py, key, kind.is_none())
    }

    fn __repr__(&self) -> String {
        let (rows, columns) = self.grid_shape();
        format!("<ImageWriter {:?}, {rows} × {columns} blocks>", self.encoder.get().key())
    }
}
