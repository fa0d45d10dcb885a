//! The masks and overviews that belong to an image of a file. They follow a copy of the image into another file.

use std::sync::Arc;

use super::reader::DatasetReader;
use crate::asset::AssetInfo;
use crate::error::Result;
use crate::format::{Blocks, Format, ImageRequest};
use crate::image::ImageProvider;
use crate::io::ByteSource;

/// A mask or an overview that a writer adds when it is finished, unless it was added before.
pub(super) struct Companion {
    /// Its key in the new file: that of the image, with the same ending as in the old file.
    pub(super) key: String,
    asset: AssetInfo,
    image: Result<Arc<dyn ImageProvider>>,
    source: Arc<dyn ByteSource>,
    /// True if it is the image of a file of its own, which every format holds.
    is_image: bool,
}

impl DatasetReader {
    /// The positions of the masks and overviews that belong to the image at a position, in file order.
    pub fn companions(&self, position: usize) -> Vec<usize> {
        let owner = self.assets().get(position).map_or("", |asset| &asset.key);
        (0..self.assets().len()).filter(|other| is_companion(&self.assets()[*other].key, owner)).collect()
    }

    /// The position of the mask of the image at a position.
    pub(super) fn mask(&self, position: usize) -> Option<usize> {
        let owner = self.assets().get(position)?;
        self.companions(position).into_iter().find(|other| self.assets()[*other].key[owner.key.len()..] == *":mask")
    }
}

impl Companion {
    /// The companions of the image at a position, whose copy is called `key`.
    pub(super) fn of(reader: &DatasetReader, position: usize, key: &str) -> impl Iterator<Item = Self> {
        let owner = reader.assets().get(position).map_or(0, |asset| asset.key.len());
        reader.companions(position).into_iter().map(move |other| {
            let asset = reader.assets()[other].clone();
            let (image, source) = (reader.image(other), Arc::clone(reader.source()));
            Self { key: format!("{key}{}", &asset.key[owner..]), asset, image, source, is_image: false }
        })
    }

    /// Makes an overview the image called `key` of a file of its own.
    pub(super) fn becomes_image(&mut self, key: String) {
        self.key = key;
        self.is_image = true;
        self.asset.roles.retain(|role| role != "overview");
        self.asset.roles.insert(0, "data".to_owned());
    }

    /// True for the asset at a position of this reader.
    pub(super) fn is(&self, reader: &DatasetReader, position: usize) -> bool {
        let is_asset = reader.assets().get(position).is_some_and(|asset| asset.key == self.asset.key);
        is_asset && Arc::ptr_eq(&self.source, reader.source())
    }

    /// The request that writes it, for a format that keeps companions.
    ///
    /// # Errors
    /// The reason why it cannot be written: the format, or an image that cannot be read.
    pub(super) fn request(&self, format: &dyn Format) -> std::result::Result<ImageRequest<'_>, String> {
        if !format.keeps_companions() && !self.is_image {
            return Err(format!("{} does not relate images of a file", format.name()));
        }
        let image = self.image.as_ref().map_err(ToString::to_string)?;
        Ok(ImageRequest { blocks: Blocks::Stored, ..ImageRequest::copy_of(&self.key, &**image, &self.asset) })
    }
}

/// True for the key of a mask or overview of the image called `owner`, or of an overview of its mask.
fn is_companion(key: &str, owner: &str) -> bool {
    let ending = key.strip_prefix(owner).and_then(|ending| ending.strip_prefix(':'));
    let is_word = |word: &str| matches!(word, "overview" | "mask") || word.bytes().all(|byte| byte.is_ascii_digit());
    ending.is_some_and(|ending| ending.starts_with(['o', 'm']) && ending.split(':').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::DatasetWriter;
    use crate::format::OpenOptions;
    use crate::image::{Interleave, MemoryImage, Pixels, SampleType};
    use crate::metadata::Metadata;
    use crate::pipeline::{Concurrency, Control};

    #[test]
    fn masks_and_overviews_belong_to_their_image() {
        let belongs = ["image:0:mask", "image:0:mask:2", "image:0:overview:1", "image:0:mask:overview:1"];
        assert!(belongs.iter().all(|key| is_companion(key, "image:0")));
        let others =
            ["image:0", "image:01:mask", "image:1:mask", "image:0:sub:1", "image:0:sub:1:overview:1", "text:0"];
        assert!(!others.iter().any(|key| is_companion(key, "image:0")));
        assert!(is_companion("image:0:mask:overview:1", "image:0:mask") && is_companion("a:sub:1:mask", "a:sub:1"));
    }

    #[test]
    fn a_copy_takes_masks_and_overviews_along_or_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("a.tif"), folder.path().join("b.tif"));
        let threads = Concurrency::new(1).unwrap();
        let mut writer = DatasetWriter::create(&path, None, threads).unwrap();
        for (key, size) in [("image:0", 32), ("image:0:overview:1", 16), ("image:0:mask", 32)] {
            let pixels = Pixels::from_vec(vec![1; size * size], [1, size, size], SampleType::UInt8, Interleave::Band);
            let image = MemoryImage::from_pixels(pixels.unwrap(), size as u32, size as u32).unwrap();
            writer.add_image(&ImageRequest::new(key, &image, &Metadata::new()), &Control::default()).unwrap();
        }
        writer.close().unwrap();
        let reader = DatasetReader::open(&path, None, &OpenOptions::default()).unwrap();
        let image = reader.image(0).unwrap();
        let asset = &reader.assets()[0];
        for (target, is_kept) in [(&copy, true), (&folder.path().join("b.png"), false)] {
            let mut writer = DatasetWriter::create(target, None, threads).unwrap();
            let request = ImageRequest::copy_of("image:0", &*image, asset);
            writer.add_image_of(&reader, 0, &request, &Control::default()).unwrap();
            writer.close().unwrap();
            let warnings = writer.take_warnings();
            let names = ["image:0:overview:1", "image:0:mask"];
            let is_named = |name: &&str| warnings.iter().any(|warning| warning.message.contains(*name));
            assert_eq!(warnings.len(), usize::from(!is_kept));
            assert!(names.iter().all(|name| is_named(name) != is_kept));
        }
        let keys = |path| {
            let reader = DatasetReader::open(path, None, &OpenOptions::default()).unwrap();
            reader.assets().iter().map(|asset| asset.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&copy), keys(&path));
    }
}
