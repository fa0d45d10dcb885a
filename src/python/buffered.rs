//! Assets in memory that Python programs make and write: images, texts, graphics and data.

use numpy::PyUntypedArrayMethods;
use pyo3::Borrowed;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::array::{as_array, pixels};
use super::asset::{AssetMetadata, AssetProvider, RawAsset};
use super::image_provider::ImageAssetProvider;
use super::metadata::bytes_io;
use super::{pixel_type, region};
use crate::asset::AssetType;
use crate::error::Error;
use crate::image::{BlockGrid, BlockIndex, ImageLayout, MemoryImage};

/// An image in memory, ready to be written.
///
/// The image refers to the given arrays and does not copy them: changing an array before the image is written changes the
/// image. Blocks that were never set are absent.
#[pyclass(frozen, extends = ImageAssetProvider, module = "aws.osml.io")]
pub(super) struct BufferedImageAssetProvider;

/// A text in memory, ready to be written.
#[pyclass(frozen, extends = AssetProvider, module = "aws.osml.io")]
pub(super) struct BufferedTextAssetProvider;

/// Data of any kind in memory, ready to be written (in NITF: a data extension segment).
#[pyclass(frozen, extends = AssetProvider, module = "aws.osml.io")]
pub(super) struct BufferedDataAssetProvider;

/// Graphics in memory, ready to be written (in NITF: a computer graphics metafile).
#[pyclass(frozen, extends = AssetProvider, module = "aws.osml.io")]
pub(super) struct BufferedGraphicAssetProvider;

/// An optional size. An explicit `None` is an error.
enum Size<'py> {
    Default,
    Given(Bound<'py, PyAny>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Size<'py> {
    type Error = std::convert::Infallible;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        Ok(Self::Given(object.to_owned()))
    }
}

#[pymethods]
impl BufferedImageAssetProvider {
    /// An image without pixels.
    ///
    /// `num_bits_per_pixel` and `actual_bits_per_pixel` are those of one sample of one band, by default all of its type.
    /// `metadata` is any mapping of encoding options and values to store. It is deep-copied.
    #[staticmethod]
    #[pyo3(signature = (
        key, num_columns=Size::Default, num_rows=Size::Default, num_bands=Size::Default, block_width=Size::Default,
        block_height=Size::Default, pixel_type=None,
        num_bits_per_pixel=None, actual_bits_per_pixel=None, metadata=None, title=None, description=None,
    ))]
    #[pyo3(
        text_signature = "(key, num_columns=512, num_rows=512, num_bands=1, block_width=256, block_height=256, pixel_type=..., num_bits_per_pixel=None, actual_bits_per_pixel=None, metadata=None, title=None, description=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the Python method")]
    fn create<'py>(
        py: Python<'py>,
        key: String,
        num_columns: Size<'py>,
        num_rows: Size<'py>,
        num_bands: Size<'py>,
        block_width: Size<'py>,
        block_height: Size<'py>,
        pixel_type: Option<&Bound<'py, PyAny>>,
        num_bits_per_pixel: Option<&Bound<'py, PyAny>>,
        actual_bits_per_pixel: Option<&Bound<'py, PyAny>>,
        metadata: Option<&Bound<'py, PyAny>>,
        title: Option<String>,
        description: Option<String>,
    ) -> PyResult<Bound<'py, Self>> {
        let size = |value: Size<'py>, name, default| match value {
            Size::Default => Ok(default),
            Size::Given(value) => super::layout::size(&value, name, 1),
        };
        let (columns, rows) = (size(num_columns, "num_columns", 512)?, size(num_rows, "num_rows", 512)?);
        let (across, down) = (size(block_width, "block_width", 256)?, size(block_height, "block_height", 256)?);
        let sample = pixel_type.map_or(Ok(crate::image::SampleType::UInt8), pixel_type::from_python)?;
        let grid = BlockGrid::new(columns, rows, across, down)?;
        let mut layout = ImageLayout::new(grid, size(num_bands, "num_bands", 1)?, sample)?;
        super::layout::set_bits(&mut layout, num_bits_per_pixel, actual_bits_per_pixel)?;
        let asset = AssetProvider {
            title: title.unwrap_or_default(),
            description: description.unwrap_or_default(),
            metadata: AssetMetadata::given(py, metadata)?,
            ..in_memory(py, key, AssetType::Image)?
        };
        let image = ImageAssetProvider::in_memory(MemoryImage::new(layout));
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(image).add_subclass(Self))
    }

    /// Takes an array of (bands, rows, columns), or (rows, columns) for one band, as the whole image. Blocks that were set
    /// before are discarded. The image refers to the array and does not copy it.
    ///
    /// Raises `OptionError` (a `ValueError`) if shape or dtype differ from those of the image.
    fn set_full_image(slf: &Bound<'_, Self>, array: &Bound<'_, PyAny>) -> PyResult<()> {
        let image = slf.as_super().get();
        let array = as_array(array)?;
        check_axes(image.layout(), array.shape())?;
        let pixels = pixels(&array)?;
        Ok(image.change(|image| image.set_whole(pixels)).unwrap_or(Ok(()))?)
    }

    /// Takes an array of (bands, rows, columns), or (rows, columns) for one band, as one block. A block at the right or
    /// bottom edge may be cropped to the image or padded to the block's size. The image refers to the array and does not copy
    /// it.
    ///
    /// Raises `OutOfRangeError` for a block outside of the grid, `OptionError` for an unexpected shape or dtype.
    fn set_block(
        slf: &Bound<'_, Self>,
        block_row: &Bound<'_, PyAny>,
        block_col: &Bound<'_, PyAny>,
        array: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let image = slf.as_super().get();
        let place = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let (row, column) = (region::index(block_row)?, region::index(block_col)?);
        let at = BlockIndex { row: place(row), column: place(column) };
        let pixels = pixels(&as_array(array)?)?;
        Ok(image.change(|image| image.set_block(at, pixels)).unwrap_or(Ok(()))?)
    }

    /// The pixels as bytes of (bands, rows, columns) in native byte order, as a `BytesIO`.
    #[getter]
    fn raw_asset<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        pixel_bytes(slf.as_any())
    }
}

