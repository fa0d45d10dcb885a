//! JPEG blocks of another format that become tiles of a TIFF.

use crate::codec::jpeg::ColorModel;
use crate::format::StoredSettings;
use crate::image::ImageProvider;

/// Sides of tiles are multiples of this number (TIFF 6.0 §15).
const STEP: u32 = 16;

/// The settings with which the JPEG blocks of the image are copied; `None` for blocks that cannot be tiles.
pub(super) fn settings(image: &dyn ImageProvider) -> Option<StoredSettings> {
    StoredSettings::of_jpeg(image, |color, (columns, rows)| {
        color != ColorModel::Cmyk && columns.is_multiple_of(STEP) && rows.is_multiple_of(STEP)
    })
}
