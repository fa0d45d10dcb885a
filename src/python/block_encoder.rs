//! `BlockEncoder` and `EncodedBlock`: blocks that the caller encodes, in any process.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::array::{as_array, pixels};
use super::control::detached;
use super::metadata::{MetadataProvider, to_metadata};
use super::region;
use crate::codec::{Encoded, ImageEncoder};
use crate::dataset::remote_encoder;
use crate::error::{Error, Result};
use crate::format::{Blocks, ImageRequest, by_name};
use crate::image::{BlockGrid, BlockIndex, ImageLayout, ImageProvider, PadValue, SampleType, Template};
use crate::metadata::Metadata;
use crate::pipeline::{Scratch, encode_block};

/// Encodes blocks of an image. It can be pickled: an encoder in another process produces the same bytes.
#[pyclass(frozen, module = "aws.osml.io")]
pub(super) struct BlockEncoder {
    recipe: Recipe,
    layout: ImageLayout,
    encoder: Arc<dyn ImageEncoder>,
    /// Buffers for reuse by later calls.
    spare: Mutex<Vec<Scratch>>,
}

/// A block as the file stores it, for `ImageWriter.append`. It can be pickled.
#[pyclass(frozen, module = "aws.osml.io")]
pub(super) struct EncodedBlock {
    block: Encoded,
}

/// The inputs of an encoder.
pub(super) struct Recipe {
    pub(super) format: &'static str,
    pub(super) strict: bool,
    /// Metadata of the file.
    pub(super) file: Arc<Metadata>,
    pub(super) key: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) roles: Vec<String>,
    pub(super) metadata: Arc<Metadata>,
    pub(super) template: Template,
}

impl Recipe {
    /// The request for the image.
    pub(super) fn request(&self) -> ImageRequest<'_> {
        ImageRequest {
            key: &self.key,
            title: &self.title,
            description: &self.description,
            roles: &self.roles,
            metadata: &self.metadata,
            provider: &self.template,
            settings: None,
            blocks: Blocks::Caller,
            copied: None,
        }
    }
}

impl BlockEncoder {
    pub(super) fn new(recipe: Recipe, layout: ImageLayout, encoder: Arc<dyn ImageEncoder>) -> Self {
        Self { recipe, layout, encoder, spare: Mutex::default() }
    }

    /// The key of the image.
    pub(super) fn key(&self) -> &str {
        &self.recipe.key
    }
}

impl EncodedBlock {
    pub(super) fn block(&self) -> &Encoded {
        &self.block
    }
}

#[pymethods]
impl BlockEncoder {
    /// Encodes block (row, col) from an array of (bands, rows, columns), or (rows, columns) for one band. The array is the full
    /// block, or the block cropped to the image. The GIL is released.
    ///
    /// Raises `OptionError` (a `ValueError`) for another shape or dtype, `OutOfRangeError` for a block outside of the grid.
    #[pyo3(signature = (row, col, array))]
    fn encode(
        &self,
        py: Python<'_>,
        row: &Bound<'_, PyAny>,
        col: &Bound<'_, PyAny>,
        array: &Bound<'_, PyAny>,
    ) -> PyResult<EncodedBlock> {
        let at = block_index(row, col, &self.layout.grid)?;
        let pixels = pixels(&as_array(array)?)?;
        let block = detached(py, None, |_| {
            let mut scratch = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let block = encode_block(&*self.encoder, &self.layout, at, &pixels, &mut scratch);
            self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
            block
        })?;
        Ok(EncodedBlock { block })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let (py, recipe) = (slf.py(), &slf.get().recipe);
        let metadata = |metadata: &Arc<Metadata>| MetadataProvider::of_file(py, Arc::clone(metadata));
        let texts = (&recipe.key, &recipe.title, &recipe.description, &recipe.roles);
        let arguments = (
            (recipe.format, recipe.strict),
            metadata(&recipe.file)?,
            texts,
            metadata(&recipe.metadata)?,
            template_parts(&recipe.template),
        );
        Ok((py.import("aws.osml.io._io")?.getattr("_open_encoder")?, arguments.into_pyobject(py)?))
    }

