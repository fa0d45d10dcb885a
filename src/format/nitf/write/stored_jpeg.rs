//! JPEG blocks of another file that become blocks of an image segment (IC C3): each stream gets the tables that its file stores
//! once, and no sample is decoded.

use super::super::capacity::MAX_BLOCK;
use super::super::pixels::{Mode, Storage};
use super::given::Given;
use crate::codec::Coding;
use crate::codec::jpeg::ColorModel;
use crate::format::{Blocks, FileForm, ImageRequest, StoredSettings, jpeg_coding};
use crate::image::{ImageProvider, Interleave};

/// JPEG blocks that are copied.
#[derive(Debug, Clone)]
pub(super) struct StoredJpeg {
    coding: Coding,
    interleave: Interleave,
    /// Segments with tables, which each stream gets after its first marker.
    tables: Vec<u8>,
}

impl StoredJpeg {
    /// The JPEG blocks of the image in its file, if an image with this storage, without a mask table, has the same blocks, and the
    /// metadata ask for no quality.
    pub(super) fn of(image: &ImageRequest<'_>, storage: &Storage, given: &Given) -> Option<Self> {
        if image.blocks != Blocks::Stored || given.get("COMRAT").is_some() {
            return None;
        }
        let store = &**image.provider.in_file()?.store()?;
        let (coding, params) = jpeg_coding(store)?;
        let mode = if params.color == ColorModel::Independent { Mode::Block } else { Mode::Pixel };
        let layout = store.layout();
        let is_same = (layout.grid, layout.bands, mode) == (storage.grid, storage.bands, storage.mode);
        // An abbreviated stream begins with SOI and ends with EOI.
        let tables = params.tables.as_ref().and_then(|tables| tables.get(2..tables.len().checked_sub(2)?));
        is_same.then(|| Self {
            coding: coding.clone(),
            interleave: store.interleave(),
            tables: tables.unwrap_or_default().to_vec(),
        })
    }

    /// The form of the blocks.
    pub(super) fn form(&self) -> FileForm {
        FileForm { interleave: self.interleave, is_cropped: false, coding: self.coding.clone() }
    }

    /// The segments that each stream gets after its first marker.
    pub(super) fn into_tables(self) -> Vec<u8> {
        self.tables
    }
}

/// The settings with which the JPEG blocks of another file are copied; `None` for blocks that a segment cannot hold.
pub(super) fn settings(image: &dyn ImageProvider) -> Option<StoredSettings> {
    StoredSettings::of_jpeg(image, |color, (columns, rows)| {
        matches!(color, ColorModel::Independent | ColorModel::YCbCr { .. }) && columns.max(rows) <= MAX_BLOCK
    })
}
