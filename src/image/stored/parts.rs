//! The parts of stored blocks that a window of an image needs, and their location in the file.

use super::store::{BlockStore, Piece, StoredBlock};
use crate::error::Result;
use crate::image::{BlockIndex, Interleave, Window};
use crate::io::Rows;
use crate::limits::Limits;

/// The part of a stored block to read: all bands of its plane, or one band.
pub(super) struct Part {
    pub(super) block: StoredBlock,
    /// Pixels of the image.
    pub(super) window: Window,
    pub(super) band: Option<PartBand>,
}

/// The band to read.
#[derive(Clone, Copy)]
pub(super) struct PartBand {
    /// Its index among the requested bands.
    pub(super) out: usize,
    /// Its index among the bands of the plane.
    inside: u32,
}

/// The location in the file of the part of a block to read.
pub(super) enum Located {
    /// Uncompressed rows; only the window is read.
    Rows(Rows),
    Piece(Piece),
}

/// The parts that `window` needs for the bands; the parts of a block follow one another.
pub(super) fn parts(store: &dyn BlockStore, window: Window, bands: &[u32]) -> impl Iterator<Item = Part> {
    let (grid, interleave) = (store.layout().grid, store.interleave());
    // Row-interleaved samples are read band by band unless a block must be decoded as a whole.
    let single = match interleave {
        Interleave::Band => true,
        Interleave::Row => store.samples().is_some(),
        Interleave::Pixel => false,
    };
    let apart = interleave == Interleave::Band;
    let count = if single { bands.len() } else { 1 };
    grid.blocks_of(window).flat_map(move |at| {
        let window = grid.block_window(at).intersect(&window);
        (0..count).map(move |out| {
            let (plane, inside) = if apart { (bands[out], 0) } else { (0, bands[out]) };
            let block = StoredBlock { at, plane };
            Part { block, window, band: single.then_some(PartBand { out, inside }) }
        })
    })
}

/// Bands of one plane.
fn plane_bands(store: &dyn BlockStore) -> u32 {
    store.layout().bands / store.planes()
}

/// Bytes of a row of a block in memory, with all bands of its plane.
pub(super) fn row_bytes(store: &dyn BlockStore, at: BlockIndex) -> u64 {
    let layout = store.layout();
    let samples = u64::from(layout.grid.full_block_window(at).width) * u64::from(plane_bands(store));
    samples.saturating_mul(layout.sample.bytes() as u64)
}

impl Part {
    /// The location of the part, checked to lie inside the source and within the limits. `None` if the block is absent.
    ///
    /// # Errors
    /// As [`BlockStore::range`] and [`BlockStore::piece`]; [`crate::Error::Limit`] for a block that is too large.
    pub(super) fn locate(&self, store: &dyn BlockStore, limits: &Limits) -> Result<Option<Located>> {
        if store.samples().is_some() {
            let Some(range) = store.range(self.block)? else { return Ok(None) };
            let rows = self.rows(store, range.start);
            store.check_inside(self.block, &(rows.offset..rows.end()))?;
            return Ok(Some(Located::Rows(rows)));
        }
        let inside = self.inside(store);
        let Some(piece) = store.piece(self.block, inside.y..inside.bottom())? else { return Ok(None) };
        let (row, file_bytes) = (row_bytes(store, self.block.at), store.source().size());
        limits.check_block("block", row.saturating_mul(piece.rows.len() as u64), file_bytes)?;
        store.check_inside(self.block, &piece.bytes)?;
        limits.check_block("stored block", piece.bytes.end - piece.bytes.start, file_bytes)?;
        Ok(Some(Located::Piece(piece)))
    }

    /// The window, relative to the block.
    pub(super) fn inside(&self, store: &dyn BlockStore) -> Window {
        let full = store.layout().grid.full_block_window(self.block.at);
        self.window.relative_to(full.x, full.y)
    }

    /// The rows of the part in an uncompressed block that begins at `start`.
    fn rows(&self, store: &dyn BlockStore, start: u64) -> Rows {
        let (inside, pitch) = (self.inside(store), row_bytes(store, self.block.at));
        let bands = u64::from(plane_bands(store));
        let (step, first) = match (store.interleave(), self.band) {
            (Interleave::Row, Some(band)) => (1, u64::from(band.inside) * (pitch / bands)),
            _ => (bands, 0),
        };
        let step = step * store.layout().sample.bytes() as u64;
        let skipped = first + u64::from(inside.y) * pitch + u64::from(inside.x) * step;
        Rows {
            offset: start.saturating_add(skipped),
            bytes: (u64::from(inside.width) * step) as usize,
            pitch,
            count: inside.height as usize,
        }
    }
}
