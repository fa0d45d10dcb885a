//! An image that a writer adds: its pixels, its metadata, and the file that it comes from.

use std::sync::Arc;

use pyo3::prelude::*;

use super::asset::{AssetProvider, OpenDataset, RawAsset, Session};
use super::duck::DuckProvider;
use super::image_provider::ImageAssetProvider;
use super::prefetch::Prefetched;
use super::reader::open_sources;
use crate::asset::{AssetInfo, AssetType, ImageFacts};
use crate::format::{Copied, ImageRequest};
use crate::image::ImageProvider;
use crate::io::MemorySource;
use crate::metadata::Metadata;

/// An image to add, with its metadata.
pub(super) struct Image {
    pub(super) provider: Arc<dyn ImageProvider>,
    pub(super) metadata: Arc<Metadata>,
    /// Title and description that the caller gave with the image.
    texts: (String, String),
    /// The asset of a file that it is, or is a part of; of a caller's object, its texts.
    asset: Option<(AssetInfo, bool)>,
    /// The file, and its position there.
    pub(super) file: Option<(Arc<OpenDataset>, usize)>,
}

impl Image {
    /// The request to write the image, with these texts if there are any.
    pub(super) fn request<'i>(&'i self, key: &'i str, title: &'i str, description: &'i str) -> ImageRequest<'i> {
        ImageRequest {
            title: if title.is_empty() { &self.texts.0 } else { title },
            description: if description.is_empty() { &self.texts.1 } else { description },
            copied: self.asset.as_ref().map(|(asset, is_part)| Copied { asset, is_part: *is_part }),
            ..ImageRequest::new(key, &*self.provider, &self.metadata)
        }
    }
}

/// `provider` as an image: an image of this package, used without the GIL, or any object with the attributes of one.
///
/// # Errors
/// As [`DuckProvider::new`]; those of opening the bytes of an asset that is a file.
pub(super) fn image_of(provider: &Bound<'_, PyAny>) -> PyResult<Image> {
    image_by_threads(provider, 1)
}

/// As [`image_of`]; up to `threads` threads at once call the methods of an object that is not of this package.
///
/// # Errors
/// As [`image_of`].
pub(super) fn image_by_threads(provider: &Bound<'_, PyAny>, threads: usize) -> PyResult<Image> {
    let py = provider.py();
    if let Some(image) = of_bytes(provider)? {
        return Ok(image);
    }
    let Ok(image) = provider.cast::<ImageAssetProvider>() else {
        let (provider, facts) = DuckProvider::new(provider)?;
        let asset = described(facts.title, facts.description, &facts.metadata, None);
        let (metadata, asset) = (facts.metadata, Some((asset, false)));
        let provider: Arc<dyn ImageProvider> =
            if threads > 1 { Arc::new(Prefetched::new(provider, threads)?) } else { Arc::new(provider) };
        return Ok(Image { provider, metadata, texts: Default::default(), asset, file: None });
    };
    let (asset, image) = (image.as_super().get(), image.get());
    let provider = image.written()?;
    if let RawAsset::File(dataset, position) = &asset.raw {
        let info = dataset.reader.assets()[*position].clone();
        let metadata = Arc::clone(&info.metadata);
        let file = Some((Arc::clone(dataset), *position));
        return Ok(Image { provider, metadata, texts: Default::default(), asset: Some((info, false)), file });
    }
    let metadata = asset.metadata.entries(py)?;
    let texts = (asset.title.clone(), asset.description.clone());
    if image.is_view() {
        let mut info = described(texts.0, texts.1, &metadata, Some(image.facts().clone()));
        info.key.clone_from(&asset.key);
        return Ok(Image { provider, metadata, texts: Default::default(), asset: Some((info, true)), file: None });
    }
    Ok(Image { provider, metadata, texts, asset: None, file: None })
}

/// An object with shape, dtype and slicing as an image that is read in chunks; any other object as it is. Arrays with chunks of
/// their own keep them unless `chunks` are given.
///
/// # Errors
/// `OptionError` for `chunks` of another object, and for another number of axes.
pub(super) fn as_provider<'py>(
    object: &Bound<'py, PyAny>,
    chunks: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let has = |name: &str| object.hasattr(name);
    let is_array = !has("get_block")? && has("shape")? && has("dtype")? && has("__getitem__")?;
    if !is_array && chunks.is_none() {
        return Ok(object.clone());
    }
    object.py().import("aws.osml.io._array_image")?.call_method1("ArrayImage", (object, chunks))
}

/// The default image of the file whose bytes an asset holds (`AssetProvider.from_bytes`); `None` for other objects.
fn of_bytes(provider: &Bound<'_, PyAny>) -> PyResult<Option<Image>> {
    let Ok(asset) = provider.cast_exact::<AssetProvider>() else { return Ok(None) };
    let (py, asset) = (provider.py(), asset.get());
    let RawAsset::Bytes(bytes) = &asset.raw else { return Ok(None) };
    let reader = open_sources(py, vec![Arc::new(MemorySource(bytes.clone()))], Session::default())?;
    let image = image_of(&Bound::new(py, reader)?.call_method0("_image")?)?;
    Ok(Some(Image { texts: (asset.title.clone(), asset.description.clone()), ..image }))
}

/// The description of an image that is not an asset of a file.
fn described(title: String, description: String, metadata: &Arc<Metadata>, image: Option<ImageFacts>) -> AssetInfo {
    AssetInfo {
        key: "image".to_owned(),
        title,
        description,
        roles: Vec::new(),
        media_type: "",
        kind: AssetType::Image,
        metadata: Arc::clone(metadata),
        image,
    }
}
