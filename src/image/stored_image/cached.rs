//! Reading of blocks through the cache of the dataset.

use super::{Located, Part, Piece, Reading, StoredImage, decode, row_bytes};
use crate::error::Result;
use crate::image::block_cache::{Claim, ImageCache, When};
use crate::image::sample::Interleave;
use crate::io::is_fetched;

/// Uncompressed blocks of fewer bytes are not kept: reading them from the file costs less than finding them in the cache.
const LEAST_BYTES: usize = 16 << 10;

impl StoredImage {
    /// Reads a part that the cache does not hold, and loads its block into the cache if that is worth while.
    ///
    /// # Errors
    /// As [`Reading::read`].
    pub(super) fn read_cached(
        &self,
        cache: &ImageCache,
        part: &Part,
        located: &Located,
        reading: &mut Reading<'_, '_>,
    ) -> Result<()> {
        let Some((piece, when)) = self.whole_block(part, located)? else { return reading.read(part, located) };
        let bytes = row_bytes(reading.store, part.block.at) as usize * piece.rows.len();
        match cache.claim(part.block, bytes, when) {
            Claim::Direct => return reading.read(part, located),
            Claim::Kept(samples) => reading.put(part, 0, &samples),
            Claim::Load(loading) => {
                let mut samples = loading.memory();
                let Reading { store, source, work, .. } = reading;
                decode(*store, *source, (part.block, &piece), &mut samples, &mut work.stored, &mut work.scratch)?;
                reading.put(part, 0, &loading.keep(samples));
            }
        }
        Ok(())
    }

    /// The whole block of a part, and when to load it. `None` if the cache would not make reads of it faster.
    fn whole_block(&self, part: &Part, located: &Located) -> Result<Option<(Piece, When)>> {
        let (store, at) = (&*self.store, part.block.at);
        let (grid, row) = (store.layout().grid, row_bytes(store, at) as usize);
        let window = grid.block_window(at);
        let read = match located {
            Located::Piece(piece) if piece.rows.start == 0 && piece.rows.end >= window.height => {
                // A reader of whole blocks may never come back to them.
                let is_whole = part.window == window;
                let when = if is_whole { When::Later(row * piece.rows.len()) } else { When::Now };
                return Ok(Some((piece.clone(), when)));
            }
            Located::Piece(piece) => row * piece.rows.len(),
            Located::Rows(rows) => rows.read_bytes(self.store.source().gap()) as usize,
        };
        let rows = if store.is_cropped() { window.height } else { grid.block_rows() };
        // Of a source whose bytes are fetched, only those of the window are in memory. The bands of a row-interleaved block are
        // read one by one.
        let is_left_out = is_fetched(&**store.source()) || store.interleave() == Interleave::Row;
        if is_left_out || row * (rows as usize) < LEAST_BYTES {
            return Ok(None);
        }
        let piece = store.piece(part.block, 0..rows)?;
        let inside = piece.filter(|piece| piece.bytes.end <= store.source().size());
        Ok(inside.map(|piece| (piece, When::Later(read))))
    }
}
