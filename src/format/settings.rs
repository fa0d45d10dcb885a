//! Settings in terms that all formats share, and how they become a format's own metadata.

use crate::error::{Error, Result};
use crate::image::{Georeference, PadValue};
use crate::metadata::Metadata;

/// The settings of a write in one call, such as [`crate::dataset::save`].
#[derive(Debug, Clone, Default)]
pub struct SaveSettings {
    /// A word such as `deflate`; none is the format's default.
    pub compression: Option<String>,
    /// Block columns and rows; none is the format's default.
    pub block_size: Option<(u32, u32)>,
    /// Where the image lies.
    pub georeference: Georeference,
    /// The value that means "no data".
    pub nodata: Option<PadValue>,
    /// Quality of lossy compression.
    pub quality: Option<f64>,
    /// Also state where the image lies in the most precise way the format has.
    pub precise: bool,
}

impl SaveSettings {
    /// An error where a setting is given that the format has no use for.
    ///
    /// # Errors
    /// [`Error::Usage`] that names the setting.
    pub fn refuse_georeference(&self, format: &str) -> Result<()> {
        if self.georeference != Georeference::default() {
            return Err(Error::usage(format!("{format} files hold no georeference (corners, crs, transform)")));
        }
        Ok(())
    }
}

/// The metadata with `encoding`, settings as a format's own entries, in place of what contradicts them: `replaces` is true if an
/// entry under its first argument leaves nothing for one under its second to state. An entry always takes its own place.
pub(crate) fn merge(metadata: &Metadata, encoding: &Metadata, replaces: fn(&str, &str) -> bool) -> Metadata {
    let mut merged = metadata.clone();
    // All that is replaced goes before anything is set: one setting may be several entries about the same thing.
    merged.retain(|other| !encoding.iter().any(|(key, _)| replaces(key, other)));
    for (key, value) in encoding.iter() {
        merged.set(key, value.clone());
    }
    merged
}
