//! Assets: the images, texts, graphics and data segments of a dataset, and what is known of them without decoding.

use std::sync::Arc;

use crate::image::{Georeference, PadValue};
use crate::metadata::Metadata;

/// What an asset is.
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

/// What is known of an asset without decoding it.
#[derive(Debug, Clone)]
pub struct AssetInfo {
    /// Its key, e.g. `image:0` or `image:0:overview:1`.
    pub key: String,
    /// A short title.
    pub title: String,
    /// A description.
    pub description: String,
    /// What it is for: `data`, `overview`, `mask`, … `segment` is a part of an image that is listed as a whole, too,
    /// `overflow` a part of other assets' metadata.
    pub roles: Vec<String>,
    /// Its media type, e.g. `image/tiff`.
    pub media_type: &'static str,
    /// What it is.
    pub kind: AssetType,
    /// Its metadata.
    pub metadata: Arc<Metadata>,
    /// Facts of images; none for other assets.
    pub image: Option<ImageFacts>,
}

impl AssetInfo {
    /// True for a part of an image that is listed as a whole, too: whoever goes through all of a file's assets leaves it out.
    pub fn is_part(&self) -> bool {
        self.roles.iter().any(|role| role == "segment")
    }
}

/// Facts of an image that its layout does not hold.
#[derive(Debug, Clone, Default)]
pub struct ImageFacts {
    /// Where it lies.
    pub georeference: Georeference,
    /// The value that means "no data", where the file names one.
    pub nodata: Option<PadValue>,
    /// The compression, by its word in the API (`none`, `deflate` …).
    pub compression: String,
}

impl AssetType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Image, Self::Text, Self::Graphics, Self::Data];

    /// The name in lower case, as [`AssetType::from_name`] takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Text => "text",
            Self::Graphics => "graphics",
            Self::Data => "data",
        }
    }

    /// The type of this name, case ignored.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}
