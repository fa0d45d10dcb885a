//! Writing an image: workers gather and encode the pixels of every block of the file's grid, and the calling thread appends
//! them in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::concurrency::{Concurrency, Control};
use super::ordered::{Scratch, ordered};
use super::tap::{Tap, TapBlock};
use crate::codec::{BlockPixels, Borrow, Encoded, Gathering, ImageEncoder, Pieces};
use crate::error::Result;
use crate::image::{BlockGrid, BlockIndex, ImageLayout, ImageProvider, Padding, Pixels, Present, Reblock, TargetBlock};
use crate::io::PositionedWrite;

/// The plan for writing the blocks of an image.
#[derive(Clone)]
pub(crate) struct BlockPlan {
    /// The block grid of the file.
    pub grid: BlockGrid,
    /// Encodes the blocks.
    pub encoder: Arc<dyn ImageEncoder>,
    /// The places of the bytes, if they are known before the first block and any thread can write them.
    pub placement: Option<Placement>,
}

/// Places in a file that are known before the first block is encoded.
#[derive(Clone)]
pub(crate) struct Placement {
    /// The places.
    pub places: Arc<dyn BlockPlaces>,
    /// Writes bytes at any of them, from any thread.
    pub target: Arc<dyn PositionedWrite>,
}

/// The places of the pieces of blocks.
pub(crate) trait BlockPlaces: Send + Sync {
    /// The offset in the file of piece number `piece` of block `at`; `None` if the file does not record the block.
    fn offset(&self, at: BlockIndex, piece: usize) -> Option<u64>;
}

/// Receives the encoded blocks of an image in row-major order; a container records their offsets.
pub(crate) trait BlockSink {
    /// Appends one block, or only takes the receipt of a block that is already in its place.
    ///
    /// # Errors
    /// If the block cannot be written or its receipt is of another type.
    fn append(&mut self, block: &Encoded) -> Result<()>;
}

/// The outcome of writing an image's blocks, for its container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BlocksEnd {
    /// True if the provider did not have a block and the encoder received a constant block instead.
    pub filled: bool,
    /// Blocks that were copied undecoded.
    pub copied: u64,
    /// Blocks that were not appended, in row-major order. The engine appends all; a caller who appends blocks may not.
    pub missing: Vec<BlockIndex>,
}

/// Writes the pixels of `provider`, divided by the plan's grid, to `sink`. Memory is bounded by the blocks in flight and one
/// block row of re-blocking. The output does not depend on the number of threads.
///
/// # Errors
/// The first error of provider, taps, encoder or sink, and the errors of the caller's control.
pub(crate) fn write_blocks(
    provider: &dyn ImageProvider,
    plan: &BlockPlan,
    taps: &[&dyn Tap],
    sink: &mut dyn BlockSink,
    concurrency: Concurrency,
    control: &Control<'_>,
) -> Result<BlocksEnd> {
    provider.check_unchanged()?;
    let total = plan.grid.count();
    let work = BlockWork::new(plan, taps);
    let layout = ImageLayout { grid: plan.grid, ..provider.layout().clone() };
    taps.iter().try_for_each(|tap| tap.begin(&layout))?;
    let mut done = 0;
    control.progress(0, total)?;
    ordered(
        concurrency.at_most(total),
        control,
        Reblock::new(provider, plan.grid)?,
        |block, scratch| work.encode(&block, scratch),
        |block| {
            sink.append(&block)?;
            work.reuse(block);
            taps.iter().try_for_each(|tap| tap.settle())?;
            done += 1;
            control.progress(done, total)
        },
    )?;
    Ok(BlocksEnd { filled: work.filled.into_inner(), ..BlocksEnd::default() })
}

/// Encodes block `at` of an image with this layout and the file's blocks from an array of pixels. The array is the full block
/// or only the image's part of it.
///
/// # Errors
/// [`crate::Error::OutOfRange`] for a block outside the grid, [`crate::Error::Usage`] for an array whose shape or type differs
/// from the block's, and the errors of the encoder.
pub fn encode_block(
    encoder: &dyn ImageEncoder,
    layout: &ImageLayout,
    at: BlockIndex,
    pixels: &Pixels,
    scratch: &mut Scratch,
) -> Result<Encoded> {
    let block = TargetBlock::of_pixels(layout, at, pixels)?;
    let mut out = Encoded::absent(at);
    let Gathering { interleave, padding, .. } = encoder.gathering();
    block.gather(*interleave, padding, &mut scratch.raw)?;
    let pieces = encoder.encode(at, BlockPixels::Gathered(&mut scratch.raw), &mut out, &mut scratch.codec)?;
    append_pieces(pieces, &mut out)?;
    out.set_encoder(encoder);
    Ok(out)
}