#[pymethods]
impl BufferedTextAssetProvider {
    /// A text. `encoding` is any encoding of Python.
    ///
    /// Raises `OptionError` for an unknown encoding, and for one that lacks a character of the text.
    #[staticmethod]
    #[pyo3(signature = (key, text_content, encoding="UTF-8", title=None, description=None, roles=None, metadata=None))]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the Python method")]
    fn create<'py>(
        py: Python<'py>,
        key: String,
        text_content: &Bound<'py, PyString>,
        encoding: &str,
        title: Option<String>,
        description: Option<String>,
        roles: Option<Vec<String>>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let encoded = text_content.call_method1("encode", (encoding,)).map_err(|error| {
            let what = Error::usage("text in encoding").field(encoding).found(error.value(py));
            PyErr::from(what.allowed("a Python encoding that has every character of the text"))
        });
        let bytes = encoded?.cast_into::<PyBytes>()?;
        let asset = AssetProvider {
            title: title.unwrap_or_default(),
            description: description.unwrap_or_default(),
            roles: roles.unwrap_or_default(),
            media_type: "text/plain".to_owned(),
            metadata: AssetMetadata::given(py, metadata)?,
            raw: RawAsset::Text(bytes.as_bytes().to_vec(), text_content.to_str()?.to_owned(), encoding.to_owned()),
            ..in_memory(py, key, AssetType::Text)?
        };
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(Self))
    }

    /// The text.
    #[getter]
    fn text_content<'py>(slf: &'py Bound<'_, Self>) -> &'py str {
        text(slf.as_super()).0
    }

    /// The encoding of the stored bytes.
    #[getter]
    fn encoding<'py>(slf: &'py Bound<'_, Self>) -> &'py str {
        text(slf.as_super()).1
    }
}

