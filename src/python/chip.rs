//! `Chip`: part of an image. Rust reads its pixels when its blocks are requested.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::asset::{AssetMetadata, AssetProvider, OpenDataset, in_memory};
use super::buffered::pixel_bytes;
use super::duck::DuckProvider;
use super::duck_windows::DuckWindows;
use super::image_provider::ImageAssetProvider;
use super::metadata::{BufferedMetadataProvider, to_metadata};
use super::{crs, layout, region, value, windows};
use crate::asset::{AssetType, ImageFacts};
use crate::error::Error;
use crate::format::is_indexed;
use crate::format::nitf::chip::{self, Part};
use crate::image::{
    BlockGrid, Crs, Georeference, ImageProvider, ReducedImage, Reducer, Reduction, Transform, Window, WindowImage,
    at_level,
};
use crate::metadata::Metadata;

/// The block size if the image's own is unsuitable: one block for the whole image, or blocks larger than NITF allows.
const BLOCK: u32 = 1024;

/// The largest side of a block in NITF (MIL-STD-2500C table A-3, NPPBH).
const LARGEST_BLOCK: u32 = 8192;

const LAST_LEVEL: u8 = Reducer::MAX_LEVELS;

/// Part of an image, made by `chip`: an image provider that reads a block from the image when it is requested.
///
/// `metadata` is a `BufferedMetadataProvider` and may be changed before the chip is written. You can cut further chips from it.
#[pyclass(frozen, extends = ImageAssetProvider, module = "aws.osml.io.nitf")]
pub(super) struct Chip {
    image: Py<PyAny>,
    window: Window,
    level: u8,
    nearest: bool,
    part: Part,
    /// The georeference of the image.
    place: Georeference,
}

/// The source of a chip.
struct Source {
    pixels: Arc<dyn ImageProvider>,
    /// The number of levels by which the pixels must still be reduced.
    missing: u8,
    /// Columns and rows at full resolution.
    size: (u32, u32),
    facts: ImageFacts,
    dataset: Option<Arc<OpenDataset>>,
}

#[pymethods]
impl Chip {
    /// `window` is (x, y, width, height) in pixels of `level`, inside of the image; `block` is (width, height); `metadata` are
    /// the image's, or the chip's own. `nearest` disables averaging; by default it is set for an image with a colour table.
    #[new]
    #[pyo3(signature = (image, metadata, window, level, block, nearest=None, /))]
    fn new(
        image: &Bound<'_, PyAny>,
        metadata: &Bound<'_, BufferedMetadataProvider>,
        window: (u32, u32, u32, u32),
        level: u8,
        block: (u32, u32),
        nearest: Option<bool>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let py = image.py();
        let window = Window::new(window.0, window.1, window.2, window.3);
        let source = Source::of(image, level)?;
        let nearest = nearest.map_or_else(|| has_table(metadata), Ok)?;
        let method = if nearest { Reduction::Nearest } else { Reduction::Average };
        let pixels = match source.missing {
            0 => source.pixels,
            levels => Arc::new(ReducedImage::new(source.pixels, levels, method, source.facts.nodata)?),
        };
        let part = Part::new(window, level, source.size);
        let view = WindowImage::new(pixels, window)?;
        let place = source.facts.georeference;
        let transform = place.transform.map(|transform| part.transform(&transform));
        let georeference = Georeference { transform, crs: place.crs.clone(), corners: None };
        let facts = ImageFacts { georeference, nodata: source.facts.nodata, compression: String::new() };
        let grid = BlockGrid::new(window.width, window.height, block.0, block.1)?;
        let text = |name: &str| -> PyResult<String> {
            let value = image.getattr(name)?;
            Ok(if value.is_none() { String::new() } else { value.str()?.to_string() })
        };
        let asset = AssetProvider {
            title: text("title")?,
            description: text("description")?,
            metadata: AssetMetadata::given(py, Some(metadata.as_any()))?,
            ..in_memory(py, text("key")?, AssetType::Image)?
        };
        let provider = ImageAssetProvider::view(Arc::new(view), grid, facts, source.dataset);
        let chip = Self { image: image.clone().unbind(), window, level, nearest, part, place };
        Ok(PyClassInitializer::from(asset).add_subclass(provider).add_subclass(chip))
    }