    fn __repr__(&self) -> String {
        format!("<BlockEncoder {}, {:?}>", self.recipe.format, self.recipe.key)
    }
}

#[pymethods]
impl EncodedBlock {
    /// Row of the block in the grid of the file.
    #[getter]
    fn row(&self) -> u32 {
        self.block.at().row
    }

    /// Column of the block in the grid of the file.
    #[getter]
    fn col(&self) -> u32 {
        self.block.at().column
    }

    /// Number of stored bytes.
    #[getter]
    fn nbytes(&self) -> usize {
        self.block.pieces().map(<[u8]>::len).sum()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let bytes = PyBytes::new(py, &slf.get().block.to_bytes());
        Ok((py.import("aws.osml.io._io")?.getattr("_encoded_block")?, PyTuple::new(py, [bytes])?))
    }

    fn __repr__(&self) -> String {
        format!("<EncodedBlock ({}, {}), {} bytes>", self.row(), self.col(), self.nbytes())
    }
}

/// Makes an encoder when it is unpickled.
#[pyfunction(name = "_open_encoder")]
#[pyo3(signature = (how, file, texts, metadata, template, /))]
#[allow(clippy::needless_pass_by_value, reason = "arguments as Python gives them")]
pub(super) fn open_encoder(
    py: Python<'_>,
    how: (String, bool),
    file: &Bound<'_, PyAny>,
    texts: (String, String, String, Vec<String>),
    metadata: &Bound<'_, PyAny>,
    template: TemplateParts,
) -> PyResult<BlockEncoder> {
    let format = by_name(&how.0)?;
    let (key, title, description, roles) = texts;
    let recipe = Recipe {
        format: format.name(),
        strict: how.1,
        file: to_metadata(file)?,
        key,
        title,
        description,
        roles,
        metadata: to_metadata(metadata)?,
        template: template_of(template)?,
    };
    let made = detached(py, None, |_| remote_encoder(format, &recipe.file, &recipe.request(), recipe.strict));
    let (encoder, layout) = made?;
    Ok(BlockEncoder::new(recipe, layout, encoder))
}

/// Makes an encoded block when it is unpickled.
#[pyfunction(name = "_encoded_block")]
#[pyo3(signature = (bytes, /))]
pub(super) fn encoded_block(bytes: &[u8]) -> Result<EncodedBlock> {
    Ok(EncodedBlock { block: Encoded::from_bytes(bytes)? })
}

/// A template as Python pickles it: columns, rows, block columns, block rows and bands; the sample type; its bits and those
/// that carry information; the pad value as text; true if no block is absent.
type TemplateParts = ((u32, u32, u32, u32, u32), String, (u32, u32), String, bool);

fn template_parts(template: &Template) -> TemplateParts {
    let layout = template.layout();
    let grid = &layout.grid;
    let size = (grid.columns(), grid.rows(), grid.block_columns(), grid.block_rows(), layout.bands);
    let pad = match layout.pad {
        PadValue::Int(value) => value.to_string(),
        // With a point or an exponent, to be parsed as a float again.
        PadValue::Float(value) => format!("{value:?}"),
    };
    let bits = (layout.bits_per_sample, layout.actual_bits);
    (size, layout.sample.name().to_owned(), bits, pad, template.is_dense())
}

fn template_of((size, sample, bits, pad, is_dense): TemplateParts) -> Result<Template> {
    let (columns, rows, block_columns, block_rows, bands) = size;
    let grid = BlockGrid::new(columns, rows, block_columns, block_rows)?;
    let mut layout = ImageLayout::new(grid, bands, SampleType::from_name(&sample)?)?;
    (layout.bits_per_sample, layout.actual_bits) = bits;
    layout.pad = PadValue::parse(&pad).ok_or_else(|| Error::usage("pad value of an encoder:").found(pad))?;
    Ok(Template::new(layout, is_dense))
}

/// A block of a grid by its row and column.
pub(super) fn block_index(row: &Bound<'_, PyAny>, col: &Bound<'_, PyAny>, grid: &BlockGrid) -> PyResult<BlockIndex> {
    let place = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let at = BlockIndex { row: place(region::index(row)?), column: place(region::index(col)?) };
    Ok(grid.check(at)?)
}
