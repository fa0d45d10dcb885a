//! A file opened for reading.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::asset::{AssetInfo, AssetType};
use crate::error::{Error, Result};
use crate::format::{
    ContainerReader, Format, MAGIC_BYTES, OpenOptions, Warning, WarningKind, by_extension, by_magic, by_name,
};
use crate::image::{BlockCache, Gaps, ImageProvider, PartialImage, Window};
use crate::io::{ByteSource, FileSource, Lazy};
use crate::metadata::Metadata;

/// A file opened for reading: its assets, their metadata, and pixels on demand.
pub struct DatasetReader {
    container: Box<dyn ContainerReader>,
    format: &'static dyn Format,
    source: Arc<dyn ByteSource>,
    /// The images that were requested, one for each asset: they share the blocks of the cache.
    images: Vec<Lazy<Arc<dyn ImageProvider>>>,
    cache: Option<Arc<BlockCache>>,
    /// For each asset that was read in part, what is missing.
    gaps: Option<Mutex<GapsOfImages>>,
}

/// By the position of an asset, what reads found missing, and the whole image.
type GapsOfImages = BTreeMap<usize, (Arc<Gaps>, Window)>;

impl DatasetReader {
    /// Opens the file at `path`. If `format` is `None`, the first bytes determine the format, or else the extension.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Malformed`] or [`Error::Unsupported`] depending on its content.
    pub fn open(path: impl AsRef<Path>, format: Option<&str>, options: &OpenOptions) -> Result<Self> {
        Self::from_source(Arc::new(FileSource::open(path)?), format, options)
    }

    /// Opens any source of bytes.
    ///
    /// # Errors
    /// As [`DatasetReader::open`].
    pub fn from_source(source: Arc<dyn ByteSource>, format: Option<&str>, options: &OpenOptions) -> Result<Self> {
        let open = || {
            let format = match format {
                Some(name) => by_name(name)?,
                None => detect(&*source)?,
            };
            Ok((format.open(Arc::clone(&source), options)?.0, format))
        };
        let (container, format) = open().map_err(|error: Error| error.in_file(source.path()))?;
        let images = container.assets().iter().map(|_| Lazy::default()).collect();
        let cache = (options.cache_bytes > 0).then(|| Arc::new(BlockCache::new(options.cache_bytes)));
        let gaps = options.partial.then(Mutex::default);
        Ok(Self { container, format, source, images, cache, gaps })
    }

    /// The same dataset, read through another container.
    pub(super) fn with_container(
        self,
        replace: impl FnOnce(Box<dyn ContainerReader>) -> Box<dyn ContainerReader>,
    ) -> Self {
        let container = replace(self.container);
        let images = container.assets().iter().map(|_| Lazy::default()).collect();
        Self { container, images, ..self }
    }

    /// The format.
    pub fn format(&self) -> &'static dyn Format {
        self.format
    }

    /// The source of the dataset's bytes.
    pub fn source(&self) -> &Arc<dyn ByteSource> {
        &self.source
    }

    /// Metadata of the file.
    pub fn metadata(&self) -> &Arc<Metadata> {
        self.container.metadata()
    }

    /// The assets in file order. The segments of an image that is stored in several follow the image ([`AssetInfo::is_part`]).
    pub fn assets(&self) -> &[AssetInfo] {
        self.container.assets()
    }

    /// Defects and oddities that do not prevent reading.
    pub fn warnings(&self) -> &[Warning] {
        self.container.warnings()
    }

    /// The position of the asset called `key`.
    ///
    /// # Errors
    /// [`Error::AssetNotFound`], with the available keys.
    pub fn position(&self, key: &str) -> Result<usize> {
        let assets = self.assets();
        assets.iter().position(|asset| asset.key == key).ok_or_else(|| Error::AssetNotFound {
            key: key.to_owned(),
            available: assets.iter().map(|asset| asset.key.clone()).collect(),
        })
    }

    /// The position of the default image: the first with role `data`, otherwise the first.
    ///
    /// # Errors
    /// [`Error::AssetNotFound`] if the file does not contain an image.
    pub fn default_image(&self) -> Result<usize> {
        let images = || self.assets().iter().enumerate().filter(|(_, asset)| asset.kind == AssetType::Image);
        let data = images().find(|(_, asset)| asset.roles.iter().any(|role| role == "data"));
        let chosen = data.or_else(|| images().next()).map(|(position, _)| position);
        chosen.ok_or_else(|| Error::AssetNotFound {
            key: "image:0".to_owned(),
            available: self.assets().iter().map(|asset| asset.key.clone()).collect(),
        })
    }

    /// The image at a position.
    ///
    /// # Errors
    /// [`Error::Usage`] if the asset is not an image; any error of opening its pixels.
    pub fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>> {
        match self.assets().get(position) {
            Some(asset) if asset.kind == AssetType::Image => {
                let image = self.images[position].get_or_make(|| {
                    let image = self.container.image(position).map_err(|error| error.in_file(self.source.path()))?;
                    if let Some(cache) = &self.cache {
                        image.use_cache(cache);
                    }
                    Ok(image)
                })?;
                Ok(self.in_part(position, Arc::clone(image)))
            }
            Some(asset) => Err(Error::usage("asset is not an image:").found(&asset.key)),
            None => Err(Error::out_of_range("asset").found(position)),
        }
    }

    /// The image, of which missing pixels are filled if the reader was opened for that.
    fn in_part(&self, position: usize, image: Arc<dyn ImageProvider>) -> Arc<dyn ImageProvider> {
        let Some(known) = &self.gaps else { return image };
        let made = || (Arc::new(Gaps::new(image.layout().pad_bytes())), image.layout().grid.window());
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let gaps = Arc::clone(&known.entry(position).or_insert_with(made).0);
        Arc::new(PartialImage::new(image, &gaps))
    }

    /// The pixels that reads found missing since the last call, of a reader that was opened with [`OpenOptions::partial`]: one
    /// warning for each image.
    pub fn take_damage(&self) -> Vec<Warning> {
        let Some(gaps) = &self.gaps else { return Vec::new() };
        let gaps = gaps.lock().unwrap_or_else(PoisonError::into_inner);
        let found = gaps.iter().filter_map(|(position, (gaps, whole))| {
            let message = gaps.take_message(*whole)?;
            Some(Warning::new(WarningKind::File, &self.assets()[*position].key, message))
        });
        found.collect()
    }

    /// Frees the decoded blocks that are kept for later reads. Images stay usable and from now on keep none.
    pub fn close_cache(&self) {
        if let Some(cache) = &self.cache {
            cache.close();
        }
    }

    /// The stored bytes of the asset at a position.
    ///
    /// # Errors
    /// If the bytes cannot be read.
    pub fn raw_asset(&self, position: usize) -> Result<Vec<u8>> {
        self.container.raw_asset(position).map_err(|error| error.in_file(self.source.path()))
    }
}

fn detect(source: &dyn ByteSource) -> Result<&'static dyn Format> {
    let mut first = [0; MAGIC_BYTES];
    let count = source.size().min(MAGIC_BYTES as u64) as usize;
    source.read_at(0, &mut first[..count])?;
    if let Some(format) = by_magic(&first[..count]) {
        return Ok(format);
    }
    match source.path() {
        Some(path) => by_extension(path),
        None => Err(Error::malformed("stream: its first bytes match no known format")),
    }
}
