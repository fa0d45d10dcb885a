//! Containers: files that are open, and files in the making.

use std::sync::Arc;

use super::request::{DataRequest, ImageRequest, WriteContext};
use super::warning::Warning;
use crate::asset::AssetInfo;
use crate::codec::Coding;
use crate::error::{Error, Result};
use crate::image::{BlockStore, ImageProvider};
use crate::io::ByteSink;
use crate::metadata::Metadata;
use crate::pipeline::{BlockPlan, BlockSink, BlocksEnd};

/// How an image that was begun is written.
pub enum Begun {
    /// Its blocks are encoded and appended.
    Encode(OpenImage),
    /// Its stored bytes are copied as they are.
    Copy(Arc<dyn BlockStore>),
}

/// An image whose blocks a container waits for.
pub struct OpenImage {
    /// The file's blocks and what encodes them.
    pub blocks: BlockPlan,
    /// How the blocks of a plane are coded, if that is one coding for all: stored blocks that decode like it could be appended
    /// as they are.
    pub coding: Option<Coding>,
    /// True if the file can leave out blocks.
    pub allows_absent: bool,
}

/// An open file: its headers, no pixels.
pub trait ContainerReader: Send + Sync {
    /// Metadata of the file as a whole.
    fn metadata(&self) -> &Arc<Metadata>;

    /// The assets in file order.
    fn assets(&self) -> &[AssetInfo];

    /// The image that is asset number `position`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] or [`Error::Malformed`] where its pixels cannot be read.
    fn image(&self, position: usize) -> Result<Arc<dyn ImageProvider>>;

    /// The stored bytes of asset number `position`.
    ///
    /// # Errors
    /// Where they cannot be read, or are too many.
    fn raw_asset(&self, position: usize) -> Result<Vec<u8>>;

    /// What is odd about the file though it can be read.
    fn warnings(&self) -> &[Warning] {
        &[]
    }
}

/// A file in the making: headers and offsets. It holds no pixels, compresses nothing and starts no threads: the engine encodes
/// the blocks of an image and appends them.
pub trait ContainerWriter: BlockSink + Send {
    /// Takes metadata of the file as a whole.
    ///
    /// # Errors
    /// [`Error::Usage`] where a value cannot be written.
    fn set_metadata(&mut self, metadata: &Metadata, context: &mut WriteContext<'_, '_>) -> Result<()>;

    /// Begins an image: makes all checks, writes what stands in front of its blocks, and returns how the blocks are made. Every
    /// block of the grid is then appended, in row-major order.
    ///
    /// # Errors
    /// [`Error::Usage`] for options that are wrong or that the format cannot hold; the file is then as it was.
    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun>;

    /// Takes a piece of the stored bytes of an image that is copied as it is; pieces come in order.
    ///
    /// # Errors
    /// If the file cannot take it, or the format copies no images.
    fn append_stored(&mut self, bytes: &[u8]) -> Result<()> {
        let _ = bytes;
        Err(no_image())
    }

    /// Completes an image after its last block.
    ///
    /// # Errors
    /// If the file cannot be written, and for findings of a strict caller.
    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()>;

    /// Adds a text, graphics or other data.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where files of the format hold images only; [`Error::Usage`] for options that are wrong.
    fn add_data(&mut self, data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let _ = context;
        Err(Error::unsupported("asset: files of this format hold images only:").found(data.kind.name()))
    }

    /// Completes the file, and gives back the sink for it to be published.
    ///
    /// # Errors
    /// Where nothing was added that makes a file, or writing fails.
    fn finish(self: Box<Self>, context: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>>;
}

/// The error of a block of an image that was not begun.
pub(crate) fn no_image() -> Error {
    Error::usage("block of an image that was not begun")
}

/// Checks the position of an asset in a file that holds one image and nothing else.
///
/// # Errors
/// [`Error::OutOfRange`] for any position but 0.
pub(crate) fn check_only_asset(position: usize) -> Result<()> {
    if position == 0 { Ok(()) } else { Err(Error::out_of_range("asset").found(position).allowed(0)) }
}
