//! Assets: the images, texts, graphics and data segments of a dataset, and their properties known without decoding.

use std::sync::Arc;

use crate::image::{Georeference, PadValue};
use crate::metadata::Metadata;

/// The type of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssetType {
    /// Pixels.
    Image,
    /// Text.
    Text,
    /// Vector graphics (CGM).
    Graphics,
    /// Anything else, e.g. a data extension segment.
    Data,
}

/// The properties of an asset that are known without decoding it.
#[derive(Debug, Clone)]
pub struct AssetInfo {
    /// Its key, e.g. `image:0` or `image:0:overview:1`.
    pub key: String,
    /// A short title.
    pub title: String,
    /// A description.
    pub description: String,
    /// Its roles: `data`, `overview`, `mask`, … `segment` marks a part of an image that is also listed as a whole; `overflow`
    /// marks an asset that holds a part of other assets' metadata.
    pub roles: Vec<String>,
    /// Its media type, e.g. `image/tiff`.
    pub media_type: &'static str,
    /// Its type.
    pub kind: AssetType,
    /// Its metadata.
    pub metadata: Arc<Metadata>,
    /// Facts of an image; `None` for other assets.
    pub image: Option<ImageFacts>,
}

impl AssetInfo {
    /// True for a part of an image that is also listed as a whole. Code that iterates over all assets of a file skips it.
    pub fn is_part(&self) -> bool {
        self.roles.iter().any(|role| role == "segment")
    }
}

/// Facts of an image that its layout does not contain.
#[derive(Debug, Clone, Default)]
pub struct ImageFacts {
    /// Its georeference.
    pub georeference: Georeference,
    /// The nodata value, if the file states one.
    pub nodata: Option<PadValue>,
    /// The compression, by its API name (`none`, `deflate` …).
    pub compression: String,
}

impl AssetType {
    /// Every asset type.
    pub const ALL: [Self; 4] = [Self::Image, Self::Text, Self::Graphics, Self::Data];

    /// The name in lower case, as [`AssetType::from_name`] accepts it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Text => "text",
            Self::Graphics => "graphics",
            Self::Data => "data",
        }
    }

    /// The type with this name, ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}
