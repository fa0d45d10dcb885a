//! The settings with which a file takes the stored bytes of an image of another format.

use std::any::Any;

use crate::codec::Coding;
use crate::codec::jpeg::{ColorModel, Params};
use crate::image::{BlockStore, ImageProvider, SampleType};

/// The settings with which a format takes the stored bytes of an image of another format as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSettings {
    /// The name of the compression.
    pub compression: &'static str,
    /// Block columns and rows.
    pub block_size: (u32, u32),
}

impl StoredSettings {
    /// The settings of an image whose blocks are JPEG streams of 8 bits with all its bands, without absent blocks; `None` for any
    /// other image, and if the blocks do not suit the format: their colours, and their columns and rows.
    pub(crate) fn of_jpeg(
        image: &dyn ImageProvider,
        suits: impl FnOnce(ColorModel, (u32, u32)) -> bool,
    ) -> Option<Self> {
        let store = &**image.in_file()?.store()?;
        let (_, params) = jpeg_coding(store)?;
        let layout = store.layout();
        let bands = match params.color {
            ColorModel::Independent => 1,
            ColorModel::Rgb | ColorModel::YCbCr { .. } => 3,
            ColorModel::Cmyk => 4,
        };
        let is_plain = layout.sample == SampleType::UInt8 && layout.bands == bands && is_block_by_block(store);
        let grid = layout.grid;
        let block_size = (grid.block_columns(), grid.block_rows());
        if !is_plain || grid != image.layout().grid || !suits(params.color, block_size) {
            return None;
        }
        let is_complete = (0..grid.count()).all(|number| image.has_block(grid.at(number)).unwrap_or(false));
        is_complete.then_some(Self { compression: "jpeg", block_size })
    }
}

/// The coding of blocks that are JPEG streams; `None` for blocks of another coding.
pub(crate) fn jpeg_coding(store: &dyn BlockStore) -> Option<(&Coding, &Params)> {
    let coding: &dyn Any = store.coding()?;
    let coding: &Coding = coding.downcast_ref()?;
    Some((coding, coding.params.as_any().downcast_ref()?))
}

/// True if each block is one piece with all bands, padded to its full size.
fn is_block_by_block(store: &dyn BlockStore) -> bool {
    store.planes() == 1 && !store.is_cropped()
}
