//! Containers: open files, and files that are being written.

use std::sync::Arc;

use super::request::{DataRequest, ImageRequest, WriteContext};
use super::warning::Warning;
use crate::asset::AssetInfo;
use crate::codec::Coding;
use crate::error::{Error, Result};
use crate::image::{BlockForm, BlockStore, ImageProvider, Interleave};
use crate::io::ByteSink;
use crate::metadata::Metadata;
use crate::pipeline::{BandStatistics, BlockPlan, BlockSink, BlocksEnd, Statistics};

/// A file opened by a format.
pub struct OpenFile(pub(crate) Box<dyn ContainerReader>);

/// A file begun by a format.
pub struct NewFile(pub(crate) Box<dyn ContainerWriter>);

/// How a begun image is written.
pub(crate) enum Begun {
    /// Its blocks are encoded and appended.
    Encode(OpenImage),
    /// Its stored bytes are copied unchanged.
    Copy(Arc<dyn BlockStore>),
}

/// An image whose blocks a container expects.
pub(crate) struct OpenImage {
    /// The file's blocks and their encoder.
    pub blocks: BlockPlan,
    /// How the file stores the blocks, if stored blocks of this form can be appended without a receipt.
    pub form: Option<FileForm>,
    /// True if the file can omit absent blocks.
    pub allows_absent: bool,
}

/// The form of the blocks of a file, apart from their grid.
#[derive(Debug, Clone)]
pub(crate) struct FileForm {
    /// The order of bands. With `Band`, each band has blocks of its own, and an encoded block has a piece for each.
    pub interleave: Interleave,
    /// True if the bottom blocks end with the image.
    pub is_cropped: bool,
    /// The coding of a piece.
    pub coding: Coding,
}

impl OpenImage {
    /// True if the stored blocks of another image can be appended unchanged.
    pub(crate) fn takes(&self, store: &dyn BlockStore) -> bool {
        let Some(FileForm { interleave, is_cropped, coding }) = &self.form else { return false };
        let (interleave, is_cropped, bands) = (*interleave, *is_cropped, store.layout().bands);
        let form = BlockForm { grid: self.blocks.grid, bands, interleave, is_cropped, coding };
        store.form().is_some_and(|stored| form.takes(&stored))
    }
}

/// An open file: its headers, without pixels.
pub(crate) trait ContainerReader: Send + Sync {
    /// Metadata of the file as a whole.
    fn metadata(&self) -> &Arc<Metadata>;

    /// The assets in file order.
    fn assets(&self) -> &[AssetInfo];

    /// The image of asset number `position`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] or [`Error::Malformed`] if its pixels cannot be read.
    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>>;

    /// The stored bytes of asset number `position`.
    ///
    /// # Errors
    /// If the bytes cannot be read or exceed the limits.
    fn raw_asset(&self, position: usize) -> Result<Vec<u8>>;

    /// Defects of the file that do not prevent reading.
    fn warnings(&self) -> &[Warning] {
        &[]
    }
}

/// A file that is being written: headers and offsets. It holds no pixels, compresses nothing and starts no threads. The engine
/// encodes the blocks of an image and appends them.
pub(crate) trait ContainerWriter: BlockSink + Send {
    /// Sets the metadata of the file as a whole.
    ///
    /// # Errors
    /// [`Error::Usage`] if a value cannot be written.
    fn set_metadata(&mut self, metadata: &Metadata, context: &mut WriteContext<'_, '_>) -> Result<()>;

    /// Begins an image: checks the request, writes the bytes before its blocks, and returns the plan of the blocks. The engine
    /// then appends every block of the grid in row-major order.
    ///
    /// # Errors
    /// [`Error::Usage`] for options that are illegal or that the format cannot store; the file is then unchanged.
    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun>;

    /// Appends a piece of the stored bytes of an image that is copied unchanged. Pieces arrive in order.
    ///
    /// # Errors
    /// If the file cannot be written, or the format does not copy images.
    fn append_stored(&mut self, bytes: &[u8]) -> Result<()> {
        let _ = bytes;
        Err(no_image())
    }

    /// The statistics that the file stores of the image that was begun, if any. They receive its blocks.
    fn statistics(&self) -> Option<Statistics> {
        None
    }

    /// Receives the statistics of the image by band, after its last block and before [`ContainerWriter::finish_image`].
    fn set_statistics(&mut self, bands: &[BandStatistics]) {
        let _ = bands;
    }

    /// Completes an image after its last block.
    ///
    /// # Errors
    /// If the file cannot be written, or a strict caller's image departs from the standard.
    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()>;

    /// Adds an asset of text, graphics or other data.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if files of the format hold images only, [`Error::Usage`] for illegal options.
    fn add_data(&mut self, data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let _ = context;
        Err(Error::unsupported("asset in a format that holds images only:").found(data.kind.name()))
    }

    /// Completes the file and returns its sink, ready to be published.
    ///
    /// # Errors
    /// If an asset that the format requires is missing, or writing fails.
    fn finish(self: Box<Self>, context: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>>;
}

/// The error for a block whose image was not begun.
pub(crate) fn no_image() -> Error {
    Error::usage("block of an image that was not begun")
}
