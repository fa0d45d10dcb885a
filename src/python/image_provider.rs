//! `ImageAssetProvider`: an image of a file or in memory, read block by block, by region, or like an array.

use std::sync::{Arc, Mutex, PoisonError};

use numpy::PyArrayDescr;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::asset::{AssetProvider, OpenDataset, Session};
use super::warnings::warn_of_file;
use super::{index, layout, pixel_type, region, stored_blocks, windows};
use crate::asset::ImageFacts;
use crate::error::Error;
use crate::image::{BlockGrid, BlockIndex, ImageLayout, ImageProvider, MemoryImage, PadValue, Window, WindowImage};
use crate::pipeline::ReadRequest;

/// An image: pixels of shape (bands, rows, columns) in blocks, and their properties.
///
/// Read blocks with `get_block` and regions with `read`; `image[bands, y0:y1, x0:x1]`, `image[[2, 1, 0]]` and
/// `np.asarray(image)` work as for an array. Every read returns a new array in native byte order. Many threads may use an image at once. It stays usable
/// after its reader is closed. An image that was opened from a path can be pickled; unpickling opens the file again.
#[pyclass(frozen, extends = AssetProvider, subclass, sequence, module = "aws.osml.io")]
pub(super) struct ImageAssetProvider {
    layout: ImageLayout,
    pixels: PixelSource,
    facts: ImageFacts,
    dataset: Option<Arc<OpenDataset>>,
}

enum PixelSource {
    File(Arc<dyn ImageProvider>),
    Memory(Mutex<Arc<MemoryImage>>),
    /// Derived from another image, and read in the blocks of that image.
    View(Arc<dyn ImageProvider>),
}