    /// The pixels as bytes of (bands, rows, columns) in native byte order, as a `BytesIO`.
    #[getter]
    fn raw_asset<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        pixel_bytes(slf.as_any())
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let (key, shape, dtype) = (slf.getattr("key")?.repr()?, slf.getattr("shape")?, slf.getattr("dtype")?);
        let Part { x, y, scale, .. } = slf.get().part;
        Ok(format!("Chip(key={key}, shape={shape}, dtype='{dtype}', x={x}, y={y}, scale={scale})"))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let (this, grid) = (slf.get(), slf.as_super().get().layout().grid);
        let Window { x, y, width, height } = this.window;
        let block = (grid.block_columns(), grid.block_rows());
        let metadata = slf.getattr("metadata")?;
        let image = this.image.clone_ref(slf.py());
        let arguments = (image, metadata, (x, y, width, height), this.level, block, this.nearest);
        Ok((slf.get_type().into_any(), arguments.into_pyobject(slf.py())?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.image)
    }
}

/// The part of an image in a window (x, y, width, height) of a resolution level, and the texts of warnings for the caller.
/// `block_size` is (width, height), or `None` for that of the image.
#[pyfunction(name = "_nitf_chip")]
#[pyo3(signature = (image, window, level, block_size, /))]
pub(super) fn make<'py>(
    image: &Bound<'py, PyAny>,
    window: &Bound<'py, PyAny>,
    level: &Bound<'py, PyAny>,
    block_size: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, Chip>, Vec<String>)> {
    let (py, level) = (image.py(), level_of(level)?);
    let (columns, rows) = size_at(image, level)?;
    let Window { x, y, width, height } = windows::clipped(window, columns, rows)?;
    let metadata = BufferedMetadataProvider::from_mapping(py, image.getattr_opt("metadata")?.as_ref())?;
    let block = block_size.map_or_else(|| suitable_block(image), chosen_block)?;
    let block = (block.0.min(width), block.1.min(height));
    let chip = Bound::new(py, Chip::new(image, metadata.bind(py), (x, y, width, height), level, block, None)?)?;
    let notes = adjust(&chip)?;
    Ok((chip, notes))
}

/// The argument `level`.
fn level_of(object: &Bound<'_, PyAny>) -> PyResult<u8> {
    let level = match region::index(object) {
        Ok(level) => level,
        Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => -1,
        Err(error) => return Err(error),
    };
    if let Some(level) = u8::try_from(level).ok().filter(|level| *level <= LAST_LEVEL) {
        return Ok(level);
    }
    let error = Error::out_of_range("level").found(object.repr()?);
    Err(error.allowed(format!("an integer from 0 to {LAST_LEVEL}")).into())
}

/// Columns and rows of an image at a resolution level, which the image may lack.
fn size_at(image: &Bound<'_, PyAny>, level: u8) -> PyResult<(u32, u32)> {
    let [bands, rows, columns] = ["num_bands", "num_rows", "num_columns"].map(|name| image.getattr(name));
    bands?;
    let (rows, columns) = (layout::size(&rows?, "num_rows", 1)?, layout::size(&columns?, "num_columns", 1)?);
    if level == 0 || i64::from(level) >= region::index(&image.getattr("num_resolution_levels")?)? {
        let reduced = BlockGrid::new(columns, rows, columns, rows)?.reduced(level);
        let grid = reduced.expect("an image that begins at 0 has a pixel at every level");
        return Ok((grid.columns(), grid.rows()));
    }
    let (_, rows, columns): (u32, u32, u32) = image.call_method1("level_shape", (level,))?.extract()?;
    Ok((columns, rows))
}

/// The argument `block_size`.
fn chosen_block(size: &Bound<'_, PyAny>) -> PyResult<(u32, u32)> {
    let legal = |side: i64| u32::try_from(side).ok().filter(|side| (1..=LARGEST_BLOCK).contains(side));
    if let Some([Some(width), Some(height)]) = windows::sides(size)?.map(|sides| sides.map(legal)) {
        return Ok((width, height));
    }
    let allowed = format!("(width, height) or one number, from 1 to {LARGEST_BLOCK}");
    Err(Error::usage("block_size:").found(size.repr()?).allowed(allowed).into())
}

/// The block size of an image, if it suits a chip. That of an image of one block follows from the image and was not chosen.
fn suitable_block(image: &Bound<'_, PyAny>) -> PyResult<(u32, u32)> {
    let side = |of_block: &str, of_image: &str| -> PyResult<u32> {
        let block = layout::size(&image.getattr(of_block)?, of_block, 0)?;
        let whole = layout::size(&image.getattr(of_image)?, of_image, 1)?;
        Ok(if block == 0 || block == whole || block > LARGEST_BLOCK { BLOCK } else { block })
    };
    Ok((side("num_pixels_per_block_horizontal", "num_columns")?, side("num_pixels_per_block_vertical", "num_rows")?))
}

