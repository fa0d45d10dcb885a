//! A Python object that has the methods and attributes of an image, as an image of the engine.

use pyo3::exceptions::{PyAttributeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use super::array::{as_array, block_pixels};
use super::errors::provider_raised;
use super::metadata::to_metadata;
use super::{layout, pixel_type};
use crate::error::{Error, Result};
use crate::image::{Access, Block, BlockGrid, BlockIndex, ImageLayout, ImageProvider, Pixels, SampleType};
use crate::metadata::Metadata;

/// The attributes an object must have.
const REQUIRED: [&str; 14] = [
    "key",
    "title",
    "description",
    "get_block",
    "num_rows",
    "num_columns",
    "num_bands",
    "num_bits_per_pixel",
    "actual_bits_per_pixel",
    "pixel_value_type",
    "num_pixels_per_block_horizontal",
    "num_pixels_per_block_vertical",
    "num_resolution_levels",
    "pad_pixel_value",
];

/// A Python image. Its attributes were read when it was made. Its methods are called on the thread that called the reader or
/// writer, or on those of a [`super::prefetch::Prefetched`]; each call takes the GIL.
pub(super) struct DuckProvider {
    layout: ImageLayout,
    level: u32,
    get_block: Py<PyAny>,
    has_block: Option<Py<PyAny>>,
}

/// The attributes of an object that are not properties of its pixels.
pub(super) struct DuckFacts {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) metadata: std::sync::Arc<Metadata>,
}

impl DuckProvider {
    /// An image that is read block by block, and the other attributes of the object.
    ///
    /// # Errors
    /// `TypeError` that names a missing attribute or a key that is not text, `OptionError` for a wrong attribute, and any
    /// exception that reading an attribute raises.
    pub(super) fn new(object: &Bound<'_, PyAny>) -> PyResult<(Self, DuckFacts)> {
        let image = Self::at_level(object, 0)?;
        check_key(object)?;
        let metadata = object.getattr_opt("metadata")?.filter(|metadata| !metadata.is_none());
        let facts = DuckFacts {
            title: text(&attribute(object, "title")?)?,
            description: text(&attribute(object, "description")?)?,
            metadata: metadata.map(|metadata| to_metadata(&metadata)).transpose()?.unwrap_or_default(),
        };
        Ok((image, facts))
    }

    /// An image at a resolution level of `object`, read block by block.
    ///
    /// # Errors
    /// As [`DuckProvider::new`].
    pub(super) fn at_level(object: &Bound<'_, PyAny>, level: u32) -> PyResult<Self> {
        let mut image = Self::full(object)?;
        if level > 0 {
            let reduced = u8::try_from(level).ok().and_then(|level| image.layout.grid.reduced(level));
            image.layout.grid = reduced.ok_or_else(|| Error::out_of_range("resolution level").found(level))?;
            image.level = level;
        }
        Ok(image)
    }

    fn full(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut values = Vec::with_capacity(REQUIRED.len());
        for name in REQUIRED {
            values.push(attribute(object, name)?);
        }
        let value =
            |name: &str| &values[REQUIRED.iter().position(|known| *known == name).expect("a required attribute")];
        let size = |name, least| layout::size(value(name), name, least);
        let block = |name, whole: u32| size(name, 0).map(|size| if size == 0 { whole } else { size });
        let (columns, rows) = (size("num_columns", 1)?, size("num_rows", 1)?);
        let across = block("num_pixels_per_block_horizontal", columns)?;
        let down = block("num_pixels_per_block_vertical", rows)?;
        let sample = pixel_type::from_python(value("pixel_value_type"))?;
        let grid = BlockGrid::new(columns, rows, across, down)?;
        let mut layout = ImageLayout::new(grid, size("num_bands", 1)?, sample)?;
        layout::set_bits(&mut layout, Some(value("num_bits_per_pixel")), Some(value("actual_bits_per_pixel")))?;
        // The writer requests only full resolution, but a wrong number is still an error.
        size("num_resolution_levels", 1)?;
        layout.pad = layout::pad(value("pad_pixel_value"), sample)?;
        let get_block = value("get_block").clone().unbind();
        let has_block = object.getattr_opt("has_block")?.filter(|method| !method.is_none()).map(Bound::unbind);
        Ok(Self { layout, level: 0, get_block, has_block })
    }
}

impl ImageProvider for DuckProvider {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    fn access(&self) -> Access {
        Access::Serial
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        self.layout.grid.check(at)?;
        let Some(has_block) = &self.has_block else { return Ok(true) };
        let origin = || format!("has_block({}, {})", at.row, at.column);
        Python::attach(|py| {
            let answer =
                has_block.bind(py).call1((at.row, at.column, self.level)).and_then(|answer| answer.is_truthy());
            answer.map_err(|error| provider_raised(py, origin(), error))
        })
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.layout.grid.check(at)?;
        let origin = || format!("get_block({}, {})", at.row, at.column);
        let call = |method: &Bound<'_, PyAny>| method.call1((at.row, at.column, self.level)).map(Bound::unbind);
        pixels_of(&self.get_block, origin, call, self.layout.sample).map(Block::Pixels)
    }

    fn is_dense(&self) -> bool {
        self.has_block.is_none()
    }
}

/// The array that a method of a caller's object returns.
///
/// # Errors
/// The exception of the method, and [`Error::Usage`] that names the call if it does not return pixels.
pub(super) fn pixels_of(
    method: &Py<PyAny>,
    origin: impl Fn() -> String,
    call: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<Py<PyAny>>,
    sample: SampleType,
) -> Result<Pixels> {
    Python::attach(|py| {
        let answer = call(method.bind(py)).map_err(|error| provider_raised(py, origin(), error))?.into_bound(py);
        let kind = answer.get_type();
        let pixels = as_array(&answer).and_then(|array| {
            // If there are other references than this one, the provider may write to the array again.
            drop(answer);
            block_pixels(array)
        });
        pixels.map_err(|error| unusable(&kind, origin(), error, sample))
    })
}

/// The error for a result that is not an array of pixels. It names the call.
fn unusable(kind: &Bound<'_, PyType>, origin: String, error: PyErr, sample: SampleType) -> Error {
    let py = kind.py();
    if !error.is_instance_of::<PyValueError>(py) && !error.is_instance_of::<PyTypeError>(py) {
        return provider_raised(py, origin, error);
    }
    let expected = format!("an array of (bands, rows, columns), {sample}");
    let name = kind.name().map(|name| name.to_string()).unwrap_or_default();
    Error::usage("block from").field(origin).found(format!("{name} ({})", error.value(py))).allowed(expected)
}

fn attribute<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    object.getattr(name).map_err(|error| missing(object, name, error))
}

fn missing(object: &Bound<'_, PyAny>, name: &str, error: PyErr) -> PyErr {
    let py = object.py();
    if !error.is_instance_of::<PyAttributeError>(py) {
        return error;
    }
    let class = object.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    let wanted = REQUIRED.join(", ");
    PyTypeError::new_err(format!("{class} is not an image provider: attribute {name:?} is missing, expected {wanted}"))
}

/// Checks that the key of an object is text.
fn check_key(object: &Bound<'_, PyAny>) -> PyResult<()> {
    let key = attribute(object, "key")?;
    if key.is_instance_of::<PyString>() {
        return Ok(());
    }
    let (class, found) = (object.get_type().name()?, key.get_type().name()?);
    Err(PyTypeError::new_err(format!("key of an image provider {class}: got {found}, expected str")))
}

/// A text attribute; `None` becomes empty text.
fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_none() { Ok(String::new()) } else { Ok(value.str()?.to_string()) }
}