impl ImageAssetProvider {
    /// The image at `position` of an open file.
    pub(super) fn open<'py>(
        py: Python<'py>,
        dataset: &Arc<OpenDataset>,
        position: usize,
    ) -> PyResult<Bound<'py, Self>> {
        let info = &dataset.reader.assets()[position];
        let provider = super::control::detached(py, None, |_| dataset.reader.image(position))?;
        let asset = AssetProvider::of_file(dataset, position);
        let image = Self {
            // The blocks of the file; the engine may read them in smaller blocks.
            layout: ImageLayout { grid: provider.stored_grid(), ..provider.layout().clone() },
            pixels: PixelSource::File(provider),
            facts: info.image.clone().unwrap_or_default(),
            dataset: Some(Arc::clone(dataset)),
        };
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(image))
    }

    /// An image in memory.
    pub(super) fn in_memory(image: MemoryImage) -> Self {
        let layout = image.layout().clone();
        let pixels = PixelSource::Memory(Mutex::new(Arc::new(image)));
        Self { layout, pixels, facts: ImageFacts::default(), dataset: None }
    }

    /// An image derived from another one, in blocks of `grid`.
    pub(super) fn view(
        view: Arc<dyn ImageProvider>,
        grid: BlockGrid,
        facts: ImageFacts,
        dataset: Option<Arc<OpenDataset>>,
    ) -> Self {
        let layout = ImageLayout { grid, ..view.layout().clone() };
        Self { layout, pixels: PixelSource::View(view), facts, dataset }
    }

    /// Changes an image in memory. Reads in progress keep the old pixels.
    pub(super) fn change<T>(&self, action: impl FnOnce(&mut MemoryImage) -> T) -> Option<T> {
        match &self.pixels {
            PixelSource::File(_) | PixelSource::View(_) => None,
            PixelSource::Memory(image) => {
                Some(action(Arc::make_mut(&mut image.lock().unwrap_or_else(PoisonError::into_inner))))
            }
        }
    }

    /// The pixels as an image of the engine.
    pub(super) fn provider(&self) -> Arc<dyn ImageProvider> {
        match &self.pixels {
            PixelSource::File(provider) | PixelSource::View(provider) => Arc::clone(provider),
            PixelSource::Memory(image) => {
                Arc::<MemoryImage>::clone(&image.lock().unwrap_or_else(PoisonError::into_inner)) as _
            }
        }
    }

    /// The pixels for a writer, in the blocks that Python sees.
    ///
    /// # Errors
    /// For blocks without pixels, which no image has.
    pub(super) fn written(&self) -> Result<Arc<dyn ImageProvider>, Error> {
        let image = self.provider();
        if !self.is_view() {
            return Ok(image);
        }
        let (grid, whole) = (&self.layout.grid, image.layout().grid.window());
        let blocks = WindowImage::new(image, whole)?.with_blocks(grid.block_columns(), grid.block_rows())?;
        Ok(Arc::new(blocks))
    }

    /// True for an image derived from another one.
    pub(super) fn is_view(&self) -> bool {
        matches!(self.pixels, PixelSource::View(_))
    }

    /// The georeference, nodata value and further properties of the image.
    pub(super) fn facts(&self) -> &ImageFacts {
        &self.facts
    }

    /// The file of the image.
    pub(super) fn dataset(&self) -> Option<&Arc<OpenDataset>> {
        self.dataset.as_ref()
    }

    /// Issues a warning about pixels that a writer found missing, if the file was opened to be read in part.
    pub(super) fn warn_of_damage(&self, py: Python<'_>) -> PyResult<()> {
        let Some(dataset) = &self.dataset else { return Ok(()) };
        warn_of_file(py, dataset.reader.source().path(), &dataset.reader.take_damage())
    }

    /// Size, bands, sample type, block grid.
    pub(super) fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    /// The arguments the file was opened with.
    pub(super) fn with_session<T>(&self, action: impl FnOnce(&Session) -> T) -> T {
        match &self.dataset {
            Some(dataset) => action(&dataset.session),
            None => action(&Session::default()),
        }
    }

    /// Resolution levels, full resolution included.
    fn level_count(&self) -> u32 {
        1 + self.provider().levels().len() as u32
    }

    /// The image at the resolution level in an argument, and the number of the level.
    pub(super) fn at_level(&self, level: Option<&Bound<'_, PyAny>>) -> PyResult<(Arc<dyn ImageProvider>, u32)> {
        region::at_level(self.provider(), level)
    }

    /// Block (row, column) as a window of the image at `level`: the area of the full-resolution block, reduced.
    fn block_window(&self, row: &Bound<'_, PyAny>, column: &Bound<'_, PyAny>, level: u32) -> PyResult<Window> {
        let (row, column) = (region::index(row)?, region::index(column)?);
        let grid = &self.layout.grid;
        let at = match (u32::try_from(row), u32::try_from(column)) {
            (Ok(row), Ok(column)) if row < grid.down() && column < grid.across() => BlockIndex { row, column },
            _ => {
                let (down, across) = (grid.down() - 1, grid.across() - 1);
                return Err(Error::out_of_range("block index")
                    .found(format!("({row}, {column})"))
                    .allowed(format!("rows 0 to {down}, columns 0 to {across}"))
                    .into());
            }
        };
        let reduced = u8::try_from(level).ok().and_then(|level| grid.reduced(level));
        Ok(reduced.map_or_else(Window::default, |grid| grid.block_window(at)))
    }

    fn pad_value<'py>(&self, py: Python<'py>, value: PadValue) -> PyResult<Bound<'py, PyAny>> {
        match value {
            PadValue::Int(value) if self.layout.sample.is_integer() => Ok(value.into_pyobject(py)?.into_any()),
            value => Ok(value.to_f64().into_pyobject(py)?.into_any()),
        }
    }
}

#[pymethods]
impl ImageAssetProvider {
    /// Number of rows.
    #[getter]
    fn num_rows(&self) -> u32 {
        self.layout.grid.rows()
    }

    /// Number of columns.
    #[getter]
    fn num_columns(&self) -> u32 {
        self.layout.grid.columns()
    }

    /// Number of bands.
    #[getter]
    fn num_bands(&self) -> u32 {
        self.layout.bands
    }

    /// Bits of a stored sample of one band.
    #[getter]
    fn num_bits_per_pixel(&self) -> u32 {
        self.layout.bits_per_sample
    }

    /// Bits of a stored sample that carry information.
    #[getter]
    fn actual_bits_per_pixel(&self) -> u32 {
        self.layout.actual_bits
    }

