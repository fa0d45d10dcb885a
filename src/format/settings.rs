//! Settings that all formats share, and their merging into a format's own metadata.

use crate::error::{Error, Result};
use crate::image::{Georeference, PadValue};
use crate::metadata::Metadata;

/// The settings of a write in one call, such as `dataset::save`.
#[derive(Debug, Clone, Default)]
pub struct SaveSettings {
    /// A name such as `deflate`; `None` for the format's default.
    pub compression: Option<String>,
    /// Block columns and rows; `None` for the format's default.
    pub block_size: Option<(u32, u32)>,
    /// The image's georeference.
    pub georeference: Georeference,
    /// The nodata value.
    pub nodata: Option<PadValue>,
    /// Quality of lossy compression.
    pub quality: Option<f64>,
    /// True to also store the georeference in the most precise form of the format.
    pub precise: bool,
}

impl SaveSettings {
    /// Refuses a georeference, for a format that cannot store one.
    ///
    /// # Errors
    /// [`Error::Usage`] if a georeference is set.
    pub fn refuse_georeference(&self, format: &str) -> Result<()> {
        if self.georeference != Georeference::default() {
            return Err(Error::usage(format!("{format} files cannot store a georeference (corners, crs, transform)")));
        }
        Ok(())
    }
}

/// Merges `encoding`, the settings as a format's own entries, into the metadata. `replaces(key, other)` is true if an entry
/// under `key` makes one under `other` obsolete; that one is removed. An entry always replaces one with its own key.
pub(crate) fn merge(metadata: &Metadata, encoding: &Metadata, replaces: fn(&str, &str) -> bool) -> Metadata {
    let mut merged = metadata.clone();
    // Remove all replaced entries before setting any: one setting may become several entries on the same subject.
    merged.retain(|other| !encoding.iter().any(|(key, _)| replaces(key, other)));
    for (key, value) in encoding.iter() {
        merged.set(key, value.clone());
    }
    merged
}
