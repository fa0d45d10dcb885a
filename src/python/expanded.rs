//! Palette images whose indices are replaced with the values of the file's table.

use pyo3::prelude::*;

use super::asset::{AssetMetadata, AssetProvider, in_memory};
use super::image_provider::ImageAssetProvider;
use super::{control, windows};
use crate::asset::AssetType;
use crate::dataset;
use crate::image::absent_parts;

/// The image with its indices replaced by the colours (or grey values) of its table; `None` for an image without a table.
#[pyfunction(name = "_expanded")]
#[pyo3(signature = (image, /))]
pub(super) fn expanded<'py>(
    image: &Bound<'py, ImageAssetProvider>,
) -> PyResult<Option<Bound<'py, ImageAssetProvider>>> {
    let (py, asset, indices) = (image.py(), image.as_super().get(), image.get());
    let metadata = asset.metadata.entries(py)?;
    let Some(view) = dataset::expanded(&indices.provider(), &metadata)? else { return Ok(None) };
    let provider =
        ImageAssetProvider::view(view, indices.layout().grid, indices.facts().clone(), indices.dataset().cloned());
    let asset = AssetProvider {
        metadata: AssetMetadata::of_file(&metadata),
        ..in_memory(py, asset.key.clone(), AssetType::Image)?
    };
    Bound::new(py, PyClassInitializer::from(asset).add_subclass(provider)).map(Some)
}

/// The parts of the window (x, y, width, height) of a resolution level that lie in absent blocks, as such windows.
#[pyfunction(name = "_absent_parts")]
#[pyo3(signature = (image, window, resolution_level, /))]
pub(super) fn absent(
    image: &Bound<'_, ImageAssetProvider>,
    window: Option<&Bound<'_, PyAny>>,
    resolution_level: &Bound<'_, PyAny>,
) -> PyResult<Vec<windows::WindowTuple>> {
    let (image_at, _) = image.get().at_level(Some(resolution_level))?;
    let window = windows::inside(window, &image_at.layout().grid)?;
    let parts = control::detached(image.py(), None, |_| absent_parts(&*image_at, window))?;
    Ok(parts.iter().map(|part| (part.x, part.y, part.width, part.height)).collect())
}
