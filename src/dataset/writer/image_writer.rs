//! An image whose blocks the caller encodes, on other threads or in other processes, and appends in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::DatasetWriter;
use crate::codec::{Encoded, ImageEncoder, identity_checksum};
use crate::dataset::settled::Settled;
use crate::error::{Error, Result};
use crate::format::{Begun, Blocks, ContainerWriter, Format, ImageRequest, OpenImage, WriteContext};
use crate::image::{BlockGrid, ImageLayout};
use crate::io::NullSink;
use crate::metadata::Metadata;
use crate::pipeline::{BlocksEnd, Concurrency, Control};

/// The most missing blocks that an error lists.
const NAMED: usize = 8;

/// An image, in a file being written, that waits for its blocks. If it is dropped before [`ImageWriter::finish`], the file
/// cannot be completed.
pub struct ImageWriter<'w> {
    writer: &'w mut DatasetWriter,
}

/// The blocks of an image received so far.
pub(crate) struct PendingImage {
    key: String,
    layout: ImageLayout,
    open: OpenImage,
    /// The checksum of the encoder's identity, which every block must have.
    identity: u32,
    /// The position of the next block to append.
    next: u64,
    /// Blocks received before their turn.
    early: BTreeMap<u64, Encoded>,
}

/// The encoder of an image and the image's layout with the blocks of the file, for a process that does not write the file. It
/// encodes as the encoder of [`DatasetWriter::begin_image`] does for the same request and the same file metadata.
///
/// # Errors
/// As [`DatasetWriter::set_metadata`] and [`DatasetWriter::begin_image`].
pub fn remote_encoder(
    format: &dyn Format,
    file: &Metadata,
    image: &ImageRequest<'_>,
    strict: bool,
) -> Result<(Arc<dyn ImageEncoder>, ImageLayout)> {
    let mut container = format.create(Box::<NullSink>::default())?.0;
    let (control, mut warnings) = (Control::default(), Vec::new());
    let mut context =
        WriteContext { concurrency: Concurrency::SINGLE, control: &control, warnings: &mut warnings, strict };
    if !file.is_empty() {
        container.set_metadata(file, &mut context)?;
    }
    let begun = begin_for_caller(format, &mut *container, image, &mut context)?;
    let pending = PendingImage::new(image, begun)?;
    Ok((pending.open.blocks.encoder, pending.layout))
}

/// Begins an image whose blocks the caller encodes.
pub(super) fn begin_for_caller(
    format: &dyn Format,
    container: &mut dyn ContainerWriter,
    image: &ImageRequest<'_>,
    context: &mut WriteContext<'_, '_>,
) -> Result<Begun> {
    let settled = Settled::new(format, image, context.warnings)?;
    let blocks = Blocks::Caller;
    container.begin_image(&ImageRequest { blocks, ..settled.request(image) }, context)
}

impl<'w> ImageWriter<'w> {
    pub(super) fn new(writer: &'w mut DatasetWriter) -> Self {
        Self { writer }
    }

    /// The image's layout, with the blocks of the file.
    pub fn layout(&self) -> &ImageLayout {
        self.pending().layout()
    }

    /// The encoder of the blocks; [`crate::pipeline::encode_block`] uses it.
    pub fn encoder(&self) -> &Arc<dyn ImageEncoder> {
        self.pending().encoder()
    }

    /// True if the file can omit blocks.
    pub fn allows_absent(&self) -> bool {
        self.pending().open.allows_absent
    }

    /// Appends a block. Blocks may come in any order. An early block stays in memory until its turn; if its place in the file
    /// is known, only its receipt stays.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a block outside the grid; [`Error::Usage`] for a block that was already appended, that was
    /// encoded for another image, or that the image does not have.
    pub fn append(&mut self, block: Encoded) -> Result<()> {
        self.writer.append_block(block)
    }

