//! Writing an image: every block of the file's grid is gathered and encoded by a worker, then appended in order.

use std::sync::{Mutex, PoisonError};

use super::concurrency::{Concurrency, Control};
use super::ordered::{Scratch, ordered};
use crate::error::Result;
use crate::image::{BlockGrid, BlockIndex, ImageProvider, Reblock, TargetBlock};

/// Turns a block of pixels into what the file stores. Called by several workers at once.
pub trait BlockEncode: Sync {
    /// Gathers the block's pixels and adds the stored bytes to `out`: one piece, or one for each plane that the container
    /// stores apart. No piece means that the block is absent, unless [`Encoded::set_placed`] says that the encoder has
    /// written it at its known place itself.
    ///
    /// # Errors
    /// What gathering or encoding reports.
    fn encode(&self, block: &TargetBlock<'_>, out: &mut Encoded, scratch: &mut Scratch) -> Result<()>;
}

/// Takes encoded blocks in row-major order; the container records where each one lies.
pub trait BlockSink {
    /// Appends one block.
    ///
    /// # Errors
    /// Where the file cannot take it.
    fn append(&mut self, block: &Encoded) -> Result<()>;
}

/// The stored bytes of a block.
#[derive(Debug, Default)]
pub struct Encoded {
    at: BlockIndex,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    placed: bool,
    facts: u64,
}

impl Encoded {
    /// The block's place in the file's grid.
    pub fn at(&self) -> BlockIndex {
        self.at
    }

    /// Adds a piece: `fill` appends its bytes.
    ///
    /// # Errors
    /// What `fill` returns.
    pub fn piece(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        fill(&mut self.bytes)?;
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// The pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    /// Says that the encoder has written the block to its place in the file.
    pub fn set_placed(&mut self) {
        self.placed = true;
    }

    /// A number that the encoder passes to the sink beside the bytes, e.g. a checksum of the pixels.
    pub fn facts(&self) -> u64 {
        self.facts
    }

    /// Sets the number of [`Encoded::facts`].
    pub fn set_facts(&mut self, facts: u64) {
        self.facts = facts;
    }

    fn reset(&mut self, at: BlockIndex) {
        self.at = at;
        self.bytes.clear();
        self.ends.clear();
        self.placed = false;
        self.facts = 0;
    }
}

/// Writes every block of `provider`, cut to `grid`, through `encoder` into `sink`. Memory is bounded by the blocks in
/// flight and one block-row of re-blocking, the output is the same for any number of threads.
///
/// # Errors
/// The first error of provider, encoder or sink; what the caller's control says.
pub fn write_blocks(
    provider: &dyn ImageProvider,
    grid: BlockGrid,
    encoder: &dyn BlockEncode,
    sink: &mut dyn BlockSink,
    concurrency: Concurrency,
    control: &Control<'_>,
) -> Result<()> {
    let total = grid.count();
    let spare: Mutex<Vec<Encoded>> = Mutex::default();
    let mut done = 0;
    control.progress(0, total)?;
    ordered(
        concurrency.at_most(total),
        control,
        Reblock::new(provider, grid)?,
        |block, scratch| {
            let mut out = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            out.reset(block.at());
            encoder.encode(&block, &mut out, scratch)?;
            Ok(out)
        },
        |block| {
            sink.append(&block)?;
            spare.lock().unwrap_or_else(PoisonError::into_inner).push(block);
            done += 1;
            control.progress(done, total)
        },
    )
}
