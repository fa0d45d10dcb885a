//! `DataAssetProvider` and `GraphicsAssetProvider`: assets that are bytes, of a file or in memory.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::super::control::detached;
use super::super::pixel_type;
use super::text::TextAssetProvider;
use super::{AssetMetadata, AssetProvider, RawAsset, Texts, in_memory};
use crate::asset::AssetType;

/// Data of any kind (in NITF: a data extension segment).
#[pyclass(frozen, extends = AssetProvider, subclass, module = "aws.osml.io")]
pub(in super::super) struct DataAssetProvider;

/// Graphics (in NITF: a computer graphics metafile).
#[pyclass(frozen, extends = AssetProvider, subclass, module = "aws.osml.io")]
pub(in super::super) struct GraphicsAssetProvider;

/// Data of any kind in memory, ready to be written.
#[pyclass(frozen, extends = DataAssetProvider, module = "aws.osml.io")]
pub(in super::super) struct BufferedDataAssetProvider;

/// Graphics in memory, ready to be written.
#[pyclass(frozen, extends = GraphicsAssetProvider, module = "aws.osml.io")]
pub(in super::super) struct BufferedGraphicAssetProvider;

#[pymethods]
impl DataAssetProvider {
    /// The media type of the data: another name of `media_type`.
    #[getter]
    fn mime_type<'py>(slf: &'py Bound<'_, Self>) -> &'py str {
        &slf.as_super().get().media_type
    }

    /// The data.
    #[getter]
    fn data<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyBytes>> {
        stored(slf.as_super())
    }
}

#[pymethods]
impl GraphicsAssetProvider {
    /// The data.
    #[getter]
    fn data<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyBytes>> {
        stored(slf.as_super())
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
        let asset = of_bytes(key, data, AssetType::Data, metadata)?.with_texts((title, description, roles));
        let asset = AssetProvider { media_type: mime_type.to_owned(), ..asset };
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(DataAssetProvider).add_subclass(Self))
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
        let asset = of_bytes(key, data, AssetType::Graphics, metadata)?.with_texts((title, description, roles));
        Bound::new(py, PyClassInitializer::from(asset).add_subclass(GraphicsAssetProvider).add_subclass(Self))
    }
}

/// An asset of bytes in memory, with the media type of its kind.
///
/// # Errors
/// `TypeError` for an object without the buffer protocol.
fn of_bytes(
    key: String,
    data: &Bound<'_, PyAny>,
    kind: AssetType,
    metadata: Option<&Bound<'_, PyAny>>,
) -> PyResult<AssetProvider> {
    let media_type = match kind {
        AssetType::Text => "text/plain",
        AssetType::Graphics => "image/cgm",
        AssetType::Image | AssetType::Data => "application/octet-stream",
    };
    Ok(AssetProvider {
        media_type: media_type.to_owned(),
        metadata: AssetMetadata::given(data.py(), metadata)?,
        raw: RawAsset::Bytes(content(data)?),
        ..in_memory(data.py(), key, kind)?
    })
}

/// The asset as an object of the class for its kind.
pub(in super::super) fn classed(py: Python<'_>, asset: AssetProvider) -> PyResult<Bound<'_, AssetProvider>> {
    let kind = asset.kind;
    let asset = PyClassInitializer::from(asset);
    Ok(match kind {
        AssetType::Image => Bound::new(py, asset)?,
        AssetType::Text => Bound::new(py, asset.add_subclass(TextAssetProvider))?.into_super(),
        AssetType::Graphics => Bound::new(py, asset.add_subclass(GraphicsAssetProvider))?.into_super(),
        AssetType::Data => Bound::new(py, asset.add_subclass(DataAssetProvider))?.into_super(),
    })
}

/// `AssetProvider.from_bytes`.
pub(super) fn from_bytes<'py>(
    key: String,
    data: &Bound<'py, PyAny>,
    asset_type: &Bound<'py, PyAny>,
    texts: Texts,
    media_type: Option<String>,
) -> PyResult<Bound<'py, AssetProvider>> {
    let kind = pixel_type::asset_type_from_python(asset_type)?;
    let mut asset = of_bytes(key, data, kind, None)?.with_texts(texts);
    asset.media_type = media_type.unwrap_or(asset.media_type);
    classed(data.py(), asset)
}

fn content(data: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    // Not `bytes(data)`: `bytes(5)` would be five zeros.
    let buffer = data.py().import("builtins")?.call_method1("memoryview", (data,))?;
    Ok(buffer.call_method0("tobytes")?.cast_into::<PyBytes>()?.as_bytes().to_vec())
}

fn stored<'py>(asset: &Bound<'py, AssetProvider>) -> PyResult<Bound<'py, PyBytes>> {
    let py = asset.py();
    Ok(match &asset.get().raw {
        RawAsset::Bytes(bytes) | RawAsset::Text(bytes, ..) => PyBytes::new(py, bytes),
        RawAsset::File(dataset, position) => {
            PyBytes::new(py, &detached(py, None, |_| dataset.reader.raw_asset(*position))?)
        }
    })
}