#[pymethods]
impl BufferedDataAssetProvider {
    /// Data: `bytes` or any object with the buffer protocol.
    #[staticmethod]
    #[pyo3(signature = (
        key, data, mime_type="application/octet-stream", title=None, description=None, roles=None, metadata=None,
    ))]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the Python method")]
    fn create<'py>(
        py: Python<'py>,
        key: String,
        data: &Bound<'py, PyAny>,
        mime_type: &str,
        title: Option<String>,
        description: Option<String>,
        roles: Option<Vec<String>>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let asset = AssetProvider {
            title: title.unwrap_or_default(),
            description: description.unwrap_or_default(),
            roles: roles.unwrap_or_default(),
            media_type: mime_type.to_owned(),
            metadata: AssetMetadata::given(py, metadata)?,
            raw: RawAsset::Bytes(content(data)?),
            ..in_memory(py, key, AssetType::Data)?
        };
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(Self))
    }

    /// The data.
    #[getter]
    fn data<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyBytes> {
        stored(slf.as_super())
    }
}

#[pymethods]
impl BufferedGraphicAssetProvider {
    /// Graphics: the bytes of a computer graphics metafile.
    #[staticmethod]
    #[pyo3(signature = (key, data, title=None, description=None, roles=None, metadata=None))]
    fn create<'py>(
        py: Python<'py>,
        key: String,
        data: &Bound<'py, PyAny>,
        title: Option<String>,
        description: Option<String>,
        roles: Option<Vec<String>>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let asset = AssetProvider {
            title: title.unwrap_or_default(),
            description: description.unwrap_or_default(),
            roles: roles.unwrap_or_default(),
            media_type: "image/cgm".to_owned(),
            metadata: AssetMetadata::given(py, metadata)?,
            raw: RawAsset::Bytes(content(data)?),
            ..in_memory(py, key, AssetType::Graphics)?
        };
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(Self))
    }

    /// The data.
    #[getter]
    fn data<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyBytes> {
        stored(slf.as_super())
    }
}

/// The common part of all assets in memory.
pub(super) fn in_memory(py: Python<'_>, key: String, kind: AssetType) -> PyResult<AssetProvider> {
    Ok(AssetProvider {
        key,
        title: String::new(),
        description: String::new(),
        roles: Vec::new(),
        media_type: "application/octet-stream".to_owned(),
        kind,
        metadata: AssetMetadata::given(py, None)?,
        raw: RawAsset::Bytes(Vec::new()),
    })
}

/// The pixels of an image as bytes of (bands, rows, columns), as a `BytesIO`.
pub(super) fn pixel_bytes<'py>(image: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let bytes = image.call_method0("read")?.call_method0("tobytes")?.cast_into::<PyBytes>()?;
    bytes_io(image.py(), bytes.as_bytes())
}

/// Checks the shape. An array with its bands last gets a hint, never a guess.
fn check_axes(layout: &ImageLayout, shape: &[usize]) -> PyResult<()> {
    let (bands, rows, columns) = (layout.bands as usize, layout.grid.rows() as usize, layout.grid.columns() as usize);
    if shape == [rows, columns, bands] && shape != [bands, rows, columns] {
        return Err(Error::usage("shape of image:")
            .found(format!("{shape:?}"))
            .allowed(format!("{:?} (bands, rows, columns); use np.moveaxis(array, -1, 0)", [bands, rows, columns]))
            .into());
    }
    Ok(())
}

fn content(data: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    // Not `bytes(data)`: `bytes(5)` would be five zeros.
    let buffer = data.py().import("builtins")?.call_method1("memoryview", (data,))?;
    Ok(buffer.call_method0("tobytes")?.cast_into::<PyBytes>()?.as_bytes().to_vec())
}

fn stored<'py>(asset: &Bound<'py, AssetProvider>) -> Bound<'py, PyBytes> {
    match &asset.get().raw {
        RawAsset::Bytes(bytes) | RawAsset::Text(bytes, ..) => PyBytes::new(asset.py(), bytes),
        RawAsset::File(..) => PyBytes::new(asset.py(), &[]),
    }
}

/// The text and the name of its encoding.
fn text<'a>(asset: &'a Bound<'_, AssetProvider>) -> (&'a str, &'a str) {
    match &asset.get().raw {
        RawAsset::Text(_, text, encoding) => (text, encoding),
        RawAsset::Bytes(_) | RawAsset::File(..) => ("", ""),
    }
}