impl Placement {
    /// Writes the pieces of a block to their places.
    ///
    /// # Errors
    /// If a piece cannot be written.
    pub(crate) fn place(&self, block: &mut Encoded) -> Result<()> {
        let at = block.at();
        block.pieces().enumerate().try_for_each(|(number, piece)| self.write(at, number, piece))?;
        block.set_placed();
        Ok(())
    }

    fn write(&self, at: BlockIndex, piece: usize, bytes: &[u8]) -> Result<()> {
        match self.places.offset(at, piece) {
            Some(offset) => self.target.write_at(offset, bytes),
            None => Ok(()),
        }
    }

    fn records(&self, at: BlockIndex) -> bool {
        self.places.offset(at, 0).is_some()
    }
}

/// The state that workers share.
struct BlockWork<'w> {
    plan: &'w BlockPlan,
    taps: &'w [&'w dyn Tap],
    /// Set when a block, or a part of one, that the provider does not have is filled because the file cannot omit it.
    filled: AtomicBool,
    spare: Mutex<Vec<Encoded>>,
}

impl<'w> BlockWork<'w> {
    fn new(plan: &'w BlockPlan, taps: &'w [&'w dyn Tap]) -> Self {
        Self { plan, taps, filled: AtomicBool::new(false), spare: Mutex::default() }
    }

    fn encode(&self, block: &TargetBlock<'_>, scratch: &mut Scratch) -> Result<Encoded> {
        let mut out = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        out.reset(block.at());
        let Scratch { raw, codec } = scratch;
        if let Some(placement) = &self.plan.placement
            && !placement.records(block.at())
        {
            self.taps.iter().try_for_each(|tap| tap.absent(block.at()))?;
            return Ok(out);
        }
        let gathering = self.plan.encoder.gathering();
        let Some(pixels) = self.pixels(block, gathering, raw)? else {
            self.taps.iter().try_for_each(|tap| tap.absent(block.at()))?;
            return Ok(out);
        };
        if !self.taps.is_empty() {
            let seen = TapBlock::new(block, gathering, &pixels);
            self.taps.iter().try_for_each(|tap| tap.take(&seen))?;
        }
        let pieces = self.plan.encoder.encode(block.at(), pixels, &mut out, codec)?;
        match (&self.plan.placement, pieces) {
            (None, pieces) => append_pieces(pieces, &mut out)?,
            (Some(placement), Pieces::Appended) => placement.place(&mut out)?,
            (Some(placement), Pieces::Of(pieces)) => {
                pieces.iter().enumerate().try_for_each(|(n, piece)| placement.write(block.at(), n, piece))?;
                out.set_placed();
            }
        }
        Ok(out)
    }

    /// The pixels of a block as the encoder requires them; `None` if the block is absent.
    fn pixels<'p>(
        &self,
        block: &'p TargetBlock<'_>,
        gathering: &Gathering,
        raw: &'p mut Vec<u8>,
    ) -> Result<Option<BlockPixels<'p>>> {
        let Gathering { interleave, padding, absent, borrow } = gathering;
        if let Some(pixels) = borrowed(block, *borrow, padding) {
            return Ok(Some(pixels));
        }
        let present = block.gather(*interleave, padding, raw)?;
        if absent.is_some() && present != Present::Whole {
            self.filled.store(true, Ordering::Relaxed);
        }
        if present == Present::Nothing {
            let Some(sample) = absent else { return Ok(None) };
            block.fill(padding, sample, raw);
        }
        Ok(Some(BlockPixels::Gathered(raw)))
    }

    /// Keeps the memory of an appended block for another one.
    fn reuse(&self, block: Encoded) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(block);
    }
}

fn borrowed<'p>(block: &'p TargetBlock<'_>, borrow: Borrow, padding: &Padding) -> Option<BlockPixels<'p>> {
    match borrow {
        Borrow::Nothing => None,
        Borrow::Block(interleave) => block.borrow(interleave, padding).map(BlockPixels::Borrowed),
        Borrow::Bands => {
            let bands: Option<Vec<_>> = (0..block.bands()).map(|band| block.borrow_band(band, padding)).collect();
            bands.map(BlockPixels::Bands)
        }
    }
}

/// Copies pieces that refer to the pixels' memory.
fn append_pieces(pieces: Pieces<'_>, out: &mut Encoded) -> Result<()> {
    let Pieces::Of(pieces) = pieces else { return Ok(()) };
    pieces.into_iter().try_for_each(|piece| {
        out.piece(|bytes| {
            bytes.extend_from_slice(piece);
            Ok(())
        })
    })
}
