//! `BufferedImageAssetProvider`: an image in memory that a Python program makes and writes.

use std::sync::Arc;

use numpy::PyUntypedArrayMethods;
use pyo3::Borrowed;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::array::{as_array, pixels};
use super::asset::{AssetMetadata, AssetProvider, Session, in_memory};
use super::control::detached;
use super::image_provider::ImageAssetProvider;
use super::image_to_add::image_of;
use super::metadata::bytes_io;
use super::{pixel_type, region};
use crate::asset::AssetType;
use crate::error::Error;
use crate::format::nitf::default_representation;
use crate::image::{BlockGrid, BlockIndex, ImageLayout, ImageProvider, MemoryImage, Window};
use crate::metadata::Value;
use crate::pipeline::ReadRequest;

/// An image in memory, ready to be written.
///
/// The image refers to the given arrays and does not copy them: changing an array before the image is written changes the
/// image. Blocks that were never set are absent.
#[pyclass(frozen, extends = ImageAssetProvider, module = "aws.osml.io")]
pub(super) struct BufferedImageAssetProvider;

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

    /// A copy of any image in memory, which can be changed: an image of this package, or an object with the attributes of one.
    ///
    /// `key`, `metadata` and the size of the blocks are by default those of the image. Absent blocks stay absent if all of a
    /// new block is absent.
    ///
    /// Raises the exceptions of `DatasetWriter.add_asset` for such an object, and of reading it.
    #[staticmethod]
    #[pyo3(signature = (provider, key=None, block_width=None, block_height=None, metadata=None))]
    fn from_provider<'py>(
        provider: &Bound<'py, PyAny>,
        key: Option<String>,
        block_width: Option<&Bound<'py, PyAny>>,
        block_height: Option<&Bound<'py, PyAny>>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let py = provider.py();
        let source = image_of(provider)?.provider;
        let grid =
            provider.cast::<ImageAssetProvider>().map_or(source.layout().grid, |image| image.get().layout().grid);
        let size = |given: Option<&Bound<'py, PyAny>>, name, own| {
            given.map_or(Ok(own), |given| super::layout::size(given, name, 1))
        };
        let width = size(block_width, "block_width", grid.block_columns())?;
        let height = size(block_height, "block_height", grid.block_rows())?;
        let grid = BlockGrid::new(grid.columns(), grid.rows(), width, height)?;
        let image = copied(py, &source, &ImageLayout { grid, ..source.layout().clone() })?;
        let text = |name: &str| -> PyResult<String> {
            let text = provider.getattr_opt(name)?.filter(|text| !text.is_none());
            text.map_or_else(|| Ok(String::new()), |text| text.extract())
        };
        let own = provider.getattr_opt("metadata")?.filter(|metadata| !metadata.is_none());
        let asset = AssetProvider {
            title: text("title")?,
            description: text("description")?,
            metadata: AssetMetadata::given(py, metadata.or(own.as_ref()))?,
            ..in_memory(py, key.map_or_else(|| text("key"), Ok)?, AssetType::Image)?
        };
        let image = ImageAssetProvider::in_memory(image);
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(image).add_subclass(Self))
    }

    /// The meaning of the bands in NITF (IREP): that of the metadata, or else the one by the number and type of the bands.
    #[getter]
    fn irep(slf: &Bound<'_, Self>) -> PyResult<String> {
        let image = slf.as_super();
        let metadata = image.as_super().get().metadata.entries(slf.py())?;
        let stated = metadata.get("IREP").and_then(Value::as_text).map(str::trim).filter(|text| !text.is_empty());
        Ok(stated.unwrap_or_else(|| default_representation(image.get().layout(), false)).to_owned())
    }

    #[setter]
    fn set_irep(slf: &Bound<'_, Self>, representation: &str) -> PyResult<()> {
        slf.as_super().as_super().get().metadata.object(slf.py())?.as_any().set_item("IREP", representation)
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

/// The pixels of an image, in blocks of another grid.
fn copied(py: Python<'_>, image: &Arc<dyn ImageProvider>, layout: &ImageLayout) -> PyResult<MemoryImage> {
    let grid = layout.grid;
    let read = |window: Window| {
        let request = ReadRequest { window, bands: (0..layout.bands).collect(), fill: layout.pad_bytes() };
        pixels(&as_array(&region::read(py, image, &request, None, &Session::default(), None)?)?)
    };
    let mut copy = MemoryImage::new(layout.clone());
    let present = detached(py, None, |_| {
        let mut present = Vec::new();
        for at in grid.blocks_of(grid.window()) {
            if image.is_dense() || image.has_pixels(grid.block_window(at))? {
                present.push(at);
            }
        }
        Ok(present)
    })?;
    if present.len() as u64 == grid.count() {
        copy.set_whole(read(grid.window())?)?;
        return Ok(copy);
    }
    for at in present {
        copy.set_block(at, read(grid.block_window(at))?)?;
    }
    Ok(copy)
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