/// Adjusts the metadata of a chip, which were copied from its image. Returns the texts of warnings for the caller.
fn adjust(chip: &Bound<'_, Chip>) -> PyResult<Vec<String>> {
    let py = chip.py();
    let metadata = chip.getattr("metadata")?.cast_into::<BufferedMetadataProvider>()?;
    let before = to_metadata(metadata.as_any())?;
    let (this, image) = (chip.get(), chip.as_super().get());
    let grid = image.layout().grid;
    let block = (grid.block_columns(), grid.block_rows());
    let mut after = Metadata::clone(&before);
    let mut notes = chip::adjust_others(&mut after, &image.facts().georeference);
    notes.extend(chip::make_chip(&mut after, &this.place, &this.part, block)?);
    BufferedMetadataProvider::retain(&metadata, |key| after.get(key).is_some());
    for (key, value) in after.iter().filter(|(key, _)| !before.get_all(key).eq(after.get_all(key))) {
        BufferedMetadataProvider::set(&metadata, key, value::to_python(py, value)?);
    }
    Ok(notes)
}

impl Source {
    /// The pixels of `image` at `level`, or at full resolution if it lacks that level, and its properties.
    fn of(image: &Bound<'_, PyAny>, level: u8) -> PyResult<Self> {
        match image.cast::<ImageAssetProvider>() {
            Ok(image) => Ok(Self::of_package(image.get(), level)),
            Err(_) => Self::of_object(image, level),
        }
    }

    fn of_package(image: &ImageAssetProvider, level: u8) -> Self {
        let full = image.provider();
        let stored = at_level(Arc::clone(&full), level.into()).ok();
        let grid = &image.layout().grid;
        Self {
            size: (grid.columns(), grid.rows()),
            missing: if stored.is_some() { 0 } else { level },
            pixels: stored.unwrap_or(full),
            facts: image.facts().clone(),
            dataset: image.dataset().cloned(),
        }
    }

    fn of_object(image: &Bound<'_, PyAny>, level: u8) -> PyResult<Self> {
        let levels: u32 = image.getattr("num_resolution_levels")?.extract()?;
        let stored = u32::from(level) < levels;
        let pixels = windows_of(image, if stored { level.into() } else { 0 })?;
        let size = |name| layout::size(&image.getattr(name)?, name, 1);
        Ok(Self {
            size: (size("num_columns")?, size("num_rows")?),
            missing: if stored { 0 } else { level },
            facts: facts_of(image)?,
            pixels,
            dataset: None,
        })
    }
}

/// A caller's object as an image. It is read by windows if the object supports that.
fn windows_of(image: &Bound<'_, PyAny>, level: u32) -> PyResult<Arc<dyn ImageProvider>> {
    let blocks = DuckProvider::at_level(image, level)?;
    Ok(match image.getattr_opt("read")? {
        Some(read) => Arc::new(DuckWindows::new(blocks, level, read.unbind())?),
        None => Arc::new(blocks),
    })
}

/// The georeference and nodata value of a caller's object.
fn facts_of(image: &Bound<'_, PyAny>) -> PyResult<ImageFacts> {
    let get = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
        Ok(image.getattr_opt(name)?.filter(|value| !value.is_none()))
    };
    let transform = get("transform")?.map(|six| six.try_iter()?.map(|number| number?.extract::<f64>()).collect());
    let transform: Option<Vec<f64>> = transform.transpose()?;
    Ok(ImageFacts {
        georeference: Georeference {
            transform: transform.and_then(|six| six.try_into().ok()).map(Transform),
            crs: get("crs")?.map(|crs| crs_of(&crs)).transpose()?,
            corners: None,
        },
        nodata: get("nodata")?.map(|nodata| value::pad_value(&nodata, "nodata")).transpose()?,
        compression: String::new(),
    })
}

/// A reference system from what `imsave` takes as `crs`; anything else becomes its text.
fn crs_of(crs: &Bound<'_, PyAny>) -> PyResult<Crs> {
    let text = crs.py().import("aws.osml.io._georeference")?.call_method1("crs_text", (crs,));
    match text.and_then(|text| crs::from_text(&text)) {
        Ok(crs) => Ok(crs),
        Err(_) => Ok(Crs::UserDefined(crs.str()?.to_string())),
    }
}

/// True if the pixels are indices into a colour table. Averages of indices are meaningless.
fn has_table(metadata: &Bound<'_, BufferedMetadataProvider>) -> PyResult<bool> {
    Ok(is_indexed(&*to_metadata(metadata.as_any())?))
}