    /// The type of a sample, a `PixelType`.
    #[getter]
    fn pixel_value_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        pixel_type::to_python(py, self.layout.sample)
    }

    /// Columns of a block.
    #[getter]
    fn num_pixels_per_block_horizontal(&self) -> u32 {
        self.layout.grid.block_columns()
    }

    /// Rows of a block.
    #[getter]
    fn num_pixels_per_block_vertical(&self) -> u32 {
        self.layout.grid.block_rows()
    }

    /// Resolution levels, full resolution included.
    #[getter]
    fn num_resolution_levels(&self) -> u32 {
        self.level_count()
    }

    /// The value of pixels in absent blocks.
    #[getter]
    fn pad_pixel_value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.pad_value(py, self.layout.pad)
    }

    /// (bands, rows, columns).
    #[getter]
    fn image_shape(&self) -> (u32, u32, u32) {
        (self.layout.bands, self.layout.grid.rows(), self.layout.grid.columns())
    }

    /// (bands, rows, columns) of a block that is not cropped at an edge.
    #[getter]
    fn block_shape(&self) -> (u32, u32, u32) {
        (self.layout.bands, self.layout.grid.block_rows(), self.layout.grid.block_columns())
    }

    /// (rows, columns) of the grid of blocks.
    #[getter]
    fn block_grid_size(&self) -> (u32, u32) {
        (self.layout.grid.down(), self.layout.grid.across())
    }

    /// (bands, rows, columns), like an array's shape.
    #[getter]
    fn shape(&self) -> (u32, u32, u32) {
        self.image_shape()
    }

    /// The NumPy dtype of the pixels.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDescr>> {
        pixel_type::dtype(py, self.layout.sample)
    }

    /// 3, the number of axes: bands, rows, columns.
    #[getter]
    #[allow(clippy::unused_self, reason = "an attribute of every image")]
    fn ndim(&self) -> usize {
        3
    }

    /// The number of samples: bands × rows × columns.
    #[getter]
    fn size(&self) -> u64 {
        let (bands, rows, columns) = self.image_shape();
        u64::from(bands) * u64::from(rows) * u64::from(columns)
    }

    /// The number of bytes of the samples as an array.
    #[getter]
    fn nbytes(&self) -> u64 {
        self.size() * self.layout.sample.bytes() as u64
    }

    /// The shape in which pixels are best read, for array libraries: that of a block.
    #[getter]
    fn chunks(&self) -> (u32, u32, u32) {
        self.block_shape()
    }

    /// The coordinate reference system, e.g. `EPSG:32618`, or `None`.
    #[getter]
    fn crs(&self) -> Option<String> {
        self.facts.georeference.crs.as_ref().map(ToString::to_string)
    }

    /// GDAL's six numbers from pixel edges to coordinates, or `None`.
    #[getter]
    fn transform(&self) -> Option<(f64, f64, f64, f64, f64, f64)> {
        self.facts.georeference.transform.map(|transform| transform.0.into())
    }

    /// The outer corners as `(x, y)`: upper left, upper right, lower right, lower left; or `None`.
    #[getter]
    fn corners(&self) -> Option<Vec<(f64, f64)>> {
        let grid = &self.layout.grid;
        self.facts.georeference.outer_corners(grid.columns(), grid.rows()).map(|corners| corners.to_vec())
    }

    /// The nodata value, or `None`.
    #[getter]
    fn nodata<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.facts.nodata.map(|value| self.pad_value(py, value)).transpose()
    }

    /// The name of the compression (`none`, `deflate` …); empty for an image in memory.
    #[getter]
    fn compression(&self) -> &str {
        &self.facts.compression
    }

    /// The descriptions of the bands; `None` for a band without one.
    #[getter]
    fn descriptions<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        band_fact(slf, "descriptions")
    }

    /// The factors of the bands: a value is sample × scale + offset. By default 1.
    #[getter]
    fn scales<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        band_fact(slf, "scales")
    }

    /// The offsets of the bands; by default 0.
    #[getter]
    fn offsets<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        band_fact(slf, "offsets")
    }

    /// The units of the values of the bands; `None` for a band without one.
    #[getter]
    fn units<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        band_fact(slf, "units")
    }

    /// The colours of the bands: `gray`, `red`, `green`, `blue`, `alpha`, `palette`, `undefined` …
    #[getter]
    fn colors<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        band_fact(slf, "colors")
    }

    /// Tags of the image as a whole: a dict of names and texts.
    #[getter]
    fn tags<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        band_fact(slf, "tags")
    }

    /// The tags of each band: a dict of names and texts.
    #[getter]
    fn band_tags<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        band_fact(slf, "band_tags")
    }

    /// The profile of the image in the words of rasterio: `imsave(path, array, **image.profile)` writes alike.
    #[getter]
    fn profile<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("aws.osml.io._profile")?.call_method1("profile_of", (slf,))
    }

    /// The mask of the image in its file, if there is one of its size.
    #[pyo3(name = "_mask")]
    fn mask<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, Self>>> {
        let (this, key) = (slf.get(), &slf.as_super().get().key);
        let Some(dataset) = &this.dataset else { return Ok(None) };
        let (image, level) =
            key.split_once(":overview:").map_or((key.as_str(), None), |(key, level)| (key, Some(level)));
        let wanted = level.map_or_else(|| format!("{image}:mask"), |level| format!("{image}:mask:overview:{level}"));
        let Some(position) = dataset.reader.assets().iter().position(|asset| asset.key == wanted) else {
            return Ok(None);
        };
        let mask = Self::open(slf.py(), dataset, position)?;
        let is_of_size = mask.get().layout.grid.window() == this.layout.grid.window();
        Ok(is_of_size.then_some(mask))
    }

    /// The name of the file's format; empty for an image in memory.
    #[getter(_format)]
    fn format_name(&self) -> &'static str {
        self.dataset.as_ref().map_or("", |dataset| dataset.reader.format().name())
    }

    /// (bands, rows, columns) of the image at a resolution level.
    #[pyo3(signature = (resolution_level))]
    fn level_shape(&self, resolution_level: &Bound<'_, PyAny>) -> PyResult<(u32, u32, u32)> {
        let (image, _) = self.at_level(Some(resolution_level))?;
        let grid = &image.layout().grid;
        Ok((self.layout.bands, grid.rows(), grid.columns()))
    }

    /// True if the block holds pixels; False if it is absent (masked or sparse).
    ///
    /// Raises `OutOfRangeError` (an `IndexError`) for a block outside of the grid.
    #[pyo3(signature = (block_row, block_col, resolution_level=None))]
    #[pyo3(text_signature = "($self, block_row, block_col, resolution_level=0)")]
    fn has_block(
        &self,
        py: Python<'_>,
        block_row: &Bound<'_, PyAny>,
        block_col: &Bound<'_, PyAny>,
        resolution_level: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let (image, level) = self.at_level(resolution_level)?;
        let window = self.block_window(block_row, block_col, level)?;
        // A block that is reduced to zero pixels counts as present.
        super::control::detached(py, None, |_| Ok(window.is_empty() || image.has_pixels(window)?))
    }

    /// The pixels of a block as a new array of (bands, rows, columns), cropped at the image's right and bottom edges.
    ///
    /// At resolution level *n* a block covers the area of the block of level 0, reduced by 2ⁿ. Pixels of an absent block have
    /// the pad value. `bands` selects and orders bands.
    ///
    /// Raises `OutOfRangeError` (an `IndexError`) for a block, level or band that the image lacks.
    #[pyo3(signature = (block_row, block_col, resolution_level=None, bands=None))]
    #[pyo3(text_signature = "($self, block_row, block_col, resolution_level=0, bands=None)")]
    fn get_block<'py>(
        &self,
        py: Python<'py>,
        block_row: &Bound<'py, PyAny>,
        block_col: &Bound<'py, PyAny>,
        resolution_level: Option<&Bound<'py, PyAny>>,
        bands: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (image, level) = self.at_level(resolution_level)?;
        let window = self.block_window(block_row, block_col, level)?;
        let request =
            ReadRequest { window, bands: region::bands(bands, self.layout.bands)?, fill: self.layout.pad_bytes() };
        self.with_session(|session| region::read(py, &image, &request, None, session, None))
    }

    /// The pixels of a region as an array of (bands, rows, columns). Blocks are decoded into it in parallel.
    ///
    /// `window` is (x, y, width, height) in pixels of `resolution_level`, a pair of slices (rows, columns), or a `Window` of
    /// rasterio, and must lie inside of the image. `out` is an array
    /// of the right shape and dtype; it is filled and returned. `fill_value` replaces the pad value for pixels of absent
    /// blocks.
    ///
    /// `partial=True` reads what a damaged file still has: missing pixels get the `fill_value` and a `FileWarning` names them.
    /// By default they are a `FormatError`, unless the file was opened with `partial=True`.
    ///
    /// Raises `OutOfRangeError` for a window, band or level outside of the image, `OptionError` for a wrong `out`.
    #[pyo3(signature = (
        window=None, bands=None, resolution_level=None, out=None, threads=None, *, fill_value=None, partial=None
    ))]
    #[pyo3(
        text_signature = "($self, window=None, bands=None, resolution_level=0, out=None, threads=None, *, fill_value=None, partial=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the Python method")]
    fn read<'py>(
        &self,
        py: Python<'py>,
        window: Option<&Bound<'py, PyAny>>,
        bands: Option<&Bound<'py, PyAny>>,
        resolution_level: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        threads: Option<&Bound<'py, PyAny>>,
        fill_value: Option<&Bound<'py, PyAny>>,
        partial: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (image, _) = self.at_level(resolution_level)?;
        let request = ReadRequest {
            window: windows::inside(window, &image.layout().grid)?,
            bands: region::bands(bands, self.layout.bands)?,
            fill: region::fill(fill_value, &self.layout)?,
        };
        self.with_session(|session| {
            let threads = layout::threads(threads)?;
            match partial.filter(|partial| *partial != session.partial) {
                None => region::read(py, &image, &request, out, session, threads),
                Some(partial) => region::read(py, &image, &request, out, &session.with_partial(py, partial), threads),
            }
        })
    }

    /// Where the blocks of the image lie in its file: `(offset, length)` from the beginning of the file, row by row of the grid, or
    /// `None` for an absent block. If each band has blocks of its own, all blocks of a band precede those of the next.
    /// `codec_configuration` has the grid, which may be another one than `block_grid_size`.
    ///
    /// Raises `UnsupportedError` for an image that is not stored in blocks, such as one in memory or in a PNG.
    fn tile_byte_ranges(slf: &Bound<'_, Self>) -> PyResult<Vec<Option<(u64, u64)>>> {
        stored_blocks::byte_ranges(slf.py(), &*slf.get().provider(), &slf.as_super().get().key)
    }

    /// The form of the blocks that `tile_byte_ranges` lists, and what decodes them, as a dict: `compression`, `codec`, `predictor` and
    /// `tables` (of JPEG) that all blocks share, `block_shape` and `grid_shape` (rows, columns), `planes` (the number of bands if
    /// each has blocks of its own, else 1), `interleave` (`pixel`, `row`, `band`), `cropped` (true if blocks end with the image),
    /// `dtype`, `bits` of a stored sample and `byte_order`. Facts that do not apply are `None`.
    ///
    /// Raises as `tile_byte_ranges`.
    fn codec_configuration<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let key = (slf.as_super().get().key.as_str(), slf.get().facts.compression.as_ref());
        stored_blocks::configuration(slf.py(), &*slf.get().provider(), key)
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with_session(|session| index::get_item(key, &self.provider(), session))
    }

    fn __len__(&self) -> usize {
        self.layout.bands as usize
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if copy == Some(false) {
            return Err(PyValueError::new_err(
                "an image cannot become an array without a copy: its pixels must be read",
            ));
        }
        let image = self.provider();
        let request = ReadRequest::whole(&*image);
        let array = self.with_session(|session| region::read(py, &image, &request, None, session, None))?;
        match dtype {
            None => Ok(array),
            Some(dtype) => array.call_method1("astype", (dtype,)),
        }
    }

    /// All pixels as a new array of this dtype.
    fn astype<'py>(&self, py: Python<'py>, dtype: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.__array__(py, Some(dtype), None)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let asset = slf.as_super().get();
        let opened = slf.get().dataset.as_ref().and_then(|dataset| dataset.reopen_arguments(py));
        let Some(arguments) = opened.transpose()? else {
            return Err(PyTypeError::new_err(format!("cannot pickle {:?}: it was not opened from a path", asset.key)));
        };
        let open = py.import("aws.osml.io._io")?.getattr("_open_image")?;
        Ok((open, (arguments, &asset.key).into_pyobject(py)?))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let (asset, layout) = (slf.as_super().get(), &slf.get().layout);
        let grid = &layout.grid;
        Ok(format!(
            "<{} {:?}, {} × {} × {} {} in blocks of {} × {}>",
            slf.get_type().name()?,
            asset.key,
            layout.bands,
            grid.rows(),
            grid.columns(),
            layout.sample,
            grid.block_rows(),
            grid.block_columns()
        ))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("aws.osml.io._html")?.call_method1("describe", (slf,))
    }
}

/// A fact of the bands of an image, from its metadata.
fn band_fact<'py>(image: &Bound<'py, ImageAssetProvider>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let (py, asset) = (image.py(), image.as_super().get());
    let arguments = (image.get().format_name(), image.get().layout.bands, asset.metadata.object(py)?);
    py.import("aws.osml.io._bands")?.call_method1("band_facts", arguments)?.getattr(name)
}