    /// Completes the image. Blocks that were not appended are absent.
    ///
    /// # Errors
    /// [`Error::Usage`], with the missing blocks, if the format does not support absent blocks.
    pub fn finish(self, control: &Control<'_>) -> Result<()> {
        self.writer.finish_image(control)
    }

    fn pending(&self) -> &PendingImage {
        self.writer.pending().expect("the writer holds the image of this value")
    }
}

impl PendingImage {
    /// # Errors
    /// [`Error::Usage`] for an image without an encoder.
    pub(super) fn new(image: &ImageRequest<'_>, begun: Begun) -> Result<Self> {
        let Begun::Encode(open) = begun else {
            return Err(Error::usage("cannot encode blocks of an image that is copied undecoded:").found(image.key));
        };
        let layout = ImageLayout { grid: open.blocks.grid, ..image.provider.layout().clone() };
        let identity = identity_checksum(&*open.blocks.encoder);
        Ok(Self { key: image.key.to_owned(), layout, open, identity, next: 0, early: BTreeMap::new() })
    }

    /// The key of the image.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The image's layout, with the blocks of the file.
    pub(crate) fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    /// The encoder of the blocks.
    pub(crate) fn encoder(&self) -> &Arc<dyn ImageEncoder> {
        &self.open.blocks.encoder
    }

    /// Keeps a block for its turn.
    ///
    /// # Errors
    /// As [`ImageWriter::append`]; nothing has changed then.
    pub(super) fn accept(&mut self, mut block: Encoded) -> Result<()> {
        let position = self.grid().position(self.grid().check(block.at())?);
        if !block.is_absent() && !block.is_of(self.identity) {
            return Err(Error::usage("block encoded for another image:").found(name(&block)));
        }
        if position < self.next || self.early.contains_key(&position) {
            return Err(Error::usage("block already appended:").found(name(&block)));
        }
        if block.is_absent() && !self.open.allows_absent {
            let error = Error::usage("absent block:").found(name(&block));
            return Err(error.allowed("a block with pixels: this file cannot omit blocks"));
        }
        if let Some(placement) = self.open.blocks.placement.as_ref().filter(|_| !block.is_absent()) {
            if placement.places.offset(block.at(), 0).is_none() {
                let error = Error::usage("block that was declared absent:").found(name(&block));
                return Err(error.allowed("a block for which the image's `has_block` is true"));
            }
            placement.place(&mut block)?;
        }
        self.early.insert(position, block);
        Ok(())
    }

    /// Appends the blocks whose turn has come.
    pub(super) fn append_ready(&mut self, container: &mut dyn ContainerWriter) -> Result<()> {
        while let Some(block) = self.early.remove(&self.next) {
            container.append(&block)?;
            self.next += 1;
        }
        Ok(())
    }

    /// Appends the remaining blocks and returns the missing ones.
    pub(super) fn complete(mut self, container: &mut dyn ContainerWriter) -> Result<BlocksEnd> {
        let grid = self.grid();
        let positions = self.next..grid.count();
        let missing: Vec<_> =
            positions.clone().filter(|position| !self.early.contains_key(position)).map(|n| grid.at(n)).collect();
        if !missing.is_empty() && !self.open.allows_absent {
            let names: Vec<_> = missing.iter().take(NAMED).map(|at| format!("({}, {})", at.row, at.column)).collect();
            let more = if missing.len() > NAMED { " …" } else { "" };
            let found = format!("{}{more}", names.join(" "));
            let what =
                format!("{} blocks of {} are missing, but the file cannot leave them out:", missing.len(), self.key);
            return Err(Error::usage(what).found(found));
        }
        for position in positions {
            let block = self.early.remove(&position).unwrap_or_else(|| Encoded::absent(grid.at(position)));
            container.append(&block)?;
        }
        Ok(BlocksEnd { missing, ..BlocksEnd::default() })
    }

    fn grid(&self) -> BlockGrid {
        self.open.blocks.grid
    }
}

fn name(block: &Encoded) -> String {
    format!("({}, {})", block.at().row, block.at().column)
}
